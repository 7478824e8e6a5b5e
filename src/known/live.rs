//! What is known right after a reading.

use std::collections::BTreeMap;

use super::{Evidence, EvidenceSource, Invitations, Known, Member, Reading, RecentWrites, doubt, rows};
use crate::model::Email;

impl Reading {
    /// What is known right after reading these lists. `last` has the members of the previous reading with
    /// guestlist's writes since; a project that had members then and has an empty list now is doubtful.
    #[must_use]
    pub fn live(
        &self,
        invitations: Invitations,
        recent: RecentWrites,
        last: &BTreeMap<Email, Member>,
    ) -> Known {
        let rows = rows::of(&self.lists);
        let members = self.members_of(&rows);
        let Invitations { out, in_flight } = invitations.not_accepted(&members);
        Known {
            evidence: Evidence { source: EvidenceSource::Live, read_at: self.read_at },
            doubts: doubt::in_reading(self, &rows, last),
            members,
            invitations: out,
            in_flight,
            recent,
        }
    }
}
