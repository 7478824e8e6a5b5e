//! The lock: one run at a time writes to a ledger.
//!
//! The holder renews it while it runs, and time alone decides when a lock that is not renewed has expired. A
//! lock that was lost stays lost. How it is stored is up to the `Store`.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::error::LedgerError;
use super::lock_info::{LONGEST_HOLDER, LockInfo};
use super::record::Who;
use super::run_file::{RunName, first_record};
use super::runs;
use super::store::{Current, OwnLock, Published, Store, Version, Versioned};
use super::time::to_the_millisecond;
use crate::clock::Clock;
use crate::words;

/// A lock that was not renewed for this long has expired.
const EXPIRES_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// A lock that was not renewed for this long starts no call: the last one has ended, with some margin, when the lock
/// expires.
const USABLE_FOR: SignedDuration = SignedDuration::from_secs(25);

/// How often a lock that may have expired is looked at.
const WATCHED_EVERY: Duration = Duration::from_secs(3);

/// How often a lock is renewed.
const RENEWED_EVERY: Duration = Duration::from_secs(15);

/// How often a change of the lock is tried while others change it at the same moment.
const ATTEMPTS: u32 = 16;

/// The right to write to a ledger. A thread renews the lock, and dropping this releases it.
#[derive(Debug)]
pub struct Lock {
    held: Arc<HeldLock>,
    /// Dropped to end the thread.
    stop: Option<mpsc::Sender<()>>,
    renewing: Option<JoinHandle<()>>,
}

impl Lock {
    /// Acquires the lock of the ledger in `store`.
    pub(super) fn acquire(
        store: &Arc<dyn Store>,
        who: &Who,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, LedgerError> {
        Self::acquire_over(store, who, clock, None)
    }

    /// The same, and a lock whose version is still `expired` is replaced.
    fn acquire_over(
        store: &Arc<dyn Store>,
        who: &Who,
        clock: &Arc<dyn Clock>,
        expired: Option<&Version>,
    ) -> Result<Self, LedgerError> {
        let held = Arc::new(HeldLock::acquire(store, who, clock, expired)?);
        let (stop, stopped) = mpsc::channel::<()>();
        let renewed = Arc::clone(&held);
        let renewing = std::thread::Builder::new().name("lock".to_owned()).spawn(move || {
            while stopped.recv_timeout(RENEWED_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                // The next `ensure` fails for the same reason and reports it.
                let _ = renewed.renew();
            }
        });
        // Without that thread, `ensure` renews the lock before a call.
        Ok(Self { held, stop: Some(stop), renewing: renewing.ok() })
    }

    /// The same. Where the time of a lock does not tell whether it has expired, this watches a lock that seems to
    /// be old for as long as a lock lasts; `watching` is called before.
    pub(super) async fn acquire_watching(
        store: &Arc<dyn Store>,
        who: &Who,
        clock: &Arc<dyn Clock>,
        watching: impl FnOnce(&LockInfo),
    ) -> Result<Self, LedgerError> {
        let acquired = Self::acquire(store, who, clock);
        if store.shares_clock() || !matches!(acquired, Err(LedgerError::InUse(_))) {
            return acquired;
        }
        let Some(found) = store.lock()? else { return Self::acquire(store, who, clock) };
        // This only decides whether to refuse at once, never that a lock has expired.
        let age = clock.timestamp().duration_since(found.value.renewed);
        if (SignedDuration::ZERO..EXPIRES_AFTER).contains(&age) {
            return Err(LedgerError::InUse(Box::new(found.value)));
        }
        watching(&found.value);
        let began = clock.uptime();
        while SignedDuration::try_from(clock.uptime().saturating_sub(began))
            .is_ok_and(|it| it < EXPIRES_AFTER)
        {
            clock.sleep(WATCHED_EVERY).await;
            match store.lock()? {
                Some(now) if now.version == found.version => {}
                Some(now) => return Err(LedgerError::InUse(Box::new(now.value))),
                None => break,
            }
        }
        Self::acquire_over(store, who, clock, Some(&found.version))
    }

    /// The lock, for those that write under it.
    pub(super) fn held(&self) -> Arc<HeldLock> {
        Arc::clone(&self.held)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(renewing) = self.renewing.take() {
            let _ = renewing.join();
        }
        self.held.release();
    }
}

/// A lock that this process acquired, and may have lost since.
pub(super) struct HeldLock {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    own: Box<dyn OwnLock>,
    info: LockInfo,
    /// The uptime before the last renewal, which does not depend on the time of day.
    renewed: Duration,
    lost: Option<LedgerError>,
    /// The runs that were recorded under it.
    runs: Vec<RunName>,
}

impl State {
    /// Whether the last renewal is so recent that no one can have found the lock expired. Either clock
    /// notices what the other one misses: a suspended machine, or a time of day that was set.
    fn is_fresh(&self, clock: &dyn Clock) -> bool {
        let fresh = SignedDuration::ZERO..USABLE_FOR;
        let passed = clock.uptime().saturating_sub(self.renewed);
        fresh.contains(&clock.timestamp().duration_since(self.info.renewed))
            && SignedDuration::try_from(passed).is_ok_and(|passed| fresh.contains(&passed))
    }
}

impl fmt::Debug for HeldLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldLock").field("store", &self.store).finish_non_exhaustive()
    }
}

impl HeldLock {
    fn acquire(
        store: &Arc<dyn Store>,
        who: &Who,
        clock: &Arc<dyn Clock>,
        expired: Option<&Version>,
    ) -> Result<Self, LedgerError> {
        let info = new_lock(who, &**clock);
        let has_expired = |found: &Versioned<LockInfo>| {
            expired == Some(&found.version) || (store.shares_clock() && has_expired(&found.value, info.since))
        };
        for _ in 0..ATTEMPTS {
            let found = store.lock()?;
            if let Some(found) = found.as_ref().filter(|found| !has_expired(found)) {
                return Err(LedgerError::InUse(Box::new(found.value.clone())));
            }
            let renewed = clock.uptime();
            if let Published::Own(own) = store.publish(&info, found.as_ref().map(|found| &found.version))? {
                return Ok(Self::new(store, own, info, renewed, clock));
            }
        }
        Err(LedgerError::Contended)
    }

    fn new(
        store: &Arc<dyn Store>,
        own: Box<dyn OwnLock>,
        info: LockInfo,
        renewed: Duration,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let state = Mutex::new(State { own, info, renewed, lost: None, runs: Vec::new() });
        Self { store: Arc::clone(store), clock: Arc::clone(clock), state }
    }

    /// Checks that this run may still write. Cheap enough to be called before every request.
    ///
    /// A lock that was not renewed recently, for example because the process or the machine was suspended, is
    /// renewed first, if no one has taken it over.
    ///
    /// # Errors
    /// If the lock was lost, or cannot be read or renewed.
    pub(super) fn ensure(&self) -> Result<(), LedgerError> {
        let mut state = self.state();
        for _ in 0..ATTEMPTS {
            if state.is_fresh(&*self.clock) {
                self.check(&mut state)?;
                // The check may have taken long.
                if state.is_fresh(&*self.clock) {
                    return Ok(());
                }
            }
            self.renew_now(&mut state)?;
        }
        Err(LedgerError::Contended)
    }

    /// Renews the lock, as the thread does.
    ///
    /// # Errors
    /// As for [`Self::ensure`].
    pub(super) fn renew(&self) -> Result<(), LedgerError> {
        self.renew_now(&mut self.state())
    }

    fn renew_now(&self, state: &mut State) -> Result<(), LedgerError> {
        self.check(state)?;
        // Read before the renewal is sent, so the lock is never believed to last longer than it does.
        let renewed = self.clock.uptime();
        let info = LockInfo { renewed: to_the_millisecond(self.clock.timestamp()), ..state.info.clone() };
        let current = state.own.renew(&info)?;
        self.judge(state, current)?;
        state.info = info;
        state.renewed = renewed;
        Ok(())
    }

    /// Whether the lock is still this one. Once lost, it stays lost.
    fn check(&self, state: &mut State) -> Result<(), LedgerError> {
        if let Some(lost) = &state.lost {
            return Err(lost.clone());
        }
        let current = state.own.current()?;
        self.judge(state, current)
    }

    fn judge(&self, state: &mut State, current: Current) -> Result<(), LedgerError> {
        let by = match current {
            Current::Own => return Ok(()),
            Current::Other(lock) => Some(lock.holder).filter(|_| !lock.unlocking),
            Current::None => self.successor(state),
        };
        let lost = self.lost(by);
        state.lost = Some(lost.clone());
        Err(lost)
    }

    /// The random text that identifies the lock.
    #[cfg(test)]
    pub(super) fn token(&self) -> String {
        self.state().info.token.clone()
    }

    fn lost(&self, by: Option<String>) -> LedgerError {
        LedgerError::LockLost { ledger: self.store.name(), by }
    }

    /// A run is about to be recorded under this lock.
    pub(super) fn records(&self, run: RunName) {
        self.state().runs.push(run);
    }

    /// The run that took the lock over and has ended since, if the ledger shows it. A manual release is not a run.
    fn successor(&self, state: &State) -> Option<String> {
        let mut runs = runs::in_store(&*self.store).ok()?;
        let last = runs.pop().filter(|last| !state.runs.contains(&last.name))?;
        let (at, run) = first_record(self.store.open_run(&last.name).ok()?).ok()??;
        (at >= state.info.since && run.released.is_none()).then(|| run.who.to_string())
    }

    /// Releases the lock, unless another run has it by now.
    fn release(&self) {
        let mut state = self.state();
        if self.check(&mut state).is_ok() {
            state.own.release();
        }
        state.lost = Some(self.lost(None));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces exactly the lock `info`, renewed or not, by one that is released when it is dropped. None if it
/// is not there any more.
pub(super) fn unlock(
    store: &Arc<dyn Store>,
    info: &LockInfo,
    who: &Who,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Unlocking>, LedgerError> {
    let own_info = LockInfo { unlocking: true, ..new_lock(who, &**clock) };
    for _ in 0..ATTEMPTS {
        let Some(found) = store.lock()?.filter(|found| found.value.token == info.token) else {
            return Ok(None);
        };
        let renewed = clock.uptime();
        match store.publish(&own_info, Some(&found.version))? {
            Published::Own(own) => {
                let held = HeldLock::new(store, own, own_info, renewed, clock);
                return Ok(Some(Unlocking { held: Some(held) }));
            }
            // The release is recorded beside the run that was faster.
            Published::Overtaken => return Ok(Some(Unlocking { held: None })),
            // It was just renewed or released.
            Published::Changed => {}
        }
    }
    Err(LedgerError::Contended)
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

fn has_expired(lock: &LockInfo, now: Timestamp) -> bool {
    now.duration_since(lock.renewed) >= EXPIRES_AFTER
}

fn new_lock(who: &Who, clock: &dyn Clock) -> LockInfo {
    let now = to_the_millisecond(clock.timestamp());
    LockInfo {
        holder: words::clipped(&who.to_string(), LONGEST_HOLDER),
        host: words::clipped(who.host.as_deref().unwrap_or_default(), LONGEST_HOLDER),
        pid: std::process::id(),
        token: format!("{:016x}", fastrand::u64(..)),
        since: now,
        renewed: now,
        unlocking: false,
    }
}

#[cfg(test)]
mod tests;
