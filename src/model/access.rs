//! Access: the roles of a person by project. Many people have the same access, so it is kept once and shared.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{ProjectId, Role};

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

/// Makes equal access shared.
#[derive(Debug, Default)]
pub struct SharedAccess {
    known: BTreeSet<Access>,
    /// The access in JSON texts, each parsed once.
    texts: BTreeMap<Box<str>, Access>,
}

impl SharedAccess {
    /// The most different access that is remembered. More is read all the same.
    const MOST: usize = 200_000;

    /// `access`, shared with any that was equal.
    pub fn share(&mut self, access: Access) -> Access {
        if let Some(known) = self.known.get(&access) {
            return known.clone();
        }
        if self.known.len() < Self::MOST {
            self.known.insert(access.clone());
        }
        access
    }

    /// The access in a JSON text, shared with any that was equal.
    ///
    /// # Errors
    /// If it is something else.
    pub fn parse(&mut self, text: &RawValue) -> Result<Access, serde_json::Error> {
        if let Some(known) = self.texts.get(text.get()) {
            return Ok(known.clone());
        }
        let access = self.share(serde_json::from_str(text.get())?);
        if self.texts.len() < Self::MOST {
            self.texts.insert(text.get().into(), access.clone());
        }
        Ok(access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_access_is_shared_until_it_changes() {
        let mut shared = SharedAccess::default();
        let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
        let one = shared.parse(&raw(r#"{"p": "USER", "q": "ADMIN"}"#)).expect("access");
        let mut other = shared.parse(&raw(r#"{"q": "ADMIN", "p": "USER"}"#)).expect("access");
        assert_eq!(one.address(), other.address());
        let access = Access::from([(ProjectId::new("p"), Role::User), (ProjectId::new("q"), Role::Admin)]);
        assert_eq!(shared.share(access).address(), one.address());
        other.remove(&ProjectId::new("q"));
        assert_eq!((one.len(), other.len()), (2, 1));
        assert!(shared.parse(&raw(r#"["p"]"#)).is_err());
    }
}
