//! A clock shared by client, ledger and sandbox, on which a wait is over at once and has taken its time.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use guestlist::api::Clock;
use jiff::Timestamp;

/// Time passes by waiting, and a millisecond whenever somebody looks in order to write it down.
pub(crate) struct VirtualClock {
    start: Instant,
    passed: AtomicU64,
    waited: AtomicU64,
    at_next_wait: Mutex<Option<Event>>,
}

type Event = Box<dyn FnOnce() + Send>;

impl VirtualClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            passed: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            at_next_wait: Mutex::new(None),
        })
    }

    /// Something that happens during the next wait.
    pub(crate) fn at_next_wait(&self, event: impl FnOnce() + Send + 'static) {
        *self.at_next_wait.lock().expect("no panic") = Some(Box::new(event));
    }

    /// How much time has passed.
    pub(crate) fn passed(&self) -> Duration {
        Duration::from_millis(self.passed.load(Ordering::SeqCst))
    }

    /// How much of it was spent by waiting.
    pub(crate) fn waited(&self) -> Duration {
        Duration::from_millis(self.waited.load(Ordering::SeqCst))
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.passed.fetch_add(millis(time), Ordering::SeqCst);
    }

    fn now(&self) -> Timestamp {
        "2026-03-02T12:00:00Z".parse::<Timestamp>().expect("a time") + self.passed()
    }

    /// The clock as the ledger takes it.
    pub(crate) fn for_ledger(self: &Arc<Self>) -> guestlist::ledger::Clock {
        let clock = Arc::clone(self);
        Arc::new(move || {
            clock.pass(Duration::from_millis(1));
            clock.now()
        })
    }

    /// The clock as the sandbox takes it.
    pub(crate) fn for_sandbox(self: &Arc<Self>) -> guestlist::sandbox::Clock {
        let clock = Arc::clone(self);
        Arc::new(move || SystemTime::from(clock.now()))
    }
}

impl Clock for VirtualClock {
    fn instant(&self) -> Instant {
        self.start + self.passed()
    }

    fn timestamp(&self) -> Timestamp {
        self.now()
    }

    /// Several who wait at the same time wait side by side.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if let Some(event) = self.at_next_wait.lock().expect("no panic").take() {
            event();
        }
        let until = millis(self.passed() + duration + Duration::from_micros(999));
        let before = self.passed.fetch_max(until, Ordering::SeqCst);
        self.waited.fetch_add(until.saturating_sub(before), Ordering::SeqCst);
        Box::pin(tokio::task::yield_now())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
