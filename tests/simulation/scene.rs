//! Random organizations, team files and faults: everything that a seed decides on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use fastrand::Rng;
use guestlist::desired::{self, Desired};
use guestlist::sandbox::{
    AssignAgain, AssignPending, Behaviour, DEFAULT_OWNER, Fault, Organization, Paging, RateLimit,
    SecondInvitation,
};
use guestlist::team_file::{Problems, Sources, parse_root};
use serde_json::{Value, json};

/// The managed projects.
pub(crate) const MANAGED: [&str; 3] = ["proj_a", "proj_b", "proj_c"];
const UNMANAGED: &str = "proj_z";
const ROLES: [&str; 5] = ["ADMIN", "ADMIN", "USER", "VIEWER", "role_x"];
const PEOPLE: usize = 9;

fn address(number: usize) -> String {
    // Spelled differently from the team file, but the same person.
    if number == 0 { "Person0@Example.com".to_owned() } else { format!("person{number}@example.com") }
}

fn role(random: &mut Rng) -> String {
    random.choice(ROLES).unwrap_or("USER").to_owned()
}

fn some_access(random: &mut Rng, projects: &[&str]) -> BTreeMap<String, String> {
    let mut access = BTreeMap::new();
    while access.is_empty() {
        for project in projects {
            if random.u8(..100) < 45 {
                access.insert((*project).to_owned(), role(random));
            }
        }
    }
    access
}

/// An organization with members, people elsewhere, and invitations that are not in the ledger.
pub(crate) fn organization(random: &mut Rng) -> Organization {
    let everything = [&MANAGED[..], &[UNMANAGED]].concat();
    let projects = everything.iter().map(|id| ((*id).to_owned(), id.to_uppercase()));
    let mut organization = Organization::for_team(projects, ["role_x".to_owned()]);
    if random.bool() {
        organization = without_owner(&organization, random);
    }
    for number in 0..PEOPLE {
        let email = address(number);
        let _ = match random.u8(..10) {
            0..5 => organization.add_member(&email, "Mem", "Ber", some_access(random, &everything)),
            5 => organization.add_elsewhere(&email, "Else", "Where"),
            6 => {
                let invitation = json!({
                    "email": email, "first_name": "In", "last_name": "Vited",
                    "projects": some_access(random, &MANAGED),
                });
                organization.invite(&invitation, Behaviour::default()).is_ok()
            }
            _ => false,
        };
    }
    organization
}

/// Turns the owner into an ordinary member with only an unmanaged project.
fn without_owner(organization: &Organization, random: &mut Rng) -> Organization {
    let mut state = serde_json::to_value(organization).expect("an organization is JSON");
    for person in state["people"].as_object_mut().expect("people").values_mut() {
        if person["login"] == DEFAULT_OWNER {
            person["is_owner"] = Value::Bool(false);
            person["projects"] = json!(some_access(random, &[UNMANAGED]));
        }
    }
    serde_json::from_value(state).expect("an organization again")
}

/// One of the behaviors that the documentation leaves open.
pub(crate) fn behaviour(random: &mut Rng) -> Behaviour {
    Behaviour {
        pending_shows: random.u8(..4) == 0,
        second_invitation: pick(random, [SecondInvitation::Refused, SecondInvitation::SentAgain]),
        paging: pick(random, [Paging::Honoured, Paging::Ignored]),
        assign_again: pick(random, [AssignAgain::Refused, AssignAgain::KeepsRole, AssignAgain::TakesRole]),
        assign_pending: pick(random, [AssignPending::NotFound, AssignPending::NotActive]),
    }
}

/// No rate limit, a high one, or one that every run reaches.
pub(crate) fn limit(random: &mut Rng) -> Option<RateLimit> {
    match random.u8(..4) {
        0 => None,
        1 => Some(RateLimit { calls: random.u64(1..12), period: Duration::from_secs(random.u64(1..60)) }),
        _ => Some(RateLimit::default()),
    }
}

/// A team file with a policy, and its desired state.
pub(crate) fn team(random: &mut Rng) -> (String, Desired) {
    let prune = pick(random, ["none", "roles", "people", "people"]);
    let max_removals = pick(random, ["0%", "10%", "50%", "1", "4", "100"]);
    let keep_admins = pick(random, [0, 1, 1, 2]);
    let protect = if random.u8(..4) == 0 { "person8@*" } else { "*@agency.example" };
    let mut text = format!(
        "version: 1\nprojects: {{a: proj_a, b: proj_b, c: proj_c}}\nroles: {{special: role_x}}\n\
         policy: {{prune: {prune}, max_removals: {max_removals}, keep_admins: {keep_admins}, protect: [\"{protect}\"]}}\n\
         people:\n"
    );
    let share = random.u8(20..100);
    let listed: Vec<_> = (0..PEOPLE - 1).filter(|_| random.u8(..100) < share).collect();
    if listed.is_empty() {
        text.truncate(text.len() - 1);
        text.push_str(" []\n");
    }
    for number in listed {
        let access: Vec<_> =
            some_access(random, &MANAGED).iter().map(|(id, role)| format!("{id}: {role}")).collect();
        let dates = match random.u8(..12) {
            0 => ", until: 2020-01-31",
            1 => ", from: 2099-01-01",
            _ => "",
        };
        let _ = writeln!(
            text,
            "  - {{email: person{number}@example.com, first_name: Per, last_name: Son, projects: {{{}}}{dates}}}",
            access.join(", ")
        );
    }
    let desired = read(&text);
    (text, desired)
}

/// The desired state of a team file.
pub(crate) fn read(text: &str) -> Desired {
    let (mut sources, mut problems) = (Sources::default(), Problems::default());
    let id = sources.add("team.yaml", text.as_bytes().to_vec(), &mut problems);
    let root = parse_root(&sources, id, &mut problems);
    match desired::resolve(&root, &[], desired::Terms::on(jiff::civil::date(2026, 12, 10)), problems) {
        Ok(team) => team.desired,
        Err(problems) => panic!("{}\n{text}", problems.text(&sources, false)),
    }
}

/// The faults of one run.
pub(crate) fn faults(random: &mut Rng) -> Vec<Fault> {
    let orders: Vec<_> = (0..random.u8(..4)).map(|_| fault(random)).collect();
    orders.iter().map(|order| order.parse().unwrap_or_else(|error| panic!("{order}: {error}"))).collect()
}

fn fault(random: &mut Rng) -> String {
    let kind = match random.u8(..23) {
        0 => "429".to_owned(),
        1 => format!("429,retry-after={}", random.u8(..90)),
        2 => "429,limit-type=api_calls_cycle".to_owned(),
        3..6 => format!(
            "{},body={}{}",
            pick(random, [500, 502, 503, 504]),
            pick(random, ["json", "html", "empty"]),
            pick(random, ["", ",applied"])
        ),
        6 => "truncate".to_owned(),
        7 => "not-json".to_owned(),
        8..10 => "close-before".to_owned(),
        10..13 => "close-after".to_owned(),
        13 => "redirect".to_owned(),
        14 => format!("{}", pick(random, [401, 402, 403, 418])),
        15 => format!("short-list,drop={}", random.u8(1..4)),
        16 => "empty-list".to_owned(),
        17..19 => format!("lag,calls={}", random.u8(1..12)),
        19 => "hostile-names".to_owned(),
        // Someone's grant fails.
        _ => "418,method=POST".to_owned(),
    };
    let whom = match random.u8(..4) {
        0 if !["list", "lag", "method"].iter().any(|word| kind.contains(word)) => {
            pick(random, [",method=POST", ",method=PUT", ",method=DELETE"])
        }
        _ => "",
    };
    let seed = random.u32(..);
    match random.u8(..3) {
        0 => format!("{kind}{whom},at={}", random.u8(1..25)),
        1 => format!("{kind}{whom},probability=0.{},seed={seed}", random.u8(1..6)),
        _ => format!("{kind}{whom},at={},times={}", random.u8(1..20), random.u8(1..8)),
    }
}

/// Changes between two runs: some people accept, and someone works in the dashboard.
pub(crate) fn meanwhile(random: &mut Rng, organization: &mut Organization) {
    let waiting: Vec<_> = organization.invited().map(|person| person.login.clone()).collect();
    for login in waiting {
        if random.bool() {
            organization.accept(login.as_str());
        }
    }
    if random.u8(..3) == 0 {
        let body = json!({"login": address(random.usize(..PEOPLE)), "role": role(random)});
        let project = pick(random, MANAGED);
        let _ = organization.assign(project, &body, Behaviour::default());
    }
    if random.u8(..3) == 0 {
        let member = organization.members().nth(random.usize(..PEOPLE)).cloned();
        if let Some(member) = member {
            let body = json!({"role": role(random)});
            let _ = organization.change_role(pick(random, MANAGED), &member.id, &body, Behaviour::default());
        }
    }
}

pub(crate) fn pick<T: Copy, const N: usize>(random: &mut Rng, choices: [T; N]) -> T {
    choices[random.usize(..N)]
}
