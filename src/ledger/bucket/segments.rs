//! The segments of a ledger: a sequence of objects without gaps, each created once, each with the digest of the
//! one before.
//!
//! The first line of a segment is its header. The others are records of one run; a segment without any is a
//! fence.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::chain::{FIRST, digest};
use super::super::error::LedgerError;
use super::super::run_file::RunName;
use super::super::store::MAX_BYTES;
use super::objects::{Failure, Objects, Small, write_id};

/// The version of the format of segments.
const FORMAT_VERSION: u64 = 1;

/// What the keys of segments start with.
pub(super) const FOLDER: &str = "log/";

/// How many segments are read at a time: enough to use the connections, few enough to hold in memory.
const AT_A_TIME: u64 = 128;

/// How many keys of segments are listed at a time, in one response of S3.
const LISTED: usize = 1000;

/// The size limit of all records of a ledger, in bytes. They are held in memory.
const MOST_BYTES: u64 = 512 << 20;

/// The first line of a segment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    format_version: u64,
    /// Its number, from 1.
    pub(super) segment: u64,
    /// The epoch of the lock under which it was written.
    pub(super) epoch: u64,
    /// The run with these records. None in a fence.
    run: Option<RunName>,
    write_id: String,
    /// The SHA-256 of the whole segment before.
    prev_segment: String,
}

/// The segments that were read so far, as runs.
#[derive(Debug)]
pub(super) struct Segments {
    /// The number of the next segment.
    pub(super) next: u64,
    /// The digest of the last one.
    prev: String,
    /// The epoch of the last one.
    pub(super) epoch: u64,
    /// The records of each run.
    pub(super) runs: BTreeMap<RunName, Arc<Vec<u8>>>,
    /// The size of all of them.
    bytes: u64,
}

impl Default for Segments {
    fn default() -> Self {
        Self { next: 1, prev: FIRST.to_owned(), epoch: 0, runs: BTreeMap::new(), bytes: 0 }
    }
}

/// The key of a segment.
pub(super) fn key(number: u64) -> String {
    format!("{FOLDER}{number:020}.jsonl")
}

fn number_of(key: &str) -> Option<u64> {
    let number = key.strip_prefix(FOLDER)?.strip_suffix(".jsonl")?;
    let number = (number.len() == 20).then(|| number.parse().ok())??;
    (self::key(number) == key).then_some(number)
}

/// The header of a segment, from its bytes.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    serde_json::from_slice(first_line(bytes)).ok()
}

impl Segments {
    /// The bytes of the next segment.
    pub(super) fn compose(&self, epoch: u64, run: Option<&RunName>, records: &[u8]) -> Vec<u8> {
        let header = Header {
            format_version: FORMAT_VERSION,
            segment: self.next,
            epoch,
            run: run.cloned(),
            write_id: write_id(),
            prev_segment: self.prev.clone(),
        };
        // Strings and numbers always have a JSON form.
        let mut bytes = serde_json::to_vec(&header).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend_from_slice(records);
        bytes
    }

    /// Reads the segments that were written since. A listing may be out of date, so it only tells which to read side by
    /// side; the end is where a number is not found.
    pub(super) fn read_on(&mut self, objects: &dyn Objects) -> Result<(), LedgerError> {
        loop {
            let listed = objects
                .list(FOLDER, &key(self.next - 1), LISTED)
                .map_err(|failure| failure.when("list ledger objects", objects.url(FOLDER)))?;
            let mut last = 0;
            for key in &listed {
                last = last.max(number_of(key).ok_or_else(|| LedgerError::NotARun(objects.url(key)))?);
            }
            if last < self.next {
                break;
            }
            while self.next <= last {
                self.read_side_by_side(objects, last)?;
            }
        }
        loop {
            let key = key(self.next);
            let failed = |failure: Failure| failure.when("read ledger object", objects.url(&key));
            match objects.get(&key).map_err(failed)? {
                Some(found) => self.take(objects, &found.bytes)?,
                None => return Ok(()),
            }
        }
    }

    /// Reads some of the segments up to `last`, all of which are there.
    fn read_side_by_side(&mut self, objects: &dyn Objects, last: u64) -> Result<(), LedgerError> {
        let end = last.min(self.next.saturating_add(AT_A_TIME - 1));
        let keys: Vec<_> = (self.next..=end).map(key).collect();
        for (key, found) in keys.iter().zip(objects.get_small(&keys)) {
            let failed = |failure: Failure| failure.when("read ledger object", objects.url(key));
            let found = match found.map_err(failed)? {
                Small::Object(found) => Some(found),
                Small::None => None,
                Small::Large => objects.get(key).map_err(failed)?,
            };
            let Some(found) = found else {
                return Err(broken(objects, key, "it is missing, and there are segments after it"));
            };
            self.take(objects, &found.bytes)?;
        }
        Ok(())
    }

    /// Adds the next segment.
    pub(super) fn take(&mut self, objects: &dyn Objects, bytes: &[u8]) -> Result<(), LedgerError> {
        let key = key(self.next);
        let broken = |what: &str| broken(objects, &key, what);
        if let Some(format_version) = version_of(bytes).filter(|version| *version > FORMAT_VERSION) {
            return Err(LedgerError::Newer { file: objects.url(&key), format_version });
        }
        let Some(header) = header(bytes) else {
            return Err(broken("it does not start with the header of a segment"));
        };
        if header.segment != self.next {
            return Err(broken(&format!("it is segment {}, copied or renamed", header.segment)));
        }
        if header.prev_segment != self.prev {
            return Err(broken("it does not continue the segment before it; one of them was replaced"));
        }
        if header.epoch < self.epoch {
            return Err(broken("it was written under an earlier lock than the segment before it"));
        }
        let records = bytes.get(first_line(bytes).len() + 1..).unwrap_or_default();
        match header.run {
            Some(run) => {
                if RunName::of_file(run.as_str()).is_none() {
                    return Err(broken("the name of its run is invalid"));
                }
                let all = Arc::make_mut(self.runs.entry(run).or_default());
                if (all.len() + records.len()) as u64 > MAX_BYTES {
                    return Err(LedgerError::TooLarge(objects.url(&key)));
                }
                if self.bytes + records.len() as u64 > MOST_BYTES {
                    let why = "with it, the ledger has more than 512 MiB of records; use a new ledger, at another prefix";
                    return Err(LedgerError::Segment { url: objects.url(&key), why: why.to_owned() });
                }
                self.bytes += records.len() as u64;
                all.extend_from_slice(records);
            }
            None if records.is_empty() => {}
            None => return Err(broken("it has records of no run")),
        }
        self.next += 1;
        self.prev = digest(bytes);
        self.epoch = header.epoch;
        Ok(())
    }
}

fn version_of(bytes: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Envelope {
        format_version: u64,
    }
    let envelope: Envelope = serde_json::from_slice(first_line(bytes)).ok()?;
    Some(envelope.format_version)
}

fn first_line(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

fn broken(objects: &dyn Objects, key: &str, why: &str) -> LedgerError {
    let why = format!("{why}; restore the earlier version of this object");
    LedgerError::Segment { url: objects.url(key), why }
}
