//! What a command waits for, in words, and when to say so.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::api::{Activity, Cause, Retry};
use crate::words::{self, countdown};

/// A wait that is at least this long is announced when it begins. Longer than any backoff between retries.
const ANNOUNCED: Duration = Duration::from_secs(5);

/// The silence before the first line about a wait.
const FIRST: Duration = Duration::from_secs(8);

/// The silence before the next line.
const NEXT: Duration = Duration::from_secs(5);

/// The same after a minute, so that a log does not fill up in a wait of hours.
const LATER: Duration = Duration::from_secs(30);

/// What is waited for: `reading members: 2 of 12 projects, rate limit: 6 s`. None if there is nothing to say but
/// that responses are awaited.
pub(super) fn text(activity: &Activity, now: Timestamp) -> Option<String> {
    let left = |until: Timestamp| countdown(left(until, now));
    let mut parts = Vec::new();
    if let Some(lists) = activity.lists {
        parts.push(format!("reading members: {} of {}", lists.read, words::count(lists.all, "project")));
    }
    if let Some(until) = activity.rate_limit.filter(|until| *until > now) {
        parts.push(format!("rate limit: {}", left(until)));
    } else if let Some(until) = activity.pause {
        parts.push(format!("the service seems to be down, trying again in {}", left(until)));
    } else if let Some(Retry { attempt, attempts, at, cause }) = activity.retry() {
        let wait = if *at > now + ANNOUNCED { format!(" in {}", left(*at)) } else { String::new() };
        parts.push(format!("{}, trying again{wait} ({attempt} of {attempts})", reason(cause)));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Why a call is retried.
pub(super) fn reason(cause: &Cause) -> String {
    match cause {
        Cause::Failing(rejection) => format!("the service answered {}", rejection.status),
        Cause::Damaged { .. } => "invalid response".to_owned(),
        _ => "no answer".to_owned(),
    }
}

/// The end of the present wait, if it is known.
pub(super) fn end(activity: &Activity) -> Option<Timestamp> {
    activity.rate_limit.or(activity.pause).or_else(|| activity.retry().map(|retry| retry.at))
}

fn left(until: Timestamp, now: Timestamp) -> Duration {
    until.duration_since(now).try_into().unwrap_or_default()
}

/// Decides when a line about the wait is due: when a long wait begins, and after a silence.
#[derive(Debug)]
pub(super) struct Cadence {
    began: Instant,
    spoke: Instant,
    announced: Option<Timestamp>,
}

impl Cadence {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, spoke: now, announced: None }
    }

    /// When the present wait began.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// Something else was said, or the work went on.
    pub(super) fn restart(&mut self, now: Instant) {
        (self.began, self.spoke) = (now, now);
    }

    /// Whether a line is due, which is then taken as said. `end` is the end of the present wait.
    pub(super) fn is_due(&mut self, end: Option<Timestamp>, now: Instant, time: Timestamp) -> bool {
        let begins = end.filter(|end| left(*end, time) >= ANNOUNCED && self.announced != Some(*end));
        let waited = now.saturating_duration_since(self.began);
        let silence = match waited {
            _ if self.spoke == self.began => FIRST,
            _ if waited < Duration::from_secs(60) => NEXT,
            _ => LATER,
        };
        let is_due = begins.is_some() || now.saturating_duration_since(self.spoke) >= silence;
        if is_due {
            self.spoke = now;
            self.announced = begins.or(self.announced);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Lists, Rejection};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_772_452_800 + second).expect("a time")
    }

    fn retrying(retries: impl IntoIterator<Item = Retry>) -> Activity {
        Activity { retries: (0..).zip(retries).collect(), ..Activity::default() }
    }

    #[test]
    fn a_wait_is_named_with_what_is_left_of_it() {
        let lists = Some(Lists { read: 2, all: 12 });
        let rate_limit = Some(at(6));
        let of = |activity: Activity| text(&activity, at(0));
        assert_eq!(of(Activity::default()), None);
        assert_eq!(of(Activity { rate_limit, ..Activity::default() }).as_deref(), Some("rate limit: 6 s"));
        assert_eq!(
            of(Activity { rate_limit, lists, ..Activity::default() }).as_deref(),
            Some("reading members: 2 of 12 projects, rate limit: 6 s")
        );
        assert_eq!(
            of(Activity { pause: Some(at(5)), ..Activity::default() }).as_deref(),
            Some("the service seems to be down, trying again in 5 s")
        );
    }

    #[test]
    fn a_retry_is_named_with_its_reason() {
        let of = |cause, seconds| {
            let retry = Retry { attempt: 2, attempts: 5, at: at(seconds), cause };
            text(&retrying([retry]), at(0)).expect("a retry")
        };
        let busy = Cause::Failing(Rejection { status: 503, ..Rejection::default() });
        assert_eq!(of(Cause::TimedOut, 0), "no answer, trying again (2 of 5)");
        assert_eq!(of(Cause::Lost("reset".to_owned()), 1), "no answer, trying again (2 of 5)");
        assert_eq!(of(busy, 6), "the service answered 503, trying again in 6 s (2 of 5)");
    }

    #[test]
    fn of_many_retries_the_last_attempt_counts() {
        let retry = |attempt| Retry { attempt, attempts: 5, at: at(0), cause: Cause::TimedOut };
        assert_eq!(
            text(&retrying([retry(2), retry(4), retry(3)]), at(0)).as_deref(),
            Some("no answer, trying again (4 of 5)")
        );
    }

    #[test]
    fn a_line_is_due_when_a_long_wait_begins_and_after_a_silence() {
        let start = Instant::now();
        let mut cadence = Cadence::new(start);
        let mut said = |second: u32, end: Option<i64>| {
            cadence.is_due(end.map(at), start + Duration::from_secs(second.into()), at(second.into()))
        };
        // A short wait is not worth a line, and a long one is announced once.
        assert_eq!([said(0, Some(4)), said(1, Some(9)), said(2, Some(9))], [false, true, false]);
        // Then there is one every few seconds, less often in the long run.
        let seconds: Vec<_> = (3..200).filter(|second| said(*second, Some(9))).collect();
        assert_eq!(seconds, [6, 11, 16, 21, 26, 31, 36, 41, 46, 51, 56, 86, 116, 146, 176]);
        assert!(said(200, Some(300)), "the next wait is announced");
        // After something else was said, the first silence is longer.
        cadence.restart(start + Duration::from_secs(201));
        let mut said = |second: u64| cadence.is_due(None, start + Duration::from_secs(second), at(0));
        let seconds: Vec<_> = (202..220).filter(|second| said(*second)).collect();
        assert_eq!(seconds, [209, 214, 219]);
    }
}
