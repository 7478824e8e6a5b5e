//! What holds whatever is asked, in whatever order.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Something that is asked of an organization; the numbers pick people, projects and roles.
#[derive(Clone, Debug)]
enum Step {
    Invite(usize, Vec<(usize, usize)>),
    Assign(usize, usize, usize),
    ChangeRole(usize, usize, usize),
    Unassign(usize, usize),
    Accept(usize),
    AddElsewhere(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (person, project, role) = (0..6_usize, 0..4_usize, 0..5_usize);
    let step = prop_oneof![
        (person.clone(), prop::collection::vec((project.clone(), role.clone()), 0..3))
            .prop_map(|(person, access)| Step::Invite(person, access)),
        (person.clone(), project.clone(), role.clone()).prop_map(|(a, b, c)| Step::Assign(a, b, c)),
        (person.clone(), project.clone(), role).prop_map(|(a, b, c)| Step::ChangeRole(a, b, c)),
        (person.clone(), project).prop_map(|(a, b)| Step::Unassign(a, b)),
        person.clone().prop_map(Step::Accept),
        person.prop_map(Step::AddElsewhere),
    ];
    prop::collection::vec(step, 0..60)
}

fn behaviours() -> impl Strategy<Value = Behaviour> {
    let second = prop_oneof![Just(SecondInvitation::Refused), Just(SecondInvitation::SentAgain)];
    let again =
        prop_oneof![Just(AssignAgain::Refused), Just(AssignAgain::KeepsRole), Just(AssignAgain::TakesRole)];
    let pending = prop_oneof![Just(AssignPending::NotFound), Just(AssignPending::NotActive)];
    (any::<bool>(), second, again, pending).prop_map(
        |(pending_shows, second_invitation, assign_again, assign_pending)| Behaviour {
            pending_shows,
            second_invitation,
            paging: Paging::Honoured,
            assign_again,
            assign_pending,
        },
    )
}

fn project(number: usize) -> &'static str {
    ["proj_a", "proj_b", "sand_c", "proj_unknown"][number]
}

fn role(number: usize) -> &'static str {
    ["ADMIN", "USER", "VIEWER", "role_x", "CHIEF"][number]
}

fn email(number: usize) -> String {
    match number {
        0 => DEFAULT_OWNER.to_owned(),
        number => format!("person{number}@example.com"),
    }
}

fn organization() -> Organization {
    let projects = ["proj_a", "proj_b", "sand_c"].map(|id| (id.to_owned(), id.to_uppercase()));
    Organization::for_team(projects, ["role_x".to_owned()])
}

/// Says whether it was carried out.
fn take(organization: &mut Organization, step: &Step, behaviour: Behaviour) -> bool {
    let id = |organization: &Organization, number| {
        organization.person(&email(number)).map_or_else(|| "user_x".to_owned(), |person| person.id.clone())
    };
    match step {
        Step::Invite(number, access) => {
            let access: serde_json::Map<_, _> =
                access.iter().map(|(a, b)| (project(*a).to_owned(), json!(role(*b)))).collect();
            let body = invitation(&email(*number), &Value::Object(access));
            organization.invite(&body, behaviour).is_ok()
        }
        Step::Assign(number, place, what) => {
            let body = json!({"login": email(*number), "role": role(*what)});
            organization.assign(project(*place), &body, behaviour).is_ok()
        }
        Step::ChangeRole(number, place, what) => {
            let (id, body) = (id(organization, *number), json!({"role": role(*what)}));
            organization.change_role(project(*place), &id, &body, behaviour).is_ok()
        }
        Step::Unassign(number, place) => {
            let id = id(organization, *number);
            organization.unassign(project(*place), &id, behaviour).is_ok()
        }
        Step::Accept(number) => organization.accept(&email(*number)),
        Step::AddElsewhere(number) => organization.add_elsewhere(&email(*number), "Alex", "Doe"),
    }
}

fn listed(organization: &Organization, project: &str, limit: usize, behaviour: Behaviour) -> Vec<String> {
    let mut ids = Vec::new();
    for page in 1.. {
        let body =
            organization.list_users(project, PageOfUsers { limit, page }, behaviour).unwrap().body.unwrap();
        let data = body["data"].as_array().unwrap();
        if data.is_empty() {
            assert_eq!(body["total"], ids.len());
            break;
        }
        ids.extend(data.iter().map(|user| user["id"].as_str().unwrap().to_owned()));
    }
    ids
}

proptest! {
    #[test]
    fn whatever_is_asked_the_organization_holds_together(steps in steps(), behaviour in behaviours()) {
        let mut organization = organization();
        for step in &steps {
            let before = organization.clone();
            if !take(&mut organization, step, behaviour) {
                prop_assert_eq!(&organization, &before, "a refused {:?} changed something", step);
            }
            let logins: BTreeSet<_> = organization.people().map(|person| person.login.clone()).collect();
            prop_assert_eq!(logins.len(), organization.people().count());
            for person in organization.people() {
                prop_assert_eq!(person.projects.is_empty(), person.status == UserStatus::Elsewhere);
                prop_assert_eq!(organization.person(person.login.as_str()), Some(person));
            }
            let owner = organization.person(DEFAULT_OWNER).unwrap();
            prop_assert!(owner.projects.len() == 3 && owner.projects.values().all(|role| role == "ADMIN"));
        }
        let stored = serde_json::to_vec(&organization).unwrap();
        let loaded: Organization = serde_json::from_slice(&stored).unwrap();
        prop_assert_eq!(&loaded, &organization);
        for place in ["proj_a", "proj_b", "sand_c"] {
            prop_assert_eq!(listed(&loaded, place, 3, behaviour), listed(&organization, place, 3, behaviour));
        }
    }

    #[test]
    fn pages_of_any_size_show_each_user_once(members in 0..300_usize, limit in 1..=100_usize) {
        let mut organization = organization();
        organization.seed_members(members);
        prop_assert_eq!(organization.members().count(), members + 1);
        for place in ["proj_a", "proj_b", "sand_c"] {
            let ids = listed(&organization, place, limit, Behaviour::default());
            let known: BTreeSet<_> = organization
                .members()
                .filter(|person| person.projects.contains_key(place))
                .map(|person| person.id.clone())
                .collect();
            prop_assert_eq!(ids.len(), known.len());
            prop_assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), known);
        }
    }

    #[test]
    fn no_body_is_too_strange(text in "\\PC{0,40}", number in any::<i64>()) {
        let mut organization = organization();
        for body in [json!(text), json!(number), json!([text]), json!({"email": text}), json!({text.as_str(): number})] {
            prop_assert!(organization.invite(&body, Behaviour::default()).is_err());
            prop_assert!(organization.assign("proj_a", &body, Behaviour::default()).is_err());
            prop_assert!(organization.change_role("proj_a", &text, &body, Behaviour::default()).is_err());
        }
    }
}

#[test]
fn seeded_people_are_the_same_every_time() {
    let seeded = |count| {
        let mut organization = Organization::example();
        organization.seed_members(count);
        organization
    };
    assert_eq!(seeded(40), seeded(40));
    let mut grown = seeded(15);
    grown.seed_members(25);
    assert_eq!(grown, seeded(40));
    assert!(seeded(40).members().all(|person| crate::model::Email::parse(&person.email).is_ok()));
}
