//! A plan on disk: what was reviewed is what runs. Everything in doubt is refused.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Change, Guard, NoteKind, Plan, PlanId, PlanOptions, digest};
use crate::desired::Desired;
use crate::known::{Evidence, Known};
use crate::model::{Email, Endpoint, ProjectId, UserId};

/// The one format of this file that there is.
const FORMAT_VERSION: u32 = 1;

/// A plan with the resolved desired state, so that it can be applied without the team file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    format_version: u32,
    /// The SHA-256 that names it.
    pub plan_id: PlanId,
    /// When it was made, to the millisecond. With the id it tells this plan from every other.
    pub made_at: Timestamp,
    /// Which organization it is for.
    pub endpoint: Endpoint,
    /// Where the ledger is, as seen from where the plan was made.
    pub ledger: String,
    /// The day (UTC) it is for.
    pub date: Date,
    /// How and when what is known was learned.
    pub evidence: Evidence,
    /// The team file, resolved, with its policy.
    pub desired: Desired,
    /// Whether it takes some of the invitations only.
    #[serde(default)]
    pub wave: bool,
    /// Whether its removals were allowed by their number when the plan was made.
    #[serde(default)]
    pub removals_allowed: bool,
    /// Whether its new ADMINs were allowed by their number when the plan was made.
    #[serde(default)]
    pub new_admins_allowed: bool,
    /// The calls, in the order of execution.
    pub changes: Vec<Change>,
    /// The SHA-256 of all of the above.
    #[serde(default)]
    seal: String,
}

/// Why a saved plan is not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SavedPlanError {
    /// It is no JSON, or not of the form of a plan.
    Unreadable(String),
    /// Another guestlist wrote it.
    OtherVersion(u64),
    /// Its content is not what its ids were made of.
    Tampered,
    /// It is for another organization.
    OtherEndpoint {
        /// Of the plan.
        saved: Endpoint,
        /// Of this run.
        asked: Endpoint,
    },
    /// It is for a day that has not come.
    Early(Date),
    /// It does not say when it was made: an older guestlist made it.
    Undated,
}

/// What would now be done and was not listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unlisted(pub Vec<Change>);

impl SavedPlan {
    /// What is to be kept of `plan`.
    #[must_use]
    pub fn new(
        plan: &Plan,
        made_at: Timestamp,
        desired: &Desired,
        ledger: &str,
        terms: &PlanOptions,
    ) -> Self {
        let mut saved = Self {
            format_version: FORMAT_VERSION,
            plan_id: plan.id.clone(),
            made_at: Timestamp::from_millisecond(made_at.as_millisecond()).unwrap_or(made_at),
            endpoint: plan.endpoint.clone(),
            ledger: ledger.to_owned(),
            date: plan.date,
            evidence: plan.evidence,
            desired: desired.clone(),
            wave: plan.notes.iter().any(|note| note.kind() == NoteKind::Wave),
            removals_allowed: terms.allow_removals.is_some() && !plan.is_refused_by(Guard::MaxRemovals),
            new_admins_allowed: terms.allow_new_admins.is_some() && !plan.is_refused_by(Guard::MaxNewAdmins),
            changes: plan.changes.clone(),
            seal: String::new(),
        };
        saved.seal = digest(&saved);
        saved
    }

    /// The file.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads the file back and checks that it is whole.
    ///
    /// # Errors
    /// When it is no plan, another version's, or was edited.
    pub fn from_json(text: &str) -> Result<Self, SavedPlanError> {
        #[derive(Deserialize)]
        struct Head {
            format_version: u64,
            plan_id: Option<serde::de::IgnoredAny>,
            made_at: Option<serde::de::IgnoredAny>,
        }
        let unreadable = |error: serde_json::Error| SavedPlanError::Unreadable(error.to_string());
        let head: Head = serde_json::from_str(text).map_err(unreadable)?;
        if head.format_version != u64::from(FORMAT_VERSION) {
            return Err(SavedPlanError::OtherVersion(head.format_version));
        }
        if head.plan_id.is_some() && head.made_at.is_none() {
            return Err(SavedPlanError::Undated);
        }
        let mut saved: Self = serde_json::from_str(text).map_err(unreadable)?;
        let seal = std::mem::take(&mut saved.seal);
        let id = PlanId::of(&saved.endpoint, saved.date, &saved.desired, &saved.changes);
        if seal != digest(&saved) || id != saved.plan_id {
            return Err(SavedPlanError::Tampered);
        }
        saved.seal = seal;
        // Anybody can make digests that match. The credentials go to no place that the team file could not name.
        if saved.endpoint != Endpoint::sandbox()
            && let Err(why) = saved.endpoint.as_str().parse::<Endpoint>()
        {
            return Err(SavedPlanError::Unreadable(format!("its endpoint cannot be used: {why}")));
        }
        // What the digests do not cover, such as a field that nobody reads, is no part of a plan either.
        if saved.to_json() == text { Ok(saved) } else { Err(SavedPlanError::Tampered) }
    }

    /// Whether it may be applied to `endpoint` on `today`.
    ///
    /// # Errors
    /// When it is for another organization or a later day.
    pub fn check(&self, endpoint: &Endpoint, today: Date) -> Result<(), SavedPlanError> {
        if self.endpoint != *endpoint {
            return Err(SavedPlanError::OtherEndpoint {
                saved: self.endpoint.clone(),
                asked: endpoint.clone(),
            });
        }
        if self.date > today {
            return Err(SavedPlanError::Early(self.date));
        }
        Ok(())
    }

    /// What of it is to be done now that `known` is so. What holds already falls out.
    ///
    /// The plan is made again for its own day, so that nothing is done that was not reviewed, and for
    /// the day of `terms`, so that nobody is given what a date in the file has ended meanwhile.
    ///
    /// # Errors
    /// The changes that were not listed, or that the file does not ask for any more.
    pub fn again(&self, known: &Known, terms: &PlanOptions) -> Result<Plan, Unlisted> {
        let on = |date| PlanOptions { date, max_invites: None, ..terms.clone() };
        let mut now = Plan::between(&self.desired, known, &on(self.date));
        // What was allowed as a whole is allowed in part: some of it may have been done meanwhile.
        now.refused.retain(|refusal| match refusal.guard() {
            Guard::MaxRemovals => !self.removals_allowed,
            Guard::MaxNewAdmins => !self.new_admins_allowed,
            Guard::DoubtfulReading | Guard::EmptyPeople | Guard::ListedTwice | Guard::KeepAdmins => true,
        });
        let ours = by_place(&self.changes);
        let (listed, rest): (Vec<_>, Vec<_>) =
            now.changes.into_iter().partition(|change| is_listed(&ours, change));
        // A wave lists some of the invitations only; the others are left for a later one.
        let mut unlisted: Vec<_> = rest
            .into_iter()
            .filter(|change| !(self.wave && matches!(change, Change::Invite { .. })))
            .collect();
        let of_today = Plan::between(&self.desired, known, &on(terms.date)).changes;
        let today = by_place(&of_today);
        unlisted.extend(listed.iter().filter(|change| !is_listed(&today, change)).cloned());
        if !unlisted.is_empty() {
            return Err(Unlisted(unlisted));
        }
        now.changes = listed;
        // It is this plan that was reviewed, even where some of it holds already.
        now.id = self.plan_id.clone();
        Ok(now)
    }
}

/// Changes by what they are about: there is at most one for each person and project.
fn by_place(changes: &[Change]) -> BTreeMap<(bool, &Email, Option<&ProjectId>), &Change> {
    changes.iter().map(|change| (change.order(), change)).collect()
}

/// Whether `change` is one of `listed`. A plan that was made offline may not have known a user's id; then
/// the person, the project and the roles have to agree.
fn is_listed(listed: &BTreeMap<(bool, &Email, Option<&ProjectId>), &Change>, change: &Change) -> bool {
    let Some(&listed) = listed.get(&change.order()) else { return false };
    *listed == *change || *listed == without_id(change)
}

fn without_id(change: &Change) -> Change {
    let mut change = change.clone();
    if let Change::ChangeRole { user_id, .. } | Change::Unassign { user_id, .. } = &mut change {
        *user_id = UserId::new("");
    }
    change
}

impl fmt::Display for SavedPlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => {
                write!(
                    f,
                    "not a saved plan ({}); make one with `guestlist plan --out`",
                    crate::escape::line(why)
                )
            }
            Self::OtherVersion(version) => write!(
                f,
                "its format is version {version} and this guestlist reads version {FORMAT_VERSION}; make the plan with the guestlist that applies it"
            ),
            Self::Tampered => f.write_str(
                "it was changed after it was made: its digests do not match its content; make a new plan",
            ),
            Self::OtherEndpoint { saved, asked } => {
                write!(f, "it was made for {saved} and this run is for {asked}; make a plan for this one")
            }
            Self::Undated => f.write_str(
                "it does not say when it was made, so an older guestlist made it; make a new plan",
            ),
            Self::Early(date) => write!(f, "it is for {date}, which is in the future (UTC)"),
        }
    }
}

impl std::error::Error for SavedPlanError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::samples::{TODAY, known, person, team};

    #[test]
    fn an_endpoint_that_no_team_file_could_name_is_refused_however_it_is_sealed() {
        let desired = team(&format!("people:\n{}", person("ana@example.com", "storefront: USER"))).desired;
        let known = known(&[], &[]);
        let read_back = |endpoint: &str| {
            let endpoint: Endpoint = serde_json::from_value(endpoint.into()).unwrap();
            let terms = PlanOptions::new(endpoint, TODAY);
            let plan = Plan::between(&desired, &known, &terms);
            let saved = SavedPlan::new(&plan, known.evidence.read_at, &desired, ".guestlist", &terms);
            SavedPlan::from_json(&saved.to_json()).map(|saved| saved.endpoint.to_string())
        };
        for good in ["sandbox", "https://api.voucherify.io", "http://127.0.0.1:8080"] {
            assert_eq!(read_back(good), Ok(good.to_owned()));
        }
        for bad in ["http://api.voucherify.io", "https://a@example.com", "elsewhere"] {
            assert!(matches!(read_back(bad), Err(SavedPlanError::Unreadable(_))), "{bad}");
        }
    }
}
