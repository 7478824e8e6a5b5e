//! `guestlist ledger copy`: copies a ledger between a folder and an object store.

use std::path::Path;

use super::environment;
use super::failure::Failure;
use super::ledger_args::{LedgerAction, LedgerCommand};
use super::terminal::Terminal;
use crate::ledger::{Copied, Ledger, LedgerLocation, copy};
use crate::words;

pub(crate) fn run(args: &LedgerCommand, terminal: Terminal) -> Result<(), Failure> {
    let LedgerCommand { action: LedgerAction::Copy, from, to } = args;
    let variables = environment::store_variables();
    let location = |text: &str| LedgerLocation::parse(text, Path::new("")).map_err(Failure::new);
    let (from, to) = (location(from)?, location(to)?);
    let open = |location| {
        let ledger = Ledger::open(location, &variables)?;
        ledger.say_waiting(move |sentence| terminal.say(sentence));
        Ok(ledger)
    };
    let source = open(&from).map_err(Failure::new)?;
    let copied = copy(&source, || open(&to), &environment::who());
    let Copied { runs, records } = copied.map_err(Failure::new)?;
    Terminal::print(&format!(
        "Copied {} with {} from {from} to {to}, and compared the copy.\n\
         To use it, name it in the team file (`ledger: {to}`) or with --ledger.\n",
        words::count(runs, "run"),
        words::count(usize::try_from(records).unwrap_or(usize::MAX), "record"),
    ))
}
