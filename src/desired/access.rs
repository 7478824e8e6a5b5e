//! The access that groups and people grant: project and role ids, days, and the line of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::dates::days;
use super::names::{Names, check_name};
use super::{Schedule, Span};
use crate::model::{ProjectId, Role};
use crate::team_file::{
    Location, Problem, ProblemId, Problems, Text, WrittenGrant, WrittenGroup, did_you_mean, listed, shown,
};

/// Project → what is granted there.
pub(super) type Grants = BTreeMap<ProjectId, Grant>;

/// An entry of `projects`, of a person or a group.
pub(super) struct Grant {
    /// The project.
    at: Location,
    /// `None` if a part of it was rejected.
    pub(super) role: Option<GrantedRole>,
}

/// A role with its days.
pub(super) struct GrantedRole {
    pub(super) schedule: Schedule,
    /// The role, which is the first one of the schedule.
    pub(super) role: Role,
    pub(super) at: Location,
    /// Its project.
    project_at: Location,
    /// The last day of the role.
    pub(super) until: Option<(Date, Location)>,
    /// The role afterwards.
    pub(super) then: Option<(Role, Location)>,
    pub(super) reason: Option<Arc<str>>,
}

impl GrantedRole {
    /// The first day, if it is set.
    pub(super) fn from(&self) -> Option<Date> {
        self.schedule.spans().first().and_then(|span| span.from)
    }

    /// Where to show one of its roles.
    pub(super) fn place_of(&self, role: &Role) -> Location {
        self.then.as_ref().filter(|(then, _)| then == role).map_or(self.project_at, |(_, at)| *at)
    }

    /// The last day, if there is one: not where another role follows.
    pub(super) fn end(&self) -> Option<Date> {
        self.until.map(|(day, _)| day).filter(|_| self.then.is_none())
    }
}

/// What a group grants to a person in a project.
pub(super) struct GroupGrant<'a> {
    /// The person's reference to the group.
    pub(super) group: &'a Text,
    /// The path of the included file that defines the group.
    pub(super) file: Option<&'a str>,
    /// `None` if it was rejected.
    pub(super) role: Option<&'a GrantedRole>,
}

/// The groups of all files.
pub(super) struct Groups<'a> {
    by_name: BTreeMap<&'a str, Resolved<'a>>,
    /// Whether all were read, so a name that is not found is really missing.
    whole: bool,
}

/// A resolved group.
pub(super) struct Resolved<'a> {
    at: Location,
    /// The path of the included file that defines it.
    pub(super) file: Option<&'a str>,
    pub(super) grants: Grants,
    /// Whether no part of it was rejected.
    pub(super) whole: bool,
}

impl<'a> Groups<'a> {
    /// Resolves the groups of each file. A group can be used in every file.
    pub(super) fn resolve(
        files: impl Iterator<Item = (Option<&'a str>, &'a Option<Vec<WrittenGroup>>)>,
        names: &Names<'_>,
        problems: &mut Problems,
    ) -> Self {
        let mut groups = Self { by_name: BTreeMap::new(), whole: true };
        for (file, written) in files {
            groups.whole &= written.is_some();
            for group in written.iter().flatten() {
                if problems.is_full() {
                    return groups;
                }
                groups.add(group, file, names, problems);
            }
        }
        groups
    }

    /// All groups.
    pub(super) fn all(&self) -> impl Iterator<Item = &Resolved<'a>> {
        self.by_name.values()
    }

    fn add(
        &mut self,
        group: &'a WrittenGroup,
        file: Option<&'a str>,
        names: &Names<'_>,
        problems: &mut Problems,
    ) {
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
            self.by_name.insert(&name.value, Resolved { at: name.at, file, grants, whole });
        }
    }

    /// The group of that name.
    pub(super) fn get(&self, reference: &Text) -> Option<&Resolved<'a>> {
        self.by_name.get(reference.value.as_str())
    }

    /// The group that `reference` names; `None` if a problem was reported.
    pub(super) fn find(&self, reference: &Text, problems: &mut Problems) -> Option<&Resolved<'a>> {
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
    for grant in written {
        if problems.is_full() {
            break;
        }
        let reference = &grant.project;
        let project = names.project(reference, problems);
        let role = granted(grant, names, problems);
        whole &= project.is_some() && role.is_some();
        let Some(project) = project else { continue };
        if let Some(first) = grants.get(&project) {
            let message = format!("project {} is listed twice", shown(names.project_alias(&project)));
            problems.push(
                Problem::new(reference.at, ProblemId::DuplicateProject, message)
                    .also(first.at, "first listed here"),
            );
        } else {
            grants.insert(project, Grant { at: reference.at, role });
        }
    }
    (grants, whole)
}

/// The role of one entry with its days.
fn granted(written: &WrittenGrant, names: &Names<'_>, problems: &mut Problems) -> Option<GrantedRole> {
    let role = written.role.as_ref().and_then(|role| names.role(role, problems));
    let project_at = written.project.at;
    let Some(terms) = &written.terms else {
        let (role, at) = (role?, written.role.as_ref()?.at);
        let schedule = Schedule::Always(role.clone());
        return Some(GrantedRole { schedule, role, at, project_at, until: None, then: None, reason: None });
    };
    let (from, until) = days(terms.from.as_ref(), terms.until.as_ref(), problems);
    let then = terms.then.as_ref().map(|then| (names.role(then, problems), then.at));
    if let (Some(then), None) = (&terms.then, &terms.until) {
        let problem = Problem::new(then.at, ProblemId::ThenWithoutUntil, "`then` needs `until`");
        problems.push(problem.help("add `until`, the last day of the role before it, or remove `then`"));
    }
    let reason = terms.reason.as_ref().filter(|reason| check_name(reason, "`reason`", problems));
    let (role, at) = (role?, written.role.as_ref()?.at);
    let then = match then {
        Some((then, at)) => Some((then?, at)),
        None => None,
    };
    let mut spans = vec![Span { from, until, role: role.clone() }];
    if let Some((then, _)) = &then
        && let Some(Ok(from)) = until.map(Date::tomorrow)
    {
        spans.push(Span { from: Some(from), until: None, role: then.clone() });
    }
    let until = until.and_then(|day| Some((day, terms.until.as_ref()?.at)));
    let reason = reason.map(|reason| Arc::from(reason.value.as_str()));
    Some(GrantedRole { schedule: Schedule::new(spans), role, at, project_at, until, then, reason })
}
