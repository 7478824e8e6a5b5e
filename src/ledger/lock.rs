//! The lock: one run at a time writes to a ledger.
//!
//! `lease.json` names the holder. Whoever creates the file holds the lock and renews it; time alone
//! decides when it is free. Renewing writes into that very file, so it can never overwrite the lock of
//! another run; the path then shows whether there is one.

use std::fmt;
use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::error::LedgerError;
use super::folder::{Folder, Stamp};
use super::lock_file::{FILE, Found, LockInfo, is_lock, set_aside, to_bytes};
use super::record::{Who, to_the_millisecond};
use crate::clock::Clock;
use crate::files;

/// A lock that was not renewed for this long is free.
pub const EXPIRES_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// How often a lock is renewed.
pub const RENEWED_EVERY: Duration = Duration::from_secs(15);

/// How often taking it is tried while others change it at the same moment.
const ATTEMPTS: u32 = 16;

/// The right to write to a ledger. A thread renews it, and dropping it releases the lock.
#[derive(Debug)]
pub struct Lock {
    held: Arc<HeldLock>,
    /// Dropped to end the thread.
    stop: Option<mpsc::Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Lock {
    /// Takes the lock of the ledger in `folder`.
    pub(super) fn acquire(folder: &Folder, who: &Who, clock: &Arc<dyn Clock>) -> Result<Self, LedgerError> {
        folder.make()?;
        let held = Arc::new(HeldLock::acquire(&folder.file(FILE), who, clock)?);
        let (stop, stopped) = mpsc::channel::<()>();
        let kept = Arc::clone(&held);
        let keeper = std::thread::Builder::new().name("lock".to_owned()).spawn(move || {
            while stopped.recv_timeout(RENEWED_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                // The next `ensure` meets the same failure and reports it.
                let _ = kept.renew();
            }
        });
        // Without that thread the calls renew it; see `HeldLock::ensure`.
        Ok(Self { held, stop: Some(stop), keeper: keeper.ok() })
    }

    /// Renews the lock, if it is still this one.
    ///
    /// # Errors
    /// If it was released by hand or taken over, or cannot be renewed.
    pub fn renew(&self) -> Result<(), LedgerError> {
        self.held.renew()
    }

    /// Whether this run may still write. Cheap enough to be called before every request.
    ///
    /// # Errors
    /// If the lock was released by hand or taken over, or cannot be renewed.
    pub fn ensure(&self) -> Result<(), LedgerError> {
        self.held.ensure()
    }

    pub(super) fn held(&self) -> Arc<HeldLock> {
        Arc::clone(&self.held)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
        self.held.release();
    }
}

/// A lock that was taken, and perhaps lost since.
pub(super) struct HeldLock {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    /// The file that was created, whatever is at the path by now.
    file: File,
    info: LockInfo,
    /// The uptime at the last renewal, which does not depend on the time of day.
    renewed: Duration,
    /// The file at the path when its content was last read, and was this lock.
    stamp: Option<Stamp>,
    lost: Option<LedgerError>,
}

impl State {
    /// Whether the last renewal is so recent that no one can have found the lock expired. A suspended
    /// machine or a clock that was set is noticed by one of the two clocks.
    fn is_fresh(&self, clock: &dyn Clock) -> bool {
        let fresh = SignedDuration::ZERO..EXPIRES_AFTER / 2;
        let by_uptime = clock.uptime().saturating_sub(self.renewed);
        fresh.contains(&clock.timestamp().duration_since(self.info.renewed))
            && by_uptime.try_into().is_ok_and(|passed: SignedDuration| fresh.contains(&passed))
    }
}

impl fmt::Debug for HeldLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldLock").field("path", &self.path).finish_non_exhaustive()
    }
}

impl HeldLock {
    fn acquire(path: &Path, who: &Who, clock: &Arc<dyn Clock>) -> Result<Self, LedgerError> {
        let info = new_lock(who, clock);
        for _ in 0..ATTEMPTS {
            if let Some(found) = Found::at(path, info.since)? {
                if info.since.duration_since(found.info.renewed) < EXPIRES_AFTER {
                    return Err(LedgerError::InUse(Box::new(found.info)));
                }
                if !set_aside(path, &info.token, |bytes| bytes == found.bytes)? {
                    continue;
                }
            }
            if let Some(held) = Self::publish(path, &info, clock)? {
                return Ok(held);
            }
        }
        let why = io::Error::other("others are taking it at this moment; run again");
        Err(LedgerError::io("lock", path, &why))
    }

    /// Puts the lock file in its place, unless there is one already.
    fn publish(path: &Path, info: &LockInfo, clock: &Arc<dyn Clock>) -> Result<Option<Self>, LedgerError> {
        let refused = |error: io::Error| LedgerError::io("create", path, &error);
        let renewed = clock.uptime();
        let mut file =
            tempfile::Builder::new().prefix(".new-").tempfile_in(files::folder_of(path)).map_err(refused)?;
        file.write_all(&to_bytes(info)).and_then(|()| file.as_file().sync_all()).map_err(refused)?;
        let file = match file.persist_noclobber(path) {
            Ok(file) => file,
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            Err(error) => return Err(refused(error.error)),
        };
        let state = State { file, info: info.clone(), renewed, stamp: None, lost: None };
        Ok(Some(Self { path: path.to_owned(), clock: Arc::clone(clock), state: Mutex::new(state) }))
    }

    /// Whether writing is allowed now. A lock that was not renewed lately, as after the process or the
    /// machine was suspended, is renewed first, if it is still this one.
    pub(super) fn ensure(&self) -> Result<(), LedgerError> {
        let mut state = self.state();
        if state.is_fresh(&*self.clock) { self.check(&mut state) } else { self.renew_now(&mut state) }
    }

    fn renew(&self) -> Result<(), LedgerError> {
        self.renew_now(&mut self.state())
    }

    /// First checked, then written, then checked again: a run that takes the lock over in between either
    /// finds what was written and leaves it, or is found.
    fn renew_now(&self, state: &mut State) -> Result<(), LedgerError> {
        self.check(state)?;
        let renewed = self.clock.uptime();
        let info = LockInfo { renewed: to_the_millisecond(self.clock.timestamp()), ..state.info.clone() };
        // The same length each time: a reader finds the one or the other.
        state
            .file
            .rewind()
            .and_then(|()| state.file.write_all(&to_bytes(&info)))
            .map_err(|error| LedgerError::io("renew", &self.path, &error))?;
        state.stamp = None;
        self.check(state)?;
        state.info = info;
        state.renewed = renewed;
        Ok(())
    }

    /// Whether the lock at the path is still this one. Once lost, it stays lost. The file is read only if
    /// it is not the one that was read before.
    fn check(&self, state: &mut State) -> Result<(), LedgerError> {
        if let Some(lost) = &state.lost {
            return Err(lost.clone());
        }
        let refused = |error: io::Error| LedgerError::io("read", &self.path, &error);
        let stamp = Stamp::at(&self.path).map_err(refused)?;
        if stamp.is_some() && stamp == state.stamp {
            return Ok(());
        }
        let found = Found::at(&self.path, state.info.renewed)?.map(|found| found.info);
        let own = Stamp::of(&state.file).map_err(refused)?;
        match found {
            Some(found) if found.token == state.info.token => {
                // A copy of it would not be renewed.
                if stamp.as_ref().is_some_and(|stamp| stamp.is_same_file(&own)) {
                    state.stamp = stamp;
                    return Ok(());
                }
                state.lost = Some(LedgerError::LockLost { path: self.path.clone(), by: None });
            }
            Some(found) => {
                let by = Some(found).filter(|found| !found.unlocking).map(|found| found.holder);
                state.lost = Some(LedgerError::LockLost { path: self.path.clone(), by });
            }
            None => state.lost = Some(LedgerError::LockLost { path: self.path.clone(), by: None }),
        }
        state.lost.clone().map_or(Ok(()), Err)
    }

    /// Releases the lock, unless it is another run's by now.
    fn release(&self) {
        let mut state = self.state();
        if self.check(&mut state).is_ok() {
            let _ = set_aside(&self.path, &state.info.token, is_lock(&state.info.token));
        }
        state.lost = Some(LedgerError::LockLost { path: self.path.clone(), by: None });
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lock of the ledger in `folder`, if there is one.
pub(super) fn look(folder: &Folder, now: Timestamp) -> Result<Option<LockInfo>, LedgerError> {
    Ok(Found::at(&folder.file(FILE), now)?.map(|found| found.info))
}

/// Replaces exactly the lock `info` by one that is released when it is dropped. None if it is not there
/// any more: whoever took it since keeps it.
pub(super) fn unlock(
    folder: &Folder,
    info: &LockInfo,
    who: &Who,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Unlocking>, LedgerError> {
    let path = folder.file(FILE);
    let own = LockInfo { unlocking: true, ..new_lock(who, clock) };
    let Some(found) = Found::at(&path, own.since)?.filter(|found| found.info.token == info.token) else {
        return Ok(None);
    };
    let is_it = |bytes: &[u8]| is_lock(&info.token)(bytes) || bytes == found.bytes;
    if !set_aside(&path, &own.token, is_it)? {
        return Ok(None);
    }
    // If another run was faster, the release is recorded beside that run.
    Ok(Some(Unlocking { held: HeldLock::publish(&path, &own, clock)? }))
}

/// The lock while a release by hand is recorded.
pub(super) struct Unlocking {
    held: Option<HeldLock>,
}

impl Drop for Unlocking {
    fn drop(&mut self) {
        if let Some(held) = &self.held {
            held.release();
        }
    }
}

fn new_lock(who: &Who, clock: &Arc<dyn Clock>) -> LockInfo {
    let now = to_the_millisecond(clock.timestamp());
    LockInfo {
        holder: who.to_string(),
        host: who.host.clone().unwrap_or_default(),
        pid: std::process::id(),
        token: format!("{:016x}", fastrand::u64(..)),
        since: now,
        renewed: now,
        unlocking: false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::clock::testing::ManualClock;
    use crate::ledger::Ledger;
    use crate::ledger::tests::{ledger_in, who};

    const NOW: &str = "2026-11-22T12:00:00Z";

    /// A lock as a process leaves it that was killed.
    fn leave(folder: &Path, host: &str, renewed: &str) {
        let left = format!(
            r#"{{"holder":"sam on {host}","host":"{host}","pid":7,"token":"t","since":"2026-11-22T11:00:00.000Z","renewed":"{renewed}"}}"#
        );
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(FILE), left).unwrap();
    }

    fn someone_else() -> Who {
        Who { user: Some("kim".to_owned()), host: Some("box".to_owned()), ..Who::default() }
    }

    /// As `guestlist unlock` does, without its record.
    fn release(ledger: &Ledger, info: &LockInfo) -> bool {
        unlock(&ledger.folder, info, &who(), &ledger.clock).unwrap().is_some()
    }

    fn lost(folder: &Path, by: Option<&str>) -> LedgerError {
        LedgerError::LockLost { path: folder.join(FILE), by: by.map(str::to_owned) }
    }

    #[test]
    fn a_second_run_is_refused_with_the_name_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(NOW);
        let ledger = ledger_in(folder.path()).with_clock(clock.clone());
        let lock = ledger.acquire(&who()).unwrap();
        clock.pass(5);
        lock.renew().unwrap();
        let error = ledger.acquire(&who()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the ledger is locked by alex on box (process {}) since 2026-11-22T12:00:00Z, renewed \
                 2026-11-22T12:00:05Z; wait until that run has ended (a lock that is not renewed expires after \
                 60 seconds), or, if you know that it is gone, run `guestlist unlock`",
                std::process::id()
            )
        );
        drop(lock);
        assert_eq!(ledger.lock(), Ok(None));
        ledger.acquire(&who()).unwrap();
    }

    #[test]
    fn time_alone_decides_on_one_machine_as_on_two() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(NOW);
        let ledger = ledger_in(folder.path()).with_clock(clock.clone());
        for host in ["box", "elsewhere"] {
            for (renewed, free) in [
                ("2026-11-22T11:59:00.000Z", true),
                ("2026-11-22T11:59:00.001Z", false),
                ("2026-11-22T12:00:30.000Z", false),
                ("2036-11-22T12:00:00.000Z", false),
            ] {
                leave(folder.path(), host, renewed);
                let taken = ledger.acquire(&who());
                assert_eq!(taken.is_ok(), free, "renewed at {renewed} on {host}: {taken:?}");
            }
        }
    }

    #[test]
    fn a_holder_that_is_not_renewing_loses_the_lock_and_is_told_to_whom() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(NOW);
        let ledger = ledger_in(folder.path()).with_clock(clock.clone());
        let suspended = ledger.acquire(&who()).unwrap();
        clock.pass(59);
        assert!(matches!(ledger.acquire(&someone_else()), Err(LedgerError::InUse(_))));
        clock.pass(1);
        let next = ledger.acquire(&someone_else()).unwrap();
        assert_eq!(suspended.ensure(), Err(lost(folder.path(), Some("kim on box"))));
        drop(next);
        // Lost is lost, even when the other run has ended.
        assert_eq!(suspended.ensure(), Err(lost(folder.path(), Some("kim on box"))));
        assert_eq!(
            suspended.ensure().unwrap_err().to_string(),
            format!(
                "the lock on the ledger (`{}`) was taken over by kim on box, so this run makes no further calls; \
                 run again when no other run is in progress",
                folder.path().join(FILE).display()
            )
        );
    }

    #[test]
    fn a_holder_that_wakes_up_before_anyone_else_comes_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(NOW);
        let ledger = ledger_in(folder.path()).with_clock(clock.clone());
        let lock = ledger.acquire(&who()).unwrap();
        for seconds in [31, 3600] {
            clock.pass(seconds);
            lock.ensure().unwrap();
            assert_eq!(ledger.lock().unwrap().unwrap().renewed, clock.timestamp());
            assert!(matches!(ledger.acquire(&someone_else()), Err(LedgerError::InUse(_))));
        }
    }

    #[test]
    fn a_lock_is_renewed_before_use_as_soon_as_either_clock_says_that_it_is_old() {
        for (passed, set_by, is_renewed) in
            [(29, 0, false), (30, 0, true), (40, -39, true), (0, 30, true), (1, -2, true)]
        {
            let folder = tempfile::tempdir().unwrap();
            let clock = ManualClock::at(NOW);
            let ledger = ledger_in(folder.path()).with_clock(clock.clone());
            let lock = ledger.acquire(&who()).unwrap();
            let before = clock.timestamp();
            clock.pass(passed);
            clock.set_by(set_by);
            lock.ensure().unwrap();
            let expected = if is_renewed { clock.timestamp() } else { before };
            let found = ledger.lock().unwrap().unwrap().renewed;
            assert_eq!(found, expected, "{passed} s passed, clock set by {set_by} s");
        }
    }

    #[test]
    fn a_lock_that_cannot_be_read_expires_by_the_age_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = ledger_in(folder.path());
        fs::write(folder.path().join(FILE), "").unwrap();
        let written = ledger.lock().unwrap().unwrap().renewed;
        let clock = ManualClock::at(&written.to_string());
        let ledger = ledger.with_clock(clock.clone());
        assert!(matches!(ledger.acquire(&who()), Err(LedgerError::InUse(_))));
        clock.pass(61);
        ledger.acquire(&who()).unwrap();
    }

    #[test]
    fn a_released_holder_neither_renews_nor_removes_the_next_lock() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(NOW);
        let ledger = ledger_in(folder.path()).with_clock(clock.clone());
        let holder = ledger.acquire(&who()).unwrap();
        let freed = ledger.lock().unwrap().unwrap();
        assert_eq!(freed.holder, "alex on box");
        assert!(release(&ledger, &freed));
        assert!(!release(&ledger, &freed));
        assert_eq!(holder.ensure(), Err(lost(folder.path(), None)));
        let next = ledger.acquire(&who()).unwrap();
        // Whoever looked before the lock changed hands releases nothing.
        assert!(!release(&ledger, &freed));
        let info = ledger.lock().unwrap().unwrap();
        assert_eq!(holder.renew(), Err(lost(folder.path(), None)));
        drop(holder);
        assert_eq!(ledger.lock(), Ok(Some(info)));
        next.renew().unwrap();
    }

    #[test]
    fn a_lock_that_is_renewed_while_it_is_released_is_released() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(NOW);
        let ledger = ledger_in(folder.path()).with_clock(clock.clone());
        let holder = ledger.acquire(&who()).unwrap();
        let shown = ledger.lock().unwrap().unwrap();
        clock.pass(15);
        holder.renew().unwrap();
        let unlocking = unlock(&ledger.folder, &shown, &someone_else(), &ledger.clock).unwrap().unwrap();
        // While the release is recorded no run starts, and the holder knows already.
        assert!(matches!(ledger.acquire(&who()), Err(LedgerError::InUse(_))));
        assert_eq!(holder.ensure(), Err(lost(folder.path(), None)));
        drop(unlocking);
        assert_eq!(ledger.lock(), Ok(None));
    }

    #[test]
    fn a_lock_file_that_is_edited_in_its_place_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(NOW);
        let ledger = ledger_in(folder.path()).with_clock(clock.clone());
        let holder = ledger.acquire(&who()).unwrap();
        holder.ensure().unwrap();
        leave(folder.path(), "elsewhere", "2026-11-22T12:00:00.000Z");
        assert_eq!(holder.ensure(), Err(lost(folder.path(), Some("sam on elsewhere"))));
    }

    #[test]
    fn of_many_who_find_an_expired_lock_one_takes_it() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            leave(folder.path(), "box", "2026-11-22T11:59:00.000Z");
            let clock = ManualClock::at(NOW);
            let ledger = ledger_in(folder.path()).with_clock(clock.clone());
            let taken: Vec<_> = std::thread::scope(|scope| {
                let takers: Vec<_> = (0..8).map(|_| scope.spawn(|| ledger.acquire(&who()))).collect();
                takers.into_iter().map(|taker| taker.join().unwrap()).collect()
            });
            let holders: Vec<_> = taken.iter().filter_map(|taken| taken.as_ref().ok()).collect();
            assert_eq!(holders.len(), 1, "{taken:?}");
            holders[0].renew().unwrap();
        }
    }

    #[test]
    fn of_a_holder_that_wakes_up_and_a_run_that_takes_over_at_most_one_goes_on() {
        for _ in 0..50 {
            let folder = tempfile::tempdir().unwrap();
            let clock = ManualClock::at(NOW);
            let ledger = ledger_in(folder.path()).with_clock(clock.clone());
            let holder = ledger.acquire(&who()).unwrap();
            clock.pass(60);
            let taken = std::thread::scope(|scope| {
                let taker = scope.spawn(|| ledger.acquire(&someone_else()));
                let _ = holder.ensure();
                taker.join().unwrap()
            });
            let goes_on = [holder.ensure().is_ok(), taken.is_ok_and(|taken| taken.ensure().is_ok())];
            assert_ne!(goes_on, [true, true]);
        }
    }
}
