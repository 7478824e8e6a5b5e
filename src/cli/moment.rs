//! Times on the command line: a day (UTC) or a moment, and how old something may be.

use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};

/// A day, or a time within one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    /// A day (UTC).
    Day(Date),
    /// A time.
    Time(Timestamp),
}

impl Moment {
    /// The first moment of it.
    pub(crate) fn start(self) -> Timestamp {
        match self {
            Self::Day(date) => at(date, Time::midnight()),
            Self::Time(time) => time,
        }
    }

    /// The last moment of it.
    pub(crate) fn end(self) -> Timestamp {
        match self {
            Self::Day(date) => at(date, Time::MAX),
            Self::Time(time) => time,
        }
    }
}

fn at(date: Date, time: Time) -> Timestamp {
    // Only the last hours of the year 9999 have no timestamp.
    TimeZone::UTC.to_timestamp(date.to_datetime(time)).unwrap_or(Timestamp::MAX)
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = || text.parse().ok().filter(|_| text.len() == 10 && text.is_ascii());
        let time = || text.parse().ok().filter(|_| text.len() > 10);
        let moment = day().map(Self::Day).or_else(|| time().map(Self::Time));
        moment.ok_or("expected a day as YYYY-MM-DD, or a time as YYYY-MM-DDTHH:MM:SSZ")
    }
}

/// How old the last clean convergence may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MaxAge(pub(crate) Duration);

impl FromStr for MaxAge {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let span = text.parse::<Span>().ok().filter(|span| !span.is_negative());
        let duration = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
        let duration = duration.and_then(|duration| Duration::try_from(duration).ok());
        duration.map(Self).ok_or("expected a duration such as 36h, 2d or 90m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_all_of_it_and_a_time_is_exact() {
        let span = |text: &str| {
            let moment: Moment = text.parse().unwrap();
            [moment.start().to_string(), moment.end().to_string()]
        };
        assert_eq!(span("2026-11-05"), ["2026-11-05T00:00:00Z", "2026-11-05T23:59:59.999999999Z"]);
        assert_eq!(span("2026-11-05T12:30:00Z"), ["2026-11-05T12:30:00Z"; 2]);
        assert_eq!(span("2026-11-05T12:30:00+01:00"), ["2026-11-05T11:30:00Z"; 2]);
        for other in ["", "yesterday", "2026-11", "20261105", "2026-02-30", "2026-11-05T12:30", "2026-11-05 "]
        {
            assert!(other.parse::<Moment>().is_err(), "{other}");
        }
    }

    #[test]
    fn a_duration_has_units() {
        let hours = |text: &str| text.parse::<MaxAge>().map(|age| age.0.as_secs() / 3600);
        assert_eq!(
            ["36h", "2d", "1w", "1d 12h", "90m"].map(|text| hours(text).unwrap()),
            [36, 48, 168, 36, 1]
        );
        for other in ["", "36", "-2d", "1 month", "soon"] {
            assert!(hours(other).is_err(), "{other}");
        }
    }
}
