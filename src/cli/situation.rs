//! What a plan is made from: the team, its target, what is known, and the options of this command.

use std::path::Path;

use jiff::civil::Date;

use super::args::{GlobalArgs, PlanFlags, TEAM_FILE};
use super::failure::Failure;
use super::load;
use super::mixup::person_meant;
use super::observe;
use super::target::Target;
use super::terminal::Terminal;
use crate::api::{self, Pace};
use crate::clock::today;
use crate::desired::{Desired, Team};
use crate::files::folder_of;
use crate::known::Known;
use crate::ledger::ReadingFacts;
use crate::model::{Email, Estimate};
use crate::observe::{NewSnapshot, Observation};
use crate::plan::{Plan, PlanOptions};
use crate::words;

/// A team, and what is known about its organization.
pub(crate) struct Situation {
    /// The team file, resolved.
    pub(crate) team: Team,
    /// The organization and the ledger.
    pub(crate) target: Target,
    /// Members and invitations.
    pub(crate) known: Known,
    /// The snapshot of a live reading, which is not saved yet.
    pub(crate) snapshot: Option<NewSnapshot>,
    /// The most recent rate limit, if the service was asked and named one.
    pub(crate) pace: Option<Pace>,
}

impl Situation {
    /// Asks the service or, with `offline`, the ledger alone.
    pub(crate) async fn observe(
        team: Team,
        target: Target,
        offline: bool,
        global: &GlobalArgs,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        let (observed, pace) =
            observe::live_or_offline(offline, global, &target, &team.desired, terminal).await?;
        let Observation { known, snapshot, .. } = observed;
        Ok(Self { team, target, known, snapshot, pace })
    }

    /// Saves the snapshot, if there is one.
    pub(crate) fn keep(&mut self, facts: &ReadingFacts, terminal: Terminal) -> Result<(), Failure> {
        observe::keep(self.snapshot.take(), facts, &self.target.ledger()?, terminal);
        Ok(())
    }

    /// Today's plan, without limits or overrides.
    pub(crate) fn plan(&self) -> Plan {
        let options = PlanOptions::new(self.target.endpoint.clone(), today());
        Plan::between(&self.team.desired, &self.known, &options)
    }
}

/// The target of a command that needs only a ledger, and the team, if there is one. Without `--ledger`, a file
/// that is named or is there must be valid, because it names the ledger.
pub(crate) fn ledger_of(
    path: &Path,
    global: &GlobalArgs,
    terminal: Terminal,
) -> Result<(Target, Option<Team>), Failure> {
    let is_default = path == Path::new(TEAM_FILE);
    let team = match &global.ledger {
        Some(_) => load::load(path).ok().and_then(|loaded| loaded.team),
        None if is_default && !path.exists() => None,
        None => Some(load::team(path, terminal)?),
    };
    let target = match &team {
        Some(team) => Target::of_team(global, path, team)?,
        None => Target::new(global, &folder_of(path), None)?,
    };
    Ok((target, team))
}

/// The options of a plan for `date`, with the limits and overrides of this command.
pub(crate) fn plan_options(target: &Target, date: Date, flags: &PlanFlags) -> PlanOptions {
    let PlanFlags { ref only, allow_removals, allow_new_admins, max_invites } = *flags;
    let mut only: Vec<_> = only.iter().map(|email| Email::as_received(email)).collect();
    only.sort();
    only.dedup();
    PlanOptions {
        allow_removals,
        allow_new_admins,
        max_invites,
        only,
        ..PlanOptions::new(target.endpoint.clone(), date)
    }
}

/// Refuses an address of `--only` that means no one, because the plan would be empty for a typing error.
pub(crate) fn must_mean_someone(only: &[Email], desired: &Desired, known: &Known) -> Result<(), Failure> {
    for email in only {
        if !desired.people.contains_key(email) && !known.has(email) {
            let people = desired.people.keys().chain(known.members.keys()).map(Email::as_str);
            return Err(Failure::new(format!(
                "--only {email} is not in the team file, not a member of a managed project, and has no pending invitation{}",
                person_meant(email.as_str(), people)
            )));
        }
    }
    Ok(())
}

/// How long the calls of `plan` will take under the most recent rate limit.
pub(crate) fn estimate(plan: &Plan, pace: Option<&Pace>) -> Option<Estimate> {
    api::estimate(plan.changes.len() as u64, pace?)
}

/// Says with -v what the plan amounts to.
pub(crate) fn trace_plan(plan: &Plan) {
    let (changes, notes) =
        (words::count(plan.changes.len(), "change"), words::count(plan.notes.len(), "note"));
    tracing::info!("Planned {changes} and {notes}");
}

/// Refuses a plan that a guard blocks.
pub(crate) fn must_not_be_blocked(plan: &Plan) -> Result<(), Failure> {
    if plan.refused.is_empty() {
        return Ok(());
    }
    let guards = words::count(plan.refused.len(), "guard");
    Err(Failure::Blocked(format!("plan blocked by {guards}; nothing will be applied")))
}
