//! Learns from the service what is known, with what the ledger tells of it.

use std::collections::BTreeSet;
use std::fmt;

use jiff::SignedDuration;

use crate::api;
use crate::api::Reader;
use crate::clock::Clock;
use crate::desired::Desired;
use crate::known::{Known, ListedProject, Reading};
use crate::ledger;
use crate::ledger::{AppliedPlans, Ledger, LedgerError, LedgerView};
use crate::model::{Endpoint, ProjectId};
use crate::words;

/// How many lists are read at once.
const CONCURRENCY: usize = 8;

/// A list is not believed to lag longer than this behind what guestlist did.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// What it takes to learn what is known.
pub struct Observer<'a> {
    /// The organization.
    pub endpoint: &'a Endpoint,
    /// Keeps the reading.
    pub ledger: &'a Ledger,
    /// Makes the calls.
    pub reader: &'a Reader,
    /// Names the managed projects.
    pub desired: &'a Desired,
    /// Tells when a list was read.
    pub clock: &'a dyn Clock,
}

/// What was learned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// What is known; with the doubts that a second reading left.
    pub known: Known,
    /// The plans that the ledger says were applied.
    pub applied_plans: AppliedPlans,
    /// Why the reading could not be kept for later, if so.
    pub unkept: Option<LedgerError>,
}

/// Why nothing could be learned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ObserveError {
    /// The service did not answer.
    Service(Box<api::Error>),
    /// Managed projects are not in the organization.
    Missing(Vec<String>),
}

impl Observer<'_> {
    /// Asks the service. A reading that raises doubts is made once more before it is given back with
    /// them; one without doubts is kept in the ledger.
    ///
    /// # Errors
    /// Where the service does not answer, or a managed project is not there.
    pub async fn live(&self, mut view: LedgerView) -> Result<Observed, ObserveError> {
        let organization = self.organization().await?;
        let managed: BTreeSet<ProjectId> = self.desired.projects.keys().cloned().collect();
        let projects: Vec<ProjectId> = managed.iter().cloned().collect();
        let last = view.certain_members(&managed);
        let invitations = view.invitations(Some(&organization)).within(self.desired);
        let judge = |reading: &Reading| {
            let recent = view.writes.since(reading.read_at - SETTLED_AFTER);
            reading.live(invitations.clone(), recent, &last)
        };
        let (reading, known) = read(self.reader, &projects, self.clock, judge).await?;
        let applied_plans = std::mem::take(&mut view.applied_plans);
        if !known.doubts.is_empty() {
            return Ok(Observed { known, applied_plans, unkept: None });
        }
        let kept =
            ledger::Snapshot::new(self.endpoint.clone(), reading.read_at, managed, known.members.clone());
        let unkept = self.ledger.keep_snapshot(kept.of_organization(&organization), view).err();
        Ok(Observed { known, applied_plans, unkept })
    }

    /// The projects of the organization. Each managed one must be there; one that is missing is looked for
    /// once more.
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

    /// The managed projects that are not there, by name and id.
    fn missing(&self, projects: &[ListedProject]) -> Vec<String> {
        let managed = self.desired.projects.keys();
        let missing = managed.filter(|id| !projects.iter().any(|project| project.id == **id));
        missing.map(|id| format!("{} ({id})", self.desired.project_name(id))).collect()
    }
}

/// Reads the lists of `projects`, and those once more that `judge` finds doubtful. Doubts that are left
/// stand in what is known.
///
/// # Errors
/// Where the service does not answer.
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
        tracing::info!(projects = again.len(), "reading doubtful lists once more");
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
                    "{} {is} not in the organization: check {them}, the cluster, and whose credentials these are",
                    words::list(projects)
                )
            }
        }
    }
}

impl std::error::Error for ObserveError {}
