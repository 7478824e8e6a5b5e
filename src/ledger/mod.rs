//! The ledger: the append-only record of every call guestlist made, and what came of it.
//!
//! A folder with one file for each run that made calls (`runs/`), the last live readings
//! (`known.json`), and while a run writes, its lock (`lease.json`).

mod chain;
mod error;
mod fold;
mod folder;
mod location;
mod lock;
mod lock_file;
mod log;
mod record;
mod run_file;
mod run_order;
mod snapshot;
mod superseded;
mod verification;
mod view;
mod writer;
mod writes;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::{Clock, SystemClock};
pub use chain::{Broken, RunSummary, digest, verify};
pub use error::LedgerError;
pub use fold::{Accepted, Fold, History};
pub use location::LedgerLocation;
pub use lock::{EXPIRES_AFTER, Lock, RENEWED_EVERY};
pub use lock_file::LockInfo;
pub use log::{Entry, LoggedRun, Stored};
pub use record::{
    Action, Body, End, EndReason, FORMAT_VERSION, Intent, InvalidRecord, Meaning, Outcome, PrevRun, Record,
    Run, Seq, Who,
};
pub use run_file::RunName;
pub use run_order::{Fork, RunBreak};
pub use snapshot::Snapshot;
pub use superseded::{AppliedPlans, Superseded};
pub use verification::{ChainState, Verification, Verified};
pub use view::LedgerView;
pub use writer::{RunWriter, Tally};
pub use writes::Writes;

use folder::{Folder, Stamp};
use record::to_the_millisecond;
use run_file::{Damage, read_records};
use run_order::RunStart;
use snapshot::Snapshots;
use superseded::Collector;
use writer::{RunFile, WriterSetup};

const KNOWN: &str = "known.json";

/// A ledger. Opening it reads and creates nothing.
#[derive(Clone)]
pub struct Ledger {
    folder: Folder,
    clock: Arc<dyn Clock>,
}

/// Something about a file that the user should know, and that nothing fails for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Warning {
    /// The file, as seen from the ledger.
    pub file: String,
    /// The line, where it is about one.
    pub line: Option<u64>,
    /// The end of the sentence that begins with the file and line.
    pub what: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of the ledger", self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line},")?;
        }
        write!(f, " {}", self.what)
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Ledger {
    /// The ledger at that place; one that is not there yet is empty.
    ///
    /// # Errors
    /// If something that is not a folder is there, or it cannot be reached.
    pub fn open(location: &LedgerLocation) -> Result<Self, LedgerError> {
        match location {
            LedgerLocation::Folder(path) => {
                Ok(Self { folder: Folder::at(path)?, clock: Arc::new(SystemClock) })
            }
        }
    }

    /// The same ledger with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The same, for commands that only make sense with a ledger.
    ///
    /// # Errors
    /// If there is none.
    pub fn must_exist(&self) -> Result<(), LedgerError> {
        if self.folder.is_ledger() {
            Ok(())
        } else {
            Err(LedgerError::NoLedger(self.folder.path().to_owned()))
        }
    }

    /// What all runs and the last live readings of one realm come to.
    ///
    /// # Errors
    /// If a file cannot be read, is damaged before its last line, is of a newer version, or is not one of
    /// the ledger.
    pub fn view(&self, realm: &str) -> Result<LedgerView, LedgerError> {
        let mut warnings = Vec::new();
        let mut fold = Fold::of(realm);
        let writing_since = self.lock()?.map(|lock| lock.since);
        for begun in self.runs()? {
            let mut chain = chain::Chain::default();
            let mut edited = None;
            fold.enter(begun.name.clone());
            let torn = self.read_run(&begun.name, |line, record| {
                if !chain.holds(line, &record) {
                    edited.get_or_insert(record.seq);
                }
                fold.take(record);
            })?;
            warnings.extend(edited.map(|line| edited_warning(&begun.name, line)));
            // The run in progress may be writing that line.
            let in_progress = writing_since.is_some() && begun.at >= writing_since;
            warnings.extend(torn.filter(|_| !in_progress).map(|line| torn_warning(&begun.name, line)));
        }
        let (history, writes, end) = fold.finish();
        let (known, stamp) = self.readings()?;
        Ok(LedgerView { writes, warnings, realm: realm.to_owned(), history, end, known, stamp })
    }

    /// The plans that the runs of one realm carried out.
    ///
    /// # Errors
    /// As [`Ledger::view`].
    pub fn applied_plans(&self, realm: &str) -> Result<AppliedPlans, LedgerError> {
        let mut collector = Collector::of(realm);
        for begun in self.runs()? {
            self.read_run(&begun.name, |_, record| collector.take(&begun.name, record))?;
        }
        Ok(collector.finish())
    }

    /// Keeps a live reading as the last of its projects. `view` is what the ledger told before.
    ///
    /// # Errors
    /// If it cannot be written, or the readings before it cannot be read.
    pub fn keep_snapshot(&self, reading: Snapshot, mut view: LedgerView) -> Result<(), LedgerError> {
        // Another command may have kept a reading of other projects in between.
        let stamp = Stamp::at(&self.folder.file(KNOWN)).ok().flatten();
        if stamp != view.stamp {
            view.known = self.readings()?.0;
        }
        let bytes = view.keep(reading).to_bytes();
        if bytes.len() as u64 > folder::MAX_BYTES {
            return Err(LedgerError::TooLarge(self.folder.file(KNOWN)));
        }
        self.folder.replace(KNOWN, &bytes)
    }

    /// Takes the lock, without which nothing can be recorded.
    ///
    /// # Errors
    /// If another run holds it.
    pub fn acquire(&self, who: &Who) -> Result<Lock, LedgerError> {
        Lock::acquire(&self.folder, who, &self.clock)
    }

    /// The lock, if there is one.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn lock(&self) -> Result<Option<LockInfo>, LedgerError> {
        lock::look(&self.folder, self.clock.timestamp())
    }

    /// Releases exactly that lock, and records in `run` that it did. False if the lock has changed hands
    /// or was released in between. A holder that lives makes no further call.
    ///
    /// # Errors
    /// If the lock cannot be released, or the release cannot be recorded.
    pub fn unlock(&self, lock: &LockInfo, mut run: Run) -> Result<bool, LedgerError> {
        let Some(unlocking) = lock::unlock(&self.folder, lock, &run.who, &self.clock)? else {
            return Ok(false);
        };
        let at = to_the_millisecond(self.clock.timestamp());
        run.released = Some(lock.to_string());
        run.prev_run = Some(self.head()?);
        let ended =
            End { reason: EndReason::Completed, text: None, counts: [].into(), changes: None, done: None };
        let mut lines = String::new();
        let mut prev = chain::FIRST.to_owned();
        for (seq, body) in [(1, Body::Run(run)), (2, Body::End(ended))] {
            let line = Record { seq, at, body, prev }.to_line();
            prev = digest(&line);
            lines.push_str(&line);
            lines.push('\n');
        }
        self.folder.create_run(at)?.1.append(lines.as_bytes())?;
        drop(unlocking);
        Ok(true)
    }

    /// Starts to record a run. The lock must be kept as long as it goes on.
    ///
    /// # Errors
    /// If the thread that writes cannot be started.
    pub fn begin(&self, run: Run, lock: &Lock) -> Result<RunWriter, LedgerError> {
        let (folder, ledger) = (self.folder.clone(), self.clone());
        let held = lock.held();
        RunWriter::begin(
            run,
            WriterSetup {
                create: Box::new(move |at| {
                    let (name, file) = folder.create_run(at)?;
                    Ok((name, Box::new(file) as Box<dyn RunFile>))
                }),
                predecessor: Box::new(move || ledger.head()),
                may_write: Arc::new(move || held.ensure()),
                clock: Arc::clone(&self.clock),
                max_bytes: folder::MAX_BYTES,
            },
        )
    }

    /// The runs, the newest first, each read when it is asked for.
    ///
    /// # Errors
    /// If the files cannot be listed, or one of them is not of the ledger.
    pub fn log(&self) -> Result<impl Iterator<Item = Result<LoggedRun, LedgerError>>, LedgerError> {
        let runs = self.runs()?;
        Ok(runs.into_iter().rev().map(|begun| self.logged(begun.name)))
    }

    /// Checks every run file, the first one first, and the chain that crosses them.
    ///
    /// # Errors
    /// If a file cannot be read at all, or is not one of the ledger.
    pub fn verify(&self) -> Result<Verification, LedgerError> {
        // Damage is a finding here, and does not keep the other files from being checked.
        let runs = self.begun(|_| Ok((None, None)))?;
        Verification::of(&runs, |name| self.folder.read_run(name))
    }

    /// The runs in their order.
    fn runs(&self) -> Result<Vec<RunStart>, LedgerError> {
        self.begun(|(name, damage)| Err(self.damaged(name, damage)))
    }

    fn begun(
        &self,
        damaged: impl Fn((&RunName, Damage)) -> Result<(Option<Timestamp>, Option<PrevRun>), LedgerError>,
    ) -> Result<Vec<RunStart>, LedgerError> {
        let names = self.folder.run_names()?;
        let begun = names.into_iter().map(|name| {
            let first = run_file::first_record(self.folder.open_run(&name)?);
            let (at, prev_run) = match first {
                Ok(Some((at, run))) => (Some(at), run.prev_run),
                Ok(None) => (None, None),
                Err(damage) => damaged((&name, damage))?,
            };
            Ok(RunStart { name, at, prev_run })
        });
        Ok(run_order::in_order(begun.collect::<Result<_, _>>()?))
    }

    /// The last run and its last record.
    fn head(&self) -> Result<PrevRun, LedgerError> {
        for begun in self.runs()?.into_iter().rev() {
            let mut last = None;
            self.read_run(&begun.name, |line, _| last = Some(digest(line)))?;
            if let Some(digest) = last {
                return Ok(PrevRun { run: Some(begun.name.as_str().to_owned()), digest });
            }
        }
        Ok(PrevRun { run: None, digest: chain::FIRST.to_owned() })
    }

    fn read_run(&self, name: &RunName, each: impl FnMut(&str, Record)) -> Result<Option<u64>, LedgerError> {
        read_records(self.folder.open_run(name)?, each).map_err(|damage| self.damaged(name, damage))
    }

    fn damaged(&self, name: &RunName, damage: Damage) -> LedgerError {
        let path = self.folder.run_file(name);
        match damage {
            Damage::Io(error) => LedgerError::io("read", &path, &error),
            Damage::Newer(format_version) => LedgerError::Newer { path, format_version },
            Damage::Line(line, why) => LedgerError::Unreadable { path, line: Some(line), why },
        }
    }

    fn logged(&self, name: RunName) -> Result<LoggedRun, LedgerError> {
        let mut records = Vec::new();
        self.read_run(&name, |line, record| records.push(Stored { line: line.to_owned(), record }))?;
        Ok(LoggedRun { name, records })
    }

    fn readings(&self) -> Result<(Snapshots, Option<Stamp>), LedgerError> {
        let path = self.folder.file(KNOWN);
        let stamp = Stamp::at(&path).ok().flatten();
        let Some(bytes) = self.folder.read(KNOWN)? else { return Ok((Snapshots::default(), stamp)) };
        let readings = Snapshots::from_bytes(&bytes).map_err(|no| match no {
            InvalidRecord::Newer(format_version) => LedgerError::Newer { path, format_version },
            InvalidRecord::Unreadable(why) => LedgerError::Unreadable { path, line: None, why },
        })?;
        Ok((readings, stamp))
    }
}

fn edited_warning(name: &RunName, line: u64) -> Warning {
    Warning {
        file: format!("runs/{name}"),
        line: Some(line),
        what: "does not follow from the line before it, so that one was edited, added or removed; \
               run `guestlist log --verify`"
            .to_owned(),
    }
}

fn torn_warning(name: &RunName, line: u64) -> Warning {
    Warning {
        file: format!("runs/{name}"),
        line: Some(line),
        what: "is incomplete (the process was interrupted while writing it) and is ignored".to_owned(),
    }
}

#[cfg(test)]
mod tests;
