//! The ledger: the append-only record of every call that guestlist made, and of the outcome.
//!
//! It consists of runs, each a chain of records; of documents, such as the last live snapshots
//! (`known.json`); and of the lock of the run that writes. A `Store` keeps them.

mod access;
mod access_history;
mod applied;
mod applied_plans;
#[cfg(feature = "object-store")]
mod bucket;
mod chain;
mod convergence;
mod copy;
mod error;
mod fold;
mod line;
mod local;
mod location;
mod lock;
mod lock_info;
mod log;
mod members;
mod observed;
mod record;
mod run_file;
mod run_order;
mod runs;
mod snapshot;
mod store;
mod store_health;
mod store_variables;
mod time;
mod verification;
mod view;
mod writer;
mod writes;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::{Clock, SystemClock};
use crate::history::History;
use crate::known::AppliedAccess;
use crate::model::ProjectId;

pub use access::KnownAccess;
pub use applied_plans::{AppliedPlans, Superseded};
pub use chain::{Broken, RunSummary, verify};
pub use convergence::{Convergence, Finding};
pub use copy::{Copied, copy};
pub use error::LedgerError;
pub use location::LedgerLocation;
pub use lock::Lock;
pub use lock_info::LockInfo;
pub use log::{Entry, LoggedRun, Selection, Stored};
pub use observed::Observed;
pub use record::{
    Action, Body, End, EndReason, FORMAT_VERSION, Intent, InvalidRecord, Meaning, Outcome, PrevRun, Record,
    Run, Seq, Who,
};
pub use run_file::RunName;
pub use run_order::{Fork, RunBreak};
pub use snapshot::{ReadingFacts, Snapshot};
pub use store_variables::StoreVariables;
pub use verification::{ChainState, Verification, Verified};
pub use view::{LedgerView, Warning};
pub use writer::{RunWriter, Tally};
pub use writes::Writes;

use access_history::AccessFold;
use applied::Applied;
use chain::ChainWriter;
use line::LineParser;
use local::LocalStore;
use snapshot::Snapshots;
use store::{MAX_BYTES, Store};

/// How often a document is replaced again after another command replaced it at the same moment.
const ATTEMPTS: u32 = 8;

/// The most observations in one run: with the longest names, less than its size limit.
const MOST_OBSERVED: usize = 50_000;

/// A ledger. Opening it reads and creates nothing.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Ledger {
    /// The ledger at a location. A ledger that does not exist yet is empty. `variables` configure an object store.
    ///
    /// # Errors
    /// If the location cannot be reached or is not a ledger, or the variables are incomplete.
    pub fn open(location: &LedgerLocation, variables: &StoreVariables) -> Result<Self, LedgerError> {
        let store: Arc<dyn Store> = match location {
            LedgerLocation::Folder(path) => Arc::new(LocalStore::open(path)?),
            #[cfg(feature = "object-store")]
            LedgerLocation::Bucket(location) => {
                Arc::new(bucket::BucketStore::open(location, variables, Arc::new(SystemClock))?)
            }
            #[cfg(not(feature = "object-store"))]
            LedgerLocation::Bucket(location) => {
                let _ = variables;
                let why = "this build of guestlist has no object stores".to_owned();
                return Err(LedgerError::StoreSettings { store: location.to_string(), why });
            }
        };
        Ok(Self { store, clock: Arc::new(SystemClock) })
    }

    /// The same ledger with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Checks that the ledger exists, for commands that make no sense without one.
    ///
    /// # Errors
    /// If there is none.
    pub fn must_exist(&self) -> Result<(), LedgerError> {
        if self.store.exists()? { Ok(()) } else { Err(LedgerError::NoLedger(self.store.name())) }
    }

    /// Folds all runs and the last live snapshots of one realm.
    ///
    /// # Errors
    /// If anything cannot be read, is damaged before its last line, is of a newer version, or is not part of a
    /// ledger.
    pub fn view(&self, realm: &str) -> Result<LedgerView, LedgerError> {
        LedgerView::read(&*self.store, realm)
    }

    /// Who has which access in one realm, according to the records.
    ///
    /// # Errors
    /// As for [`Self::view`].
    pub fn access(&self, realm: &str) -> Result<KnownAccess, LedgerError> {
        Ok(self.fold_access(AccessFold::of(realm, false))?.finish())
    }

    /// The history of access in one realm, with the runs that made or explain each change.
    ///
    /// # Errors
    /// As for [`Self::view`].
    pub fn access_history(&self, realm: &str) -> Result<History, LedgerError> {
        Ok(self.fold_access(AccessFold::of(realm, true))?.history())
    }

    /// When some projects of one realm were last read, with everything recorded that the reading showed: the
    /// oldest of these times. None if one of them never was.
    ///
    /// # Errors
    /// If `known.json` cannot be read.
    pub fn recorded_at(
        &self,
        realm: &str,
        projects: Option<&BTreeSet<ProjectId>>,
    ) -> Result<Option<Timestamp>, LedgerError> {
        let (snapshots, _) = Snapshots::read(&*self.store)?;
        let Some(realm) = snapshots.realms.get(realm) else { return Ok(None) };
        Ok(match projects {
            None => realm.recorded.values().min().copied(),
            Some(projects) => projects.iter().map(|id| realm.recorded.get(id).copied()).min().flatten(),
        })
    }

    fn fold_access(&self, mut fold: AccessFold) -> Result<AccessFold, LedgerError> {
        let mut parser = LineParser::default();
        for start in runs::in_store(&*self.store)? {
            runs::read(&*self.store, &start.name, &mut parser, |_, record| fold.take(&start.name, &record))?;
        }
        Ok(fold)
    }

    /// Saves a snapshot as the last one of its projects. `view` is the ledger as of before it was read.
    ///
    /// # Errors
    /// If it cannot be written, or the snapshots before it cannot be read.
    pub fn keep_snapshot(
        &self,
        snapshot: Snapshot,
        mut view: LedgerView,
        facts: &ReadingFacts,
    ) -> Result<(), LedgerError> {
        let mut snapshot = Some(snapshot);
        for _ in 0..ATTEMPTS {
            let Some(latest) = snapshot.take() else { break };
            let bytes = view.keep(latest, facts).to_bytes();
            if bytes.len() as u64 > MAX_BYTES {
                return Err(LedgerError::TooLarge(self.store.document_location(snapshot::DOCUMENT)));
            }
            if self.store.replace(snapshot::DOCUMENT, &bytes, view.version.as_ref())? {
                return Ok(());
            }
            // Another command has saved a snapshot of other projects, which must not be lost.
            snapshot = view.take_latest();
            (view.snapshots, view.version) = Snapshots::read(&*self.store)?;
        }
        Err(LedgerError::Contended)
    }

    /// Saves what is so at `at` for the team file that manages `projects`, after a run has changed something.
    /// Needs no lock.
    ///
    /// # Errors
    /// If it cannot be written, or what was saved before cannot be read.
    pub fn keep_convergence(
        &self,
        realm: &str,
        projects: &BTreeSet<ProjectId>,
        at: Timestamp,
        finding: &Finding,
    ) -> Result<(), LedgerError> {
        for _ in 0..ATTEMPTS {
            let (mut snapshots, version) = Snapshots::read(&*self.store)?;
            let teams = &mut snapshots.realms.entry(realm.to_owned()).or_default().convergence;
            convergence::update(teams, projects, at, finding.clone());
            if self.store.replace(snapshot::DOCUMENT, &snapshots.to_bytes(), version.as_ref())? {
                return Ok(());
            }
        }
        Err(LedgerError::Contended)
    }

    /// The access that the last applied team files of a realm gave. None if no file was applied.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn applied(&self, realm: &str) -> Result<Option<AppliedAccess>, LedgerError> {
        Ok(Applied::read(&*self.store)?.0.realms.remove(realm))
    }

    /// Saves the access that the last applied team files of a realm gave, while `lock` is held.
    ///
    /// # Errors
    /// If the lock was lost, or it cannot be written.
    pub fn keep_applied(&self, realm: &str, access: AppliedAccess, lock: &Lock) -> Result<(), LedgerError> {
        lock.held().ensure()?;
        let (mut applied, version) = Applied::read(&*self.store)?;
        if applied.realms.get(realm) == Some(&access) {
            return Ok(());
        }
        applied.realms.insert(realm.to_owned(), access);
        let bytes = applied.to_bytes();
        if bytes.len() as u64 > MAX_BYTES {
            return Err(LedgerError::TooLarge(self.store.document_location(applied::DOCUMENT)));
        }
        let is_replaced = self.store.replace(applied::DOCUMENT, &bytes, version.as_ref())?;
        if is_replaced { Ok(()) } else { Err(LedgerError::Contended) }
    }

    /// Acquires the lock, which recording a run requires.
    ///
    /// # Errors
    /// If another run holds it.
    pub fn acquire(&self, who: &Who) -> Result<Lock, LedgerError> {
        Lock::acquire(&self.store, who, &self.clock)
    }

    /// Acquires the lock. One in an object store that seems to have been left behind is watched first, because its
    /// time comes from the clock of another machine; `watching` is called before.
    ///
    /// # Errors
    /// If another run holds it.
    pub async fn acquire_watching(
        &self,
        who: &Who,
        watching: impl FnOnce(&LockInfo),
    ) -> Result<Lock, LedgerError> {
        Lock::acquire_watching(&self.store, who, &self.clock, watching).await
    }

    /// The lock, if there is one.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn lock(&self) -> Result<Option<LockInfo>, LedgerError> {
        Ok(self.store.lock()?.map(|found| found.value))
    }

    /// Releases exactly that lock and records the release in `run`. Returns false if that lock is not there
    /// any more. Its holder, if still running, makes no further call.
    ///
    /// # Errors
    /// If the lock cannot be released, or the release cannot be recorded.
    pub fn unlock(&self, lock: &LockInfo, mut run: Run) -> Result<bool, LedgerError> {
        let Some(unlocking) = lock::unlock(&self.store, lock, &run.who, &self.clock)? else {
            return Ok(false);
        };
        let at = self.clock.timestamp();
        run.released = Some(lock.to_string());
        run.prev_run = Some(runs::head(&*self.store)?);
        let end =
            End { reason: EndReason::Completed, text: None, counts: [].into(), changes: None, done: None };
        let (mut chain, mut lines) = (ChainWriter::default(), String::new());
        chain.append(at, Body::Run(run), &mut lines);
        chain.append(at, Body::End(end), &mut lines);
        self.store.create_run(chain.last_at())?.1.append(lines.as_bytes(), true)?;
        drop(unlocking);
        Ok(true)
    }

    /// Starts to record a run. `lock` must be held as long as the run lasts.
    ///
    /// # Errors
    /// If the thread that writes cannot be started.
    pub fn begin(&self, run: Run, lock: &Lock) -> Result<RunWriter, LedgerError> {
        RunWriter::begin(
            run,
            Arc::clone(&self.store),
            Arc::clone(&self.clock),
            lock.held(),
            MAX_BYTES,
            writer::LULL,
        )
    }

    /// Starts to record a run with what its reading shows. `lock` must be held as long as the run lasts.
    ///
    /// A large starting inventory does not fit into one run, so all but its last part have runs of their own.
    ///
    /// # Errors
    /// If the records are not durable.
    pub async fn begin_with(
        &self,
        run: Run,
        mut observed: Vec<Observed>,
        lock: &Lock,
    ) -> Result<RunWriter, LedgerError> {
        while observed.len() > MOST_OBSERVED {
            let rest = observed.split_off(MOST_OBSERVED);
            let part = self.begin(run.clone(), lock)?;
            part.observed(std::mem::replace(&mut observed, rest)).await?;
            part.end(EndReason::Completed, None, None).await?;
        }
        let writer = self.begin(run, lock)?;
        writer.observed(observed).await?;
        Ok(writer)
    }

    /// The runs, newest first. Each is read when the iterator reaches it.
    ///
    /// # Errors
    /// If the runs cannot be listed, or anything else is among them.
    pub fn log(&self) -> Result<impl Iterator<Item = Result<LoggedRun, LedgerError>>, LedgerError> {
        let runs = runs::in_store(&*self.store)?;
        Ok(runs.into_iter().rev().map(|start| self.logged(start.name)))
    }

    fn logged(&self, name: RunName) -> Result<LoggedRun, LedgerError> {
        let mut records = Vec::new();
        runs::read(&*self.store, &name, &mut LineParser::default(), |line, record| {
            records.push(Stored { line: line.to_owned(), record });
        })?;
        Ok(LoggedRun { name, records })
    }

    /// Checks every run, oldest first, and the chain across them. Damage is a finding, not an error.
    ///
    /// # Errors
    /// If a run cannot be read at all, or anything else is among them.
    pub fn verify(&self) -> Result<Verification, LedgerError> {
        let runs = runs::with_damaged(&*self.store)?;
        Verification::of(&runs, |name| runs::bytes(&*self.store, name))
    }
}

#[cfg(test)]
mod tests;
