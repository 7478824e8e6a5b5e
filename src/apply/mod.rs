//! Applies a plan: makes its calls through `api` and records them in `ledger`.
//!
//! Grants come before reductions. People are processed in parallel, the changes of one person in order. So
//! the run can end at any point without harm: no one loses a role before getting its replacement, and no
//! project loses an ADMIN before it has the next one. `quorum` holds back a reduction that relied on a failed
//! grant.

mod lookup;
mod outage;
mod quorum;
mod readings;
mod scheduler;
mod step;
mod step_error;
mod stop;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::api::{Writer, estimate};
use crate::desired::Desired;
use crate::known::Known;
use crate::ledger::{Meaning, RunWriter};
use crate::model::Estimate;
use crate::plan::{Change, Plan};

use scheduler::Scheduler;
pub use stop::{Stop, Stopped};

/// How much longer than estimated a run waits for the rate limit.
const EXTRA_PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Everything that applying a plan requires.
pub struct Apply<'a> {
    /// The plan that was shown and confirmed.
    pub plan: &'a Plan,
    /// The desired state in the plan.
    pub desired: &'a Desired,
    /// The known state in the plan.
    pub known: &'a Known,
    /// Makes the calls.
    pub writer: &'a Writer,
    /// Records the calls.
    pub run: &'a RunWriter,
    /// The maximum number of people to process in parallel.
    pub concurrency: usize,
    /// Whether invitations are sent although they are known to be pending. The ledger records this.
    pub again: bool,
    /// Stops the run early.
    pub stop: &'a Stop,
    /// Called after each change.
    pub watch: &'a dyn Fn(&Change, &Ending),
}

/// How a change ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It is in place.
    Done(Meaning),
    /// It failed, and so did what depends on it.
    Failed {
        /// Why, in one sentence, with the request id.
        reason: String,
        /// The request id of the response that decided it, if it had one.
        request_id: Option<String>,
    },
    /// It was not made because a grant that it relied on failed.
    Held {
        /// Why.
        reason: String,
    },
    /// The run stopped before it.
    NotStarted,
}

/// The result of applying a plan.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every change and how it ended, in the order of the plan.
    pub endings: Vec<(Change, Ending)>,
    /// Why the run stopped early, if it did.
    pub stopped: Option<Stopped>,
}

impl Report {
    /// Whether every change is in place.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.stopped.is_none() && self.done() == self.endings.len()
    }

    /// The number of changes that are in place.
    #[must_use]
    pub fn done(&self) -> usize {
        self.endings.iter().filter(|(_, ending)| matches!(ending, Ending::Done(_))).count()
    }

    /// The number of changes that are in place, by meaning.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Meaning, u64> {
        let mut counts = BTreeMap::new();
        for (_, ending) in &self.endings {
            if let Ending::Done(meaning) = ending {
                *counts.entry(*meaning).or_default() += 1;
            }
        }
        counts
    }
}

impl Apply<'_> {
    /// Makes exactly the changes of the plan. Waits for the rate limit as long as estimated, and 15
    /// minutes more.
    pub async fn carry_out(&self) -> Report {
        let calls = self.plan.summary().calls as u64;
        let expected =
            self.writer.reader().pace().and_then(|pace| estimate(calls, &pace)).map(Estimate::assumed);
        self.writer.set_patience(expected.unwrap_or_default().saturating_add(EXTRA_PATIENCE));
        let endings = Scheduler::new(self).carry_out().await;
        Report {
            endings: self.plan.changes.iter().cloned().zip(endings).collect(),
            stopped: self.stop.reason().cloned(),
        }
    }
}
