//! Roles, and access: who has which role in which project.

use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ProjectId, RoleId};

/// Project → role. Clones share one map, which is copied when one of them changes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Access(Arc<BTreeMap<ProjectId, Role>>);

impl Access {
    /// No access.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The place of the map in memory. Clones have the same one, until one of them changes.
    pub(crate) fn address(&self) -> *const BTreeMap<ProjectId, Role> {
        Arc::as_ptr(&self.0)
    }
}

impl Deref for Access {
    type Target = BTreeMap<ProjectId, Role>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Access {
    fn deref_mut(&mut self) -> &mut Self::Target {
        Arc::make_mut(&mut self.0)
    }
}

impl FromIterator<(ProjectId, Role)> for Access {
    fn from_iter<I: IntoIterator<Item = (ProjectId, Role)>>(roles: I) -> Self {
        Self(Arc::new(roles.into_iter().collect()))
    }
}

impl From<BTreeMap<ProjectId, Role>> for Access {
    fn from(roles: BTreeMap<ProjectId, Role>) -> Self {
        Self(Arc::new(roles))
    }
}

impl<const N: usize> From<[(ProjectId, Role); N]> for Access {
    fn from(roles: [(ProjectId, Role); N]) -> Self {
        roles.into_iter().collect()
    }
}

impl IntoIterator for Access {
    type Item = (ProjectId, Role);
    type IntoIter = btree_map::IntoIter<ProjectId, Role>;

    fn into_iter(self) -> Self::IntoIter {
        Arc::unwrap_or_clone(self.0).into_iter()
    }
}

impl<'a> IntoIterator for &'a Access {
    type Item = (&'a ProjectId, &'a Role);
    type IntoIter = btree_map::Iter<'a, ProjectId, Role>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

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
        roles.sort();
        let names: Vec<_> = roles.iter().map(Role::as_str).collect();
        assert_eq!(names, ["VIEWER", "MERCHANT", "USER_RESTRICTED", "USER", "role_x", "ADMIN"]);
    }
}
