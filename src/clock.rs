//! The clock of everything that reads the time or waits. Tests pass their own.

#[cfg(test)]
pub(crate) mod manual;

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Today (UTC).
#[must_use]
pub fn today() -> Date {
    SystemClock.timestamp().to_zoned(TimeZone::UTC).date()
}

/// Tells the time and sleeps.
pub trait Clock: Send + Sync + 'static {
    /// A monotonic point in time, for measurements and deadlines.
    fn instant(&self) -> Instant;

    /// The time of day, for records, messages and times that a server names. It jumps when the clock is set.
    fn timestamp(&self) -> Timestamp;

    /// The time since the machine started, including suspension where the system can measure it. Only the
    /// difference between two values is meaningful.
    fn uptime(&self) -> Duration;

    /// Sleeps for `duration`.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn instant(&self) -> Instant {
        Instant::now()
    }

    fn timestamp(&self) -> Timestamp {
        Timestamp::now()
    }

    #[cfg(target_os = "linux")]
    fn uptime(&self) -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        time.try_into().unwrap_or_default()
    }

    #[cfg(not(target_os = "linux"))]
    fn uptime(&self) -> Duration {
        static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        START.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}
