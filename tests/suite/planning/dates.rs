//! `from` and `until`: nobody before the first day, nobody after the last, and what is coming is said.

use guestlist::plan::PlanOptions;
use jiff::civil::Date;

use super::{check, check_with, options};

/// Kim, with dates.
fn kim(dates: &str) -> String {
    format!(
        "people:\n  - {{email: kim@example.com, first_name: Kim, last_name: Ray, projects: {{storefront: USER, loyalty: USER}}, {dates}}}\n"
    )
}

fn on(day: &str) -> PlanOptions {
    PlanOptions { date: day.parse::<Date>().expect("a day"), ..options() }
}

#[test]
fn nobody_is_invited_before_the_first_day() {
    check_with(
        &kim("from: 2026-12-11"),
        "",
        &on("2026-12-10"),
        "\
No changes

Dates (1)
  · kim@example.com  starts on 2026-12-11
",
    );
    check_with(
        &kim("from: 2026-12-11"),
        "",
        &on("2026-12-11"),
        "\
1 invited · 1 call

Invited (1)
  + kim@example.com  loyalty USER, storefront USER  (Kim Ray)
",
    );
}

#[test]
fn a_member_whose_first_day_lies_ahead_is_left_as_is() {
    check(
        &format!("{}policy: {{prune: people}}\n", kim("from: 2026-12-11")),
        "kim@example.com storefront=ADMIN",
        "\
No changes

Dates (1)
  · kim@example.com  starts on 2026-12-11; already a member, not changed until then
",
    );
}

#[test]
fn the_last_day_is_a_day_of_access() {
    let known = "kim@example.com storefront=USER loyalty=USER elsewhere";
    check_with(
        &kim("until: 2026-12-10"),
        known,
        &on("2026-12-10"),
        "\
No changes

Dates (1)
  · kim@example.com  access ends after 2026-12-10
",
    );
    check_with(
        &kim("until: 2026-12-10"),
        known,
        &on("2026-12-11"),
        "\
1 loses access · 2 calls

Loses access (1)
  - kim@example.com  storefront USER → none, loyalty USER → none

Dates (1)
  · kim@example.com  access ended on 2026-12-10
",
    );
}

#[test]
fn an_end_is_announced_fourteen_days_ahead() {
    let known = "kim@example.com storefront=USER loyalty=USER";
    check(
        &kim("until: 2026-12-24"),
        known,
        "\
No changes

Dates (1)
  · kim@example.com  access ends after 2026-12-24
",
    );
    check(
        &kim("until: 2026-12-25"),
        known,
        "\
No changes
",
    );
}

#[test]
fn an_end_leaves_one_project_to_somebody_who_has_no_other() {
    check(&kim("until: 2026-12-01"), "kim@example.com storefront=USER loyalty=USER", "\
1 loses access · 1 needs attention · 2 calls

Loses access (1)
  - kim@example.com  storefront USER → VIEWER, loyalty USER → none

Needs attention (1)
  ! kim@example.com  keeps VIEWER in storefront: the API cannot remove a user's last project; delete the user in Team settings

Dates (1)
  · kim@example.com  access ended on 2026-12-01
");
}

#[test]
fn an_end_concerns_nobody_who_is_not_there() {
    check(
        &kim("until: 2026-12-01"),
        "",
        "\
No changes

Dates (1)
  · kim@example.com  access ended on 2026-12-01; not a member
",
    );
    check(&kim("until: 2026-12-01"), "kim@example.com invited=2026-11-01 storefront=USER loyalty=USER", "\
No changes · 1 needs attention

Needs attention (1)
  ! kim@example.com  access ended on 2026-12-01, and the invitation sent 39 days ago is still pending (loyalty USER, storefront USER); cancel it in Team settings
");
    check(
        &kim("until: 2026-12-01"),
        "kim@example.com owner storefront=ADMIN",
        "\
No changes

Dates (1)
  · kim@example.com  access ended on 2026-12-01

Not changed (1)
  · kim@example.com  owner; owners are never changed (storefront ADMIN)
",
    );
}

#[test]
fn an_invitation_that_ends_soon_says_both() {
    check(
        &kim("until: 2026-12-12"),
        "kim@example.com invited=2026-12-09 storefront=USER loyalty=USER",
        "\
No changes

Waiting (1)
  · kim@example.com  invited yesterday

Dates (1)
  · kim@example.com  access ends after 2026-12-12
",
    );
}
