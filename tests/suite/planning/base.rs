//! A plan against a base: what the pull request does, and what was different before it.

use guestlist::plan::{Past, Plan, origins};
use guestlist::render::{self, Base, Paint, View};

use super::{known, options, team};

/// Fails unless the text of the plan of `head` against `base` reads so. `before` is what was known earlier.
#[track_caller]
fn check(base: &str, head: &str, known_people: &str, before: &str, expected: &str) {
    let (base, head, known) = (team(base), team(head), known(known_people));
    let plan = Plan::between(&head, &known, &options());
    let past = Past::of(&super::known(before).members, base.projects.keys().cloned().collect());
    let origins = origins(&plan, &base, &known, &past);
    let against = Base { origins: &origins, policy_changes: &[] };
    let view = View { base: Some(against), ..View::new(&plan, &head, &known, None) };
    let text = render::text(&view, Paint::PLAIN);
    let lines: Vec<_> = text.lines().collect();
    let shown: Vec<_> = std::iter::once(lines[0]).chain(lines[2..lines.len() - 2].iter().copied()).collect();
    let got = shown.join("\n") + "\n";
    assert!(got == expected, "--- expected\n{expected}\n--- got\n{got}");
}

/// People with roles as `storefront: USER`.
fn people(people: &[(&str, &str)]) -> String {
    let person = |(name, projects): &(&str, &str)| {
        format!("  - {{email: {name}@example.com, first_name: F, last_name: L, projects: {{{projects}}}}}\n")
    };
    let people: String = people.iter().map(person).collect();
    format!("people:\n{people}policy: {{prune: roles, max_removals: 100%, keep_admins: 0}}\n")
}

#[test]
fn nothing_is_said_of_a_base_where_everything_comes_from_the_pull_request() {
    check(
        &people(&[("ana", "storefront: USER")]),
        &people(&[("ana", "storefront: ADMIN"), ("ben", "loyalty: USER")]),
        "ana@example.com storefront=USER\nzoe@example.com loyalty=VIEWER",
        "",
        "\
1 invited · 1 becomes ADMIN · 2 calls

Becomes ADMIN (1)
  ! ana@example.com  storefront USER → ADMIN

Invited (1)
  + ben@example.com  loyalty USER  (F L)

Not changed (1)
  · zoe@example.com  not in the file (loyalty VIEWER); kept by `prune: roles`
",
    );
}

#[test]
fn attention_that_the_base_needs_too_is_not_of_the_pull_request() {
    check(
        &people(&[("ana", "storefront: USER")]),
        &people(&[("ana", "storefront: USER"), ("ben", "loyalty: USER")]),
        "ana@example.com storefront=USER\nzoe@example.com loyalty=ADMIN",
        "",
        "\
1 invited · 1 needs attention · 1 call

This pull request: 1 invited

Invited (1)
  + ben@example.com  loyalty USER  (F L)

Already different before it: 1 needs attention

Needs attention (1)
  ! zoe@example.com  not in the file (loyalty ADMIN); kept by `prune: roles`
",
    );
}

#[test]
fn someone_in_both_parts_is_counted_once_and_manual_changes_are_named() {
    check(
        &people(&[("ana", "storefront: USER, loyalty: USER"), ("ben", "storefront: USER")]),
        &people(&[("ana", "storefront: USER, loyalty: campaign-manager"), ("ben", "storefront: USER")]),
        "ana@example.com storefront=VIEWER loyalty=VIEWER\nben@example.com storefront=ADMIN loyalty=VIEWER",
        "ana@example.com storefront=USER loyalty=VIEWER\nben@example.com storefront=USER loyalty=VIEWER",
        "\
1 changes role · 1 loses access · 1 loses ADMIN · 4 calls

This pull request: 1 changes role

Changes role (1)
  ~ ana@example.com  loyalty VIEWER → campaign-manager

Already different before it: 1 changes role · 1 loses access · 1 loses ADMIN
The next apply makes these changes as well.
2 people were changed outside Git: ana@example.com and ben@example.com. Ask why before merging.

Loses access (1)
  - ben@example.com  loyalty VIEWER → none

Loses ADMIN (1)
  - ben@example.com  storefront ADMIN → USER (reverts a change outside Git)

Changes role (1)
  ~ ana@example.com  storefront VIEWER → USER (reverts a change outside Git)  (also above)
",
    );
}
