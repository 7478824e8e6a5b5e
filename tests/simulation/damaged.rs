//! Responses that are neither a documented success nor a documented error are never recorded as done.

use guestlist::api::Settings;
use guestlist::ledger::{Action, Meaning};
use guestlist::sandbox::{Behaviour, Organization};

use crate::scene;
use crate::world::World;

const INVITE: &str = "{email: new@example.com, first_name: N, last_name: N, projects: {a: USER}}";
const ASSIGN: &str = "{email: one@example.com, first_name: O, last_name: O, projects: {a: USER, b: USER}}";
const CHANGE: &str = "{email: one@example.com, first_name: O, last_name: O, projects: {a: VIEWER}}";
const UNASSIGN: &str = "{email: two@example.com, first_name: T, last_name: T, projects: {a: USER}}";

/// The meanings of the writing calls of a run in which each of them meets this fault.
async fn meanings(person: &str, fault: &str) -> (Vec<(Action, Option<Meaning>, Option<u16>)>, bool, World) {
    let projects = [("proj_a", "A"), ("proj_b", "B")].map(|(id, name)| (id.to_owned(), name.to_owned()));
    let mut organization = Organization::for_team(projects, []);
    let access = |projects: &[&str]| {
        projects.iter().map(|id| ((*id).to_owned(), "USER".to_owned())).collect::<Vec<_>>()
    };
    assert!(organization.add_member("one@example.com", "O", "O", access(&["proj_a"])));
    assert!(organization.add_member("two@example.com", "T", "T", access(&["proj_a", "proj_b"])));
    let world = World::new(organization, Behaviour::default(), None, Settings::default()).await;
    let desired = scene::read(&format!(
        "version: 1\nprojects: {{a: proj_a, b: proj_b}}\npolicy: {{prune: roles, max_removals: 100%}}\npeople:\n  - {person}\n"
    ));
    world.set_faults(
        ["POST", "PUT", "DELETE"]
            .map(|method| format!("{fault},method={method}").parse().expect("a fault"))
            .into(),
    );
    let turn = world.apply(&desired, None, 1, None).await;
    let success = turn.report.as_ref().is_some_and(guestlist::apply::Report::is_success);
    let ledger = world.ledger("ledger");
    let runs = ledger.log().expect("a ledger");
    let mut meanings = Vec::new();
    for run in runs {
        let run = run.expect("a run");
        meanings.extend(run.entries(None).into_iter().map(|entry| {
            let outcome = entry.outcome.map(|(_, outcome)| outcome);
            (entry.intent.action, outcome.map(|it| it.meaning), outcome.and_then(|it| it.status))
        }));
    }
    (meanings, success, world)
}

#[tokio::test]
async fn no_damaged_answer_is_recorded_as_done() {
    let wholes = ["body=json", "body=html", "body=empty"];
    let successes = [200, 201, 202, 203, 204, 206].map(|status| wholes.map(|body| (status, body)));
    let refusals =
        [400, 404, 405, 409, 410, 418, 422].map(|status| [(status, "body=html"), (status, "body=empty")]);
    let answers = successes.into_iter().flatten().chain(refusals.into_iter().flatten());
    for (status, body) in answers {
        for applied in ["", ",applied"] {
            let fault = format!("{status},{body}{applied}");
            for (person, action, documented) in [
                (INVITE, Action::Invite, 204),
                (ASSIGN, Action::Assign, 200),
                (CHANGE, Action::ChangeRole, 200),
                (UNASSIGN, Action::Unassign, 204),
            ] {
                if status == 204 && documented == 204 {
                    continue;
                }
                let (meanings, success, _) = meanings(person, &fault).await;
                let expected = [(action, Some(Meaning::Unknown), Some(status))];
                assert_eq!(
                    (meanings.as_slice(), success),
                    (expected.as_slice(), false),
                    "{action:?} with {fault}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_answer_about_someone_else_leads_to_no_call_for_them() {
    for (person, action, fault) in [
        (ASSIGN, Action::Assign, "other-user"),
        (ASSIGN, Action::Assign, "no-role"),
        (CHANGE, Action::ChangeRole, "other-user"),
        (CHANGE, Action::ChangeRole, "no-role"),
    ] {
        let (meanings, success, world) = meanings(person, &format!("{fault},times=5")).await;
        let outcome = meanings.last().map(|(action, meaning, _)| (*action, *meaning));
        // The second assign is rejected, and the list shows that the first one was made.
        let is_done = success && outcome == Some((Action::Assign, Some(Meaning::AlreadySo)));
        let is_unknown = !success && outcome == Some((action, Some(Meaning::Unknown)));
        assert!(is_done || is_unknown, "{action:?} with {fault}: {meanings:?}");
        let calls = world.sandbox.log();
        assert!(
            !calls.iter().any(|call| call.path.contains("user_other")),
            "{action:?} with {fault}: {calls:?}"
        );
    }
}

#[tokio::test]
async fn a_removal_answered_with_an_error_object_is_done_already() {
    let (meanings, success, _) = meanings(UNASSIGN, "404").await;
    assert_eq!(meanings, [(Action::Unassign, Some(Meaning::AlreadySo), Some(404))]);
    assert!(success);
}
