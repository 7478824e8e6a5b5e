//! What would have to be desired so that nothing of what is known had to change.

use std::collections::{BTreeMap, BTreeSet};

use super::{ListedProject, Member};
use crate::desired::{self, Aliases, Desired, ManagedProject, Person, slug};
use crate::escape;
use crate::model::{Access, Email, ProjectId, Role, RoleId};

/// What stands for a name that a person does not have.
const NO_NAME: &str = "-";

/// What is known, as something to be desired.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Imported {
    /// Gives rise to no change.
    pub desired: Desired,
    /// What a team file cannot say and was left out or written otherwise, a sentence each.
    pub remarks: Vec<String>,
}

/// Takes `members` of `projects` as desired, owners included. Everything in it may stand in a team file.
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
                    .push(format!("left out: the project {id}: a team file cannot name it, {reason}"));
                continue;
            }
            let (alias, tells) = match slug(name) {
                Some(slug) => (aliases.pick(&slug), name.trim().to_lowercase().replace(' ', "-")),
                None => (id.as_str().to_owned(), String::new()),
            };
            let has_name = !name.trim().is_empty() && desired::refused_name(name).is_none();
            let name = (has_name && tells != alias).then(|| name.to_owned());
            self.desired.projects.insert(id.clone(), ManagedProject { alias, name });
        }
    }

    /// The API does not tell what custom roles are called.
    fn roles(&mut self, roles: BTreeSet<&Role>) {
        for role in roles {
            let Role::Custom(id) = role else { continue };
            if let Some(reason) = desired::refused_id(id.as_str()) {
                self.remarks.push(format!("left out: the role {id}: a team file cannot name it, {reason}"));
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
                self.remarks.push(format!("left out: {login}: the login is no email address, {reason}"));
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
            self.remarks.push(format!("left out: {login}: nothing of the access can be written"));
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

    /// A name that may stand in a team file. Names of members are never sent, so nothing hangs on it.
    fn name(&mut self, name: &str, which: &str, login: &Email) -> String {
        if name.trim().is_empty() {
            self.remarks.push(format!("{login} has no {which} name: written as `{NO_NAME}`"));
            return NO_NAME.to_owned();
        }
        let Some(reason) = desired::refused_name(name) else { return name.to_owned() };
        let fit: String =
            name.chars().filter(|c| !escape::must_escape(*c)).take(desired::LONGEST_NAME).collect();
        let fit = if fit.trim().is_empty() { NO_NAME.to_owned() } else { fit };
        self.remarks.push(format!(
            "{login} has a {which} name that a team file cannot hold, {reason}: written as `{fit}`"
        ));
        fit
    }
}
