//! `guestlist unlock`: releases a stale lock, and records the release.

use super::args::{GlobalArgs, Unlock};
use super::environment;
use super::failure::Failure;
use super::prompt;
use super::signals::Signals;
use super::situation::ledger_of;
use super::terminal::Terminal;
use crate::ledger::Run;

pub(crate) async fn run(args: &Unlock, global: &GlobalArgs, terminal: Terminal) -> Result<(), Failure> {
    let (target, _) = ledger_of(&args.file.team_file, global, terminal)?;
    let ledger = target.ledger()?;
    ledger.must_exist().map_err(Failure::new)?;
    let Some(lock) = ledger.lock().map_err(Failure::new)? else {
        return Terminal::print("The ledger is not locked: nothing to do.\n");
    };
    terminal.say(&format!("Locked by {lock}."));
    let question = || "Release the lock? A run in progress will stop before its next call.".to_owned();
    let mut signals = Signals::listen(Some(&ledger), || {})?;
    prompt::confirm(&mut signals, terminal, args.yes, question).await?;
    let run = Run::new("unlock", environment::who(), target.endpoint.clone(), None);
    let unlocked = ledger.unlock(&lock, run).map_err(Failure::new);
    if signals.judge(&ledger, terminal, unlocked)? {
        Terminal::print("The lock is released.\n")
    } else {
        Terminal::print("The lock was released in the meantime: nothing to do.\n")
    }
}
