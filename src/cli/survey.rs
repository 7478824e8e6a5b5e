//! Learns what is known: from the service and the ledger, or from the ledger alone.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::connection::Place;
use super::failure::Failure;
use super::terminal::Terminal;
use crate::api::Reader;
use crate::desired::Desired;
use crate::identity::ProjectId;
use crate::known::{Known, Project, Reading, with_writes};
use crate::ledger::{self, Ledger, Standing};
use crate::plan::Past;
use crate::wording;

/// How many lists are read at once.
const CONCURRENCY: usize = 8;

/// A list is not believed to lag longer than this behind what guestlist did.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// Asks the service. A reading that raises doubts is made once more before it is given back with them.
pub(crate) async fn live(
    place: &Place,
    ledger: &Ledger,
    reader: &Reader,
    desired: &Desired,
    terminal: Terminal,
) -> Result<Known, Failure> {
    let standing = standing(place, ledger, terminal)?;
    check_projects(reader, desired).await?;
    let projects: Vec<ProjectId> = desired.projects.keys().cloned().collect();
    let lists = reader.users_of(&projects, CONCURRENCY).await.map_err(Failure::new)?;
    let mut reading = Reading { read_at: Timestamp::now(), lists };

    let last = standing
        .reading
        .as_ref()
        .map(|reading| with_writes(reading.members.clone(), &standing.writes.since(reading.read_at)));
    let last = last.unwrap_or_default();
    let recent = standing.writes.since(reading.read_at - SETTLED_AFTER);
    let invitations = standing.invitations.out;
    let mut known = reading.live(invitations.clone(), recent.clone(), &last);
    let again = known.doubtful_projects(&projects);
    if !again.is_empty() {
        tracing::info!(projects = again.len(), "reading doubtful lists once more");
        reading.lists.extend(reader.users_of(&again, CONCURRENCY).await.map_err(Failure::new)?);
        reading.read_at = Timestamp::now();
        known = reading.live(invitations, recent, &last);
    }
    if known.doubts.is_empty() {
        let kept = ledger::Reading {
            endpoint: place.endpoint.clone(),
            read_at: reading.read_at,
            projects: projects.into_iter().collect(),
            members: known.members.clone(),
        };
        if let Err(error) = ledger.keep_reading(kept) {
            terminal.warn(&format!("this reading cannot be kept for `plan --offline`: {error}"));
        }
    }
    Ok(known)
}

/// Asks nobody: the last reading, and what guestlist did since.
pub(crate) fn offline(
    place: &Place,
    ledger: &Ledger,
    desired: &Desired,
    terminal: Terminal,
) -> Result<Known, Failure> {
    let standing = standing(place, ledger, terminal)?;
    let Some(reading) = standing.reading else {
        return Err(Failure::new(format!(
            "the ledger `{}` keeps no reading of {}: run `guestlist plan` once with the service at hand",
            crate::inert::line(&place.ledger_name),
            place.endpoint
        )));
    };
    let unread: Vec<_> = desired
        .projects
        .keys()
        .filter(|project| !reading.projects.contains(*project))
        .map(|project| desired.project_name(project))
        .collect();
    if !unread.is_empty() {
        return Err(Failure::new(format!(
            "the last reading is of {:.0} and does not have {}: run `guestlist plan` once with the service at hand",
            reading.read_at,
            wording::list(&unread)
        )));
    }
    let managed: BTreeSet<_> = desired.projects.keys().collect();
    let mut members = with_writes(reading.members, &standing.writes.since(reading.read_at));
    for member in members.values_mut() {
        let before = member.access.len();
        member.access.retain(|project, _| managed.contains(project));
        member.elsewhere |= member.access.len() < before;
    }
    members.retain(|_, member| !member.access.is_empty());
    Ok(Known::offline(reading.read_at, members, standing.invitations.out))
}

/// What is known to have been so before this run.
pub(crate) fn past(place: &Place, ledger: &Ledger) -> Result<Past, Failure> {
    // The ledger's warnings are given when it is read for the plan itself.
    let standing = ledger.standing(place.endpoint.realm()).map_err(Failure::new)?;
    let given = standing.writes.last();
    let Some(reading) = standing.reading else { return Ok(Past { given, ..Past::default() }) };
    let members = with_writes(reading.members, &standing.writes.since(reading.read_at));
    Ok(Past { given, projects: reading.projects, members })
}

fn standing(place: &Place, ledger: &Ledger, terminal: Terminal) -> Result<Standing, Failure> {
    let standing = ledger.standing(place.endpoint.realm()).map_err(Failure::new)?;
    for warning in &standing.warnings {
        terminal.warn(&warning.to_string());
    }
    Ok(standing)
}

/// Each managed project must be there. One that is missing is looked for once more.
async fn check_projects(reader: &Reader, desired: &Desired) -> Result<(), Failure> {
    let mut projects = reader.projects().await.map_err(Failure::new)?;
    if !missing(desired, &projects).is_empty() {
        projects = reader.projects().await.map_err(Failure::new)?;
    }
    let missing = missing(desired, &projects);
    if missing.is_empty() {
        return Ok(());
    }
    let named: Vec<_> = missing.iter().map(|id| format!("{} ({id})", desired.project_name(id))).collect();
    let (is, them) = if named.len() == 1 { ("is", "its id") } else { ("are", "their ids") };
    Err(Failure::new(format!(
        "{} {is} not in the organization: check {them}, the cluster, and whose credentials these are",
        wording::list(&named)
    )))
}

fn missing<'a>(desired: &'a Desired, projects: &[Project]) -> Vec<&'a ProjectId> {
    desired.projects.keys().filter(|id| !projects.iter().any(|project| project.id == **id)).collect()
}
