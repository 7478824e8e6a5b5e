//! One call that apply would make.

use serde::{Deserialize, Serialize};

use crate::model::{Access, Email, ProjectId, Role, UserId};

/// One call that apply would make.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Change {
    /// Invite a new person, with every project in one call.
    Invite {
        /// Who; sent as written.
        email: Email,
        /// Given name.
        first_name: String,
        /// Family name.
        last_name: String,
        /// The roles that the invitation carries.
        projects: Access,
    },
    /// Give a member a role in a project that the member does not have yet.
    Assign {
        /// The login of the member.
        email: Email,
        /// Where.
        project: ProjectId,
        /// The role to be.
        role: Role,
    },
    /// Give a member another role in a project.
    ChangeRole {
        /// The login of the member.
        email: Email,
        /// The id of the member.
        user_id: UserId,
        /// Where.
        project: ProjectId,
        /// The role until now.
        from: Role,
        /// The role to be.
        to: Role,
    },
    /// Take a project away from a member.
    Unassign {
        /// The login of the member.
        email: Email,
        /// The id of the member.
        user_id: UserId,
        /// Where.
        project: ProjectId,
        /// The role until now.
        role: Role,
    },
}

/// What a change means to the person: the heading under which it is shown, in the order of headings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// A project is removed, or the last one becomes VIEWER because the API cannot remove it.
    LosesAccess,
    /// ADMIN becomes something else.
    LosesAdmin,
    /// ADMIN is given, by invitation too.
    BecomesAdmin,
    /// Someone new is invited.
    Invited,
    /// A member gets a further project.
    GainsAccess,
    /// A member gets another role.
    ChangesRole,
}

impl Effect {
    /// Whether something is taken away.
    #[must_use]
    pub fn is_removal(self) -> bool {
        matches!(self, Self::LosesAccess | Self::LosesAdmin)
    }
}

impl Change {
    /// What it means to the person. `in_place_of_removal` says that the role only stays because the API
    /// cannot remove it.
    pub(super) fn effect(&self, in_place_of_removal: bool) -> Effect {
        if self.new_admin_in().next().is_some() {
            return Effect::BecomesAdmin;
        }
        match self {
            Self::Invite { .. } => Effect::Invited,
            Self::Assign { .. } => Effect::GainsAccess,
            Self::ChangeRole { .. } if self.is_reduction() => Effect::LosesAdmin,
            Self::ChangeRole { .. } if in_place_of_removal => Effect::LosesAccess,
            Self::ChangeRole { .. } => Effect::ChangesRole,
            Self::Unassign { .. } => Effect::LosesAccess,
        }
    }

    /// Whom it is about.
    #[must_use]
    pub fn email(&self) -> &Email {
        match self {
            Self::Invite { email, .. }
            | Self::Assign { email, .. }
            | Self::ChangeRole { email, .. }
            | Self::Unassign { email, .. } => email,
        }
    }

    /// Where it takes place; an invitation may be for several projects and names none here.
    #[must_use]
    pub fn project(&self) -> Option<&ProjectId> {
        match self {
            Self::Invite { .. } => None,
            Self::Assign { project, .. }
            | Self::ChangeRole { project, .. }
            | Self::Unassign { project, .. } => Some(project),
        }
    }

    /// Whether it takes something away: ADMIN for something else, or the project. All else is a grant.
    #[must_use]
    pub fn is_reduction(&self) -> bool {
        match self {
            Self::Invite { .. } | Self::Assign { .. } => false,
            Self::ChangeRole { from, to, .. } => *from == Role::Admin && *to != Role::Admin,
            Self::Unassign { .. } => true,
        }
    }

    /// The projects in which the person becomes ADMIN by it.
    pub fn new_admin_in(&self) -> impl Iterator<Item = &ProjectId> {
        let invited = match self {
            Self::Invite { projects, .. } => Some(projects),
            _ => None,
        };
        let assigned = match self {
            Self::Assign { project, role: Role::Admin, .. }
            | Self::ChangeRole { project, to: Role::Admin, .. } => Some(project),
            _ => None,
        };
        invited
            .into_iter()
            .flatten()
            .filter_map(|(project, role)| (*role == Role::Admin).then_some(project))
            .chain(assigned)
    }

    /// The project in which a member stops being ADMIN by it.
    #[must_use]
    pub fn admin_lost_in(&self) -> Option<&ProjectId> {
        match self {
            Self::ChangeRole { project, from: Role::Admin, .. }
            | Self::Unassign { project, role: Role::Admin, .. } => Some(project),
            _ => None,
        }
    }

    /// The order of execution: grants, then reductions; each by email, then project.
    pub(super) fn order(&self) -> (bool, &Email, Option<&ProjectId>) {
        (self.is_reduction(), self.email(), self.project())
    }
}
