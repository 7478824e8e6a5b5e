//! The ledger: the append-only record of every call guestlist made, and what came of it.
//!
//! A folder with one file for each run that made calls (`runs/`), the last live reading
//! (`known.json`), and while a run writes, its lease (`lease.json`).

mod chain;
mod error;
mod fold;
mod folder;
mod lease;
mod location;
mod log;
mod readings;
mod record;
mod run_file;
mod writer;
mod writes;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::sync::Arc;

use jiff::Timestamp;

use crate::identity::Email;
use crate::known::{Invitations, Member, with_writes};

pub use chain::{Broken, Summary, digest, verify};
pub use error::LedgerError;
pub use fold::{Fold, Seen};
pub use lease::{EXPIRES_AFTER, Lease, LeaseInfo, RENEWED_EVERY};
pub use location::LedgerLocation;
pub use log::{Entry, LoggedRun, Stored};
pub use readings::Reading;
pub use record::{
    Action, Body, EndReason, Ended, FORMAT_VERSION, Intent, Meaning, NoRecord, Outcome, Record, Run, Seq, Who,
};
pub use run_file::RunName;
pub use writer::RunWriter;
pub use writes::Writes;

use folder::Folder;
use readings::Readings;
use run_file::{Damage, read_records};
use writer::{Desk, RunFile};

const KNOWN: &str = "known.json";

/// Tells the time: the system's clock, or a test's.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A ledger. Opening it reads and creates nothing.
#[derive(Clone, Debug)]
pub struct Ledger {
    folder: Folder,
}

/// What a ledger tells of one organization.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// The invitations that are out, and that may be.
    pub invitations: Invitations,
    /// The roles that guestlist gave and took.
    pub writes: Writes,
    /// The last live reading.
    pub reading: Option<Reading>,
    /// What should be said of the ledger's files.
    pub warnings: Vec<Warning>,
}

impl Standing {
    /// The members of the last reading, with what guestlist did since worked in; without a reading those
    /// whom its own calls made or found to be members.
    #[must_use]
    pub fn members(&self) -> BTreeMap<Email, Member> {
        let (members, read_at) = match &self.reading {
            Some(reading) => (reading.members.clone(), reading.read_at),
            None => (BTreeMap::new(), Timestamp::MIN),
        };
        with_writes(members, &self.writes.since(read_at))
    }
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

/// A run file and what its check came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// The file.
    pub name: RunName,
    /// What it holds, or where it is not as it was written.
    pub result: Result<Summary, Broken>,
}

impl Ledger {
    /// The ledger at that place; one that is not there yet is empty.
    ///
    /// # Errors
    /// If something that is no folder lies there, or it cannot be reached.
    pub fn open(location: &LedgerLocation) -> Result<Self, LedgerError> {
        match location {
            LedgerLocation::Folder(path) => Ok(Self { folder: Folder::at(path)? }),
        }
    }

    /// What all runs and the last live reading of one realm come to.
    ///
    /// # Errors
    /// If a file cannot be read, is damaged before its last line, or is of a newer version.
    pub fn standing(&self, realm: &str) -> Result<Standing, LedgerError> {
        let (names, mut warnings) = self.folder.run_names()?;
        let mut fold = Fold::of(realm);
        for name in &names {
            let mut chain = chain::Chain::default();
            let mut edited = None;
            let torn = self.read_run(name, |line, record| {
                if !chain.holds(line, &record) {
                    edited.get_or_insert(record.seq);
                }
                fold.take(record);
            })?;
            warnings.extend(edited.map(|line| edited_warning(name, line)));
            warnings.extend(torn.map(|line| torn_warning(name, line)));
        }
        let kept = self.readings()?.readings.remove(realm);
        let (reading, seen) = kept.map_or((None, Seen::new()), |kept| (Some(kept.reading), kept.seen));
        let (invitations, writes) = fold.finish(&seen);
        Ok(Standing { invitations, writes, reading, warnings })
    }

    /// Keeps a live reading as the last of its realm.
    ///
    /// # Errors
    /// If it cannot be written, or the readings before it cannot be read.
    pub fn keep_reading(&self, reading: Reading) -> Result<(), LedgerError> {
        let mut readings = self.readings()?;
        readings.keep(reading);
        // Maps with string keys, strings and numbers: there is nothing in it that JSON cannot say.
        let mut bytes = serde_json::to_vec_pretty(&readings).unwrap_or_default();
        bytes.push(b'\n');
        if bytes.len() as u64 > folder::MAX_BYTES {
            return Err(LedgerError::TooLarge(self.folder.file(KNOWN)));
        }
        self.folder.replace(KNOWN, &bytes)
    }

    /// Takes the lease, without which nothing can be recorded.
    ///
    /// # Errors
    /// If another run holds it.
    pub fn acquire(&self, who: &Who, clock: Clock) -> Result<Lease, LedgerError> {
        Lease::acquire(&self.folder, who, clock)
    }

    /// Who holds the lease, if anyone does.
    ///
    /// # Errors
    /// If that cannot be found out.
    pub fn lease(&self, now: Timestamp) -> Result<Option<LeaseInfo>, LedgerError> {
        lease::look(&self.folder, now)
    }

    /// Frees that lease, and tells whether it was there still. A holder that lives stops at its next
    /// record; whoever took the lease since keeps it.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub fn unlock(&self, lease: &LeaseInfo, now: Timestamp) -> Result<bool, LedgerError> {
        lease::unlock(&self.folder, lease, now)
    }

    /// Begins to record a run. The lease must be kept as long as it goes on.
    ///
    /// # Errors
    /// If the thread that writes cannot be started.
    pub fn begin(&self, run: Run, lease: &Lease, clock: Clock) -> Result<RunWriter, LedgerError> {
        let folder = self.folder.clone();
        let held = lease.held();
        RunWriter::begin(
            run,
            Desk {
                create: Box::new(move |at| {
                    let (name, file) = folder.create_run(at)?;
                    Ok((name, Box::new(file) as Box<dyn RunFile>))
                }),
                may_write: Arc::new(move || held.ensure()),
                clock,
                max_bytes: folder::MAX_BYTES,
            },
        )
    }

    /// The runs, the newest first, each read when it is asked for; and what lies among their files
    /// that is none.
    ///
    /// # Errors
    /// If the files cannot be listed.
    pub fn log(
        &self,
    ) -> Result<(impl Iterator<Item = Result<LoggedRun, LedgerError>>, Vec<Warning>), LedgerError> {
        let (names, warnings) = self.folder.run_names()?;
        let runs = names.into_iter().rev().map(|name| self.logged(name));
        Ok((runs, warnings))
    }

    /// Checks every run file, the first one first.
    ///
    /// # Errors
    /// If a file cannot be read at all.
    pub fn verify(&self) -> Result<(Vec<Verified>, Vec<Warning>), LedgerError> {
        let (names, warnings) = self.folder.run_names()?;
        let verified = names.into_iter().map(|name| {
            let mut bytes = Vec::new();
            self.folder
                .open_run(&name)?
                .read_to_end(&mut bytes)
                .map_err(|error| LedgerError::io("read", &self.folder.run_file(&name), &error))?;
            Ok(Verified { name, result: verify(&bytes) })
        });
        Ok((verified.collect::<Result<_, _>>()?, warnings))
    }

    fn read_run(&self, name: &RunName, each: impl FnMut(&str, Record)) -> Result<Option<u64>, LedgerError> {
        let path = || self.folder.run_file(name);
        read_records(self.folder.open_run(name)?, each).map_err(|damage| match damage {
            Damage::Io(error) => LedgerError::io("read", &path(), &error),
            Damage::Newer(format_version) => LedgerError::Newer { path: path(), format_version },
            Damage::Line(line, why) => LedgerError::Unreadable { path: path(), line: Some(line), why },
        })
    }

    fn logged(&self, name: RunName) -> Result<LoggedRun, LedgerError> {
        let mut records = Vec::new();
        let torn =
            self.read_run(&name, |line, record| records.push(Stored { line: line.to_owned(), record }))?;
        let warning = torn.map(|line| torn_warning(&name, line));
        Ok(LoggedRun { name, records, warning })
    }

    fn readings(&self) -> Result<Readings, LedgerError> {
        let Some(bytes) = self.folder.read(KNOWN)? else { return Ok(Readings::default()) };
        Readings::from_bytes(&bytes).map_err(|no| match no {
            NoRecord::Newer(format_version) => {
                LedgerError::Newer { path: self.folder.file(KNOWN), format_version }
            }
            NoRecord::Unreadable(why) => {
                LedgerError::Unreadable { path: self.folder.file(KNOWN), line: None, why }
            }
        })
    }
}

fn edited_warning(name: &RunName, line: u64) -> Warning {
    Warning {
        file: format!("runs/{name}"),
        line: Some(line),
        what: "does not follow from the line before it, so that one was edited, added or removed; \
               `guestlist log --verify` tells more"
            .to_owned(),
    }
}

fn torn_warning(name: &RunName, line: u64) -> Warning {
    Warning {
        file: format!("runs/{name}"),
        line: Some(line),
        what: "is torn: the process or the machine died while writing it; it is left aside".to_owned(),
    }
}

#[cfg(test)]
mod tests;
