//! A run that has lost its lock sends nothing more, whatever it was waiting for.

use std::fmt::Write as _;

use guestlist::api::Settings;
use guestlist::apply::{Ending, Stopped};
use guestlist::ledger::{LedgerError, Run, Who};
use guestlist::model::Endpoint;
use guestlist::sandbox::{Behaviour, Organization, RateLimit};

use crate::scene;
use crate::world::World;

/// Applies three invitations, one at a time, and releases the lock during the first wait. Returns the
/// statuses of the writing calls, and how the changes ended.
async fn released_while_waiting(
    fault: Option<&str>,
    limit: Option<RateLimit>,
) -> (Vec<Option<u16>>, Vec<Ending>) {
    let organization = Organization::for_team([("proj_a".to_owned(), "A".to_owned())], []);
    let world = World::new(organization, Behaviour::default(), limit, Settings::default()).await;
    world.set_faults(fault.iter().map(|fault| fault.parse().expect("a fault")).collect());
    let mut text = "version: 1\nprojects: {a: proj_a}\npeople:\n".to_owned();
    for number in 0..3 {
        let _ = writeln!(
            text,
            "  - {{email: p{number}@example.com, first_name: P, last_name: P, projects: {{a: ADMIN}}}}"
        );
    }
    let ledger = world.ledger("ledger");
    world.clock.at_next_sleep(move || {
        let lock = ledger.lock().expect("a ledger").expect("a lock");
        let run = Run::new("unlock", Who::default(), Endpoint::sandbox(), None);
        assert!(ledger.unlock(&lock, run).expect("a ledger"));
    });
    let turn = world.apply(&scene::read(&text), None, 1, None).await;
    // The end of the run cannot be recorded either.
    assert!(turn.error.is_some(), "{turn:?}", turn = turn.report);
    let report = world.last_report();
    assert!(
        matches!(report.stopped, Some(Stopped::Ledger(LedgerError::LockLost { by: None, .. }))),
        "{report:?}"
    );
    let writes = turn.calls.iter().filter(|call| call.writes()).map(|call| call.status);
    (writes.collect(), report.endings.into_iter().map(|(_, ending)| ending).collect())
}

#[tokio::test]
async fn nothing_is_sent_after_a_wait_in_which_the_lock_was_released() {
    let none_started = [Ending::NotStarted, Ending::NotStarted, Ending::NotStarted];
    // Rejected by the rate limit: nothing was done for anyone.
    let (writes, endings) = released_while_waiting(Some("429,retry-after=6,method=POST"), None).await;
    assert_eq!((writes.as_slice(), endings.as_slice()), ([Some(429)].as_slice(), none_started.as_slice()));
    // Waiting for the end of the window, before the call was recorded. Two calls were made to read.
    let limit = RateLimit { calls: 2, period: std::time::Duration::from_secs(60) };
    let (writes, endings) = released_while_waiting(None, Some(limit)).await;
    assert_eq!((writes.as_slice(), endings.as_slice()), ([].as_slice(), none_started.as_slice()));
    // Between two attempts: the first one may have been processed, so that person failed.
    for fault in ["503,retry-after=6,method=POST", "500,method=POST", "close-after,method=POST"] {
        let (writes, endings) = released_while_waiting(Some(fault), None).await;
        assert_eq!(writes.len(), 1, "{fault}: {writes:?}");
        assert!(matches!(endings[0], Ending::Failed { .. }), "{fault}: {endings:?}");
        assert_eq!(endings[1..], none_started[1..], "{fault}");
    }
}

/// What happens to the lock while the run waits.
#[derive(Clone, Copy, PartialEq, Debug)]
enum LockLoss {
    /// `guestlist unlock`.
    Released,
    /// The file is removed.
    Removed,
    /// The process is suspended until the lock has expired, and another run acquires it.
    TakenOver,
    /// The process is suspended until the lock has expired, and no one acquires it.
    Expired,
}

#[tokio::test]
async fn at_every_call_of_a_run_a_lost_lock_ends_it_and_an_expired_one_is_renewed() {
    for event in [LockLoss::Released, LockLoss::Removed, LockLoss::TakenOver, LockLoss::Expired] {
        for call in 1..=3 {
            let organization = Organization::for_team([("proj_a".to_owned(), "A".to_owned())], []);
            let world = World::new(organization, Behaviour::default(), None, Settings::default()).await;
            let fault = format!("503,retry-after=6,method=POST,email=p{}@example.com,times=1", call - 1);
            world.set_faults(vec![fault.parse().expect("a fault")]);
            let mut text = "version: 1\nprojects: {a: proj_a}\npeople:\n".to_owned();
            for number in 0..3 {
                let _ = writeln!(
                    text,
                    "  - {{email: p{number}@example.com, first_name: P, last_name: P, projects: {{a: USER}}}}"
                );
            }
            let (ledger, clock) = (world.ledger("ledger"), std::sync::Arc::clone(&world.clock));
            let path = world.path("ledger").join("lease.json");
            let next = std::sync::Arc::new(std::sync::Mutex::new(None));
            let taken = std::sync::Arc::clone(&next);
            world.clock.at_next_sleep(move || {
                let lock = ledger.lock().expect("a ledger").expect("a lock");
                match event {
                    LockLoss::Released => {
                        let run = Run::new("unlock", Who::default(), Endpoint::sandbox(), None);
                        assert!(ledger.unlock(&lock, run).expect("a ledger"));
                    }
                    LockLoss::Removed => {
                        std::fs::remove_file(&path).expect("a lock");
                    }
                    LockLoss::TakenOver | LockLoss::Expired => clock.pass(std::time::Duration::from_secs(60)),
                }
                if event == LockLoss::TakenOver {
                    let who = Who { user: Some("kim".to_owned()), ..Who::default() };
                    *taken.lock().expect("no panic") = Some(ledger.acquire(&who).expect("a lock"));
                }
            });
            let turn = world.apply(&scene::read(&text), None, 1, None).await;
            let writes = turn.calls.iter().filter(|call| call.writes()).count();
            if event == LockLoss::Expired {
                assert_eq!((writes, turn.error), (4, None), "{event:?} at {call}");
                continue;
            }
            assert_eq!(writes, call, "{event:?} at {call}");
            let by = (event == LockLoss::TakenOver).then(|| "kim".to_owned());
            match world.last_report().stopped {
                Some(Stopped::Ledger(LedgerError::LockLost { by: told, .. })) => assert_eq!(told, by),
                other => panic!("{event:?} at {call}: {other:?}"),
            }
        }
    }
}
