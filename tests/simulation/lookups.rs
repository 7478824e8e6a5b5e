//! The cost of many people who were invited before, without a ledger that knows it.

use std::fmt::Write as _;

use guestlist::api::Settings;
use guestlist::ledger::Meaning;
use guestlist::sandbox::{AssignPending, Behaviour, Organization};
use serde_json::json;

use crate::scene;
use crate::world::World;

const PEOPLE: usize = 500;
const PROJECTS: [&str; 3] = ["proj_a", "proj_b", "proj_c"];

#[tokio::test]
async fn one_reading_of_a_project_serves_everyone_who_waits_for_it() {
    for (assign_pending, assigns) in
        [(AssignPending::NotFound, 1), (AssignPending::NotActive, PROJECTS.len())]
    {
        let behaviour = Behaviour { assign_pending, ..Behaviour::default() };
        let mut organization = Organization::for_team(PROJECTS.map(|id| (id.to_owned(), id.to_owned())), []);
        // Enough members for three pages.
        for number in 0..250 {
            let access = PROJECTS.map(|id| (id.to_owned(), "USER".to_owned()));
            assert!(organization.add_member(&format!("member{number}@example.com"), "M", "M", access));
        }
        let mut text = "version: 1\nprojects: {a: proj_a, b: proj_b, c: proj_c}\npeople:\n".to_owned();
        for number in 0..PEOPLE {
            let email = format!("person{number}@example.com");
            let projects = json!({"proj_a": "USER", "proj_b": "USER", "proj_c": "USER"});
            let body = json!({"email": email, "first_name": "P", "last_name": "P", "projects": projects});
            organization.invite(&body, behaviour).expect("an invitation");
            let _ = writeln!(
                text,
                "  - {{email: {email}, first_name: P, last_name: P, projects: {{a: USER, b: USER, c: USER}}}}"
            );
        }
        let world = World::new(organization, behaviour, None, Settings::default()).await;
        let desired = scene::read(&text);
        let turn = world.apply(&desired, None, 8, None).await;
        let report = turn.report.expect("a report");
        assert!(report.is_success(), "{report:?}");
        assert_eq!(report.counts().get(&Meaning::AlreadyInvited), Some(&(PEOPLE as u64)));
        let writes = turn.calls.iter().filter(|call| call.writes()).count();
        assert_eq!(writes, PEOPLE * (1 + assigns), "{assign_pending:?}");
        // Three pages of each project for the plan, and a few times more for everyone together.
        let reads = turn.calls.len() - writes;
        let (pages, rounds) = (3 * PROJECTS.len(), 1 + 2);
        assert!(reads <= 1 + pages * rounds, "{reads} reads with {assign_pending:?}");
        // The ledger knows every project that they are invited to.
        let out = world.view().invitations(None).out;
        assert_eq!(out.len(), PEOPLE);
        assert!(out.values().all(|invitation| invitation.access.len() == PROJECTS.len()));
        let turn = world.apply(&desired, None, 8, None).await;
        assert_eq!(turn.plan.expect("a plan").changes, []);
    }
}
