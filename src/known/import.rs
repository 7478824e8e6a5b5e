//! The desired state that matches what is known, so a plan for it is empty.

use std::collections::{BTreeMap, BTreeSet};

use super::{ListedProject, Member};
use crate::desired::{self, Aliases, Desired, ManagedProject, Person, slug};
use crate::escape;
use crate::model::{Access, Email, ProjectId, Role, RoleId};

/// Written in place of a name that a person does not have.
const NO_NAME: &str = "-";

/// What is known, as a desired state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Imported {
    /// A plan with it has no changes, apart from what `remarks` names.
    pub desired: Desired,
    /// What a team file cannot hold.
    pub remarks: Vec<Remark>,
}

/// Something that a team file cannot hold, and that was left out or written in another way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Remark {
    /// It was left out.
    LeftOut(LeftOut),
    /// A name of a person was written in another way.
    Name {
        /// The person.
        login: Email,
        /// `first` or `last`.
        which: &'static str,
        /// What is wrong with the name; none if the person has no such name.
        reason: Option<&'static str>,
        /// The name that was written.
        written: String,
    },
}

/// What was left out, and what is wrong with its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LeftOut {
    /// A project with all its roles.
    Project(ProjectId, &'static str),
    /// A custom role.
    Role(RoleId, &'static str),
    /// A person whose login is not a valid email address.
    Login(Email, &'static str),
    /// A person whose projects and roles were all left out.
    Person(Email),
}

/// Converts `members` of `projects`, owners included. Everything in it is valid in a team file.
#[must_use]
pub fn import(projects: &[ListedProject], members: &BTreeMap<Email, Member>) -> Imported {
    let mut imported = Imported { desired: Desired::default(), remarks: Vec::new() };
    imported.projects(projects);
    let roles: BTreeSet<_> = members.values().flat_map(|member| member.access.values()).collect();
    imported.roles(roles);
    for member in members.values() {
        imported.member(member);
    }
    imported
}

impl Imported {
    fn leave_out(&mut self, what: LeftOut) {
        self.remarks.push(Remark::LeftOut(what));
    }

    fn projects(&mut self, projects: &[ListedProject]) {
        let by_id: BTreeMap<&ProjectId, &str> =
            projects.iter().map(|project| (&project.id, project.name.as_str())).collect();
        let predefined = Role::PREDEFINED.iter().map(|role| role.as_str().to_owned());
        let ids = by_id.keys().map(|id| id.as_str().to_owned());
        let mut aliases = Aliases::without(predefined.chain(ids));
        for (id, name) in by_id {
            if let Some(reason) = desired::refused_id(id.as_str()) {
                self.leave_out(LeftOut::Project(id.clone(), reason));
                continue;
            }
            let (alias, implied_name) = match slug(name) {
                Some(slug) => (aliases.pick(&slug), name.trim().to_lowercase().replace(' ', "-")),
                None => (id.as_str().to_owned(), String::new()),
            };
            let has_name = !name.trim().is_empty() && desired::refused_name(name).is_none();
            let name = (has_name && implied_name != alias).then(|| name.to_owned());
            self.desired.projects.insert(id.clone(), ManagedProject { alias, name });
        }
    }

    /// The API does not return the names of custom roles.
    fn roles(&mut self, roles: BTreeSet<&Role>) {
        for role in roles {
            let Role::Custom(id) = role else { continue };
            if let Some(reason) = desired::refused_id(id.as_str()) {
                self.leave_out(LeftOut::Role(id.clone(), reason));
                continue;
            }
            let alias = format!("role-{}", self.desired.roles.len() + 1);
            self.desired.roles.insert(id.clone(), alias);
        }
    }

    fn member(&mut self, member: &Member) {
        let login = &member.login;
        let email = match Email::parse(login.as_str()) {
            Ok(email) => email,
            Err(reason) => {
                self.leave_out(LeftOut::Login(login.clone(), reason));
                return;
            }
        };
        let access: Access = member
            .access
            .iter()
            .filter(|(project, role)| self.has_project(project) && self.has_role(role))
            .map(|(project, role)| (project.clone(), role.clone()))
            .collect();
        if access.is_empty() {
            self.leave_out(LeftOut::Person(login.clone()));
            return;
        }
        let first_name = self.name(&member.first_name, "first", login);
        let last_name = self.name(&member.last_name, "last", login);
        let person = Person::new(email.clone(), first_name, last_name, access);
        self.desired.people.insert(email, person);
    }

    fn has_project(&self, id: &ProjectId) -> bool {
        self.desired.projects.contains_key(id)
    }

    fn has_role(&self, role: &Role) -> bool {
        match role {
            Role::Custom(id) => self.desired.roles.contains_key(id),
            _ => true,
        }
    }

    /// A valid name. Names of members are never sent, so they need not be exact.
    fn name(&mut self, name: &str, which: &'static str, login: &Email) -> String {
        let reason = desired::refused_name(name);
        if reason.is_none() && !name.trim().is_empty() {
            return name.to_owned();
        }
        let fit: String =
            name.chars().filter(|c| !escape::must_escape(*c)).take(desired::LONGEST_NAME).collect();
        let written = if fit.trim().is_empty() { NO_NAME.to_owned() } else { fit };
        self.remarks.push(Remark::Name { login: login.clone(), which, reason, written: written.clone() });
        written
    }
}
