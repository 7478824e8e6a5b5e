//! The roles that guestlist itself gave and took, call by call, for where a list lags behind.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::record::{Action, Intent, Meaning};
use crate::identity::{Email, ProjectId, Role};
use crate::known::RecentWrites;

/// The last write of each role, by person and project, with its time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Writes {
    calls: Timed,
    /// What invitations carried, which tells what somebody had who accepted one.
    invitations: Timed,
}

type Timed = BTreeMap<(Email, ProjectId), (Timestamp, Option<Role>)>;

impl Writes {
    /// Takes in what came of a call.
    pub(super) fn note(&mut self, at: Timestamp, intent: &Intent, meaning: Meaning) {
        let (kept, given) = match (meaning, intent.action) {
            (Meaning::Assigned | Meaning::RoleChanged, _)
            | (Meaning::AlreadySo, Action::Assign | Action::ChangeRole) => (&mut self.calls, true),
            (Meaning::Unassigned, _) | (Meaning::AlreadySo, Action::Unassign) => (&mut self.calls, false),
            (Meaning::Invited, _) => (&mut self.invitations, true),
            _ => return,
        };
        for (project, role) in &intent.projects {
            let write = (at, given.then(|| role.clone()));
            keep_later(kept, (intent.email.clone(), project.clone()), write);
        }
    }

    /// Those from `time` on.
    #[must_use]
    pub fn since(&self, time: Timestamp) -> RecentWrites {
        let recent = self.calls.iter().filter(|(_, (at, _))| *at >= time);
        recent.map(|(key, (_, role))| (key.clone(), role.clone())).collect()
    }

    /// The last of each, be it a call or an invitation.
    #[must_use]
    pub fn last(&self) -> RecentWrites {
        let mut last = self.calls.clone();
        for (key, write) in &self.invitations {
            keep_later(&mut last, key.clone(), write.clone());
        }
        last.into_iter().map(|(key, (_, role))| (key, role)).collect()
    }
}

fn keep_later(kept: &mut Timed, key: (Email, ProjectId), write: (Timestamp, Option<Role>)) {
    let last = kept.entry(key).or_insert_with(|| write.clone());
    if last.0 <= write.0 {
        *last = write;
    }
}
