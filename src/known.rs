//! Members and invitations together, and when and how each was learned.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identity::{Access, Email, ProjectId, Role, UserId};

/// A project as List Projects names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name, which may be anything.
    pub name: String,
}

/// A user as List Users gives it. Fields that the service adds are ignored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The identity: what Assign and the team file know the person by.
    pub login: Email,
    /// Given name, which may be anything.
    #[serde(default)]
    pub first_name: String,
    /// Family name, which may be anything.
    #[serde(default)]
    pub last_name: String,
    /// Every project of the user, managed or not.
    #[serde(default)]
    pub projects: BTreeMap<ProjectId, Role>,
    /// Whether the organization belongs to this user.
    #[serde(default)]
    pub is_owner: bool,
}

/// All pages of List Users of one project, put together by user id.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UserList {
    /// The users, each once.
    pub users: BTreeMap<UserId, User>,
    /// How many the service says there are.
    pub total: Option<u64>,
}

/// An invitation that is out, as the ledger tells.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Invitation {
    /// Who was invited.
    pub email: Email,
    /// When it was sent last.
    pub sent_at: Timestamp,
    /// The roles that it carried.
    pub access: Access,
}
