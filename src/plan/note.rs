//! Notes: facts that the reader should know and that lead to no call. `render` makes the sentences.

use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::desired::Prune;
use crate::model::{Access, Email, ProjectId, Role};

/// A fact that leads to no call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Note {
    /// The person it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The project it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The fact.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What a note says. Serialized without dates, so the `drift_id` of a plan does not change from day to day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// The API cannot remove a user's last project, so the user has to be deleted by hand.
    LastProject {
        /// The role the person keeps there.
        role: Role,
    },
    /// A pending invitation grants more than the file, and the API cannot cancel it.
    ExcessInvitation {
        /// The day it was sent.
        #[serde(skip_serializing)]
        sent_on: Date,
        /// The part that the file does not grant.
        access: Access,
    },
    /// A pending invitation to someone without access in the file, and the API cannot cancel it.
    CannotCancel {
        /// The day it was sent.
        #[serde(skip_serializing)]
        sent_on: Date,
        /// Its roles.
        access: Access,
        /// The last day of access, where the file lists the person.
        #[serde(skip_serializing)]
        until: Option<Date>,
    },
    /// An invitation to someone not in the file may be pending: the ledger has no response.
    MaybeInvited {
        /// The day of the call.
        #[serde(skip_serializing)]
        sent_on: Date,
    },
    /// An invitation has been pending for more than [`STALE_DAYS`](super::STALE_DAYS).
    Stale {
        /// The day it was sent.
        #[serde(skip_serializing)]
        sent_on: Date,
        /// What changes once it is accepted, because the file has changed since.
        later: Vec<Later>,
    },
    /// An invitation is pending.
    Invited {
        /// The day it was sent.
        #[serde(skip_serializing)]
        sent_on: Date,
        /// What changes once it is accepted, because the file has changed since.
        later: Vec<Later>,
    },
    /// An earlier invite of a listed person got no confirmed response and is repeated.
    InFlight,
    /// There are more invitations than this run may send.
    Wave {
        /// How many are left for a later run.
        waiting: usize,
        /// How many this run may invite.
        most: usize,
    },
    /// `from` is in the future.
    Starts {
        /// The first day.
        #[serde(skip_serializing)]
        from: Date,
        /// Whether the person is a member already, and not changed until then.
        member: bool,
    },
    /// A role of a listed person starts later.
    RoleStarts {
        /// The role.
        role: Role,
        /// Its first day.
        #[serde(skip_serializing)]
        from: Date,
        /// The role that the person has there already, and keeps until then.
        has: Option<Role>,
    },
    /// `until` is near.
    Ends {
        /// The last day.
        #[serde(skip_serializing)]
        until: Date,
    },
    /// The last day of a role is near.
    RoleEnds {
        /// The role.
        role: Role,
        /// Its last day.
        #[serde(skip_serializing)]
        until: Date,
        /// The role afterwards.
        then: Option<Role>,
    },
    /// A role of a listed person has ended, so it is removed or replaced.
    RoleEnded {
        /// The role.
        role: Role,
        /// Its last day.
        #[serde(skip_serializing)]
        until: Date,
    },
    /// The access of a listed person has to be confirmed.
    ReviewDue {
        /// The day by which it had to be.
        #[serde(skip_serializing)]
        review_by: Date,
    },
    /// `until` has passed.
    Ended {
        /// The last day.
        #[serde(skip_serializing)]
        until: Date,
        /// Whether the person is still a member.
        member: bool,
    },
    /// A pull request changes why someone has access, or one role.
    ReasonChanged {
        /// The reason before.
        from: Option<Arc<str>>,
        /// The reason now.
        to: Option<Arc<str>>,
    },
    /// A pull request changes when access has to be confirmed.
    ReviewChanged {
        /// The day before.
        from: Option<Date>,
        /// The day now.
        to: Option<Date>,
    },
    /// A listed person has roles that the file does not grant, and `prune` keeps them.
    ExtraRoles {
        /// These roles.
        access: Access,
        /// The setting that keeps them.
        prune: Prune,
    },
    /// `prune: dropped` removes nothing in some projects, because no applied file is known for them.
    NothingDropped {
        /// The projects; empty if the ledger has no applied file at all.
        projects: Vec<ProjectId>,
    },
    /// A member who is not in the file, and is kept by `prune`.
    Unlisted {
        /// The member's roles.
        access: Access,
        /// The setting that keeps them.
        prune: Prune,
    },
    /// A person that `protect` matches.
    Protected {
        /// The pattern.
        pattern: String,
        /// The person's roles; empty for someone who is not a member.
        access: Access,
    },
    /// An owner has another role than in the file. Owners are never changed.
    OwnerDiffers {
        /// The owner's role.
        has: Role,
        /// The role in the file.
        desired: Option<Role>,
    },
    /// An owner would lose all access. Owners are never changed.
    OwnerKept {
        /// The owner's roles.
        access: Access,
        /// Whether the owner is in the file.
        listed: bool,
    },
}

/// One role that changes once an invitation is accepted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Later {
    /// The project.
    pub project: ProjectId,
    /// The role in the invitation.
    pub from: Option<Role>,
    /// The role in the file.
    pub to: Role,
}

/// The kind of a note, for programs. Notes are listed in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// See [`Fact::LastProject`].
    LastProject,
    /// See [`Fact::Unlisted`].
    Unlisted,
    /// See [`Fact::ExcessInvitation`].
    ExcessInvitation,
    /// See [`Fact::CannotCancel`].
    CannotCancel,
    /// See [`Fact::MaybeInvited`].
    MaybeInvited,
    /// See [`Fact::Stale`].
    Stale,
    /// See [`Fact::ReviewDue`].
    ReviewDue,
    /// See [`Fact::Invited`].
    Invited,
    /// See [`Fact::InFlight`].
    InFlight,
    /// See [`Fact::Wave`].
    Wave,
    /// See [`Fact::Starts`] and [`Fact::RoleStarts`].
    Starts,
    /// See [`Fact::Ends`] and [`Fact::RoleEnds`].
    Ends,
    /// See [`Fact::Ended`] and [`Fact::RoleEnded`].
    Ended,
    /// See [`Fact::ReasonChanged`].
    ReasonChanged,
    /// See [`Fact::ReviewChanged`].
    ReviewChanged,
    /// See [`Fact::ExtraRoles`].
    ExtraRole,
    /// See [`Fact::NothingDropped`].
    NothingDropped,
    /// See [`Fact::Protected`].
    Protected,
    /// See [`Fact::OwnerDiffers`] and [`Fact::OwnerKept`].
    Owner,
}

impl Note {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> NoteKind {
        match self.fact {
            Fact::LastProject { .. } => NoteKind::LastProject,
            Fact::ExcessInvitation { .. } => NoteKind::ExcessInvitation,
            Fact::CannotCancel { .. } => NoteKind::CannotCancel,
            Fact::MaybeInvited { .. } => NoteKind::MaybeInvited,
            Fact::Stale { .. } => NoteKind::Stale,
            Fact::Invited { .. } => NoteKind::Invited,
            Fact::InFlight => NoteKind::InFlight,
            Fact::Wave { .. } => NoteKind::Wave,
            Fact::Starts { .. } | Fact::RoleStarts { .. } => NoteKind::Starts,
            Fact::Ends { .. } | Fact::RoleEnds { .. } => NoteKind::Ends,
            Fact::ReviewDue { .. } => NoteKind::ReviewDue,
            Fact::ReasonChanged { .. } => NoteKind::ReasonChanged,
            Fact::ReviewChanged { .. } => NoteKind::ReviewChanged,
            Fact::Ended { .. } | Fact::RoleEnded { .. } => NoteKind::Ended,
            Fact::ExtraRoles { .. } => NoteKind::ExtraRole,
            Fact::NothingDropped { .. } => NoteKind::NothingDropped,
            Fact::Unlisted { .. } => NoteKind::Unlisted,
            Fact::Protected { .. } => NoteKind::Protected,
            Fact::OwnerDiffers { .. } | Fact::OwnerKept { .. } => NoteKind::Owner,
        }
    }

    /// Whether a person has to act.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        match &self.fact {
            Fact::LastProject { .. }
            | Fact::ExcessInvitation { .. }
            | Fact::CannotCancel { .. }
            | Fact::MaybeInvited { .. }
            | Fact::Stale { .. }
            | Fact::ReviewDue { .. } => true,
            Fact::Unlisted { access, .. } => has_admin(access),
            Fact::Invited { .. }
            | Fact::InFlight
            | Fact::Wave { .. }
            | Fact::Starts { .. }
            | Fact::RoleStarts { .. }
            | Fact::Ends { .. }
            | Fact::RoleEnds { .. }
            | Fact::Ended { .. }
            | Fact::RoleEnded { .. }
            | Fact::ReasonChanged { .. }
            | Fact::ReviewChanged { .. }
            | Fact::ExtraRoles { .. }
            | Fact::NothingDropped { .. }
            | Fact::Protected { .. }
            | Fact::OwnerDiffers { .. }
            | Fact::OwnerKept { .. } => false,
        }
    }

    /// Whether a page may fold it into a count: what `prune` keeps, except ADMINs.
    #[must_use]
    pub fn is_foldable(&self) -> bool {
        match &self.fact {
            Fact::Unlisted { access, .. } | Fact::ExtraRoles { access, .. } => !has_admin(access),
            _ => false,
        }
    }

    /// The order in which notes are listed: those that need attention come first, of these ADMINs.
    pub(super) fn order(&self) -> (bool, bool, NoteKind, Option<&Email>, Option<&ProjectId>) {
        let is_about_admin = match &self.fact {
            Fact::ExcessInvitation { access, .. }
            | Fact::CannotCancel { access, .. }
            | Fact::Unlisted { access, .. } => has_admin(access),
            _ => false,
        };
        let kind = self.kind();
        (!self.needs_attention(), !is_about_admin, kind, self.email.as_ref(), self.project.as_ref())
    }
}

fn has_admin(access: &Access) -> bool {
    access.values().any(|role| *role == Role::Admin)
}
