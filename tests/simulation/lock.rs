//! A run whose lock was released sends nothing more, whatever it was waiting for.

use std::fmt::Write as _;

use guestlist::api::Settings;
use guestlist::apply::{Ending, Stopped};
use guestlist::identity::Endpoint;
use guestlist::ledger::{LedgerError, Run, Who};
use guestlist::sandbox::{Behaviour, Organization, RateLimit};

use crate::scene;
use crate::world::World;

/// Applies three invitations, one at a time; at the first wait the lock is released by hand. What the
/// writing calls were answered, and how the changes ended.
async fn released_while_waiting(
    fault: Option<&str>,
    limit: Option<RateLimit>,
) -> (Vec<Option<u16>>, Vec<Ending>) {
    let organization = Organization::for_team([("proj_a".to_owned(), "A".to_owned())], []);
    let world = World::new(organization, Behaviour::default(), limit, Settings::default()).await;
    world.order(fault.iter().map(|fault| fault.parse().expect("a fault")).collect());
    let mut text = "version: 1\nprojects: {a: proj_a}\npeople:\n".to_owned();
    for number in 0..3 {
        let _ = writeln!(
            text,
            "  - {{email: p{number}@example.com, first_name: P, last_name: P, projects: {{a: ADMIN}}}}"
        );
    }
    let (ledger, clock) = (world.ledger("ledger"), std::sync::Arc::clone(&world.clock));
    world.clock.at_next_wait(move || {
        let now = clock.for_ledger()();
        let lease = ledger.lease(now).expect("a ledger").expect("a lock");
        let run = Run::new("unlock", Who::default(), Endpoint::sandbox(), None);
        assert!(ledger.unlock(&lease, run, &clock.for_ledger()).expect("a ledger"));
    });
    let turn = world.apply(&scene::read(&text), None, 1, None).await;
    // The end of the run cannot be recorded either.
    assert!(turn.error.is_some(), "{turn:?}", turn = turn.report);
    let report = world.last_report();
    assert!(
        matches!(report.stopped, Some(Stopped::Ledger(LedgerError::LeaseLost { by: None, .. }))),
        "{report:?}"
    );
    let writes = turn.calls.iter().filter(|call| call.writes()).map(|call| call.status);
    (writes.collect(), report.endings.into_iter().map(|(_, ending)| ending).collect())
}

#[tokio::test]
async fn nothing_is_sent_after_a_wait_in_which_the_lock_was_released() {
    let none_started = [Ending::NotStarted, Ending::NotStarted, Ending::NotStarted];
    // Refused by the rate limit: nothing was done for anyone.
    let (writes, endings) = released_while_waiting(Some("429,retry-after=6,method=POST"), None).await;
    assert_eq!((writes.as_slice(), endings.as_slice()), ([Some(429)].as_slice(), none_started.as_slice()));
    // Waiting for the window to end, before the call was recorded. Two calls read.
    let limit = RateLimit { calls: 2, period: std::time::Duration::from_mins(1) };
    let (writes, endings) = released_while_waiting(None, Some(limit)).await;
    assert_eq!((writes.as_slice(), endings.as_slice()), ([].as_slice(), none_started.as_slice()));
    // Between repeats the first attempt may have had its effect, so that person failed.
    for fault in ["503,retry-after=6,method=POST", "500,method=POST", "close-after,method=POST"] {
        let (writes, endings) = released_while_waiting(Some(fault), None).await;
        assert_eq!(writes.len(), 1, "{fault}: {writes:?}");
        assert!(matches!(endings[0], Ending::Failed { .. }), "{fault}: {endings:?}");
        assert_eq!(endings[1..], none_started[1..], "{fault}");
    }
}
