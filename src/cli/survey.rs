//! Learns what is known: from the service and the ledger, or from the ledger alone.

use std::collections::BTreeSet;

use super::args::Everywhere;
use super::connection::{Place, clock};
use super::failure::Failure;
use super::terminal::Terminal;
use crate::api::{Pace, Reader};
use crate::desired::Desired;
use crate::known::Known;
use crate::ledger::{Ledger, Standing};
use crate::plan::Past;
use crate::render;
use crate::survey::{Survey, Surveyed};
use crate::wording;

/// Asks the service.
pub(crate) async fn live(
    place: &Place,
    ledger: &Ledger,
    reader: &Reader,
    desired: &Desired,
    terminal: Terminal,
) -> Result<Known, Failure> {
    let standing = standing(place, ledger, terminal)?;
    let survey = Survey { endpoint: &place.endpoint, ledger, reader, desired, clock: &clock() };
    let Surveyed { known, unkept } = survey.live(standing).await.map_err(Failure::new)?;
    if let Some(error) = unkept {
        terminal.warn(&format!("this reading cannot be kept for `plan --offline`: {error}"));
    }
    Ok(known)
}

/// Asks the service or, with `--offline`, nobody.
pub(crate) async fn live_or_offline(
    offline: bool,
    everywhere: &Everywhere,
    place: &Place,
    desired: &Desired,
    terminal: Terminal,
) -> Result<(Known, Option<Pace>), Failure> {
    let ledger = place.ledger()?;
    if offline {
        return Ok((self::offline(place, &ledger, desired, terminal)?, None));
    }
    let connection = place.connect(everywhere, Some(desired), terminal).await?;
    let known = live(place, &ledger, &connection.client.reader(), desired, terminal).await?;
    let rate = connection.client.pace();
    connection.close().await?;
    Ok((known, rate))
}

/// Asks nobody: the last reading, and what guestlist did since.
fn offline(place: &Place, ledger: &Ledger, desired: &Desired, terminal: Terminal) -> Result<Known, Failure> {
    let standing = standing(place, ledger, terminal)?;
    let managed: BTreeSet<_> = desired.projects.keys().cloned().collect();
    let read = standing.projects();
    let unread: Vec<_> =
        managed.iter().filter(|id| !read.contains(*id)).map(|id| desired.project_name(id)).collect();
    // The oldest of them: nothing that is shown is older than it says.
    let Some(read_at) = standing.readings(&managed).map(|reading| reading.read_at).min() else {
        return Err(Failure::new(format!(
            "the ledger `{}` has no saved snapshot of {}; run `guestlist plan` online first",
            crate::inert::line(&place.ledger_name),
            place.endpoint
        )));
    };
    if !unread.is_empty() {
        return Err(Failure::new(format!(
            "the saved snapshot of {read_at:.0} does not have {}; run `guestlist plan` online first",
            wording::list(&unread)
        )));
    }
    let age = clock()().duration_since(read_at);
    let age = age.try_into().unwrap_or_default();
    terminal.say(&format!("Offline: the last reading is {} old.", render::about(age)));
    let organization: BTreeSet<_> =
        standing.readings(&managed).flat_map(|reading| reading.organization.iter().cloned()).collect();
    let invitations = standing.invitations(Some(&organization)).within(desired);
    Ok(Known::offline(read_at, standing.members(&managed), invitations))
}

/// What is known to have been so before this run.
pub(crate) fn past(place: &Place) -> Result<Past, Failure> {
    // The ledger's warnings are given when it is read for the plan itself.
    let standing = place.ledger()?.standing(place.endpoint.realm()).map_err(Failure::new)?;
    Ok(Past {
        given: standing.writes.last(),
        members: standing.members(&standing.projects()),
        projects: standing.projects(),
    })
}

fn standing(place: &Place, ledger: &Ledger, terminal: Terminal) -> Result<Standing, Failure> {
    let standing = ledger.standing(place.endpoint.realm()).map_err(Failure::new)?;
    for warning in &standing.warnings {
        terminal.warn(&warning.to_string());
    }
    Ok(standing)
}
