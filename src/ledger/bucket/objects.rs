//! The requests that a ledger makes to an object store, and the conditional write that is made of them.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::super::error::LedgerError;

/// How often a conditional write is sent or read back before it counts as failed.
const ROUNDS: u32 = 8;

/// The wait after the first round; each later one waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest wait between two rounds.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Objects under one prefix. Each method is one request; only those that read repeat it.
pub(super) trait Objects: fmt::Debug + Send + Sync {
    /// The URL of an object, for messages.
    fn url(&self, key: &str) -> String;

    /// Reads an object, if there is one.
    fn get(&self, key: &str) -> Result<Option<Object>, Failure>;

    /// Reads several objects side by side, in their order, except for large ones. Those after one that fails are left
    /// out.
    fn get_small(&self, keys: &[String]) -> Vec<Result<Small, Failure>> {
        keys.iter().map(|key| self.get(key).map(Small::from)).collect()
    }

    /// Writes an object if it is exactly `over` (none: if there is none). It is sent once.
    fn put(&self, key: &str, body: &[u8], over: Option<&ETag>) -> Result<ETag, PutFailure>;

    /// Writes each body to `key` at the same moment, if it is exactly `over`.
    fn put_at_once(&self, key: &str, bodies: &[&[u8]], over: Option<&ETag>) -> Vec<Result<ETag, PutFailure>> {
        bodies.iter().map(|body| self.put(key, body, over)).collect()
    }

    /// The keys under `folder` that come after `after`, at most `most`. It may be out of date.
    fn list(&self, folder: &str, after: &str, most: usize) -> Result<Vec<String>, Failure>;

    /// From now on, conditions name e-tags without quotation marks.
    fn unquote_etags(&self);

    /// When the credentials expire, if that is known and they cannot be renewed.
    fn expires(&self) -> Option<Timestamp> {
        None
    }

    /// Waits.
    fn pause(&self, time: Duration);

    /// Whether something that began at `began` should not go on, because the process was asked to end.
    fn should_end(&self, _began: Instant) -> bool {
        false
    }
}

/// How long a conditional write goes on, with everything that belongs to it.
const LONGEST: Duration = Duration::from_secs(30);

/// The same for one that is only polite, such as the release of a lock.
pub(super) const POLITE: Duration = Duration::from_secs(3);

/// An object as it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Object {
    pub(super) bytes: Vec<u8>,
    pub(super) etag: ETag,
}

/// An object that was read side by side with others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Small {
    Object(Object),
    /// There is none.
    None,
    /// It is too large to be read with others.
    Large,
}

impl From<Option<Object>> for Small {
    fn from(object: Option<Object>) -> Self {
        object.map_or(Self::None, Self::Object)
    }
}

/// Changes whenever an object does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ETag(pub(super) String);

/// Why a request failed: the end of a sentence, with what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failure(pub(super) String);

impl Failure {
    /// The failure to do something with an object.
    pub(super) fn when(self, doing: &'static str, object: String) -> LedgerError {
        LedgerError::Io { doing, file: object, why: self.0 }
    }
}

/// Why a write failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum PutFailure {
    /// It was refused and has not happened: the credentials, the permissions or the store.
    Refused(Failure),
    /// It may have happened: the condition was not met, or there was no clear response. A condition is also not
    /// met if the request arrived twice.
    Unclear(Failure),
}

/// The result of a conditional write.
#[derive(Debug)]
pub(super) enum Written {
    /// The object is as written.
    Own(ETag),
    /// The condition was not met, and this is there.
    Other(Option<Object>),
}

/// Writes an object if it is exactly `over` (none: if there is none). `body` has a write id that no other body
/// has, so what is read back shows whether it was written.
///
/// # Errors
/// If it was refused, or if it is unclear whether it was written.
pub(super) fn write(
    objects: &dyn Objects,
    key: &str,
    body: &[u8],
    over: Option<&ETag>,
) -> Result<Written, WriteError> {
    write_within(objects, key, body, over, LONGEST)
}

/// The same, but no request is begun after `limit`.
pub(super) fn write_within(
    objects: &dyn Objects,
    key: &str,
    body: &[u8],
    over: Option<&ETag>,
    limit: Duration,
) -> Result<Written, WriteError> {
    let mut pauses = Pauses { taken: 0, began: Instant::now(), limit };
    let mut is_unclear = false;
    let failed = |failure: Failure| failure.when("write ledger object", objects.url(key));
    loop {
        let unclear = match objects.put(key, body, over) {
            Ok(etag) => return Ok(Written::Own(etag)),
            Err(PutFailure::Refused(failure)) => {
                return Err(WriteError { error: failed(failure), is_unclear });
            }
            Err(PutFailure::Unclear(failure)) => failure,
        };
        is_unclear = true;
        // Only what is there tells what has happened, so there is a read before the next write.
        loop {
            match objects.get(key) {
                Ok(Some(found)) if found.bytes == body => return Ok(Written::Own(found.etag)),
                // It has not arrived. If it still does, it fails: the next one has replaced `over` by then.
                Ok(found) if found.as_ref().map(|found| &found.etag) == over => break,
                Ok(found) => return Ok(Written::Other(found)),
                Err(_) if pauses.are_left(objects) => pauses.take(objects),
                Err(_) => return Err(WriteError { error: failed(unclear), is_unclear: true }),
            }
        }
        if !pauses.are_left(objects) {
            return Err(WriteError { error: failed(unclear), is_unclear: true });
        }
        pauses.take(objects);
    }
}

/// Why a conditional write failed.
#[derive(Debug)]
pub(super) struct WriteError {
    pub(super) error: LedgerError,
    /// Whether it may have happened, or may still.
    pub(super) is_unclear: bool,
}

impl From<WriteError> for LedgerError {
    fn from(failed: WriteError) -> Self {
        failed.error
    }
}

/// The waits between the rounds of a write.
struct Pauses {
    taken: u32,
    began: Instant,
    limit: Duration,
}

impl Pauses {
    fn are_left(&self, objects: &dyn Objects) -> bool {
        self.taken < ROUNDS - 1 && self.began.elapsed() < self.limit && !objects.should_end(self.began)
    }

    fn take(&mut self, objects: &dyn Objects) {
        objects.pause((FIRST_PAUSE * 2_u32.pow(self.taken)).min(LONGEST_PAUSE));
        self.taken += 1;
    }
}

/// An id that no other write has.
pub(super) fn write_id() -> String {
    format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
}

/// Shared by everything that uses one ledger.
pub(super) type SharedObjects = Arc<dyn Objects>;

/// Makes another connection to them.
pub(super) type Connect = Box<dyn Fn() -> Result<SharedObjects, LedgerError> + Send + Sync>;
