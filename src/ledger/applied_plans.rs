//! The plans that were applied, and the people they changed, so no saved plan undoes a later one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::record::{Body, Meaning, Record, Seq};
use super::run_file::RunName;
use crate::model::Email;

/// A run that applied a plan.
#[derive(Clone, PartialEq, Eq, Debug)]
struct AppliedPlan {
    name: RunName,
    at: Timestamp,
    by: String,
    plan_id: Option<String>,
    /// When its plan was made. Older records do not have it; then the start of the run, which is later.
    made_at: Timestamp,
    is_done: bool,
    /// The people of all calls that were made, or may have been.
    changed: BTreeSet<Email>,
}

/// The plans that were applied in one realm.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AppliedPlans {
    runs: Vec<AppliedPlan>,
}

/// Why a saved plan must not be applied any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Superseded {
    /// The run that superseded it.
    pub run: RunName,
    /// When it started.
    pub at: Timestamp,
    /// Who ran it.
    pub by: String,
    /// A person that the run changed with a plan made later, and when that plan was made. None if the
    /// run applied all of this very plan.
    pub later: Option<(Email, Timestamp)>,
}

impl AppliedPlans {
    /// Whether a run has applied all of this plan, or a plan that was made later to one of `people`.
    #[must_use]
    pub fn superseding(
        &self,
        plan_id: &str,
        made_at: Timestamp,
        people: &BTreeSet<Email>,
    ) -> Option<Superseded> {
        let superseded = |run: &AppliedPlan, later| Superseded {
            run: run.name.clone(),
            at: run.at,
            by: run.by.clone(),
            later,
        };
        let is_this = |run: &AppliedPlan| run.plan_id.as_deref() == Some(plan_id) && run.made_at == made_at;
        if let Some(run) = self.runs.iter().find(|run| is_this(run) && run.is_done) {
            return Some(superseded(run, None));
        }
        let others = self.runs.iter().filter(|run| !is_this(run) && run.made_at >= made_at);
        others
            .filter_map(|run| Some((run, run.changed.intersection(people).next()?)))
            .map(|(run, email)| superseded(run, Some((email.clone(), run.made_at))))
            .next_back()
    }
}

impl fmt::Display for Superseded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, at, by, later } = self;
        match later {
            None => write!(f, "run {run} of {at:.0} by {by} has already applied all of it")?,
            Some((email, made_at)) => write!(
                f,
                "run {run} of {at:.0} by {by} has applied a plan that was made later ({made_at:.0}) to {email}"
            )?,
        }
        f.write_str("; create a new plan")
    }
}

/// Folds the records of all runs, in the order of the runs.
#[derive(Debug)]
pub(super) struct AppliedPlansFold {
    realm: String,
    counts: bool,
    open: BTreeMap<Seq, Email>,
    plans: AppliedPlans,
}

impl AppliedPlansFold {
    /// An empty fold for one realm.
    pub(super) fn of(realm: &str) -> Self {
        Self { realm: realm.to_owned(), counts: false, open: BTreeMap::new(), plans: AppliedPlans::default() }
    }

    /// Adds the next record of the run `name`.
    pub(super) fn take(&mut self, name: &RunName, record: &Record) {
        match &record.body {
            Body::Run(run) => {
                self.close();
                self.counts = run.realm == self.realm;
                if self.counts {
                    self.plans.runs.push(AppliedPlan {
                        name: name.clone(),
                        at: record.at,
                        by: run.who.to_string(),
                        plan_id: run.plan_id.clone(),
                        made_at: run.plan_made_at.unwrap_or(record.at),
                        is_done: false,
                        changed: BTreeSet::new(),
                    });
                }
            }
            _ if !self.counts => {}
            Body::Observed(_) => {}
            Body::Intent(intent) => {
                self.open.insert(record.seq, intent.email.clone());
            }
            Body::Outcome(outcome) => {
                let email = self.open.remove(&outcome.of);
                if !matches!(outcome.meaning, Meaning::Refused | Meaning::NotMade) {
                    self.add_changed(email);
                }
            }
            Body::End(end) => {
                if let Some(run) = self.plans.runs.last_mut() {
                    run.is_done = end.is_done();
                }
            }
        }
    }

    /// The plans that were applied.
    pub(super) fn finish(mut self) -> AppliedPlans {
        self.close();
        self.plans
    }

    /// Ends the run: calls that were in flight may have been made.
    fn close(&mut self) {
        let open = std::mem::take(&mut self.open);
        if self.counts {
            self.add_changed(open.into_values());
        }
    }

    fn add_changed(&mut self, people: impl IntoIterator<Item = Email>) {
        if let Some(run) = self.plans.runs.last_mut() {
            run.changed.extend(people);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::tests::{a_run, an_intent, an_outcome, time};
    use crate::ledger::{End, EndReason, Run};

    const PEOPLE: [&str; 3] = ["a@example.com", "b@example.com", "c@example.com"];

    #[derive(Clone, Debug)]
    enum Step {
        /// Someone saves a plan that gives each person a role.
        Plan([u8; 3]),
        /// Someone applies one of the plans. The run may be killed after a number of calls.
        Apply { plan: prop::sample::Index, killed_after: Option<usize> },
        /// Someone changes a role in the dashboard.
        Drift { person: usize, role: u8 },
    }

    fn a_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            prop::array::uniform3(0_u8..3).prop_map(Step::Plan),
            (any::<prop::sample::Index>(), prop::option::of(0_usize..4))
                .prop_map(|(plan, killed_after)| Step::Apply { plan, killed_after }),
            (0_usize..3, 0_u8..3).prop_map(|(person, role)| Step::Drift { person, role }),
        ]
    }

    struct Plan {
        made_at: Timestamp,
        roles: [u8; 3],
        is_done: bool,
    }

    /// The organization, the ledger and the saved plans.
    #[derive(Default)]
    struct World {
        now: u64,
        roles: [u8; 3],
        plans: Vec<Plan>,
        runs: Vec<Vec<Record>>,
        /// The plans that changed each person, in that order.
        wrote: [Vec<usize>; 3],
    }

    impl World {
        fn applied_plans(&self) -> AppliedPlans {
            let mut fold = AppliedPlansFold::of("sandbox");
            for (number, run) in self.runs.iter().enumerate() {
                let name = RunName::of_file(&format!("{number}.jsonl")).unwrap();
                for record in run {
                    fold.take(&name, record);
                }
            }
            fold.finish()
        }

        fn apply(&mut self, index: usize, killed_after: Option<usize>) {
            let plan = &self.plans[index];
            let left: Vec<usize> = (0..3).filter(|&who| self.roles[who] != plan.roles[who]).collect();
            let people = left.iter().map(|&who| Email::as_received(PEOPLE[who])).collect();
            // Two plans with the same content have the same id.
            let id = format!("{:?}", plan.roles);
            if left.is_empty() || self.applied_plans().superseding(&id, plan.made_at, &people).is_some() {
                return;
            }
            assert!(!plan.is_done, "a plan was applied twice");
            let run = Run { plan_id: Some(id), ..a_run("sandbox") }.made_at(plan.made_at);
            let mut bodies = vec![Body::Run(run)];
            for (count, &who) in left.iter().enumerate() {
                let later = self.wrote[who].iter().find(|&&other| self.plans[other].made_at > plan.made_at);
                assert_eq!(later, None, "{} was changed by a plan made later", PEOPLE[who]);
                self.roles[who] = plan.roles[who];
                self.wrote[who].push(index);
                bodies.push(Body::Intent(an_intent(PEOPLE[who])));
                if killed_after == Some(count) {
                    break;
                }
                bodies.push(Body::Outcome(an_outcome(bodies.len() as u64, Meaning::RoleChanged)));
            }
            if killed_after.is_none_or(|count| count >= left.len()) {
                let (text, counts, changes) = (None, [].into(), Some(left.len() as u64));
                let reason = EndReason::Completed;
                bodies.push(Body::End(End { reason, text, counts, changes, done: changes }));
                self.plans[index].is_done = true;
            }
            let at = time(self.now);
            let records = (1..).zip(bodies);
            self.runs
                .push(records.map(|(seq, body)| Record { seq, at, body, prev: String::new() }).collect());
        }
    }

    proptest! {
        #[test]
        fn no_saved_plan_undoes_what_a_later_one_did(steps in prop::collection::vec(a_step(), 0..40)) {
            let mut world = World::default();
            for step in steps {
                world.now += 1;
                match step {
                    Step::Plan(roles) => {
                        world.plans.push(Plan { made_at: time(world.now), roles, is_done: false });
                    }
                    Step::Apply { plan, killed_after } if !world.plans.is_empty() => {
                        world.apply(plan.index(world.plans.len()), killed_after);
                    }
                    Step::Apply { .. } => {}
                    Step::Drift { person, role } => world.roles[person] = role,
                }
            }
        }
    }

    #[test]
    fn the_runs_of_other_realms_and_refused_calls_do_not_count() {
        let people = BTreeSet::from([Email::as_received("a@example.com")]);
        for (realm, meaning, counts) in [
            ("sandbox", Some(Meaning::RoleChanged), true),
            ("sandbox", Some(Meaning::Unknown), true),
            ("sandbox", None, true),
            ("sandbox", Some(Meaning::Refused), false),
            ("sandbox", Some(Meaning::NotMade), false),
            ("loopback", Some(Meaning::RoleChanged), false),
        ] {
            let run = Run { plan_id: Some("other".to_owned()), ..a_run(realm) }.made_at(time(10));
            let mut bodies = vec![Body::Run(run), Body::Intent(an_intent("A@example.com"))];
            bodies.extend(meaning.map(|meaning| Body::Outcome(an_outcome(2, meaning))));
            let mut fold = AppliedPlansFold::of("sandbox");
            for (seq, body) in (1..).zip(bodies) {
                let record = Record { seq, at: time(20), body, prev: String::new() };
                fold.take(&RunName::of_file("x.jsonl").unwrap(), &record);
            }
            let plans = fold.finish();
            let shown = |made_at| {
                plans.superseding("this", time(made_at), &people).map(|superseded| superseded.to_string())
            };
            let expected = counts.then(|| {
                "run x.jsonl of 2026-11-22T12:00:20Z by alex on box has applied a plan that was made later \
                 (2026-11-22T12:00:10Z) to a@example.com; create a new plan"
                    .to_owned()
            });
            assert_eq!(shown(9).map(|text| text.replace("A@", "a@")), expected, "{realm} {meaning:?}");
            assert_eq!(shown(11), None, "{realm} {meaning:?}");
            let no_one = plans.superseding("this", time(9), &BTreeSet::new());
            assert_eq!(no_one, None);
        }
    }
}
