//! Measures time that passes while the machine is suspended, too, where the system can.

use jiff::SignedDuration;

/// Started once, and never affected by setting the clock.
#[derive(Debug)]
pub(super) struct Stopwatch(Moment);

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self(now())
    }

    pub(super) fn elapsed(&self) -> SignedDuration {
        since(self.0)
    }
}

#[cfg(target_os = "linux")]
type Moment = SignedDuration;

/// Time since the machine started.
#[cfg(target_os = "linux")]
fn now() -> Moment {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    SignedDuration::new(time.tv_sec, i32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(target_os = "linux")]
fn since(moment: Moment) -> SignedDuration {
    now().saturating_sub(moment)
}

#[cfg(not(target_os = "linux"))]
type Moment = std::time::Instant;

#[cfg(not(target_os = "linux"))]
fn now() -> Moment {
    std::time::Instant::now()
}

#[cfg(not(target_os = "linux"))]
fn since(moment: Moment) -> SignedDuration {
    moment.elapsed().try_into().unwrap_or(SignedDuration::MAX)
}
