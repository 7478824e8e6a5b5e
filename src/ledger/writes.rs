//! The roles that guestlist itself assigned and removed, for lists that lag behind.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::record::{Action, Intent, Meaning, Seq};
use super::run_file::RunName;
use crate::known::RecentWrites;
use crate::model::{Email, ProjectId, Role, UserId};

/// A position in the ledger: the number of a run, from 1, and the number of its records up to there.
pub(super) type Position = (usize, Seq);

/// The last write of each role, by person and project.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Writes {
    calls: BTreeMap<Key, Write>,
    /// Removals without a known answer, and without a later write.
    maybe_removed: BTreeMap<Key, Write>,
    /// The runs, oldest first.
    runs: Vec<RunName>,
}

type Key = (Email, ProjectId);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Write {
    position: Position,
    at: Timestamp,
    role: Option<Role>,
    user_id: Option<UserId>,
}

/// The part of the ledger that came after a snapshot.
#[derive(Clone, Debug)]
pub(super) enum Since {
    /// Everything after that position.
    Position(Position),
    /// Everything from that time on, if the last run before the snapshot is not in the ledger any more.
    Time(Timestamp),
}

impl Since {
    fn includes(&self, write: &Write) -> bool {
        match self {
            Self::Position(position) => write.position > *position,
            Self::Time(time) => write.at >= *time,
        }
    }
}

impl Writes {
    /// Adds the outcome of a call.
    pub(super) fn add(
        &mut self,
        position: Position,
        at: Timestamp,
        intent: &Intent,
        meaning: Meaning,
        user_id: Option<&UserId>,
    ) {
        let (writes, is_assigned) = match (meaning, intent.action) {
            (Meaning::Assigned | Meaning::RoleChanged, _)
            | (Meaning::AlreadySo, Action::Assign | Action::ChangeRole) => (&mut self.calls, true),
            (Meaning::Unassigned, _) | (Meaning::AlreadySo, Action::Unassign) => (&mut self.calls, false),
            (Meaning::Unknown, Action::Unassign) => (&mut self.maybe_removed, false),
            _ => return,
        };
        for (project, role) in &intent.projects {
            let key = (intent.email.clone(), project.clone());
            let write =
                Write { position, at, role: is_assigned.then(|| role.clone()), user_id: user_id.cloned() };
            writes.insert(key, write);
        }
        if meaning != Meaning::Unknown {
            self.drop_maybe_removed(intent);
        }
    }

    fn drop_maybe_removed(&mut self, intent: &Intent) {
        if self.maybe_removed.is_empty() {
            return;
        }
        for project in intent.projects.keys() {
            self.maybe_removed.remove(&(intent.email.clone(), project.clone()));
        }
    }

    /// Sets the runs that positions refer to.
    pub(super) fn set_runs(&mut self, runs: &[RunName]) {
        self.runs = runs.to_vec();
    }

    /// What came after a snapshot made at `read_at`, when the ledger ended with that record of that run, or
    /// was empty.
    pub(super) fn after(&self, after: Option<&(RunName, Seq)>, read_at: Timestamp) -> Since {
        let Some((run, seq)) = after else { return Since::Position((0, 0)) };
        let index = self.runs.iter().rposition(|name| name == run);
        index.map_or(Since::Time(read_at), |index| Since::Position((index + 1, *seq)))
    }

    /// The writes from `time` on.
    #[must_use]
    pub fn since(&self, time: Timestamp) -> RecentWrites {
        self.select(&Since::Time(time), |_| true)
    }

    /// The writes after a snapshot, in some projects.
    pub(super) fn select(&self, since: &Since, of: impl Fn(&ProjectId) -> bool) -> RecentWrites {
        let recent = self.calls.iter().filter(|((_, project), write)| of(project) && since.includes(write));
        recent.map(|(key, write)| (key.clone(), write.role.clone())).collect()
    }

    /// The removals without a known answer after a snapshot.
    pub(super) fn maybe_removed(&self, since: &Since) -> BTreeSet<(Email, ProjectId)> {
        let removed = self.maybe_removed.iter().filter(|(_, write)| since.includes(write));
        removed.map(|(key, _)| key.clone()).collect()
    }

    /// The id of a user, if a call or its answer named it.
    pub(super) fn user_id(&self, email: &Email, project: &ProjectId) -> Option<&UserId> {
        self.calls.get(&(email.clone(), project.clone()))?.user_id.as_ref()
    }
}
