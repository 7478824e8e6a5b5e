//! A ledger in an object store: the lock, one sequence of segments, and the documents, under one prefix.
//!
//! The append is the fence: a record counts only if its segment was created at the next number, under the epoch
//! of the lock that this process holds. So a run that has lost its lock records nothing more, and makes no call
//! that it would have to record. `docs/ledger.md` has the protocol.

mod check;
mod cloud;
mod document;
mod lock_object;
#[cfg(test)]
pub(in crate::ledger) mod memory_objects;
mod objects;
mod patience;
mod run_log;
mod segments;

use std::fmt;
use std::io::{BufRead, Cursor};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::error::LedgerError;
use super::lock_info::LockInfo;
use super::run_file::RunName;
use super::store::{OwnLock as _, Published, RunLog, Store, Version, Versioned};
use super::store_variables::StoreVariables;
use crate::clock::Clock;
use crate::model::BucketLocation;
use document::{with_write_id, without_write_id};
use lock_object::{BucketLock, LockObject};
use objects::{Connect, ETag, Object, SharedObjects, Written, write};
use patience::Patience;
use run_log::{BucketLog, Records, part_of};
use segments::Segments;

/// How many segments of an earlier epoch may be in the place of the first one of this process.
const ROUNDS: u32 = 8;

/// A prefix in an object store with a ledger, or without one yet.
#[derive(Clone, Debug)]
pub(super) struct BucketStore(Arc<Bucket>);

/// What the parts of a ledger in an object store share.
pub(super) struct Bucket {
    objects: SharedObjects,
    /// Makes connections of its own for the lock, which only a command that writes needs.
    connect_for_lock: Connect,
    for_lock: OnceLock<SharedObjects>,
    patience: Arc<Patience>,
    clock: Arc<dyn Clock>,
    log: Mutex<Log>,
    /// Set once the store has passed the check: whether conditions name e-tags without quotation marks.
    checked: OnceLock<bool>,
    /// When it was last certain that this process holds the lock, as uptime.
    proven: Mutex<Option<Duration>>,
    /// Whether something that was written may not have happened yet.
    is_unclear: AtomicBool,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bucket").field(&self.objects).finish()
    }
}

#[derive(Debug, Default)]
struct Log {
    segments: Segments,
    own: Option<OwnEpoch>,
}

/// The epoch of the lock that this process published last.
#[derive(Debug)]
struct OwnEpoch {
    epoch: u64,
    /// Whether a segment was written under it.
    has_appended: bool,
}

impl BucketStore {
    /// The ledger in these objects.
    fn new(
        objects: SharedObjects,
        connect_for_lock: Connect,
        patience: Arc<Patience>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Bucket {
            patience,
            objects,
            connect_for_lock,
            for_lock: OnceLock::new(),
            clock,
            log: Mutex::default(),
            checked: OnceLock::new(),
            proven: Mutex::default(),
            is_unclear: AtomicBool::new(false),
        }))
    }

    /// The ledger at a location. Nothing is sent yet.
    pub(super) fn open(
        location: &BucketLocation,
        variables: &StoreVariables,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LedgerError> {
        let patience = Arc::default();
        let objects = cloud::connect(location, variables, &patience)?;
        let (location, variables, shared) = (location.clone(), variables.clone(), Arc::clone(&patience));
        let connect_for_lock = Box::new(move || cloud::connect(&location, &variables, &shared));
        Ok(Self::new(objects, connect_for_lock, patience, clock))
    }
}

impl Bucket {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The segments, with everything that was written by now.
    fn latest(&self) -> Result<MutexGuard<'_, Log>, LedgerError> {
        let mut log = self.log();
        log.segments.read_on(&*self.objects)?;
        Ok(log)
    }

    /// Whether it was certain a short while ago that this process holds the lock.
    fn is_proven_within(&self, time: Duration) -> bool {
        let proven = *self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        proven.is_some_and(|proven| self.clock.uptime().saturating_sub(proven) < time)
    }

    /// A write under the lock that was sent at `sent` has happened.
    fn prove(&self, sent: Duration) {
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        *proven = (*proven).max(Some(sent));
    }

    fn has_unclear_writes(&self) -> bool {
        self.is_unclear.load(Ordering::Relaxed)
    }

    /// Begins an epoch, if there was a holder before with a fence against it.
    fn begin(&self, epoch: u64, with_fence: bool) -> Result<(), LedgerError> {
        self.latest()?.own = Some(OwnEpoch { epoch, has_appended: false });
        if with_fence { self.append(None, &[]) } else { Ok(()) }
    }

    /// Creates the next segment, which fails if the lock is lost.
    fn append(&self, run: Option<&RunName>, records: &[u8]) -> Result<(), LedgerError> {
        let mut log = self.log();
        let Log { segments, own: Some(own) } = &mut *log else {
            return Err(LedgerError::LockLost { ledger: self.objects.url(""), by: None });
        };
        for _ in 0..ROUNDS {
            // A number is free after the segments of a later holder as well.
            if segments.epoch > own.epoch {
                return Err(self.lost());
            }
            let sent = self.clock.uptime();
            let body = segments.compose(own.epoch, run, records);
            let key = segments::key(segments.next);
            let written = write(&*self.objects, &key, &body, None).map_err(|failed| {
                self.is_unclear.fetch_or(failed.is_unclear, Ordering::Relaxed);
                failed.error
            })?;
            let found = match written {
                Written::Own(_) => {
                    segments.take(&*self.objects, &body)?;
                    own.has_appended = true;
                    self.prove(sent);
                    return Ok(());
                }
                Written::Other(found) => found.map(|object| object.bytes).unwrap_or_default(),
            };
            let epoch = segments::header(&found).map(|header| header.epoch);
            if own.has_appended || epoch.is_none_or(|epoch| epoch >= own.epoch) {
                return Err(self.lost());
            }
            // The last write of the holder before has arrived in the meantime. It can have no other, because it finds
            // the fence in its place.
            segments.take(&*self.objects, &found)?;
        }
        Err(LedgerError::Contended)
    }

    /// The same for records that may not fit into one segment.
    fn append_all(&self, run: &RunName, records: &[u8]) -> Result<(), LedgerError> {
        let (mut part, mut rest) = records.split_at(part_of(records));
        loop {
            self.append(Some(run), part)?;
            if rest.is_empty() {
                return Ok(());
            }
            (part, rest) = rest.split_at(part_of(rest));
        }
    }

    /// Another run has written in the place of this one: its lock is lost.
    fn lost(&self) -> LedgerError {
        *self.proven.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let holder = self.read_lock().ok().flatten().and_then(|(lock, _)| lock.holder);
        let by = holder.filter(|lock| !lock.unlocking).map(|lock| lock.holder);
        LedgerError::LockLost { ledger: self.objects.url(""), by }
    }

    /// Checks the store before the first write to it.
    fn check(&self) -> Result<(), LedgerError> {
        if self.checked.get().is_none() {
            let unquoted_etags = check::check(&*self.objects)?;
            let _ = self.checked.set(unquoted_etags);
        }
        Ok(())
    }

    /// The objects over connections of the lock. The store has been checked before.
    fn for_lock(&self) -> Result<SharedObjects, LedgerError> {
        if let Some(connected) = self.for_lock.get() {
            return Ok(Arc::clone(connected));
        }
        let connected = (self.connect_for_lock)()?;
        if self.checked.get() == Some(&true) {
            connected.unquote_etags();
        }
        Ok(Arc::clone(self.for_lock.get_or_init(|| connected)))
    }

    fn read_lock(&self) -> Result<Option<(LockObject, ETag)>, LedgerError> {
        let url = || self.objects.url(lock_object::KEY);
        let found =
            self.objects.get(lock_object::KEY).map_err(|failure| failure.when("read ledger lock", url()))?;
        found.map(|object| Ok((LockObject::parse(&object, url)?, object.etag))).transpose()
    }
}

impl Store for BucketStore {
    fn name(&self) -> String {
        self.0.objects.url("")
    }

    fn exists(&self) -> Result<bool, LedgerError> {
        Ok(!self.is_empty()?)
    }

    fn is_empty(&self) -> Result<bool, LedgerError> {
        let listed = self.0.objects.list("", "", 1);
        let listed = listed.map_err(|failure| failure.when("list ledger objects", self.name()))?;
        Ok(listed.is_empty())
    }

    fn runs(&self) -> Result<Vec<RunName>, LedgerError> {
        Ok(self.0.latest()?.segments.runs.keys().cloned().collect())
    }

    fn open_run(&self, run: &RunName) -> Result<Box<dyn BufRead>, LedgerError> {
        let records = self.0.log().segments.runs.get(run).cloned().unwrap_or_default();
        Ok(Box::new(Cursor::new(Records::from(records))))
    }

    fn run_location(&self, run: &RunName) -> String {
        format!("{}, run {run}", self.0.objects.url(segments::FOLDER))
    }

    fn create_run(&self, at: Timestamp) -> Result<(RunName, Box<dyn RunLog>), LedgerError> {
        let log = self.0.log();
        loop {
            let name = RunName::at(at);
            if !log.segments.runs.contains_key(&name) {
                let bucket = Arc::clone(&self.0);
                return Ok((name.clone(), Box::new(BucketLog::new(bucket, name))));
            }
        }
    }

    fn import_run(&self, run: &RunName, records: &[u8]) -> Result<(), LedgerError> {
        self.0.append_all(run, records)
    }

    fn read(&self, document: &str) -> Result<Option<Versioned<Vec<u8>>>, LedgerError> {
        let objects = &self.0.objects;
        let found = objects
            .get(document)
            .map_err(|failure| failure.when("read ledger object", objects.url(document)))?;
        Ok(found.map(|Object { bytes, etag }| Versioned {
            value: without_write_id(bytes),
            version: Version(etag.0),
        }))
    }

    fn replace(&self, document: &str, bytes: &[u8], over: Option<&Version>) -> Result<bool, LedgerError> {
        self.0.check()?;
        let over = over.map(|version| ETag(version.0.clone()));
        let written = write(&*self.0.objects, document, &with_write_id(bytes), over.as_ref());
        Ok(matches!(written?, Written::Own(_)))
    }

    fn document_location(&self, document: &str) -> String {
        self.0.objects.url(document)
    }

    fn shares_clock(&self) -> bool {
        false
    }

    fn is_checked(&self) -> Result<Option<bool>, LedgerError> {
        check::is_passed(&*self.0.objects).map(Some)
    }

    fn expires(&self) -> Option<Timestamp> {
        self.0.objects.expires()
    }

    fn say_waiting(&self, say: Box<dyn Fn() + Send + Sync>) {
        self.0.patience.say_waiting(say);
    }

    fn hurry(&self) {
        self.0.patience.ask_to_end();
    }

    fn is_given_up(&self) -> bool {
        self.0.patience.is_over()
    }

    fn lock(&self) -> Result<Option<Versioned<LockInfo>>, LedgerError> {
        let found = self.0.read_lock()?;
        Ok(found.and_then(|(lock, etag)| Some(Versioned { value: lock.holder?, version: Version(etag.0) })))
    }

    /// Replaces the lock, then, if it had a holder, writes a fence: from then on, that holder can write nothing.
    /// The number of the fence is chosen after the epoch, so what the holder wrote before comes before it.
    fn publish(&self, lock: &LockInfo, over: Option<&Version>) -> Result<Published, LedgerError> {
        let bucket = &self.0;
        bucket.check()?;
        let (before, etag) = match bucket.read_lock()? {
            // If it was removed by hand, its epoch goes on from the segments.
            None => (LockObject { epoch: bucket.latest()?.segments.epoch, holder: None }, None),
            Some((before, etag)) => (before, Some(etag)),
        };
        let is_held = before.holder.is_some();
        let held = etag.as_ref().filter(|_| is_held);
        if held.map(|etag| etag.0.as_str()) != over.map(|version| version.0.as_str()) {
            return Ok(Published::Changed);
        }
        let Some(epoch) = before.epoch.checked_add(1) else {
            let why = "its epoch is not one of guestlist".to_owned();
            let file = bucket.objects.url(lock_object::KEY);
            return Err(LedgerError::Unreadable { file, line: None, why });
        };
        let objects = bucket.for_lock()?;
        let asked = bucket.clock.uptime();
        let body = LockObject { epoch, holder: Some(lock.clone()) }.to_bytes();
        let written = write(&*objects, lock_object::KEY, &body, etag.as_ref());
        let Written::Own(etag) = written? else { return Ok(Published::Changed) };
        bucket.is_unclear.store(false, Ordering::Relaxed);
        bucket.prove(asked);
        let token = lock.token.clone();
        let mut own = BucketLock { bucket: Arc::clone(bucket), objects, epoch, token, etag };
        match bucket.begin(epoch, is_held) {
            Ok(()) => Ok(Published::Own(Box::new(own))),
            Err(error) => {
                // Without a fence against the holder before, the next run has to write it, so the lock stays.
                if !is_held {
                    own.release();
                }
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests;
