//! The place where a ledger is kept: its runs, its documents and its lock. The rest of the ledger does not
//! know whether that is a folder.
//!
//! `local` implements it for a folder, and `bucket` for an object store. Methods block, so a store on the network
//! needs threads of its own.

use std::fmt;
use std::io::BufRead;

use jiff::Timestamp;

use super::error::LedgerError;
use super::lock_info::LockInfo;
use super::run_file::RunName;

/// The size limit of a run and of a document, in bytes.
pub(super) const MAX_BYTES: u64 = 64 << 20;

/// Where a ledger is kept. What does not exist yet is empty, and is created by the first write.
pub(super) trait Store: fmt::Debug + Send + Sync {
    /// The ledger in messages: its path or URL.
    fn name(&self) -> String;

    /// Whether there is a ledger.
    ///
    /// # Errors
    /// If the store cannot be reached.
    fn exists(&self) -> Result<bool, LedgerError>;

    /// Whether nothing at all is in its place.
    ///
    /// # Errors
    /// If the store cannot be reached.
    fn is_empty(&self) -> Result<bool, LedgerError>;

    /// The names of all runs, sorted.
    ///
    /// # Errors
    /// If they cannot be listed, or there is anything else among them, which is named: its content is
    /// unknown, so the ledger would be incomplete without it.
    fn runs(&self) -> Result<Vec<RunName>, LedgerError>;

    /// Opens a run to read its lines from the first one. While the run is being written, the last line may be
    /// incomplete.
    ///
    /// # Errors
    /// If it cannot be read, or is larger than [`MAX_BYTES`].
    fn open_run(&self, run: &RunName) -> Result<Box<dyn BufRead>, LedgerError>;

    /// A run in messages: the path or URL of its records.
    fn run_location(&self, run: &RunName) -> String;

    /// Starts a run at `at`, with a name that no other run has. This process has published a lock before. A
    /// store whose appends are fenced appends under that one.
    ///
    /// # Errors
    /// If it cannot be created.
    fn create_run(&self, at: Timestamp) -> Result<(RunName, Box<dyn RunLog>), LedgerError>;

    /// Writes a whole run of another ledger, while this process holds the lock.
    ///
    /// # Errors
    /// If it cannot be written, or there is a run of that name.
    fn import_run(&self, run: &RunName, records: &[u8]) -> Result<(), LedgerError>;

    /// Reads a document, if there is one.
    ///
    /// # Errors
    /// If it cannot be read, or is larger than [`MAX_BYTES`].
    fn read(&self, document: &str) -> Result<Option<Versioned<Vec<u8>>>, LedgerError>;

    /// Replaces a document as a whole, if it still has version `over` (none: if there is none). Returns
    /// whether it did. Readers find the old or the new content, whatever happens.
    ///
    /// A store without compare-and-swap checks the version just before it writes, so of two writers at the
    /// same moment the last one wins.
    ///
    /// # Errors
    /// If it cannot be written.
    fn replace(&self, document: &str, bytes: &[u8], over: Option<&Version>) -> Result<bool, LedgerError>;

    /// A document in messages: its path or URL.
    fn document_location(&self, document: &str) -> String;

    /// Whether all holders of its lock have one clock, so that the time in the lock tells whether it has expired.
    fn shares_clock(&self) -> bool {
        true
    }

    /// Whether an object store has passed the check of its conditional writes. None for a folder.
    ///
    /// # Errors
    /// If the result cannot be read.
    fn is_checked(&self) -> Result<Option<bool>, LedgerError> {
        Ok(None)
    }

    /// When this process can no longer use it, if that is known.
    fn expires(&self) -> Option<Timestamp> {
        None
    }

    /// Calls `say` whenever a response of a store on the network is awaited for long.
    fn say_waiting(&self, _say: Box<dyn Fn() + Send + Sync>) {}

    /// The process was asked to end: a store on the network that does not respond is given up after a few seconds.
    fn hurry(&self) {}

    /// Whether it was given up for that reason.
    fn is_given_up(&self) -> bool {
        false
    }

    /// The lock, if there is one. The caller decides whether it has expired.
    ///
    /// # Errors
    /// If it cannot be read.
    fn lock(&self) -> Result<Option<Versioned<LockInfo>>, LedgerError>;

    /// Publishes `lock` in place of exactly the lock `over`, not renewed since (none: if there is none). Of
    /// several who do so at the same moment, one succeeds.
    ///
    /// When it returns [`Published::Own`], an earlier holder can record nothing more. A store whose appends
    /// are fenced by the lock has written the fence by then.
    ///
    /// # Errors
    /// If it cannot be written.
    fn publish(&self, lock: &LockInfo, over: Option<&Version>) -> Result<Published, LedgerError>;
}

/// The records of a run in progress.
pub(super) trait RunLog: Send {
    /// Appends whole lines. With `sync`, they and all before them are durable when this returns; without it, a
    /// process that ends has still written them, or a store that writes with each call may keep them for the
    /// next one.
    ///
    /// # Errors
    /// If that is not certain. Nothing may rely on these lines, and nothing more is appended.
    fn append(&mut self, lines: &[u8], sync: bool) -> Result<(), LedgerError>;
}

/// A lock that this process published. It stays when this is dropped.
pub(super) trait OwnLock: Send {
    /// What is in its place now. This is called before every request, so a store on the network answers from
    /// its last renewal.
    ///
    /// # Errors
    /// If it cannot be read.
    fn current(&mut self) -> Result<Current, LedgerError>;

    /// Renews exactly this lock, never that of another run. `lock` differs from what was published only in
    /// its time. Returns what is in its place afterwards.
    ///
    /// # Errors
    /// If it is unknown whether it was renewed.
    fn renew(&mut self, lock: &LockInfo) -> Result<Current, LedgerError>;

    /// Removes exactly this lock. If that fails, it expires.
    fn release(&mut self);
}

/// What was read, and its version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Versioned<T> {
    pub(super) value: T,
    pub(super) version: Version,
}

/// Changes whenever a document or a lock does: an e-tag, or a digest. Only equality is meaningful.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Version(pub(super) String);

/// The result of publishing a lock.
pub(super) enum Published {
    /// It is the lock of the ledger.
    Own(Box<dyn OwnLock>),
    /// The lock `over` was removed, but another run published its own first. A store that replaces a lock in
    /// one step never returns this.
    Overtaken,
    /// There is another lock than `over`, which was left alone.
    Changed,
}

/// What is in the place of a lock that was published.
pub(super) enum Current {
    /// That lock.
    Own,
    /// Another lock.
    Other(LockInfo),
    /// No lock.
    None,
}
