//! The plan: what apply would do, what it would not, and whether it may.
//!
//! A pure function of desired, known and a date: no clock, no network, no map order. Same input,
//! same bytes.

mod change;
mod compare;
mod guard;
mod note;
mod origin;
mod saved;
#[cfg(test)]
pub(crate) mod samples;

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::desired::{Desired, Person};
use crate::known::{Evidence, Known};
use crate::model::Endpoint;

pub use change::{Change, Effect};
pub use guard::{Guard, Refusal};
pub use note::{Fact, Later, Note, NoteKind};
pub use origin::{Origin, Past, origins};
pub use saved::{SavedPlan, SavedPlanError, Unlisted};

/// After so many days an invitation is called stale.
pub const STALE_DAYS: i32 = 14;

/// So many days ahead the notes tell what is coming.
pub const COMING_DAYS: i32 = 14;

/// The sorted list of changes and notes, and the guards that refuse it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Which organization it is for.
    pub endpoint: Endpoint,
    /// The day (UTC) it is for.
    pub date: Date,
    /// How and when what is known was learned.
    pub evidence: Evidence,
    /// The calls, in the order of execution.
    pub changes: Vec<Change>,
    /// What else there is to say.
    pub notes: Vec<Note>,
    /// The guards that refuse the plan as a whole; empty where it may be applied.
    pub refused: Vec<Refusal>,
    /// The SHA-256 that names it.
    pub id: PlanId,
}

/// What a plan depends on besides desired and known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanOptions {
    /// Which organization it is for.
    pub endpoint: Endpoint,
    /// The day (UTC) it is for.
    pub date: Date,
    /// The number of removals that was allowed for this run.
    pub allow_removals: Option<usize>,
    /// The number of people who may become ADMIN that was allowed for this run.
    pub allow_new_admins: Option<usize>,
    /// How many invitations this wave may take.
    pub max_invites: Option<usize>,
}

impl PlanOptions {
    /// Nothing out of the ordinary.
    #[must_use]
    pub fn new(endpoint: Endpoint, date: Date) -> Self {
        Self { endpoint, date, allow_removals: None, allow_new_admins: None, max_invites: None }
    }
}

impl Plan {
    /// What closes the difference between `desired` and `known`.
    #[must_use]
    pub fn between(desired: &Desired, known: &Known, terms: &PlanOptions) -> Self {
        let mut difference = compare::difference(desired, known, terms.date);
        if !known.doubts.is_empty() {
            let mut changes = std::mem::take(&mut difference.changes);
            changes.retain(|change| !difference.is_removal(change));
            difference.changes = changes;
            difference.notes.retain(|note| note.kind() != NoteKind::LastProject);
        }
        difference.changes.sort_by(|a, b| a.order().cmp(&b.order()));
        if let Some(most) = terms.max_invites {
            compare::hold_invitations(&mut difference, most);
        }
        difference.notes.sort_by(|a, b| a.order().cmp(&b.order()));
        let refused = guard::refusals(desired, known, &difference, terms);
        Self { notes: difference.notes, refused, ..Self::of(difference.changes, desired, known, terms) }
    }

    /// The one invitation of `person`, whatever is known of an earlier one.
    #[must_use]
    pub fn inviting(person: &Person, desired: &Desired, known: &Known, terms: &PlanOptions) -> Self {
        Self::of(vec![compare::invitation(person)], desired, known, terms)
    }

    /// These changes, with nothing to say about them.
    fn of(changes: Vec<Change>, desired: &Desired, known: &Known, terms: &PlanOptions) -> Self {
        Self {
            id: PlanId::of(&terms.endpoint, terms.date, desired, &changes),
            endpoint: terms.endpoint.clone(),
            date: terms.date,
            evidence: known.evidence,
            changes,
            notes: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Whether that guard refuses it.
    #[must_use]
    pub fn is_refused_by(&self, guard: Guard) -> bool {
        self.refused.iter().any(|refusal| refusal.guard() == guard)
    }

    /// What each change means to the person, in the order of the changes.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        let last_project = |note: &&Note| note.kind() == NoteKind::LastProject;
        let kept: BTreeSet<_> =
            self.notes.iter().filter(last_project).map(|note| (&note.email, &note.project)).collect();
        let effect = |change: &Change| {
            let place = (Some(change.email().clone()), change.project().cloned());
            change.effect(!kept.is_empty() && kept.contains(&(&place.0, &place.1)))
        };
        self.changes.iter().map(effect).collect()
    }

    /// The notes that ask a person to act.
    pub fn attention(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(|note| note.needs_attention())
    }

    /// Whether there is anything to do, for `apply` or for a person.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.changes.is_empty() && self.attention().next().is_none()
    }

    /// The SHA-256 of changes and attention without dates and days, in hex: the same drift has the same id
    /// on every day.
    #[must_use]
    pub fn drift_id(&self) -> String {
        digest(&(&self.changes, self.attention().collect::<Vec<_>>()))
    }

    /// How many calls of each kind it makes, and what they amount to.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            calls: self.changes.len(),
            attention: self.attention().count(),
            new_admins: guard::new_admins(&self.changes).len(),
            removals: self.effects().into_iter().filter(|effect| effect.is_removal()).count(),
            ..Summary::default()
        };
        for change in &self.changes {
            match change {
                Change::Invite { .. } => summary.invite += 1,
                Change::Assign { .. } => summary.assign += 1,
                Change::ChangeRole { .. } => summary.change_role += 1,
                Change::Unassign { .. } => summary.unassign += 1,
            }
        }
        summary
    }
}

/// How many calls of each kind a plan makes, and what they amount to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Invitations.
    pub invite: usize,
    /// Roles given to members.
    pub assign: usize,
    /// Roles changed.
    pub change_role: usize,
    /// Projects taken away.
    pub unassign: usize,
    /// All calls that write.
    pub calls: usize,
    /// Notes that ask a person to act.
    pub attention: usize,
    /// People who become ADMIN in a managed project, invitations included.
    pub new_admins: usize,
    /// Projects removed and ADMIN roles taken away, or VIEWER given in place of a removal.
    pub removals: usize,
}

/// The SHA-256 of endpoint, date, desired state, policy and changes in canonical form, in hex.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(String);

impl PlanId {
    fn of(endpoint: &Endpoint, date: Date, desired: &Desired, changes: &[Change]) -> Self {
        // The maps are sorted and the fields stand in the order of their types, so that the same input
        // gives the same bytes. Nothing here can fail to serialize.
        Self(digest(&(endpoint, date, desired, changes)))
    }

    /// All 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PlanId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::escape::line(&self.0))
    }
}

/// The SHA-256 of the JSON of `value`, in hex.
fn digest(value: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    crate::words::hex(&Sha256::digest(bytes))
}
