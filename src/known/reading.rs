//! The lists of the service, and the members they describe.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Member, RecentWrites};
use crate::desired::Desired;
use crate::model::{Email, ProjectId, Role, UserId};

/// A project in List Projects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListedProject {
    /// Its id.
    pub id: ProjectId,
    /// Its name: any text.
    pub name: String,
}

/// A user in List Users.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The identity, which Assign and the team file use.
    pub login: Email,
    /// The address, where it differs from the login (single sign-on).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Given name: any text.
    #[serde(default)]
    pub first_name: String,
    /// Family name: any text.
    #[serde(default)]
    pub last_name: String,
    /// The user's projects, managed or not.
    #[serde(default)]
    pub projects: BTreeMap<ProjectId, Role>,
    /// Whether this user owns the organization.
    #[serde(default)]
    pub is_owner: bool,
}

impl User {
    /// Whether `email` is the login or the address of this user.
    #[must_use]
    pub fn answers_to(&self, email: &Email) -> bool {
        self.login == *email || self.email.as_ref() == Some(email)
    }
}

/// All pages of List Users of one project, merged by user id.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct UserList {
    /// The users by id.
    pub users: BTreeMap<UserId, User>,
    /// The `total` of the list.
    pub total: Option<u64>,
    /// Whether its pages had different totals.
    #[serde(default)]
    pub totals_differ: bool,
}

/// The lists of all managed projects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// When the last list was read.
    pub read_at: Timestamp,
    /// List Users by managed project.
    pub lists: BTreeMap<ProjectId, UserList>,
}

impl Reading {
    /// The users of the managed projects by login, without their roles in other projects.
    #[must_use]
    pub fn members(&self) -> BTreeMap<Email, Member> {
        let mut members: BTreeMap<Email, Member> = BTreeMap::new();
        for (project, list) in &self.lists {
            for user in list.users.values() {
                let member = members.entry(user.login.clone()).or_insert_with(|| Member {
                    id: user.id.clone(),
                    login: user.login.clone(),
                    email: user.email.clone(),
                    first_name: user.first_name.clone(),
                    last_name: user.last_name.clone(),
                    access: BTreeMap::new(),
                    elsewhere: false,
                    is_owner: user.is_owner,
                });
                // Owners are never changed, so one list that says so is enough.
                member.is_owner |= user.is_owner;
                member.elsewhere |= user.projects.keys().any(|id| !self.lists.contains_key(id));
                if let Some(role) = user.projects.get(project) {
                    member.access.insert(project.clone(), role.clone());
                }
            }
        }
        members
    }
}

/// The members after `writes`. Someone who is only in `writes` gets an empty user id.
#[must_use]
pub fn with_writes(mut members: BTreeMap<Email, Member>, writes: &RecentWrites) -> BTreeMap<Email, Member> {
    for ((email, project), role) in writes {
        match role {
            Some(role) => {
                let member = members.entry(email.clone()).or_insert_with(|| Member {
                    id: UserId::new(""),
                    login: email.clone(),
                    email: None,
                    first_name: String::new(),
                    last_name: String::new(),
                    access: BTreeMap::new(),
                    elsewhere: false,
                    is_owner: false,
                });
                member.access.insert(project.clone(), role.clone());
            }
            None => {
                if let Some(member) = members.get_mut(email) {
                    member.access.remove(project);
                }
            }
        }
    }
    members.retain(|_, member| !member.access.is_empty());
    members
}

/// The members of the projects that `desired` manages, each with whether they have other projects.
#[must_use]
pub fn members_within(mut members: BTreeMap<Email, Member>, desired: &Desired) -> BTreeMap<Email, Member> {
    for member in members.values_mut() {
        let before = member.access.len();
        member.access.retain(|project, _| desired.projects.contains_key(project));
        member.elsewhere |= member.access.len() < before;
    }
    members.retain(|_, member| !member.access.is_empty());
    members
}
