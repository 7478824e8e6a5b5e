//! The retry policy and the time-outs, as data and pure functions.

use std::time::Duration;

/// How often a call is tried, and how long it waits between attempts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RetryPolicy {
    /// The maximum number of attempts.
    pub attempts: u32,
    /// The longest wait before the second attempt. It doubles with each further attempt.
    pub base: Duration,
    /// The longest wait before any attempt.
    pub cap: Duration,
    /// The longest time that one call waits in total. If the service asks for more, the call fails.
    pub budget: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(20),
            budget: Duration::from_secs(15 * 60),
        }
    }
}

impl RetryPolicy {
    /// The wait after `attempts` attempts: random between zero and a bound that doubles each time, so workers
    /// that fail together do not retry together.
    pub fn backoff(&self, attempts: u32, random: &mut fastrand::Rng) -> Duration {
        let doubled = 2u32.saturating_pow(attempts.saturating_sub(1));
        let bound = self.base.saturating_mul(doubled).min(self.cap);
        bound.mul_f64(random.f64())
    }
}

/// The network time-outs. Waiting for the rate limit does not count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// Until a connection is established.
    pub connect: Duration,
    /// Without a byte received.
    pub idle: Duration,
    /// For a whole attempt.
    pub call: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), idle: Duration::from_secs(10), call: Duration::from_secs(30) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_wait_stays_within_its_bounds(attempts in 0u32..100, base in 0u64..10_000, cap in 0u64..60_000, seed: u64) {
            let policy = RetryPolicy {
                base: Duration::from_millis(base),
                cap: Duration::from_millis(cap),
                ..RetryPolicy::default()
            };
            let wait = policy.backoff(attempts, &mut fastrand::Rng::with_seed(seed));
            let doubled = u128::from(base) << attempts.saturating_sub(1).min(64);
            prop_assert!(wait.as_millis() <= doubled.min(u128::from(cap)));
        }
    }

    #[test]
    fn the_wait_uses_the_whole_of_its_bounds() {
        let policy = RetryPolicy::default();
        let mut random = fastrand::Rng::with_seed(1);
        let waits: Vec<_> = (0..1000).map(|_| policy.backoff(3, &mut random)).collect();
        assert!(waits.iter().any(|wait| *wait < Duration::from_millis(50)));
        assert!(waits.iter().any(|wait| *wait > Duration::from_millis(1950)));
    }
}
