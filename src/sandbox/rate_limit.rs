//! A rate limit in fixed windows, and its headers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A number of calls in a period.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RateLimit {
    /// The number of calls in a window.
    pub calls: u64,
    /// The length of a window: whole seconds, at least one, because the headers have no finer unit.
    pub period: Duration,
}

impl Default for RateLimit {
    /// 2,000 calls a minute.
    fn default() -> Self {
        Self { calls: 2000, period: Duration::from_secs(60) }
    }
}

/// A rate limit and the current window.
#[derive(Debug)]
pub(super) struct RateLimiter {
    limit: RateLimit,
    ends: u64,
    spent: u64,
}

/// The state of the limit at one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Allowance {
    pub(super) allowed: bool,
    limit: u64,
    remaining: u64,
    /// The Unix second at which the next call can be made.
    next_call: u64,
    /// The seconds until then, rounded up.
    pub(super) wait: u64,
}

impl RateLimiter {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self { limit, ends: 0, spent: 0 }
    }

    /// Uses one call of the window, if one is left. A window starts with a call, on a whole second.
    pub(super) fn spend(&mut self, now: SystemTime) -> Allowance {
        self.turn(now);
        let allowed = self.spent < self.limit.calls;
        if allowed {
            self.spent += 1;
        }
        self.tell(now, allowed)
    }

    /// The state without using a call.
    pub(super) fn look(&mut self, now: SystemTime) -> Allowance {
        self.turn(now);
        self.tell(now, true)
    }

    fn turn(&mut self, now: SystemTime) {
        let second = since_epoch(now).as_secs();
        if second >= self.ends {
            self.ends = second.saturating_add(self.limit.period.as_secs().max(1));
            self.spent = 0;
        }
    }

    fn tell(&self, now: SystemTime, allowed: bool) -> Allowance {
        let now = since_epoch(now);
        let remaining = self.limit.calls - self.spent;
        let left = Duration::from_secs(self.ends).saturating_sub(now);
        Allowance {
            allowed,
            limit: self.limit.calls,
            remaining,
            next_call: if remaining == 0 { self.ends } else { now.as_secs() },
            wait: left.as_secs() + u64::from(left.subsec_nanos() > 0),
        }
    }
}

impl Allowance {
    pub(super) fn headers(&self) -> [(&'static str, String); 3] {
        [
            ("x-rate-limit-limit", self.limit.to_string()),
            ("x-rate-limit-remaining", self.remaining.to_string()),
            ("x-rate-limit-retry", self.next_call.to_string()),
        ]
    }
}

fn since_epoch(now: SystemTime) -> Duration {
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn a_window_gives_so_many_calls_and_names_the_second_of_the_next() {
        let mut limiter = RateLimiter::new(RateLimit { calls: 2, period: Duration::from_secs(6) });
        let told: Vec<_> = [100_400, 100_500, 100_600, 105_999, 106_000]
            .map(|millis| limiter.spend(at(millis)))
            .iter()
            .map(|told| (told.allowed, told.remaining, told.next_call, told.wait))
            .collect();
        assert_eq!(
            told,
            [(true, 1, 100, 6), (true, 0, 106, 6), (false, 0, 106, 6), (false, 0, 106, 1), (true, 1, 106, 6),]
        );
    }
}
