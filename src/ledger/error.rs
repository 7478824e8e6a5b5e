//! The errors of the ledger and their messages.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::lock_info::LockInfo;
use super::record::FORMAT_VERSION;
use crate::escape;
use crate::words;

/// Why the ledger cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LedgerError {
    /// The configured location cannot be used.
    Location {
        /// As written.
        text: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There is a file in place of the folder.
    NotAFolder(String),
    /// There is no ledger at this path or URL.
    NoLedger(String),
    /// This is among the runs, but is not one.
    NotARun(String),
    /// The operating system or the object store reported an error.
    Io {
        /// What failed, such as `write ledger file`.
        doing: &'static str,
        /// The path or URL.
        file: String,
        /// Its message, with what to do if that is known.
        why: String,
    },
    /// A file is larger than guestlist ever writes.
    TooLarge(String),
    /// A file was written by a newer version of guestlist.
    Newer {
        /// The path or URL.
        file: String,
        /// The version of its format.
        format_version: u64,
    },
    /// A segment of a ledger in an object store is damaged or missing.
    Segment {
        /// Its URL.
        url: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A file has content that guestlist did not write.
    Unreadable {
        /// The path or URL.
        file: String,
        /// The line, from 1, if the file has lines.
        line: Option<u64>,
        /// What is wrong with it.
        why: String,
    },
    /// The settings of an object store are incomplete or invalid.
    StoreSettings {
        /// The URL.
        store: String,
        /// What to set.
        why: String,
    },
    /// The credentials of an object store expire too soon.
    ExpiresSoon {
        /// The URL.
        store: String,
        /// When.
        expires: Timestamp,
        /// How long that is from now.
        left: Duration,
        /// How long they are needed.
        needed: Duration,
        /// For what, such as `the 3 calls of this plan`.
        by: String,
    },
    /// An object store does not keep the conditions of writes, so a ledger in it would lose records.
    UnsafeStore {
        /// The URL.
        store: String,
        /// What it did.
        why: &'static str,
    },
    /// An object store did not respond to a process that was asked to end.
    NoResponse(String),
    /// The place for the copy already has a ledger.
    NotEmpty(String),
    /// The ledger to copy is damaged.
    Damaged(String),
    /// A copy differs from the ledger that was copied.
    CopyDiffers {
        /// The path or URL of the copy.
        ledger: String,
        /// The run or document that differs.
        what: String,
    },
    /// Another run holds the lock.
    InUse(Box<LockInfo>),
    /// Other runs acquired and released the lock during every attempt to acquire it.
    Contended,
    /// The lock was taken over by another run, or released by hand.
    LockLost {
        /// The path or URL of the ledger.
        ledger: String,
        /// The new holder, if it was taken over.
        by: Option<String>,
    },
    /// The records of this run have reached the size limit.
    RunIsFull,
    /// The end of this run is already recorded.
    RunHasEnded,
    /// The thread that writes records could not be started.
    NoThread(String),
}

impl LedgerError {
    /// An error of the operating system.
    pub(super) fn io(doing: &'static str, file: impl Into<String>, error: &io::Error) -> Self {
        Self::Io { doing, file: file.into(), why: error.to_string() }
    }
}

fn unreadable(f: &mut fmt::Formatter<'_>, file: &str, line: Option<u64>, why: &str) -> fmt::Result {
    write!(f, "cannot read ledger file `{}`", escape::line(file))?;
    if let Some(line) = line {
        write!(f, ", line {line}")?;
    }
    write!(f, ": {why}; restore the file from a backup, or move it away")
}

impl std::error::Error for LedgerError {}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Location { text, what } => write!(f, "invalid ledger `{}`: {what}", escape::line(text)),
            Self::NotAFolder(file) => write!(
                f,
                "the ledger `{}` is not a folder; move that file away, or choose another folder",
                escape::line(file)
            ),
            Self::NoLedger(ledger) => write!(
                f,
                "no ledger at `{}`; check the path, or pass another one with --ledger",
                escape::line(ledger)
            ),
            Self::NotARun(file) => write!(
                f,
                "`{}` is not a run file of guestlist; move it out of the ledger, or restore the original file",
                escape::line(file)
            ),
            Self::Io { doing, file, why } => {
                write!(f, "cannot {doing} `{}`: {}", escape::line(file), escape::line(why))
            }
            Self::TooLarge(file) => write!(
                f,
                "ledger file `{}` is larger than 64 MiB, which guestlist never writes; move it out of the ledger",
                escape::line(file)
            ),
            Self::Newer { file, format_version } => write!(
                f,
                "ledger file `{}` has format version {format_version}, and this version of guestlist supports up to {FORMAT_VERSION}; use a newer guestlist",
                escape::line(file)
            ),
            Self::Segment { url, why } => {
                write!(f, "cannot read ledger object `{}`: {why}", escape::line(url))
            }
            Self::Unreadable { file, line, why } => unreadable(f, file, *line, why),
            Self::StoreSettings { store, why } => {
                write!(f, "cannot use the ledger `{}`: {}", escape::line(store), escape::line(why))
            }
            Self::ExpiresSoon { store, expires, left, needed, by } => write!(
                f,
                "the credentials for the ledger `{}` expire at {expires:.0}, in {}, and {by} may take {}, so nothing was changed; set credentials that last longer",
                escape::line(store),
                words::duration(rounded_down(*left)),
                words::duration(*needed)
            ),
            Self::UnsafeStore { store, why } => write!(
                f,
                "the object store of `{}` cannot keep a ledger: {why}; use another store, or a folder",
                escape::line(store)
            ),
            Self::NoResponse(store) => write!(
                f,
                "stopped without a response from the ledger `{}`; if this run has locked it, the lock expires after 60 seconds",
                escape::line(store)
            ),
            Self::NotEmpty(ledger) => write!(
                f,
                "there is something at `{}` already, and nothing was copied; copy to a new folder or prefix",
                escape::line(ledger)
            ),
            Self::Damaged(ledger) => {
                let ledger = escape::line(ledger);
                write!(
                    f,
                    "the ledger `{ledger}` is damaged, and nothing was copied; see `guestlist log --verify --ledger {ledger}`"
                )
            }
            Self::CopyDiffers { ledger, what } => write!(
                f,
                "the copy in `{}` is not complete: {} differs; copy again, to a new folder or prefix",
                escape::line(ledger),
                escape::line(what)
            ),
            Self::InUse(lock) => write!(
                f,
                "the ledger is locked by {lock}; wait until that run has ended (a lock that is not renewed expires after 60 seconds) or, if you know that it is no longer running, run `guestlist unlock` with the same options"
            ),
            Self::Contended => f.write_str("other runs are locking the ledger at this moment; run again"),
            Self::LockLost { ledger, by } => {
                write!(f, "the lock on the ledger `{}` was ", escape::line(ledger))?;
                match by {
                    Some(by) => write!(f, "taken over by {}", escape::line(by))?,
                    None => f.write_str("released with `guestlist unlock`")?,
                }
                f.write_str(
                    ", so this run makes no further calls; run again when no other run is in progress",
                )
            }
            Self::RunIsFull => {
                f.write_str("the ledger file of this run is full; run again to continue in a new one")
            }
            Self::RunHasEnded => f.write_str("the end of this run is already in the ledger"),
            Self::NoThread(why) => {
                write!(f, "could not start the thread that writes the ledger: {}", escape::line(why))
            }
        }
    }
}

/// In the unit in which it is shown, which is rounded up otherwise.
fn rounded_down(time: Duration) -> Duration {
    let seconds = time.as_secs();
    let unit = match seconds {
        ..=90 => 1,
        91..=5400 => 60,
        _ => 3600,
    };
    Duration::from_secs(seconds - seconds % unit)
}

/// Turns errors of the operating system about `path` into errors of the ledger.
pub(super) fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> LedgerError + use<> {
    let file = shown(path);
    move |error| LedgerError::io(doing, file.clone(), &error)
}

/// A path in errors, which are escaped when they are displayed.
pub(super) fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
