//! The check of a whole ledger: every run, and the chain across them.

use std::collections::BTreeSet;

use super::chain::{Broken, RunSummary, digest, verify};
use super::error::LedgerError;
use super::run_file::RunName;
use super::run_order::{Fork, RunBreak, RunStart, breaks, forks, wanted};

/// A run and the result of its check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// Its name.
    pub name: RunName,
    /// Its content, or where it is damaged.
    pub result: Result<RunSummary, Broken>,
    /// Whether a later run continues from its last record, which shows that none was removed after it.
    pub is_continued: bool,
}

impl Verified {
    /// Whether records may be missing at its end: it has no `end`, and no later run shows that it never had
    /// one.
    #[must_use]
    pub fn may_be_cut(&self) -> bool {
        !self.is_continued && self.result.as_ref().is_ok_and(|summary| summary.ended.is_none())
    }
}

/// The result of checking a ledger.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verification {
    /// Every run, oldest first.
    pub files: Vec<Verified>,
    /// Runs that are missing or were replaced.
    pub breaks: Vec<RunBreak>,
    /// Runs that continue from the same run.
    pub forks: Vec<Fork>,
}

/// Whether a ledger was modified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChainState {
    /// Every record is as it was written.
    Intact,
    /// Every record is as it was written, and two branches were merged.
    Fork,
    /// Something was edited, replaced or removed.
    Damaged,
}

impl ChainState {
    /// The value in JSON.
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
    /// Checks the runs. `read` returns the bytes of a run.
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
                // An incomplete last line is not a record.
                let mut lines: Vec<_> = bytes.split(|&byte| byte == b'\n').collect();
                lines.pop();
                let lines = lines.into_iter().rev().filter_map(|line| std::str::from_utf8(line).ok());
                // Almost always, the last record is the one that is continued from.
                let mut missing = wanted.clone();
                for (index, line) in lines.enumerate() {
                    let digest = digest(line);
                    let is_wanted = missing.remove(digest.as_str());
                    is_continued |= index == 0 && is_wanted;
                    if is_wanted {
                        found.insert((name.as_str().to_owned(), digest));
                    }
                    if missing.is_empty() {
                        break;
                    }
                }
            }
            files.push(Verified { name: name.clone(), result: verify(&bytes), is_continued });
        }
        Ok(Self { files, breaks: breaks(runs, &found), forks: forks(runs) })
    }

    /// The worst finding.
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
