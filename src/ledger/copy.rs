//! Copies a ledger to another place, such as from a folder to an object store.
//!
//! Runs keep their names and bytes, so the chain across them stays as it is.

use super::error::LedgerError;
use super::record::Who;
use super::store::Store;
use super::verification::ChainState;
use super::{Ledger, applied, runs, snapshot};

/// The documents of a ledger.
const DOCUMENTS: [&str; 2] = [snapshot::DOCUMENT, applied::DOCUMENT];

/// What was copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Copied {
    /// The number of runs.
    pub runs: usize,
    /// The number of their records.
    pub records: u64,
}

/// Copies the ledger `from` to the place that `to` opens, and compares the copy with it. No run can write to
/// either of them in the meantime.
///
/// # Errors
/// If there is no ledger to copy or it is damaged, if there is something at the other place, if either is locked,
/// or if the copy differs.
pub fn copy(
    from: &Ledger,
    to: impl Fn() -> Result<Ledger, LedgerError>,
    who: &Who,
) -> Result<Copied, LedgerError> {
    from.must_exist()?;
    let source = &*from.store;
    let copy = to()?;
    if !copy.store.is_empty()? {
        return Err(LedgerError::NotEmpty(copy.store.name()));
    }
    let _source_lock = from.acquire(who)?;
    let verification = from.verify()?;
    if verification.chain() == ChainState::Damaged {
        return Err(LedgerError::Damaged(source.name()));
    }
    let target_lock = copy.acquire(who)?;
    for document in DOCUMENTS {
        if let Some(found) = source.read(document)?
            && !copy.store.replace(document, &found.value, None)?
        {
            return Err(LedgerError::NotEmpty(copy.store.name()));
        }
    }
    let mut names: Vec<_> = runs::in_store(source)?.into_iter().map(|start| start.name).collect();
    // The last run comes first: it names the one before it, so a copy that was interrupted is damaged, not shorter.
    let count = names.len();
    names.rotate_right(1.min(count));
    for name in &names {
        target_lock.held().ensure()?;
        copy.store.import_run(name, &runs::bytes(source, name)?)?;
    }
    compare(source, &*to()?.store)?;
    let records = verification.files.iter().filter_map(|file| file.result.as_ref().ok());
    Ok(Copied { runs: names.len(), records: records.map(|summary| summary.records).sum() })
}

/// Reads a copy again and compares it with its source.
fn compare(source: &dyn Store, copy: &dyn Store) -> Result<(), LedgerError> {
    let differs = |what: String| LedgerError::CopyDiffers { ledger: copy.name(), what };
    let (names, copied) = (source.runs()?, copy.runs()?);
    if names != copied {
        return Err(differs("the list of runs".to_owned()));
    }
    for name in &names {
        if runs::bytes(source, name)? != runs::bytes(copy, name)? {
            return Err(differs(format!("run {name}")));
        }
    }
    for document in DOCUMENTS {
        let [a, b] = [source.read(document)?, copy.read(document)?].map(|found| found.map(|it| it.value));
        if a != b {
            return Err(differs(document.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::manual::ManualClock;
    use crate::ledger::tests::memory::{Memory, full};
    use crate::ledger::tests::{a_run, an_intent, ledger_in, ledger_on, who};
    use std::fs;

    const NOW: &str = "2026-11-22T12:00:00Z";

    /// A ledger in a folder with a run that was interrupted while it wrote, and both documents.
    async fn source() -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = ledger_in(folder.path()).with_clock(ManualClock::at(NOW));
        let lock = ledger.acquire(&who()).unwrap();
        for email in ["a@example.com", "b@example.com"] {
            let run = ledger.begin(a_run("x"), &lock).unwrap();
            run.intent(an_intent(email)).await.unwrap();
        }
        let name = ledger.store.runs().unwrap().pop().unwrap();
        let path = folder.path().join("runs").join(name.as_str());
        let torn = format!("{}{{\"seq\":3", fs::read_to_string(&path).unwrap());
        fs::write(&path, torn).unwrap();
        ledger.store.replace("known.json", b"{\"format_version\":3,\"realms\":{}}\n", None).unwrap();
        ledger.store.replace("applied.json", b"{\"format_version\":1,\"realms\":{}}\n", None).unwrap();
        drop(lock);
        (folder, ledger)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_has_every_byte_and_so_has_the_copy_of_a_copy() {
        let (_folder, ledger) = source().await;
        let memory = Memory::default();
        let copied = copy(&ledger, || Ok(ledger_on(&memory)), &who()).unwrap();
        assert_eq!(copied, Copied { runs: 2, records: 4 });
        compare(&*ledger.store, &memory).unwrap();
        #[cfg(feature = "object-store")]
        {
            use crate::ledger::bucket::memory_objects::{MemoryObjects, ledger_of};
            let objects = MemoryObjects::default();
            let bucket = || Ok(ledger_of(&objects, ManualClock::at(NOW)));
            copy(&ledger, bucket, &who()).unwrap();
            assert_eq!(bucket().unwrap().verify().unwrap().chain(), ledger.verify().unwrap().chain());
            let back = tempfile::tempdir().unwrap();
            let path = back.path().join("ledger");
            copy(&bucket().unwrap(), || Ok(ledger_in(&path)), &who()).unwrap();
            compare(&*ledger.store, &*ledger_in(&path).store).unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_that_was_interrupted_is_damaged() {
        let (_folder, ledger) = source().await;
        let memory = Memory::default();
        let last = runs::in_store(&*ledger.store).unwrap().pop().unwrap().name;
        memory.content().room = Some(runs::bytes(&*ledger.store, &last).unwrap().len());
        assert_eq!(copy(&ledger, || Ok(ledger_on(&memory)), &who()), Err(full()));
        assert_eq!(memory.runs(), Ok(vec![last]));
        assert_eq!(memory.content().documents.len(), 2);
        assert_eq!(ledger_on(&memory).verify().unwrap().chain(), ChainState::Damaged);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_is_copied_over_something_or_from_what_is_damaged_or_locked() {
        let (folder, ledger) = source().await;
        let refused = |memory: &Memory| copy(&ledger, || Ok(ledger_on(memory)), &who()).unwrap_err();
        let taken = Memory::default();
        taken.content().documents.insert("known.json".to_owned(), (1, Vec::new()));
        assert_eq!(refused(&taken), LedgerError::NotEmpty("memory".to_owned()));
        let lock = ledger.acquire(&who()).unwrap();
        assert!(matches!(refused(&Memory::default()), LedgerError::InUse(_)));
        drop(lock);
        let name = ledger.store.runs().unwrap().remove(0);
        let path = folder.path().join("runs").join(name.as_str());
        // An edit of the last record would show only in the next run.
        fs::write(&path, fs::read_to_string(&path).unwrap().replace("alex", "eve")).unwrap();
        let memory = Memory::default();
        assert_eq!(refused(&memory), LedgerError::Damaged(ledger.store.name()));
        assert!(memory.content().runs.is_empty());
    }
}
