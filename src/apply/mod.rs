//! Carries a plan out through `api`, telling `ledger` and whoever watches.
//!
//! First every grant, then every reduction; people side by side, the changes of one person in order.
//! That is what keeps every prefix safe: nobody loses a role before getting the one that replaces it,
//! and no project loses an ADMIN before it has the next one. `quorum` holds a reduction back where a
//! grant that it relied on did not succeed.

mod lookup;
mod outage;
mod quorum;
mod readings;
mod scheduler;
mod step;
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

/// How much longer than its plan said a run waits for the rate limit.
const MORE: Duration = Duration::from_secs(15 * 60);

/// What it takes to carry a plan out.
pub struct Apply<'a> {
    /// The plan that was shown and confirmed.
    pub plan: &'a Plan,
    /// What the plan was made of.
    pub desired: &'a Desired,
    /// What the plan was made of.
    pub known: &'a Known,
    /// Makes the calls.
    pub writer: &'a Writer,
    /// Is told of every call before and after.
    pub run: &'a RunWriter,
    /// How many people to work on at once.
    pub concurrency: usize,
    /// Whether invitations are sent although they are known to be out, as the ledger then says.
    pub again: bool,
    /// Says when nothing new may start.
    pub stop: &'a Stop,
    /// Is told of every change that has ended.
    pub watch: &'a (dyn Fn(&Change, &Ending) + Sync),
}

/// How a change ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It is as the plan asks.
    Done(Meaning),
    /// It failed, and only this person is the worse for it.
    Failed {
        /// Why, in one sentence, with the request id.
        reason: String,
        /// The request id of the response that decided it, if it had one.
        request_id: Option<String>,
    },
    /// It was not begun, because a grant that it relied on did not succeed.
    Held {
        /// Which.
        reason: String,
    },
    /// Nothing was done for it, because the run stopped.
    NotStarted,
}

/// What came of a plan.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every change and how it ended, in the order of the plan.
    pub endings: Vec<(Change, Ending)>,
    /// Why the run stopped before its end, if it did.
    pub stopped: Option<Stopped>,
}

impl Report {
    /// Whether everything is as the plan asks.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.stopped.is_none() && self.endings.iter().all(|(_, ending)| matches!(ending, Ending::Done(_)))
    }

    /// How many changes are as the plan asks.
    #[must_use]
    pub fn done(&self) -> usize {
        self.endings.iter().filter(|(_, ending)| matches!(ending, Ending::Done(_))).count()
    }

    /// How many changes meant what.
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
    /// Makes exactly the changes of the plan, and waits as long as the plan said it would, and a little more.
    pub async fn carry_out(&self) -> Report {
        let calls = self.plan.summary().calls as u64;
        let expected = self.writer.pace().and_then(|pace| estimate(calls, &pace)).map(Estimate::assumed);
        self.writer.set_patience(expected.unwrap_or_default().saturating_add(MORE));
        let endings = Scheduler::new(self).carry_out().await;
        Report {
            endings: self.plan.changes.iter().cloned().zip(endings).collect(),
            stopped: self.stop.reason(),
        }
    }
}
