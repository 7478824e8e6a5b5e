//! A point in time on the command line: a day (UTC), or a time.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

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
}
