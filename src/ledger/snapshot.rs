//! `known.json`: the last live snapshot of each project, and which invitations were accepted since they were
//! sent.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::convergence::{self, Finding, TeamConvergence};
use super::error::LedgerError;
use super::fold::Accepted;
use super::record::{InvalidRecord, Seq};
use super::run_file::RunName;
use super::store::{Store, Version, Versioned};
use crate::escape;
use crate::known::{Member, members_within};
use crate::model::{Email, Endpoint, ProjectId};

/// The name of the document.
pub(super) const DOCUMENT: &str = "known.json";

/// The version of its format.
const FORMAT_VERSION: u64 = 3;

/// The members of some projects, as read live.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// Where they were read.
    pub endpoint: Endpoint,
    /// When they were read.
    pub read_at: Timestamp,
    /// The projects without a later snapshot.
    pub projects: BTreeSet<ProjectId>,
    /// Everyone with a role in one of them.
    #[serde(with = "super::members")]
    pub members: BTreeMap<Email, Member>,
    /// The projects of the organization that a team file or the ledger names.
    pub organization: BTreeSet<ProjectId>,
    /// The end of the ledger before the members were read: the last run and the number of its records.
    pub(super) after: Option<(RunName, Seq)>,
}

impl Snapshot {
    /// The members of `projects`.
    #[must_use]
    pub fn new(
        endpoint: Endpoint,
        read_at: Timestamp,
        projects: BTreeSet<ProjectId>,
        members: BTreeMap<Email, Member>,
    ) -> Self {
        Self { endpoint, read_at, organization: projects.clone(), projects, members, after: None }
    }

    /// Adds the projects of the organization.
    #[must_use]
    pub fn of_organization(mut self, projects: &BTreeSet<ProjectId>) -> Self {
        self.organization.extend(projects.iter().cloned());
        self
    }

    /// Removes projects that were read again; none if nothing is left.
    fn without(mut self, projects: &BTreeSet<ProjectId>) -> Option<Self> {
        if self.projects.is_subset(projects) {
            return None;
        }
        if self.projects.is_disjoint(projects) {
            return Some(self);
        }
        self.projects.retain(|project| !projects.contains(project));
        let kept = &self.projects;
        self.members = members_within(self.members, |project| kept.contains(project));
        Some(self)
    }
}

/// What is saved with a snapshot.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReadingFacts {
    /// Whether the ledger has recorded everything that the reading shows.
    pub is_recorded: bool,
    /// What the reading means for the team file, if a plan was made from it.
    pub finding: Option<Finding>,
}

/// The snapshots of one realm.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct RealmSnapshots {
    /// Each project is in one of them. The last one was made last.
    #[serde(rename = "readings")]
    pub(super) snapshots: Vec<Snapshot>,
    /// The invitations that were accepted.
    pub(super) accepted: Accepted,
    /// The last reading of each project after which the ledger had recorded everything that it showed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) recorded: BTreeMap<ProjectId, Timestamp>,
    /// Whether each team file that uses this ledger matched its projects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) convergence: Vec<TeamConvergence>,
}

impl RealmSnapshots {
    /// Adds a new snapshot, which replaces those before it, whatever their times.
    pub(super) fn add(&mut self, snapshot: Snapshot, facts: &ReadingFacts) {
        let (projects, read_at) = (&snapshot.projects, snapshot.read_at);
        if facts.is_recorded {
            self.recorded.extend(projects.iter().map(|project| (project.clone(), read_at)));
        }
        if let Some(finding) = &facts.finding {
            convergence::update(&mut self.convergence, projects, read_at, finding.clone());
        }
        let before = std::mem::take(&mut self.snapshots);
        self.snapshots.extend(before.into_iter().filter_map(|before| before.without(&snapshot.projects)));
        self.snapshots.push(snapshot);
    }
}

/// The content of `known.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Snapshots {
    format_version: u64,
    pub(super) realms: BTreeMap<String, RealmSnapshots>,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { format_version: FORMAT_VERSION, realms: BTreeMap::new() }
    }
}

impl Snapshots {
    /// Reads the document, and its version if there is one.
    pub(super) fn read(store: &dyn Store) -> Result<(Self, Option<Version>), LedgerError> {
        let Some(Versioned { value, version }) = store.read(DOCUMENT)? else {
            return Ok((Self::default(), None));
        };
        let file = || store.document_location(DOCUMENT);
        let snapshots = Self::from_bytes(&value).map_err(|error| match error {
            InvalidRecord::Newer(format_version) => LedgerError::Newer { file: file(), format_version },
            InvalidRecord::Unreadable(why) => LedgerError::Unreadable { file: file(), line: None, why },
        })?;
        Ok((snapshots, Some(version)))
    }

    /// Parses the document. Older formats count as empty: the next live snapshot replaces them.
    fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidRecord> {
        match version_of(bytes)? {
            0..FORMAT_VERSION => Ok(Self::default()),
            _ => parse(bytes, FORMAT_VERSION),
        }
    }

    /// The bytes of the document.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Maps with string keys, strings and numbers always have a JSON form.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// Parses a document of that version of its format.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8], supported: u64) -> Result<T, InvalidRecord> {
    match version_of(bytes)? {
        version if version > supported => Err(InvalidRecord::Newer(version)),
        _ => json(bytes),
    }
}

fn version_of(bytes: &[u8]) -> Result<u64, InvalidRecord> {
    #[derive(Deserialize)]
    struct Envelope {
        format_version: u64,
    }
    json(bytes).map(|envelope: Envelope| envelope.format_version)
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, InvalidRecord> {
    serde_json::from_slice(bytes)
        .map_err(|error| InvalidRecord::Unreadable(escape::line(&error.to_string()).into_owned()))
}
