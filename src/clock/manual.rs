//! A clock for tests that advances only when it is told to, or when someone sleeps.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::Clock;

/// A clock that stands still between calls. A sleep ends immediately and advances it by the whole duration.
#[derive(Debug)]
pub(crate) struct ManualClock {
    start: Instant,
    at: Timestamp,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    passed: Duration,
    /// By how much the time of day was set forward.
    set_by: SignedDuration,
    slept: Vec<Duration>,
}

impl ManualClock {
    /// A clock that starts at `time`, such as `2026-11-22T12:00:00Z`.
    pub(crate) fn at(time: &str) -> Arc<Self> {
        let at = time.parse().expect("a time");
        Arc::new(Self { start: Instant::now(), at, state: Mutex::default() })
    }

    /// Advances the clock by `seconds`.
    pub(crate) fn pass(&self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }

    /// Advances the clock.
    pub(crate) fn advance(&self, time: Duration) {
        self.state().passed += time;
    }

    /// Sets the time of day forward by `seconds`, or back if negative. No time passes.
    pub(crate) fn set_by(&self, seconds: i64) {
        self.state().set_by += SignedDuration::from_secs(seconds);
    }

    /// Every sleep so far.
    pub(crate) fn slept(&self) -> Vec<Duration> {
        self.state().slept.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }
}

impl Clock for ManualClock {
    fn instant(&self) -> Instant {
        self.start + self.state().passed
    }

    fn timestamp(&self) -> Timestamp {
        let state = self.state();
        self.at + state.passed + state.set_by
    }

    fn uptime(&self) -> Duration {
        self.state().passed
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut state = self.state();
        state.passed += duration;
        state.slept.push(duration);
        Box::pin(tokio::task::yield_now())
    }
}
