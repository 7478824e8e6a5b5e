//! The aliases of projects and roles, and the lookup of references to them.

use std::collections::BTreeMap;

use super::{ManagedProject, project_alias, role_alias};
use crate::escape;
use crate::model::{ProjectId, Role, RoleId};
use crate::team_file::{
    Located, Problem, ProblemId, Problems, TeamFile, Text, WrittenProject, WrittenRole, did_you_mean, listed,
    shown,
};

/// The longest name of a person, group or project, in characters.
pub const LONGEST_NAME: usize = 200;

/// The managed projects and the custom roles.
#[derive(Default)]
pub(super) struct Names<'a> {
    projects: BTreeMap<&'a str, Named<'a, ProjectId>>,
    roles: BTreeMap<&'a str, Named<'a, RoleId>>,
    managed: BTreeMap<ProjectId, ManagedProject>,
    custom: BTreeMap<RoleId, String>,
    /// Whether every entry was read, so a name that is not found is really missing.
    projects_whole: bool,
    roles_whole: bool,
}

struct Named<'a, I> {
    alias: &'a Text,
    /// `None` if it was rejected.
    id: Option<I>,
}

impl<'a> Names<'a> {
    /// Checks `projects` and `roles`.
    pub(super) fn resolve(root: &'a TeamFile, problems: &mut Problems) -> Self {
        let mut names = Self {
            projects_whole: root.projects.is_some(),
            roles_whole: root.roles.is_some(),
            ..Self::default()
        };
        let mut places = BTreeMap::new();
        for project in root.projects.iter().flatten() {
            names.add_project(project, &mut places, problems);
        }
        names.refuse_ambiguous(problems);
        let mut places = BTreeMap::new();
        for role in root.roles.iter().flatten() {
            names.add_role(role, &mut places, problems);
        }
        names
    }

    fn add_project(
        &mut self,
        project: &'a WrittenProject,
        places: &mut BTreeMap<ProjectId, &'a Text>,
        problems: &mut Problems,
    ) {
        let WrittenProject { alias, id, name } = project;
        check_name(alias, "an alias", problems);
        let name = name.as_ref().filter(|name| check_name(name, "a project's name", problems));
        let id = id.as_ref().filter(|id| check_id(id, "project", problems));
        let id = id.map(|text| {
            let id = ProjectId::new(&text.value);
            let first = *places.entry(id.clone()).or_insert(text);
            if !std::ptr::eq(first, text) {
                let problem = Problem::new(
                    text.at,
                    ProblemId::TwoAliases,
                    format!("project {} has two aliases", shown(&text.value)),
                );
                problems.push(problem.also(first.at, "first alias defined here"));
            }
            id
        });
        self.projects_whole &= id.is_some();
        if let Some(id) = &id {
            let project =
                ManagedProject { alias: alias.value.clone(), name: name.map(|name| name.value.clone()) };
            self.managed.entry(id.clone()).or_insert(project);
        }
        self.projects.insert(&alias.value, Named { alias, id });
    }

    /// Rejects aliases that are the id of another project: a reference would be ambiguous.
    fn refuse_ambiguous(&self, problems: &mut Problems) {
        for named in self.projects.values() {
            let same_as_id = self.managed.get_key_value(&ProjectId::new(&named.alias.value));
            if let Some((id, project)) = same_as_id.filter(|(id, _)| Some(*id) != named.id.as_ref()) {
                let message =
                    format!("alias {} is the id of project {}", shown(id.as_str()), shown(&project.alias));
                problems.push(
                    Problem::new(named.alias.at, ProblemId::AmbiguousAlias, message)
                        .help("choose another alias"),
                );
            }
        }
    }

    fn add_role(
        &mut self,
        role: &'a WrittenRole,
        places: &mut BTreeMap<RoleId, &'a Text>,
        problems: &mut Problems,
    ) {
        let WrittenRole { alias, id } = role;
        check_name(alias, "an alias", problems);
        let id = id.as_ref().filter(|id| check_id(id, "role", problems));
        if Role::predefined(&alias.value).is_some() {
            let problem = Problem::new(
                alias.at,
                ProblemId::ReservedAlias,
                format!("{} is a predefined role", shown(&alias.value)),
            );
            problems.push(problem.help("choose another alias"));
        } else if alias.value.starts_with("role_") && id.is_some_and(|id| id.value != alias.value) {
            let problem = Problem::new(
                alias.at,
                ProblemId::ReservedAlias,
                format!("alias {} looks like an id", shown(&alias.value)),
            );
            problems.push(problem.help("choose an alias that does not start with `role_`"));
        }
        let id = id.and_then(|text| {
            if Role::predefined(&text.value).is_some() {
                let message = format!("{} is a predefined role, not an id", shown(&text.value));
                let problem = Problem::new(text.at, ProblemId::InvalidId, message);
                problems.push(problem.help("use predefined roles directly, without an alias"));
                return None;
            }
            let id = RoleId::new(&text.value);
            let first = *places.entry(id.clone()).or_insert(text);
            if !std::ptr::eq(first, text) {
                let problem = Problem::new(
                    text.at,
                    ProblemId::TwoAliases,
                    format!("role {} has two aliases", shown(&text.value)),
                );
                problems.push(problem.also(first.at, "first alias defined here"));
            }
            Some(id)
        });
        self.roles_whole &= id.is_some();
        if let Some(id) = &id {
            self.custom.entry(id.clone()).or_insert_with(|| alias.value.clone());
        }
        self.roles.insert(&alias.value, Named { alias, id });
    }

    /// The project that `reference` names; `None` if a problem was reported.
    pub(super) fn project(&self, reference: &Text, problems: &mut Problems) -> Option<ProjectId> {
        let Located { value, at } = reference;
        if let Some(named) = self.projects.get(value.as_str()) {
            return named.id.clone();
        }
        let id = ProjectId::new(value);
        if self.managed.contains_key(&id) {
            return Some(id);
        }
        if self.projects_whole {
            let aliases = self.projects.keys().copied();
            let problem = if value.starts_with("proj_") || value.starts_with("sand_") {
                Problem::new(
                    *at,
                    ProblemId::UnknownProject,
                    format!("{} is not a managed project", shown(value)),
                )
                .help("add it under `projects`")
            } else {
                Problem::new(*at, ProblemId::UnknownProject, format!("unknown project {}", shown(value)))
                    .help(format!("the projects are {}", listed(aliases.clone())))
                    .maybe_help(did_you_mean(value, aliases))
            };
            problems.push(problem);
        }
        None
    }

    /// The role that `reference` names; `None` if a problem was reported.
    pub(super) fn role(&self, reference: &Text, problems: &mut Problems) -> Option<Role> {
        let Located { value, at } = reference;
        if let Some(role) = Role::predefined(value) {
            return Some(role);
        }
        if let Some(named) = self.roles.get(value.as_str()) {
            return named.id.clone().map(Role::Custom);
        }
        let id = RoleId::new(value);
        if self.custom.contains_key(&id) {
            return Some(Role::Custom(id));
        }
        if value.starts_with("role_") {
            return check_id(reference, "role", problems).then_some(Role::Custom(id));
        }
        if self.roles_whole {
            let predefined = Role::PREDEFINED.each_ref().map(Role::as_str);
            let known = predefined.into_iter().chain(self.roles.keys().copied());
            let problem = Problem::new(*at, ProblemId::UnknownRole, format!("unknown role {}", shown(value)));
            let help = format!("the roles are {}", listed(known.clone()));
            problems.push(problem.help(help).maybe_help(did_you_mean(value, known)));
        }
        None
    }

    /// The alias of a project in the file.
    pub(super) fn project_alias<'s>(&'s self, id: &'s ProjectId) -> &'s str {
        project_alias(&self.managed, id)
    }

    /// The name of a role in the file.
    pub(super) fn role_alias<'s>(&'s self, role: &'s Role) -> &'s str {
        role_alias(&self.custom, role)
    }

    /// The projects and roles for [`Desired`](super::Desired).
    pub(super) fn into_parts(self) -> (BTreeMap<ProjectId, ManagedProject>, BTreeMap<RoleId, String>) {
        (self.managed, self.custom)
    }
}

/// Whether a name can be shown and sent.
pub(super) fn check_name(text: &Text, what: &str, problems: &mut Problems) -> bool {
    let Some((id, reason, help)) = name_rule(&text.value) else { return true };
    let problem = Problem::new(text.at, id, format!("{what} {reason}: {}", shown(&text.value)));
    problems.push(problem.help(help));
    false
}

/// Why a name that is not empty is not allowed in a team file, as the end of a sentence about the name.
#[must_use]
pub fn refused_name(name: &str) -> Option<&'static str> {
    name_rule(name).map(|(_, reason, _)| reason)
}

/// The rule that a name breaks, and how to fix it.
fn name_rule(name: &str) -> Option<(ProblemId, &'static str, &'static str)> {
    if name.contains(escape::must_escape) {
        Some((ProblemId::ControlCharacter, "contains a control character", "remove it"))
    } else if name.chars().nth(LONGEST_NAME).is_some() {
        Some((ProblemId::TooLong, "is longer than 200 characters", "shorten it"))
    } else {
        None
    }
}

/// Whether an id is safe in a URL path.
fn check_id(text: &Text, what: &str, problems: &mut Problems) -> bool {
    let Some(reason) = refused_id(&text.value) else { return true };
    problems.push(Problem::new(
        text.at,
        ProblemId::InvalidId,
        format!("{} is not a valid {what} id: {reason}", shown(&text.value)),
    ));
    false
}

/// Why an id is not allowed in a team file, as a clause about the id.
#[must_use]
pub fn refused_id(id: &str) -> Option<&'static str> {
    if id.is_empty() {
        Some("it is empty")
    } else if id.len() > 128 {
        Some("it is longer than 128 bytes")
    } else if id.contains(|c: char| c.is_whitespace() || escape::must_escape(c)) {
        Some("it contains a space or a control character")
    } else if id.contains(['/', '?', '#', '\\', '%']) || [".", ".."].contains(&id) {
        Some("it contains a character that is not allowed in ids")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_at_most_128_bytes() {
        let too_long = Some("it is longer than 128 bytes");
        for (length, refused) in [(128, None), (129, too_long), (200, too_long)] {
            assert_eq!(refused_id(&"x".repeat(length)), refused, "{length}");
        }
    }
}
