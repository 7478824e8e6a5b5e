//! The state of one organization according to the ledger: its members, its invitations, and what was written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::access::KnownAccess;
use super::applied_plans::{AppliedPlans, AppliedPlansFold};
use super::chain::Chain;
use super::convergence::{self, Convergence};
use super::error::LedgerError;
use super::fold::{Accepted, Fold, InvitationHistory};
use super::line::LineParser;
use super::observed::Observed;
use super::record::Seq;
use super::run_file::RunName;
use super::runs;
use super::snapshot::{ReadingFacts, RealmSnapshots, Snapshot, Snapshots};
use super::store::{Store, Version};
use super::writes::Writes;
use crate::known::{Invitations, Member, members_within, with_writes};
use crate::model::{Email, ProjectId, Role, UserId};

/// All runs and the last live snapshots of one realm, folded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LedgerView {
    /// The roles that guestlist assigned and removed.
    pub writes: Writes,
    /// The plans that were applied.
    pub applied_plans: AppliedPlans,
    /// Warnings about the files of the ledger.
    pub warnings: Vec<Warning>,
    realm: String,
    history: InvitationHistory,
    /// The last run, and how many of its records were read.
    end: Option<(RunName, Seq)>,
    pub(super) snapshots: Snapshots,
    /// The version of the document that the snapshots were in.
    pub(super) version: Option<Version>,
}

/// A problem with a file that the user should know about, and that no command fails for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Warning {
    /// The file, relative to the ledger.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The end of the sentence that starts with the file and line.
    pub what: &'static str,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, what } = self;
        write!(f, "ledger file `{file}`, line {line}, {what}")
    }
}

const EDITED: &str = "does not continue the line before it, so a record was edited, added or removed; run \
                      `guestlist log --verify`";
const INCOMPLETE: &str = "is incomplete (the process was interrupted while writing it) and is ignored";

impl LedgerView {
    /// Reads the ledger in `store`.
    pub(super) fn read(store: &dyn Store, realm: &str) -> Result<Self, LedgerError> {
        let mut warnings = Vec::new();
        let (mut fold, mut applied_plans) = (Fold::of(realm), AppliedPlansFold::of(realm));
        let mut parser = LineParser::default();
        let locked_since = store.lock()?.map(|lock| lock.value.since);
        for start in runs::in_store(store)? {
            let mut chain = Chain::default();
            let mut edited = None;
            fold.enter(start.name.clone());
            let incomplete = runs::read(store, &start.name, &mut parser, |line, record| {
                if !chain.holds(line, &record) {
                    edited.get_or_insert(record.seq);
                }
                applied_plans.take(&start.name, &record);
                fold.take(record);
            })?;
            let file = format!("runs/{}", start.name);
            warnings.extend(edited.map(|line| Warning { file: file.clone(), line, what: EDITED }));
            // The run in progress may be writing that line.
            let is_in_progress = locked_since.is_some() && start.at >= locked_since;
            if let Some(line) = incomplete.filter(|_| !is_in_progress) {
                warnings.push(Warning { file, line, what: INCOMPLETE });
            }
        }
        let (history, writes, end) = fold.finish();
        let applied_plans = applied_plans.finish();
        let (snapshots, version) = Snapshots::read(store)?;
        Ok(Self {
            writes,
            applied_plans,
            warnings,
            realm: realm.to_owned(),
            history,
            end,
            snapshots,
            version,
        })
    }

    /// The invitations that are pending or may be. If `organization`, the projects of one, is given, only its
    /// invitations.
    #[must_use]
    pub fn invitations(&self, organization: Option<&BTreeSet<ProjectId>>) -> Invitations {
        let none = Accepted::new();
        let accepted = self.of_realm().map_or(&none, |realm| &realm.accepted);
        self.history.invitations(organization, accepted)
    }

    /// The last snapshots of some projects.
    pub fn snapshots<'a>(&'a self, projects: &'a BTreeSet<ProjectId>) -> impl Iterator<Item = &'a Snapshot> {
        let snapshots = self.of_realm().map_or(&[][..], |realm| &realm.snapshots);
        snapshots.iter().filter(|snapshot| !snapshot.projects.is_disjoint(projects))
    }

    /// Whether the organization matches its team files, according to the last live readings.
    #[must_use]
    pub fn convergence(&self) -> Convergence {
        convergence::of_all(self.of_realm().map_or(&[], |realm| &realm.convergence))
    }

    /// The projects with a snapshot.
    #[must_use]
    pub fn projects(&self) -> BTreeSet<ProjectId> {
        let snapshots = self.of_realm().map_or(&[][..], |realm| &realm.snapshots);
        snapshots.iter().flat_map(|snapshot| snapshot.projects.iter().cloned()).collect()
    }

    /// The members of `projects`: those in the last snapshots, with the changes that guestlist made since. In
    /// a project without a snapshot, those that its own calls added or found to be members.
    #[must_use]
    pub fn members(&self, projects: &BTreeSet<ProjectId>) -> BTreeMap<Email, Member> {
        let mut all: BTreeMap<Email, Member> = BTreeMap::new();
        let mut unread = projects.clone();
        for snapshot in self.snapshots(projects) {
            let here: BTreeSet<_> = snapshot.projects.intersection(projects).cloned().collect();
            unread.retain(|project| !here.contains(project));
            let since = self.writes.after(snapshot.after.as_ref(), snapshot.read_at);
            let recent = self.writes.select(&since, |project| here.contains(project));
            let members = members_within(snapshot.members.clone(), |project| here.contains(project));
            merge(&mut all, with_writes(members, &recent));
        }
        let since = self.writes.after(None, Timestamp::MIN);
        let written = self.writes.select(&since, |project| unread.contains(project));
        merge(&mut all, with_writes(BTreeMap::new(), &written));
        for member in all.values_mut().filter(|member| member.id.as_str().is_empty()) {
            let known = member.access.keys().find_map(|project| self.writes.user_id(&member.login, project));
            member.id = known.cloned().unwrap_or_else(|| UserId::new(""));
        }
        all
    }

    /// Like [`Self::members`], without those that a call with an unknown outcome may have removed: a list
    /// may well lack them.
    #[must_use]
    pub fn certain_members(&self, projects: &BTreeSet<ProjectId>) -> BTreeMap<Email, Member> {
        let mut members = self.members(projects);
        for snapshot in self.snapshots(projects) {
            let since = self.writes.after(snapshot.after.as_ref(), snapshot.read_at);
            for (email, project) in self.writes.maybe_removed(&since) {
                if snapshot.projects.contains(&project)
                    && let Some(member) = members.get_mut(&email)
                {
                    member.access.remove(&project);
                }
            }
        }
        members.retain(|_, member| !member.access.is_empty());
        members
    }

    /// The projects that were read, with everything recorded that the reading showed. `access` is what the
    /// records say.
    #[must_use]
    pub fn recorded_projects(&self, access: &KnownAccess) -> BTreeSet<ProjectId> {
        let recorded = self.of_realm().into_iter().flat_map(|realm| realm.recorded.keys());
        recorded.chain(access.read_projects()).cloned().collect()
    }

    /// What `snapshot`, which was read after this view, shows and the records do not say. `access` is what they
    /// do say.
    #[must_use]
    pub fn unrecorded(&self, snapshot: &Snapshot, access: &KnownAccess) -> Vec<Observed> {
        let confirmed = |email: &Email, project: &ProjectId, role: Option<&Role>| {
            let recorded = self.of_realm().and_then(|realm| realm.recorded.get(project)).copied();
            // Before the starting inventory, nothing is certain.
            let recorded = recorded.max(access.read_at(project))?;
            let last = self.of_realm()?.snapshots.iter().find(|last| last.projects.contains(project));
            let agrees = last.filter(|last| {
                let member = last.members.get(email);
                member.and_then(|member| member.access.get(project)) == role
            });
            Some(agrees.map_or(recorded, |last| recorded.max(last.read_at)))
        };
        access.unrecorded(&snapshot.members, &snapshot.projects, snapshot.read_at, confirmed)
    }

    /// Adds a snapshot that was read after this view. Returns all snapshots to be saved.
    pub(super) fn keep(&mut self, mut snapshot: Snapshot, facts: &ReadingFacts) -> &Snapshots {
        snapshot.after.clone_from(&self.end);
        let named = self.history.projects();
        let listed = std::mem::take(&mut snapshot.organization);
        let invitations = self.history.invitations(Some(&listed), &Accepted::new());
        // Other projects are kept only if the ledger names them anyway.
        snapshot.organization =
            listed.into_iter().filter(|id| snapshot.projects.contains(id) || named.contains(id)).collect();
        let realm = self.snapshots.realms.entry(self.realm.clone()).or_default();
        let by_address: BTreeSet<_> = snapshot.members.values().filter_map(|it| it.email.as_ref()).collect();
        for invitation in invitations.out.values().chain(invitations.in_flight.values()) {
            let is_member =
                snapshot.members.contains_key(&invitation.email) || by_address.contains(&invitation.email);
            if is_member {
                realm.accepted.entry(invitation.email.clone()).or_default().insert(invitation.sent_at);
            }
        }
        realm.add(snapshot, facts);
        &self.snapshots
    }

    /// Takes back the snapshot that was added last.
    pub(super) fn take_latest(&mut self) -> Option<Snapshot> {
        self.snapshots.realms.get_mut(&self.realm)?.snapshots.pop()
    }

    fn of_realm(&self) -> Option<&RealmSnapshots> {
        self.snapshots.realms.get(&self.realm)
    }
}

fn merge(all: &mut BTreeMap<Email, Member>, more: BTreeMap<Email, Member>) {
    for (login, member) in more {
        match all.entry(login) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(member);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                known.access.extend(member.access);
                known.elsewhere |= member.elsewhere;
                known.is_owner |= member.is_owner;
                if known.id.as_str().is_empty() {
                    known.id = member.id;
                }
            }
        }
    }
}
