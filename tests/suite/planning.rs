//! The plan as a pure function: a team file and what is known go in, the text of the plan comes out.

mod base;
mod dates;
mod dropped;
mod guards;
mod numbers;
mod page;
mod properties;
mod roles;
mod saved;
mod table;

use guestlist::desired::Desired;
use guestlist::known::{AppliedAccess, Doubt, Invitation, Known, Member};
use guestlist::model::{Access, Email, Endpoint, ProjectId, Role, RoleId};
use guestlist::plan::{Plan, PlanOptions};
use guestlist::render::{self, Paint, View};
use jiff::Timestamp;
use jiff::civil::{Date, date};

use crate::samples;
use crate::scenario::HEAD;

/// The day of every plan here that does not say otherwise.
const TODAY: Date = date(2026, 12, 10);

/// Two projects without people or policy, and what follows on the same lines of the file.
fn team(rest: &str) -> Desired {
    samples::read(&format!("{HEAD}{rest}")).desired
}

/// What is known, a person a line: `alex@example.com storefront=ADMIN`, with `owner`, `elsewhere`,
/// `applied=storefront,loyalty` and, after it, `gave=alex@example.com storefront=USER` are the last applied file.
/// `address=other@example.com`, `invited=2026-12-01` or `in-flight=2026-12-01` where that is so. `short=loyalty` casts doubt on a list.
fn known(text: &str) -> Known {
    let read_at: Timestamp = "2026-12-10T09:30:00Z".parse().expect("a time");
    let mut known = samples::no_one(read_at);
    for (number, line) in text.lines().enumerate() {
        let (mut access, mut owner, mut elsewhere) = (Access::new(), false, false);
        let (mut invited, mut in_flight, mut address) = (None, false, None);
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        if let Some(project) = first.strip_prefix("short=") {
            known.doubts.push(Doubt::Short { project: project_id(project), got: 1, total: 3 });
            continue;
        }
        if let Some(projects) = first.strip_prefix("applied=") {
            let projects = projects.split(',').map(project_id).collect();
            known.applied = Some(AppliedAccess { projects, ..AppliedAccess::default() });
            continue;
        }
        if let (Some(email), Some(applied)) = (first.strip_prefix("gave="), &mut known.applied) {
            let given = words.filter_map(|word| word.split_once('='));
            let given = given.map(|(project, role)| (project_id(project), role_of(role))).collect();
            applied.people.insert(Email::as_received(email), given);
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
        let member = samples::member(format!("user_{number}"), email.clone(), access);
        let member = Member { email: address, elsewhere, is_owner: owner, ..member };
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
    let text = render::text(&view, Paint::PLAIN);
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
