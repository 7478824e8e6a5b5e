//! The history of access: each change of a role in order, when it happened and how sure that is, and the run
//! that made or explains it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{Email, ProjectId, Role, UserId};

/// Every change of access in one organization.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// The runs of the ledger, oldest first.
    pub runs: Vec<RunFacts>,
    /// The changes, in the order of the ledger. The last one of a person in a project counts.
    pub changes: Vec<AccessChange>,
}

/// A run, and who is behind it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunFacts {
    /// Its name.
    pub name: String,
    /// When it started.
    pub at: Timestamp,
    /// The actor of the CI job, or the user.
    pub actor: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// Actor, job, commit and host, for people to read.
    pub by: String,
    /// The id of its plan.
    pub plan_id: Option<String>,
}

/// A change of the role of one person in one project.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessChange {
    /// The login of the person, or the address that was invited.
    pub email: Email,
    /// The id of that user, if known.
    pub user_id: Option<UserId>,
    /// The project.
    pub project: ProjectId,
    /// The role before; none for no access.
    pub from: Option<Role>,
    /// The role from then on; none for no access.
    pub to: Option<Role>,
    /// The run that recorded it: an index into [`History::runs`].
    pub run: usize,
    /// The reason in the team file, if the run recorded one.
    pub reason: Option<String>,
    /// When it happened, and how that is known.
    pub source: ChangeSource,
}

/// How a change is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeSource {
    /// guestlist made it.
    Call {
        /// When the response arrived.
        at: Timestamp,
    },
    /// A live reading showed it.
    Observed {
        /// When the role before was last known to be so. None in the starting inventory.
        after: Option<Timestamp>,
        /// When the new role was found.
        by: Timestamp,
        /// What guestlist did that explains it. None if it was made outside guestlist.
        call: Option<ExplainingCall>,
    },
}

/// What guestlist did that explains what was observed later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExplainingCall {
    /// Its run: an index into [`History::runs`].
    pub run: usize,
    /// When the call was recorded.
    pub at: Timestamp,
    /// Whether it was an invitation, which was accepted. Otherwise a call without a known outcome.
    pub is_invitation: bool,
}

impl History {
    /// `emails`, and every other login of the users who have one of them.
    #[must_use]
    pub fn all_logins(&self, mut emails: BTreeSet<Email>) -> BTreeSet<Email> {
        let theirs = self.changes.iter().filter(|change| emails.contains(&change.email));
        let users: BTreeSet<_> = theirs.filter_map(|change| change.user_id.as_ref()).collect();
        let is_theirs = |it: &&AccessChange| it.user_id.as_ref().is_some_and(|id| users.contains(id));
        emails.extend(self.changes.iter().filter(is_theirs).map(|change| change.email.clone()));
        emails
    }
}

impl AccessChange {
    /// The time from which on the new role is certain.
    #[must_use]
    pub fn certain_from(&self) -> Timestamp {
        self.span().1
    }

    /// The time in which it happened: after the first (none: unknown) and by the second.
    #[must_use]
    pub fn span(&self) -> (Option<Timestamp>, Timestamp) {
        match self.source {
            ChangeSource::Call { at } => (Some(at), at),
            ChangeSource::Observed { after, by, .. } => (after, by),
        }
    }

    /// Whether it may have happened before `at` already, or after it.
    #[must_use]
    pub fn is_open_at(&self, at: Timestamp) -> bool {
        matches!(self.source, ChangeSource::Observed { after: Some(after), by, .. } if after < at && at < by)
    }

    /// Whether it was found by the first reading, which says nothing about the time before.
    #[must_use]
    pub fn is_inventory(&self) -> bool {
        matches!(self.source, ChangeSource::Observed { after: None, .. })
    }

    /// Whether nothing that guestlist did explains it.
    #[must_use]
    pub fn is_outside(&self) -> bool {
        matches!(self.source, ChangeSource::Observed { after: Some(_), call: None, .. })
    }

    /// The run that is behind it: that of the call, or of the invitation that was accepted.
    #[must_use]
    pub fn made_by(&self) -> Option<usize> {
        match self.source {
            ChangeSource::Call { .. } => Some(self.run),
            ChangeSource::Observed { call, .. } => call.map(|call| call.run),
        }
    }
}
