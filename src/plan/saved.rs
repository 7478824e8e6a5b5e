//! A plan on disk, so that what was reviewed is what runs. Anything doubtful is refused.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Change, Guard, NoteKind, Plan, PlanId, PlanOptions, digest};
use crate::desired::Desired;
use crate::known::{Evidence, Known};
use crate::model::{Email, Endpoint, ProjectId, UserId};

/// The version of this format.
pub const FORMAT_VERSION: u32 = 1;

/// A plan with the resolved desired state, so that it can be applied without the team file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    format_version: u32,
    /// Its id.
    pub plan_id: PlanId,
    /// When it was made, to the millisecond. Together with the id it identifies the plan.
    pub made_at: Timestamp,
    /// The organization.
    pub endpoint: Endpoint,
    /// The ledger, relative to the folder in which the plan was made.
    pub ledger: String,
    /// The day (UTC).
    pub date: Date,
    /// Where the members were read from, and when.
    pub evidence: Evidence,
    /// The team file, resolved, with its policy.
    pub desired: Desired,
    /// The people it is limited to (`--only`); everyone if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Email>,
    /// Whether it has only some of the invitations (`--max-invites`).
    #[serde(default)]
    pub wave: bool,
    /// Whether `--allow-removals` had the number of its removals.
    #[serde(default)]
    pub removals_allowed: bool,
    /// Whether `--allow-new-admins` had the number of its new ADMINs.
    #[serde(default)]
    pub new_admins_allowed: bool,
    /// The calls, in the order of execution.
    pub changes: Vec<Change>,
    /// The SHA-256 (hex) of all of the above.
    #[serde(default)]
    seal: String,
}

/// Why a saved plan cannot be applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SavedPlanError {
    /// It is not JSON, or not a plan.
    Unreadable(String),
    /// Another version of guestlist wrote it, in this version of the format.
    OtherVersion(u64),
    /// Its content does not match its digests.
    Tampered,
    /// It is for another organization.
    OtherEndpoint {
        /// The plan's organization.
        saved: Endpoint,
        /// This run's organization.
        asked: Endpoint,
    },
    /// It is for a day in the future.
    Early(Date),
    /// It has no `made_at`: an older guestlist made it.
    Undated,
}

/// Changes that would be made now and that the saved plan does not have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unlisted(pub Vec<Change>);

impl SavedPlan {
    /// The part of `plan` that apply needs.
    #[must_use]
    pub fn new(
        plan: &Plan,
        made_at: Timestamp,
        desired: &Desired,
        ledger: &str,
        options: &PlanOptions,
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
            only: options.only.clone(),
            wave: plan.notes.iter().any(|note| note.kind() == NoteKind::Wave),
            removals_allowed: options.allow_removals.is_some() && !plan.is_refused_by(Guard::MaxRemovals),
            new_admins_allowed: options.allow_new_admins.is_some()
                && !plan.is_refused_by(Guard::MaxNewAdmins),
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

    /// Reads the file and checks its digests.
    ///
    /// # Errors
    /// If it is not a plan, or of another version, or was edited.
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
        // Anyone can make digests that match, so the endpoint is checked like that of a team file.
        if saved.endpoint != Endpoint::sandbox()
            && let Err(why) = saved.endpoint.as_str().parse::<Endpoint>()
        {
            return Err(SavedPlanError::Unreadable(format!("its endpoint cannot be used: {why}")));
        }
        // The digests cover only what is parsed. Anything else, such as an ignored field, is not part of a plan.
        if saved.to_json() == text { Ok(saved) } else { Err(SavedPlanError::Tampered) }
    }

    /// Whether it may be applied to `endpoint` on `today`.
    ///
    /// # Errors
    /// If it is for another organization or a later day.
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

    /// The remaining part of it, given `known`. Changes already in place are dropped.
    ///
    /// The plan is made again for its own day, so nothing is done that was not reviewed, and for the day of
    /// `options`, so access whose `until` has passed since is not granted.
    ///
    /// # Errors
    /// The changes that the saved plan does not have, or that the file no longer asks for.
    pub fn again(&self, known: &Known, options: &PlanOptions) -> Result<Plan, Unlisted> {
        let only = &self.only;
        let on = |date| PlanOptions { date, max_invites: None, only: only.clone(), ..options.clone() };
        let mut now = Plan::between(&self.desired, known, &on(self.date));
        // What was allowed as a whole is allowed in part, because some of it may be in place already.
        now.refused.retain(|refusal| match refusal.guard() {
            Guard::MaxRemovals => !self.removals_allowed,
            Guard::MaxNewAdmins => !self.new_admins_allowed,
            Guard::DoubtfulReading | Guard::EmptyPeople | Guard::ListedTwice | Guard::KeepAdmins => true,
        });
        let ours = by_place(&self.changes);
        let (listed, rest): (Vec<_>, Vec<_>) =
            now.changes.into_iter().partition(|change| is_listed(&ours, change));
        // The invitations that a limit held back are left for a later run.
        let mut unlisted: Vec<_> = rest
            .into_iter()
            .filter(|change| !(self.wave && matches!(change, Change::Invite { .. })))
            .collect();
        let of_today = Plan::between(&self.desired, known, &on(options.date)).changes;
        let today = by_place(&of_today);
        let is_due = |change: &&Change| is_listed(&today, change) || is_part_of_invitation(&today, change);
        unlisted.extend(listed.iter().filter(|change| !is_due(change)).cloned());
        if !unlisted.is_empty() {
            return Err(Unlisted(unlisted));
        }
        now.changes = listed;
        // This is the plan that was reviewed, even if some of it is in place already.
        now.id = self.plan_id.clone();
        Ok(now)
    }
}

/// Changes by what they are about: at most one for each person and project.
fn by_place(changes: &[Change]) -> BTreeMap<(bool, &Email, Option<&ProjectId>), &Change> {
    changes.iter().map(|change| (change.order(), change)).collect()
}

/// Whether `change` is one of `listed`. A plan made offline may not have the user's id; then the person, the
/// project and the roles must match.
fn is_listed(listed: &BTreeMap<(bool, &Email, Option<&ProjectId>), &Change>, change: &Change) -> bool {
    let Some(&listed) = listed.get(&change.order()) else { return false };
    *listed == *change || *listed == without_id(change)
}

/// Whether `change` is an invitation with a part of the access in that of `today`. The rest follows once the
/// person is a member.
fn is_part_of_invitation(
    today: &BTreeMap<(bool, &Email, Option<&ProjectId>), &Change>,
    change: &Change,
) -> bool {
    match (today.get(&change.order()), change) {
        (Some(Change::Invite { projects: all, .. }), Change::Invite { projects, .. }) => {
            projects.iter().all(|(project, role)| all.get(project) == Some(role))
        }
        _ => false,
    }
}

fn without_id(change: &Change) -> Change {
    let mut change = change.clone();
    if let Change::ChangeRole { user_id, .. } | Change::Unassign { user_id, .. } = &mut change {
        *user_id = UserId::new("");
    }
    change
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{TODAY, known, person, team};

    #[test]
    fn an_endpoint_that_is_not_valid_in_a_team_file_is_refused_even_if_the_digests_match() {
        let desired = team(&format!("people:\n{}", person("ana@example.com", "storefront: USER"))).desired;
        let known = known(&[], &[]);
        let read_back = |endpoint: &str| {
            let endpoint: Endpoint = serde_json::from_value(endpoint.into()).unwrap();
            let options = PlanOptions::new(endpoint, TODAY);
            let plan = Plan::between(&desired, &known, &options);
            let saved = SavedPlan::new(&plan, known.evidence.read_at, &desired, ".guestlist", &options);
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
