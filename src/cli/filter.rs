//! The projects and roles that a filter names, by alias or id.

use super::failure::Failure;
use crate::desired::Desired;
use crate::model::{ProjectId, Role};
use crate::team_file::{did_you_mean, shown};

/// The managed project with that alias or id. Any other name is an id too, because the ledger knows projects
/// that the file no longer has, unless it is close to an alias.
pub(super) fn project(desired: &Desired, name: &str) -> Result<ProjectId, Failure> {
    let by_alias = desired.projects.iter().find(|(_, project)| project.alias == name);
    if let Some((id, _)) = by_alias {
        return Ok(id.clone());
    }
    let id = ProjectId::new(name);
    let aliases = desired.projects.values().map(|project| project.alias.as_str());
    match did_you_mean(name, aliases).filter(|_| !desired.projects.contains_key(&id)) {
        Some(question) => Err(unknown("project", name, &question)),
        None => Ok(id),
    }
}

/// The managed project with that alias or id, and no other.
pub(super) fn managed_project(desired: &Desired, name: &str) -> Result<ProjectId, Failure> {
    let id = project(desired, name)?;
    if desired.projects.contains_key(&id) {
        return Ok(id);
    }
    Err(Failure::new(format!("project {} is not in the team file", shown(name))))
}

/// The role with that alias, the predefined role of that name, or the custom role with that id.
pub(super) fn role(desired: &Desired, name: &str) -> Result<Role, Failure> {
    if let Some((id, _)) = desired.roles.iter().find(|(_, alias)| *alias == name) {
        return Ok(Role::Custom(id.clone()));
    }
    let role = Role::from(name.to_owned());
    let is_unknown = matches!(&role, Role::Custom(id) if !desired.roles.contains_key(id));
    let names = Role::PREDEFINED.iter().map(Role::as_str).chain(desired.roles.values().map(String::as_str));
    match did_you_mean(name, names).filter(|_| is_unknown) {
        Some(question) => Err(unknown("role", name, &question)),
        None => Ok(role),
    }
}

fn unknown(noun: &str, name: &str, question: &str) -> Failure {
    Failure::new(format!("unknown {noun} {}; {question}", shown(name)))
}
