//! People for whom the service always fails, and a service that fails for everyone.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use guestlist::api::Settings;
use guestlist::apply::{Ending, Report, Stopped};
use guestlist::sandbox::{Behaviour, LoggedCall, Organization};

use crate::scene;
use crate::world::{Turn, World};

/// Invites `invited` people, whose addresses come first, and removes `leavers` from a project.
async fn apply(invited: usize, leavers: usize, concurrency: usize, faults: &[String]) -> (Turn, World) {
    let projects = ["proj_a", "proj_b"].map(|id| (id.to_owned(), id.to_owned()));
    let mut organization = Organization::for_team(projects, []);
    let mut text = "version: 1\nprojects: {a: proj_a, b: proj_b}\n\
                    policy: {prune: roles, max_removals: 100}\npeople:\n"
        .to_owned();
    for number in 0..invited {
        let _ = writeln!(
            text,
            "  - {{email: new{number:02}@example.com, first_name: N, last_name: N, projects: {{a: USER}}}}"
        );
    }
    for number in 0..leavers {
        let email = format!("old{number:02}@example.com");
        let access =
            [("proj_a", "USER"), ("proj_b", "ADMIN")].map(|(id, role)| (id.to_owned(), role.to_owned()));
        assert!(organization.add_member(&email, "O", "O", access));
        let _ = writeln!(text, "  - {{email: {email}, first_name: O, last_name: O, projects: {{a: USER}}}}");
    }
    let world = World::new(organization, Behaviour::default(), None, Settings::default()).await;
    world.set_faults(faults.iter().map(|fault| fault.parse().expect("a fault")).collect());
    let desired = scene::read(&text);
    let turn = world.apply(&desired, None, concurrency, None).await;
    (turn, world)
}

fn failed(report: &Report) -> Vec<&str> {
    let failed = report.endings.iter().filter(|(_, ending)| matches!(ending, Ending::Failed { .. }));
    failed.map(|(change, _)| change.email().as_str()).collect()
}

#[tokio::test]
async fn five_people_who_always_fail_hold_up_nobody_else() {
    for first in [0, 1, 7, 15] {
        let always: Vec<_> = (first..first + 5).map(|number| format!("new{number:02}@example.com")).collect();
        let faults: Vec<_> = always.iter().map(|email| format!("500,email={email}")).collect();
        for concurrency in [1, 3, 8] {
            let (turn, world) = apply(20, 4, concurrency, &faults).await;
            let report = turn.report.expect("a report");
            assert!(report.stopped.is_none(), "{:?}", report.stopped);
            assert_eq!(failed(&report), always, "{concurrency} at once");
            assert_eq!(report.done(), 15 + 4, "{concurrency} at once: {report:?}");
            let admins = world
                .organization()
                .members()
                .filter(|person| person.projects.contains_key("proj_b"))
                .count();
            assert_eq!(admins, 1, "the owner alone");
        }
    }
}

#[tokio::test]
async fn those_who_always_fail_to_lose_access_hold_up_nobody_either() {
    // Their calls do not name an address, only the user.
    let users: Vec<_> = {
        let (_, world) = apply(0, 9, 1, &["418,method=DELETE".to_owned()]).await;
        let organization = world.organization();
        (0..5)
            .map(|number| {
                organization.person(&format!("old{number:02}@example.com")).expect("one").id.clone()
            })
            .collect()
    };
    let faults: Vec<_> = users.iter().map(|id| format!("503,method=DELETE,path={id}")).collect();
    for concurrency in [1, 8] {
        let (turn, _) = apply(3, 9, concurrency, &faults).await;
        let report = turn.report.expect("a report");
        assert!(report.stopped.is_none(), "{:?}", report.stopped);
        assert_eq!((failed(&report).len(), report.done()), (5, 3 + 4), "{concurrency} at once: {report:?}");
    }
}

#[tokio::test]
async fn a_service_that_is_down_is_not_tried_for_everyone() {
    for concurrency in [1, 8] {
        let (turn, world) =
            apply(40, 4, concurrency, &["503,method=POST".to_owned(), "503,method=DELETE".to_owned()]).await;
        let report = turn.report.expect("a report");
        let Some(Stopped::Down { calls, .. }) = report.stopped else { panic!("{:?}", report.stopped) };
        let tried: BTreeSet<_> = turn.calls.iter().filter_map(LoggedCall::email).collect();
        // Until the fifth call has failed, each worker continues with the next person after a failure.
        assert!(tried.len() <= concurrency + 4 + 3, "{tried:?}");
        assert_eq!((calls as usize, failed(&report).len(), report.done()), (tried.len(), tried.len(), 0));
        assert!(world.clock.slept().as_secs() >= 5);
        if concurrency == 1 {
            assert_eq!(tried.len(), 5 + 3);
        }
        // No one who was not tried is reported as failed.
        let started = report.endings.iter().filter(|(_, ending)| *ending != Ending::NotStarted).count();
        assert_eq!(started, tried.len());
    }
}

#[tokio::test]
async fn a_service_that_comes_back_is_used_again() {
    // Five calls with five attempts each fail, and one probe.
    let (turn, _) = apply(12, 2, 1, &["503,method=POST,times=30".to_owned()]).await;
    let report = turn.report.expect("a report");
    assert!(report.stopped.is_none(), "{:?}", report.stopped);
    assert_eq!((failed(&report).len(), report.done()), (6, 6 + 2));
}

#[tokio::test]
async fn the_rest_of_a_person_at_whom_the_run_paused_is_done_when_the_service_is_back() {
    let ids: Vec<_> = (0..9).map(|number| format!("proj_{number}")).collect();
    let mut organization = Organization::for_team(ids.iter().map(|id| (id.clone(), id.clone())), []);
    assert!(organization.add_member("one@example.com", "O", "O", [(ids[0].clone(), "USER".to_owned())]));
    let projects: Vec<_> = ids.iter().map(|id| format!("{id}: {id}")).collect();
    let access: Vec<_> = ids.iter().map(|id| format!("{id}: USER")).collect();
    let text = format!(
        "version: 1\nprojects: {{{}}}\npeople:\n  - {{email: one@example.com, first_name: O, last_name: O, projects: {{{}}}}}\n",
        projects.join(", "),
        access.join(", ")
    );
    let world = World::new(organization, Behaviour::default(), None, Settings::default()).await;
    world.set_faults(vec!["503,method=POST,times=25".parse().expect("a fault")]);
    let turn = world.apply(&scene::read(&text), None, 8, None).await;
    let report = turn.report.expect("a report");
    assert!(report.stopped.is_none(), "{:?}", report.stopped);
    assert_eq!((failed(&report).len(), report.done()), (5, 3));
}
