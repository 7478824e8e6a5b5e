//! The rate limit is used fully, and 429 responses are the exception.

use std::fmt::Write as _;
use std::time::Duration;

use guestlist::api::Settings;
use guestlist::apply::{Ending, Stopped};
use guestlist::desired::Desired;
use guestlist::sandbox::{Behaviour, Organization, RateLimit};

use crate::scene;
use crate::world::{Turn, World};

/// One project, which two calls read, and a number of people to invite.
async fn invite(people: usize, limit: Option<RateLimit>, concurrency: usize) -> (Turn, Duration) {
    let organization = Organization::for_team([("proj_a".to_owned(), "A".to_owned())], []);
    let world = World::new(organization, Behaviour::default(), limit, Settings::default()).await;
    let turn = world.apply(&team(people), None, concurrency, None).await;
    assert!(turn.report.as_ref().is_some_and(guestlist::apply::Report::is_success), "{:?}", turn.report);
    (turn, world.clock.slept())
}

fn team(people: usize) -> Desired {
    let mut text = "version: 1\nprojects: {a: proj_a}\npeople:\n".to_owned();
    for number in 0..people {
        let _ = writeln!(
            text,
            "  - {{email: person{number}@example.com, first_name: A, last_name: B, projects: {{a: USER}}}}"
        );
    }
    scene::read(&text)
}

fn refused(turn: &Turn) -> usize {
    turn.calls.iter().filter(|call| call.status == Some(429)).count()
}

#[tokio::test]
async fn three_hundred_calls_take_as_long_as_the_limit_makes_them() {
    let limit = RateLimit { calls: 100, period: Duration::from_secs(6) };
    for concurrency in [1, 8, 64] {
        let (turn, waited) = invite(298, Some(limit), concurrency).await;
        // The first hundred calls start the first window, and the third hundred wait for the third one.
        assert!(waited <= Duration::from_millis(12_600), "{waited:?} with {concurrency} at once");
        assert!(refused(&turn) <= 2, "{} times 429 with {concurrency} at once", refused(&turn));
    }
}

#[tokio::test]
async fn nobody_waits_where_no_limit_is_named() {
    let (turn, waited) = invite(298, None, 8).await;
    assert_eq!((waited, refused(&turn), turn.calls.len()), (Duration::ZERO, 0, 300));
}

#[tokio::test]
async fn nobody_waits_before_the_limit_is_reached() {
    // While calls are left, the service names the present second as the time of the next call.
    let limit = RateLimit { calls: 300, period: Duration::from_secs(60) };
    let (turn, waited) = invite(298, Some(limit), 8).await;
    assert_eq!((waited, refused(&turn), turn.calls.len()), (Duration::ZERO, 0, 300));
}

#[tokio::test]
async fn a_call_is_recorded_after_the_wait_for_the_rate_limit_and_takes_its_own_time() {
    let limit = RateLimit { calls: 10, period: Duration::from_secs(60) };
    let organization = Organization::for_team([("proj_a".to_owned(), "A".to_owned())], []);
    let world = World::new(organization, Behaviour::default(), Some(limit), Settings::default()).await;
    let turn = world.apply(&team(28), None, 4, None).await;
    assert!(turn.report.as_ref().is_some_and(guestlist::apply::Report::is_success), "{:?}", turn.report);
    let ledger = world.ledger("ledger");
    let mut runs = ledger.log().expect("a ledger");
    let run = runs.next().expect("a run").expect("a run");
    let (started, _) = run.run().expect("a start");
    let mut windows = [0; 3];
    for entry in run.entries(None) {
        let (_, outcome) = entry.outcome.expect("an outcome");
        assert!(outcome.millis < 1000, "{outcome:?}");
        let passed = entry.at.duration_since(started).as_secs();
        windows[usize::try_from(passed / 58).expect("a window")] += 1;
    }
    // Two calls read, so the first window has eight calls left.
    assert_eq!(windows, [8, 10, 10]);
}

#[tokio::test]
async fn a_service_that_names_too_late_a_time_stops_the_run_and_fails_nobody() {
    let limit = RateLimit { calls: 20, period: Duration::from_secs(3600) };
    let organization = Organization::for_team([("proj_a".to_owned(), "A".to_owned())], []);
    for concurrency in [1, 8] {
        let world =
            World::new(organization.clone(), Behaviour::default(), Some(limit), Settings::default()).await;
        let turn = world.apply(&team(40), None, concurrency, None).await;
        let report = turn.report.expect("a report");
        let endings =
            |ending: fn(&Ending) -> bool| report.endings.iter().filter(|(_, it)| ending(it)).count();
        assert!(matches!(report.stopped, Some(Stopped::Service(_))), "{:?}", report.stopped);
        assert_eq!(endings(|ending| matches!(ending, Ending::Done(_))), 18);
        assert_eq!(endings(|ending| *ending == Ending::NotStarted), 22);
        // Calls that were not sent are not recorded.
        assert_eq!((turn.intents.len(), turn.calls.len()), (18, 20));
        // An hour later, the plan has an estimate for the rest, and the run waits for it.
        world.clock.pass(Duration::from_secs(3600));
        let turn = world.apply(&team(40), None, concurrency, None).await;
        assert_eq!(turn.report.expect("a report").done(), 18);
    }
}

#[tokio::test]
async fn a_run_waits_as_long_as_its_plan_said() {
    // A window of half an hour that is used up when the plan is made, so the estimate includes it.
    let limit = RateLimit { calls: 2, period: Duration::from_secs(30 * 60) };
    let (turn, waited) = invite(6, Some(limit), 4).await;
    assert_eq!(turn.report.expect("a report").done(), 6);
    assert!(waited >= Duration::from_secs(89 * 60), "{waited:?}");
}
