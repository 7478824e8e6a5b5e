//! The guards, and their sentences.

use std::fmt::Write as _;

use guestlist::plan::{Plan, PlanOptions};
use guestlist::render;

use super::{known, options, team};

/// The sentences of the guards that refuse.
fn refused(people_and_policy: &str, known_people: &str, allow_removals: Option<usize>) -> Vec<String> {
    let options = PlanOptions { allow_removals, ..options() };
    let desired = team(people_and_policy);
    let plan = Plan::between(&desired, &known(known_people), &options);
    plan.refused.iter().map(|refusal| render::refusal(&desired, refusal)).collect()
}

/// How `max_removals` is overridden for one run.
fn once(removals: usize) -> String {
    format!(
        "to allow this once, run the pipeline with `allow_removals: {removals}`, or pass --allow-removals {removals}"
    )
}

/// A team file with `listed` people, each USER in storefront, under a policy.
fn file(listed: usize, policy: &str) -> String {
    let mut text = "people:\n  - {email: boss@example.com, first_name: B, last_name: S, projects: {storefront: ADMIN}}\n".to_owned();
    for n in 1..=listed {
        let _ = writeln!(
            text,
            "  - {{email: p{n:02}@example.com, first_name: P, last_name: N, projects: {{storefront: USER}}}}"
        );
    }
    let _ = writeln!(text, "policy: {{{policy}}}");
    text
}

/// An ADMIN and `number` people with USER in storefront and a project elsewhere.
fn members(number: usize) -> String {
    let mut text = "boss@example.com storefront=ADMIN\n".to_owned();
    for n in 1..=number {
        let _ = writeln!(text, "p{n:02}@example.com storefront=USER elsewhere");
    }
    text
}

#[test]
fn fifteen_of_forty_are_refused_by_name_and_let_through_by_their_exact_number_alone() {
    let (file, known) = (file(24, "prune: people"), members(39));
    let names = "p25@example.com, p26@example.com, p27@example.com, p28@example.com, p29@example.com, \
p30@example.com, p31@example.com, p32@example.com, p33@example.com, p34@example.com, p35@example.com, \
p36@example.com, p37@example.com, p38@example.com and p39@example.com";
    let sentences = |way_out: &str| {
        [format!(
            "`max_removals: 10%` blocks 15 removals out of 40 memberships in all (4 allowed) and 15 removals out of 40 members of storefront (4 allowed): {names}; {way_out}"
        )]
    };
    assert_eq!(refused(&file, &known, None), sentences(&once(15)));
    for other in [14, 16, 0, 40] {
        let way_out = format!("--allow-removals {other} does not match: the number is 15");
        assert_eq!(refused(&file, &known, Some(other)), sentences(&way_out));
    }
    assert_eq!(refused(&file, &known, Some(15)), [""; 0]);
    let plan = Plan::between(&team(&file), &super::known(&known), &options());
    assert_eq!(plan.changes.len(), 15, "a plan that is refused is shown all the same");
}

#[test]
fn a_percentage_is_rounded_down_and_allows_one_at_least() {
    // 1 of 5, 1 of 19 and 2 of 20 are allowed by 10%.
    for (members_in_all, allowed) in [(5, 1), (19, 1), (20, 2), (29, 2)] {
        let known = members(members_in_all - 1);
        let file = |gone: usize| file(members_in_all - 1 - gone, "prune: people");
        assert_eq!(refused(&file(allowed), &known, None), [""; 0], "{members_in_all}");
        assert_eq!(refused(&file(allowed + 1), &known, None).len(), 1, "{members_in_all}");
    }
}

#[test]
fn a_number_holds_for_each_project_and_for_the_whole() {
    let people = "people:
  - {email: boss@example.com, first_name: B, last_name: S, projects: {storefront: ADMIN, loyalty: ADMIN}}
policy: {prune: people, max_removals: 2}
";
    let known = "\
boss@example.com storefront=ADMIN loyalty=ADMIN
a@example.com storefront=USER loyalty=USER elsewhere
b@example.com loyalty=USER elsewhere
";
    assert_eq!(
        refused(people, known, None),
        [format!(
            "`max_removals: 2` blocks 3 removals out of 5 memberships in all (2 allowed): a@example.com and b@example.com; {}",
            once(3)
        )]
    );
    assert_eq!(refused(people, known, Some(3)), [""; 0]);
    assert_eq!(refused(&people.replace("als: 2", "als: 3"), known, None), [""; 0]);
}

#[test]
fn a_demotion_from_admin_counts_and_another_change_of_role_does_not() {
    let people = |role: &str| {
        format!(
            "people:
  - {{email: boss@example.com, first_name: B, last_name: S, projects: {{storefront: ADMIN}}}}
  - {{email: a@example.com, first_name: A, last_name: A, projects: {{storefront: {role}}}}}
policy: {{max_removals: 0}}
"
        )
    };
    let known = |role: &str| format!("boss@example.com storefront=ADMIN\na@example.com storefront={role}");
    assert_eq!(
        refused(&people("USER"), &known("ADMIN"), None),
        [format!(
            "`max_removals: 0` blocks 1 removal out of 2 memberships in all (0 allowed) and 1 removal out of 2 members of storefront (0 allowed): a@example.com; {}",
            once(1)
        )]
    );
    assert_eq!(refused(&people("VIEWER"), &known("USER"), None), [""; 0]);
    assert_eq!(refused(&people("ADMIN"), &known("VIEWER"), None), [""; 0]);
}

#[test]
fn a_date_in_the_file_is_exempt() {
    let people = "people:
  - {email: boss@example.com, first_name: B, last_name: S, projects: {storefront: ADMIN}}
  - {email: a@example.com, first_name: A, last_name: A, until: 2026-12-01, projects: {storefront: USER}}
  - {email: b@example.com, first_name: B, last_name: B, until: 2026-12-01, projects: {storefront: USER}}
policy: {prune: people, max_removals: 0}
";
    let known = "\
boss@example.com storefront=ADMIN
a@example.com storefront=USER elsewhere
b@example.com storefront=USER elsewhere
";
    assert_eq!(refused(people, known, None), [""; 0]);
    // What is left when the exempt ones are not counted is the number to allow.
    let one_more = format!("{known}c@example.com storefront=USER elsewhere");
    assert_eq!(refused(people, &one_more, Some(3)).len(), 1);
    assert_eq!(refused(people, &one_more, Some(1)), [""; 0]);
}

#[test]
fn the_last_admin_of_a_project_stays() {
    let people = "people:
  - {email: ana@example.com, first_name: A, last_name: A, projects: {storefront: USER}}
policy: {max_removals: 100%}
";
    assert_eq!(
        refused(people, "ana@example.com storefront=ADMIN", Some(1)),
        [
            "storefront would be left with 0 ADMINs, and `keep_admins: 1` requires more; ADMIN would be lost by ana@example.com; make someone else ADMIN first"
        ]
    );
    assert_eq!(
        refused(people, "ana@example.com storefront=ADMIN\nowner@example.com owner storefront=ADMIN", None),
        [""; 0]
    );
}

#[test]
fn an_invitation_is_no_admin_yet_and_an_assignment_is() {
    let people = "people:
  - {email: ana@example.com, first_name: A, last_name: A, projects: {storefront: USER}}
  - {email: new@example.com, first_name: N, last_name: N, projects: {storefront: ADMIN}}
policy: {max_removals: 100%}
";
    assert_eq!(refused(people, "ana@example.com storefront=ADMIN", None).len(), 1);
    assert_eq!(
        refused(people, "ana@example.com storefront=ADMIN\nnew@example.com loyalty=USER", None),
        [""; 0]
    );
    assert_eq!(
        refused(people, "ana@example.com storefront=ADMIN\nnew@example.com storefront=USER", None),
        [""; 0]
    );
}

#[test]
fn a_project_that_has_too_few_admins_already_is_refused_only_what_lowers_it() {
    let people = |ana: &str| {
        format!(
            "people:
  - {{email: ana@example.com, first_name: A, last_name: A, projects: {{storefront: {ana}}}}}
  - {{email: ben@example.com, first_name: B, last_name: B, projects: {{storefront: ADMIN, loyalty: VIEWER}}}}
policy: {{keep_admins: 3, max_removals: 100%}}
"
        )
    };
    let known = "ana@example.com storefront=ADMIN\nben@example.com storefront=USER loyalty=USER";
    assert_eq!(refused(&people("ADMIN"), known, None), [""; 0]);
    assert_eq!(refused(&people("USER"), known, None), [""; 0], "one for one");
    let known = "ana@example.com storefront=ADMIN\nben@example.com storefront=ADMIN loyalty=USER";
    assert_eq!(
        refused(&people("USER"), known, None),
        [
            "storefront would be left with 1 ADMIN, and `keep_admins: 3` requires more; ADMIN would be lost by ana@example.com; make someone else ADMIN first"
        ]
    );
}

#[test]
fn nobody_listed_and_everybody_to_go_is_refused_whatever_is_allowed() {
    for people in [
        "people: []\npolicy: {prune: people, max_removals: 100%, keep_admins: 0}\n",
        "policy: {prune: people, max_removals: 100%, keep_admins: 0}\n",
    ] {
        for allowed in [None, Some(1)] {
            assert_eq!(
                refused(people, "a@example.com storefront=USER elsewhere", allowed),
                ["the file lists no one, and `prune: people` would remove everyone's access"]
            );
        }
    }
    assert_eq!(refused("people: []\n", "a@example.com storefront=USER elsewhere", None), [""; 0]);
}

#[test]
fn a_doubtful_reading_takes_nothing_away() {
    let file = file(1, "prune: people, max_removals: 100%");
    let known = format!("{}short=storefront\nshort=loyalty", members(3));
    let plan = Plan::between(&team(&file), &super::known(&known), &options());
    assert_eq!(plan.changes, []);
    assert_eq!(
        refused(&file, &known, None),
        [
            "the member list looks incomplete: List Users of proj_9KeAhZB1 gave 1 user and says there are 3 (and 1 more doubt); no removals will be made; run again later"
        ]
    );
}

#[test]
fn one_project_can_have_too_many_removals_alone_and_names_only_its_people() {
    let people = "people:
  - {email: boss@example.com, first_name: B, last_name: S, projects: {storefront: ADMIN, loyalty: ADMIN}}
policy: {prune: people, max_removals: 40%}
";
    let known = "\
boss@example.com storefront=ADMIN loyalty=ADMIN
owner@example.com owner storefront=ADMIN loyalty=ADMIN
x@example.com owner storefront=ADMIN
y@example.com owner storefront=ADMIN
a@example.com storefront=USER elsewhere
b@example.com loyalty=USER elsewhere
c@example.com loyalty=USER elsewhere
";
    assert_eq!(
        refused(people, known, None),
        [format!(
            "`max_removals: 40%` blocks 2 removals out of 4 members of loyalty (1 allowed): b@example.com and c@example.com; {}",
            once(3)
        )]
    );
}

#[test]
fn a_plan_may_be_refused_for_more_than_one_reason() {
    let file = file(0, "prune: people, keep_admins: 2");
    let known = "boss@example.com storefront=ADMIN\na@example.com storefront=ADMIN elsewhere\nb@example.com storefront=USER elsewhere";
    assert_eq!(
        refused(&file, known, None),
        [
            "storefront would be left with 1 ADMIN, and `keep_admins: 2` requires more; ADMIN would be lost by a@example.com; make someone else ADMIN first".to_owned(),
            format!(
                "`max_removals: 10%` blocks 2 removals out of 3 memberships in all (1 allowed) and 2 removals out of 3 members of storefront (1 allowed): a@example.com and b@example.com; {}",
                once(2)
            ),
        ]
    );
}
