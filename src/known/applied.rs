//! The access that the last applied team file gave.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Member;
use crate::model::{Access, Email, ProjectId};

/// The access that the last applied team file gave, according to the ledger. Several team files that share a
/// ledger have their own projects in it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AppliedAccess {
    /// The projects that an applied file manages.
    pub projects: BTreeSet<ProjectId>,
    /// What it gave, by the address in the file.
    pub people: BTreeMap<Email, Access>,
}

impl AppliedAccess {
    /// Whether it gave the member a role in a project, under any of the member's addresses.
    #[must_use]
    pub fn gave(&self, member: &Member, project: &ProjectId) -> bool {
        member.addresses().any(|address| self.people.get(address).is_some_and(|it| it.contains_key(project)))
    }

    /// Replaces what it gave a person in `projects`.
    pub fn set(&mut self, email: &Email, projects: &BTreeSet<ProjectId>, access: Access) {
        let mut given = self.people.remove(email).unwrap_or_default();
        given.retain(|project, _| !projects.contains(project));
        if given.is_empty() {
            // Shared with everyone who is given the same.
            given = access;
        } else {
            given.extend(access);
        }
        if !given.is_empty() {
            self.people.insert(email.clone(), given);
        }
    }
}
