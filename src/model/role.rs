//! Roles, and access: who has which role in which project.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ProjectId, RoleId};

/// Project → role.
pub type Access = BTreeMap<ProjectId, Role>;

/// What a person may do in a project.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Role {
    /// Read-only.
    Viewer,
    /// The merchant tools.
    Merchant,
    /// Like USER, in selected areas and stores.
    UserRestricted,
    /// The standard role.
    User,
    /// Defined by the organization; its permissions are unknown.
    Custom(RoleId),
    /// Everything, people included.
    Admin,
}

impl Role {
    /// The roles that every organization has.
    pub const PREDEFINED: [Self; 5] =
        [Self::Admin, Self::User, Self::Viewer, Self::Merchant, Self::UserRestricted];

    /// A rank by permissions, least first; decides which last role a person keeps. The permissions of custom
    /// roles are unknown, so they all rank the same.
    #[must_use]
    pub fn power(&self) -> u8 {
        match self {
            Self::Viewer => 0,
            Self::Merchant => 1,
            Self::UserRestricted => 2,
            Self::User => 3,
            Self::Custom(_) => 4,
            Self::Admin => 5,
        }
    }

    /// The predefined role of that name (case-sensitive).
    #[must_use]
    pub fn predefined(name: &str) -> Option<Self> {
        Self::PREDEFINED.into_iter().find(|role| role.as_str() == name)
    }

    /// The predefined name or the id, to be sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Viewer => "VIEWER",
            Self::Merchant => "MERCHANT",
            Self::UserRestricted => "USER_RESTRICTED",
            Self::User => "USER",
            Self::Admin => "ADMIN",
            Self::Custom(id) => id.as_str(),
        }
    }
}

impl From<String> for Role {
    fn from(name: String) -> Self {
        Self::predefined(&name).unwrap_or_else(|| Self::Custom(RoleId::new(name)))
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.as_str().to_owned()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::escape::line(self.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_go_by_power() {
        let mut roles = Role::PREDEFINED.to_vec();
        roles.push(Role::from("role_x".to_owned()));
        roles.reverse();
        roles.sort_by_key(Role::power);
        let names: Vec<_> = roles.iter().map(Role::as_str).collect();
        assert_eq!(names, ["VIEWER", "MERCHANT", "USER_RESTRICTED", "USER", "role_x", "ADMIN"]);
    }
}
