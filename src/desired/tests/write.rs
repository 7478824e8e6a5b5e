//! Writing a team file is the inverse of resolving one, and groups make it shorter or are not there.

use std::str::FromStr as _;

use super::super::grouping::Shared;
use super::super::write::written;
use super::*;
use crate::model::UserId;

fn role(number: usize) -> Role {
    match number {
        0..5 => Role::PREDEFINED[number].clone(),
        number => Role::Custom(RoleId::new(format!("role_{number}"))),
    }
}

fn project(number: usize) -> ProjectId {
    ProjectId::new(["proj_0", "no", "1e3", "=", "sand_4"][number % 5])
}

/// Names that may stand in a team file.
fn names() -> impl Strategy<Value = String> {
    let any = prop_oneof![
        "[A-Za-z]{1,6}",
        "\\PC{1,12}",
        "[-~:#'\"%@`{}<>=|0-9 ]{1,6}",
        prop::sample::select(vec![
            "no".to_owned(),
            "12:30".to_owned(),
            "<<".to_owned(),
            "\u{fffe}".to_owned()
        ]),
    ];
    any.prop_filter("empty or active", |name| {
        !name.trim().is_empty() && super::super::refused_name(name).is_none()
    })
}

fn desired() -> impl Strategy<Value = Desired> {
    let access =
        prop::collection::btree_map((0..5_usize).prop_map(project), (0..8_usize).prop_map(role), 1..5);
    // Few different accesses, so that people share them.
    let accesses = prop::collection::vec(access, 1..4);
    let days = prop::option::of(
        (0..400_i32).prop_map(|days| jiff::civil::date(2026, 1, 1) + jiff::Span::new().days(days)),
    );
    let person = (any::<Index>(), names(), names(), days);
    let people = prop::collection::vec(person, 0..16);
    let projects = prop::collection::vec(prop::option::of(names()), 5);
    let policy = (0..3_usize, 0..=100_u8, 0..5_u32, any::<bool>());
    (projects, accesses, people, policy).prop_map(|(projects, accesses, people, policy)| {
        let alias = |number: usize| ["storefront", "yes", "a.b", "12:30", "é 🎉"][number].to_owned();
        let (prune, percent, count, is_percent) = policy;
        Desired {
            projects: projects
                .into_iter()
                .enumerate()
                .map(|(number, name)| (project(number), ManagedProject { alias: alias(number), name }))
                .collect(),
            roles: [(RoleId::new("role_5"), "manager".to_owned()), (RoleId::new("role_6"), "off".to_owned())]
                .into(),
            people: people
                .into_iter()
                .enumerate()
                .map(|(number, (choice, first_name, last_name, from))| {
                    let email = Email::as_received(&format!(
                        "{}p{number}@x.org",
                        ["", "*", "#", "0", "Ü"][number % 5]
                    ));
                    let access = choice.get(&accesses).clone();
                    let until = from.filter(|_| number % 2 == 0);
                    (email.clone(), Person { email, first_name, last_name, access, from, until })
                })
                .collect(),
            policy: Policy {
                prune: [Prune::None, Prune::Roles, Prune::People][prune],
                max_removals: if is_percent { Limit::Percent(percent) } else { Limit::Count(count) },
                max_new_admins: count,
                keep_admins: count,
                base: None,
                protect: if is_percent { vec![EmailPattern::new("*@agency.example")] } else { Vec::new() },
            },
        }
    })
}

fn endpoints() -> impl Strategy<Value = Endpoint> {
    let urls = [
        "https://api.voucherify.io",
        "https://us1.api.voucherify.io",
        "https://as1.api.voucherify.io",
        "https://voucherify.example.com/v",
        "http://127.0.0.1:8080",
    ];
    prop::sample::select(urls.to_vec()).prop_map(|url| Endpoint::from_str(url).expect("a URL"))
}

proptest! {
    #[test]
    fn what_is_written_resolves_to_what_was_desired(desired in desired(), endpoint in endpoints(), remark in any::<String>()) {
        let text = write(&desired, &endpoint, std::slice::from_ref(&remark));
        let (sources, team) = read(&[("team.yaml", text.as_bytes())]);
        let team = match team {
            Ok(team) => team,
            Err(problems) => return Err(TestCaseError::fail(problems.text(&sources, false))),
        };
        prop_assert_eq!(&team.desired, &desired);
        prop_assert_eq!(team.endpoint, endpoint.clone());
        let spelled: Vec<_> = team.desired.people.values().map(|person| person.email.as_str()).collect();
        let meant: Vec<_> = desired.people.values().map(|person| person.email.as_str()).collect();
        prop_assert_eq!(spelled, meant);

        let without_groups = written(&desired, &endpoint, &[remark], &Shared::new());
        let has_groups = text != without_groups;
        prop_assert!(!has_groups || text.lines().count() < without_groups.lines().count());
    }

    #[test]
    fn whatever_is_known_can_be_adopted(
        names in prop::collection::vec((any::<String>(), any::<String>()), 1..6),
        logins in prop::collection::vec(prop_oneof![any::<String>(), "[a-c]@x\\.org"], 0..8),
        roles in prop::collection::vec(any::<String>(), 8),
    ) {
        let projects: Vec<_> =
            names.iter().map(|(id, name)| crate::known::ListedProject { id: ProjectId::new(id), name: name.clone() }).collect();
        let members: BTreeMap<_, _> = logins.iter().zip(&roles).map(|(login, role)| {
            let login = Email::as_received(login);
            let access = projects.iter().map(|project| (project.id.clone(), Role::from(role.clone()))).collect();
            let (first_name, last_name) = names[0].clone();
            let member = crate::known::Member { id: UserId::new("user_x"), login: login.clone(), email: None, first_name, last_name,
                access, elsewhere: false, is_owner: false };
            (login, member)
        }).collect();
        let adopted = crate::known::import(&projects, &members);
        prop_assume!(!adopted.desired.projects.is_empty());
        let remarks: Vec<_> = adopted.remarks.iter().map(crate::render::remark).collect();
        let text = write(&adopted.desired, &Endpoint::default(), &remarks);
        let (sources, team) = read(&[("team.yaml", text.as_bytes())]);
        match team {
            Ok(team) => prop_assert_eq!(team.desired, adopted.desired),
            Err(problems) => return Err(TestCaseError::fail(problems.text(&sources, false))),
        }
    }
}

#[test]
fn a_group_is_made_only_where_it_saves_lines() {
    let person = |name: &str, access: &[(&str, Role)]| {
        let email = Email::as_received(&format!("{name}@x.org"));
        let access = access.iter().map(|(id, role)| (ProjectId::new(*id), role.clone())).collect();
        let person = Person {
            email: email.clone(),
            first_name: "A".to_owned(),
            last_name: "B".to_owned(),
            access,
            from: None,
            until: None,
        };
        (email, person)
    };
    let mut desired = Desired {
        projects: ["a", "b"]
            .map(|id| (ProjectId::new(id), ManagedProject { alias: id.to_owned(), name: None }))
            .into(),
        ..Desired::default()
    };
    let groups = |desired: &Desired| {
        let mut names: Vec<_> = super::super::grouping::groups(desired).into_values().collect();
        names.sort();
        names
    };
    for name in ["p", "q", "r", "s"] {
        desired.people.extend([person(name, &[("a", Role::User)])]);
    }
    assert_eq!(groups(&desired), [""; 0], "2 lines saved, and 2 for the heading");
    desired.people.extend([person("t", &[("a", Role::User)])]);
    assert_eq!(groups(&desired), ["a-user"]);
    for name in ["u", "v"] {
        desired.people.extend([person(name, &[("a", Role::Admin), ("b", Role::Admin)])]);
    }
    for name in ["w", "x"] {
        desired.people.extend([person(name, &[("a", Role::Admin), ("b", Role::User)])]);
    }
    assert_eq!(groups(&desired), ["a-user", "all-admin", "team"]);
}
