//! The rate limit is used to the full, and 429s are the exception.

use std::fmt::Write as _;
use std::time::Duration;

use guestlist::api::Settings;
use guestlist::sandbox::{Behaviour, Organization, RateLimit};

use crate::scene;
use crate::world::{Turn, World};

/// One project, so that two calls read it, and so many people to invite.
async fn invite(people: usize, limit: Option<RateLimit>, concurrency: usize) -> (Turn, Duration) {
    let organization = Organization::for_team([("proj_a".to_owned(), "A".to_owned())], []);
    let world = World::new(organization, Behaviour::default(), limit, Settings::default()).await;
    let mut text = "version: 1\nprojects: {a: proj_a}\npeople:\n".to_owned();
    for number in 0..people {
        let _ = writeln!(
            text,
            "  - {{email: person{number}@example.com, first_name: A, last_name: B, projects: {{a: USER}}}}"
        );
    }
    let desired = scene::read(&text);
    let turn = world.apply(&desired, None, concurrency, None).await;
    assert!(turn.report.as_ref().is_some_and(guestlist::apply::Report::is_success), "{:?}", turn.report);
    (turn, world.clock.waited())
}

fn refused(turn: &Turn) -> usize {
    turn.calls.iter().filter(|call| call.status == Some(429)).count()
}

#[tokio::test]
async fn three_hundred_calls_take_as_long_as_the_limit_makes_them() {
    let limit = RateLimit { calls: 100, period: Duration::from_secs(6) };
    for concurrency in [1, 8, 64] {
        let (turn, waited) = invite(298, Some(limit), concurrency).await;
        // The first hundred calls begin the first window, and the third hundred wait for the third.
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
    // While calls are left the service names the present second as that of the next call.
    let limit = RateLimit { calls: 300, period: Duration::from_mins(1) };
    let (turn, waited) = invite(298, Some(limit), 8).await;
    assert_eq!((waited, refused(&turn), turn.calls.len()), (Duration::ZERO, 0, 300));
}
