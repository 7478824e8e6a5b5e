//! What is known right after a reading.

use super::{Evidence, EvidenceSource, Invitations, Known, Reading, RecentWrites, doubt, rows};
use crate::model::ProjectId;

impl Reading {
    /// What is known right after reading these lists. `members_before` counts the members
    /// of a project in the previous reading with guestlist's writes since: a project that had some and has an
    /// empty list now is doubtful.
    #[must_use]
    pub fn live(
        &self,
        invitations: Invitations,
        recent: RecentWrites,
        members_before: impl Fn(&ProjectId) -> usize,
    ) -> Known {
        let rows = rows::of(&self.lists);
        let members = self.members_of(&rows);
        let Invitations { out, in_flight } = invitations.not_accepted(&members);
        Known {
            evidence: Evidence { source: EvidenceSource::Live, read_at: self.read_at },
            doubts: doubt::in_reading(self, &rows, members_before),
            members,
            invitations: out,
            in_flight,
            recent,
            applied: None,
        }
    }

    /// What these lists say, without a ledger.
    #[must_use]
    pub fn by_itself(&self) -> Known {
        self.live(Invitations::default(), RecentWrites::new(), |_| 0)
    }
}
