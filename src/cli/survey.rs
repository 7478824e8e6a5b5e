//! Learns what is known: from the service and the ledger, or from the ledger alone.

use super::args::Everywhere;
use super::connection::{Place, clock};
use super::failure::Failure;
use super::terminal::Terminal;
use crate::api::{Pace, Reader};
use crate::desired::Desired;
use crate::known::{Known, members_within};
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
    let Some(reading) = &standing.reading else {
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
    let age = clock()().duration_since(reading.read_at);
    let age = age.try_into().unwrap_or_default();
    terminal.say(&format!("Offline: the last reading is {} old.", render::about(age)));
    let read_at = reading.read_at;
    let members = members_within(standing.members(), desired);
    Ok(Known::offline(read_at, members, standing.invitations.within(desired)))
}

/// What is known to have been so before this run.
pub(crate) fn past(place: &Place) -> Result<Past, Failure> {
    // The ledger's warnings are given when it is read for the plan itself.
    let standing = place.ledger()?.standing(place.endpoint.realm()).map_err(Failure::new)?;
    Ok(Past {
        given: standing.writes.last(),
        members: standing.members(),
        projects: standing.reading.map(|reading| reading.projects).unwrap_or_default(),
    })
}

fn standing(place: &Place, ledger: &Ledger, terminal: Terminal) -> Result<Standing, Failure> {
    let standing = ledger.standing(place.endpoint.realm()).map_err(Failure::new)?;
    for warning in &standing.warnings {
        terminal.warn(&warning.to_string());
    }
    Ok(standing)
}
