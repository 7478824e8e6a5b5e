//! `known.json`: the last live reading of each project, and which invitations readings showed accepted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::fold::Accepted;
use super::record::{InvalidRecord, Seq};
use super::run_file::RunName;
use crate::escape;
use crate::known::Member;
use crate::model::{Email, Endpoint, ProjectId};

/// The format of `known.json`.
const FORMAT_VERSION: u64 = 2;

/// Members that were read live, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// Where they were read.
    pub endpoint: Endpoint,
    /// When they were read.
    pub read_at: Timestamp,
    /// The projects of which no later reading was made.
    pub projects: BTreeSet<ProjectId>,
    /// Everyone who has a role in one of them.
    pub members: BTreeMap<Email, Member>,
    /// The projects of the organization, as far as a team file or the ledger names them.
    pub organization: BTreeSet<ProjectId>,
    /// The end of the ledger before it was read: a run, and the number of its records.
    pub(super) after: Option<(RunName, Seq)>,
}

impl Snapshot {
    /// The members of some projects, as they were read.
    #[must_use]
    pub fn new(
        endpoint: Endpoint,
        read_at: Timestamp,
        projects: BTreeSet<ProjectId>,
        members: BTreeMap<Email, Member>,
    ) -> Self {
        Self { endpoint, read_at, organization: projects.clone(), projects, members, after: None }
    }

    /// Of the organization with these projects.
    #[must_use]
    pub fn of_organization(mut self, projects: &BTreeSet<ProjectId>) -> Self {
        self.organization.extend(projects.iter().cloned());
        self
    }

    /// Forgets projects that were read again.
    fn without(mut self, projects: &BTreeSet<ProjectId>) -> Option<Self> {
        if self.projects.is_disjoint(projects) {
            return Some(self);
        }
        self.projects.retain(|project| !projects.contains(project));
        let kept = &self.projects;
        self.members = restricted(self.members, kept);
        (!self.projects.is_empty()).then_some(self)
    }
}

/// The members of some projects; that they have others is still known of them.
pub(super) fn restricted(
    mut members: BTreeMap<Email, Member>,
    projects: &BTreeSet<ProjectId>,
) -> BTreeMap<Email, Member> {
    for member in members.values_mut() {
        let before = member.access.len();
        member.access.retain(|project, _| projects.contains(project));
        member.elsewhere |= member.access.len() < before;
    }
    members.retain(|_, member| !member.access.is_empty());
    members
}

/// What is kept of one realm.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Each project is in one of them.
    pub(super) readings: Vec<Snapshot>,
    /// The invitations that were found to be accepted.
    pub(super) accepted: Accepted,
}

impl Kept {
    /// Takes a new reading, which replaces those before it, whatever their times.
    pub(super) fn keep(&mut self, reading: Snapshot) {
        let before = std::mem::take(&mut self.readings);
        self.readings.extend(before.into_iter().filter_map(|before| before.without(&reading.projects)));
        self.readings.push(reading);
    }
}

/// The whole of `known.json`, by realm.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Snapshots {
    format_version: u64,
    pub(super) realms: BTreeMap<String, Kept>,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { format_version: FORMAT_VERSION, realms: BTreeMap::new() }
    }
}

impl Snapshots {
    /// The readings that a file holds. A file of the first format, which kept them all together, counts
    /// as none: the next live reading replaces it.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidRecord> {
        #[derive(Deserialize)]
        struct Envelope {
            format_version: u64,
        }
        let envelope: Envelope = json(bytes)?;
        match envelope.format_version {
            FORMAT_VERSION => json(bytes),
            0..FORMAT_VERSION => Ok(Self::default()),
            version => Err(InvalidRecord::Newer(version)),
        }
    }

    /// The content of the file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Maps with string keys, strings and numbers: there is nothing in it that JSON cannot say.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, InvalidRecord> {
    serde_json::from_slice(bytes)
        .map_err(|error| InvalidRecord::Unreadable(escape::line(&error.to_string()).into_owned()))
}
