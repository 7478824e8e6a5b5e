//! `guestlist unlock`: releases a lock that was left behind, and records that it did.

use jiff::Timestamp;

use super::args::{Everywhere, Unlock};
use super::connection::{Place, clock};
use super::environment;
use super::failure::{Ended, Failure};
use super::log::place_of;
use super::signals::Signals;
use super::terminal::Terminal;
use crate::ledger::Run;

pub(crate) async fn run(args: &Unlock, everywhere: &Everywhere, terminal: Terminal) -> Ended {
    let place: Place = place_of(&args.file.team_file, everywhere, terminal)?;
    let ledger = place.ledger()?;
    ledger.must_exist().map_err(Failure::new)?;
    let Some(lease) = ledger.lease(Timestamp::now()).map_err(Failure::new)? else {
        return Terminal::print("The ledger is not locked: nothing to do.\n");
    };
    terminal.say(&format!("Locked by {lease}."));
    let question = "Release the lock? A run in progress will stop before its next call.".to_owned();
    Signals::listen(|| {})?.confirm(terminal, args.yes, question).await?;
    let run = Run::new("unlock", environment::who(), place.endpoint.clone(), None);
    if ledger.unlock(&lease, run, &clock()).map_err(Failure::new)? {
        Terminal::print("The lock is released.\n")
    } else {
        Terminal::print("That lock was released in between: nothing to do.\n")
    }
}
