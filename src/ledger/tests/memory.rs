//! A store in memory, on which the rules of the ledger are tested without files.

use std::collections::BTreeMap;
use std::io::{BufRead, Cursor};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;

use crate::ledger::error::LedgerError;
use crate::ledger::lock_info::LockInfo;
use crate::ledger::run_file::RunName;
use crate::ledger::store::{Current, OwnLock, Published, RunLog, Store, Version, Versioned};

/// Clones share their content.
#[derive(Clone, Debug, Default)]
pub(in crate::ledger) struct Memory(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
pub(in crate::ledger) struct Content {
    pub(in crate::ledger) runs: BTreeMap<RunName, Vec<u8>>,
    pub(in crate::ledger) documents: BTreeMap<String, (u64, Vec<u8>)>,
    pub(in crate::ledger) lock: Option<(u64, LockInfo)>,
    /// How often a run was made durable.
    pub(in crate::ledger) syncs: usize,
    /// The number of bytes for which there is room, if that is limited.
    pub(in crate::ledger) room: Option<usize>,
    /// What happens before the next change of the lock.
    pub(in crate::ledger) before_change: Option<fn(&mut Content)>,
    /// What happens after the lock that is to be replaced was removed.
    pub(in crate::ledger) before_publish: Option<fn(&mut Content)>,
    version: u64,
}

impl Content {
    /// Someone publishes this lock, or removes the lock.
    pub(in crate::ledger) fn set_lock(&mut self, lock: Option<LockInfo>) {
        self.version += 1;
        self.lock = lock.map(|lock| (self.version, lock));
    }

    fn current(&self, token: &str) -> Current {
        match &self.lock {
            Some((_, lock)) if lock.token == token => Current::Own,
            Some((_, lock)) => Current::Other(lock.clone()),
            None => Current::None,
        }
    }
}

impl Memory {
    /// The content. Until this is dropped, everyone else who uses the store waits.
    pub(in crate::ledger) fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap()
    }

    /// The only run.
    pub(in crate::ledger) fn run(&self) -> Vec<u8> {
        let content = self.content();
        assert!(content.runs.len() <= 1);
        content.runs.values().next().cloned().unwrap_or_default()
    }
}

pub(in crate::ledger) fn full() -> LedgerError {
    let why = "No space left on device (os error 28)".to_owned();
    LedgerError::Io { doing: "write ledger file", file: "memory".to_owned(), why }
}

impl Store for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn exists(&self) -> Result<bool, LedgerError> {
        Ok(!self.content().runs.is_empty())
    }

    fn is_empty(&self) -> Result<bool, LedgerError> {
        let content = self.content();
        Ok(content.runs.is_empty() && content.documents.is_empty() && content.lock.is_none())
    }

    fn runs(&self) -> Result<Vec<RunName>, LedgerError> {
        Ok(self.content().runs.keys().cloned().collect())
    }

    fn open_run(&self, run: &RunName) -> Result<Box<dyn BufRead>, LedgerError> {
        Ok(Box::new(Cursor::new(self.content().runs[run].clone())))
    }

    fn run_location(&self, run: &RunName) -> String {
        format!("memory/{run}")
    }

    fn create_run(&self, at: Timestamp) -> Result<(RunName, Box<dyn RunLog>), LedgerError> {
        let name = RunName::at(at);
        self.content().runs.insert(name.clone(), Vec::new());
        Ok((name.clone(), Box::new(MemoryLog { memory: self.clone(), name })))
    }

    fn import_run(&self, run: &RunName, records: &[u8]) -> Result<(), LedgerError> {
        let mut content = self.content();
        let taken: usize = content.runs.values().map(Vec::len).sum();
        if content.room.is_some_and(|room| taken + records.len() > room) {
            return Err(full());
        }
        content.runs.insert(run.clone(), records.to_vec());
        Ok(())
    }

    fn read(&self, document: &str) -> Result<Option<Versioned<Vec<u8>>>, LedgerError> {
        let content = self.content();
        let found = content.documents.get(document);
        Ok(found.map(|(version, bytes)| Versioned { value: bytes.clone(), version: as_version(*version) }))
    }

    fn replace(&self, document: &str, bytes: &[u8], over: Option<&Version>) -> Result<bool, LedgerError> {
        let mut content = self.content();
        let found = content.documents.get(document).map(|(version, _)| as_version(*version));
        if found.as_ref() != over {
            return Ok(false);
        }
        content.version += 1;
        let document = (document.to_owned(), (content.version, bytes.to_vec()));
        content.documents.extend([document]);
        Ok(true)
    }

    fn document_location(&self, document: &str) -> String {
        format!("memory/{document}")
    }

    fn lock(&self) -> Result<Option<Versioned<LockInfo>>, LedgerError> {
        let lock = self.content().lock.clone();
        Ok(lock.map(|(version, value)| Versioned { value, version: as_version(version) }))
    }

    fn publish(&self, lock: &LockInfo, over: Option<&Version>) -> Result<Published, LedgerError> {
        let mut content = self.content();
        if let Some(event) = content.before_change.take() {
            event(&mut content);
        }
        let found = content.lock.as_ref().map(|(version, _)| as_version(*version));
        if found.as_ref() != over {
            return Ok(Published::Changed);
        }
        if let Some(event) = content.before_publish.take() {
            content.set_lock(None);
            event(&mut content);
            if content.lock.is_some() {
                return Ok(Published::Overtaken);
            }
        }
        content.set_lock(Some(lock.clone()));
        Ok(Published::Own(Box::new(MemoryLock { memory: self.clone(), token: lock.token.clone() })))
    }
}

fn as_version(number: u64) -> Version {
    Version(number.to_string())
}

struct MemoryLog {
    memory: Memory,
    name: RunName,
}

impl RunLog for MemoryLog {
    fn append(&mut self, lines: &[u8], sync: bool) -> Result<(), LedgerError> {
        let mut content = self.memory.content();
        content.syncs += usize::from(sync);
        let room = content.room;
        let run = content.runs.entry(self.name.clone()).or_default();
        if room.is_some_and(|room| run.len() + lines.len() > room) {
            return Err(full());
        }
        run.extend_from_slice(lines);
        Ok(())
    }
}

struct MemoryLock {
    memory: Memory,
    token: String,
}

impl OwnLock for MemoryLock {
    fn current(&mut self) -> Result<Current, LedgerError> {
        Ok(self.memory.content().current(&self.token))
    }

    fn renew(&mut self, lock: &LockInfo) -> Result<Current, LedgerError> {
        let mut content = self.memory.content();
        if let Some(event) = content.before_change.take() {
            event(&mut content);
        }
        let current = content.current(&self.token);
        if matches!(current, Current::Own) {
            content.set_lock(Some(lock.clone()));
        }
        Ok(current)
    }

    fn release(&mut self) {
        let mut content = self.memory.content();
        if matches!(content.current(&self.token), Current::Own) {
            content.set_lock(None);
        }
    }
}
