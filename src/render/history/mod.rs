//! The history of access as the ledger knows it: who had which role at a given time, what changed since, and
//! how sure that is. `sentences` words it; each other file is a format.

mod at;
mod csv;
mod html;
mod json;
mod person;
mod sentences;
mod since;
mod text;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::desired::Desired;
use crate::model::{Email, Endpoint, ProjectId, Role, UserId};

pub use at::{AccessAt, AccessLine};
pub use csv::{access_at_csv, changes_csv};
pub use html::{access_at_html, changes_html};
pub use json::{access_at_json, changes_json};
pub use person::{SentInvitation, person_history};
pub use since::{ChangeKind, Changes};
pub use text::{access_at_text, changes_text};

/// Every change of access in one organization.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// The runs of the ledger, oldest first.
    pub runs: Vec<RunFacts>,
    /// The changes, in the order of the ledger. The last one of a person in a project counts.
    pub changes: Vec<AccessChange>,
}

/// A run, and who is behind it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunFacts {
    /// Its name.
    pub name: String,
    /// When it started.
    pub at: Timestamp,
    /// The actor of the CI job, or the user.
    pub actor: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// Actor, job, commit and host, for people to read.
    pub by: String,
    /// The id of its plan.
    pub plan_id: Option<String>,
}

/// A change of the role of one person in one project.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessChange {
    /// The login of the person, or the address that was invited.
    pub email: Email,
    /// The id of that user, if known.
    pub user_id: Option<UserId>,
    /// The project.
    pub project: ProjectId,
    /// The role before; none for no access.
    pub from: Option<Role>,
    /// The role from then on; none for no access.
    pub to: Option<Role>,
    /// The run that recorded it: an index into [`History::runs`].
    pub run: usize,
    /// The reason in the team file, if the run recorded one.
    pub reason: Option<String>,
    /// When it happened, and how that is known.
    pub source: ChangeSource,
}

/// How a change is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeSource {
    /// guestlist made it.
    Call {
        /// When the response arrived.
        at: Timestamp,
    },
    /// A live reading showed it.
    Observed {
        /// When the role before was last known to be so. None in the starting inventory.
        after: Option<Timestamp>,
        /// When the new role was found.
        by: Timestamp,
        /// What guestlist did that explains it. None if it was made outside guestlist.
        cause: Option<Cause>,
    },
}

/// What guestlist did that explains what was observed later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cause {
    /// Its run: an index into [`History::runs`].
    pub run: usize,
    /// When the call was recorded.
    pub at: Timestamp,
    /// Whether it was an invitation, which was accepted. Otherwise a call without a known outcome.
    pub is_invitation: bool,
}

/// What is asked for, and what the answer rests on.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The history.
    pub history: &'a History,
    /// Has the names of projects and roles.
    pub desired: &'a Desired,
    /// The organization.
    pub endpoint: &'a Endpoint,
    /// The only projects to show. None for all that the ledger knows.
    pub projects: Option<BTreeSet<ProjectId>>,
    /// The only role to show.
    pub role: Option<Role>,
    /// When the projects were last read, with everything recorded that the reading showed.
    pub known_until: Option<Timestamp>,
    /// Whether the ledger is as it was written: `intact`, `fork` or `damaged`.
    pub chain: &'static str,
}

impl Question<'_> {
    fn covers(&self, project: &ProjectId) -> bool {
        self.projects.as_ref().is_none_or(|projects| projects.contains(project))
    }

    /// When the first live reading was recorded; the ledger is incomplete before it.
    #[must_use]
    pub fn known_since(&self) -> Option<Timestamp> {
        let changes = self.history.changes.iter().filter(|change| self.covers(&change.project));
        changes.filter(|change| change.is_inventory()).map(AccessChange::certain_from).min()
    }
}

impl AccessChange {
    /// The time from which on the new role is certain.
    #[must_use]
    pub fn certain_from(&self) -> Timestamp {
        self.span().1
    }

    /// The time in which it happened: after the first (none: unknown) and by the second.
    fn span(&self) -> (Option<Timestamp>, Timestamp) {
        match self.source {
            ChangeSource::Call { at } => (Some(at), at),
            ChangeSource::Observed { after, by, .. } => (after, by),
        }
    }

    /// Whether it may have happened before `at` already, or after it.
    fn is_open_at(&self, at: Timestamp) -> bool {
        matches!(self.source, ChangeSource::Observed { after: Some(after), by, .. } if after < at && at < by)
    }

    /// Whether it was found by the first reading, which says nothing about the time before.
    #[must_use]
    pub fn is_inventory(&self) -> bool {
        matches!(self.source, ChangeSource::Observed { after: None, .. })
    }

    /// Whether nothing that guestlist did explains it.
    #[must_use]
    pub fn is_outside(&self) -> bool {
        matches!(self.source, ChangeSource::Observed { after: Some(_), cause: None, .. })
    }

    /// The run that is behind it: that of the call, or of the invitation that was accepted.
    fn made_by(&self) -> Option<usize> {
        match self.source {
            ChangeSource::Call { .. } => Some(self.run),
            ChangeSource::Observed { cause, .. } => cause.map(|cause| cause.run),
        }
    }
}

#[cfg(test)]
mod tests;
