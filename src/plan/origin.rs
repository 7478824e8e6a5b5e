//! Where a change comes from: the pull request under review, or a difference that was there before it.
//!
//! A reviewer answers for what the pull request asks for, and for nothing else. So the plan of the base
//! (the team file as it is without the pull request) is made from the same reading, and compared:
//!
//! - `pull_request`: the base would not make this change. Without the merge it does not happen.
//! - `drift`: the base would make it too. It was there before, and any other merge would bring it: the
//!   file was changed and not applied yet, a date has come, or the organization never was as the file is.
//! - `manual`: drift of which there is evidence that it once was as the base asks. Somebody changed it in
//!   Voucherify itself, past the file. It should be asked who and why before the merge undoes it.
//!
//! The evidence is the last call for that person and project which the ledger has, and the last reading
//! before this one. Without evidence it is called drift: nobody is said to have done something by hand on
//! a guess. What only the last reading tells is named by the run that finds it, and is drift to later ones;
//! what the ledger tells stays so.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Change, Plan, PlanOptions};
use crate::desired::Desired;
use crate::known::{Known, Member, RecentWrites, members_within};
use crate::model::{Access, Email, ProjectId, Role};

/// Where a change comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The team file asks for it and the base does not.
    PullRequest,
    /// The base asks for it too.
    Drift,
    /// The base asks for it too, and it was so once: somebody changed it by hand.
    Manual,
}

impl Origin {
    /// How readers are told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PullRequest => "pull request",
            Self::Drift => "drift",
            Self::Manual => "manual",
        }
    }
}

/// What was so at some time before this reading.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Past {
    /// The role that guestlist last gave (or took: none), by call or by invitation.
    pub given: RecentWrites,
    /// The projects of the last reading.
    pub projects: BTreeSet<ProjectId>,
    /// The members of the last reading, with what guestlist did since.
    pub members: BTreeMap<Email, Member>,
}

impl Past {
    /// Whether there is evidence that the person had just this role there, or none.
    fn had(&self, email: &Email, project: &ProjectId, role: Option<&Role>) -> bool {
        let given = self.given.get(&(email.clone(), project.clone()));
        let read = || {
            let member = self.members.get(email);
            self.projects.contains(project) && member.and_then(|member| member.access.get(project)) == role
        };
        given.is_some_and(|given| given.as_ref() == role) || read()
    }
}

/// The origin of each change of `plan`, in its order. `known` is what `plan` was made from.
#[must_use]
pub fn origins(plan: &Plan, base: &Desired, known: &Known, past: &Past) -> Vec<Origin> {
    let before = Plan::between(
        base,
        &within(known, base),
        // A wave holds invitations back in the order of the plan, which says nothing about origins.
        &PlanOptions::new(plan.endpoint.clone(), plan.date),
    );
    let before: BTreeMap<_, _> =
        before.changes.iter().map(|change| (place(change), target(change))).collect();
    let origin = |change: &Change| {
        if before.get(&place(change)) != Some(&target(change)) {
            Origin::PullRequest
        } else if was_so(change, past) {
            Origin::Manual
        } else {
            Origin::Drift
        }
    };
    plan.changes.iter().map(origin).collect()
}

/// Where a change takes place; an invitation is for all projects at once.
fn place(change: &Change) -> (&Email, Option<&ProjectId>) {
    (change.email(), change.project())
}

/// What a change makes so.
#[derive(PartialEq, Eq)]
enum Target<'a> {
    Invited(&'a Access),
    Role(Option<&'a Role>),
}

fn target(change: &Change) -> Target<'_> {
    match change {
        Change::Invite { projects, .. } => Target::Invited(projects),
        Change::Assign { role, .. } | Change::ChangeRole { to: role, .. } => Target::Role(Some(role)),
        Change::Unassign { .. } => Target::Role(None),
    }
}

/// Whether there is evidence that what a change makes so was so before.
fn was_so(change: &Change, past: &Past) -> bool {
    let email = change.email();
    match (change, target(change)) {
        // Somebody who is to be invited has nothing now; one role that was there is enough.
        (Change::Invite { projects, .. }, _) => {
            projects.iter().any(|(project, role)| past.had(email, project, Some(role)))
        }
        (_, Target::Role(role)) => change.project().is_some_and(|project| past.had(email, project, role)),
        (_, Target::Invited(_)) => false,
    }
}

/// What is known of the projects that `base` manages. A project that the pull request brings is not
/// among them, and what happens there is not drift.
fn within(known: &Known, base: &Desired) -> Known {
    let mut known = known.clone();
    known.members = members_within(known.members, base);
    known
}

#[cfg(test)]
mod tests;
