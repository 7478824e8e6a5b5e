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
use crate::history::{AccessChange, History};
use crate::model::{Endpoint, ProjectId, Role};

pub use at::{AccessAt, AccessLine};
pub use csv::{access_at_csv, changes_csv};
pub use html::{access_at_html, changes_html};
pub use json::{access_at_json, changes_json};
pub use person::{SentInvitation, person_history};
pub use since::{ChangeKind, Changes};
pub use text::{access_at_text, changes_text};

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

#[cfg(test)]
mod tests;
