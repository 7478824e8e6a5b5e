//! One call that apply would make.

use serde::{Deserialize, Serialize};

use crate::model::{Access, Email, ProjectId, Role, UserId};

/// One call that apply would make.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Change {
    /// Invite a new person, with every project in one call.
    Invite {
        /// The address, sent as written.
        email: Email,
        /// Given name.
        first_name: String,
        /// Family name.
        last_name: String,
        /// The roles in the invitation.
        projects: Access,
    },
    /// Grant a member a role in another project.
    Assign {
        /// The login of the member.
        email: Email,
        /// The project.
        project: ProjectId,
        /// The new role.
        role: Role,
    },
    /// Change a member's role in a project.
    ChangeRole {
        /// The login of the member.
        email: Email,
        /// The id of the member.
        user_id: UserId,
        /// The project.
        project: ProjectId,
        /// The role before.
        from: Role,
        /// The new role.
        to: Role,
    },
    /// Remove a member from a project.
    Unassign {
        /// The login of the member.
        email: Email,
        /// The id of the member.
        user_id: UserId,
        /// The project.
        project: ProjectId,
        /// The role before.
        role: Role,
    },
}

impl Change {
    /// The person: an address as written, or a login.
    #[must_use]
    pub fn email(&self) -> &Email {
        match self {
            Self::Invite { email, .. }
            | Self::Assign { email, .. }
            | Self::ChangeRole { email, .. }
            | Self::Unassign { email, .. } => email,
        }
    }

    /// The project; none for an invitation, which may be for several.
    #[must_use]
    pub fn project(&self) -> Option<&ProjectId> {
        match self {
            Self::Invite { .. } => None,
            Self::Assign { project, .. }
            | Self::ChangeRole { project, .. }
            | Self::Unassign { project, .. } => Some(project),
        }
    }

    /// Whether it takes ADMIN or the project away. Every other change is a grant.
    #[must_use]
    pub fn is_reduction(&self) -> bool {
        match self {
            Self::Invite { .. } | Self::Assign { .. } => false,
            Self::ChangeRole { from, to, .. } => *from == Role::Admin && *to != Role::Admin,
            Self::Unassign { .. } => true,
        }
    }

    /// The projects in which it makes the person ADMIN.
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

    /// The project in which a member stops being ADMIN.
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
