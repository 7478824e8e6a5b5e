//! Observes the organization: reads the member lists, and combines them with the ledger.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::fmt;

use jiff::SignedDuration;

use crate::api;
use crate::api::Reader;
use crate::clock::Clock;
use crate::desired::Desired;
use crate::known::{Known, ListedProject, Reading};
use crate::ledger;
use crate::ledger::{AppliedPlans, Ledger, LedgerError, LedgerView, ReadingFacts};
use crate::model::{Endpoint, ProjectId};
use crate::words;

/// The number of lists that are read in parallel.
const CONCURRENCY: usize = 8;

/// How long a list may lag behind the calls of guestlist.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// Reads an organization and its ledger.
pub struct Observer<'a> {
    /// The organization.
    pub endpoint: &'a Endpoint,
    /// The client.
    pub reader: &'a Reader,
    /// The team file, which names the managed projects.
    pub desired: &'a Desired,
    /// The clock for the time of the reading.
    pub clock: &'a dyn Clock,
}

/// The result of observing an organization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observation {
    /// What is known, with the doubts that remain after a second reading.
    pub known: Known,
    /// The plans that were applied, according to the ledger.
    pub applied_plans: AppliedPlans,
    /// The snapshot to be saved. None if the reading is doubtful.
    pub snapshot: Option<NewSnapshot>,
}

/// A snapshot without doubts that is not saved yet, and the ledger as of before it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewSnapshot {
    snapshot: ledger::Snapshot,
    view: LedgerView,
}

impl NewSnapshot {
    /// The access that it shows and that the ledger has not recorded. The lock must be held since before it was
    /// read.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn unrecorded(&self, ledger: &Ledger) -> Result<Vec<ledger::Observed>, LedgerError> {
        let access = ledger.access(self.snapshot.endpoint.realm())?;
        Ok(self.view.unrecorded(&self.snapshot, &access))
    }

    /// Saves it as the last one of its projects.
    ///
    /// # Errors
    /// If it cannot be written, or the snapshots before it cannot be read.
    pub fn keep(self, ledger: &Ledger, facts: &ReadingFacts) -> Result<(), LedgerError> {
        ledger.keep_snapshot(self.snapshot, self.view, facts)
    }
}

/// Why an organization could not be observed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ObserveError {
    /// A call failed.
    Service(Box<api::Error>),
    /// Managed projects are not in the organization: their names and ids.
    Missing(Vec<String>),
}

impl Observer<'_> {
    /// Reads the members of the managed projects. Lists that raise doubts are read a second time. If no doubt
    /// remains, the members are also returned as a snapshot. `view` is the ledger before that.
    ///
    /// # Errors
    /// If a call fails, or a managed project is missing.
    pub async fn live(&self, mut view: LedgerView) -> Result<Observation, ObserveError> {
        let organization = self.organization().await?;
        let managed: BTreeSet<ProjectId> = self.desired.projects.keys().cloned().collect();
        let projects: Vec<ProjectId> = managed.iter().cloned().collect();
        // Only an empty list is compared with the last members.
        let last = LazyCell::new(|| view.certain_members(&managed));
        let members_before =
            |project: &ProjectId| last.values().filter(|member| member.access.contains_key(project)).count();
        let invitations = view.invitations(Some(&organization)).within(self.desired);
        let judge = |reading: &Reading| {
            let recent = view.writes.since(reading.read_at - SETTLED_AFTER);
            reading.live(invitations.clone(), recent, members_before)
        };
        let (reading, known) = read(self.reader, &projects, self.clock, judge).await?;
        let applied_plans = std::mem::take(&mut view.applied_plans);
        if !known.doubts.is_empty() {
            return Ok(Observation { known, applied_plans, snapshot: None });
        }
        let snapshot =
            ledger::Snapshot::new(self.endpoint.clone(), reading.read_at, managed, known.members.clone())
                .of_organization(&organization);
        Ok(Observation { known, applied_plans, snapshot: Some(NewSnapshot { snapshot, view }) })
    }

    /// The projects of the organization, which must include every managed one. If one is missing, the list is
    /// read a second time.
    async fn organization(&self) -> Result<BTreeSet<ProjectId>, ObserveError> {
        let mut projects = self.reader.projects().await?;
        if !self.missing(&projects).is_empty() {
            projects = self.reader.projects().await?;
        }
        let missing = self.missing(&projects);
        if !missing.is_empty() {
            return Err(ObserveError::Missing(missing));
        }
        Ok(projects.into_iter().map(|project| project.id).collect())
    }

    /// The managed projects that are missing, with name and id.
    fn missing(&self, projects: &[ListedProject]) -> Vec<String> {
        let managed = self.desired.projects.keys();
        let missing = managed.filter(|id| !projects.iter().any(|project| project.id == **id));
        missing.map(|id| format!("{} ({id})", self.desired.project_name(id))).collect()
    }
}

/// Reads the member lists of `projects`, and a second time those that `judge` finds doubtful. Remaining
/// doubts are in the result.
///
/// # Errors
/// If a call fails.
pub async fn read(
    reader: &Reader,
    projects: &[ProjectId],
    clock: &dyn Clock,
    judge: impl Fn(&Reading) -> Known,
) -> Result<(Reading, Known), api::Error> {
    let lists = reader.users_of(projects, CONCURRENCY).await?;
    let mut reading = Reading { read_at: clock.timestamp(), lists };
    let mut known = judge(&reading);
    let again = known.doubtful_projects(projects);
    if !again.is_empty() {
        let lists = words::count(again.len(), "member list");
        tracing::info!("Reading {lists} again: the first reading is inconsistent or incomplete");
        reading.lists.extend(reader.users_of(&again, CONCURRENCY).await?);
        reading.read_at = clock.timestamp();
        known = judge(&reading);
    }
    Ok((reading, known))
}

impl From<api::Error> for ObserveError {
    fn from(error: api::Error) -> Self {
        Self::Service(Box::new(error))
    }
}

impl fmt::Display for ObserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => write!(f, "{error}"),
            Self::Missing(projects) => {
                let (is, them) = if projects.len() == 1 { ("is", "its id") } else { ("are", "their ids") };
                write!(
                    f,
                    "{} {is} not in the organization; check {them}, the cluster, and that the credentials are those of this organization",
                    words::list(projects)
                )
            }
        }
    }
}

impl std::error::Error for ObserveError {}
