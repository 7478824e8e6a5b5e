//! The check of a whole ledger: every file in itself, and the chain that crosses them.

use std::collections::BTreeSet;

use super::chain::{Broken, RunSummary, digest, verify};
use super::error::LedgerError;
use super::run_file::RunName;
use super::run_order::{Fork, RunBreak, RunStart, breaks, forks, wanted};

/// A run file and the result of its check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// The file.
    pub name: RunName,
    /// Its content, or where it is not as it was written.
    pub result: Result<RunSummary, Broken>,
    /// Whether a later run names its last record, so that none was removed after it.
    pub is_continued: bool,
}

impl Verified {
    /// Whether records may be missing at its end: it has no `end`, and no later run confirms that.
    #[must_use]
    pub fn may_be_cut(&self) -> bool {
        !self.is_continued && self.result.as_ref().is_ok_and(|summary| summary.ended.is_none())
    }
}

/// The result of checking a ledger.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verification {
    /// Every run file, in the order of the runs.
    pub files: Vec<Verified>,
    /// Runs that are missing, or are not the ones that were written.
    pub breaks: Vec<RunBreak>,
    /// Runs with the same predecessor.
    pub forks: Vec<Fork>,
}

/// Whether a ledger is as it was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChainState {
    /// Every record is.
    Intact,
    /// Every record is, and two branches of it were merged.
    Fork,
    /// Something was edited, replaced or removed.
    Damaged,
}

impl ChainState {
    /// The word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Fork => "fork",
            Self::Damaged => "damaged",
        }
    }
}

impl Verification {
    /// Checks the runs, whose files `read` reads.
    pub(super) fn of(
        runs: &[RunStart],
        read: impl Fn(&RunName) -> Result<Vec<u8>, LedgerError>,
    ) -> Result<Self, LedgerError> {
        let mut files = Vec::new();
        let mut found = BTreeSet::new();
        let wanted = wanted(runs);
        for RunStart { name, .. } in runs {
            let bytes = read(name)?;
            let mut is_continued = false;
            if let Some(wanted) = wanted.get(name.as_str()) {
                // What follows the last newline is not a record.
                let mut lines: Vec<_> = bytes.split(|&byte| byte == b'\n').collect();
                lines.pop();
                for line in lines.into_iter().filter_map(|line| std::str::from_utf8(line).ok()) {
                    let digest = digest(line);
                    is_continued = wanted.contains(digest.as_str());
                    if is_continued {
                        found.insert((name.as_str().to_owned(), digest));
                    }
                }
            }
            files.push(Verified { name: name.clone(), result: verify(&bytes), is_continued });
        }
        Ok(Self { files, breaks: breaks(runs, &found), forks: forks(runs) })
    }

    /// The verdict.
    #[must_use]
    pub fn chain(&self) -> ChainState {
        if !self.breaks.is_empty() || self.files.iter().any(|file| file.result.is_err()) {
            ChainState::Damaged
        } else if self.forks.is_empty() {
            ChainState::Intact
        } else {
            ChainState::Fork
        }
    }
}
