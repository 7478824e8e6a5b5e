//! The organization as a pure state machine: its projects, its people and their status.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize, Serializer};

use super::ids;
use crate::model::{Email, Role};

/// The version of the file format.
pub(super) const FORMAT_VERSION: u64 = 1;

/// A simulated organization, its people, and Voucherify users from elsewhere.
///
/// After every method, everyone who is a member or invited has a project, and logins are unique.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "State")]
pub struct Organization {
    state: State,
    by_login: BTreeMap<Email, String>,
    /// Project id → ids of members and invited people, in the order of lists.
    in_project: BTreeMap<String, BTreeSet<String>>,
}

/// What is stored. The indexes are derived from it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    format_version: u64,
    seed: u64,
    ids_made: u64,
    projects: Vec<Project>,
    custom_roles: BTreeSet<String>,
    people: BTreeMap<String, Account>,
}

/// A project of the organization.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// The id: `proj_…`, or `sand_…` for a sandbox project.
    pub id: String,
    /// The name, not necessarily unique.
    pub name: String,
    /// Whether it is a sandbox project.
    pub is_sandbox: bool,
    /// The cluster that hosts it.
    pub cluster_id: String,
    /// Its own rate limit, which is shown but not enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<ProjectLimit>,
}

/// The rate limit of a project.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectLimit {
    /// The number of calls.
    pub value: u64,
    /// The period in ISO 8601, such as `PT1H`.
    pub duration: String,
}

/// A person as the service knows them: a member, an invited person, or a user elsewhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The id, which stays the same when an invitation is accepted.
    pub id: String,
    /// The login: the identity, compared case-insensitively.
    pub login: Email,
    /// The email address, usually the same as the login.
    pub email: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// Project id → role.
    pub projects: BTreeMap<String, String>,
    /// Whether the person is an owner of the organization.
    pub is_owner: bool,
    /// The relation to the organization.
    #[serde(rename = "standing")]
    pub status: UserStatus,
}

/// The relation of a person to the organization.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// A user of this organization.
    Member,
    /// Invited this many times, and not accepted yet.
    Invited(u64),
    /// A Voucherify user elsewhere: an invitation is rejected, and Assign by login makes them a member.
    Elsewhere,
}

impl Organization {
    pub(super) fn empty(projects: Vec<Project>, custom_roles: BTreeSet<String>, seed: u64) -> Self {
        let in_project = projects.iter().map(|project| (project.id.clone(), BTreeSet::new())).collect();
        let people = BTreeMap::new();
        let state =
            State { format_version: FORMAT_VERSION, seed, ids_made: 0, projects, custom_roles, people };
        Self { state, by_login: BTreeMap::new(), in_project }
    }

    /// The projects, in order of creation.
    #[must_use]
    pub fn projects(&self) -> &[Project] {
        &self.state.projects
    }

    /// Every person known to the service, by id.
    pub fn people(&self) -> impl Iterator<Item = &Account> {
        self.state.people.values()
    }

    /// The project with that id.
    #[must_use]
    pub fn project(&self, id: &str) -> Option<&Project> {
        self.state.projects.iter().find(|project| project.id == id)
    }

    /// The person with that id.
    #[must_use]
    pub fn person_by_id(&self, id: &str) -> Option<&Account> {
        self.state.people.get(id)
    }

    /// The members and invited people of a project, by id.
    pub(super) fn in_project(&self, project: &str) -> Option<impl Iterator<Item = &Account>> {
        let ids = self.in_project.get(project)?;
        Some(ids.iter().filter_map(|id| self.person_by_id(id)))
    }

    /// The person with that login, compared case-insensitively.
    #[must_use]
    pub fn person(&self, login: &str) -> Option<&Account> {
        self.state.people.get(self.by_login.get(&Email::as_received(login))?)
    }

    /// The members of the organization, without pending invitations.
    pub fn members(&self) -> impl Iterator<Item = &Account> {
        self.people().filter(|person| person.status == UserStatus::Member)
    }

    /// The people who have not accepted their invitation yet.
    pub fn invited(&self) -> impl Iterator<Item = &Account> {
        self.people().filter(|person| matches!(person.status, UserStatus::Invited(_)))
    }

    /// Accepts an invitation. Returns whether there was one.
    pub fn accept(&mut self, email: &str) -> bool {
        let Some(Account { id, status: UserStatus::Invited(_), .. }) = self.person(email) else {
            return false;
        };
        let id = id.clone();
        self.change(&id, |person| person.status = UserStatus::Member).is_some()
    }

    /// Adds a Voucherify user who is not in this organization. Returns false for a known login.
    pub fn add_elsewhere(&mut self, email: &str, first_name: &str, last_name: &str) -> bool {
        self.add_person(email, first_name, last_name, BTreeMap::new(), false, UserStatus::Elsewhere)
    }

    /// Adds a member. Returns false, and adds none, for a known login, an unknown project or role, or without
    /// a project.
    pub fn add_member(
        &mut self,
        email: &str,
        first_name: &str,
        last_name: &str,
        projects: impl IntoIterator<Item = (String, String)>,
    ) -> bool {
        let projects: BTreeMap<_, _> = projects.into_iter().collect();
        !projects.is_empty()
            && self.add_person(email, first_name, last_name, projects, false, UserStatus::Member)
    }

    /// Changes the role of a member in a project, as Team settings can. Returns whether there was one.
    pub fn set_role(&mut self, login: &str, project: &str, role: &str) -> bool {
        let member = self.person(login).filter(|member| member.projects.contains_key(project));
        let Some(id) = member.map(|member| member.id.clone()).filter(|_| self.is_role(role)) else {
            return false;
        };
        self.change(&id, |person| {
            person.projects.insert(project.to_owned(), role.to_owned());
        });
        true
    }

    /// Deletes a user, as Team settings can and the API cannot. Returns whether there was one.
    pub fn delete_user(&mut self, login: &str) -> bool {
        let Some(id) = self.by_login.remove(&Email::as_received(login)) else { return false };
        self.change(&id, |person| person.projects.clear());
        self.state.people.remove(&id).is_some()
    }

    pub(super) fn add_person(
        &mut self,
        email: &str,
        first_name: &str,
        last_name: &str,
        projects: BTreeMap<String, String>,
        is_owner: bool,
        status: UserStatus,
    ) -> bool {
        let is_valid = projects
            .iter()
            .all(|(project, role)| self.in_project.contains_key(project) && self.is_role(role));
        if !is_valid || self.person(email).is_some() {
            return false;
        }
        let id = self.new_id();
        self.put(Account {
            id,
            login: Email::as_received(email),
            email: email.to_owned(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            projects,
            is_owner,
            status,
        });
        true
    }

    pub(super) fn new_id(&mut self) -> String {
        self.state.ids_made += 1;
        ids::id("user_", self.state.seed, self.state.ids_made)
    }

    pub(super) fn put(&mut self, person: Account) {
        for project in person.projects.keys() {
            self.in_project.entry(project.clone()).or_default().insert(person.id.clone());
        }
        self.by_login.insert(person.login.clone(), person.id.clone());
        self.state.people.insert(person.id.clone(), person);
    }

    /// Changes a person and updates the indexes. Returns `None` only for an unknown id.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut Account)) -> Option<&Account> {
        let person = self.state.people.get_mut(id)?;
        for project in person.projects.keys() {
            if let Some(ids) = self.in_project.get_mut(project) {
                ids.remove(id);
            }
        }
        change(person);
        for project in person.projects.keys() {
            self.in_project.entry(project.clone()).or_default().insert(id.to_owned());
        }
        Some(person)
    }

    pub(super) fn is_role(&self, role: &str) -> bool {
        Role::predefined(role).is_some() || self.state.custom_roles.contains(role)
    }
}

impl PartialEq for Organization {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state
    }
}

impl Serialize for Organization {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.state.serialize(serializer)
    }
}

impl TryFrom<State> for Organization {
    type Error = String;

    fn try_from(state: State) -> Result<Self, String> {
        if state.format_version != FORMAT_VERSION {
            return Err(format!("its format version is {}, not {FORMAT_VERSION}", state.format_version));
        }
        let State { projects, custom_roles, people, seed, ids_made, format_version: _ } = state;
        let mut organization = Self::empty(projects, custom_roles, seed);
        organization.state.ids_made = ids_made;
        for (id, person) in people {
            let whose = person.login.to_string();
            if id != person.id {
                return Err(format!("{whose} is stored under another id"));
            }
            if organization.by_login.contains_key(&person.login) {
                return Err(format!("{whose} appears twice"));
            }
            if person.projects.is_empty() != (person.status == UserStatus::Elsewhere) {
                return Err(format!("the projects of {whose} do not match their status"));
            }
            for (project, role) in &person.projects {
                if !organization.in_project.contains_key(project) || !organization.is_role(role) {
                    return Err(format!("{whose} has an unknown project or role"));
                }
            }
            organization.put(person);
        }
        Ok(organization)
    }
}
