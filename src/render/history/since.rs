//! What changed since a given time, riskiest first.

use jiff::Timestamp;

use super::Question;
use crate::history::AccessChange;
use crate::model::Role;

/// The changes since a given time, riskiest first.
#[derive(Clone, Debug)]
pub struct Changes<'a> {
    /// The question.
    pub question: &'a Question<'a>,
    /// The time.
    pub since: Timestamp,
    /// The end of the time.
    pub until: Timestamp,
    /// By kind; of one kind, those made outside guestlist first, then by project, email and time.
    pub changes: Vec<(ChangeKind, &'a AccessChange)>,
}

/// What a change means, riskiest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ChangeKind {
    /// The person is ADMIN from then on.
    BecameAdmin,
    /// The person had no role in the project before.
    Gained,
    /// The person has another role from then on.
    Changed,
    /// The first reading found it: it may be much older.
    Inventory,
    /// The person has no role in the project from then on.
    Lost,
}

impl ChangeKind {
    /// All, riskiest first.
    pub const ALL: [Self; 5] = [Self::BecameAdmin, Self::Gained, Self::Changed, Self::Inventory, Self::Lost];

    fn of(change: &AccessChange) -> Self {
        match (&change.from, &change.to) {
            _ if change.is_inventory() => Self::Inventory,
            (_, None) => Self::Lost,
            (_, Some(Role::Admin)) => Self::BecameAdmin,
            (None, _) => Self::Gained,
            (Some(_), _) => Self::Changed,
        }
    }
}

impl<'a> Changes<'a> {
    /// The changes that happened, or may have happened, after `since` and were known at `until`.
    #[must_use]
    pub fn new(question: &'a Question<'a>, since: Timestamp, until: Timestamp) -> Self {
        let is_asked = |change: &&AccessChange| {
            let roles = [change.from.as_ref(), change.to.as_ref()];
            (change.certain_from() > since && change.certain_from() <= until)
                && question.covers(&change.project)
                && question.role.as_ref().is_none_or(|role| roles.contains(&Some(role)))
        };
        let changes = question.history.changes.iter().filter(is_asked);
        let mut changes: Vec<_> = changes.map(|change| (ChangeKind::of(change), change)).collect();
        changes.sort_by_key(|(kind, change)| {
            // In the starting inventory, the most powerful first.
            let power = change.to.as_ref().filter(|_| change.is_inventory()).map_or(0, Role::power);
            let risk = (*kind, !change.is_outside(), std::cmp::Reverse(power));
            (risk, &change.project, &change.email, change.certain_from())
        });
        Self { question, since, until, changes }
    }

    /// The number of changes of a kind.
    #[must_use]
    pub fn count(&self, kind: ChangeKind) -> usize {
        self.changes.iter().filter(|(of, _)| *of == kind).count()
    }
}
