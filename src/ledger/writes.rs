//! The roles that guestlist itself gave and took, call by call, for where a list lags behind.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::fold::Position;
use super::record::{Action, Intent, Meaning, Seq};
use super::run_file::RunName;
use crate::known::RecentWrites;
use crate::model::{Email, ProjectId, Role, UserId};

/// The last write of each role, by person and project.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Writes {
    calls: BTreeMap<Place, Write>,
    /// What invitations carried, which is what someone had who accepted one.
    invitations: BTreeMap<Place, Write>,
    /// Removals of which the answer is not known, and nothing later is.
    maybe_removed: BTreeMap<Place, Write>,
    /// The runs, the first one first.
    runs: Vec<RunName>,
}

type Place = (Email, ProjectId);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Write {
    position: Position,
    at: Timestamp,
    role: Option<Role>,
    user_id: Option<UserId>,
}

/// How much of the ledger a reading knew of.
#[derive(Clone, Debug)]
pub(super) enum Since {
    /// These records.
    Position(Position),
    /// A run that is not in the ledger any more: what was written before that time.
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
    /// Takes in what came of a call.
    pub(super) fn note(
        &mut self,
        position: Position,
        at: Timestamp,
        intent: &Intent,
        meaning: Meaning,
        user_id: Option<&UserId>,
    ) {
        let (kept, given) = match (meaning, intent.action) {
            (Meaning::Assigned | Meaning::RoleChanged, _)
            | (Meaning::AlreadySo, Action::Assign | Action::ChangeRole) => (&mut self.calls, true),
            (Meaning::Unassigned, _) | (Meaning::AlreadySo, Action::Unassign) => (&mut self.calls, false),
            (Meaning::Unknown, Action::Unassign) => (&mut self.maybe_removed, false),
            (Meaning::Invited, _) => (&mut self.invitations, true),
            _ => return,
        };
        for (project, role) in &intent.projects {
            let place = (intent.email.clone(), project.clone());
            let write = Write { position, at, role: given.then(|| role.clone()), user_id: user_id.cloned() };
            kept.insert(place, write);
        }
        if meaning != Meaning::Unknown {
            for project in intent.projects.keys() {
                self.maybe_removed.remove(&(intent.email.clone(), project.clone()));
            }
        }
    }

    /// The runs that positions are counted in.
    pub(super) fn order(&mut self, runs: &[RunName]) {
        self.runs = runs.to_vec();
    }

    /// What a reading made at `read_at` knew of the ledger: the first records of a run and every run
    /// before it, or nothing.
    pub(super) fn known_at(&self, after: Option<&(RunName, Seq)>, read_at: Timestamp) -> Since {
        let Some((run, seq)) = after else { return Since::Position((0, 0)) };
        let index = self.runs.iter().rposition(|name| name == run);
        index.map_or(Since::Time(read_at), |index| Since::Position((index + 1, *seq)))
    }

    /// Those from `time` on.
    #[must_use]
    pub fn since(&self, time: Timestamp) -> RecentWrites {
        self.select(&Since::Time(time), |_| true)
    }

    /// Those that a reading did not know of, in some projects.
    pub(super) fn select(&self, since: &Since, of: impl Fn(&ProjectId) -> bool) -> RecentWrites {
        let recent = self.calls.iter().filter(|((_, project), write)| of(project) && since.includes(write));
        recent.map(|(place, write)| (place.clone(), write.role.clone())).collect()
    }

    /// The removals without a known answer that a reading did not know of.
    pub(super) fn maybe_removed(&self, since: &Since) -> BTreeSet<(Email, ProjectId)> {
        let taken = self.maybe_removed.iter().filter(|(_, write)| since.includes(write));
        taken.map(|(place, _)| place.clone()).collect()
    }

    /// The id of a user, where a call or its answer named it.
    pub(super) fn user_id(&self, email: &Email, project: &ProjectId) -> Option<&UserId> {
        self.calls.get(&(email.clone(), project.clone()))?.user_id.as_ref()
    }

    /// The last of each, be it a call or an invitation.
    #[must_use]
    pub fn last(&self) -> RecentWrites {
        let mut last = self.calls.clone();
        for (place, write) in &self.invitations {
            if last.get(place).is_none_or(|call| call.position <= write.position) {
                last.insert(place.clone(), write.clone());
            }
        }
        last.into_iter().map(|(place, write)| (place, write.role)).collect()
    }
}
