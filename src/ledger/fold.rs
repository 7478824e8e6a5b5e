//! The fold of all runs: which invitations are out, and which may be.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::record::{Action, Body, Intent, Meaning, Outcome, Record, Seq};
use crate::identity::{Access, Email};
use crate::known::Invitation;

/// When each person was last seen as a member.
pub type Seen = BTreeMap<Email, Timestamp>;

/// The invitations that the ledger knows of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Invitations {
    /// Those that are out: sent, and the person was not seen as a member since.
    pub out: BTreeMap<Email, Invitation>,
    /// Those that may be out: the call was made, or about to be, and no answer is recorded.
    pub in_flight: BTreeMap<Email, Invitation>,
}

/// Takes the records of run after run, and tells what invitations follow from them.
///
/// Only runs of one realm count: rehearsing in a sandbox invites nobody. In which order the runs come
/// does not matter, the times in them do.
#[derive(Debug)]
pub struct Fold {
    realm: String,
    counts: bool,
    run: usize,
    open: BTreeMap<Seq, (Timestamp, Intent)>,
    events: Vec<Event>,
}

/// What one call says about one person.
#[derive(Debug)]
struct Event {
    at: Timestamp,
    run: usize,
    seq: Seq,
    invitation: Invitation,
    says: Says,
}

#[derive(Clone, Copy, Debug)]
enum Says {
    Sent,
    OutAlready,
    MaybeSent,
    Member,
}

impl Fold {
    /// Begins with nothing, for one realm.
    #[must_use]
    pub fn of(realm: &str) -> Self {
        Self { realm: realm.to_owned(), counts: false, run: 0, open: BTreeMap::new(), events: Vec::new() }
    }

    /// Takes the next record of a run. Its `run` record comes first.
    pub fn take(&mut self, record: Record) {
        match record.body {
            Body::Run(run) => {
                self.close();
                self.counts = run.realm == self.realm;
                self.run += 1;
            }
            Body::Intent(intent) if self.counts => {
                self.open.insert(record.seq, (record.at, intent));
            }
            Body::Outcome(outcome) if self.counts => {
                if let Some((sent_at, intent)) = self.open.remove(&outcome.of) {
                    self.note(record.at, record.seq, sent_at, intent, Some(&outcome));
                }
            }
            Body::Intent(_) | Body::Outcome(_) | Body::End(_) => {}
        }
    }

    /// The invitations that follow, given who was seen as a member, and when.
    #[must_use]
    pub fn finish(mut self, seen: &Seen) -> Invitations {
        self.close();
        self.events.sort_by_key(|event| (event.at, event.run, event.seq));
        let mut known = Invitations::default();
        for Event { invitation, says, .. } in self.events {
            known.learn(invitation, says);
        }
        let waits = |email: &Email, invitation: &mut Invitation| {
            seen.get(email).is_none_or(|&seen_at| seen_at < invitation.sent_at)
        };
        known.out.retain(waits);
        known.in_flight.retain(waits);
        known
    }

    /// A run is over: what has no outcome by now gets none.
    fn close(&mut self) {
        for (seq, (sent_at, intent)) in std::mem::take(&mut self.open) {
            self.note(sent_at, seq, sent_at, intent, None);
        }
    }

    fn note(
        &mut self,
        at: Timestamp,
        seq: Seq,
        sent_at: Timestamp,
        intent: Intent,
        outcome: Option<&Outcome>,
    ) {
        let meaning = outcome.map_or(Meaning::Unknown, |outcome| outcome.meaning);
        let says = match (meaning, intent.action) {
            (Meaning::Invited, _) => Says::Sent,
            (Meaning::AlreadyInvited, _) => Says::OutAlready,
            (Meaning::Unknown, Action::Invite) => Says::MaybeSent,
            (Meaning::Assigned | Meaning::RoleChanged | Meaning::Unassigned, _)
            | (Meaning::AlreadySo, Action::Assign | Action::ChangeRole) => Says::Member,
            // A taken address is told apart by the assigns that follow. Until one is answered, nothing
            // is known, and inviting again is what finds out.
            (Meaning::AddressTaken | Meaning::AlreadySo | Meaning::Refused | Meaning::Unknown, _) => return,
        };
        let invitation = Invitation { email: intent.email, sent_at, access: intent.projects };
        self.events.push(Event { at, run: self.run, seq, invitation, says });
    }
}

impl Invitations {
    fn learn(&mut self, invitation: Invitation, says: Says) {
        let email = invitation.email.clone();
        match says {
            Says::Sent => {
                self.in_flight.remove(&email);
                self.out.insert(email, invitation);
            }
            Says::OutAlready => {
                // It was sent before: by this ledger, by a call whose answer was lost, or by hand.
                let sent_before = self.in_flight.remove(&email);
                let access = invitation.access.clone();
                let out = self.out.entry(email).or_insert_with(|| sent_before.unwrap_or(invitation));
                add_missing(&mut out.access, access);
            }
            Says::MaybeSent => {
                self.in_flight.insert(email, invitation);
            }
            Says::Member => {
                self.in_flight.remove(&email);
                self.out.remove(&email);
            }
        }
    }
}

/// One answer for each project tells that the invitation is out; together they tell what was asked for.
fn add_missing(access: &mut Access, more: Access) {
    for (project, role) in more {
        access.entry(project).or_insert(role);
    }
}
