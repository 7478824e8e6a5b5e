//! The plan: what apply would do, what it would not, and whether it may.
//!
//! A pure function of desired, known and a date: no clock, no network, no map order. Same input,
//! same bytes.

mod between;
mod change;
mod guard;
mod note;
mod origin;
mod saved;
#[cfg(test)]
pub(crate) mod testing;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::desired::{Desired, Person};
use crate::identity::Endpoint;
use crate::known::{Evidence, Known};

pub use change::Change;
pub use guard::{Guard, Refusal};
pub use note::{Note, NoteKind};
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
pub struct Terms {
    /// Which organization it is for.
    pub endpoint: Endpoint,
    /// The day (UTC) it is for.
    pub date: Date,
    /// The number of removals that was allowed for this run.
    pub allow_removals: Option<usize>,
    /// How many invitations this wave may take.
    pub max_invites: Option<usize>,
}

impl Terms {
    /// Nothing out of the ordinary.
    #[must_use]
    pub fn new(endpoint: Endpoint, date: Date) -> Self {
        Self { endpoint, date, allow_removals: None, max_invites: None }
    }
}

impl Plan {
    /// What closes the difference between `desired` and `known`.
    #[must_use]
    pub fn between(desired: &Desired, known: &Known, terms: &Terms) -> Self {
        let mut difference = between::difference(desired, known, terms.date);
        if !known.doubts.is_empty() {
            difference.changes.retain(|change| !change.is_reduction());
            difference.notes.retain(|note| note.kind != NoteKind::LastProject);
        }
        difference.changes.sort_by(|a, b| a.order().cmp(&b.order()));
        if let Some(most) = terms.max_invites {
            between::hold_invitations(&mut difference, most);
        }
        difference.notes.sort();
        let refused = guard::refusals(desired, known, &difference, terms.allow_removals);
        Self { notes: difference.notes, refused, ..Self::of(difference.changes, desired, known, terms) }
    }

    /// The one invitation of `person`, whatever is known of an earlier one.
    #[must_use]
    pub fn inviting(person: &Person, desired: &Desired, known: &Known, terms: &Terms) -> Self {
        Self::of(vec![between::invitation(person)], desired, known, terms)
    }

    /// These changes, with nothing to say about them.
    fn of(changes: Vec<Change>, desired: &Desired, known: &Known, terms: &Terms) -> Self {
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
        self.refused.iter().any(|refusal| refusal.guard == guard)
    }

    /// How many calls of each kind it makes.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary::of(&self.changes)
    }
}

/// How many calls of each kind a plan makes.
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
}

impl Summary {
    fn of(changes: &[Change]) -> Self {
        let mut summary = Self { calls: changes.len(), ..Self::default() };
        for change in changes {
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
        f.write_str(&crate::inert::line(&self.0))
    }
}

/// The SHA-256 of the JSON of `value`, in hex.
fn digest(value: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    crate::wording::hex(&Sha256::digest(bytes))
}
