//! What a change means to the person: the heading under which it is shown.

use std::collections::BTreeSet;

use super::{Change, Note, NoteKind};

/// What a change means to the person, in the order of headings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// A project is removed, or the last one becomes VIEWER because the API cannot remove it.
    LosesAccess,
    /// ADMIN becomes something else.
    LosesAdmin,
    /// ADMIN is granted, by invitation too.
    BecomesAdmin,
    /// A new person is invited.
    Invited,
    /// A member gets another project.
    GainsAccess,
    /// A member gets another role.
    ChangesRole,
}

impl Effect {
    /// Whether it removes access. `max_removals` counts these changes.
    #[must_use]
    pub fn is_removal(self) -> bool {
        matches!(self, Self::LosesAccess | Self::LosesAdmin)
    }

    /// `in_place_of_removal`: the person keeps the role only because the API cannot remove it.
    fn of(change: &Change, in_place_of_removal: bool) -> Self {
        if change.new_admin_in().next().is_some() {
            return Self::BecomesAdmin;
        }
        match change {
            Change::Invite { .. } => Self::Invited,
            Change::Assign { .. } => Self::GainsAccess,
            Change::ChangeRole { .. } if change.is_reduction() => Self::LosesAdmin,
            Change::ChangeRole { .. } if in_place_of_removal => Self::LosesAccess,
            Change::ChangeRole { .. } => Self::ChangesRole,
            Change::Unassign { .. } => Self::LosesAccess,
        }
    }
}

/// The effect of each of `changes`. `notes` has the projects that the API cannot remove.
pub(super) fn effects(changes: &[Change], notes: &[Note]) -> Vec<Effect> {
    let last_projects = notes.iter().filter(|note| note.kind() == NoteKind::LastProject);
    let kept: BTreeSet<_> =
        last_projects.filter_map(|note| Some((note.email.as_ref()?, note.project.as_ref()?))).collect();
    let is_kept =
        |change: &Change| change.project().is_some_and(|project| kept.contains(&(change.email(), project)));
    changes.iter().map(|change| Effect::of(change, is_kept(change))).collect()
}
