//! The lock file: its content, how it is read, and how exactly one is removed.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use jiff::Timestamp;

use super::error::LedgerError;
use super::lock_info::LockInfo;
use crate::files;

pub(super) const FILE: &str = "lease.json";

/// Larger lock files are not read to their end.
const MAX_BYTES: u64 = 64 << 10;

/// A lock file in the ledger.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) info: LockInfo,
}

impl Found {
    pub(super) fn at(path: &Path, now: Timestamp) -> Result<Option<Self>, LedgerError> {
        let refused = |error: io::Error| LedgerError::io("read", path, &error);
        let file = match files::open_regular(path) {
            Err(error) if files::is_missing(&error) => return Ok(None),
            other => other.map_err(refused)?,
        };
        let mut bytes = Vec::new();
        (&file).take(MAX_BYTES).read_to_end(&mut bytes).map_err(refused)?;
        let info = match serde_json::from_slice(&bytes) {
            Ok(info) => info,
            // A machine that lost power can leave an empty file. It expires by its age, too.
            Err(_) => unreadable(&file, now),
        };
        Ok(Some(Self { bytes, info }))
    }
}

/// Removes the lock at `path` if `is_it` accepts its bytes. False if it has changed or is gone.
pub(super) fn set_aside(
    path: &Path,
    token: &str,
    is_it: impl Fn(&[u8]) -> bool,
) -> Result<bool, LedgerError> {
    let refused = |error: io::Error| LedgerError::io("release", path, &error);
    let is_right = |path: &Path| fs::read(path).is_ok_and(|bytes| is_it(&bytes));
    if !is_right(path) {
        return Ok(false);
    }
    let aside = path.with_file_name(format!(".{FILE}-{token}"));
    match fs::rename(path, &aside) {
        Err(error) if files::is_missing(&error) => return Ok(false),
        other => other.map_err(refused)?,
    }
    let right = is_right(&aside);
    if !right {
        // If there is a third lock by now, the one that was moved is lost, and its holder notices.
        let _ = fs::hard_link(&aside, path);
    }
    fs::remove_file(&aside).map_err(refused)?;
    Ok(right)
}

/// Whether bytes are the lock with `token`, renewed or not.
pub(super) fn is_lock(token: &str) -> impl Fn(&[u8]) -> bool {
    move |bytes| serde_json::from_slice::<LockInfo>(bytes).is_ok_and(|info| info.token == token)
}

pub(super) fn to_bytes(info: &LockInfo) -> Vec<u8> {
    // Strings and numbers: there is nothing in it that JSON cannot say.
    let mut bytes = serde_json::to_vec(info).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn unreadable(file: &File, now: Timestamp) -> LockInfo {
    let written = file.metadata().and_then(|metadata| metadata.modified()).ok();
    let written = written.and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(now);
    LockInfo {
        holder: "someone (lease.json cannot be read)".to_owned(),
        host: String::new(),
        pid: 0,
        token: String::new(),
        since: written,
        renewed: written,
        unlocking: false,
    }
}
