//! The desired state that matches what is known, so a plan for it is empty.

use std::collections::{BTreeMap, BTreeSet};

use super::{ListedProject, Member};
use crate::desired::{self, Aliases, Desired, ManagedProject, Person, slug};
use crate::escape;
use crate::model::{Access, Email, ProjectId, Role, RoleId};

/// Written in place of a name that a person does not have.
const NO_NAME: &str = "-";

/// The known state as a desired one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Imported {
    /// The desired state; a plan for it has no changes.
    pub desired: Desired,
    /// What could not be written to a team file as it is, one sentence each.
    pub remarks: Vec<String>,
}

/// The desired state with all `members` of `projects`, owners included. Everything in it is valid in a team file.
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
    fn projects(&mut self, projects: &[ListedProject]) {
        let by_id: BTreeMap<&ProjectId, &str> =
            projects.iter().map(|project| (&project.id, project.name.as_str())).collect();
        let predefined = Role::PREDEFINED.iter().map(|role| role.as_str().to_owned());
        let ids = by_id.keys().map(|id| id.as_str().to_owned());
        let mut aliases = Aliases::without(predefined.chain(ids));
        for (id, name) in by_id {
            if let Some(reason) = desired::refused_id(id.as_str()) {
                self.remarks
                    .push(format!("skipped project {id}: its id is not valid in a team file: {reason}"));
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
                self.remarks.push(format!("skipped role {id}: its id is not valid in a team file: {reason}"));
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
                self.remarks
                    .push(format!("skipped {login}: the login is not a valid email address: {reason}"));
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
            self.remarks.push(format!("skipped {login}: none of their access can be written to a team file"));
            return;
        }
        let first_name = self.name(&member.first_name, "first", login);
        let last_name = self.name(&member.last_name, "last", login);
        let person = Person { email: email.clone(), first_name, last_name, access, from: None, until: None };
        self.desired.people.insert(email, person);
    }

    fn has_project(&self, id: &ProjectId) -> bool {
        self.desired.projects.contains_key(id)
    }

    fn has_role(&self, role: &Role) -> bool {
        match role {
            Role::Custom(id) => self.has_custom_role(id),
            _ => true,
        }
    }

    fn has_custom_role(&self, id: &RoleId) -> bool {
        self.desired.roles.contains_key(id)
    }

    /// A name that is valid in a team file. It may differ from the member's, because it is never sent.
    fn name(&mut self, name: &str, which: &str, login: &Email) -> String {
        if name.trim().is_empty() {
            self.remarks.push(format!("{login} has no {which} name; written as `{NO_NAME}`"));
            return NO_NAME.to_owned();
        }
        let Some(reason) = desired::refused_name(name) else { return name.to_owned() };
        let fit: String =
            name.chars().filter(|c| !escape::must_escape(*c)).take(desired::LONGEST_NAME).collect();
        let fit = if fit.trim().is_empty() { NO_NAME.to_owned() } else { fit };
        self.remarks.push(format!("the {which} name of {login} {reason}; written as `{fit}`"));
        fit
    }
}
