//! The plan as a pure function: a team file and what is known go in, the text of the plan comes out.

mod base;
mod dates;
mod guards;
mod numbers;
mod page;
mod properties;
mod roles;
mod saved;
mod table;

use std::collections::BTreeMap;

use guestlist::desired::{self, Desired, Terms};
use guestlist::known::{Doubt, Evidence, EvidenceSource, Invitation, Known, Member, RecentWrites};
use guestlist::model::{Access, Email, Endpoint, ProjectId, Role, RoleId, UserId};
use guestlist::plan::{Plan, PlanOptions};
use guestlist::render::{self, Paint, View};
use guestlist::team_file::{self, Problems, Sources};
use jiff::Timestamp;
use jiff::civil::{Date, date};

use crate::scenario::HEAD;

/// The day of every plan here that does not say otherwise.
const TODAY: Date = date(2026, 12, 10);

/// Two projects without people or policy, and what follows on the same lines of the file.
fn team(rest: &str) -> Desired {
    let mut sources = Sources::default();
    let mut problems = Problems::default();
    let id = sources.add("team.yaml", format!("{HEAD}{rest}").into_bytes(), &mut problems);
    let root = team_file::parse_root(&sources, id, &mut problems);
    match desired::resolve(&root, &[], Terms::on(TODAY), problems) {
        Ok(team) => team.desired,
        Err(problems) => panic!("{}", problems.text(&sources, false)),
    }
}

/// What is known, a person a line: `alex@example.com storefront=ADMIN`, with `owner`, `elsewhere`,
/// `address=other@example.com`, `invited=2026-12-01` or `in-flight=2026-12-01` where that is so. `short=loyalty` casts doubt on a list.
fn known(text: &str) -> Known {
    let read_at: Timestamp = "2026-12-10T09:30:00Z".parse().expect("a time");
    let mut known = Known {
        evidence: Evidence { source: EvidenceSource::Live, read_at },
        members: BTreeMap::new(),
        invitations: BTreeMap::new(),
        in_flight: BTreeMap::new(),
        recent: RecentWrites::new(),
        doubts: Vec::new(),
    };
    for (number, line) in text.lines().enumerate() {
        let (mut access, mut owner, mut elsewhere) = (Access::new(), false, false);
        let (mut invited, mut in_flight, mut address) = (None, false, None);
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        if let Some(project) = first.strip_prefix("short=") {
            known.doubts.push(Doubt::Short { project: project_id(project), got: 1, total: 3 });
            continue;
        }
        let email = Email::parse(first).expect("an address");
        for word in words {
            match word.split_once('=') {
                Some((how @ ("invited" | "in-flight"), day)) => {
                    in_flight = how == "in-flight";
                    invited = Some(format!("{day}T23:59:59Z").parse().expect("a day"));
                }
                Some(("address", other)) => address = Some(Email::parse(other).expect("an address")),
                Some((project, role)) => {
                    access.insert(project_id(project), role_of(role));
                }
                None if word == "owner" => owner = true,
                None if word == "elsewhere" => elsewhere = true,
                None => panic!("{word} says nothing"),
            }
        }
        if let Some(sent_at) = invited {
            let invitations = if in_flight { &mut known.in_flight } else { &mut known.invitations };
            invitations.insert(email.clone(), Invitation { email, sent_at, access });
            continue;
        }
        let member = Member {
            id: UserId::new(format!("user_{number}")),
            login: email.clone(),
            email: address,
            first_name: "F".to_owned(),
            last_name: "L".to_owned(),
            access,
            elsewhere,
            is_owner: owner,
        };
        known.members.insert(email, member);
    }
    known
}

fn project_id(alias: &str) -> ProjectId {
    ProjectId::new(match alias {
        "storefront" => "proj_9KeAhZB1",
        "loyalty" => "proj_npnFzPr9",
        id => id,
    })
}

fn role_of(name: &str) -> Role {
    match name {
        "campaign-manager" => Role::Custom(RoleId::new("role_XyZ7aB9cD2eF4gH1iJ0kL5mN6oP8qR3s")),
        id if id.starts_with("role_") => Role::Custom(RoleId::new(id)),
        name => Role::predefined(name).expect("a role"),
    }
}

fn options() -> PlanOptions {
    PlanOptions::new(Endpoint::default(), TODAY)
}

/// The text of the plan without what is the same in each: what it is for, and its id.
fn shown(desired: &Desired, known: &Known, options: &PlanOptions) -> String {
    let plan = Plan::between(desired, known, options);
    let view = View::new(&plan, desired, known, None);
    let text = render::text(&view, Paint { color: false });
    let head = format!(
        "Plan for https://api.voucherify.io on {}; members read live at 09:30:00 UTC\n",
        options.date
    );
    let tail = format!("\nPlan id: {}\n", plan.id);
    let (verdict, rest) = text.split_once(&head).expect("what the plan is for");
    format!("{verdict}{}", rest.strip_suffix(&tail).expect("the id of the plan"))
}

/// Fails unless the plan for what is known reads so.
#[track_caller]
fn check(people_and_policy: &str, known_people: &str, expected: &str) {
    check_with(people_and_policy, known_people, &options(), expected);
}

/// The same, under other options.
#[track_caller]
fn check_with(people_and_policy: &str, known_people: &str, options: &PlanOptions, expected: &str) {
    let got = shown(&team(people_and_policy), &known(known_people), options);
    assert!(got == expected, "--- expected\n{expected}\n--- got\n{got}");
}
