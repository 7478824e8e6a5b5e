//! Reads what is known: from the service and the ledger, or from the ledger alone.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::progress::Progress;
use super::target::Target;
use super::terminal::Terminal;
use crate::api::{Pace, Reader};
use crate::clock::SystemClock;
use crate::desired::Desired;
use crate::escape;
use crate::known::{AppliedAccess, Known};
use crate::ledger::{self, AppliedPlans, Finding, Ledger, LedgerView, ReadingFacts};
use crate::observe::{NewSnapshot, Observation, Observer};
use crate::plan::{Drift, Past, Plan};
use crate::words;

/// Reads the members from the service.
pub(crate) async fn live(
    target: &Target,
    ledger: &Ledger,
    reader: &Reader,
    desired: &Desired,
    terminal: Terminal,
) -> Result<Observation, Failure> {
    let view = view(target, ledger, terminal)?;
    let projects = words::count(desired.projects.len(), "project");
    tracing::info!("Reading the members of {projects} from {}", target.endpoint);
    let observer = Observer { endpoint: &target.endpoint, reader, desired, clock: &SystemClock };
    let progress = Progress::reading(terminal, &target.endpoint);
    let mut live = progress.during(reader.activity(), observer.live(view)).await.map_err(Failure::new)?;
    live.known.applied = applied(target, ledger, desired)?;
    let (members, open) = (live.known.members.len(), live.known.invitations.len());
    tracing::info!(
        "Read {} and {}",
        words::count(members, "member"),
        words::count(open, "pending invitation")
    );
    Ok(live)
}

/// What a reading without doubts shows and the ledger has not recorded.
pub(crate) fn unrecorded(
    snapshot: Option<&NewSnapshot>,
    ledger: &Ledger,
) -> Result<Vec<ledger::Observed>, Failure> {
    snapshot.map_or(Ok(Vec::new()), |snapshot| snapshot.unrecorded(ledger)).map_err(Failure::new)
}

/// Saves a snapshot, if there is one, with what it means for the team file, if that is known.
pub(crate) fn keep(snapshot: Option<NewSnapshot>, facts: &ReadingFacts, ledger: &Ledger, terminal: Terminal) {
    if let Some(Err(error)) = snapshot.map(|snapshot| snapshot.keep(ledger, facts)) {
        terminal.warn(&format!("cannot save the snapshot for `plan --offline`: {error}"));
    }
}

/// What a plan from a live reading means for the team file.
pub(crate) fn finding(plan: &Plan) -> Finding {
    if plan.is_clean() {
        return Finding::Clean;
    }
    let (changes, attention) = (plan.changes.len(), plan.attention().count());
    Finding::Drift(Drift { id: plan.drift_id(), since: plan.evidence.read_at, changes, attention })
}

/// Reads from the service or, with `offline`, from the ledger alone. The rate limit is the most recent one. The
/// snapshot is not saved yet.
pub(crate) async fn live_or_offline(
    offline: bool,
    global: &GlobalArgs,
    target: &Target,
    desired: &Desired,
    terminal: Terminal,
) -> Result<(Observation, Option<Pace>), Failure> {
    let ledger = target.ledger()?;
    if offline {
        let known = self::offline(target, &ledger, desired, terminal)?;
        return Ok((Observation { known, applied_plans: AppliedPlans::default(), snapshot: None }, None));
    }
    let connection = target.connect_to_read(global, Some(desired), terminal).await?;
    let observed = live(target, &ledger, &connection.client, desired, terminal).await?;
    let rate = connection.client.pace();
    connection.close().await?;
    Ok((observed, rate))
}

/// The last snapshot in the ledger, with what guestlist has done since.
fn offline(
    target: &Target,
    ledger: &Ledger,
    desired: &Desired,
    terminal: Terminal,
) -> Result<Known, Failure> {
    let view = view(target, ledger, terminal)?;
    let managed: BTreeSet<_> = desired.projects.keys().cloned().collect();
    let read = view.projects();
    let unread: Vec<_> =
        managed.iter().filter(|id| !read.contains(*id)).map(|id| desired.project_name(id)).collect();
    // The oldest one: nothing on the page is older than it says.
    let Some(read_at) = view.snapshots(&managed).map(|reading| reading.read_at).min() else {
        return Err(Failure::new(format!(
            "the ledger `{}` has no saved snapshot of {}; run `guestlist plan` online first",
            escape::line(&target.ledger_name),
            target.endpoint
        )));
    };
    if !unread.is_empty() {
        return Err(Failure::new(format!(
            "the saved snapshot of {read_at:.0} does not include {}; run `guestlist plan` online first",
            words::list(&unread)
        )));
    }
    let age = Timestamp::now().duration_since(read_at);
    let age = age.try_into().unwrap_or_default();
    terminal.say(&format!("Offline: the snapshot is {} old.", words::about(age)));
    let organization: BTreeSet<_> =
        view.snapshots(&managed).flat_map(|reading| reading.organization.iter().cloned()).collect();
    let invitations = view.invitations(Some(&organization)).within(desired);
    let applied = applied(target, ledger, desired)?;
    Ok(Known { applied, ..Known::offline(read_at, view.members(&managed), invitations) })
}

/// What the last applied file gave, if the plan depends on it.
fn applied(target: &Target, ledger: &Ledger, desired: &Desired) -> Result<Option<AppliedAccess>, Failure> {
    if !desired.policy.depends_on_applied() {
        return Ok(None);
    }
    ledger.applied(target.endpoint.realm()).map_err(Failure::new)
}

/// What the ledger knew before this command.
pub(crate) fn past(target: &Target) -> Result<Past, Failure> {
    // Warnings are printed when the ledger is read for the plan itself.
    let view = target.ledger()?.view(target.endpoint.realm()).map_err(Failure::new)?;
    let access = target.ledger()?.access(target.endpoint.realm()).map_err(Failure::new)?;
    Ok(Past { roles: access.roles(), projects: view.recorded_projects(&access) })
}

fn view(target: &Target, ledger: &Ledger, terminal: Terminal) -> Result<LedgerView, Failure> {
    tracing::info!("Reading the ledger `{}`", escape::line(&target.ledger_name));
    let view = ledger.view(target.endpoint.realm()).map_err(Failure::new)?;
    for warning in &view.warnings {
        terminal.warn(&warning.to_string());
    }
    Ok(view)
}
