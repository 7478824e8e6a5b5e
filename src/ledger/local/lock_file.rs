//! The lock of a ledger in a folder: the file `lease.json`.
//!
//! The process that creates the file holds the lock, and renews it by writing into that very file, so a renewal never
//! overwrites the lock of another run. The path shows whether it is still there.
//!
//! Time alone decides when a lock has expired. That it is checked and removed, or checked and renewed, in one step
//! is what a lock of the system on the file is for. Where there are none, or whoever has it is suspended, the check
//! is repeated after the step, and a run that lost its lock in between finds out before its next call.

use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::super::chain::digest;
use super::super::error::{LedgerError, failed, shown};
use super::super::lock_info::LockInfo;
use super::super::store::{Current, OwnLock, Published, Version, Versioned};
use super::stamp::Stamp;
use crate::files;

pub(super) const NAME: &str = "lease.json";

/// The part of a lock file that is read, in bytes.
const MAX_BYTES: usize = 64 << 10;

/// How often the lock of the system is tried, and the time between two tries. A step takes far less than a
/// millisecond; a process that is suspended during one is waited for no longer than a second.
const TRIES: u32 = 200;
const BETWEEN_TRIES: Duration = Duration::from_millis(5);

/// Creates the lock file at `path`, in place of exactly the lock `over`.
pub(super) fn publish(
    path: &Path,
    lock: &LockInfo,
    over: Option<&Version>,
) -> Result<Published, LedgerError> {
    if let Some(over) = over
        && !remove(path, &lock.token, |bytes| digest(bytes) == over.0)?
    {
        return Ok(Published::Changed);
    }
    let failed = failed("create lock file", path);
    // A new file that is linked into place is complete as soon as it is visible.
    let mut file =
        tempfile::Builder::new().prefix(".new-").tempfile_in(files::folder_of(path)).map_err(&failed)?;
    file.write_all(&to_bytes(lock)).and_then(|()| file.as_file().sync_all()).map_err(&failed)?;
    match file.persist_noclobber(path) {
        Ok(file) => {
            let (path, token) = (path.to_owned(), lock.token.clone());
            Ok(Published::Own(Box::new(LocalLock { path, file, token, seen: None })))
        }
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(if over.is_some() { Published::Overtaken } else { Published::Changed })
        }
        Err(error) => Err(failed(error.error)),
    }
}

/// A lock file that this process created.
struct LocalLock {
    path: PathBuf,
    /// The file that was created, whatever is at the path by now.
    file: File,
    token: String,
    /// The file at the path when it was last read, and was this lock.
    seen: Option<Stamp>,
}

impl OwnLock for LocalLock {
    /// Reads the file only if it has changed since it was last read.
    fn current(&mut self) -> Result<Current, LedgerError> {
        let failed = failed("read lock file", &self.path);
        let stamp = Stamp::at(&self.path).map_err(&failed)?;
        if stamp.is_some() && stamp == self.seen {
            return Ok(Current::Own);
        }
        let Some(found) = read(&self.path)?.map(|found| found.value) else { return Ok(Current::None) };
        if found.token != self.token {
            return Ok(Current::Other(found));
        }
        // A copy of the file would not be renewed.
        let own = Stamp::of(&self.file).map_err(&failed)?;
        if !stamp.as_ref().is_some_and(|stamp| stamp.is_same_file(&own)) {
            return Ok(Current::None);
        }
        self.seen = stamp;
        Ok(Current::Own)
    }

    /// Checks, writes, and checks again: a run that takes the lock over in between either finds the renewal
    /// and leaves it, or is found.
    fn renew(&mut self, lock: &LockInfo) -> Result<Current, LedgerError> {
        let file = self.file.try_clone().map_err(failed("renew lock file", &self.path))?;
        let _step = Step::on(&file);
        match self.current()? {
            Current::Own => {}
            lost => return Ok(lost),
        }
        // The length is always the same, so readers find the lock before or after the renewal.
        self.file
            .rewind()
            .and_then(|()| self.file.write_all(&to_bytes(lock)))
            .map_err(failed("renew lock file", &self.path))?;
        self.seen = None;
        self.current()
    }

    fn release(&mut self) {
        if matches!(self.current(), Ok(Current::Own)) {
            let is_own = |bytes: &[u8]| {
                serde_json::from_slice::<LockInfo>(bytes).is_ok_and(|found| found.token == self.token)
            };
            let _ = remove(&self.path, &self.token, is_own);
        }
    }
}

/// Reads the lock file at `path`, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<Versioned<LockInfo>>, LedgerError> {
    let read = files::open_regular(path).and_then(|file| {
        let written = file.metadata()?.modified()?;
        let bytes = files::read_start(file, MAX_BYTES)?;
        let value = match serde_json::from_slice(&bytes) {
            Ok(lock) => lock,
            // A machine that lost power can leave an empty file, which expires by its age.
            Err(_) => unreadable_lock(written.try_into().map_err(io::Error::other)?),
        };
        Ok(Versioned { value, version: Version(digest(&bytes)) })
    });
    match read {
        Ok(found) => Ok(Some(found)),
        Err(error) if files::is_missing(&error) => Ok(None),
        Err(error) => Err(LedgerError::io("read lock file", shown(path), &error)),
    }
}

fn unreadable_lock(written: Timestamp) -> LockInfo {
    LockInfo {
        holder: format!("someone ({NAME} cannot be read)"),
        host: String::new(),
        pid: 0,
        token: String::new(),
        since: written,
        renewed: written,
        unlocking: false,
    }
}

/// Removes the lock file at `path` if `is_it` accepts its content. Returns whether it did. `token` names the
/// file to which it is moved, so that it can be checked once no one else can replace it.
fn remove(path: &Path, token: &str, is_it: impl Fn(&[u8]) -> bool) -> Result<bool, LedgerError> {
    let failed = failed("release lock file", path);
    let is_right = |path: &Path| {
        let read = files::open_regular(path).and_then(|file| files::read_start(file, MAX_BYTES));
        read.is_ok_and(|bytes| is_it(&bytes))
    };
    let Ok(file) = files::open_regular(path) else { return Ok(false) };
    let _step = Step::on(&file);
    let is_still_there = Stamp::of(&file).is_ok_and(|own| {
        Stamp::at(path).is_ok_and(|found| found.is_some_and(|found| found.is_same_file(&own)))
    });
    if !is_still_there || !is_right(path) {
        return Ok(false);
    }
    let aside = path.with_file_name(format!(".{NAME}-{token}"));
    match fs::rename(path, &aside) {
        Err(error) if files::is_missing(&error) => return Ok(false),
        moved => moved.map_err(&failed)?,
    }
    let is_removed = is_right(&aside);
    if !is_removed {
        // If there is a third lock by now, the one that was moved is lost, and its holder finds out.
        let _ = fs::hard_link(&aside, path);
    }
    fs::remove_file(&aside).map_err(failed)?;
    Ok(is_removed)
}

/// While this lives, no other process that honors locks of the system takes a step on the same file.
struct Step<'a> {
    #[cfg_attr(not(unix), expect(dead_code))]
    file: &'a File,
}

impl<'a> Step<'a> {
    #[cfg(unix)]
    fn on(file: &'a File) -> Self {
        use rustix::fs::{FlockOperation, flock};
        for _ in 0..TRIES {
            match flock(file, FlockOperation::NonBlockingLockExclusive) {
                Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(BETWEEN_TRIES),
                _ => break,
            }
        }
        Self { file }
    }

    /// A file that is open cannot be replaced on such a system.
    #[cfg(not(unix))]
    fn on(file: &'a File) -> Self {
        Self { file }
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        #[cfg(unix)]
        let _ = rustix::fs::flock(self.file, rustix::fs::FlockOperation::Unlock);
    }
}

fn to_bytes(lock: &LockInfo) -> Vec<u8> {
    // Strings and numbers always have a JSON form.
    let mut bytes = serde_json::to_vec(lock).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;
    use crate::clock::manual::ManualClock;
    use crate::ledger::LedgerError;
    use crate::ledger::tests::{ledger_in, who};

    const NOW: &str = "2026-11-22T12:00:00Z";

    fn lock() -> LockInfo {
        LockInfo {
            holder: "sam on box".to_owned(),
            host: "box".to_owned(),
            pid: 7,
            token: "t".to_owned(),
            since: NOW.parse().unwrap(),
            renewed: NOW.parse().unwrap(),
            unlocking: false,
        }
    }

    #[test]
    fn versions_that_run_side_by_side_write_and_read_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease.json");
        let Published::Own(mut own) = publish(&path, &lock(), None).unwrap() else { panic!("a lock") };
        let written = |renewed: &str| {
            format!(
                "{{\"holder\":\"sam on box\",\"host\":\"box\",\"pid\":7,\"token\":\"t\",\
                 \"since\":\"2026-11-22T12:00:00.000Z\",\"renewed\":\"{renewed}\"}}\n"
            )
        };
        assert_eq!(fs::read_to_string(&path).unwrap(), written("2026-11-22T12:00:00.000Z"));
        let renewed = LockInfo { renewed: "2026-11-22T12:00:15Z".parse().unwrap(), ..lock() };
        assert!(matches!(own.renew(&renewed), Ok(Current::Own)));
        assert_eq!(fs::read_to_string(&path).unwrap(), written("2026-11-22T12:00:15.000Z"));
        assert_eq!(read(&path).unwrap().unwrap().value, renewed);
        // What an older version left out, and a newer one adds.
        let other =
            r#"{"holder":"sam","since":"2026-11-22T12:00:00Z","renewed":"2026-11-22T12:00:00Z","x":1}"#;
        fs::write(&path, other).unwrap();
        let found = read(&path).unwrap().unwrap().value;
        assert_eq!((found.holder.as_str(), found.pid, found.unlocking), ("sam", 0, false));
    }

    #[test]
    fn a_lock_that_cannot_be_read_expires_by_the_age_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "").unwrap();
        let written = ledger_in(folder.path()).lock().unwrap().unwrap().renewed;
        let clock = ManualClock::at(&written.to_string());
        let ledger = ledger_in(folder.path()).with_clock(clock.clone());
        assert!(matches!(ledger.acquire(&who()), Err(LedgerError::InUse(_))));
        clock.pass(61);
        ledger.acquire(&who()).unwrap();
    }

    #[test]
    fn a_file_that_is_edited_or_copied_in_its_place_is_not_the_lock_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let publish = || match publish(&path, &lock(), None) {
            Ok(Published::Own(own)) => own,
            _ => panic!("a lock"),
        };
        let mut own = publish();
        assert!(matches!(own.current(), Ok(Current::Own)));
        let other = LockInfo { token: "u".to_owned(), ..lock() };
        fs::write(&path, to_bytes(&other)).unwrap();
        assert!(matches!(own.current(), Ok(Current::Other(found)) if found == other));

        fs::remove_file(&path).unwrap();
        let mut own = publish();
        let copy = folder.path().join("copy");
        fs::copy(&path, &copy).unwrap();
        fs::rename(&copy, &path).unwrap();
        assert!(matches!(own.renew(&lock()), Ok(Current::None)));
        own.release();
        assert!(path.exists());
    }

    /// One that finds the expired lock and removes it late must not remove the lock that replaced it: in the
    /// time until it is put back, a third one would find none.
    #[test]
    fn a_lock_is_checked_and_removed_in_one_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        assert!(matches!(publish(&path, &lock(), None), Ok(Published::Own(_))));
        let expired = read(&path).unwrap().unwrap().version;
        let acquired = AtomicUsize::new(0);
        let acquire = |token: &str, over: Option<&Version>| {
            let lock = LockInfo { token: token.to_owned(), ..lock() };
            let own = matches!(publish(&path, &lock, over), Ok(Published::Own(_)));
            acquired.fetch_add(usize::from(own), Ordering::SeqCst);
        };
        let late = std::thread::scope(|scope| {
            let (ended, end) = mpsc::channel();
            let checks = AtomicUsize::new(0);
            let (acquire, expired) = (&acquire, &expired);
            remove(&path, "late", |bytes| {
                if checks.fetch_add(1, Ordering::SeqCst) == 0 {
                    let ended = ended.clone();
                    scope.spawn(move || {
                        acquire("second", Some(expired));
                        let _ = ended.send(());
                    });
                    // It ends only if it did not have to wait for this step.
                    let _ = end.recv_timeout(Duration::from_millis(100));
                } else {
                    acquire("third", None);
                }
                digest(bytes) == expired.0
            })
        });
        assert_eq!((late, acquired.into_inner()), (Ok(true), 1));
    }

    #[test]
    fn only_the_lock_that_was_found_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let next = LockInfo { token: "u".to_owned(), ..lock() };
        assert!(matches!(publish(&path, &lock(), None), Ok(Published::Own(_))));
        assert!(matches!(publish(&path, &next, None), Ok(Published::Changed)));
        let found = read(&path).unwrap().unwrap();
        let renewed = LockInfo { renewed: "2026-11-22T12:00:15Z".parse().unwrap(), ..lock() };
        fs::write(&path, to_bytes(&renewed)).unwrap();
        assert!(matches!(publish(&path, &next, Some(&found.version)), Ok(Published::Changed)));
        assert_eq!(read(&path).unwrap().unwrap().value, renewed);
        let found = read(&path).unwrap().unwrap();
        assert!(matches!(publish(&path, &next, Some(&found.version)), Ok(Published::Own(_))));
        assert_eq!(read(&path).unwrap().unwrap().value, next);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
