//! The numbers of the review: people by status, and memberships of each project by role.

use super::Review;
use super::membership::{MembershipState, RoleKind};
use super::status::PersonStatus;
use crate::model::ProjectId;

/// People by status. Members, invited, not invited and ended add up to all people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct PeopleTotals {
    /// Owners included.
    pub(super) members: usize,
    pub(super) owners: usize,
    /// Stale invitations included.
    pub(super) invited: usize,
    pub(super) stale: usize,
    pub(super) not_invited: usize,
    pub(super) ended: usize,
    /// Anyone who is not in the team file.
    pub(super) unlisted: usize,
}

/// The memberships of one project, or of all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct ProjectTotals {
    /// Current roles of members, in the order of [`RoleKind::ALL`].
    current: [usize; RoleKind::ALL.len()],
    /// Roles of pending invitations.
    pub(super) pending: usize,
    /// Roles that only the team file has.
    pub(super) planned: usize,
}

impl PeopleTotals {
    pub(super) fn of(review: &Review) -> Self {
        let mut totals = Self::default();
        for row in &review.people {
            match row.status {
                PersonStatus::Owner => totals.owners += 1,
                PersonStatus::Stale { .. } => totals.stale += 1,
                PersonStatus::NotInvited => totals.not_invited += 1,
                PersonStatus::Ended => totals.ended += 1,
                PersonStatus::Member | PersonStatus::Invited { .. } => {}
            }
            totals.members += usize::from(row.status.is_member());
            totals.invited += usize::from(row.status.is_invited());
            totals.unlisted += usize::from(!row.is_listed);
        }
        totals
    }
}

impl ProjectTotals {
    /// The totals of `project`, or of all projects.
    pub(super) fn of(review: &Review, project: Option<&ProjectId>) -> Self {
        let mut totals = Self::default();
        for (_, membership) in review
            .people
            .iter()
            .flat_map(|row| &row.memberships)
            .filter(|(id, _)| project.is_none_or(|project| project == **id))
        {
            match membership.state {
                MembershipState::Current => totals.current[membership.kind as usize] += 1,
                MembershipState::Pending => totals.pending += 1,
                MembershipState::Planned => totals.planned += 1,
            }
        }
        totals
    }

    /// How many members have a role of this kind.
    pub(super) fn with(&self, kind: RoleKind) -> usize {
        self.current[kind as usize]
    }

    /// How many members have a role.
    pub(super) fn members(&self) -> usize {
        self.current.iter().sum()
    }
}
