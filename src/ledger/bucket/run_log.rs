//! The records of one run: as a reader gets them, and as they are collected for the next segment.

use std::sync::Arc;

use super::super::error::LedgerError;
use super::super::run_file::RunName;
use super::super::store::RunLog;
use super::Bucket;

/// The most records in one segment, in bytes: an upload that takes seconds, not minutes.
pub(super) const SEGMENT_BYTES: usize = 4 << 20;

/// The records of a run for a reader.
pub(super) struct Records(Arc<Vec<u8>>);

impl From<Arc<Vec<u8>>> for Records {
    fn from(records: Arc<Vec<u8>>) -> Self {
        Self(records)
    }
}

impl AsRef<[u8]> for Records {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The records of the run in progress.
pub(super) struct BucketLog {
    bucket: Arc<Bucket>,
    name: RunName,
    /// Lines for the next segment.
    waiting: Vec<u8>,
}

impl BucketLog {
    pub(super) fn new(bucket: Arc<Bucket>, name: RunName) -> Self {
        Self { bucket, name, waiting: Vec::new() }
    }
}

impl RunLog for BucketLog {
    fn append(&mut self, lines: &[u8], sync: bool) -> Result<(), LedgerError> {
        self.waiting.extend_from_slice(lines);
        if !sync {
            return Ok(());
        }
        self.bucket.append_all(&self.name, &std::mem::take(&mut self.waiting))
    }
}

/// The length of as many whole lines as fit into one segment, or of one that does not.
pub(super) fn part_of(lines: &[u8]) -> usize {
    if lines.len() <= SEGMENT_BYTES {
        return lines.len();
    }
    let newline = |byte: &u8| *byte == b'\n';
    match lines[..SEGMENT_BYTES].iter().rposition(newline) {
        Some(end) => end + 1,
        None => lines.iter().position(newline).map_or(lines.len(), |end| end + 1),
    }
}
