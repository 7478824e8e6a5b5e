//! `known.json`: the last live reading of each organization, and when each person was seen there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::fold::Seen;
use super::record::{FORMAT_VERSION, NoRecord};
use crate::identity::{Email, Endpoint, ProjectId};
use crate::inert;
use crate::known::Member;

/// What was read live, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// Where it was read.
    pub endpoint: Endpoint,
    /// When it was read.
    pub read_at: Timestamp,
    /// The managed projects.
    pub projects: BTreeSet<ProjectId>,
    /// Everyone who has a role in one of them.
    pub members: BTreeMap<Email, Member>,
}

/// A reading as it is kept, with what the readings before it have seen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    #[serde(flatten)]
    pub(super) reading: Reading,
    /// When each person was last seen as a member.
    #[serde(default)]
    pub(super) seen: Seen,
}

/// The whole of `known.json`, by realm.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Readings {
    pub(super) format_version: u64,
    pub(super) readings: BTreeMap<String, Kept>,
}

impl Default for Readings {
    fn default() -> Self {
        Self { format_version: FORMAT_VERSION, readings: BTreeMap::new() }
    }
}

impl Readings {
    /// The readings that a file holds.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, NoRecord> {
        #[derive(Deserialize)]
        struct Envelope {
            format_version: u64,
        }
        let envelope: Envelope = json(bytes)?;
        match envelope.format_version {
            FORMAT_VERSION => json(bytes),
            version => Err(NoRecord::Newer(version)),
        }
    }

    /// Takes a new reading. Who was seen before stays so, and a reading that is newer stays the last.
    pub(super) fn keep(&mut self, reading: Reading) {
        let realm = reading.endpoint.realm().to_owned();
        let now_seen = reading.members.keys().map(|login| (login.clone(), reading.read_at));
        let now_seen: Vec<_> = now_seen.collect();
        let kept = match self.readings.remove(&realm) {
            None => Kept { reading, seen: Seen::new() },
            Some(kept) if kept.reading.read_at > reading.read_at => kept,
            Some(kept) => Kept { reading, seen: kept.seen },
        };
        let kept = self.readings.entry(realm).or_insert(kept);
        for (login, at) in now_seen {
            let last = kept.seen.entry(login).or_insert(at);
            *last = at.max(*last);
        }
    }
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, NoRecord> {
    serde_json::from_slice(bytes)
        .map_err(|error| NoRecord::Unreadable(inert::line(&error.to_string()).into_owned()))
}
