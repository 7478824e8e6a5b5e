//! What can go wrong with the ledger, each with its sentence.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::lock_info::LockInfo;
use super::record::FORMAT_VERSION;
use crate::escape;

/// Why the ledger cannot be used as asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LedgerError {
    /// What was written as its place is none that can be used.
    Location {
        /// As written.
        text: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file lies where the folder should be.
    NotAFolder(PathBuf),
    /// There is no ledger.
    NoLedger(PathBuf),
    /// Something among the run files is not one.
    NotARun(PathBuf),
    /// The system refused.
    Io {
        /// What was tried, such as `write`.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A file is larger than any that guestlist writes.
    TooLarge(PathBuf),
    /// A newer version of guestlist wrote it.
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        format_version: u64,
    },
    /// A file holds something that is not guestlist's.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The line, where it has lines.
        line: Option<u64>,
        /// What is wrong with it.
        why: String,
    },
    /// Another run writes to it.
    InUse(Box<LockInfo>),
    /// The lock went to another run, or was released by hand.
    LockLost {
        /// The lock file.
        path: PathBuf,
        /// The run that has it now; none where it was released.
        by: Option<String>,
    },
    /// The file of this run has reached the size that one may have.
    RunIsFull,
    /// The run has ended already.
    RunHasEnded,
}

impl LedgerError {
    /// What the system refused to do with `path`.
    pub(super) fn io(doing: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), why: error.to_string() }
    }
}

impl std::error::Error for LedgerError {}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Location { text, what } => {
                write!(f, "`{}` cannot be the ledger: {what}", escape::line(text))
            }
            Self::NotAFolder(path) => {
                write!(
                    f,
                    "the ledger `{}` is not a folder; move that file away or name another folder",
                    shown(path)
                )
            }
            Self::NoLedger(path) => {
                write!(f, "no ledger at `{}`; check the path, or name the ledger with --ledger", shown(path))
            }
            Self::NotARun(path) => write!(
                f,
                "`{}` is not a run file of guestlist; move it out of the ledger, or restore the file that it stands for",
                shown(path)
            ),
            Self::Io { doing, path, why } => {
                write!(f, "cannot {doing} `{}` of the ledger: {}", shown(path), escape::line(why))
            }
            Self::TooLarge(path) => {
                write!(
                    f,
                    "`{}` of the ledger is larger than 64 MiB, which guestlist never writes; move it out of the ledger",
                    shown(path)
                )
            }
            Self::Newer { path, format_version } => {
                write!(
                    f,
                    "`{}` of the ledger has format version {format_version}, and this guestlist knows up to {FORMAT_VERSION}; use the newer guestlist that wrote it",
                    shown(path)
                )
            }
            Self::Unreadable { path, line, why } => {
                write!(f, "`{}` of the ledger", shown(path))?;
                if let Some(line) = line {
                    write!(f, ", line {line},")?;
                }
                write!(f, " cannot be read: {why}; restore that file from a copy, or move it away")
            }
            Self::InUse(info) => write!(
                f,
                "the ledger is locked by {info}; wait until that run has ended (a lock that is not renewed expires after 60 seconds), or, if you know that it is gone, run `guestlist unlock`"
            ),
            Self::LockLost { path, by } => {
                write!(f, "the lock on the ledger (`{}`) was ", shown(path))?;
                match by {
                    Some(by) => write!(f, "taken over by {}", escape::line(by))?,
                    None => f.write_str("released with `guestlist unlock`")?,
                }
                f.write_str(
                    ", so this run makes no further calls; run again when no other run is in progress",
                )
            }
            Self::RunIsFull => {
                f.write_str("this run has filled the file that records it; run again to go on in a new one")
            }
            Self::RunHasEnded => f.write_str("this run has ended in the ledger, nothing can follow"),
        }
    }
}

/// A path, for messages.
pub(super) fn shown(path: &Path) -> String {
    escape::line(&path.to_string_lossy()).into_owned()
}
