//! `from` and `until`: nobody before the first day, nobody after the last, and what is coming is said.

use guestlist::plan::Terms;
use jiff::civil::Date;

use super::{check, check_with, terms};

/// Kim, with dates.
fn kim(dates: &str) -> String {
    format!(
        "people:\n  - {{email: kim@example.com, first_name: Kim, last_name: Ray, projects: {{storefront: USER, loyalty: USER}}, {dates}}}\n"
    )
}

fn on(day: &str) -> Terms {
    Terms { date: day.parse::<Date>().expect("a day"), ..terms() }
}

#[test]
fn nobody_is_invited_before_the_first_day() {
    check_with(
        &kim("from: 2026-12-11"),
        "",
        &on("2026-12-10"),
        "\
Dates (1)
  · kim@example.com  starts on 2026-12-11

No changes: nothing to do.
",
    );
    check_with(
        &kim("from: 2026-12-11"),
        "",
        &on("2026-12-11"),
        "\
Invited (1)
  + kim@example.com  loyalty USER, storefront USER  (Kim Ray)

Plan: 1 to invite, 0 to assign, 0 to change, 0 to unassign: 1 call.
",
    );
}

#[test]
fn a_member_whose_first_day_lies_ahead_is_left_as_is() {
    check(
        &format!("{}policy: {{prune: people}}\n", kim("from: 2026-12-11")),
        "kim@example.com storefront=ADMIN",
        "\
Dates (1)
  · kim@example.com  starts on 2026-12-11; is a member already and is left as is until then

No changes: nothing to do.
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
Dates (1)
  · kim@example.com  access ends after 2026-12-10

No changes: nothing to do.
",
    );
    check_with(
        &kim("until: 2026-12-10"),
        known,
        &on("2026-12-11"),
        "\
Taken away (1)
  - kim@example.com  storefront USER → none, loyalty USER → none

Dates (1)
  · kim@example.com  access ended on 2026-12-10

Plan: 0 to invite, 0 to assign, 0 to change, 2 to unassign: 2 calls.
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
Dates (1)
  · kim@example.com  access ends after 2026-12-24

No changes: nothing to do.
",
    );
    check(&kim("until: 2026-12-25"), known, "No changes: nothing to do.\n");
}

#[test]
fn an_end_leaves_one_project_to_somebody_who_has_no_other() {
    check(&kim("until: 2026-12-01"), "kim@example.com storefront=USER loyalty=USER", "\
Taken away (1)
  - kim@example.com  loyalty USER → none

To do by hand (1)
  · kim@example.com  keeps USER in storefront: the API does not take a user's last project; delete the user by hand in Team settings

Dates (1)
  · kim@example.com  access ended on 2026-12-01

Plan: 0 to invite, 0 to assign, 0 to change, 1 to unassign: 1 call.
");
}

#[test]
fn an_end_concerns_nobody_who_is_not_there() {
    check(
        &kim("until: 2026-12-01"),
        "",
        "\
Dates (1)
  · kim@example.com  access ended on 2026-12-01; not a member

No changes: nothing to do.
",
    );
    check(&kim("until: 2026-12-01"), "kim@example.com invited=2026-11-01 storefront=USER loyalty=USER", "\
To do by hand (1)
  · kim@example.com  access ended on 2026-12-01 and the invitation sent 39 days ago is still out; the API cannot cancel it: remove it by hand in Team settings

No changes: nothing to do.
");
    check(
        &kim("until: 2026-12-01"),
        "kim@example.com owner storefront=ADMIN",
        "\
Dates (1)
  · kim@example.com  access ended on 2026-12-01

Left alone (1)
  · kim@example.com  is an owner, and owners are never changed (storefront ADMIN)

No changes: nothing to do.
",
    );
}

#[test]
fn an_invitation_that_ends_soon_says_both() {
    check(
        &kim("until: 2026-12-12"),
        "kim@example.com invited=2026-12-09 storefront=USER loyalty=USER",
        "\
Waiting (1)
  · kim@example.com  invited yesterday

Dates (1)
  · kim@example.com  access ends after 2026-12-12

No changes: nothing to do.
",
    );
}
