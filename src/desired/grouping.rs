//! Finds the groups that make a team file shorter: access that several people share exactly.

use std::collections::BTreeMap;

use super::Desired;
use super::alias::{Aliases, slug};
use crate::model::Access;

/// What the heading `groups:` and the empty line before it cost.
const HEADING: usize = 2;

/// The access worth a group, with the name of the group.
pub(super) type Shared<'a> = BTreeMap<&'a Access, String>;

/// The groups that make the file shorter; none where they would not.
pub(super) fn groups(desired: &Desired) -> Shared<'_> {
    let mut people: BTreeMap<&Access, usize> = BTreeMap::new();
    for person in desired.people.values() {
        *people.entry(&person.access).or_default() += 1;
    }
    let lines_saved = |access: &Access, people: usize| {
        let alone = people * (1 + access.len());
        alone.saturating_sub(1 + access.len() + people)
    };
    people.retain(|access, people| lines_saved(access, *people) > 0);
    let all_saved: usize = people.iter().map(|(access, people)| lines_saved(access, *people)).sum();
    if all_saved <= HEADING {
        return Shared::new();
    }
    let mut names = Aliases::default();
    people.into_keys().map(|access| (access, names.pick(&name(desired, access)))).collect()
}

/// `storefront-user`, `all-admin` for a role that is the same in every project, else `team`.
fn name(desired: &Desired, access: &Access) -> String {
    let mut roles = access.values();
    let role = roles.next().filter(|first| roles.all(|role| role == *first));
    let project = match access.keys().next() {
        Some(only) if access.len() == 1 => slug(desired.project_alias(only)),
        _ if access.len() == desired.projects.len() => Some("all".to_owned()),
        _ => None,
    };
    let role = role.and_then(|role| slug(desired.role_alias(role)));
    match (project, role) {
        (Some(project), Some(role)) => format!("{project}-{role}"),
        _ => "team".to_owned(),
    }
}
