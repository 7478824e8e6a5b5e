//! The rules of the lock, each on a folder and in memory, and races that only the store in memory can stage.

use super::*;
use crate::clock::manual::ManualClock;
use crate::ledger::tests::memory::{Content, Memory};
use crate::ledger::tests::{a_run, ledger_in, ledger_on, who};
use crate::ledger::{Ledger, Run};

const NOW: &str = "2026-11-22T12:00:00Z";

/// Runs a test on a new ledger of each kind.
fn on_each_store(test: impl Fn(&Ledger, &ManualClock)) {
    let clock = ManualClock::at(NOW);
    test(&ledger_on(&Memory::default()).with_clock(clock.clone()), &clock);
    let (clock, folder) = (ManualClock::at(NOW), tempfile::tempdir().unwrap());
    test(&ledger_in(folder.path()).with_clock(clock.clone()), &clock);
}

/// The lock of a process that was killed.
fn left_behind(host: &str, renewed: &str) -> LockInfo {
    LockInfo {
        holder: format!("sam on {host}"),
        host: host.to_owned(),
        pid: 7,
        token: "t".to_owned(),
        since: "2026-11-22T11:00:00Z".parse().unwrap(),
        renewed: renewed.parse().unwrap(),
        unlocking: false,
    }
}

fn leave(ledger: &Ledger, lock: &LockInfo) {
    let over = ledger.store.lock().unwrap().map(|found| found.version);
    assert!(matches!(ledger.store.publish(lock, over.as_ref()), Ok(Published::Own(_))));
}

fn someone_else() -> Who {
    Who { user: Some("kim".to_owned()), host: Some("box".to_owned()), ..Who::default() }
}

/// Like `guestlist unlock`, without the record.
fn release(ledger: &Ledger, lock: &LockInfo) -> bool {
    unlock(&ledger.store, lock, &who(), &ledger.clock).unwrap().is_some()
}

fn lost(ledger: &Ledger, by: Option<&str>) -> LedgerError {
    LedgerError::LockLost { ledger: ledger.store.name(), by: by.map(str::to_owned) }
}

fn is_in_use(acquired: &Result<Lock, LedgerError>) -> bool {
    matches!(acquired, Err(LedgerError::InUse(_)))
}

#[test]
fn a_second_run_is_refused_with_the_name_of_the_first() {
    on_each_store(|ledger, clock| {
        let lock = ledger.acquire(&who()).unwrap();
        clock.pass(5);
        lock.held.renew().unwrap();
        let error = ledger.acquire(&who()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the ledger is locked by alex on box (process {}) since 2026-11-22T12:00:00Z, renewed \
                 2026-11-22T12:00:05Z; wait until that run has ended (a lock that is not renewed expires after \
                 60 seconds) or, if you know that it is no longer running, run `guestlist unlock` with the same options",
                std::process::id()
            )
        );
        drop(lock);
        assert_eq!(ledger.lock(), Ok(None));
        ledger.acquire(&who()).unwrap();
    });
}

#[test]
fn time_alone_decides_on_one_machine_as_on_two() {
    for host in ["box", "elsewhere"] {
        for (renewed, has_expired) in [
            ("2026-11-22T11:59:00.000Z", true),
            ("2026-11-22T11:59:00.001Z", false),
            ("2026-11-22T12:00:30.000Z", false),
            ("2036-11-22T12:00:00.000Z", false),
        ] {
            on_each_store(|ledger, _| {
                leave(ledger, &left_behind(host, renewed));
                let acquired = ledger.acquire(&who());
                assert_eq!(acquired.is_ok(), has_expired, "renewed at {renewed} on {host}: {acquired:?}");
            });
        }
    }
}

#[test]
fn a_holder_that_does_not_renew_loses_the_lock_and_learns_to_whom() {
    on_each_store(|ledger, clock| {
        let suspended = ledger.acquire(&who()).unwrap();
        clock.pass(59);
        assert!(is_in_use(&ledger.acquire(&someone_else())));
        clock.pass(1);
        let next = ledger.acquire(&someone_else()).unwrap();
        assert_eq!(suspended.held.ensure(), Err(lost(ledger, Some("kim on box"))));
        drop(next);
        // It stays lost, even when the other run has ended.
        assert_eq!(suspended.held.ensure(), Err(lost(ledger, Some("kim on box"))));
        assert_eq!(
            suspended.held.ensure().unwrap_err().to_string(),
            format!(
                "the lock on the ledger `{}` was taken over by kim on box, so this run makes no further calls; \
                 run again when no other run is in progress",
                ledger.store.name()
            )
        );
    });
}

#[test]
fn a_holder_that_resumes_before_anyone_else_comes_continues() {
    on_each_store(|ledger, clock| {
        let lock = ledger.acquire(&who()).unwrap();
        for seconds in [31, 3600] {
            clock.pass(seconds);
            lock.held.ensure().unwrap();
            assert_eq!(ledger.lock().unwrap().unwrap().renewed, clock.timestamp());
            assert!(is_in_use(&ledger.acquire(&someone_else())));
        }
    });
}

#[test]
fn a_lock_is_renewed_before_use_as_soon_as_either_clock_says_that_it_is_old() {
    for (passed, set_by, is_renewed) in
        [(24, 0, false), (25, 0, true), (40, -39, true), (0, 25, true), (1, -2, true)]
    {
        on_each_store(|ledger, clock| {
            let lock = ledger.acquire(&who()).unwrap();
            let before = clock.timestamp();
            clock.pass(passed);
            clock.set_by(set_by);
            lock.held.ensure().unwrap();
            let expected = if is_renewed { clock.timestamp() } else { before };
            let found = ledger.lock().unwrap().unwrap().renewed;
            assert_eq!(found, expected, "{passed} s passed, clock set by {set_by} s");
        });
    }
}

#[test]
fn a_released_holder_neither_renews_nor_removes_the_next_lock() {
    on_each_store(|ledger, _| {
        let holder = ledger.acquire(&who()).unwrap();
        let released = ledger.lock().unwrap().unwrap();
        assert_eq!(released.holder, "alex on box");
        assert!(release(ledger, &released));
        assert!(!release(ledger, &released));
        assert_eq!(holder.held.ensure(), Err(lost(ledger, None)));
        let next = ledger.acquire(&who()).unwrap();
        // A process that saw the lock before it changed hands releases nothing.
        assert!(!release(ledger, &released));
        let info = ledger.lock().unwrap().unwrap();
        assert_eq!(holder.held.renew(), Err(lost(ledger, None)));
        drop(holder);
        assert_eq!(ledger.lock(), Ok(Some(info)));
        next.held.renew().unwrap();
    });
}

#[test]
fn a_lock_that_was_renewed_since_it_was_shown_is_released() {
    on_each_store(|ledger, clock| {
        let holder = ledger.acquire(&who()).unwrap();
        let shown = ledger.lock().unwrap().unwrap();
        clock.pass(15);
        holder.held.renew().unwrap();
        let unlocking = unlock(&ledger.store, &shown, &someone_else(), &ledger.clock).unwrap().unwrap();
        // While the release is recorded no run starts, and the holder has lost the lock already.
        assert!(is_in_use(&ledger.acquire(&who())));
        assert_eq!(holder.held.ensure(), Err(lost(ledger, None)));
        drop(unlocking);
        assert_eq!(ledger.lock(), Ok(None));
    });
}

#[test]
fn of_many_who_find_an_expired_lock_one_takes_it() {
    for _ in 0..20 {
        on_each_store(|ledger, _| {
            leave(ledger, &left_behind("box", "2026-11-22T11:59:00Z"));
            let acquired: Vec<_> = std::thread::scope(|scope| {
                let takers: Vec<_> = (0..8).map(|_| scope.spawn(|| ledger.acquire(&who()))).collect();
                takers.into_iter().map(|taker| taker.join().unwrap()).collect()
            });
            let holders: Vec<_> = acquired.iter().filter_map(|acquired| acquired.as_ref().ok()).collect();
            assert_eq!(holders.len(), 1, "{acquired:?}");
            holders[0].held.renew().unwrap();
        });
    }
}

#[test]
fn of_a_holder_that_resumes_and_a_run_that_takes_over_at_most_one_continues() {
    for _ in 0..50 {
        on_each_store(|ledger, clock| {
            let holder = ledger.acquire(&who()).unwrap();
            clock.pass(60);
            let next = std::thread::scope(|scope| {
                let taker = scope.spawn(|| ledger.acquire(&someone_else()));
                let _ = holder.held.ensure();
                taker.join().unwrap()
            });
            let continues = [holder.held.ensure().is_ok(), next.is_ok_and(|next| next.held.ensure().is_ok())];
            assert_ne!(continues, [true, true]);
        });
    }
}

/// A ledger in memory with a clock.
fn in_memory() -> (Memory, Ledger, Arc<ManualClock>) {
    let (memory, clock) = (Memory::default(), ManualClock::at(NOW));
    (memory.clone(), ledger_on(&memory).with_clock(clock.clone()), clock)
}

#[test]
fn a_run_that_is_overtaken_while_it_acquires_the_lock_is_refused() {
    let other = |content: &mut Content| content.set_lock(Some(left_behind("elsewhere", NOW)));
    // Between looking and publishing, with no lock and with an expired one; and after removing the expired
    // one.
    for (expired, before_change, before_publish) in
        [(false, Some(other as _), None), (true, Some(other as _), None), (true, None, Some(other as _))]
    {
        let (memory, ledger, _) = in_memory();
        if expired {
            leave(&ledger, &left_behind("box", "2026-11-22T11:00:00Z"));
        }
        memory.content().before_change = before_change;
        memory.content().before_publish = before_publish;
        let refused = ledger.acquire(&who()).map(drop);
        assert_eq!(refused, Err(LedgerError::InUse(Box::new(left_behind("elsewhere", NOW)))));
    }
}

#[test]
fn a_lock_that_never_stops_changing_is_given_up_on() {
    fn again(content: &mut Content) {
        content.set_lock(Some(left_behind("elsewhere", "2026-11-22T11:00:00Z")));
        content.before_change = Some(again);
    }
    let (memory, ledger, _) = in_memory();
    memory.content().before_change = Some(again);
    let refused = ledger.acquire(&who()).map(drop);
    assert_eq!(refused, Err(LedgerError::Contended));
    let lock = ledger.lock().unwrap().unwrap();
    assert_eq!(ledger.unlock(&lock, a_run("sandbox")), Err(LedgerError::Contended));
}

#[test]
fn a_lock_that_is_taken_over_during_its_renewal_is_lost() {
    for (event, by) in [
        (
            (|content: &mut Content| content.set_lock(Some(left_behind("elsewhere", NOW))))
                as fn(&mut Content),
            Some("sam on elsewhere"),
        ),
        (|content| content.set_lock(None), None),
        (
            |content| {
                let lock = left_behind("elsewhere", NOW);
                content.set_lock(Some(LockInfo { unlocking: true, ..lock }));
            },
            None,
        ),
    ] {
        let (memory, ledger, clock) = in_memory();
        let lock = ledger.acquire(&who()).unwrap();
        let found = |memory: &Memory| memory.content().lock.clone().map(|(_, lock)| lock);
        let first = found(&memory).unwrap();
        clock.pass(30);
        memory.content().before_change = Some(event);
        assert_eq!(lock.held.ensure(), Err(lost(&ledger, by)));
        // The renewal wrote nothing, and the lock stays lost when everyone else has gone.
        assert_ne!(found(&memory).map(|lock| lock.token), Some(first.token.clone()));
        memory.content().set_lock(Some(first));
        assert_eq!(lock.held.ensure(), Err(lost(&ledger, by)));
    }
}

#[test]
fn a_release_is_recorded_even_if_another_run_takes_the_lock_at_once() {
    let (memory, ledger, _) = in_memory();
    let holder = ledger.acquire(&who()).unwrap();
    let shown = ledger.lock().unwrap().unwrap();
    memory.content().before_publish = Some(|content| content.set_lock(Some(left_behind("elsewhere", NOW))));
    let run = Run::new("unlock", someone_else(), crate::model::Endpoint::sandbox(), None);
    assert_eq!(ledger.unlock(&shown, run), Ok(true));
    assert_eq!(ledger.lock(), Ok(Some(left_behind("elsewhere", NOW))));
    assert_eq!(holder.held.ensure(), Err(lost(&ledger, Some("sam on elsewhere"))));
    let logged = ledger.log().unwrap().next().unwrap().unwrap();
    assert_eq!(logged.run().unwrap().1.released, Some(shown.to_string()));
}
