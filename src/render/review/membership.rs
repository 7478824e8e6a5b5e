//! The role of one person in one project, and where it comes from.

use std::sync::Arc;

use jiff::civil::Date;

use super::super::person::source_of;
use crate::desired::{RoleSource, Team};
use crate::escape;
use crate::model::Role;

/// The role of one person in one project.
#[derive(Clone, Debug)]
pub(super) struct Membership {
    pub(super) state: MembershipState,
    pub(super) kind: RoleKind,
    /// The current or pending role; where there is neither, the role in the team file.
    pub(super) role: String,
    /// The role in the team file, `none` included, where it differs from a current or pending role.
    pub(super) differs: Option<String>,
    /// The current or pending role as the API names it.
    pub(super) has: Option<Role>,
    /// The role in the team file as the API names it.
    pub(super) desired: Option<Role>,
    /// The source of the role: a group, or the person's own entry.
    pub(super) source: String,
    /// The file and line of the source.
    pub(super) location: Option<String>,
    /// The last day of the role in the team file.
    pub(super) until: Option<Date>,
    /// Why the person has the role.
    pub(super) reason: Option<Arc<str>>,
}

/// Whether a person has a role already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MembershipState {
    /// A member has it.
    Current,
    /// A pending invitation carries it.
    Pending,
    /// Only the team file has it.
    Planned,
}

/// The predefined roles, and one kind for all custom roles; most powerful first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum RoleKind {
    Admin,
    Custom,
    User,
    UserRestricted,
    Merchant,
    Viewer,
}

impl Membership {
    /// `None` if there is neither a current or pending role (`has`) nor one in the team file (`desired`).
    pub(super) fn new(
        team: &Team,
        has: Option<&Role>,
        desired: Option<&Role>,
        is_member: bool,
        given: Option<&RoleSource>,
    ) -> Option<Self> {
        let name = |role: &Role| team.desired.role_name(role);
        let role = has.or(desired)?;
        let state = match has {
            Some(_) if is_member => MembershipState::Current,
            Some(_) => MembershipState::Pending,
            None => MembershipState::Planned,
        };
        Some(Self {
            state,
            kind: RoleKind::of(role),
            role: name(role),
            differs: (desired != Some(role)).then(|| desired.map_or_else(|| "none".to_owned(), name)),
            has: has.cloned(),
            desired: desired.cloned(),
            source: given.map_or_else(|| "not in the team file".to_owned(), source_of),
            until: given.and_then(|given| given.until),
            reason: given.and_then(|given| given.reason.clone()),
            location: given.map(|given| format!("{}:{}", escape::line(&given.file), given.line)),
        })
    }
}

impl MembershipState {
    /// Identifier for filters and programs.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Pending => "pending",
            Self::Planned => "planned",
        }
    }
}

impl RoleKind {
    /// All, most powerful first.
    pub(super) const ALL: [Self; 6] =
        [Self::Admin, Self::Custom, Self::User, Self::UserRestricted, Self::Merchant, Self::Viewer];

    pub(super) fn of(role: &Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Custom(_) => Self::Custom,
            Role::User => Self::User,
            Role::UserRestricted => Self::UserRestricted,
            Role::Merchant => Self::Merchant,
            Role::Viewer => Self::Viewer,
        }
    }

    /// Display text.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::Custom => "custom role",
            Self::User => "USER",
            Self::UserRestricted => "USER_RESTRICTED",
            Self::Merchant => "MERCHANT",
            Self::Viewer => "VIEWER",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_in_the_order_of_power() {
        let mut roles = Role::PREDEFINED.to_vec();
        roles.push(Role::from("role_x".to_owned()));
        roles.sort_by_key(|role| std::cmp::Reverse(role.power()));
        let kinds: Vec<_> = roles.iter().map(RoleKind::of).collect();
        assert_eq!(kinds, RoleKind::ALL);
        assert!(kinds.is_sorted());
    }
}
