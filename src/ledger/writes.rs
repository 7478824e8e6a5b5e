//! The roles that guestlist itself gave and took, call by call, for where a list lags behind.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::record::{Action, Body, Intent, Meaning, Record, Seq};
use crate::identity::{Email, ProjectId, Role};
use crate::known::RecentWrites;

/// The last write of each role, by person and project, with its time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Writes {
    calls: Timed,
    /// What invitations carried, which tells what somebody had who accepted one.
    invitations: Timed,
}

type Timed = BTreeMap<(Email, ProjectId), (Timestamp, Option<Role>)>;

impl Writes {
    /// Those from `time` on.
    #[must_use]
    pub fn since(&self, time: Timestamp) -> RecentWrites {
        let recent = self.calls.iter().filter(|(_, (at, _))| *at >= time);
        recent.map(|(key, (_, role))| (key.clone(), role.clone())).collect()
    }

    /// The last of each, be it a call or an invitation.
    #[must_use]
    pub fn last(&self) -> RecentWrites {
        let mut last = self.calls.clone();
        for (key, write) in &self.invitations {
            keep_later(&mut last, key.clone(), write.clone());
        }
        last.into_iter().map(|(key, (_, role))| (key, role)).collect()
    }
}

/// Takes the records of run after run; only runs of one realm count.
#[derive(Debug)]
pub(super) struct WriteFold<'a> {
    realm: &'a str,
    counts: bool,
    open: BTreeMap<Seq, Intent>,
    writes: Writes,
}

impl<'a> WriteFold<'a> {
    pub(super) fn of(realm: &'a str) -> Self {
        Self { realm, counts: false, open: BTreeMap::new(), writes: Writes::default() }
    }

    pub(super) fn take(&mut self, record: &Record) {
        match &record.body {
            Body::Run(run) => {
                self.open.clear();
                self.counts = run.realm == self.realm;
            }
            Body::Intent(intent) if self.counts => {
                self.open.insert(record.seq, intent.clone());
            }
            Body::Outcome(outcome) if self.counts => {
                let Some(intent) = self.open.remove(&outcome.of) else { return };
                let Writes { calls, invitations } = &mut self.writes;
                let (kept, given) = match (outcome.meaning, intent.action) {
                    (Meaning::Assigned | Meaning::RoleChanged, _)
                    | (Meaning::AlreadySo, Action::Assign | Action::ChangeRole) => (calls, true),
                    (Meaning::Unassigned, _) | (Meaning::AlreadySo, Action::Unassign) => (calls, false),
                    (Meaning::Invited, _) => (invitations, true),
                    _ => return,
                };
                for (project, role) in intent.projects {
                    let write = (record.at, given.then_some(role));
                    keep_later(kept, (intent.email.clone(), project), write);
                }
            }
            Body::Intent(_) | Body::Outcome(_) | Body::End(_) => {}
        }
    }

    pub(super) fn finish(self) -> Writes {
        self.writes
    }
}

fn keep_later(kept: &mut Timed, key: (Email, ProjectId), write: (Timestamp, Option<Role>)) {
    let last = kept.entry(key).or_insert_with(|| write.clone());
    if last.0 <= write.0 {
        *last = write;
    }
}
