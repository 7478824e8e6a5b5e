//! Which plans the runs carried out, and to whom they wrote: so that no saved plan undoes a later one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::record::{Body, Meaning, Record, Seq};
use super::run_file::RunName;
use crate::identity::Email;

/// A run that carried a plan out, as far as saved plans are concerned.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Carried {
    name: RunName,
    at: Timestamp,
    by: String,
    plan_id: Option<String>,
    /// When its plan was made; for runs that do not say, when they started, which is later.
    made_at: Timestamp,
    is_done: bool,
    /// Everyone whom a call was about that was made, or may have been.
    wrote_to: BTreeSet<Email>,
}

/// The runs of one realm, for the check of a saved plan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CarriedPlans {
    runs: Vec<Carried>,
}

/// Why a saved plan must not be carried out any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Superseded {
    /// The run.
    pub run: RunName,
    /// When it started.
    pub at: Timestamp,
    /// Who ran it.
    pub by: String,
    /// Whom it wrote to with a plan that was made later, and when that was; none where it was this very
    /// plan, and everything in it was done.
    pub later: Option<(Email, Timestamp)>,
}

impl CarriedPlans {
    /// Whether a run has done all of this plan, or a run of a plan made later has written to one of
    /// `people`.
    #[must_use]
    pub fn supersede(
        &self,
        plan_id: &str,
        made_at: Timestamp,
        people: &BTreeSet<Email>,
    ) -> Option<Superseded> {
        let told = |run: &Carried, later| Superseded {
            run: run.name.clone(),
            at: run.at,
            by: run.by.clone(),
            later,
        };
        let is_this = |run: &Carried| run.plan_id.as_deref() == Some(plan_id) && run.made_at == made_at;
        if let Some(run) = self.runs.iter().find(|run| is_this(run) && run.is_done) {
            return Some(told(run, None));
        }
        let others = self.runs.iter().filter(|run| !is_this(run) && run.made_at >= made_at);
        others
            .filter_map(|run| Some((run, run.wrote_to.intersection(people).next()?)))
            .map(|(run, email)| told(run, Some((email.clone(), run.made_at))))
            .next_back()
    }
}

impl fmt::Display for Superseded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, at, by, later } = self;
        match later {
            None => write!(f, "the run {run} of {at:.0} by {by} has applied all of it")?,
            Some((email, made_at)) => write!(
                f,
                "the run {run} of {at:.0} by {by} has applied a plan that was made later ({made_at:.0}) to {email}"
            )?,
        }
        f.write_str("; make a new plan")
    }
}

/// Takes the records of run after run.
#[derive(Debug)]
pub(super) struct Collector {
    realm: String,
    counts: bool,
    open: BTreeMap<Seq, Email>,
    plans: CarriedPlans,
}

impl Collector {
    pub(super) fn of(realm: &str) -> Self {
        Self { realm: realm.to_owned(), counts: false, open: BTreeMap::new(), plans: CarriedPlans::default() }
    }

    /// Takes the next record of the run `name`.
    pub(super) fn take(&mut self, name: &RunName, record: Record) {
        match record.body {
            Body::Run(run) => {
                self.close();
                self.counts = run.realm == self.realm;
                if self.counts {
                    self.plans.runs.push(Carried {
                        name: name.clone(),
                        at: record.at,
                        by: run.who.to_string(),
                        plan_id: run.plan_id,
                        made_at: run.plan_made_at.unwrap_or(record.at),
                        is_done: false,
                        wrote_to: BTreeSet::new(),
                    });
                }
            }
            _ if !self.counts => {}
            Body::Intent(intent) => {
                self.open.insert(record.seq, intent.email);
            }
            Body::Outcome(outcome) => {
                let email = self.open.remove(&outcome.of);
                if !matches!(outcome.meaning, Meaning::Refused | Meaning::NotMade) {
                    self.wrote_to(email);
                }
            }
            Body::End(ended) => {
                if let Some(run) = self.plans.runs.last_mut() {
                    run.is_done = ended.is_done();
                }
            }
        }
    }

    pub(super) fn finish(mut self) -> CarriedPlans {
        self.close();
        self.plans
    }

    /// A run is over: the calls that were in flight may have been made.
    fn close(&mut self) {
        let open = std::mem::take(&mut self.open);
        if self.counts {
            self.wrote_to(open.into_values());
        }
    }

    fn wrote_to(&mut self, people: impl IntoIterator<Item = Email>) {
        if let Some(run) = self.plans.runs.last_mut() {
            run.wrote_to.extend(people);
        }
    }
}
