//! The lists of the service: projects, and the users of a project.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Access, Email, ProjectId, UserId};

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
    pub projects: Access,
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
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UserList {
    /// The users by id. Lists with the same row of a user share it.
    pub users: BTreeMap<UserId, Arc<User>>,
    /// The `total` of the list.
    pub total: Option<u64>,
    /// Whether its pages had different totals.
    pub totals_differ: bool,
}

impl UserList {
    /// A list that is complete if it has `total` users.
    #[must_use]
    pub fn new(users: impl IntoIterator<Item = User>, total: u64) -> Self {
        let users = users.into_iter().map(|user| (user.id.clone(), Arc::new(user))).collect();
        Self { users, total: Some(total), totals_differ: false }
    }
}
