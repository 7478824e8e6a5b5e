//! Every row of the table that says what follows from what is desired and what is known.

use guestlist::plan::PlanOptions;

use super::{check, check_with, options};

const ALEX: &str = "people:
  - {email: Alex@Example.com, first_name: Alex, last_name: Doe, projects: {storefront: USER, loyalty: campaign-manager}}
";

/// `ALEX` under another policy.
fn alex_with(policy: &str) -> String {
    format!("{ALEX}policy: {{{policy}, max_removals: 100%}}\n")
}

#[test]
fn a_person_nobody_knows_is_invited_to_every_project_in_one_call() {
    check(
        ALEX,
        "",
        "\
1 invited · 1 call

Invited (1)
  + Alex@Example.com  loyalty campaign-manager, storefront USER  (Alex Doe)
",
    );
}

#[test]
fn nothing_to_do_is_said_so() {
    check(
        ALEX,
        "alex@example.com storefront=USER loyalty=campaign-manager",
        "\
No changes
",
    );
}

#[test]
fn a_person_who_is_invited_is_waited_for() {
    check(
        ALEX,
        "alex@example.com invited=2026-12-07 storefront=USER loyalty=campaign-manager",
        "\
No changes

Waiting (1)
  · Alex@Example.com  invited 3 days ago
",
    );
    check(
        ALEX,
        "alex@example.com invited=2026-12-09 storefront=USER loyalty=campaign-manager",
        "\
No changes

Waiting (1)
  · Alex@Example.com  invited yesterday
",
    );
    check(
        ALEX,
        "alex@example.com invited=2026-12-10 storefront=USER loyalty=campaign-manager",
        "\
No changes

Waiting (1)
  · Alex@Example.com  invited today
",
    );
}

#[test]
fn what_follows_on_acceptance_is_said_where_the_file_has_changed_since() {
    check(
        ALEX,
        "alex@example.com invited=2026-12-07 storefront=ADMIN",
        "\
No changes · 1 needs attention

Needs attention (1)
  ! Alex@Example.com  invited 3 days ago with more than the file gives (storefront ADMIN); cancel it in Team settings
",
    );
}

#[test]
fn what_an_invitation_gives_and_the_file_does_not_is_taken_away_on_acceptance_only_if_prune_says_so() {
    let storefront = "people:
  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {storefront: USER}}
";
    let invited = "alex@example.com invited=2026-12-07 storefront=USER loyalty=VIEWER";
    check(
        storefront,
        invited,
        "\
No changes · 1 needs attention

Needs attention (1)
  ! alex@example.com  invited 3 days ago with more than the file gives (loyalty VIEWER); cancel it in Team settings
",
    );
    check(
        &format!("{storefront}policy: {{prune: roles}}\n"),
        invited,
        "\
No changes · 1 needs attention

Needs attention (1)
  ! alex@example.com  invited 3 days ago with more than the file gives (loyalty VIEWER); cancel it in Team settings
",
    );
}

#[test]
fn an_invitation_is_stale_after_fourteen_days() {
    check(
        ALEX,
        "alex@example.com invited=2026-11-26 storefront=USER loyalty=campaign-manager",
        "\
No changes

Waiting (1)
  · Alex@Example.com  invited 14 days ago
",
    );
    check(
        ALEX,
        "alex@example.com invited=2026-11-25 storefront=USER loyalty=campaign-manager",
        "\
No changes · 1 needs attention

Needs attention (1)
  ! Alex@Example.com  invited 15 days ago and not accepted yet; run `guestlist resend Alex@Example.com`
",
    );
}

#[test]
fn a_member_without_the_project_is_assigned() {
    check(
        ALEX,
        "alex@example.com storefront=USER",
        "\
1 gains access · 1 call

Gains access (1)
  + alex@example.com  loyalty campaign-manager
",
    );
}

#[test]
fn a_member_with_another_role_gets_the_one_of_the_file() {
    check(
        ALEX,
        "alex@example.com storefront=VIEWER loyalty=campaign-manager",
        "\
1 changes role · 1 call

Changes role (1)
  ~ alex@example.com  storefront VIEWER → USER
",
    );
}

#[test]
fn who_becomes_admin_and_who_stops_being_one_stand_first() {
    let people = "people:
  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: ADMIN}}
  - {email: ben@example.com, first_name: Ben, last_name: Elm, projects: {storefront: USER}}
";
    check(
        people,
        "ana@example.com storefront=USER\nben@example.com storefront=ADMIN",
        "\
1 becomes ADMIN · 1 loses ADMIN · 2 calls

Loses ADMIN (1)
  - ben@example.com  storefront ADMIN → USER

Becomes ADMIN (1)
  ! ana@example.com  storefront USER → ADMIN
",
    );
}

#[test]
fn a_role_that_the_file_does_not_give_is_left_or_taken_as_prune_says() {
    let storefront = "people:
  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {storefront: USER}}
";
    let both = "alex@example.com storefront=USER loyalty=VIEWER";
    check(
        storefront,
        both,
        "\
No changes

Not changed (1)
  · alex@example.com  not in the file: loyalty VIEWER; kept by `prune: none`
",
    );
    for prune in ["roles", "people"] {
        check(
            &format!("{storefront}policy: {{prune: {prune}}}\n"),
            both,
            "\
1 loses access · 1 call

Loses access (1)
  - alex@example.com  loyalty VIEWER → none
",
        );
    }
}

#[test]
fn a_member_whom_the_file_does_not_list_is_left_or_taken_away_as_prune_says() {
    let known = "alex@example.com storefront=USER loyalty=campaign-manager\nzoe@example.com storefront=USER loyalty=VIEWER elsewhere";
    check(
        ALEX,
        known,
        "\
No changes

Not changed (1)
  · zoe@example.com  not in the file (loyalty VIEWER, storefront USER); kept by `prune: none`
",
    );
    check(
        &alex_with("prune: roles"),
        known,
        "\
No changes

Not changed (1)
  · zoe@example.com  not in the file (loyalty VIEWER, storefront USER); kept by `prune: roles`
",
    );
    check(
        &alex_with("prune: people"),
        known,
        "\
1 loses access · 2 calls

Loses access (1)
  - zoe@example.com  storefront USER → none, loyalty VIEWER → none
",
    );
}

#[test]
fn an_invitation_to_somebody_who_is_not_listed_cannot_be_cancelled() {
    for prune in ["none", "roles", "people"] {
        check(
            &alex_with(&format!("prune: {prune}")),
            "alex@example.com storefront=USER loyalty=campaign-manager\nzoe@example.com invited=2026-12-01 storefront=USER",
            "\
No changes · 1 needs attention

Needs attention (1)
  ! zoe@example.com  invited 9 days ago, not in the file (storefront USER); cancel it in Team settings
",
        );
    }
}

#[test]
fn an_invitation_that_may_be_out_is_sent_again_or_shown() {
    check(ALEX, "alex@example.com in-flight=2026-12-09 storefront=USER\nzoe@example.com in-flight=2026-12-09 storefront=USER", "\
1 invited · 1 needs attention · 1 call

Needs attention (1)
  ! zoe@example.com   may have been invited yesterday (no confirmed response), not in the file; check Team settings

Invited (1)
  + Alex@Example.com  loyalty campaign-manager, storefront USER  (Alex Doe)

Waiting (1)
  · Alex@Example.com  an earlier invite got no confirmed response; it will be retried safely
");
}

#[test]
fn the_last_project_that_is_kept_is_the_one_with_the_least_power() {
    let policy = alex_with("prune: people");
    let alex = "alex@example.com storefront=USER loyalty=campaign-manager\nowner@example.com owner storefront=ADMIN loyalty=ADMIN\n";
    let order = ["VIEWER", "MERCHANT", "USER_RESTRICTED", "USER", "campaign-manager", "ADMIN"];
    for (at, less) in order.iter().enumerate() {
        for more in &order[at + 1..] {
            for (storefront, loyalty) in [(less, more), (more, less)] {
                let known = format!("{alex}zoe@example.com storefront={storefront} loyalty={loyalty}");
                let (kept, taken) =
                    if storefront == less { ("storefront", "loyalty") } else { ("loyalty", "storefront") };
                // USER becomes VIEWER, which is all that the API can take.
                let (change, less, calls) = match *less {
                    "USER" => (format!("{kept} USER → VIEWER"), "VIEWER", "2 calls"),
                    less => (String::new(), less, "1 call"),
                };
                // The change of role is a grant, and grants come first.
                let lost = [change, format!("{taken} {more} → none")];
                let lost: Vec<_> = lost.into_iter().filter(|text| !text.is_empty()).collect();
                check(&policy, &known, &format!("\
1 loses access · 1 needs attention · {calls}

Loses access (1)
  - zoe@example.com    {}

Needs attention (1)
  ! zoe@example.com    keeps {less} in {kept}: the API cannot remove a user's last project; delete the user in Team settings

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)
", lost.join(", ")));
            }
        }
    }
    // Of two roles alike the first by project id is kept: proj_9… before proj_n…. Custom roles are alike.
    for (before, kept, taken, calls) in
        [("storefront USER → VIEWER, ", "USER", "USER", "2 calls"), ("", "role_z", "role_a", "1 call")]
    {
        let kept_as = if kept == "USER" { "VIEWER" } else { kept };
        check(&policy, &format!("{alex}zoe@example.com storefront={kept} loyalty={taken}"), &format!("\
1 loses access · 1 needs attention · {calls}

Loses access (1)
  - zoe@example.com    {before}loyalty {taken} → none

Needs attention (1)
  ! zoe@example.com    keeps {kept_as} in storefront: the API cannot remove a user's last project; delete the user in Team settings

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)
"));
    }
}

#[test]
fn the_only_project_is_never_taken() {
    check(&alex_with("prune: people"), "alex@example.com storefront=USER loyalty=campaign-manager\nzoe@example.com storefront=ADMIN", "\
Blocked by 1 guard · 1 loses ADMIN · 1 needs attention · 1 call

Blocked: storefront would be left with 0 ADMINs, and `keep_admins: 1` requires more; ADMIN would be lost by zoe@example.com; make someone else ADMIN first

Loses ADMIN (1)
  - zoe@example.com  storefront ADMIN → VIEWER

Needs attention (1)
  ! zoe@example.com  keeps VIEWER in storefront: the API cannot remove a user's last project; delete the user in Team settings
");
}

#[test]
fn somebody_with_a_project_elsewhere_loses_every_managed_one() {
    check(
        &alex_with("prune: people"),
        "alex@example.com storefront=USER loyalty=campaign-manager\nzoe@example.com loyalty=VIEWER elsewhere",
        "\
1 loses access · 1 call

Loses access (1)
  - zoe@example.com  loyalty VIEWER → none
",
    );
}

#[test]
fn owners_are_never_changed_nor_unassigned_but_may_be_given_a_project() {
    let people = "people:
  - {email: boss@example.com, first_name: Bo, last_name: Ss, projects: {storefront: USER}}
policy: {prune: people}
";
    check(
        people,
        "boss@example.com owner storefront=ADMIN loyalty=ADMIN",
        "\
No changes

Not changed (2)
  · boss@example.com  owner: ADMIN in storefront, USER in the file; owners are never changed
  · boss@example.com  owner: ADMIN in loyalty, none in the file; owners are never changed
",
    );
    check(
        people,
        "boss@example.com owner loyalty=ADMIN",
        "\
1 gains access · 1 call

Gains access (1)
  + boss@example.com  storefront USER

Not changed (1)
  · boss@example.com  owner: ADMIN in loyalty, none in the file; owners are never changed
",
    );
}

#[test]
fn who_is_protected_is_left_alone_whatever_prune_says() {
    check(
        &alex_with("prune: people, protect: [\"*@agency.example\", \"bot-*@example.com\"]"),
        "\
alex@example.com storefront=USER loyalty=campaign-manager
Kim@Agency.example storefront=ADMIN loyalty=USER
bot-7@example.com loyalty=VIEWER
",
        "\
No changes

Not changed (2)
  · bot-7@example.com   protected by `bot-*@example.com` (loyalty VIEWER)
  · Kim@Agency.example  protected by `*@agency.example` (loyalty USER, storefront ADMIN)
",
    );
}

#[test]
fn a_wave_takes_the_first_invitations_in_plan_order_and_says_how_many_wait() {
    let people = "people:
  - {email: d@example.com, first_name: D, last_name: D, projects: {storefront: USER}}
  - {email: c@example.com, first_name: C, last_name: C, projects: {storefront: USER}}
  - {email: b@example.com, first_name: B, last_name: B, projects: {storefront: USER}}
  - {email: a@example.com, first_name: A, last_name: A, projects: {storefront: USER}}
";
    let known = "b@example.com storefront=VIEWER";
    let wave = |most| PlanOptions { max_invites: Some(most), ..options() };
    check_with(
        people,
        known,
        &wave(1),
        "\
1 invited · 1 changes role · 2 calls

Invited (1)
  + a@example.com  storefront USER  (A A)

Changes role (1)
  ~ b@example.com  storefront VIEWER → USER

Waiting (1)
  · 2 invitations wait for a later run: this run sends at most 1
",
    );
    check_with(
        people,
        known,
        &wave(2),
        "\
2 invited · 1 changes role · 3 calls

Invited (2)
  + a@example.com  storefront USER  (A A)
  + c@example.com  storefront USER  (C C)

Changes role (1)
  ~ b@example.com  storefront VIEWER → USER

Waiting (1)
  · 1 invitation waits for a later run: this run sends at most 2
",
    );
    check_with(
        people,
        known,
        &wave(0),
        "\
1 changes role · 1 call

Changes role (1)
  ~ b@example.com  storefront VIEWER → USER

Waiting (1)
  · 3 invitations wait for a later run: this run sends at most 0
",
    );
    check_with(
        people,
        known,
        &wave(3),
        &super::shown(&super::team(people), &super::known(known), &options()),
    );
}

#[test]
fn a_person_is_found_by_login_or_by_address() {
    // Single sign-on: the login is not the address.
    check(
        ALEX,
        "alex.sso@id.example address=alex@example.com storefront=USER loyalty=campaign-manager",
        "No changes\n",
    );
    check(
        ALEX,
        "alex.sso@id.example address=alex@example.com storefront=VIEWER loyalty=campaign-manager",
        "\
1 changes role · 1 call

Changes role (1)
  ~ alex.sso@id.example  storefront VIEWER → USER
",
    );
    // Protected by the address, whatever the login is.
    check(
        &alex_with("prune: people, protect: [\"*@agency.example\"]"),
        "alex@example.com storefront=USER loyalty=campaign-manager
zoe.sso@id.example address=zoe@agency.example storefront=USER elsewhere",
        "\
No changes

Not changed (1)
  · zoe.sso@id.example  protected by `*@agency.example` (storefront USER)
",
    );
}

#[test]
fn one_user_listed_by_login_and_by_address_blocks_the_plan() {
    let file = "people:
  - {email: ana@example.com, first_name: A, last_name: O, projects: {storefront: ADMIN}}
  - {email: ana.login@example.com, first_name: A, last_name: O, projects: {storefront: VIEWER}}
policy: {prune: roles, max_removals: 100%}
";
    check(
        file,
        "ana.login@example.com address=ana@example.com storefront=USER loyalty=VIEWER",
        "\
Blocked by 1 guard · 1 changes role · 1 loses access · 2 calls

Blocked: ana.login@example.com and ana@example.com are one user, listed by login and by address; remove one of the two entries

Loses access (1)
  - ana.login@example.com  loyalty VIEWER → none

Changes role (1)
  ~ ana.login@example.com  storefront USER → VIEWER
",
    );
}
