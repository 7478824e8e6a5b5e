//! The guards, by value, and their sentences.

use std::fmt::Write as _;

use guestlist::desired::Limit::{self, Count, Percent};
use guestlist::known::Doubt;
use guestlist::model::Email;
use guestlist::plan::{Exceeded, Plan, PlanOptions, Refusal};
use guestlist::render;

use super::{known, options, project_id, team};

/// The guards that refuse.
fn refused(people_and_policy: &str, known_people: &str, allow_removals: Option<usize>) -> Vec<Refusal> {
    let options = PlanOptions { allow_removals, ..options() };
    Plan::between(&team(people_and_policy), &known(known_people), &options).refused
}

/// The people `name@example.com`.
fn people_at_example(names: &[&str]) -> Vec<Email> {
    names.iter().map(|name| Email::parse(&format!("{name}@example.com")).expect("an address")).collect()
}

/// `removals` of the `base` members of a project or, without one, of all memberships.
fn exceeded(project: Option<&str>, removals: usize, base: usize, limit: Limit, most: usize) -> Exceeded {
    Exceeded { project: project.map(project_id), removals, base, limit, most }
}

/// That many removals in the whole plan, and where they are too many, of `names`.
fn too_many(removals: usize, exceeded: &[Exceeded], names: &[&str]) -> Refusal {
    let people = people_at_example(names);
    Refusal::MaxRemovals { removals, exceeded: exceeded.to_vec(), people, allowed: None }
}

/// A project that would have `left` ADMINs where the policy keeps `keep`, without `losing`.
fn too_few(project: &str, left: usize, keep: usize, losing: &[&str]) -> Refusal {
    Refusal::KeepAdmins { project: project_id(project), left, keep, losing: people_at_example(losing) }
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
    let names: Vec<_> = (25..40).map(|n| format!("p{n}")).collect();
    let people = people_at_example(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let refusal = |allowed| {
        let exceeded =
            [exceeded(None, 15, 40, Percent(10), 4), exceeded(Some("storefront"), 15, 40, Percent(10), 4)];
        let (exceeded, people) = (exceeded.to_vec(), people.clone());
        [Refusal::MaxRemovals { removals: 15, exceeded, people, allowed }]
    };
    for allowed in [None, Some(14), Some(16), Some(0), Some(40)] {
        assert_eq!(refused(&file, &known, allowed), refusal(allowed));
    }
    assert_eq!(refused(&file, &known, Some(15)), []);
    let plan = Plan::between(&team(&file), &super::known(&known), &options());
    assert_eq!(plan.changes.len(), 15, "a plan that is refused is shown all the same");
}

#[test]
fn a_percentage_is_rounded_down_and_allows_one_at_least() {
    // 1 of 5, 1 of 19 and 2 of 20 are allowed by 10%.
    for (members_in_all, allowed) in [(5, 1), (19, 1), (20, 2), (29, 2)] {
        let known = members(members_in_all - 1);
        let file = |gone: usize| file(members_in_all - 1 - gone, "prune: people");
        assert_eq!(refused(&file(allowed), &known, None), [], "{members_in_all}");
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
        [too_many(3, &[exceeded(None, 3, 5, Count(2), 2)], &["a", "b"])]
    );
    assert_eq!(refused(people, known, Some(3)), []);
    assert_eq!(refused(&people.replace("als: 2", "als: 3"), known, None), []);
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
        [too_many(
            1,
            &[exceeded(None, 1, 2, Count(0), 0), exceeded(Some("storefront"), 1, 2, Count(0), 0)],
            &["a"]
        )]
    );
    assert_eq!(refused(&people("VIEWER"), &known("USER"), None), []);
    assert_eq!(refused(&people("ADMIN"), &known("VIEWER"), None), []);
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
    assert_eq!(refused(people, known, None), []);
    // What is left when the exempt ones are not counted is the number to allow.
    let one_more = format!("{known}c@example.com storefront=USER elsewhere");
    assert_eq!(refused(people, &one_more, Some(3)).len(), 1);
    assert_eq!(refused(people, &one_more, Some(1)), []);
}

#[test]
fn the_last_admin_of_a_project_stays() {
    let people = "people:
  - {email: ana@example.com, first_name: A, last_name: A, projects: {storefront: USER}}
policy: {max_removals: 100%}
";
    assert_eq!(
        refused(people, "ana@example.com storefront=ADMIN", Some(1)),
        [too_few("storefront", 0, 1, &["ana"])]
    );
    assert_eq!(
        refused(people, "ana@example.com storefront=ADMIN\nowner@example.com owner storefront=ADMIN", None),
        []
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
    assert_eq!(refused(people, "ana@example.com storefront=ADMIN\nnew@example.com loyalty=USER", None), []);
    assert_eq!(
        refused(people, "ana@example.com storefront=ADMIN\nnew@example.com storefront=USER", None),
        []
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
    assert_eq!(refused(&people("ADMIN"), known, None), []);
    assert_eq!(refused(&people("USER"), known, None), [], "one for one");
    let known = "ana@example.com storefront=ADMIN\nben@example.com storefront=ADMIN loyalty=USER";
    assert_eq!(refused(&people("USER"), known, None), [too_few("storefront", 1, 3, &["ana"])]);
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
                [Refusal::EmptyPeople]
            );
        }
    }
    assert_eq!(refused("people: []\n", "a@example.com storefront=USER elsewhere", None), []);
}

#[test]
fn a_doubtful_reading_takes_nothing_away() {
    let file = file(1, "prune: people, max_removals: 100%");
    let known = format!("{}short=storefront\nshort=loyalty", members(3));
    let plan = Plan::between(&team(&file), &super::known(&known), &options());
    assert_eq!(plan.changes, []);
    assert_eq!(
        refused(&file, &known, None),
        [Refusal::DoubtfulReading(vec![
            Doubt::Short { project: project_id("storefront"), got: 1, total: 3 },
            Doubt::Short { project: project_id("loyalty"), got: 1, total: 3 },
        ])]
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
        [too_many(3, &[exceeded(Some("loyalty"), 2, 4, Percent(40), 1)], &["b", "c"])]
    );
}

#[test]
fn a_plan_may_be_refused_for_more_than_one_reason() {
    let file = file(0, "prune: people, keep_admins: 2");
    let known = "boss@example.com storefront=ADMIN\na@example.com storefront=ADMIN elsewhere\nb@example.com storefront=USER elsewhere";
    assert_eq!(
        refused(&file, known, None),
        [
            too_few("storefront", 1, 2, &["a"]),
            too_many(
                2,
                &[exceeded(None, 2, 3, Percent(10), 1), exceeded(Some("storefront"), 2, 3, Percent(10), 1)],
                &["a", "b"]
            ),
        ]
    );
}

#[test]
fn a_refusal_says_what_is_too_much_who_it_is_and_how_to_go_on() {
    let desired = team("");
    let refusals = [
        Refusal::DoubtfulReading(vec![
            Doubt::Short { project: project_id("storefront"), got: 1, total: 3 },
            Doubt::Moving { project: project_id("loyalty") },
        ]),
        Refusal::EmptyPeople,
        too_few("storefront", 1, 2, &["a", "b"]),
        Refusal::MaxNewAdmins { people: people_at_example(&["a", "b"]), most: 1, allowed: None },
        too_many(2, &[exceeded(Some("loyalty"), 2, 4, Percent(40), 1)], &["a"]),
        Refusal::MaxRemovals {
            removals: 3,
            exceeded: vec![
                exceeded(None, 3, 5, Count(2), 2),
                exceeded(Some("storefront"), 3, 4, Count(2), 2),
            ],
            people: people_at_example(&["a", "b", "c"]),
            allowed: Some(4),
        },
    ];
    let sentences: Vec<_> = refusals.iter().map(|refusal| render::refusal(&desired, refusal)).collect();
    assert_eq!(
        sentences,
        [
            "the member list looks incomplete: List Users of proj_9KeAhZB1 returned 1 user but reported a total of 3 (and 1 more doubt); no removals will be made; run again later",
            "the file lists no one, and `prune: people` would remove everyone's access",
            "storefront would be left with 1 ADMIN, and `keep_admins: 2` requires more; ADMIN would be lost by a@example.com and b@example.com; make someone else ADMIN first",
            "2 people become ADMIN, and `max_new_admins: 1` allows 1: a@example.com and b@example.com; to allow this once, run the pipeline on the default branch with `allow_new_admins: 2` and this plan's id, or pass --allow-new-admins 2",
            "`max_removals: 40%` blocks 2 removals out of 4 members of loyalty (1 allowed): a@example.com; to allow this once, run the pipeline on the default branch with `allow_removals: 2` and this plan's id, or pass --allow-removals 2",
            "`max_removals: 2` blocks 3 removals out of 5 memberships in all (2 allowed) and 3 removals out of 4 members of storefront (2 allowed): a@example.com, b@example.com and c@example.com; --allow-removals 4 does not match: the number is 3",
        ]
    );
}
