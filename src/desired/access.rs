//! The access that groups and people grant: project and role ids, and the line of each.

use std::collections::BTreeMap;

use super::names::{Names, check_name};
use crate::model::{ProjectId, Role};
use crate::team_file::{
    Located, Location, Problem, ProblemId, Problems, Text, WrittenGrant, WrittenGroup, did_you_mean, listed,
    shown,
};

/// Project → role, and where it is written. The role is `None` if it was rejected.
pub(super) type Grants = BTreeMap<ProjectId, Located<Option<Role>>>;

/// The groups of all files.
pub(super) struct Groups<'a> {
    by_name: BTreeMap<&'a str, Resolved>,
    /// Whether all were read, so a name that is not found is really missing.
    whole: bool,
}

/// A resolved group.
pub(super) struct Resolved {
    at: Location,
    pub(super) grants: Grants,
    /// Whether no part of it was rejected.
    pub(super) whole: bool,
}

impl<'a> Groups<'a> {
    /// Resolves the groups of each file. A group can be used in every file.
    pub(super) fn resolve(
        files: impl Iterator<Item = &'a Option<Vec<WrittenGroup>>>,
        names: &Names<'_>,
        problems: &mut Problems,
    ) -> Self {
        let mut groups = Self { by_name: BTreeMap::new(), whole: true };
        for file in files {
            groups.whole &= file.is_some();
            for group in file.iter().flatten() {
                if problems.is_full() {
                    return groups;
                }
                groups.add(group, names, problems);
            }
        }
        groups
    }

    fn add(&mut self, group: &'a WrittenGroup, names: &Names<'_>, problems: &mut Problems) {
        let WrittenGroup { name, grants: written } = group;
        check_name(name, "the group name", problems);
        let (grants, whole) = match written {
            Some(written) => grants(written, names, problems),
            None => (Grants::new(), false),
        };
        if let Some(first) = self.by_name.get(name.value.as_str()) {
            let problem = Problem::new(
                name.at,
                ProblemId::DuplicateGroup,
                format!("group {} is defined twice", shown(&name.value)),
            );
            problems.push(problem.also(first.at, "first defined here"));
        } else {
            self.by_name.insert(&name.value, Resolved { at: name.at, grants, whole });
        }
    }

    /// The group of that name.
    pub(super) fn get(&self, reference: &Text) -> Option<&Resolved> {
        self.by_name.get(reference.value.as_str())
    }

    /// The group that `reference` names; `None` if a problem was reported.
    pub(super) fn find(&self, reference: &Text, problems: &mut Problems) -> Option<&Resolved> {
        let found = self.get(reference);
        if found.is_none() && self.whole {
            let names = self.by_name.keys().copied();
            let help = if self.by_name.is_empty() {
                "no groups are defined; add it under `groups`".to_owned()
            } else {
                format!("the groups are {}", listed(names.clone()))
            };
            let problem = Problem::new(
                reference.at,
                ProblemId::UnknownGroup,
                format!("unknown group {}", shown(&reference.value)),
            );
            problems.push(problem.help(help).maybe_help(did_you_mean(&reference.value, names)));
        }
        found
    }
}

/// Resolves project → role as written; also returns whether nothing was rejected.
pub(super) fn grants(written: &[WrittenGrant], names: &Names<'_>, problems: &mut Problems) -> (Grants, bool) {
    let mut grants = Grants::new();
    let mut whole = true;
    for WrittenGrant { project: reference, role } in written {
        if problems.is_full() {
            break;
        }
        let project = names.project(reference, problems);
        let resolved = role.as_ref().and_then(|role| names.role(role, problems));
        whole &= project.is_some() && resolved.is_some();
        let Some(project) = project else { continue };
        if let Some(first) = grants.get(&project) {
            let message = format!("project {} is listed twice", shown(names.project_alias(&project)));
            problems.push(
                Problem::new(reference.at, ProblemId::DuplicateProject, message)
                    .also(first.at, "first listed here"),
            );
        } else {
            grants.insert(project, Located { value: resolved, at: reference.at });
        }
    }
    (grants, whole)
}
