//! The team file resolved and trusted: groups, aliases and dates worked out, everything checked.

mod access;
mod alias;
mod binding;
mod names;
mod people;
mod policy;
mod quote;
mod resolve;
mod share;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::model::{Access, Email, Endpoint, ProjectId, RoleId};

pub use alias::{Aliases, slug};
pub use binding::PolicyChange;
pub use names::{LONGEST_NAME, refused_id, refused_name};
pub(crate) use quote::scalar;
pub use resolve::{provenance, resolve};
pub use write::write;

/// The folder of the ledger where the team file does not name one.
pub const LEDGER: &str = ".guestlist";

/// The folder of the ledger of `--sandbox`: no team file can name it, so a rehearsal never touches the
/// audit trail.
pub const SANDBOX_LEDGER: &str = ".guestlist/sandbox";

/// What the team file asks for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Desired {
    /// The managed projects. No other is ever read, shown or changed.
    pub projects: BTreeMap<ProjectId, ManagedProject>,
    /// What the team file calls its custom roles.
    pub roles: BTreeMap<RoleId, String>,
    /// Everyone who is listed.
    pub people: BTreeMap<Email, Person>,
    /// How far guestlist may go.
    pub policy: Policy,
}

/// What the team file says of a managed project.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ManagedProject {
    /// What the team file calls it.
    pub alias: String,
    /// The name for people, where `{id, name}` was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A person and the access they are to have.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Person {
    /// Who it is; sent as written.
    pub email: Email,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Groups and the person's own roles, worked out.
    pub access: Access,
    /// Not invited before this day (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last day of access (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

/// How far guestlist may go in taking access away.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Policy {
    /// What is taken away from people.
    pub prune: Prune,
    /// How much may be taken away at once, per project and for the whole plan.
    pub max_removals: Limit,
    /// How many people may become ADMIN in one plan.
    pub max_new_admins: u32,
    /// How many members with ADMIN every managed project keeps at least.
    pub keep_admins: u32,
    /// Patterns of people who are never changed and never removed.
    pub protect: Vec<EmailPattern>,
    /// The policy on the base branch, where it differs: then both bind, and the stricter one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Box<Policy>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            prune: Prune::None,
            max_removals: Limit::Percent(10),
            max_new_admins: 5,
            keep_admins: 1,
            protect: Vec::new(),
            base: None,
        }
    }
}

/// What is removed besides what the team file itself says, each more than the one before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prune {
    /// Nothing.
    #[default]
    None,
    /// Roles in managed projects that a listed person has and the file does not give.
    Roles,
    /// These, and every role in managed projects of people whom the file does not list.
    People,
}

/// A bound on removals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// Of the members, 0 to 100.
    Percent(u8),
    /// So many.
    Count(u32),
}

/// A pattern of addresses, such as `*@agency.example`, compared as addresses are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailPattern(Email);

impl EmailPattern {
    /// Takes a pattern in which `*` stands for any run of characters, and nothing else is special.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(Email::as_received(pattern))
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether `email` is one of those meant.
    #[must_use]
    pub fn matches(&self, email: &Email) -> bool {
        let mut rest = email.key();
        let mut parts = self.0.key().split('*').peekable();
        let Some(start) = parts.next() else { return false };
        let Some(after) = rest.strip_prefix(start) else { return false };
        if parts.peek().is_none() {
            return after.is_empty();
        }
        rest = after;
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            let Some(found) = rest.find(part) else { return false };
            rest = &rest[found + part.len()..];
        }
        true
    }
}

/// Where a role of a person comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// The role that is given, as the file resolves it.
    pub role: crate::model::Role,
    /// The group that gives it, or the person's own entry.
    pub group: Option<Arc<str>>,
    /// The file, as it was named.
    pub file: Arc<str>,
    /// The line in it, from 1.
    pub line: u32,
}

/// For each person and project every line that gives a role; the one that counts stands first.
pub type Provenance = BTreeMap<(Email, ProjectId), Vec<Given>>;

/// The team file worked out.
#[derive(Clone, PartialEq, Debug)]
pub struct Team {
    /// What is asked for.
    pub desired: Desired,
    /// Which line asks for it. Empty until [`provenance()`] is asked: it is large, and few commands show it.
    pub provenance: Provenance,
    /// Where the organization is.
    pub endpoint: Endpoint,
    /// Where the ledger is, as written; none where the file does not say.
    pub ledger: Option<String>,
}

impl Desired {
    /// What the team file calls a project, made inert; its id where it has no alias.
    #[must_use]
    pub fn project_name(&self, project: &ProjectId) -> String {
        self.projects
            .get(project)
            .map_or_else(|| project.to_string(), |managed| crate::escape::line(&managed.alias).into_owned())
    }

    /// What the team file calls a role, made inert; its name or id where it has no alias.
    #[must_use]
    pub fn role_name(&self, role: &crate::model::Role) -> String {
        match role {
            crate::model::Role::Custom(id) => self
                .roles
                .get(id)
                .map_or_else(|| role.to_string(), |alias| crate::escape::line(alias).into_owned()),
            predefined => predefined.to_string(),
        }
    }

    /// `storefront ADMIN, loyalty USER`, by alias.
    #[must_use]
    pub fn access_names(&self, access: &Access) -> String {
        let mut named: Vec<_> = access
            .iter()
            .map(|(project, role)| format!("{} {}", self.project_name(project), self.role_name(role)))
            .collect();
        named.sort();
        named.join(", ")
    }
}
#[cfg(test)]
mod tests;
