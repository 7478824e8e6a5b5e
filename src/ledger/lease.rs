//! The lease: one run writes to a ledger at a time.
//!
//! `lease.json` tells who holds it. Whoever creates the file holds the lease, and keeps the operating
//! system's lock on it as long as the process lives. Renewing writes into that very file, so it can
//! never overwrite a lease that went to somebody else; the path then tells whether it did.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Clock;
use super::error::LedgerError;
use super::folder::{Folder, is_missing, parent_of};
use super::record::{Who, millis, to_the_millisecond};
use crate::inert;

/// A lease that was not renewed for so long is free.
pub const EXPIRES_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// How often a lease is renewed.
pub const RENEWED_EVERY: Duration = Duration::from_secs(15);

/// How often taking it is tried while others change it at the same moment.
const ATTEMPTS: u32 = 16;

const FILE: &str = "lease.json";

/// No lease is longer.
const MAX_BYTES: u64 = 64 << 10;

/// What a lease says: who holds it, and since when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LeaseInfo {
    /// Who holds it, for people to read.
    pub holder: String,
    /// The machine of the holder.
    #[serde(default)]
    pub host: String,
    /// The process of the holder.
    #[serde(default)]
    pub pid: u32,
    /// What tells this lease from every other.
    #[serde(default)]
    pub token: String,
    /// When it was taken.
    #[serde(serialize_with = "millis")]
    pub since: Timestamp,
    /// When the holder last said that it goes on.
    #[serde(serialize_with = "millis")]
    pub renewed: Timestamp,
}

impl fmt::Display for LeaseInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { holder, pid, since, renewed, .. } = self;
        f.write_str(&inert::line(holder))?;
        if *pid != 0 {
            write!(f, " (process {pid})")?;
        }
        write!(f, " holds it since {since:.0}, last renewed {renewed:.0}")
    }
}

/// The right to write to a ledger. It is kept up by a thread, and given back when this is dropped.
#[derive(Debug)]
pub struct Lease {
    held: Arc<Held>,
    /// Dropped to end the thread.
    stop: Option<mpsc::Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Lease {
    /// Takes the lease of the ledger in `folder`.
    pub(super) fn acquire(folder: &Folder, who: &Who, clock: Clock) -> Result<Self, LedgerError> {
        folder.make()?;
        let held = Arc::new(Held::acquire(folder.file(FILE), who, clock)?);
        let (stop, stopped) = mpsc::channel::<()>();
        let kept = Arc::clone(&held);
        let keeper = std::thread::Builder::new().name("lease".to_owned()).spawn(move || {
            while stopped.recv_timeout(RENEWED_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                // A failure is found again, and told, at the next write.
                let _ = kept.renew();
            }
        });
        // Without that thread the writes renew it; see `Held::ensure`.
        Ok(Self { held, stop: Some(stop), keeper: keeper.ok() })
    }

    /// Says that the holder goes on, and finds out whether the lease is still its own.
    ///
    /// # Errors
    /// If the lease was freed by hand or taken over, or cannot be renewed.
    pub fn renew(&self) -> Result<(), LedgerError> {
        self.held.renew()
    }

    /// What is asked before each write.
    pub(super) fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
        self.held.release();
    }
}

/// A lease that was taken, and perhaps lost since.
pub(super) struct Held {
    path: PathBuf,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    /// The file that was created, whatever lies at the path by now.
    file: File,
    info: LeaseInfo,
    lost: bool,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Held {
    fn acquire(path: PathBuf, who: &Who, clock: Clock) -> Result<Self, LedgerError> {
        let now = to_the_millisecond(clock());
        let info = LeaseInfo {
            holder: who.to_string(),
            host: who.host.clone().unwrap_or_default(),
            pid: std::process::id(),
            token: format!("{:016x}", fastrand::u64(..)),
            since: now,
            renewed: now,
        };
        for _ in 0..ATTEMPTS {
            let found = Found::at(&path, now)?;
            if let Some(found) = &found {
                if !found.is_free(&info.host, now) {
                    return Err(LedgerError::InUse(Box::new(found.info.clone())));
                }
                if !found.set_aside(&path, &info.token)? {
                    continue;
                }
            }
            // `found`, and with it the lock on a lease left behind, is kept until ours is in its place:
            // of several who find it, one goes on.
            if let Some(file) = publish(&path, &info)? {
                return Ok(Self { path, clock, state: Mutex::new(State { file, info, lost: false }) });
            }
        }
        let why = io::Error::other("others are taking it at this moment; run again");
        Err(LedgerError::io("take", &path, &why))
    }

    /// Whether writing is allowed now. Renews the lease if that was not done lately, as after the
    /// machine has slept.
    pub(super) fn ensure(&self) -> Result<(), LedgerError> {
        let mut state = self.state();
        let age = (self.clock)().duration_since(state.info.renewed);
        if (SignedDuration::ZERO..EXPIRES_AFTER / 2).contains(&age) {
            return self.check(&mut state);
        }
        drop(state);
        self.renew()
    }

    fn renew(&self) -> Result<(), LedgerError> {
        let now = to_the_millisecond((self.clock)());
        let mut state = self.state();
        let info = LeaseInfo { renewed: now, ..state.info.clone() };
        // The same length each time: a reader finds the one or the other. First written, then checked:
        // who takes over meanwhile either sees what was written, or is seen.
        state
            .file
            .rewind()
            .and_then(|()| state.file.write_all(&to_bytes(&info)))
            .map_err(|error| LedgerError::io("renew", &self.path, &error))?;
        self.check(&mut state)?;
        state.info = info;
        Ok(())
    }

    /// Whether the lease at the path is still this one. Once lost, it stays so.
    fn check(&self, state: &mut State) -> Result<(), LedgerError> {
        if !state.lost {
            let found = Found::at(&self.path, state.info.renewed)?;
            state.lost = found.is_none_or(|found| found.info.token != state.info.token);
        }
        if state.lost { Err(LedgerError::LeaseLost(self.path.clone())) } else { Ok(()) }
    }

    /// Gives the lease back, unless it is somebody else's by now.
    fn release(&self) {
        let mut state = self.state();
        if self.check(&mut state).is_ok()
            && let Ok(Some(found)) = Found::at(&self.path, state.info.renewed)
            && found.info.token == state.info.token
        {
            let _ = found.set_aside(&self.path, &state.info.token);
        }
        state.lost = true;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lease file that lies in the ledger.
struct Found {
    bytes: Vec<u8>,
    info: LeaseInfo,
    /// Open, so that its lock can be asked for, and kept once it was got.
    file: File,
}

impl Found {
    fn at(path: &Path, now: Timestamp) -> Result<Option<Self>, LedgerError> {
        let refused = |error: io::Error| LedgerError::io("read", path, &error);
        match fs::symlink_metadata(path) {
            Err(error) if is_missing(&error) => return Ok(None),
            Ok(found) if !found.is_file() => {
                return Err(refused(io::Error::other("it is not a regular file")));
            }
            _ => {}
        }
        let file = match File::open(path) {
            Err(error) if is_missing(&error) => return Ok(None),
            other => other.map_err(refused)?,
        };
        let mut bytes = Vec::new();
        (&file).take(MAX_BYTES).read_to_end(&mut bytes).map_err(refused)?;
        let info = match serde_json::from_slice(&bytes) {
            Ok(info) => info,
            // A machine that lost power can leave an empty file. It expires by its age, too.
            Err(_) => unreadable(&file, now),
        };
        Ok(Some(Self { bytes, info, file }))
    }

    /// Whether its holder is gone: dead, if the process was on this machine, or silent for too long.
    fn is_free(&self, host: &str, now: Timestamp) -> bool {
        match self.file.try_lock() {
            Ok(()) if !host.is_empty() && self.info.host == host => true,
            Err(TryLockError::WouldBlock) => false,
            // Another machine's lock may not be seen from here, and not every file system has locks.
            // A time that lies ahead (clocks differ) is no sign of being gone.
            Ok(()) | Err(TryLockError::Error(_)) => now.duration_since(self.info.renewed) >= EXPIRES_AFTER,
        }
    }

    /// Takes exactly this lease away. False if it has been renewed or replaced meanwhile.
    fn set_aside(&self, path: &Path, token: &str) -> Result<bool, LedgerError> {
        let refused = |error: io::Error| LedgerError::io("free", path, &error);
        let is_this = |path: &Path| fs::read(path).is_ok_and(|bytes| bytes == self.bytes);
        if !is_this(path) {
            return Ok(false);
        }
        let aside = path.with_file_name(format!(".{FILE}-{token}"));
        match fs::rename(path, &aside) {
            Err(error) if is_missing(&error) => return Ok(true),
            other => other.map_err(refused)?,
        }
        let right = is_this(&aside);
        if !right {
            // If a third lease lies there by now, the one that was moved is lost, and its holder sees it.
            let _ = fs::hard_link(&aside, path);
        }
        fs::remove_file(&aside).map_err(refused)?;
        Ok(right)
    }
}

/// Who holds the lease of the ledger in `folder`, if anyone does.
pub(super) fn look(folder: &Folder, now: Timestamp) -> Result<Option<LeaseInfo>, LedgerError> {
    Ok(Found::at(&folder.file(FILE), now)?.map(|found| found.info))
}

/// Frees `lease`, and tells whether it was there still. Whoever took it since keeps theirs.
pub(super) fn unlock(folder: &Folder, lease: &LeaseInfo, now: Timestamp) -> Result<bool, LedgerError> {
    let path = folder.file(FILE);
    if Found::at(&path, now)?.is_none_or(|found| found.info.token != lease.token) {
        return Ok(false);
    }
    match fs::remove_file(&path) {
        Err(error) if !is_missing(&error) => Err(LedgerError::io("remove", &path, &error)),
        _ => Ok(true),
    }
}

/// Puts a lease in its place, locked, unless there is one already.
fn publish(path: &Path, info: &LeaseInfo) -> Result<Option<File>, LedgerError> {
    let refused = |error: io::Error| LedgerError::io("create", path, &error);
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(parent_of(path)).map_err(refused)?;
    file.write_all(&to_bytes(info)).and_then(|()| file.as_file().sync_all()).map_err(refused)?;
    // Where the file system has no locks, the time alone tells whether the holder is gone.
    let _ = file.as_file().try_lock();
    match file.persist_noclobber(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(refused(error.error)),
    }
}

fn to_bytes(info: &LeaseInfo) -> Vec<u8> {
    // Strings and numbers: there is nothing in it that JSON cannot say.
    let mut bytes = serde_json::to_vec(info).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn unreadable(file: &File, now: Timestamp) -> LeaseInfo {
    let written = file.metadata().and_then(|metadata| metadata.modified()).ok();
    let written = written.and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(now);
    LeaseInfo {
        holder: "someone (lease.json cannot be read)".to_owned(),
        host: String::new(),
        pid: 0,
        token: String::new(),
        since: written,
        renewed: written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{SetClock, ledger_in, who};

    const NOW: &str = "2026-11-22T12:00:00Z";

    /// What lies in `lease.json` when a process died.
    fn leave(folder: &Path, host: &str, renewed: &str) {
        let left = format!(
            r#"{{"holder":"sam on {host}","host":"{host}","pid":7,"token":"t","since":"2026-11-22T11:00:00.000Z","renewed":"{renewed}"}}"#
        );
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(FILE), left).unwrap();
    }

    #[test]
    fn a_second_run_is_refused_with_the_name_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, clock) = (ledger_in(folder.path()), SetClock::at(NOW));
        let lease = ledger.acquire(&who(), clock.clock()).unwrap();
        clock.pass(5);
        lease.renew().unwrap();
        let error = ledger.acquire(&who(), clock.clock()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the ledger is in use: alex on box (process {}) holds it since 2026-11-22T12:00:00Z, last \
                 renewed 2026-11-22T12:00:05Z; wait until that run has ended (a lease that is not renewed \
                 expires after 60 seconds), or, if you know it to be gone, run `guestlist unlock`",
                std::process::id()
            )
        );
        // One that lives but does not renew, as a stopped process, is freed by hand alone.
        clock.pass(3600);
        assert!(matches!(ledger.acquire(&who(), clock.clock()), Err(LedgerError::InUse(_))));
        drop(lease);
        assert_eq!(ledger.lease(clock.now()), Ok(None));
        ledger.acquire(&who(), clock.clock()).unwrap();
    }

    #[test]
    fn a_dead_process_of_this_machine_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        leave(folder.path(), "box", "2026-11-22T12:00:00.000Z");
        ledger_in(folder.path()).acquire(&who(), SetClock::at(NOW).clock()).unwrap();
    }

    #[test]
    fn a_lease_of_another_machine_expires_after_a_minute() {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, clock) = (ledger_in(folder.path()), SetClock::at(NOW));
        for (renewed, free) in [
            ("2026-11-22T11:59:00.000Z", true),
            ("2026-11-22T11:59:00.001Z", false),
            ("2026-11-22T12:00:30.000Z", false),
            ("2036-11-22T12:00:00.000Z", false),
        ] {
            leave(folder.path(), "elsewhere", renewed);
            let taken = ledger.acquire(&who(), clock.clock());
            assert_eq!(taken.is_ok(), free, "renewed at {renewed}: {taken:?}");
        }
    }

    #[test]
    fn a_lease_that_cannot_be_read_expires_by_the_age_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = ledger_in(folder.path());
        fs::write(folder.path().join(FILE), "").unwrap();
        let written = ledger.lease(Timestamp::MIN).unwrap().unwrap().renewed;
        let early = SetClock::from(written);
        assert!(matches!(ledger.acquire(&who(), early.clock()), Err(LedgerError::InUse(_))));
        early.pass(61);
        ledger.acquire(&who(), early.clock()).unwrap();
    }

    #[test]
    fn who_lost_the_lease_neither_renews_nor_removes_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, clock) = (ledger_in(folder.path()), SetClock::at(NOW));
        let lost = ledger.acquire(&who(), clock.clock()).unwrap();
        let freed = ledger.lease(clock.now()).unwrap().unwrap();
        assert_eq!(freed.holder, "alex on box");
        assert_eq!(ledger.unlock(&freed, clock.now()), Ok(true));
        assert_eq!(ledger.unlock(&freed, clock.now()), Ok(false));
        let next = ledger.acquire(&who(), clock.clock()).unwrap();
        // Whoever looked before the lease changed hands frees nothing.
        assert_eq!(ledger.unlock(&freed, clock.now()), Ok(false));
        let info = ledger.lease(clock.now()).unwrap().unwrap();
        let error = lost.held().ensure().unwrap_err();
        assert_eq!(error, LedgerError::LeaseLost(folder.path().join(FILE)));
        assert_eq!(lost.renew(), Err(error));
        drop(lost);
        assert_eq!(ledger.lease(clock.now()), Ok(Some(info)));
        next.renew().unwrap();
    }

    #[test]
    fn writing_renews_a_lease_after_the_machine_has_slept() {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, clock) = (ledger_in(folder.path()), SetClock::at(NOW));
        let lease = ledger.acquire(&who(), clock.clock()).unwrap();
        clock.pass(31);
        lease.held().ensure().unwrap();
        assert_eq!(ledger.lease(clock.now()).unwrap().unwrap().renewed, clock.now());
    }

    #[test]
    fn of_many_who_find_a_lease_left_behind_one_takes_it() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            leave(folder.path(), "box", "2026-11-22T11:59:59.000Z");
            let (ledger, clock) = (ledger_in(folder.path()), SetClock::at(NOW));
            let taken: Vec<_> = std::thread::scope(|scope| {
                let takers: Vec<_> =
                    (0..8).map(|_| scope.spawn(|| ledger.acquire(&who(), clock.clock()))).collect();
                takers.into_iter().map(|taker| taker.join().unwrap()).collect()
            });
            let holders: Vec<_> = taken.iter().filter_map(|taken| taken.as_ref().ok()).collect();
            assert_eq!(holders.len(), 1, "{taken:?}");
            holders[0].renew().unwrap();
        }
    }
}
