//! How many calls may be under way, as a pure state machine taught by the rate-limit headers.
//!
//! Answers overtake each other, so what one says holds for the calls that it has counted only. The
//! rule is careful: as long as calls are in flight, each of them is taken not to be counted yet, and
//! a number that is not known to be newer can only lower what is left, never raise it.

use std::time::{Duration, Instant};

use crate::model::Estimate;

/// How long after the second that the service named the next call is made: a second has no fractions,
/// and timers may fire a little early.
const JUST_PAST: Duration = Duration::from_millis(20);

/// The time named by two answers about the same window may differ by so much, through rounding.
const ROUNDING: Duration = Duration::from_secs(1);

/// How long nobody calls after a 429 that names no time, or one that has passed.
const UNNAMED_PAUSE: Duration = Duration::from_secs(1);

/// What one answer tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Lesson {
    /// Calls in a window.
    pub limit: Option<u64>,
    /// Calls left in this window.
    pub remaining: Option<u64>,
    /// When the window ends.
    pub resets_at: Option<Instant>,
    /// Whether the call was refused with 429.
    pub refused: bool,
    /// When the call may be made again, where the service said so.
    pub retry_at: Option<Instant>,
}

/// The leave to make one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Leave {
    /// How many lessons had been taken when it was given.
    lessons: u64,
    /// Whether the call finds out, alone, if a new window has begun.
    scout: bool,
}

/// What a caller is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    /// Call now.
    Go(Leave),
    /// The window is used up: nobody calls before then.
    Shut(Instant),
    /// The calls in flight may use up what is left: ask again when an answer has come in, or then.
    Crowded(Option<Instant>),
}

/// The rate limit in the last response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// Calls in a window.
    pub limit: u64,
    /// Calls left in the window seen last.
    pub remaining: u64,
    /// The time to the end of that window; zero if the service has not named it.
    pub resets_in: Duration,
    /// The length of a window, if two were seen.
    pub period: Option<Duration>,
}

/// What is known of the window and of the calls in flight.
#[derive(Clone, Debug, Default)]
pub(super) struct Budget {
    /// Calls left, those in flight not taken off; none as long as the service has not said.
    remaining: Option<u64>,
    limit: Option<u64>,
    resets_at: Option<Instant>,
    /// The last end of a window that an answer named.
    named: Option<Instant>,
    period: Option<Duration>,
    in_flight: u64,
    scouting: bool,
    lessons: u64,
}

impl Budget {
    /// Whether one more call may be made now.
    pub(super) fn ask(&mut self, now: Instant) -> Word {
        let Some(remaining) = self.remaining else { return self.go(false) };
        if remaining > self.in_flight {
            return self.go(false);
        }
        match self.resets_at.map(|end| end + JUST_PAST) {
            Some(end) if now < end && remaining == 0 => Word::Shut(end),
            Some(end) if now < end => Word::Crowded(Some(end)),
            _ if self.scouting => Word::Crowded(None),
            None if self.in_flight > 0 => Word::Crowded(None),
            // A new window should have begun. One call finds out, before everybody runs into a 429.
            _ => self.go(true),
        }
    }

    fn go(&mut self, scout: bool) -> Word {
        self.in_flight += 1;
        self.scouting |= scout;
        Word::Go(Leave { lessons: self.lessons, scout })
    }

    /// Takes in what came of a call: a lesson, or none where no answer came.
    pub(super) fn learn(&mut self, leave: Leave, lesson: Option<Lesson>, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if leave.scout {
            self.scouting = false;
        }
        let Some(lesson) = lesson else { return self.count_one() };
        self.limit = lesson.limit.or(self.limit);
        self.measure(lesson.resets_at, now);
        if lesson.refused {
            let until = [lesson.retry_at, lesson.resets_at].into_iter().flatten().max();
            let until = until.filter(|until| *until > now).unwrap_or(now + UNNAMED_PAUSE);
            let until =
                self.resets_at.filter(|_| self.remaining == Some(0)).map_or(until, |end| end.max(until));
            return self.set(0, Some(until), now);
        }
        match lesson.remaining {
            Some(remaining) => self.hear(leave, remaining, lesson.resets_at, now),
            // The headers are gone, and with them the limit.
            None if leave.scout => self.remaining = None,
            None => self.count_one(),
        }
    }

    /// A call of which nothing is known may have been counted.
    fn count_one(&mut self) {
        self.remaining = self.remaining.map(|remaining| remaining.saturating_sub(1));
    }

    fn hear(&mut self, leave: Leave, remaining: u64, resets_at: Option<Instant>, now: Instant) {
        let Some(left) = self.remaining else { return self.set(remaining, resets_at, now) };
        if let (Some(end), Some(named)) = (self.resets_at, resets_at) {
            if named > end + ROUNDING {
                return self.set(remaining, resets_at, now);
            }
            if named + ROUNDING < end {
                return;
            }
        }
        // Made after the last lesson was taken, hence counted after it.
        let newer = leave.lessons == self.lessons;
        if newer || remaining < left {
            self.set(remaining, self.resets_at.max(resets_at), now);
        }
    }

    /// Two ends of windows are a period apart, or several.
    fn measure(&mut self, named: Option<Instant>, now: Instant) {
        let Some(end) = named else { return };
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
        // While calls are left, a service may name the present second: that does not end the window.
        self.resets_at = resets_at.filter(|end| *end > now);
        self.lessons += 1;
    }

    /// The rate limit as it was seen last, where the service named one.
    #[must_use]
    pub(super) fn pace(&self, now: Instant) -> Option<Pace> {
        let resets_in = self.resets_at.or(self.named)?.saturating_duration_since(now);
        Some(Pace { limit: self.limit?, remaining: self.remaining?, resets_in, period: self.period })
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
        // A service that names the end of a window only when it is used up leaves the first one open.
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
