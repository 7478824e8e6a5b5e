//! `guestlist unlock`: frees a lease that was left behind.

use jiff::Timestamp;

use super::args::{Everywhere, Unlock};
use super::connection::Place;
use super::failure::{Ended, Failure};
use super::log::place_of;
use super::terminal::Terminal;

pub(crate) fn run(args: &Unlock, everywhere: &Everywhere, terminal: Terminal) -> Ended {
    let place: Place = place_of(&args.file.team_file, everywhere, terminal)?;
    let ledger = place.ledger()?;
    let Some(lease) = ledger.lease(Timestamp::now()).map_err(Failure::new)? else {
        return Terminal::print("Nobody holds the lease: nothing to do.\n");
    };
    terminal.say(&format!("{lease}."));
    terminal.confirm(args.yes, "Free the lease? A run that still goes on will stop at its next call.")?;
    if ledger.unlock(&lease, Timestamp::now()).map_err(Failure::new)? {
        Terminal::print("The lease is free.\n")
    } else {
        Terminal::print("That lease was given back meanwhile: nothing was freed.\n")
    }
}
