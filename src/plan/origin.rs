//! The origin of a change: the pull request under review, or a difference that existed before it.
//!
//! A reviewer is responsible for the pull request only. So the plan of the base (the team file without the
//! pull request) is made from the same reading, and compared:
//!
//! - `pull_request`: the base would not make this change. It happens only because of the merge.
//! - `drift`: the base would make it too: the file was changed and not applied yet, a date has come, or the
//!   organization never matched the file.
//! - `manual`: drift with evidence that the organization matched the base once. Someone changed it in
//!   Voucherify, outside Git, and a reviewer should ask who and why before it is reverted.
//!
//! The evidence is in the ledger: the role that guestlist last gave, and every role that was observed since. So
//! it does not depend on which command saw a change first. Without evidence it is drift, because guestlist does
//! not accuse anyone on a guess.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Change, Note, Plan, PlanOptions};
use crate::desired::Desired;
use crate::known::{Known, Member, members_within};
use crate::model::{Access, Email, ProjectId, Role};

/// The origin of a change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Only the pull request asks for it.
    PullRequest,
    /// The base asks for it too.
    Drift,
    /// The base asks for it too, and it was so once: someone changed it outside Git.
    Manual,
}

/// What the ledger knows about the time before this reading.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Past {
    /// The roles (none: no access) that a person had in a project since guestlist last changed it.
    pub roles: BTreeMap<(Email, ProjectId), Vec<Option<Role>>>,
    /// The projects that were read. Anyone not in `roles` had no access there.
    pub projects: BTreeSet<ProjectId>,
}

impl Past {
    /// Before this reading, these were the members of these projects.
    #[must_use]
    pub fn of(members: &BTreeMap<Email, Member>, projects: BTreeSet<ProjectId>) -> Self {
        let roles = members.values().flat_map(|member| {
            let role = |(id, role): (&ProjectId, &Role)| {
                ((member.login.clone(), id.clone()), vec![Some(role.clone())])
            };
            member.access.iter().map(role)
        });
        Self { roles: roles.collect(), projects }
    }

    /// Whether there is evidence that the person had this role (or none) there.
    fn had(&self, email: &Email, project: &ProjectId, role: Option<&Role>) -> bool {
        match self.roles.get(&(email.clone(), project.clone())) {
            Some(roles) => roles.iter().any(|had| had.as_ref() == role),
            None => role.is_none() && self.projects.contains(project),
        }
    }
}

/// The origins of what is in a plan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Origins {
    /// Of each change, in the order of the plan.
    pub changes: Vec<Origin>,
    /// Of each note, in the order of the plan. A note of the base is [`Origin::Drift`].
    pub notes: Vec<Origin>,
}

/// The origins of the changes and notes of `plan`, which was made from `known`.
#[must_use]
pub fn origins(plan: &Plan, base: &Desired, known: &Known, past: &Past) -> Origins {
    let before = Plan::between(
        base,
        &within(known, base),
        // A limit on invitations holds some back, which says nothing about origins.
        &PlanOptions::new(plan.endpoint.clone(), plan.date),
    );
    let changes: BTreeMap<_, _> =
        before.changes.iter().map(|change| (place(change), target(change))).collect();
    let notes: BTreeMap<_, _> =
        before.notes.iter().map(|note| ((note.kind(), &note.email, &note.project), &note.fact)).collect();
    let of_change = |change: &Change| {
        if changes.get(&place(change)) != Some(&target(change)) {
            Origin::PullRequest
        } else if was_so(change, past) {
            Origin::Manual
        } else {
            Origin::Drift
        }
    };
    let of_note = |note: &Note| match notes.get(&(note.kind(), &note.email, &note.project)) {
        Some(fact) if **fact == note.fact => Origin::Drift,
        _ => Origin::PullRequest,
    };
    Origins {
        changes: plan.changes.iter().map(of_change).collect(),
        notes: plan.notes.iter().map(of_note).collect(),
    }
}

/// What a change is about; an invitation is for all projects at once.
fn place(change: &Change) -> (&Email, Option<&ProjectId>) {
    (change.email(), change.project())
}

/// The state a change leads to.
#[derive(PartialEq, Eq)]
enum ChangeOutcome<'a> {
    Invited(&'a Access),
    Role(Option<&'a Role>),
}

fn target(change: &Change) -> ChangeOutcome<'_> {
    match change {
        Change::Invite { projects, .. } => ChangeOutcome::Invited(projects),
        Change::Assign { role, .. } | Change::ChangeRole { to: role, .. } => ChangeOutcome::Role(Some(role)),
        Change::Unassign { .. } => ChangeOutcome::Role(None),
    }
}

/// Whether there is evidence that the state a change leads to existed before.
fn was_so(change: &Change, past: &Past) -> bool {
    let email = change.email();
    match (change, target(change)) {
        // Someone who is invited has no access now, so one earlier role is enough.
        (Change::Invite { projects, .. }, _) => {
            projects.iter().any(|(project, role)| past.had(email, project, Some(role)))
        }
        (_, ChangeOutcome::Role(role)) => {
            change.project().is_some_and(|project| past.had(email, project, role))
        }
        (_, ChangeOutcome::Invited(_)) => false,
    }
}

/// What is known of the projects that `base` manages. Changes in a project that the pull request adds are
/// not drift.
fn within(known: &Known, base: &Desired) -> Known {
    let mut known = known.clone();
    known.members = members_within(known.members, |project| base.projects.contains_key(project));
    known
}

#[cfg(test)]
mod tests;
