//! Roles: what a person may do in a project.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::RoleId;
use super::text::AnyText;

/// What a person may do in a project.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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

impl From<&str> for Role {
    fn from(name: &str) -> Self {
        Self::predefined(name).unwrap_or_else(|| Self::Custom(RoleId::new(name)))
    }
}

impl From<String> for Role {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AnyText::deserialize(deserializer).map(|AnyText(name)| Self::from(name.as_ref()))
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
