//! A written team file resolves to what was written, and has groups only where they make it shorter.

use std::str::FromStr as _;

use super::super::grouping::GroupNames;
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

/// Names that are valid in a team file.
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

fn day(days: i32) -> jiff::civil::Date {
    jiff::civil::date(2026, 1, 1) + jiff::Span::new().days(days)
}

/// The roles that one entry can give.
fn schedule() -> impl Strategy<Value = Schedule> {
    let days = prop::option::weighted(0.3, (0..400_i32, 0..400_i32));
    (days, 0..8_usize, prop::option::of(0..8_usize)).prop_map(|(days, first, then)| {
        let span = |from, until, number| Span { from, until, role: role(number) };
        let Some((from, length)) = days else { return Schedule::Always(role(first)) };
        let until = (length > 100).then(|| day(from + length));
        let spans = [Some(span((length % 2 == 0).then(|| day(from)), until, first))];
        let next = until.and_then(|until| Some(span(until.tomorrow().ok(), None, then?)));
        Schedule::new(spans.into_iter().chain([next]).flatten().collect())
    })
}

fn rules(number: u32) -> Option<Vec<Rule>> {
    let rule = |pattern: &str, days: Option<u32>| Rule {
        pattern: pattern.to_owned(),
        projects: days.map(|_| [project(1), project(3)].into()),
        roles: days.map(|_| [role(0), role(5)].into()),
        days,
    };
    match number {
        0 => None,
        _ => Some(vec![rule("*@agency.example", Some(90)), rule("*@*", None)]),
    }
}

fn desired() -> impl Strategy<Value = Desired> {
    let access = prop::collection::btree_map((0..5_usize).prop_map(project), schedule(), 1..5);
    // Few different ones, so people share them.
    let accesses = prop::collection::vec(access, 1..4);
    let days = prop::option::of((0..400_i32).prop_map(day));
    let person = (any::<Index>(), names(), names(), days, prop::option::weighted(0.3, names()));
    let people = prop::collection::vec(person, 0..16);
    let projects = prop::collection::vec(prop::option::of(names()), 5);
    let policy = (0..4_usize, 0..=100_u8, 0..5_u32, any::<bool>());
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
                .map(|(number, (choice, first_name, last_name, from, reason))| {
                    let email = Email::as_received(&format!(
                        "{}p{number}@x.org",
                        ["", "*", "#", "0", "Ü"][number % 5]
                    ));
                    let access = choice.get(&accesses).clone();
                    let until = from.filter(|_| number % 2 == 0);
                    let reason: Option<Arc<str>> = reason.map(Arc::from);
                    let reasons = reason.iter().filter(|_| number % 3 == 0);
                    let reasons = reasons.filter_map(|it| Some((access.keys().next()?.clone(), it.clone())));
                    let person = Person {
                        reasons: reasons.collect(),
                        reason,
                        review_by: until,
                        email: email.clone(),
                        first_name,
                        last_name,
                        access: Arc::new(access),
                        from,
                        until,
                    };
                    (email, person)
                })
                .collect(),
            policy: Policy {
                prune: [Prune::None, Prune::Dropped, Prune::Roles, Prune::People][prune],
                max_removals: if is_percent { Limit::Percent(percent) } else { Limit::Count(count) },
                max_new_admins: count,
                keep_admins: count,
                base: None,
                addresses: rules(count % 2),
                files: if is_percent { rules(count % 3).map(|_| vec![]) } else { None },
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

        let without_groups = written(&desired, &endpoint, &[remark], &GroupNames::new());
        let has_groups = text != without_groups;
        prop_assert!(!has_groups || text.lines().count() < without_groups.lines().count());
    }

    #[test]
    fn any_organization_can_be_imported(
        names in prop::collection::vec((any::<String>(), any::<String>()), 1..6),
        logins in prop::collection::vec(prop_oneof![any::<String>(), "[a-c]@x\\.org"], 0..8),
        roles in prop::collection::vec(any::<String>(), 8),
    ) {
        let projects: Vec<_> =
            names.iter().map(|(id, name)| crate::known::ListedProject { id: ProjectId::new(id), name: name.clone() }).collect();
        let members: BTreeMap<_, _> = logins.iter().zip(&roles).map(|(login, role)| {
            let login = Email::as_received(login);
            let access = projects.iter().map(|project| (project.id.clone(), Role::from(role.clone()))).collect::<Access>();
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
fn groups_are_for_people_who_share_access_and_say_what_they_grant() {
    let person = |name: &str, access: &[(&str, Role)]| {
        let email = Email::as_received(&format!("{name}@x.org"));
        let access = access.iter().map(|(id, role)| (ProjectId::new(*id), role.clone())).collect();
        (email.clone(), Person::new(email, "A".to_owned(), "B".to_owned(), access))
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
    assert_eq!(groups(&desired), [""; 0], "a group with one project has at least 5 people");
    desired.people.extend([person("t", &[("a", Role::User)])]);
    assert_eq!(groups(&desired), ["a-user"]);
    for name in ["u", "v"] {
        desired.people.extend([person(name, &[("a", Role::Admin), ("b", Role::Admin)])]);
    }
    for name in ["w", "x"] {
        desired.people.extend([person(name, &[("a", Role::Admin), ("b", Role::User)])]);
    }
    assert_eq!(groups(&desired), ["a-admin+b-user", "a-user", "all-admin"]);
}

#[test]
fn names_of_groups_stay_short_with_many_projects() {
    let projects: Vec<_> = (10..22).map(|number| ProjectId::new(format!("project-{number}"))).collect();
    let mut desired = Desired {
        projects: projects
            .iter()
            .map(|id| (id.clone(), ManagedProject { alias: id.to_string(), name: None }))
            .collect(),
        roles: [(RoleId::new("role_1"), "Campaign manager".to_owned())].into(),
        ..Desired::default()
    };
    let custom = Role::Custom(RoleId::new("role_1"));
    let mut number = 0;
    let mut share = |roles: &dyn Fn(usize) -> Option<Role>| {
        for _ in 0..3 {
            number += 1;
            let email = Email::as_received(&format!("p{number}@x.org"));
            let access =
                projects.iter().enumerate().filter_map(|(n, id)| Some((id.clone(), roles(n)?))).collect();
            let person = Person::new(email.clone(), "A".to_owned(), "B".to_owned(), access);
            desired.people.insert(email, person);
        }
    };
    share(&|_| Some(Role::Viewer));
    share(&|n| Some(if n == 3 { Role::Admin } else { Role::User }));
    share(&|n| (n < 7).then(|| [Role::User, custom.clone()][n % 2].clone()));
    share(&|n| (n < 2).then_some(Role::User));
    share(&|n| (n < 7).then_some(Role::User));
    share(&|n| (n > 4).then_some(Role::User));
    let mut names: Vec<_> = super::super::grouping::groups(&desired).into_values().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "all-viewer",
            "campaign-manager-in-3-projects+user-in-4-projects",
            "project-10-user+project-11-user",
            "project-13-admin+user-in-11-projects",
            "user-in-7-projects",
            "user-in-7-projects-2",
        ]
    );
}
