//! Every row of the table that says what follows from what is desired and what is known.

use guestlist::plan::Terms;

use super::{check, check_with, terms};

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
Invited (1)
  + Alex@Example.com  loyalty campaign-manager, storefront USER  (Alex Doe)

Plan: 1 to invite, 0 to assign, 0 to change, 0 to unassign: 1 call.
",
    );
}

#[test]
fn nothing_to_do_is_said_so() {
    check(
        ALEX,
        "alex@example.com storefront=USER loyalty=campaign-manager",
        "\
No changes: nothing to do.
",
    );
}

#[test]
fn a_person_who_is_invited_is_waited_for() {
    check(
        ALEX,
        "alex@example.com invited=2026-12-07 storefront=USER loyalty=campaign-manager",
        "\
Waiting (1)
  · Alex@Example.com  invited 3 days ago

No changes: nothing to do.
",
    );
    check(
        ALEX,
        "alex@example.com invited=2026-12-09 storefront=USER loyalty=campaign-manager",
        "\
Waiting (1)
  · Alex@Example.com  invited yesterday

No changes: nothing to do.
",
    );
    check(
        ALEX,
        "alex@example.com invited=2026-12-10 storefront=USER loyalty=campaign-manager",
        "\
Waiting (1)
  · Alex@Example.com  invited today

No changes: nothing to do.
",
    );
}

#[test]
fn what_follows_on_acceptance_is_said_where_the_file_has_changed_since() {
    check(
        ALEX,
        "alex@example.com invited=2026-12-07 storefront=ADMIN",
        "\
Waiting (1)
  · Alex@Example.com  invited 3 days ago; on acceptance: storefront ADMIN → USER, loyalty + campaign-manager

No changes: nothing to do.
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
Waiting (1)
  · alex@example.com  invited 3 days ago; on acceptance: loyalty keeps VIEWER

No changes: nothing to do.
",
    );
    check(
        &format!("{storefront}policy: {{prune: roles}}\n"),
        invited,
        "\
Waiting (1)
  · alex@example.com  invited 3 days ago; on acceptance: loyalty − VIEWER

No changes: nothing to do.
",
    );
}

#[test]
fn an_invitation_is_stale_after_fourteen_days() {
    check(
        ALEX,
        "alex@example.com invited=2026-11-26 storefront=USER loyalty=campaign-manager",
        "\
Waiting (1)
  · Alex@Example.com  invited 14 days ago

No changes: nothing to do.
",
    );
    check(ALEX, "alex@example.com invited=2026-11-25 storefront=USER loyalty=campaign-manager", "\
Waiting (1)
  · Alex@Example.com  invited 15 days ago and not accepted yet; `guestlist resend Alex@Example.com` sends it again

No changes: nothing to do.
");
}

#[test]
fn a_member_without_the_project_is_assigned() {
    check(
        ALEX,
        "alex@example.com storefront=USER",
        "\
Gains access (1)
  + alex@example.com  loyalty campaign-manager

Plan: 0 to invite, 1 to assign, 0 to change, 0 to unassign: 1 call.
",
    );
}

#[test]
fn a_member_with_another_role_gets_the_one_of_the_file() {
    check(
        ALEX,
        "alex@example.com storefront=VIEWER loyalty=campaign-manager",
        "\
Changes role (1)
  ~ alex@example.com  storefront VIEWER → USER

Plan: 0 to invite, 0 to assign, 1 to change, 0 to unassign: 1 call.
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
Taken away (1)
  - ben@example.com  storefront ADMIN → USER

Becomes ADMIN (1)
  ! ana@example.com  storefront

Changes role (1)
  ~ ana@example.com  storefront USER → ADMIN

Plan: 0 to invite, 0 to assign, 2 to change, 0 to unassign: 2 calls.
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
Left alone (1)
  · alex@example.com  is VIEWER in loyalty, which the file does not give; `prune: none` leaves it

No changes: nothing to do.
",
    );
    for prune in ["roles", "people"] {
        check(
            &format!("{storefront}policy: {{prune: {prune}}}\n"),
            both,
            "\
Taken away (1)
  - alex@example.com  loyalty VIEWER → none

Plan: 0 to invite, 0 to assign, 0 to change, 1 to unassign: 1 call.
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
Left alone (1)
  · zoe@example.com  not in the file; `prune: none` leaves them alone (loyalty VIEWER, storefront USER)

No changes: nothing to do.
",
    );
    check(
        &alex_with("prune: roles"),
        known,
        "\
Left alone (1)
  · zoe@example.com  not in the file; `prune: roles` leaves them alone (loyalty VIEWER, storefront USER)

No changes: nothing to do.
",
    );
    check(
        &alex_with("prune: people"),
        known,
        "\
Taken away (1)
  - zoe@example.com  storefront USER → none, loyalty VIEWER → none

Plan: 0 to invite, 0 to assign, 0 to change, 2 to unassign: 2 calls.
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
To do by hand (1)
  · zoe@example.com  invited 9 days ago and not in the file; the API cannot cancel it: remove it by hand in Team settings

No changes: nothing to do.
");
    }
}

#[test]
fn an_invitation_that_may_be_out_is_sent_again_or_shown() {
    check(ALEX, "alex@example.com in-flight=2026-12-09 storefront=USER\nzoe@example.com in-flight=2026-12-09 storefront=USER", "\
Invited (1)
  + Alex@Example.com  loyalty campaign-manager, storefront USER  (Alex Doe)

Waiting (2)
  · Alex@Example.com  a call to invite was under way yesterday and its answer is not in the ledger; it is made again, which is safe
  · zoe@example.com   perhaps invited yesterday, as the answer is not in the ledger, and not in the file; look in Team settings

Plan: 1 to invite, 0 to assign, 0 to change, 0 to unassign: 1 call.
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
                check(&policy, &known, &format!("\
Taken away (1)
  - zoe@example.com    {taken} {more} → none

To do by hand (1)
  · zoe@example.com    keeps {less} in {kept}: the API does not take a user's last project; delete the user by hand in Team settings

Left alone (1)
  · owner@example.com  an owner whom the file does not list; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan: 0 to invite, 0 to assign, 0 to change, 1 to unassign: 1 call.
"));
            }
        }
    }
    // Of two roles alike the first by project id is kept: proj_9… before proj_n…. Custom roles are alike.
    for (kept, taken) in [("USER", "USER"), ("role_z", "role_a")] {
        check(&policy, &format!("{alex}zoe@example.com storefront={kept} loyalty={taken}"), &format!("\
Taken away (1)
  - zoe@example.com    loyalty {taken} → none

To do by hand (1)
  · zoe@example.com    keeps {kept} in storefront: the API does not take a user's last project; delete the user by hand in Team settings

Left alone (1)
  · owner@example.com  an owner whom the file does not list; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan: 0 to invite, 0 to assign, 0 to change, 1 to unassign: 1 call.
"));
    }
}

#[test]
fn the_only_project_is_never_taken() {
    check(&alex_with("prune: people"), "alex@example.com storefront=USER loyalty=campaign-manager\nzoe@example.com storefront=ADMIN", "\
To do by hand (1)
  · zoe@example.com  keeps ADMIN in storefront: the API does not take a user's last project; delete the user by hand in Team settings

No changes: nothing to do.
");
}

#[test]
fn somebody_with_a_project_elsewhere_loses_every_managed_one() {
    check(
        &alex_with("prune: people"),
        "alex@example.com storefront=USER loyalty=campaign-manager\nzoe@example.com loyalty=VIEWER elsewhere",
        "\
Taken away (1)
  - zoe@example.com  loyalty VIEWER → none

Plan: 0 to invite, 0 to assign, 0 to change, 1 to unassign: 1 call.
",
    );
}

#[test]
fn owners_are_never_changed_nor_unassigned_but_may_be_given_a_project() {
    let people = "people:
  - {email: boss@example.com, first_name: Bo, last_name: Ss, projects: {storefront: USER}}
policy: {prune: people}
";
    check(people, "boss@example.com owner storefront=ADMIN loyalty=ADMIN", "\
Left alone (2)
  · boss@example.com  is an owner, and owners are never changed: stays ADMIN in storefront, where the file says USER
  · boss@example.com  is an owner, and owners are never changed: stays ADMIN in loyalty

No changes: nothing to do.
");
    check(
        people,
        "boss@example.com owner loyalty=ADMIN",
        "\
Gains access (1)
  + boss@example.com  storefront USER

Left alone (1)
  · boss@example.com  is an owner, and owners are never changed: stays ADMIN in loyalty

Plan: 0 to invite, 1 to assign, 0 to change, 0 to unassign: 1 call.
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
Left alone (2)
  · bot-7@example.com   protected by `bot-*@example.com` and left alone (loyalty VIEWER)
  · Kim@Agency.example  protected by `*@agency.example` and left alone (loyalty USER, storefront ADMIN)

No changes: nothing to do.
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
    let wave = |most| Terms { max_invites: Some(most), ..terms() };
    check_with(
        people,
        known,
        &wave(1),
        "\
Invited (1)
  + a@example.com  storefront USER  (A A)

Changes role (1)
  ~ b@example.com  storefront VIEWER → USER

Waiting (1)
  · 2 invitations wait for a later run: this wave takes at most 1

Plan: 1 to invite, 0 to assign, 1 to change, 0 to unassign: 2 calls.
",
    );
    check_with(
        people,
        known,
        &wave(2),
        "\
Invited (2)
  + a@example.com  storefront USER  (A A)
  + c@example.com  storefront USER  (C C)

Changes role (1)
  ~ b@example.com  storefront VIEWER → USER

Waiting (1)
  · 1 invitation waits for a later run: this wave takes at most 2

Plan: 2 to invite, 0 to assign, 1 to change, 0 to unassign: 3 calls.
",
    );
    check_with(
        people,
        known,
        &wave(0),
        "\
Changes role (1)
  ~ b@example.com  storefront VIEWER → USER

Waiting (1)
  · 3 invitations wait for a later run: this wave takes at most 0

Plan: 0 to invite, 0 to assign, 1 to change, 0 to unassign: 1 call.
",
    );
    check_with(people, known, &wave(3), &super::shown(&super::team(people), &super::known(known), &terms()));
}
