//! The runs in a store: their order, their records, and the last record of all.

use std::io::Read as _;

use jiff::Timestamp;

use super::chain::{self, digest};
use super::error::LedgerError;
use super::line::LineParser;
use super::record::{PrevRun, Record};
use super::run_file::{Damage, RunName, first_record, read_records};
use super::run_order::{RunStart, in_order};
use super::store::Store;

/// The runs in their order.
pub(super) fn in_store(store: &dyn Store) -> Result<Vec<RunStart>, LedgerError> {
    starts(store, |name, damage| Err(error(store, name, damage)))
}

/// The runs in their order, including damaged ones.
pub(super) fn with_damaged(store: &dyn Store) -> Result<Vec<RunStart>, LedgerError> {
    starts(store, |_, _| Ok((None, None)))
}

fn starts(
    store: &dyn Store,
    damaged: impl Fn(&RunName, Damage) -> Result<(Option<Timestamp>, Option<PrevRun>), LedgerError>,
) -> Result<Vec<RunStart>, LedgerError> {
    let starts = store.runs()?.into_iter().map(|name| {
        let (at, prev_run) = match first_record(store.open_run(&name)?) {
            Ok(Some((at, run))) => (Some(at), run.prev_run),
            Ok(None) => (None, None),
            Err(damage) => damaged(&name, damage)?,
        };
        Ok(RunStart { name, at, prev_run })
    });
    Ok(in_order(starts.collect::<Result<_, LedgerError>>()?))
}

/// Passes every record of a run and its line to `each`. Returns the number of the last line if it is
/// incomplete.
pub(super) fn read(
    store: &dyn Store,
    name: &RunName,
    parser: &mut LineParser,
    each: impl FnMut(&str, Record),
) -> Result<Option<u64>, LedgerError> {
    read_records(store.open_run(name)?, parser, each).map_err(|damage| error(store, name, damage))
}

/// All bytes of a run.
pub(super) fn bytes(store: &dyn Store, name: &RunName) -> Result<Vec<u8>, LedgerError> {
    let mut bytes = Vec::new();
    match store.open_run(name)?.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(failure) => Err(error(store, name, Damage::Io(failure))),
    }
}

/// The last run and its last record, which the next run continues from.
pub(super) fn head(store: &dyn Store) -> Result<PrevRun, LedgerError> {
    for start in in_store(store)?.into_iter().rev() {
        let mut last = None;
        read(store, &start.name, &mut LineParser::default(), |line, _| last = Some(digest(line)))?;
        if let Some(digest) = last {
            return Ok(PrevRun { run: Some(start.name.as_str().to_owned()), digest });
        }
    }
    Ok(PrevRun { run: None, digest: chain::FIRST.to_owned() })
}

fn error(store: &dyn Store, name: &RunName, damage: Damage) -> LedgerError {
    let file = store.run_location(name);
    match damage {
        Damage::Io(error) => LedgerError::io("read ledger file", file, &error),
        Damage::Newer(format_version) => LedgerError::Newer { file, format_version },
        Damage::Line(line, why) => LedgerError::Unreadable { file, line: Some(line), why },
    }
}
