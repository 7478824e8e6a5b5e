//! The guards: rules that block a plan as a whole, with their numbers and names. `render` makes the sentences.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::difference::Difference;
use super::{Change, PlanOptions};
use crate::desired::{Desired, Limit, Prune};
use crate::known::{Doubt, Known};
use crate::model::{Email, ProjectId};

/// Why a guard blocks the plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The reading may be wrong. Not empty.
    DoubtfulReading(Vec<Doubt>),
    /// The file lists no one, so everyone would lose access.
    EmptyPeople,
    /// Two entries of the file are one user, by login and by address.
    ListedTwice {
        /// The first entry.
        first: Email,
        /// The second entry.
        other: Email,
    },
    /// A project would be left with too few ADMINs.
    KeepAdmins {
        /// The project.
        project: ProjectId,
        /// The number of ADMINs left.
        left: usize,
        /// The number of ADMINs required.
        keep: usize,
        /// The ADMINs that it would lose.
        losing: Vec<Email>,
    },
    /// Too many people would become ADMIN.
    MaxNewAdmins {
        /// These people.
        people: Vec<Email>,
        /// The most that the policy allows.
        most: usize,
        /// The number that this run allows, which does not match.
        allowed: Option<usize>,
    },
    /// Too much access would be removed.
    MaxRemovals {
        /// The removals in the whole plan, as `--allow-removals` takes them.
        removals: usize,
        /// Where there are too many. Not empty.
        exceeded: Vec<Exceeded>,
        /// The people who would lose access there.
        people: Vec<Email>,
        /// The number that this run allows, which does not match.
        allowed: Option<usize>,
    },
}

/// More removals than `max_removals` allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exceeded {
    /// The project; none for all projects together.
    pub project: Option<ProjectId>,
    /// The number of removals.
    pub removals: usize,
    /// The number of members, or of memberships in all projects.
    pub base: usize,
    /// The limit in the policy.
    pub limit: Limit,
    /// The number of removals that this limit allows.
    pub most: usize,
}

/// The guards, for programs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// The reading may be wrong.
    DoubtfulReading,
    /// The file lists no one, so everyone would lose access.
    EmptyPeople,
    /// Two entries of the file are one user.
    ListedTwice,
    /// A project would be left with too few ADMINs.
    KeepAdmins,
    /// Too many people would become ADMIN at once.
    MaxNewAdmins,
    /// Too much access would be removed at once.
    MaxRemovals,
}

impl Guard {
    /// The key of the policy that sets its limit, if one does.
    #[must_use]
    pub fn policy_key(self) -> Option<&'static str> {
        match self {
            Self::KeepAdmins => Some("keep_admins"),
            Self::MaxNewAdmins => Some("max_new_admins"),
            Self::MaxRemovals => Some("max_removals"),
            Self::DoubtfulReading | Self::EmptyPeople | Self::ListedTwice => None,
        }
    }
}

impl Refusal {
    /// The guard.
    #[must_use]
    pub fn guard(&self) -> Guard {
        match self {
            Self::DoubtfulReading(_) => Guard::DoubtfulReading,
            Self::EmptyPeople => Guard::EmptyPeople,
            Self::ListedTwice { .. } => Guard::ListedTwice,
            Self::KeepAdmins { .. } => Guard::KeepAdmins,
            Self::MaxNewAdmins { .. } => Guard::MaxNewAdmins,
            Self::MaxRemovals { .. } => Guard::MaxRemovals,
        }
    }
}

pub(super) fn refusals(
    desired: &Desired,
    known: &Known,
    difference: &Difference,
    options: &PlanOptions,
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if !known.doubts.is_empty() {
        refusals.push(Refusal::DoubtfulReading(known.doubts.clone()));
    }
    if desired.people.is_empty() && desired.policy.prune == Prune::People {
        refusals.push(Refusal::EmptyPeople);
    }
    let twice = difference.listed_twice.iter().cloned();
    refusals.extend(twice.map(|(first, other)| Refusal::ListedTwice { first, other }));
    refusals.extend(keep_admins(desired, known, &difference.changes));
    refusals.extend(max_new_admins(desired, &difference.changes, options.allow_new_admins));
    refusals.extend(max_removals(desired, known, difference, options.allow_removals));
    refusals
}

fn keep_admins(desired: &Desired, known: &Known, changes: &[Change]) -> Vec<Refusal> {
    let keep = desired.policy.keep_admins();
    let mut losing: BTreeMap<&ProjectId, Vec<&Email>> = BTreeMap::new();
    for change in changes {
        if let Some(project) = change.admin_lost_in() {
            losing.entry(project).or_default().push(change.email());
        }
    }
    let mut refusals = Vec::new();
    for (project, losing) in losing {
        let mut admins: BTreeSet<&Email> = known.admins(project).map(|member| &member.login).collect();
        let before = known.listed_admins(project).count();
        admins.retain(|email| !losing.contains(email));
        // An invitation does not count, because it may never be accepted.
        for change in changes.iter().filter(|change| !matches!(change, Change::Invite { .. })) {
            if change.new_admin_in().any(|id| id == project) {
                admins.insert(change.email());
            }
        }
        let left = admins.len();
        if left < keep && left < before {
            let losing = losing.into_iter().cloned().collect();
            refusals.push(Refusal::KeepAdmins { project: project.clone(), left, keep, losing });
        }
    }
    refusals
}

fn max_new_admins(desired: &Desired, changes: &[Change], allowed: Option<usize>) -> Option<Refusal> {
    let people = new_admins(changes);
    let most = desired.policy.max_new_admins();
    (people.len() > most && allowed != Some(people.len())).then(|| Refusal::MaxNewAdmins {
        people: people.into_iter().cloned().collect(),
        most,
        allowed,
    })
}

/// The people who become ADMIN in a managed project, invitations included.
pub(super) fn new_admins(changes: &[Change]) -> BTreeSet<&Email> {
    let becoming = changes.iter().filter(|change| change.new_admin_in().next().is_some());
    becoming.map(Change::email).collect()
}

fn max_removals(
    desired: &Desired,
    known: &Known,
    difference: &Difference,
    allowed: Option<usize>,
) -> Option<Refusal> {
    let mut by_project: BTreeMap<&ProjectId, Vec<&Email>> = BTreeMap::new();
    for (change, effect) in difference.changes.iter().zip(difference.effects()) {
        let Some(project) = change.project().filter(|_| effect.is_removal()) else { continue };
        if !difference.dated.contains(&(change.email().clone(), project.clone())) {
            by_project.entry(project).or_default().push(change.email());
        }
    }
    let removals: usize = by_project.values().map(Vec::len).sum();
    if removals == 0 || allowed == Some(removals) {
        return None;
    }
    let mut members: BTreeMap<&ProjectId, usize> = BTreeMap::new();
    for project in known.members.values().flat_map(|member| member.access.keys()) {
        *members.entry(project).or_default() += 1;
    }
    let members_of = |project: &ProjectId| members.get(project).copied().unwrap_or_default();
    let memberships = desired.projects.keys().map(members_of).sum();
    let exceeds = |project: Option<&ProjectId>, removals, base| {
        let (limit, most) = desired.policy.max_removals(base);
        (removals > most).then(|| Exceeded { project: project.cloned(), removals, base, limit, most })
    };
    let whole = exceeds(None, removals, memberships);
    let each: Vec<_> = by_project
        .iter()
        .filter_map(|(project, people)| exceeds(Some(project), people.len(), members_of(project)))
        .collect();
    let is_affected = |project: &ProjectId| {
        whole.is_some() || each.iter().any(|exceeded| exceeded.project.as_ref() == Some(project))
    };
    let affected = by_project.iter().filter(|(project, _)| is_affected(project));
    let people: BTreeSet<_> = affected.flat_map(|(_, people)| people).map(|email| (*email).clone()).collect();
    let exceeded: Vec<_> = whole.into_iter().chain(each).collect();
    let people = people.into_iter().collect();
    (!exceeded.is_empty()).then_some(Refusal::MaxRemovals { removals, exceeded, people, allowed })
}
