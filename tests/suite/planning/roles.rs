//! Roles with dates: what is due on a day, what a date takes back, and what is announced.

use guestlist::plan::{Plan, PlanOptions, SavedPlan};
use jiff::civil::Date;

use super::{check_with, known, options, team};

/// Kim, with a role in the storefront and what the group `support` grants.
fn kim(role: &str, group: &str) -> String {
    format!(
        "groups: {{support: {group}}}\npeople:\n  - {{email: kim@example.com, first_name: Kim, last_name: Ray, groups: [support], projects: {role}}}\n"
    )
}

fn on(day: &str) -> PlanOptions {
    PlanOptions { date: day.parse::<Date>().expect("a day"), ..options() }
}

#[test]
fn an_invitation_has_only_what_is_due() {
    let file = kim(
        "{storefront: {role: ADMIN, from: 2026-12-15, until: 2026-12-20}}",
        "{storefront: USER, loyalty: {role: VIEWER, from: 2026-12-12}}",
    );
    check_with(
        &file,
        "",
        &on("2026-12-10"),
        "\
1 invited · 1 call

Invited (1)
  + kim@example.com  storefront USER  (Kim Ray)

Dates (2)
  · kim@example.com  VIEWER in loyalty starts on 2026-12-12
  · kim@example.com  USER in storefront ends after 2026-12-14, then ADMIN
",
    );
    check_with(
        &file,
        "",
        &on("2026-12-15"),
        "\
1 becomes ADMIN · 1 call

Becomes ADMIN (1)
  ! kim@example.com  loyalty VIEWER, storefront ADMIN  (Kim Ray, by invitation)

Dates (1)
  · kim@example.com  ADMIN in storefront ends after 2026-12-20, then USER
",
    );
}

#[test]
fn nothing_due_is_no_invitation() {
    let file = kim("{storefront: {role: USER, from: 2026-12-15, until: 2026-12-20}}", "{}");
    check_with(
        &file,
        "",
        &on("2026-12-14"),
        "\
No changes

Dates (1)
  · kim@example.com  starts on 2026-12-15
",
    );
    check_with(
        &file,
        "",
        &on("2026-12-21"),
        "\
No changes

Dates (1)
  · kim@example.com  access ended on 2026-12-20; not a member
",
    );
    check_with(
        &file,
        "kim@example.com invited=2026-12-15 storefront=USER",
        &on("2026-12-21"),
        "\
No changes · 1 needs attention

Needs attention (1)
  ! kim@example.com  access ended on 2026-12-20, and the invitation sent 6 days ago is still pending (storefront USER); cancel it in Team settings
",
    );
}

#[test]
fn before_the_first_day_a_role_is_left_alone_even_with_prune() {
    for prune in ["none", "people"] {
        check_with(
            &format!(
                "{}policy: {{prune: {prune}}}\n",
                kim("{storefront: {role: USER, from: 2026-12-15}}", "{loyalty: USER}")
            ),
            "kim@example.com storefront=ADMIN loyalty=USER",
            &on("2026-12-14"),
            "\
No changes

Dates (1)
  · kim@example.com  USER in storefront starts on 2026-12-15; has ADMIN until then
",
        );
    }
}

#[test]
fn the_day_after_a_role_is_taken_back_whatever_max_removals_says() {
    let policy = "policy: {max_removals: 0%}\n";
    let known = "ana@example.com storefront=ADMIN\nkim@example.com storefront=ADMIN loyalty=USER";
    let file = kim("{storefront: {role: ADMIN, until: 2026-12-20, then: USER}}", "{loyalty: USER}") + policy;
    check_with(
        &file,
        known,
        &on("2026-12-21"),
        "\
1 loses ADMIN · 1 needs attention · 1 call

Loses ADMIN (1)
  - kim@example.com  storefront ADMIN → USER

Needs attention (1)
  ! ana@example.com  not in the file (storefront ADMIN); kept by `prune: none`

Dates (1)
  · kim@example.com  ADMIN in storefront ended on 2026-12-20
",
    );
    let file = kim("{storefront: {role: ADMIN, until: 2026-12-20}}", "{loyalty: USER}") + policy;
    check_with(
        &file,
        known,
        &on("2026-12-21"),
        "\
1 loses access · 1 needs attention · 1 call

Loses access (1)
  - kim@example.com  storefront ADMIN → none

Needs attention (1)
  ! ana@example.com  not in the file (storefront ADMIN); kept by `prune: none`

Dates (1)
  · kim@example.com  ADMIN in storefront ended on 2026-12-20
",
    );
    let alone = "kim@example.com storefront=ADMIN loyalty=USER";
    check_with(&file, alone, &on("2026-12-21"), "\
Blocked by 1 guard · 1 loses access · 1 call

Blocked: storefront would be left with 0 ADMINs, and `keep_admins: 1` requires more; ADMIN would be lost by kim@example.com; make someone else ADMIN first

Loses access (1)
  - kim@example.com  storefront ADMIN → none

Dates (1)
  · kim@example.com  ADMIN in storefront ended on 2026-12-20
");
}

#[test]
fn a_demotion_that_no_date_explains_counts() {
    let file = kim("{storefront: {role: VIEWER, until: 2026-12-01, then: USER}}", "{loyalty: USER}");
    check_with(
        &format!("{file}policy: {{max_removals: 0%, keep_admins: 0}}\n"),
        "kim@example.com storefront=ADMIN loyalty=USER",
        &on("2026-12-10"),
        "\
Blocked by 1 guard · 1 loses ADMIN · 1 call

Blocked: `max_removals: 0%` blocks 1 removal out of 2 memberships in all (0 allowed) and 1 removal out of 1 member of storefront (0 allowed): kim@example.com; to allow this once, run the pipeline on the default branch with `allow_removals: 1` and this plan's id, or pass --allow-removals 1

Loses ADMIN (1)
  - kim@example.com  storefront ADMIN → USER
",
    );
}

#[test]
fn the_last_role_that_ends_becomes_viewer() {
    check_with(&kim("{storefront: {role: USER, until: 2026-12-01}}", "{}"), "kim@example.com storefront=USER", &on("2026-12-10"), "\
1 loses access · 1 needs attention · 1 call

Loses access (1)
  - kim@example.com  storefront USER → VIEWER

Needs attention (1)
  ! kim@example.com  keeps VIEWER in storefront: the API cannot remove a user's last project; delete the user in Team settings

Dates (1)
  · kim@example.com  USER in storefront ended on 2026-12-01
");
}

#[test]
fn the_days_of_a_person_bound_those_of_their_roles() {
    let person = |dates: &str| {
        format!(
            "people:\n  - {{email: kim@example.com, first_name: Kim, last_name: Ray, {dates}, projects: {{loyalty: USER, storefront: {{role: ADMIN, from: 2026-12-15, until: 2026-12-24}}}}}}\n"
        )
    };
    let known = "kim@example.com loyalty=USER";
    check_with(
        &person("until: 2026-12-14"),
        known,
        &on("2026-12-12"),
        "\
No changes

Dates (1)
  · kim@example.com  access ends after 2026-12-14
",
    );
    check_with(
        &person("from: 2026-12-20"),
        known,
        &on("2026-12-16"),
        "\
No changes

Dates (1)
  · kim@example.com  starts on 2026-12-20; already a member, not changed until then
",
    );
}

#[test]
fn a_pending_invitation_with_a_role_that_ended_needs_attention() {
    check_with(
        &kim("{storefront: {role: ADMIN, until: 2026-12-09, then: USER}}", "{loyalty: {role: USER, from: 2026-12-20}}"),
        "kim@example.com invited=2026-12-05 storefront=ADMIN loyalty=USER",
        &on("2026-12-10"),
        "\
No changes · 1 needs attention

Needs attention (1)
  ! kim@example.com  invited 5 days ago with more than the file gives (storefront ADMIN); cancel it in Team settings

Dates (1)
  · kim@example.com  USER in loyalty starts on 2026-12-20
",
    );
}

#[test]
fn a_review_is_due_from_its_day_on_and_removes_nothing() {
    let file = "people:\n  - {email: kim@example.com, first_name: Kim, last_name: Ray, projects: {storefront: USER}, review_by: 2026-12-10}\npolicy: {prune: people}\n";
    let known = "kim@example.com storefront=USER";
    check_with(
        file,
        known,
        &on("2026-12-09"),
        "\
No changes
",
    );
    check_with(
        file,
        known,
        &on("2027-03-01"),
        "\
No changes · 1 needs attention

Needs attention (1)
  ! kim@example.com  review due since 2026-12-10: confirm the access, then set a new `review_by`
",
    );
}

#[test]
fn a_saved_plan_does_not_grant_what_has_ended_and_takes_back_nothing_that_it_does_not_list() {
    let desired = team(&kim(
        "{storefront: {role: ADMIN, until: 2026-12-10, then: USER}}",
        "{loyalty: {role: USER, from: 2026-12-11}}",
    ));
    let saved = |known_people: &str| {
        let known = known(known_people);
        let plan = Plan::between(&desired, &known, &options());
        SavedPlan::new(&plan, known.evidence.read_at, &desired, ".guestlist", &options())
    };
    let made = saved("ana@example.com storefront=ADMIN\nkim@example.com storefront=USER");
    let again = |known_people: &str, day| made.again(&known(known_people), &on(day));
    let same = "ana@example.com storefront=ADMIN\nkim@example.com storefront=USER";
    assert_eq!(again(same, "2026-12-10").map(|plan| plan.changes.len()), Ok(1));
    assert!(again(same, "2026-12-11").is_err(), "ADMIN ended yesterday");
    let done = "ana@example.com storefront=ADMIN\nkim@example.com storefront=ADMIN";
    assert_eq!(again(done, "2026-12-11").map(|plan| plan.changes), Ok(vec![]));

    // A role that has become due since does not keep an invitation from being sent.
    let invites = {
        let desired = team(&kim("{storefront: USER}", "{loyalty: {role: USER, from: 2026-12-11}}"));
        let plan = Plan::between(&desired, &known(""), &options());
        SavedPlan::new(&plan, known("").evidence.read_at, &desired, ".guestlist", &options())
    };
    let plan = invites.again(&known(""), &on("2026-12-12")).expect("a plan");
    assert_eq!(plan.changes, invites.changes);
    let read = SavedPlan::from_json(&invites.to_json());
    assert_eq!(read.as_ref(), Ok(&invites));
}
