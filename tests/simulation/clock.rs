//! A clock shared by client, ledger and sandbox: a sleep ends immediately, and time has passed all the same.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use guestlist::clock::Clock;
use jiff::Timestamp;

/// Time passes when someone sleeps, and by a millisecond each time the ledger reads it.
pub(crate) struct VirtualClock {
    start: Instant,
    passed: AtomicU64,
    slept: AtomicU64,
    at_next_sleep: Mutex<Option<Callback>>,
}

type Callback = Box<dyn FnOnce() + Send>;

impl VirtualClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            passed: AtomicU64::new(0),
            slept: AtomicU64::new(0),
            at_next_sleep: Mutex::new(None),
        })
    }

    /// Makes something happen during the next sleep.
    pub(crate) fn at_next_sleep(&self, event: impl FnOnce() + Send + 'static) {
        *self.at_next_sleep.lock().expect("no panic") = Some(Box::new(event));
    }

    /// How much time was spent in sleeps. Simultaneous sleeps count once.
    pub(crate) fn slept(&self) -> Duration {
        Duration::from_millis(self.slept.load(Ordering::SeqCst))
    }

    /// Advances the clock.
    pub(crate) fn pass(&self, time: Duration) {
        self.passed.fetch_add(millis(time), Ordering::SeqCst);
    }

    /// The same clock for a ledger: each reading of it is later than the one before.
    pub(crate) fn for_ledger(self: &Arc<Self>) -> Arc<dyn Clock> {
        Arc::new(LedgerClock(Arc::clone(self)))
    }
}

impl Clock for VirtualClock {
    fn instant(&self) -> Instant {
        self.start + self.uptime()
    }

    fn timestamp(&self) -> Timestamp {
        "2026-03-02T12:00:00Z".parse::<Timestamp>().expect("a time") + self.uptime()
    }

    fn uptime(&self) -> Duration {
        Duration::from_millis(self.passed.load(Ordering::SeqCst))
    }

    /// Simultaneous sleeps pass side by side.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if let Some(event) = self.at_next_sleep.lock().expect("no panic").take() {
            event();
        }
        let until = millis(self.uptime() + duration + Duration::from_micros(999));
        let before = self.passed.fetch_max(until, Ordering::SeqCst);
        self.slept.fetch_add(until.saturating_sub(before), Ordering::SeqCst);
        Box::pin(tokio::task::yield_now())
    }
}

struct LedgerClock(Arc<VirtualClock>);

impl Clock for LedgerClock {
    fn instant(&self) -> Instant {
        self.0.instant()
    }

    fn timestamp(&self) -> Timestamp {
        self.0.pass(Duration::from_millis(1));
        self.0.timestamp()
    }

    fn uptime(&self) -> Duration {
        self.0.uptime()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.0.sleep(duration)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
