//! How many calls may be in flight: a pure state machine, fed with the rate-limit headers.
//!
//! Responses overtake each other, and the headers of one hold only for the calls that it counts. So every
//! call in flight is assumed not to be counted yet, and a number of calls left that may be older than the
//! known one can only lower it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::response::ListedLimit;
use crate::model::Estimate;

/// The delay after the second in a header, which has no fractions, because timers may fire early.
const JUST_PAST: Duration = Duration::from_millis(20);

/// By how much two responses may differ on the end of the same window, through rounding.
const ROUNDING: Duration = Duration::from_secs(1);

/// The pause after a 429 without a usable retry time.
const UNNAMED_PAUSE: Duration = Duration::from_secs(1);

/// The rate-limit headers of one response.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct RateHeaders {
    /// Calls in a window.
    pub limit: Option<u64>,
    /// Calls left in this window.
    pub remaining: Option<u64>,
    /// The end of the window.
    pub resets_at: Option<Instant>,
    /// Whether the status is 429.
    pub refused: bool,
    /// When the call may be repeated (`Retry-After`).
    pub retry_at: Option<Instant>,
}

/// The permit to make one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Permit {
    /// The number of responses taken into account before it was granted.
    readings: u64,
    /// Whether this call alone finds out if a new window has begun.
    scout: bool,
}

/// Whether a call may be made now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// It may.
    Granted(Permit),
    /// The window is used up: no calls before this time.
    Closed(Instant),
    /// The calls in flight may use up the window: ask again after a response, or at this time.
    Wait(Option<Instant>),
}

/// The rate limit in the last response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// Calls in a window.
    pub limit: u64,
    /// Calls left in the present window.
    pub remaining: u64,
    /// The time to the end of that window; zero if the service has not named it.
    pub resets_in: Duration,
    /// The length of a window, if two were seen or the service lists it.
    pub period: Option<Duration>,
}

/// What is known of the window and of the calls in flight.
#[derive(Clone, Debug, Default)]
pub(super) struct Budget {
    /// Calls left, including those in flight; none before the first headers.
    remaining: Option<u64>,
    limit: Option<u64>,
    resets_at: Option<Instant>,
    /// The latest end of a window in any response.
    named: Option<Instant>,
    period: Option<Duration>,
    /// The limits that all projects have in List Projects.
    pub(super) listed: BTreeSet<ListedLimit>,
    in_flight: u64,
    scouting: bool,
    readings: u64,
}

impl Budget {
    /// Whether one more call may be made now.
    pub(super) fn ask(&mut self, now: Instant) -> Turn {
        let Some(remaining) = self.remaining else { return self.go(false) };
        if remaining > self.in_flight {
            return self.go(false);
        }
        match self.resets_at.map(|end| end + JUST_PAST) {
            Some(end) if now < end && remaining == 0 => Turn::Closed(end),
            Some(end) if now < end => Turn::Wait(Some(end)),
            _ if self.scouting => Turn::Wait(None),
            None if self.in_flight > 0 => Turn::Wait(None),
            // A new window should have begun. One call finds out before the others might get a 429.
            _ => self.go(true),
        }
    }

    fn go(&mut self, scout: bool) -> Turn {
        self.in_flight += 1;
        self.scouting |= scout;
        Turn::Granted(Permit { readings: self.readings, scout })
    }

    /// Takes a response into account: its headers, or none if there was no response.
    pub(super) fn learn(&mut self, permit: Permit, headers: Option<RateHeaders>, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if permit.scout {
            self.scouting = false;
        }
        let Some(headers) = headers else { return self.count_one() };
        self.limit = headers.limit.or(self.limit);
        self.measure(headers.resets_at, now);
        if headers.refused {
            let until = [headers.retry_at, headers.resets_at].into_iter().flatten().max();
            let until = until.filter(|until| *until > now).unwrap_or(now + UNNAMED_PAUSE);
            let until =
                self.resets_at.filter(|_| self.remaining == Some(0)).map_or(until, |end| end.max(until));
            return self.set(0, Some(until), now);
        }
        match headers.remaining {
            Some(remaining) => self.adopt(permit, remaining, headers.resets_at, now),
            // The service has stopped sending headers, so there is no limit any more.
            None if permit.scout => self.remaining = None,
            None => self.count_one(),
        }
    }

    /// A call without headers may have been counted.
    fn count_one(&mut self) {
        self.remaining = self.remaining.map(|remaining| remaining.saturating_sub(1));
    }

    fn adopt(&mut self, permit: Permit, remaining: u64, resets_at: Option<Instant>, now: Instant) {
        let Some(left) = self.remaining else { return self.set(remaining, resets_at, now) };
        if let (Some(end), Some(named)) = (self.resets_at, resets_at) {
            if named > end + ROUNDING {
                return self.set(remaining, resets_at, now);
            }
            if named + ROUNDING < end {
                return;
            }
        }
        // The call was made after the last reading, so it was counted after it.
        let newer = permit.readings == self.readings;
        if newer || remaining < left {
            self.set(remaining, self.resets_at.max(resets_at), now);
        }
    }

    /// Consecutive window ends differ by a whole number of periods.
    fn measure(&mut self, named: Option<Instant>, now: Instant) {
        // A service may name the present second while calls are left, which ends nothing.
        let Some(end) = named.filter(|end| *end > now) else { return };
        if let Some(before) = self.named {
            let apart = end.saturating_duration_since(before);
            let left = end.saturating_duration_since(now);
            if apart > ROUNDING && apart + ROUNDING > left {
                self.period = Some(self.period.map_or(apart, |period| period.min(apart)));
            }
        }
        self.named = self.named.max(named);
    }

    fn set(&mut self, remaining: u64, resets_at: Option<Instant>, now: Instant) {
        self.remaining = Some(remaining);
        // The present second again.
        self.resets_at = resets_at.filter(|end| *end > now);
        self.readings += 1;
    }

    /// The rate limit in the last response, if the service has one.
    #[must_use]
    pub(super) fn pace(&self, now: Instant) -> Option<Pace> {
        let end = self.resets_at.or(self.named);
        let resets_in = end.map(|end| end.saturating_duration_since(now)).unwrap_or_default();
        let limit = self.limit?;
        // The shortest distance seen may be several windows, and is one if it is shorter than what is listed.
        let period = self.period.into_iter().chain(self.listed_period(limit)).min();
        Some(Pace { limit, remaining: self.remaining?, resets_in, period })
    }

    /// The length of a window with `limit` calls, if the service lists one.
    fn listed_period(&self, limit: u64) -> Option<Duration> {
        let mut periods =
            self.listed.iter().filter(|listed| listed.calls == limit).map(|listed| listed.period);
        periods.next().filter(|_| periods.next().is_none())
    }
}

/// How long `calls` take under that rate limit, whatever the length of its windows. None if there is no
/// end to it.
#[must_use]
pub fn estimate(calls: u64, pace: &Pace) -> Option<Estimate> {
    let Some(waiting) = calls.checked_sub(pace.remaining).filter(|calls| *calls > 0) else {
        return Some(Estimate::About(Duration::ZERO));
    };
    let full_windows = u32::try_from((waiting - 1).checked_div(pace.limit)?).ok()?;
    // The wait for the present window, then for windows of that length.
    let wait = |period: Duration| {
        // Some services name the end of a window only when it is used up.
        let first = if pace.resets_in.is_zero() { period } else { pace.resets_in };
        first.checked_add(period.checked_mul(full_windows)?)
    };
    // A window that lasts longer than the shortest distance seen shows that this is not its length.
    let period = pace.period.filter(|period| pace.resets_in <= *period + ROUNDING);
    if let Some(period) = period {
        return wait(period).map(Estimate::About);
    }
    if full_windows == 0 && !pace.resets_in.is_zero() {
        return Some(Estimate::About(pace.resets_in));
    }
    let assumed = wait(pace.period.unwrap_or_default().max(whole_unit(pace.resets_in)))?;
    if pace.resets_in.is_zero() {
        let windows = u64::from(full_windows) + 1;
        return Some(Estimate::Windows { windows, calls: pace.limit, assumed });
    }
    Some(Estimate::AtLeast { time: wait(pace.resets_in)?, assumed })
}

/// The minute, hour or number of days that `time` is part of, because limits are published by these.
fn whole_unit(time: Duration) -> Duration {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = time.saturating_sub(ROUNDING).as_secs();
    Duration::from_secs(match seconds {
        ..=60 => MINUTE,
        61..=3600 => HOUR,
        longer => longer.div_ceil(DAY).saturating_mul(DAY),
    })
}

#[cfg(test)]
mod tests;
