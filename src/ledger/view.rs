//! What the ledger tells of one organization: its members, its invitations, and what was written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::fold::{Accepted, History};
use super::folder::Stamp;
use super::record::Seq;
use super::run_file::RunName;
use super::snapshot::{Kept, Snapshot, Snapshots, restricted};
use super::{Warning, Writes};
use crate::known::{Invitations, Member, with_writes};
use crate::model::{Email, ProjectId, UserId};

/// What all runs and the last live readings of one realm come to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LedgerView {
    /// The roles that guestlist gave and took.
    pub writes: Writes,
    /// Warnings about the files of the ledger.
    pub warnings: Vec<Warning>,
    pub(super) realm: String,
    pub(super) history: History,
    /// The last run, and how many of its records were read.
    pub(super) end: Option<(RunName, Seq)>,
    pub(super) known: Snapshots,
    /// The file that the readings were in.
    pub(super) stamp: Option<Stamp>,
}

impl LedgerView {
    /// The invitations that are out, and that may be; with `organization`, the projects of one, only
    /// those of this organization.
    #[must_use]
    pub fn invitations(&self, organization: Option<&BTreeSet<ProjectId>>) -> Invitations {
        let none = Accepted::new();
        let accepted = self.kept().map_or(&none, |kept| &kept.accepted);
        self.history.invitations(organization, accepted)
    }

    /// The last readings of some projects.
    pub fn readings<'a>(&'a self, projects: &'a BTreeSet<ProjectId>) -> impl Iterator<Item = &'a Snapshot> {
        let readings = self.kept().map_or(&[][..], |kept| &kept.readings);
        readings.iter().filter(|reading| !reading.projects.is_disjoint(projects))
    }

    /// The projects of which there is a reading.
    #[must_use]
    pub fn projects(&self) -> BTreeSet<ProjectId> {
        let readings = self.kept().map_or(&[][..], |kept| &kept.readings);
        readings.iter().flat_map(|reading| reading.projects.iter().cloned()).collect()
    }

    /// The members of `projects` as last read, with what guestlist did since worked in; in a project that
    /// was never read, those whom its own calls made or found to be members.
    #[must_use]
    pub fn members(&self, projects: &BTreeSet<ProjectId>) -> BTreeMap<Email, Member> {
        let mut all: BTreeMap<Email, Member> = BTreeMap::new();
        let mut unread = projects.clone();
        for reading in self.readings(projects) {
            let here: BTreeSet<_> = reading.projects.intersection(projects).cloned().collect();
            unread.retain(|project| !here.contains(project));
            let since = self.writes.known_at(reading.after.as_ref(), reading.read_at);
            let recent = self.writes.select(&since, |project| here.contains(project));
            let members = restricted(reading.members.clone(), &here);
            merge(&mut all, with_writes(members, &recent));
        }
        let since = self.writes.known_at(None, Timestamp::MIN);
        let written = self.writes.select(&since, |project| unread.contains(project));
        merge(&mut all, with_writes(BTreeMap::new(), &written));
        for member in all.values_mut().filter(|member| member.id.as_str().is_empty()) {
            let known = member.access.keys().find_map(|project| self.writes.user_id(&member.login, project));
            member.id = known.cloned().unwrap_or_else(|| UserId::new(""));
        }
        all
    }

    /// The same without those of whom a call without a known answer may have taken it: a list without
    /// them is no surprise.
    #[must_use]
    pub fn certain_members(&self, projects: &BTreeSet<ProjectId>) -> BTreeMap<Email, Member> {
        let mut members = self.members(projects);
        for reading in self.readings(projects) {
            let since = self.writes.known_at(reading.after.as_ref(), reading.read_at);
            for (email, project) in self.writes.maybe_taken(&since) {
                if reading.projects.contains(&project)
                    && let Some(member) = members.get_mut(&email)
                {
                    member.access.remove(&project);
                }
            }
        }
        members.retain(|_, member| !member.access.is_empty());
        members
    }

    /// Everything to be kept once `reading` is the last one.
    pub(super) fn keep(mut self, mut reading: Snapshot) -> Snapshots {
        reading.after.clone_from(&self.end);
        let named = self.history.projects();
        let listed = std::mem::take(&mut reading.organization);
        let invitations = self.history.invitations(Some(&listed), &Accepted::new());
        // Of other projects no more is kept than the ledger says already.
        reading.organization =
            listed.into_iter().filter(|id| reading.projects.contains(id) || named.contains(id)).collect();
        let kept = self.known.realms.entry(self.realm).or_default();
        for invitation in invitations.out.values().chain(invitations.in_flight.values()) {
            let is_member = reading.members.contains_key(&invitation.email)
                || reading.members.values().any(|member| member.answers_to(&invitation.email));
            if is_member {
                kept.accepted.entry(invitation.email.clone()).or_default().insert(invitation.sent_at);
            }
        }
        kept.keep(reading);
        self.known
    }

    fn kept(&self) -> Option<&Kept> {
        self.known.realms.get(&self.realm)
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
