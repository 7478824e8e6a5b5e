//! Finds the groups that a person would define: access that several people share exactly, named by what it
//! grants. Other access is written on the person.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::alias::{Aliases, slug};
use super::{Desired, Schedule};
use crate::model::ProjectId;

/// The lines of the heading `groups:` and the empty line before it.
const HEADING: usize = 2;

/// The fewest people of a group with a single project, which says no more than the role on the person.
const FEWEST_WITH_ONE_PROJECT: usize = 5;

/// The longest name that lists every project.
const LONGEST: usize = 60;

/// How many projects with the same role are listed in a longer name.
const LISTED: usize = 2;

/// The roles of a person.
pub(super) type Roles = BTreeMap<ProjectId, Schedule>;

/// The access that gets a group, with the name of the group. It has no dates.
pub(super) type GroupNames<'a> = BTreeMap<&'a Roles, String>;

/// The groups to define; none if the file would not be shorter with them.
pub(super) fn groups(desired: &Desired) -> GroupNames<'_> {
    let mut people: BTreeMap<&Roles, usize> = BTreeMap::new();
    let has_no_dates = |schedule: &Schedule| matches!(schedule, Schedule::Always(_));
    for person in desired.people.values() {
        if !person.reasons.is_empty() || !person.access.values().all(has_no_dates) {
            continue;
        }
        *people.entry(&person.access).or_default() += 1;
    }
    let lines_saved = |access: &Roles, people: usize| {
        let on_the_people = people * (1 + access.len());
        on_the_people.saturating_sub(1 + access.len() + people)
    };
    people.retain(|access, people| match access.len() {
        1 => *people >= FEWEST_WITH_ONE_PROJECT,
        _ => lines_saved(access, *people) > 0,
    });
    let all_saved: usize = people.iter().map(|(access, people)| lines_saved(access, *people)).sum();
    if all_saved <= HEADING {
        return GroupNames::new();
    }
    let mut names = Aliases::default();
    people.into_keys().map(|access| (access, names.pick(&name(desired, access)))).collect()
}

/// What a group grants, the most powerful role first: `storefront-admin+loyalty-viewer`, `all-user`, or, with many
/// projects, `storefront-admin+user-in-7-projects`.
fn name(desired: &Desired, access: &Roles) -> String {
    let short = |name: &str| slug(name).unwrap_or_else(|| name.to_owned());
    let mut by_role: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (project, schedule) in access {
        for role in schedule.roles() {
            let projects = by_role.entry((Reverse(role.power()), role)).or_default();
            projects.push(short(desired.project_alias(project)));
        }
    }
    let name = |listed: usize| {
        let mut parts = Vec::new();
        for ((_, role), projects) in &by_role {
            let role = short(desired.role_alias(role));
            if projects.len() > 1 && projects.len() == desired.projects.len() {
                parts.push(format!("all-{role}"));
            } else if projects.len() > listed {
                parts.push(format!("{role}-in-{}-projects", projects.len()));
            } else {
                let mut projects: Vec<_> =
                    projects.iter().map(|project| format!("{project}-{role}")).collect();
                projects.sort();
                parts.extend(projects);
            }
        }
        parts.join("+")
    };
    let full = name(usize::MAX);
    if full.chars().count() <= LONGEST {
        return full;
    }
    let short: String = name(LISTED);
    match short.char_indices().nth(LONGEST) {
        // A part that does not fit is left out as a whole.
        Some((end, _)) => match short[..end].rfind(['+', '-']) {
            Some(end) => short[..end].to_owned(),
            None => short[..end].to_owned(),
        },
        None => short,
    }
}
