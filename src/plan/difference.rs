//! The changes and notes of a comparison, and what a run leaves out of them.

use std::collections::BTreeSet;

use super::effect::{Effect, effects};
use super::{Change, Fact, Note, NoteKind};
use crate::known::{Known, Member};
use crate::model::{Email, ProjectId};

/// Changes and notes, not sorted yet.
#[derive(Default)]
pub(super) struct Difference {
    pub(super) changes: Vec<Change>,
    pub(super) notes: Vec<Note>,
    /// The removals that are due to a date in the file. `max_removals` does not count them.
    pub(super) dated: BTreeSet<(Email, ProjectId)>,
    /// Pairs of entries that are one user, one by login and one by address.
    pub(super) listed_twice: Vec<(Email, Email)>,
}

impl Difference {
    /// The effect of each change.
    pub(super) fn effects(&self) -> Vec<Effect> {
        effects(&self.changes, &self.notes)
    }

    /// Drops the changes that remove access, and the notes on what cannot be removed.
    pub(super) fn drop_removals(&mut self) {
        let mut effects = self.effects().into_iter();
        self.changes.retain(|_| effects.next().is_some_and(|effect| !effect.is_removal()));
        self.notes.retain(|note| note.kind() != NoteKind::LastProject);
    }

    /// Keeps what is about the people `only`, named by any of their addresses. Returns how many changes are dropped.
    pub(super) fn keep_only(&mut self, known: &Known, only: &[Email]) -> usize {
        let people = with_addresses(known, only);
        let all = self.changes.len();
        self.changes.retain(|change| people.contains(change.email()));
        self.notes.retain(|note| note.email.as_ref().is_some_and(|email| people.contains(email)));
        self.listed_twice.retain(|(one, other)| people.contains(one) || people.contains(other));
        all - self.changes.len()
    }

    /// Keeps the first `most` invitations, and notes how many are left for a later run.
    pub(super) fn hold_invitations(&mut self, most: usize) {
        let mut invitations = 0;
        self.changes.retain(|change| {
            invitations += usize::from(matches!(change, Change::Invite { .. }));
            !matches!(change, Change::Invite { .. }) || invitations <= most
        });
        if invitations > most {
            let fact = Fact::Wave { waiting: invitations - most, most };
            self.notes.push(Note { email: None, project: None, fact });
        }
    }
}

/// These people under any of their addresses.
pub(super) fn with_addresses<'a>(known: &'a Known, people: &'a [Email]) -> BTreeSet<&'a Email> {
    let members = people.iter().filter_map(|email| known.member(email));
    people.iter().chain(members.flat_map(Member::addresses)).collect()
}
