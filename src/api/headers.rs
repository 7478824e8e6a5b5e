//! What the headers of an answer say about the rate limit. Numbers that make no sense say nothing.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::rate_limit::RateHeaders;

/// Clocks that differ by less are taken to agree: `Date` has whole seconds and travels a while.
const SAME_TIME: i64 = 3;

/// The longest wait that is considered, so that no sum overflows.
const FOREVER: u64 = 100 * 365 * 24 * 3600;

/// Two clocks at the same moment.
#[derive(Clone, Copy)]
pub(super) struct Now {
    /// The clock that waits.
    pub(super) instant: Instant,
    /// The clock that the service speaks of.
    pub(super) timestamp: Timestamp,
}

/// Reads the headers of an answer with that status. A failure without any comes from a gateway, which
/// knows nothing of the limit, and teaches nothing.
pub(super) fn rate_headers(status: u16, headers: &HeaderMap, now: Now) -> Option<RateHeaders> {
    let number = |name: &str| text(headers, name)?.parse::<u64>().ok();
    let resets_at = number("x-rate-limit-retry")
        .and_then(|second| Timestamp::from_second(i64::try_from(second).ok()?).ok())
        .map(|time| instant_of(time, headers, now));
    let found = RateHeaders {
        limit: number("x-rate-limit-limit"),
        remaining: number("x-rate-limit-remaining"),
        resets_at,
        refused: status == 429,
        retry_at: retry_at(headers, now),
    };
    (status < 500 || found.remaining.is_some()).then_some(found)
}

/// When `Retry-After` allows the next attempt: so many seconds from now, or at a date.
pub(super) fn retry_at(headers: &HeaderMap, now: Now) -> Option<Instant> {
    let value = text(headers, RETRY_AFTER.as_str())?;
    if let Ok(seconds) = value.parse::<u64>() {
        return now.instant.checked_add(Duration::from_secs(seconds.min(FOREVER)));
    }
    Some(instant_of(http_date(value)?, headers, now))
}

/// Whether it is the calls of the billing cycle that are spent.
pub(super) fn is_cycle_spent(headers: &HeaderMap) -> bool {
    text(headers, "x-rate-limit-type") == Some("api_calls_cycle")
}

/// The value of the header, where it is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// When it is `time` by the clock of the service, which `Date` shows.
fn instant_of(time: Timestamp, headers: &HeaderMap, now: Now) -> Instant {
    let here = now.timestamp;
    let there = text(headers, DATE.as_str()).and_then(http_date);
    let there =
        there.filter(|there| (there.as_second() - here.as_second()).abs() >= SAME_TIME).unwrap_or(here);
    let wait = Duration::try_from(time.duration_since(there)).unwrap_or_default();
    now.instant.checked_add(wait.min(Duration::from_secs(FOREVER))).unwrap_or(now.instant)
}

fn http_date(value: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    const NOON: &str = "2026-03-02T12:00:00.25Z";

    /// The limit, the calls left, and the waits in milliseconds, with these headers at noon.
    fn check(
        status: u16,
        lines: &[(&'static str, &str)],
    ) -> (Option<u64>, Option<u64>, Option<u128>, Option<u128>) {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
        };
        let now = Now { instant: Instant::now(), timestamp: NOON.parse().expect("a time") };
        let found = rate_headers(status, &lines.iter().map(header).collect(), now).expect("headers");
        assert_eq!(found.refused, status == 429);
        let wait = |time: Option<Instant>| Some(time?.saturating_duration_since(now.instant).as_millis());
        (found.limit, found.remaining, wait(found.resets_at), wait(found.retry_at))
    }

    #[test]
    fn times_are_seconds_dates_or_unix_seconds() {
        let noon = NOON.parse::<Timestamp>().expect("a time").as_second();
        let at = |seconds: i64| (noon + seconds).to_string();
        let limit = ("x-rate-limit-limit", "100");
        let left = ("x-rate-limit-remaining", "7");
        let retry = ("x-rate-limit-retry", at(6));
        let retry = (retry.0, retry.1.as_str());
        assert_eq!(check(200, &[limit, left, retry]), (Some(100), Some(7), Some(5750), None));
        assert_eq!(check(429, &[("retry-after", "30")]), (None, None, None, Some(30_000)));
        assert_eq!(
            check(429, &[("retry-after", "Mon, 02 Mar 2026 12:01:00 GMT")]),
            (None, None, None, Some(59_750))
        );
        assert_eq!(check(200, &[("x-rate-limit-retry", at(-9).as_str())]), (None, None, Some(0), None));
    }

    #[test]
    fn a_clock_that_goes_wrong_here_does_not_change_the_wait() {
        let ahead = "2026-03-02T13:00:06Z".parse::<Timestamp>().expect("a time").as_second().to_string();
        let lines = [("x-rate-limit-retry", ahead.as_str()), ("date", "Mon, 02 Mar 2026 13:00:00 GMT")];
        assert_eq!(check(200, &lines), (None, None, Some(6000), None));
    }

    #[test]
    fn a_gateway_teaches_nothing() {
        let now = Now { instant: Instant::now(), timestamp: Timestamp::UNIX_EPOCH };
        assert_eq!(rate_headers(502, &HeaderMap::new(), now), None);
        assert_eq!(rate_headers(404, &HeaderMap::new(), now), Some(RateHeaders::default()));
    }

    #[test]
    fn nonsense_says_nothing() {
        for bad in ["", "-1", "1e3", "soon", "99999999999999999999999", "0x10"] {
            let names = ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-retry", "retry-after"];
            let lines = names.map(|name| (name, bad));
            assert_eq!(check(429, &lines), (None, None, None, None), "{bad}");
        }
        let huge = u64::MAX.to_string();
        assert_eq!(check(429, &[("retry-after", huge.as_str())]).3, Some(u128::from(FOREVER) * 1000));
    }
}
