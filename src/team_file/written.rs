//! What a team file says, as it says it: text with its places. Nothing is looked up yet.

use super::location::{Location, Text};

/// The keys of each mapping, as messages, suggestions and the schema name them.
pub mod keys {
    /// Of the team file.
    pub const TEAM_FILE: [&str; 9] =
        ["version", "cluster", "ledger", "projects", "roles", "groups", "people", "policy", "include"];
    /// Of an included file.
    pub const INCLUDED_FILE: [&str; 2] = ["people", "groups"];
    /// Of a project that is more than an id.
    pub const PROJECT: [&str; 2] = ["id", "name"];
    /// Of a person.
    pub const PERSON: [&str; 7] = ["email", "first_name", "last_name", "groups", "projects", "from", "until"];
    /// Of the policy.
    pub const POLICY: [&str; 5] = ["prune", "max_removals", "max_new_admins", "keep_admins", "protect"];
}

/// The team file. What was refused is left out of it, and reported.
#[derive(Debug, Default)]
pub struct TeamFile {
    /// Whether the file could be read to its end.
    pub whole: bool,
    /// Which cluster, or a base URL.
    pub cluster: Option<Text>,
    /// Where the ledger is.
    pub ledger: Option<Text>,
    /// The managed projects; none where they could not be read.
    pub projects: Option<Vec<Project>>,
    /// The custom roles; none where they could not be read.
    pub roles: Option<Vec<Role>>,
    /// The groups; none where they could not be read.
    pub groups: Option<Vec<Group>>,
    /// The people.
    pub people: Vec<Person>,
    /// How far guestlist may go.
    pub policy: Policy,
    /// The patterns of further files; each stays inside the folder as far as its text tells.
    pub include: Vec<Text>,
}

/// A file that the team file includes.
#[derive(Debug, Default)]
pub struct IncludedFile {
    /// Its groups; none where they could not be read.
    pub groups: Option<Vec<Group>>,
    /// Its people.
    pub people: Vec<Person>,
}

/// An entry under `projects`.
#[derive(Debug)]
pub struct Project {
    /// What the file calls it.
    pub alias: Text,
    /// Its id; none where it could not be read.
    pub id: Option<Text>,
    /// Its name for people.
    pub name: Option<Text>,
}

/// An entry under `roles`.
#[derive(Debug)]
pub struct Role {
    /// What the file calls it.
    pub alias: Text,
    /// Its id; none where it could not be read.
    pub id: Option<Text>,
}

/// An entry under `groups`.
#[derive(Debug)]
pub struct Group {
    /// What people refer to.
    pub name: Text,
    /// The access that it gives; none where it could not be read.
    pub grants: Option<Vec<Grant>>,
}

/// A project and the role that somebody has there.
#[derive(Debug)]
pub struct Grant {
    /// An alias or id.
    pub project: Text,
    /// A predefined role, an alias or an id; none where it could not be read.
    pub role: Option<Text>,
}

/// An entry under `people`.
#[derive(Debug)]
pub struct Person {
    /// Where the entry begins.
    pub at: Location,
    /// Who it is.
    pub email: Option<Text>,
    /// Given name.
    pub first_name: Option<Text>,
    /// Family name.
    pub last_name: Option<Text>,
    /// The groups the person is in.
    pub groups: Vec<Text>,
    /// The person's own access.
    pub grants: Vec<Grant>,
    /// Whether all that gives access could be read.
    pub access_whole: bool,
    /// Not invited before.
    pub from: Option<Text>,
    /// The last day of access.
    pub until: Option<Text>,
}

/// The `policy`.
#[derive(Debug, Default)]
pub struct Policy {
    /// What is taken away.
    pub prune: Option<Text>,
    /// How much at once.
    pub max_removals: Option<Text>,
    /// How many people may become ADMIN in one plan.
    pub max_new_admins: Option<Text>,
    /// How many admins stay.
    pub keep_admins: Option<Text>,
    /// Who is never touched.
    pub protect: Vec<Text>,
}
