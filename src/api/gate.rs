//! One gate for all workers: makes them wait as the budget says.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};

use super::activity::Activity;
use super::rate_limit::{Budget, Pace, Permit, RateHeaders, Turn};
use super::response::ListedLimit;
use crate::clock::Clock;

/// How long a caller waits for the rate limit.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    /// For so long each time.
    Each(Duration),
    /// Until then, however often.
    Until(Instant),
}

impl Patience {
    fn is_exceeded(self, until: Instant, now: Instant) -> bool {
        match self {
            Self::Each(longest) => until.saturating_duration_since(now) > longest,
            Self::Until(deadline) => until > deadline,
        }
    }
}

/// Shared by all clones of a client.
pub(super) struct Gate {
    clock: Arc<dyn Clock>,
    budget: Mutex<Budget>,
    answered: Notify,
    activity: watch::Sender<Activity>,
}

impl Gate {
    pub(super) fn new(clock: Arc<dyn Clock>, activity: watch::Sender<Activity>) -> Arc<Self> {
        Arc::new(Self { clock, budget: Mutex::default(), answered: Notify::new(), activity })
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The limits in List Projects, which have the length of a window.
    pub(super) fn set_listed_limits(&self, limits: BTreeSet<ListedLimit>) {
        self.budget().listed = limits;
    }

    /// The rate limit seen last.
    pub(super) fn pace(&self) -> Option<Pace> {
        self.budget().pace(self.clock.instant())
    }

    /// Waits until one more call may be made.
    ///
    /// # Errors
    /// The time before which no call may be sent, if `patience` ends earlier.
    pub(super) async fn admit(self: &Arc<Self>, patience: Patience) -> Result<Ticket, Timestamp> {
        loop {
            let answered = self.answered.notified();
            tokio::pin!(answered);
            answered.as_mut().enable();
            let now = self.clock.instant();
            let turn = self.budget().ask(now);
            let until = match turn {
                Turn::Granted(permit) => {
                    self.activity.send_if_modified(|activity| activity.rate_limit.take().is_some());
                    return Ok(Ticket { gate: Arc::clone(self), permit: Some(permit) });
                }
                Turn::Closed(until) => {
                    let time = self.time_of(until, now);
                    if patience.is_exceeded(until, now) {
                        return Err(time);
                    }
                    self.activity
                        .send_if_modified(|activity| activity.rate_limit.replace(time) != Some(time));
                    Some(until)
                }
                Turn::Wait(until) => until,
            };
            match until {
                Some(until) => tokio::select! {
                    () = answered => {}
                    () = self.clock.sleep(until.saturating_duration_since(now)) => {}
                },
                None => answered.await,
            }
        }
    }

    /// What people read for `instant`, to the second.
    fn time_of(&self, instant: Instant, now: Instant) -> Timestamp {
        let wait =
            SignedDuration::try_from(instant.saturating_duration_since(now)).unwrap_or(SignedDuration::MAX);
        let time = self.clock.timestamp().saturating_add(wait).unwrap_or(Timestamp::MAX);
        Timestamp::from_second(time.as_second()).unwrap_or(time)
    }
}

/// The permit to make one call. If dropped, the call counts as one without a response.
pub(super) struct Ticket {
    gate: Arc<Gate>,
    permit: Option<Permit>,
}

impl Ticket {
    /// Records the headers of the response.
    pub(super) fn learn(mut self, headers: Option<RateHeaders>) {
        self.hand_in(headers);
    }

    fn hand_in(&mut self, headers: Option<RateHeaders>) {
        let Some(permit) = self.permit.take() else { return };
        self.gate.budget().learn(permit, headers, self.gate.clock.instant());
        self.gate.answered.notify_waiters();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.hand_in(None);
    }
}
