//! The plan: the changes that apply would make, notes, and the guards that block it.
//!
//! A pure function of desired, known and a date: no clock, no network, no map order. Same input, same bytes.

mod annotations;
mod applied;
mod change;
mod compare;
mod difference;
mod drift;
mod effect;
mod guard;
mod note;
mod origin;
mod saved;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::desired::{Desired, Person};
use crate::known::{Evidence, Known};
use crate::model::{Email, Endpoint};

pub use applied::applied;
pub use change::Change;
pub use drift::Drift;
pub use effect::Effect;
pub use guard::{Exceeded, Guard, Refusal};
pub use note::{Fact, Later, Note, NoteKind};
pub use origin::{Origin, Origins, Past, origins};
pub use saved::{FORMAT_VERSION as SAVED_PLAN_VERSION, SavedPlan, SavedPlanError, Unlisted};

/// An invitation is stale if it has been pending for more than this many days.
pub const STALE_DAYS: i32 = 14;

/// The sorted changes and notes, and the guards that block it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The organization.
    pub endpoint: Endpoint,
    /// The day (UTC).
    pub date: Date,
    /// Where the members were read from, and when.
    pub evidence: Evidence,
    /// The calls, in the order of execution.
    pub changes: Vec<Change>,
    /// What leads to no call. Those that need attention come first.
    pub notes: Vec<Note>,
    /// The guards that block it; empty if it may be applied.
    pub refused: Vec<Refusal>,
    /// The people it is limited to; everyone if `None`.
    pub only: Option<Only>,
    /// Its id.
    pub id: PlanId,
}

/// What a plan for some people alone leaves out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Only {
    /// These people, as they were named.
    pub people: Vec<Email>,
    /// The number of changes for others that are left out.
    pub left_out: usize,
}

/// The inputs of a plan besides desired and known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanOptions {
    /// The organization.
    pub endpoint: Endpoint,
    /// The day (UTC).
    pub date: Date,
    /// The number of removals that this run allows (`--allow-removals`).
    pub allow_removals: Option<usize>,
    /// The number of new ADMINs that this run allows (`--allow-new-admins`).
    pub allow_new_admins: Option<usize>,
    /// The most invitations that this run may send (`--max-invites`).
    pub max_invites: Option<usize>,
    /// The people the plan is limited to (`--only`); everyone if empty.
    pub only: Vec<Email>,
}

impl Plan {
    /// The people it is limited to; everyone if empty.
    #[must_use]
    pub fn only(&self) -> &[Email] {
        self.only.as_ref().map_or(&[], |only| &only.people)
    }
}

impl PlanOptions {
    /// Without overrides and limits.
    #[must_use]
    pub fn new(endpoint: Endpoint, date: Date) -> Self {
        let (allow_removals, allow_new_admins, max_invites) = (None, None, None);
        Self { endpoint, date, allow_removals, allow_new_admins, max_invites, only: Vec::new() }
    }
}

impl Plan {
    /// The changes that close the difference between `desired` and `known`.
    #[must_use]
    pub fn between(desired: &Desired, known: &Known, options: &PlanOptions) -> Self {
        let mut difference = compare::difference(desired, known, options.date);
        if !known.doubts.is_empty() {
            difference.drop_removals();
        }
        let only = (!options.only.is_empty()).then(|| Only {
            people: options.only.clone(),
            left_out: difference.keep_only(known, &options.only),
        });
        difference.changes.sort_by(|a, b| a.order().cmp(&b.order()));
        if let Some(most) = options.max_invites {
            difference.hold_invitations(most);
        }
        difference.notes.sort_by(|a, b| a.order().cmp(&b.order()));
        let refused = guard::refusals(desired, known, &difference, options);
        Self {
            notes: difference.notes,
            refused,
            only,
            ..Self::of(difference.changes, desired, known, options)
        }
    }

    /// One invitation of `person` with what is due, even if an earlier one is pending. No change if nothing is.
    #[must_use]
    pub fn inviting(person: &Person, desired: &Desired, known: &Known, options: &PlanOptions) -> Self {
        Self::of(compare::invitation(person, options.date).into_iter().collect(), desired, known, options)
    }

    /// Adds notes on the reasons and review dates that differ from those of `base`.
    pub fn add_annotations(&mut self, desired: &Desired, base: &Desired, known: &Known) {
        let mut notes = annotations::annotations(desired, base);
        if let Some(only) = &self.only {
            let people = difference::with_addresses(known, &only.people);
            notes.retain(|note| note.email.as_ref().is_some_and(|email| people.contains(email)));
        }
        self.notes.extend(notes);
        self.notes.sort_by(|a, b| a.order().cmp(&b.order()));
    }

    /// These changes, without notes or guards.
    fn of(changes: Vec<Change>, desired: &Desired, known: &Known, options: &PlanOptions) -> Self {
        Self {
            id: PlanId::of(&options.endpoint, options.date, desired, &changes),
            endpoint: options.endpoint.clone(),
            date: options.date,
            evidence: known.evidence,
            changes,
            notes: Vec::new(),
            refused: Vec::new(),
            only: None,
        }
    }

    /// Whether that guard blocks it.
    #[must_use]
    pub fn is_refused_by(&self, guard: Guard) -> bool {
        self.refused.iter().any(|refusal| refusal.guard() == guard)
    }

    /// The effect of each change, in the order of the changes.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        effect::effects(&self.changes, &self.notes)
    }

    /// The notes that need attention.
    pub fn attention(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(|note| note.needs_attention())
    }

    /// Whether it has no changes and no note that needs attention.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.changes.is_empty() && self.attention().next().is_none()
    }

    /// The SHA-256 (hex) of the changes and the notes that need attention, without dates: the same drift has
    /// the same id on every day.
    #[must_use]
    pub fn drift_id(&self) -> String {
        digest(&(&self.changes, self.attention().collect::<Vec<_>>()))
    }

    /// Its numbers.
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

/// The numbers of a plan, for programs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Invitations.
    pub invite: usize,
    /// Roles granted to members in further projects.
    pub assign: usize,
    /// Roles changed.
    pub change_role: usize,
    /// Projects removed.
    pub unassign: usize,
    /// All calls, which is the number of changes.
    pub calls: usize,
    /// Notes that need attention.
    pub attention: usize,
    /// People who become ADMIN in a managed project, invitations included.
    pub new_admins: usize,
    /// Changes that remove access: projects removed, ADMIN lowered, and VIEWER in place of a removal.
    pub removals: usize,
}

/// The SHA-256 (hex) of endpoint, date, desired state, policy and changes in canonical form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(String);

impl PlanId {
    fn of(endpoint: &Endpoint, date: Date, desired: &Desired, changes: &[Change]) -> Self {
        // Maps are sorted and fields have a fixed order, so the same input has the same bytes. Nothing here can
        // fail to serialize.
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
