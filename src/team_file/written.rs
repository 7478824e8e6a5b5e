//! The content of a team file as written: text and its locations, before any name is resolved.

use super::location::{Location, Text};

/// The keys of each mapping, for messages and suggestions; the schema has the same.
pub mod keys {
    /// Keys of the team file.
    pub const TEAM_FILE: [&str; 9] =
        ["version", "cluster", "ledger", "projects", "roles", "groups", "people", "policy", "include"];
    /// Keys of an included file.
    pub const INCLUDED_FILE: [&str; 2] = ["people", "groups"];
    /// Keys of a project that is written as a mapping.
    pub const PROJECT: [&str; 2] = ["id", "name"];
    /// Keys of a person.
    pub const PERSON: [&str; 9] =
        ["email", "first_name", "last_name", "groups", "projects", "from", "until", "reason", "review_by"];
    /// Keys of a role that is written as a mapping.
    pub const ROLE: [&str; 5] = ["role", "from", "until", "then", "reason"];
    /// Keys of the policy.
    pub const POLICY: [&str; 7] =
        ["prune", "max_removals", "max_new_admins", "keep_admins", "protect", "addresses", "files"];
    /// Keys of an entry of `addresses`.
    pub const ADDRESS_RULE: [&str; 4] = ["match", "projects", "roles", "until"];
    /// Keys of an entry of `files`.
    pub const FILE_RULE: [&str; 3] = ["match", "projects", "roles"];
}

/// The team file. What was reported as a problem is missing here.
#[derive(Debug, Default)]
pub struct TeamFile {
    /// Whether the file could be read to its end.
    pub whole: bool,
    /// The name of a cluster, or a base URL.
    pub cluster: Option<Text>,
    /// The location of the ledger.
    pub ledger: Option<Text>,
    /// The managed projects; `None` if they could not be read.
    pub projects: Option<Vec<WrittenProject>>,
    /// The custom roles; `None` if they could not be read.
    pub roles: Option<Vec<WrittenRole>>,
    /// The groups; `None` if they could not be read.
    pub groups: Option<Vec<WrittenGroup>>,
    /// The people.
    pub people: Vec<WrittenPerson>,
    /// The limits on what guestlist may change.
    pub policy: WrittenPolicy,
    /// The patterns of further files. None has `..` or is absolute, but a match can still be a link.
    pub include: Vec<Text>,
}

/// A file that the team file includes.
#[derive(Debug, Default)]
pub struct IncludedFile {
    /// The path relative to the team file, with `/`; whoever finds the file sets it.
    pub path: String,
    /// The groups; `None` if they could not be read.
    pub groups: Option<Vec<WrittenGroup>>,
    /// The people.
    pub people: Vec<WrittenPerson>,
}

/// An entry under `projects`.
#[derive(Debug)]
pub struct WrittenProject {
    /// The name of the project in this file.
    pub alias: Text,
    /// The project id; `None` if it could not be read.
    pub id: Option<Text>,
    /// The display name.
    pub name: Option<Text>,
}

/// An entry under `roles`.
#[derive(Debug)]
pub struct WrittenRole {
    /// The name of the role in this file.
    pub alias: Text,
    /// The role id; `None` if it could not be read.
    pub id: Option<Text>,
}

/// An entry under `groups`.
#[derive(Debug)]
pub struct WrittenGroup {
    /// The name that people refer to.
    pub name: Text,
    /// The access that it grants; `None` if it could not be read.
    pub grants: Option<Vec<WrittenGrant>>,
}

/// A project and the role in it.
#[derive(Debug)]
pub struct WrittenGrant {
    /// The alias or id of a project.
    pub project: Text,
    /// A predefined role, or the alias or id of a custom one; `None` if it could not be read.
    pub role: Option<Text>,
    /// The rest of a role that is written as a mapping.
    pub terms: Option<Box<WrittenTerms>>,
}

/// When and why a role is granted.
#[derive(Debug)]
pub struct WrittenTerms {
    /// The first day.
    pub from: Option<Text>,
    /// The last day.
    pub until: Option<Text>,
    /// The role afterwards.
    pub then: Option<Text>,
    /// Why.
    pub reason: Option<Text>,
}

/// An entry under `people`.
#[derive(Debug)]
pub struct WrittenPerson {
    /// The start of the entry.
    pub at: Location,
    /// The address to invite.
    pub email: Option<Text>,
    /// The given name.
    pub first_name: Option<Text>,
    /// The family name.
    pub last_name: Option<Text>,
    /// The names of the person's groups.
    pub groups: Vec<Text>,
    /// The person's own access.
    pub grants: Vec<WrittenGrant>,
    /// Whether `groups` and `grants` are complete.
    pub access_whole: bool,
    /// Not invited before this day.
    pub from: Option<Text>,
    /// The last day of access.
    pub until: Option<Text>,
    /// Why.
    pub reason: Option<Text>,
    /// The day by which the access has to be confirmed.
    pub review_by: Option<Text>,
}

/// The `policy`.
#[derive(Debug, Default)]
pub struct WrittenPolicy {
    /// The access to remove besides what the file itself says.
    pub prune: Option<Text>,
    /// The most removals in one plan.
    pub max_removals: Option<Text>,
    /// The most people who become ADMIN in one plan.
    pub max_new_admins: Option<Text>,
    /// The fewest ADMINs of every project.
    pub keep_admins: Option<Text>,
    /// The patterns of people who are never changed.
    pub protect: Vec<Text>,
    /// Who may be listed, and with what access; `None` if the key is missing.
    pub addresses: Option<Vec<WrittenRule>>,
    /// What included files may grant; `None` if the key is missing.
    pub files: Option<Vec<WrittenRule>>,
}

/// An entry of `addresses` or `files`.
#[derive(Debug)]
pub struct WrittenRule {
    /// The start of the entry.
    pub at: Location,
    /// The pattern of addresses or paths; `None` if a part of the entry could not be read.
    pub pattern: Option<Text>,
    /// The projects that may be granted; any if `None`.
    pub projects: Option<Vec<Text>>,
    /// The roles that may be granted; any if `None`.
    pub roles: Option<Vec<Text>>,
    /// How long access may last.
    pub until: Option<Text>,
}
