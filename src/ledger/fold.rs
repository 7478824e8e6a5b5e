//! The fold of all runs: which invitations are out, which may be, and what was written.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::record::{Action, Body, Intent, Meaning, Outcome, Record, Seq};
use super::writes::Writes;
use crate::identity::{Access, Email};
use crate::known::{Invitation, Invitations};

/// When each person was last seen as a member.
pub type Seen = BTreeMap<Email, Timestamp>;

/// Takes the records of run after run, and tells what invitations and writes follow from them.
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
    writes: Writes,
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
    Taken,
    MaybeSent,
    Member,
}

impl Fold {
    /// Begins with nothing, for one realm.
    #[must_use]
    pub fn of(realm: &str) -> Self {
        Self {
            realm: realm.to_owned(),
            counts: false,
            run: 0,
            open: BTreeMap::new(),
            events: Vec::new(),
            writes: Writes::default(),
        }
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

    /// The invitations that follow, given who was seen as a member, and when; and the roles that
    /// guestlist gave and took.
    #[must_use]
    pub fn finish(mut self, seen: &Seen) -> (Invitations, Writes) {
        self.close();
        self.events.sort_by_key(|event| (event.at, event.run, event.seq));
        let mut known = Invitations::default();
        let mut taken = BTreeMap::new();
        for Event { invitation, says, .. } in self.events {
            learn(&mut known, &mut taken, invitation, says);
        }
        let waits = |email: &Email, invitation: &mut Invitation| {
            seen.get(email).is_none_or(|&seen_at| seen_at < invitation.sent_at)
        };
        known.out.retain(waits);
        known.in_flight.retain(waits);
        (known, self.writes)
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
        self.writes.note(at, &intent, meaning);
        let says = match (meaning, intent.action) {
            (Meaning::Invited, _) => Says::Sent,
            (Meaning::AlreadyInvited, _) => Says::OutAlready,
            (Meaning::Unknown, Action::Invite) => Says::MaybeSent,
            (Meaning::Assigned | Meaning::RoleChanged | Meaning::Unassigned, _)
            | (Meaning::AlreadySo, Action::Assign | Action::ChangeRole) => Says::Member,
            (Meaning::AddressTaken, _) => Says::Taken,
            (Meaning::AlreadySo | Meaning::Refused | Meaning::NotMade | Meaning::Unknown, _) => return,
        };
        let invitation = Invitation { email: intent.email, sent_at, access: intent.projects };
        self.events.push(Event { at, run: self.run, seq, invitation, says });
    }
}

/// Takes the next event in the order of time. `taken` has the access of each invitation that was last
/// answered with 409.
fn learn(known: &mut Invitations, taken: &mut BTreeMap<Email, Access>, invitation: Invitation, says: Says) {
    let email = invitation.email.clone();
    match says {
        // The assigns that follow tell who has the address. Until one is answered, nothing is known, and
        // inviting again is what finds out.
        Says::Taken => {
            taken.insert(email, invitation.access);
        }
        Says::Sent => {
            taken.remove(&email);
            known.in_flight.remove(&email);
            known.out.insert(email, invitation);
        }
        Says::OutAlready => {
            // It was sent before: by this ledger, by a call whose answer was lost, or by hand.
            let sent_before = known.in_flight.remove(&email);
            let access = invitation.access.clone();
            let asked_for = taken.get(&email).cloned().unwrap_or_default();
            let out = known.out.entry(email).or_insert_with(|| sent_before.unwrap_or(invitation));
            add_missing(&mut out.access, access);
            // The first assign may be the only one, as the answer is the same for every project.
            add_missing(&mut out.access, asked_for);
        }
        Says::MaybeSent => {
            known.in_flight.insert(email, invitation);
        }
        Says::Member => {
            taken.remove(&email);
            known.in_flight.remove(&email);
            known.out.remove(&email);
        }
    }
}

/// What was asked for is what the answers are about, one or several.
fn add_missing(access: &mut Access, more: Access) {
    for (project, role) in more {
        access.entry(project).or_insert(role);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::tests::{run, time};
    use crate::ledger::{Action, Meaning};

    /// One call: whom it is about, what for, and what came of it.
    type Call = (&'static str, Action, Option<Meaning>);

    fn records(first: u64, realm: &str, calls: &[(u64, Call)]) -> Vec<Record> {
        let mut bodies = vec![(first, run(realm))];
        for &(at, (email, action, meaning)) in calls {
            let of = bodies.len() as u64 + 1;
            let mut intent = crate::ledger::tests::an_intent(email);
            intent.action = action;
            bodies.push((at, Body::Intent(intent)));
            if let Some(meaning) = meaning {
                bodies.push((at + 1, crate::ledger::tests::outcome(of, meaning)));
            }
        }
        let record = |(seq, (at, body))| Record { seq, at: time(at), body, prev: String::new() };
        (1..).zip(bodies).map(record).collect()
    }

    fn fold(runs: &[Vec<Record>], seen: &Seen) -> Invitations {
        let mut fold = Fold::of("sandbox");
        for record in runs.iter().flatten() {
            fold.take(record.clone());
        }
        fold.finish(seen).0
    }

    fn told(invitations: &Invitations) -> String {
        let list = |invitations: &BTreeMap<Email, Invitation>| {
            let each = invitations.values().map(|invitation| {
                let seconds = invitation.sent_at.as_second() - time(0).as_second();
                format!("{}@{seconds}", invitation.email.as_str().split('@').next().unwrap_or_default())
            });
            each.collect::<Vec<_>>().join(" ")
        };
        format!("out: {}; in flight: {}", list(&invitations.out), list(&invitations.in_flight))
    }

    #[test]
    fn each_outcome_has_its_consequence() {
        let check = |calls: &[Call], expected: &str| {
            let calls: Vec<_> = (1..).map(|n| n * 10).zip(calls.iter().copied()).collect();
            assert_eq!(told(&fold(&[records(0, "sandbox", &calls)], &Seen::new())), expected);
        };
        let a = "a@example.com";
        let invite = |meaning| (a, Action::Invite, meaning);
        let assign = |meaning| (a, Action::Assign, Some(meaning));
        check(&[], "out: ; in flight: ");
        check(&[invite(Some(Meaning::Invited))], "out: a@10; in flight: ");
        check(&[invite(Some(Meaning::AlreadyInvited))], "out: a@10; in flight: ");
        check(&[invite(Some(Meaning::Refused))], "out: ; in flight: ");
        check(&[invite(None)], "out: ; in flight: a@10");
        check(&[invite(Some(Meaning::Unknown))], "out: ; in flight: a@10");
        // The answer was lost; the invitation was not.
        check(
            &[invite(None), invite(Some(Meaning::AddressTaken)), assign(Meaning::AlreadyInvited)],
            "out: a@10; in flight: ",
        );
        // Killed between the 409 and what was to follow: nothing is known, so it is tried again.
        check(&[invite(Some(Meaning::AddressTaken))], "out: ; in flight: ");
        check(&[invite(Some(Meaning::AddressTaken)), assign(Meaning::Assigned)], "out: ; in flight: ");
        check(
            &[invite(Some(Meaning::AddressTaken)), assign(Meaning::AlreadyInvited)],
            "out: a@20; in flight: ",
        );
        // Sent again, on purpose.
        check(&[invite(Some(Meaning::Invited)), invite(Some(Meaning::Invited))], "out: a@20; in flight: ");
        check(&[invite(Some(Meaning::Invited)), invite(None)], "out: a@10; in flight: a@20");
        check(&[invite(Some(Meaning::Invited)), invite(Some(Meaning::Refused))], "out: a@10; in flight: ");
        // Proved to be a member.
        for meaning in [Meaning::Assigned, Meaning::AlreadySo, Meaning::RoleChanged, Meaning::Unassigned] {
            check(&[invite(Some(Meaning::Invited)), invite(None), assign(meaning)], "out: ; in flight: ");
        }
        check(
            &[invite(Some(Meaning::Invited)), (a, Action::Unassign, Some(Meaning::AlreadySo))],
            "out: a@10; in flight: ",
        );
        check(&[invite(Some(Meaning::Invited)), assign(Meaning::Refused)], "out: a@10; in flight: ");
    }

    #[test]
    fn one_assign_after_a_taken_address_tells_of_all_that_the_invitation_asked_for() {
        let access = |projects: &[&str]| -> Access {
            projects
                .iter()
                .map(|id| (crate::identity::ProjectId::new(*id), crate::identity::Role::User))
                .collect()
        };
        let calls = [
            (10, ("a@example.com", Action::Invite, Some(Meaning::AddressTaken))),
            (20, ("a@example.com", Action::Assign, Some(Meaning::AlreadyInvited))),
        ];
        let mut records = records(0, "sandbox", &calls);
        let asked_for = [access(&["p", "q", "r"]), access(&["p"])];
        let intents = records.iter_mut().filter_map(|record| match &mut record.body {
            Body::Intent(intent) => Some(intent),
            _ => None,
        });
        for (intent, access) in intents.zip(asked_for) {
            intent.projects = access;
        }
        let invitations = fold(&[records], &Seen::new());
        let out = &invitations.out[&Email::as_received("a@example.com")];
        assert_eq!(out.access, access(&["p", "q", "r"]));
    }

    #[test]
    fn who_was_seen_as_a_member_since_is_not_invited_any_more() {
        let runs =
            [records(0, "sandbox", &[(10, ("a@example.com", Action::Invite, Some(Meaning::Invited)))])];
        let seen_at = |seconds| Seen::from([(Email::as_received("A@example.com"), time(seconds))]);
        assert_eq!(told(&fold(&runs, &seen_at(9))), "out: a@10; in flight: ");
        assert_eq!(told(&fold(&runs, &seen_at(10))), "out: ; in flight: ");
    }

    #[test]
    fn a_rehearsal_invites_nobody() {
        let call = (10, ("a@example.com", Action::Invite, Some(Meaning::Invited)));
        let open = (20, ("b@example.com", Action::Invite, None));
        let runs = [records(0, "https://api.voucherify.io", &[call, open]), records(30, "sandbox", &[])];
        assert_eq!(told(&fold(&runs, &Seen::new())), "out: ; in flight: ");
    }

    fn a_call() -> impl Strategy<Value = Call> {
        let email = prop::sample::select(vec!["a@example.com", "b@example.com", "c@example.com"]);
        let action = prop::sample::select(vec![
            Action::Invite,
            Action::Invite,
            Action::Assign,
            Action::ChangeRole,
            Action::Unassign,
        ]);
        let meaning = prop::sample::select(vec![
            Meaning::Invited,
            Meaning::AddressTaken,
            Meaning::AlreadyInvited,
            Meaning::Assigned,
            Meaning::Unassigned,
            Meaning::AlreadySo,
            Meaning::Refused,
            Meaning::Unknown,
        ]);
        (email, action, prop::option::weighted(0.8, meaning))
    }

    proptest! {
        #[test]
        fn it_does_not_matter_which_file_tells_of_a_call(
            calls in prop::collection::vec((a_call(), 0_usize..4), 0..24)
        ) {
            let timed: Vec<_> = (1..).map(|n| n * 10).zip(calls).collect();
            let all: Vec<_> = timed.iter().map(|&(at, (call, _))| (at, call)).collect();
            let together = fold(&[records(0, "sandbox", &all)], &Seen::new());
            let runs: Vec<_> = (0..4).map(|run| {
                let part: Vec<_> = timed.iter().filter(|(_, (_, file))| *file == run)
                    .map(|&(at, (call, _))| (at, call)).collect();
                records(0, "sandbox", &part)
            }).collect();
            prop_assert_eq!(fold(&runs, &Seen::new()), together.clone());
            let backwards: Vec<_> = runs.into_iter().rev().collect();
            prop_assert_eq!(fold(&backwards, &Seen::new()), together);
        }
    }
}
