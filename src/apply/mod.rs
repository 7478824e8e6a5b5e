//! Carries a plan out through `api`, telling `ledger` and whoever watches.
//!
//! First every grant, then every reduction; people side by side, the changes of one person in order.
//! That is what keeps every prefix safe: nobody loses a role before getting the one that replaces it,
//! and no project loses an ADMIN before it has the next one. `rails` holds a reduction back where a
//! grant that it relied on did not succeed.

mod lookup;
mod rails;
mod step;
mod stop;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use futures_util::StreamExt as _;

use crate::api::Writer;
use crate::desired::Desired;
use crate::identity::Email;
use crate::known::Known;
use crate::ledger::{Meaning, RunWriter};
use crate::plan::{Change, Plan};

use rails::Rails;
pub use stop::{Stop, Stopped};

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
    },
    /// It was not begun, because a grant that it relied on did not succeed.
    Held {
        /// Which.
        reason: String,
    },
    /// It was not begun, because the run stopped.
    NotStarted,
}

/// What came of a plan.
#[derive(Debug)]
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
    /// Makes exactly the changes of the plan.
    pub async fn carry_out(&self) -> Report {
        let progress = Progress {
            endings: Mutex::new(vec![Ending::NotStarted; self.plan.changes.len()]),
            short: Mutex::new(BTreeSet::new()),
            rails: Rails::new(self.desired, self.known),
        };
        for reductions in [false, true] {
            let mut people: BTreeMap<&Email, Vec<usize>> = BTreeMap::new();
            for (index, change) in self.plan.changes.iter().enumerate() {
                if change.is_reduction() == reductions {
                    people.entry(change.email()).or_default().push(index);
                }
            }
            futures_util::stream::iter(people.into_values())
                .for_each_concurrent(self.concurrency, |changes| self.one_person(changes, &progress))
                .await;
        }
        let endings = progress.endings.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        Report {
            endings: self.plan.changes.iter().cloned().zip(endings).collect(),
            stopped: self.stop.reason(),
        }
    }

    /// Makes the changes of one person in order.
    async fn one_person(&self, changes: Vec<usize>, progress: &Progress) {
        for index in changes {
            let change = &self.plan.changes[index];
            if self.stop.is_asked() {
                return;
            }
            let ending = match progress.hold(change, self.desired) {
                Some(reason) => Ending::Held { reason },
                None => self.one_change(change).await,
            };
            progress.note(change, &ending);
            if ending != Ending::NotStarted {
                (self.watch)(change, &ending);
            }
            if let Ok(mut endings) = progress.endings.lock() {
                endings[index] = ending;
            }
        }
    }
}

/// How far the run is.
struct Progress {
    endings: Mutex<Vec<Ending>>,
    /// Who did not get what they were to get.
    short: Mutex<BTreeSet<Email>>,
    rails: Rails,
}

impl Progress {
    /// Why `change` may not be made now.
    fn hold(&self, change: &Change, desired: &Desired) -> Option<String> {
        if !change.is_reduction() {
            return None;
        }
        if self.short.lock().is_ok_and(|short| short.contains(change.email())) {
            return Some("a role that was to be given first could not be given".to_owned());
        }
        let project = change.admin_lost_in()?;
        (!self.rails.take(project, change.email()))
            .then(|| format!("{} would be left with too few ADMINs", desired.project_name(project)))
    }

    fn note(&self, change: &Change, ending: &Ending) {
        let done = matches!(ending, Ending::Done(_));
        if !change.is_reduction() {
            if done && !matches!(change, Change::Invite { .. }) {
                change.new_admin_in().for_each(|project| self.rails.give(project, change.email()));
            } else if !done && let Ok(mut short) = self.short.lock() {
                short.insert(change.email().clone());
            }
        }
        // A reduction that failed may have been made all the same, so that its ADMIN is not given back.
    }
}
