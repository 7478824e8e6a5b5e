//! The rules that refuse a plan as a whole. Each names who and what, and none counts a grant.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Change;
use super::between::Difference;
use crate::desired::{Desired, Limit, Prune};
use crate::identity::{Email, ProjectId};
use crate::known::Known;
use crate::wording;

/// A guard that refuses the plan, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// Which one.
    pub guard: Guard,
    /// The sentence, with people and numbers.
    pub text: String,
}

/// The rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// What is known may not be true.
    DoubtfulReading,
    /// The file lists nobody and everybody would go.
    EmptyPeople,
    /// A project would have too few ADMINs.
    KeepAdmins,
    /// Too much would be taken away at once.
    MaxRemovals,
}

pub(super) fn refusals(
    desired: &Desired,
    known: &Known,
    difference: &Difference,
    allowed: Option<usize>,
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    refusals.extend(doubtful_reading(known));
    refusals.extend(empty_people(desired));
    refusals.extend(keep_admins(desired, known, &difference.changes));
    refusals.extend(max_removals(desired, known, difference, allowed));
    refusals
}

fn doubtful_reading(known: &Known) -> Option<Refusal> {
    let first = known.doubts.first()?;
    let more = match known.doubts.len() - 1 {
        0 => String::new(),
        more => format!(" (and {})", wording::count(more, "more doubt")),
    };
    let text = format!(
        "the reading is doubtful: {first}{more}; nothing is taken away on such a reading; run again later"
    );
    Some(Refusal { guard: Guard::DoubtfulReading, text })
}

fn empty_people(desired: &Desired) -> Option<Refusal> {
    (desired.people.is_empty() && desired.policy.prune == Prune::People).then(|| Refusal {
        guard: Guard::EmptyPeople,
        text: "the file lists nobody and `prune: people` would take everything from everyone".to_owned(),
    })
}

fn keep_admins(desired: &Desired, known: &Known, changes: &[Change]) -> Vec<Refusal> {
    let keep = desired.policy.keep_admins as usize;
    let mut refusals = Vec::new();
    for project in desired.projects.keys() {
        let mut admins: BTreeSet<&Email> = known.admins(project).map(|member| &member.login).collect();
        let before = known.listed_admins(project).count();
        let lost: Vec<&Email> = changes
            .iter()
            .filter(|change| change.admin_lost_in() == Some(project))
            .map(Change::email)
            .collect();
        if lost.is_empty() {
            continue;
        }
        admins.retain(|email| !lost.contains(email));
        // An invitation does not count: nobody knows whether it will be accepted.
        for change in changes.iter().filter(|change| !matches!(change, Change::Invite { .. })) {
            if change.new_admin_in().any(|id| id == project) {
                admins.insert(change.email());
            }
        }
        let after = admins.len();
        if after < keep && after < before {
            let text = format!(
                "{} would be left with {} and `keep_admins: {keep}` asks for more: {} would lose ADMIN there; give it to somebody else first",
                desired.project_name(project),
                wording::count(after, "ADMIN"),
                wording::list(&lost)
            );
            refusals.push(Refusal { guard: Guard::KeepAdmins, text });
        }
    }
    refusals
}

fn max_removals(
    desired: &Desired,
    known: &Known,
    difference: &Difference,
    allowed: Option<usize>,
) -> Vec<Refusal> {
    let mut by_project: BTreeMap<&ProjectId, Vec<&Email>> = BTreeMap::new();
    for change in difference.changes.iter().filter(|change| change.is_reduction()) {
        let Some(project) = change.project() else { continue };
        if !difference.dated.contains(&(change.email().clone(), project.clone())) {
            by_project.entry(project).or_default().push(change.email());
        }
    }
    let removals: usize = by_project.values().map(Vec::len).sum();
    if allowed == Some(removals) {
        return Vec::new();
    }
    let limit = desired.policy.max_removals;
    let way_out = match allowed {
        Some(other) => format!("--allow-removals {other} does not lift it, as the number is {removals}"),
        None => format!("if that is meant, run with --allow-removals {removals}"),
    };
    let mut refusals = Vec::new();
    let memberships = desired.projects.keys().map(|project| known.members_of(project)).sum();
    if removals > most_of(limit, memberships) {
        let people: BTreeSet<&Email> = by_project.values().flatten().copied().collect();
        let people: Vec<_> = people.into_iter().collect();
        let text = format!(
            "{} out of {} in all, and `max_removals: {}` allows {}: {}; {way_out}",
            wording::count(removals, "removal"),
            wording::count(memberships, "membership"),
            written(limit),
            most_of(limit, memberships),
            wording::list(&people)
        );
        refusals.push(Refusal { guard: Guard::MaxRemovals, text });
    }
    for (project, people) in by_project {
        let members = known.members_of(project);
        if people.len() > most_of(limit, members) {
            let text = format!(
                "{} out of {} of {}, and `max_removals: {}` allows {}: {}; {way_out}",
                wording::count(people.len(), "removal"),
                wording::count(members, "member"),
                desired.project_name(project),
                written(limit),
                most_of(limit, members),
                wording::list(&people)
            );
            refusals.push(Refusal { guard: Guard::MaxRemovals, text });
        }
    }
    refusals
}

/// How many of `base` the limit allows. A percentage is rounded down and allows one at least, but 0%
/// means what it says.
fn most_of(limit: Limit, base: usize) -> usize {
    match limit {
        Limit::Count(most) => most as usize,
        Limit::Percent(0) => 0,
        Limit::Percent(percent) => (base * usize::from(percent) / 100).max(1),
    }
}

fn written(limit: Limit) -> String {
    match limit {
        Limit::Count(most) => most.to_string(),
        Limit::Percent(percent) => format!("{percent}%"),
    }
}
