//! The origin of changes with each kind of evidence, and two extremes for any organization.

use proptest::prelude::*;

use super::*;
use crate::samples::{access, known, person, plan, team};

/// The changes of the plan for `head`, each with its origin.
fn check(base: &str, head: &str, members: &[(&str, &str)], past: &Past, expected: &[&str]) {
    let (base, head) = (team(base), team(head));
    let known = known(members, &[]);
    let plan = plan(&head, &known);
    let found: Vec<_> = plan
        .changes
        .iter()
        .zip(origins(&plan, &base.desired, &known, past).changes)
        .map(|(change, origin)| {
            let change = serde_json::to_value(change).unwrap();
            format!(
                "{} {}{}: {}",
                change["action"].as_str().unwrap(),
                change["email"].as_str().unwrap(),
                change["project"].as_str().map(|project| format!(" {project}")).unwrap_or_default(),
                serde_json::to_value(origin).unwrap().as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(found, expected);
}

fn people(people: &[(&str, &str)]) -> String {
    let people: String = people.iter().map(|(email, projects)| person(email, projects)).collect();
    format!("people:\n{people}")
}

const KEEPER: (&str, &str) = ("keeper@example.com", "storefront: ADMIN, loyalty: ADMIN");
const KEEPER_IS: (&str, &str) = ("keeper@example.com", "proj_s=ADMIN proj_l=ADMIN");

#[test]
fn what_the_base_would_do_too_is_drift() {
    let base = people(&[KEEPER, ("a@example.com", "storefront: USER"), ("b@example.com", "loyalty: USER")]);
    let head = people(&[
        KEEPER,
        ("a@example.com", "storefront: USER, loyalty: VIEWER"),
        ("b@example.com", "loyalty: VIEWER"),
        ("c@example.com", "loyalty: VIEWER"),
    ]);
    check(
        &base,
        &head,
        &[KEEPER_IS, ("a@example.com", "proj_s=VIEWER")],
        &Past::default(),
        &[
            "assign a@example.com proj_l: pull_request",
            "change_role a@example.com proj_s: drift",
            // The base would invite with another role: what is sent is what the pull request asks for.
            "invite b@example.com: pull_request",
            "invite c@example.com: pull_request",
        ],
    );
}

#[test]
fn what_guestlist_made_so_was_changed_by_hand() {
    let file =
        people(&[KEEPER, ("a@example.com", "storefront: USER"), ("b@example.com", "storefront: USER")]);
    let given = |email: &str, role: Option<Role>| Past {
        roles: BTreeMap::from([((Email::as_received(email), ProjectId::new("proj_s")), vec![role])]),
        ..Past::default()
    };
    let members = [KEEPER_IS, ("a@example.com", "proj_s=ADMIN")];
    let user = given("A@example.com", Some(Role::User));
    check(
        &file,
        &file,
        &members,
        &user,
        &["invite b@example.com: drift", "change_role a@example.com proj_s: manual"],
    );
    // The last role written is not the base's, so no one changed it outside Git.
    let admin = given("a@example.com", Some(Role::Admin));
    check(
        &file,
        &file,
        &members,
        &admin,
        &["invite b@example.com: drift", "change_role a@example.com proj_s: drift"],
    );
    // Somebody who accepted an invitation and is gone was deleted.
    let invited = given("b@example.com", Some(Role::User));
    check(
        &file,
        &file,
        &[KEEPER_IS, ("a@example.com", "proj_s=USER")],
        &invited,
        &["invite b@example.com: manual"],
    );
}

#[test]
fn access_that_was_not_there_at_the_last_reading_was_given_by_hand() {
    let policy = "policy: {prune: people, max_removals: 9}\n";
    let file = format!("{policy}{}", people(&[KEEPER]));
    let members = [KEEPER_IS, ("new@example.com", "proj_s=USER proj_l=VIEWER")];
    let past = |projects: &[&str], members: &[(&str, &str)]| {
        let projects: BTreeSet<_> = projects.iter().map(|id| ProjectId::new(*id)).collect();
        let mut members = known(members, &[]).members;
        for member in members.values_mut() {
            member.access.retain(|project, _| projects.contains(project));
        }
        Past::of(&members, projects)
    };
    check(
        &file,
        &file,
        &members,
        &past(&["proj_s", "proj_l"], &[KEEPER_IS]),
        &["unassign new@example.com proj_s: manual"],
    );
    check(
        &file,
        &file,
        &members,
        &past(&["proj_l"], &[KEEPER_IS]),
        &["unassign new@example.com proj_s: drift"],
    );
    check(&file, &file, &members, &past(&["proj_s"], &members), &["unassign new@example.com proj_s: drift"]);
    // Without `prune: people` in the base, the pull request is what takes it away.
    check(
        &people(&[KEEPER]),
        &file,
        &members,
        &past(&["proj_s"], &[KEEPER_IS]),
        &["unassign new@example.com proj_s: pull_request"],
    );
}

#[test]
fn a_project_that_the_pull_request_brings_has_no_drift() {
    let head = team(&format!(
        "policy: {{prune: roles, max_removals: 9}}\n{}",
        people(&[KEEPER, ("a@example.com", "storefront: USER"),])
    ));
    let mut base = head.desired.clone();
    base.projects.remove(&ProjectId::new("proj_l"));
    for person in base.people.values_mut() {
        std::sync::Arc::make_mut(&mut person.access).remove(&ProjectId::new("proj_l"));
    }
    let known = known(&[KEEPER_IS, ("a@example.com", "proj_s=USER proj_l=USER")], &[]);
    let plan = plan(&head, &known);
    assert_eq!(plan.changes.len(), 1);
    assert_eq!(origins(&plan, &base, &known, &Past::default()).changes, [Origin::PullRequest]);
}

fn an_organization() -> impl Strategy<Value = Vec<(String, String)>> {
    let role = prop::sample::select(vec!["", "USER", "ADMIN", "VIEWER"]);
    prop::collection::vec((0..6_u8, role.clone(), role), 0..6).prop_map(|rows| {
        let rows: BTreeMap<_, _> = rows.into_iter().map(|(n, s, l)| (n, (s, l))).collect();
        rows.into_iter()
            .map(|(n, (s, l))| (format!("p{n}@example.com"), format!("proj_s={s} proj_l={l}")))
            .collect()
    })
}

proptest! {
    #[test]
    fn against_itself_nothing_comes_from_the_pull_request_and_against_what_is_everything(
        members in an_organization(), asked in an_organization()
    ) {
        let rows = |rows: &[(String, String)]| {
            rows.iter()
                .map(|(email, roles)| {
                    let mut access = access(roles);
                    access.retain(|_, role| !role.as_str().is_empty());
                    (Email::as_received(email), access)
                })
                .filter(|(_, access)| !access.is_empty())
                .collect::<BTreeMap<_, _>>()
        };
        let desired = |rows: BTreeMap<Email, Access>| {
            let mut desired = team("people: []\npolicy: {prune: people, max_removals: 100}\n").desired;
            desired.people = rows
                .into_iter()
                .map(|(email, access)| {
                    let person =
                        crate::desired::Person::new(email.clone(), "A".to_owned(), "B".to_owned(), access);
                    (email, person)
                })
                .collect();
            desired
        };
        let mut known = known(&[], &[]);
        for (email, access) in rows(&members) {
            let mut member = crate::samples::known(&[(email.as_str(), "")], &[]).members[&email].clone();
            member.access = access;
            known.members.insert(email, member);
        }
        let head = desired(rows(&asked));
        let options = PlanOptions::new(crate::model::Endpoint::default(), crate::samples::TODAY);
        let plan = Plan::between(&head, &known, &options);
        let itself = origins(&plan, &head, &known, &Past::default());
        prop_assert!(itself.changes.iter().chain(&itself.notes).all(|origin| *origin == Origin::Drift));
        let base = desired(rows(&members));
        let against_what_is = origins(&plan, &base, &known, &Past::default());
        prop_assert_eq!(against_what_is.changes, vec![Origin::PullRequest; plan.changes.len()]);
    }
}

#[test]
fn a_note_comes_from_the_pull_request_unless_the_base_has_it() {
    let base = people(&[KEEPER, ("a@example.com", "loyalty: USER")]);
    let head = people(&[KEEPER]);
    let members = [KEEPER_IS, ("a@example.com", "proj_l=USER"), ("b@example.com", "proj_l=ADMIN")];
    let (base, head, known) = (team(&base), team(&head), known(&members, &[]));
    let plan = plan(&head, &known);
    let origins = origins(&plan, &base.desired, &known, &Past::default());
    let emails = plan.notes.iter().map(|note| note.email.as_ref().map(Email::as_str));
    assert_eq!(
        emails.zip(origins.notes).collect::<Vec<_>>(),
        [(Some("b@example.com"), Origin::Drift), (Some("a@example.com"), Origin::PullRequest)]
    );
}
