//! `guestlist unlock`: frees a lease that was left behind.

use jiff::Timestamp;

use super::args::{Everywhere, Unlock};
use super::connection::Place;
use super::failure::{Ended, Failure};
use super::log::place_of;
use super::signals::Signals;
use super::terminal::Terminal;

pub(crate) async fn run(args: &Unlock, everywhere: &Everywhere, terminal: Terminal) -> Ended {
    let place: Place = place_of(&args.file.team_file, everywhere, terminal)?;
    let ledger = place.ledger()?;
    let Some(lease) = ledger.lease(Timestamp::now()).map_err(Failure::new)? else {
        return Terminal::print("Nobody holds the lease: nothing to do.\n");
    };
    terminal.say(&format!("{lease}."));
    let question = "Release the lock? A run in progress will stop before its next call.".to_owned();
    Signals::listen(|| {})?.confirm(terminal, args.yes, question).await?;
    if ledger.unlock(&lease, Timestamp::now()).map_err(Failure::new)? {
        Terminal::print("The lease is free.\n")
    } else {
        Terminal::print("That lease was given back meanwhile: nothing was freed.\n")
    }
}
