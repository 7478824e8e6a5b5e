//! The fold of all runs: the pending invitations, those that may be pending, and the roles written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::record::{Action, Body, Intent, Meaning, Outcome, Record, Seq};
use super::run_file::RunName;
use super::writes::Writes;
use crate::known::{Invitation, Invitations};
use crate::model::{Access, Email, ProjectId};

/// The invitations that were accepted according to a live list: when each was sent, by person.
pub(super) type Accepted = BTreeMap<Email, BTreeSet<Timestamp>>;

/// Folds the records of all runs, in the order of the runs.
///
/// Only runs of one realm count, because a rehearsal in a sandbox invites no one. Times do not matter, so a
/// wrong clock affects only the times that are shown.
#[derive(Debug)]
pub(super) struct Fold {
    realm: String,
    counts: bool,
    run: usize,
    names: Vec<RunName>,
    last: Seq,
    open: BTreeMap<Seq, (Timestamp, Intent)>,
    /// What the calls of this run showed, by the record that says so.
    events: BTreeMap<Seq, InvitationEvent>,
    history: InvitationHistory,
    writes: Writes,
}

/// Everything that calls showed about the invitations of one realm.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct InvitationHistory {
    events: BTreeMap<Email, Vec<InvitationEvent>>,
}

/// What one call showed about one person.
#[derive(Clone, PartialEq, Eq, Debug)]
struct InvitationEvent {
    invitation: Invitation,
    fact: InvitationFact,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum InvitationFact {
    /// The invitation was sent.
    Sent,
    /// An invitation was pending before.
    WasPending,
    /// The address is taken, by an invitation or a user.
    AddressTaken,
    /// The invitation may have been sent.
    MaybeSent,
    /// The person is a member.
    Member,
}

impl InvitationHistory {
    /// The invitations that are pending, or may be. If `organization`, the projects of one, is given, only
    /// those for any of them: the others belong to another organization with the same ledger.
    pub(super) fn invitations(
        &self,
        organization: Option<&BTreeSet<ProjectId>>,
        accepted: &Accepted,
    ) -> Invitations {
        let belongs = |event: &&InvitationEvent| {
            organization.is_none_or(|projects| {
                event.invitation.access.keys().any(|project| projects.contains(project))
            })
        };
        let (mut known, mut taken) = (Invitations::default(), BTreeMap::new());
        for event in self.events.values().flat_map(|events| events.iter().filter(belongs)) {
            learn(&mut known, &mut taken, event.invitation.clone(), event.fact);
        }
        for invitations in [&mut known.out, &mut known.in_flight] {
            invitations.retain(|email, invitation| {
                accepted.get(email).is_none_or(|accepted| !accepted.contains(&invitation.sent_at))
            });
        }
        known
    }

    /// The projects in any invitation.
    pub(super) fn projects(&self) -> BTreeSet<ProjectId> {
        let invitations = self.events.values().flatten().map(|event| &event.invitation);
        invitations.flat_map(|invitation| invitation.access.keys().cloned()).collect()
    }
}

impl Fold {
    /// An empty fold for one realm.
    pub(super) fn of(realm: &str) -> Self {
        Self {
            realm: realm.to_owned(),
            counts: false,
            run: 0,
            names: Vec::new(),
            last: 0,
            open: BTreeMap::new(),
            events: BTreeMap::new(),
            history: InvitationHistory::default(),
            writes: Writes::default(),
        }
    }

    /// Starts the next run.
    pub(super) fn enter(&mut self, name: RunName) {
        self.close();
        self.counts = false;
        self.run += 1;
        self.last = 0;
        self.names.push(name);
    }

    /// Adds the next record of the run. Its `run` record comes first.
    pub(super) fn take(&mut self, record: Record) {
        self.last = record.seq;
        match record.body {
            Body::Run(run) => self.counts = run.realm == self.realm,
            Body::Intent(intent) if self.counts => {
                self.open.insert(record.seq, (record.at, intent));
            }
            Body::Outcome(outcome) if self.counts => {
                if let Some((sent_at, intent)) = self.open.remove(&outcome.of) {
                    self.add(record.at, record.seq, sent_at, intent, Some(&outcome));
                }
            }
            Body::Intent(_) | Body::Outcome(_) | Body::Observed(_) | Body::End(_) => {}
        }
    }

    /// The invitations, the roles that guestlist wrote, and the last run with the number of its records.
    pub(super) fn finish(mut self) -> (InvitationHistory, Writes, Option<(RunName, Seq)>) {
        self.close();
        self.writes.set_runs(&self.names);
        let end = self.names.pop().map(|name| (name, self.last));
        (self.history, self.writes, end)
    }

    /// Ends the run: calls without an outcome by now have none.
    fn close(&mut self) {
        for (seq, (sent_at, intent)) in std::mem::take(&mut self.open) {
            self.add(sent_at, seq, sent_at, intent, None);
        }
        for event in std::mem::take(&mut self.events).into_values() {
            let email = event.invitation.email.clone();
            self.history.events.entry(email).or_insert_with(|| Vec::with_capacity(1)).push(event);
        }
    }

    fn add(
        &mut self,
        at: Timestamp,
        seq: Seq,
        sent_at: Timestamp,
        intent: Intent,
        outcome: Option<&Outcome>,
    ) {
        let meaning = outcome.map_or(Meaning::Unknown, |outcome| outcome.meaning);
        let user_id = outcome.and_then(|outcome| outcome.user_id.as_ref()).or(intent.user_id.as_ref());
        self.writes.add((self.run, seq), at, &intent, meaning, user_id);
        let fact = match (meaning, intent.action) {
            (Meaning::Invited, _) => InvitationFact::Sent,
            (Meaning::AlreadyInvited, _) => InvitationFact::WasPending,
            (Meaning::Unknown, Action::Invite) => InvitationFact::MaybeSent,
            (Meaning::Assigned | Meaning::RoleChanged | Meaning::Unassigned, _)
            | (Meaning::AlreadySo, Action::Assign | Action::ChangeRole) => InvitationFact::Member,
            (Meaning::AddressTaken, _) => InvitationFact::AddressTaken,
            (Meaning::AlreadySo | Meaning::Refused | Meaning::NotMade | Meaning::Unknown, _) => return,
        };
        let invitation = Invitation { email: intent.email, sent_at, access: intent.projects };
        self.events.insert(seq, InvitationEvent { invitation, fact });
    }
}

/// Adds the next event of a person. `taken` has the access in each invitation that was last answered with
/// 409.
fn learn(
    known: &mut Invitations,
    taken: &mut BTreeMap<Email, Access>,
    invitation: Invitation,
    fact: InvitationFact,
) {
    let email = invitation.email.clone();
    match fact {
        // The assigns that follow show who has the address. Until one is answered, nothing is known, and
        // only inviting again finds out.
        InvitationFact::AddressTaken => {
            taken.insert(email, invitation.access);
        }
        InvitationFact::Sent => {
            taken.remove(&email);
            known.in_flight.remove(&email);
            known.out.insert(email, invitation);
        }
        InvitationFact::WasPending => {
            // It was sent before: by this ledger, by a call whose answer was lost, or by hand.
            let sent_before = known.in_flight.remove(&email);
            let access = invitation.access.clone();
            let asked_for = taken.get(&email).cloned().unwrap_or_default();
            let out = known.out.entry(email).or_insert_with(|| sent_before.unwrap_or(invitation));
            add_missing(&mut out.access, access);
            // There may be no further assign, because the answer is the same for every project.
            add_missing(&mut out.access, asked_for);
        }
        InvitationFact::MaybeSent => {
            known.in_flight.insert(email, invitation);
        }
        InvitationFact::Member => {
            taken.remove(&email);
            known.in_flight.remove(&email);
            known.out.remove(&email);
        }
    }
}

/// Adds the projects that are not in `access` yet.
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

    /// One call: the person, the action, and its outcome, if there is one.
    type FoldedCall = (&'static str, Action, Option<Meaning>);

    fn records(first: u64, realm: &str, calls: &[(u64, FoldedCall)]) -> Vec<Record> {
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

    fn folded(runs: &[Vec<Record>]) -> (InvitationHistory, Writes, Option<(RunName, Seq)>) {
        let mut fold = Fold::of("sandbox");
        for (number, run) in runs.iter().enumerate() {
            fold.enter(run_name(number));
            for record in run {
                fold.take(record.clone());
            }
        }
        fold.finish()
    }

    fn run_name(number: usize) -> RunName {
        RunName::of_file(&format!("{number}.jsonl")).unwrap()
    }

    fn history(runs: &[Vec<Record>]) -> InvitationHistory {
        folded(runs).0
    }

    fn fold(runs: &[Vec<Record>]) -> Invitations {
        history(runs).invitations(None, &Accepted::new())
    }

    fn shown(invitations: &Invitations) -> String {
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
    fn the_calls_of_a_later_run_come_after_a_snapshot() {
        let runs = ["a@example.com", "b@example.com"]
            .map(|email| records(0, "sandbox", &[(10, (email, Action::Assign, Some(Meaning::Assigned)))]));
        let (_, writes, end) = folded(&runs);
        assert_eq!(end, Some((run_name(1), 3)));
        let after = |run, seq| {
            let since = writes.after(Some(&(run_name(run), seq)), time(0));
            writes
                .select(&since, |_| true)
                .into_keys()
                .map(|(email, _)| email.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(after(0, 2), ["a@example.com", "b@example.com"]);
        assert_eq!(after(0, 3), ["b@example.com"]);
        assert_eq!(after(1, 3), [""; 0]);
    }

    #[test]
    fn each_outcome_has_its_consequence() {
        let check = |calls: &[FoldedCall], expected: &str| {
            let calls: Vec<_> = (1..).map(|n| n * 10).zip(calls.iter().copied()).collect();
            assert_eq!(shown(&fold(&[records(0, "sandbox", &calls)])), expected);
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
        // Only the answer was lost, not the invitation.
        check(
            &[invite(None), invite(Some(Meaning::AddressTaken)), assign(Meaning::AlreadyInvited)],
            "out: a@10; in flight: ",
        );
        // Killed between the 409 and the assigns: nothing is known, so the person is invited again.
        check(&[invite(Some(Meaning::AddressTaken))], "out: ; in flight: ");
        check(&[invite(Some(Meaning::AddressTaken)), assign(Meaning::Assigned)], "out: ; in flight: ");
        check(
            &[invite(Some(Meaning::AddressTaken)), assign(Meaning::AlreadyInvited)],
            "out: a@20; in flight: ",
        );
        // Sent again on purpose.
        check(&[invite(Some(Meaning::Invited)), invite(Some(Meaning::Invited))], "out: a@20; in flight: ");
        check(&[invite(Some(Meaning::Invited)), invite(None)], "out: a@10; in flight: a@20");
        check(&[invite(Some(Meaning::Invited)), invite(Some(Meaning::Refused))], "out: a@10; in flight: ");
        // Shown to be a member.
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
    fn an_accepted_invitation_is_not_pending_and_the_next_one_is() {
        let invite = ("a@example.com", Action::Invite, Some(Meaning::Invited));
        let runs = [records(0, "sandbox", &[(10, invite)])];
        let accepted = |at| Accepted::from([(Email::as_received("A@example.com"), [time(at)].into())]);
        let after = |runs: &[_], at| shown(&history(runs).invitations(None, &accepted(at)));
        assert_eq!(after(&runs, 9), "out: a@10; in flight: ");
        assert_eq!(after(&runs, 10), "out: ; in flight: ");
        // The next one was sent by a machine with a clock that is behind.
        let runs = [runs[0].clone(), records(0, "sandbox", &[(5, invite)])];
        assert_eq!(after(&runs, 10), "out: a@5; in flight: ");
    }

    #[test]
    fn an_invitation_of_another_organization_does_not_count() {
        let runs = [records(
            0,
            "sandbox",
            &[
                (10, ("a@example.com", Action::Invite, Some(Meaning::Invited))),
                (20, ("b@example.com", Action::Invite, None)),
            ],
        )];
        let within = |project: &str| {
            let organization = BTreeSet::from([ProjectId::new(project)]);
            shown(&history(&runs).invitations(Some(&organization), &Accepted::new()))
        };
        assert_eq!(within("proj_1"), "out: a@10; in flight: b@20");
        assert_eq!(within("proj_2"), "out: ; in flight: ");
    }

    #[test]
    fn one_assign_after_a_taken_address_confirms_every_project_of_the_invitation() {
        let access = |projects: &[&str]| -> Access {
            projects.iter().map(|id| (ProjectId::new(*id), crate::model::Role::User)).collect()
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
        let invitations = fold(&[records]);
        let out = &invitations.out[&Email::as_received("a@example.com")];
        assert_eq!(out.access, access(&["p", "q", "r"]));
    }

    #[test]
    fn a_rehearsal_invites_no_one() {
        let call = (10, ("a@example.com", Action::Invite, Some(Meaning::Invited)));
        let open = (20, ("b@example.com", Action::Invite, None));
        let runs = [records(0, "https://api.voucherify.io", &[call, open]), records(30, "sandbox", &[])];
        assert_eq!(shown(&fold(&runs)), "out: ; in flight: ");
    }

    fn a_call() -> impl Strategy<Value = FoldedCall> {
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
        fn it_does_not_matter_which_run_made_a_call(
            calls in prop::collection::vec((a_call(), 0_usize..4), 0..24)
        ) {
            let mut calls = calls;
            // Runs do not overlap.
            calls.sort_by_key(|(_, run)| *run);
            let timed: Vec<_> = (1..).map(|n| n * 10).zip(calls).collect();
            let all: Vec<_> = timed.iter().map(|&(at, (call, _))| (at, call)).collect();
            let together = fold(&[records(0, "sandbox", &all)]);
            let runs: Vec<_> = (0..4).map(|run| {
                let part: Vec<_> = timed.iter().filter(|(_, (_, file))| *file == run)
                    .map(|&(at, (call, _))| (at, call)).collect();
                records(0, "sandbox", &part)
            }).collect();
            prop_assert_eq!(fold(&runs), together);
        }
    }
}
