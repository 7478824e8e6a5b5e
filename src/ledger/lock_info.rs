//! The content of a lock: who holds it, since when, and when it was last renewed.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::time::millis;
use crate::escape;
use crate::words;

/// The content of a lock. Serialized, it is the content of `lease.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LockInfo {
    /// The holder, for people to read.
    #[serde(deserialize_with = "clipped")]
    pub holder: String,
    /// The host name of the holder's machine.
    #[serde(default)]
    pub host: String,
    /// The id of the holder's process; 0 if unknown.
    #[serde(default)]
    pub pid: u32,
    /// Random text that identifies this lock across its renewals.
    #[serde(default)]
    pub token: String,
    /// When it was acquired.
    #[serde(serialize_with = "millis")]
    pub since: Timestamp,
    /// When the holder last renewed it.
    #[serde(serialize_with = "millis")]
    pub renewed: Timestamp,
    /// Whether `guestlist unlock` holds it, to record that it released the lock before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unlocking: bool,
}

/// The longest holder that is read or written, in characters. The object may come from anyone who can write there.
pub(super) const LONGEST_HOLDER: usize = 200;

fn clipped<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(words::clipped(&String::deserialize(deserializer)?, LONGEST_HOLDER))
}

impl fmt::Display for LockInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { holder, pid, since, renewed, .. } = self;
        f.write_str(&escape::line(holder))?;
        if *pid != 0 {
            write!(f, " (process {pid})")?;
        }
        write!(f, " since {since:.0}, renewed {renewed:.0}")
    }
}
