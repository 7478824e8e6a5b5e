//! The name of a run, and its records: reads them line by line, and tells an incomplete last line from
//! damage.

use std::fmt;
use std::io::{self, BufRead};

use jiff::Timestamp;

use serde::{Deserialize, Serialize};

use super::line::LineParser;
use super::record::{Body, InvalidRecord, Record, Run};

/// The name of a run: its start time and an id. Names sort by time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunName(String);

impl RunName {
    /// A new name for a run that starts at `at`. The id starts with the milliseconds, so runs within one
    /// second sort as well; the rest is random.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        let millis = at.subsec_millisecond().unsigned_abs();
        let random = fastrand::u16(..0x1000);
        Self(format!("{}-{millis:03x}{random:03x}.jsonl", at.strftime("%Y-%m-%dT%H%M%SZ")))
    }

    /// The run with that file name, if it is one that a run can have.
    #[must_use]
    pub fn of_file(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".jsonl").filter(|stem| !stem.is_empty() && !stem.starts_with('.'))?;
        (!stem.contains(['/', '\\'])).then(|| Self(name.to_owned()))
    }

    /// The file name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::escape::line(&self.0))
    }
}

/// Why a run cannot be read.
#[derive(Debug)]
pub(super) enum Damage {
    /// The operating system reported an error.
    Io(io::Error),
    /// A newer version of guestlist wrote it.
    Newer(u64),
    /// A line before the last one is not a record, or is misplaced. The line from 1, and why.
    Line(u64, String),
}

impl From<io::Error> for Damage {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// When a run started, and its `run` record. None if the process was interrupted before it was written.
pub(super) fn first_record(mut input: impl BufRead) -> Result<Option<(Timestamp, Run)>, Damage> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line)?;
    // With a second line after it, the first one is damaged, not incomplete.
    input.read_until(b'\n', &mut line)?;
    let mut first = None;
    read_records(line.as_slice(), &mut LineParser::default(), |_, record| {
        if let (None, Body::Run(run)) = (&first, record.body) {
            first = Some((record.at, run));
        }
    })?;
    Ok(first)
}

/// Passes every record and its line to `each`. Returns the number of the last line if it is incomplete.
///
/// The last line is incomplete if it has no newline or is not a record: a process or machine stopped while
/// writing it. The writer had not reported it as durable by then, so no call relies on it, and it is not
/// passed to `each`.
pub(super) fn read_records(
    mut input: impl BufRead,
    parser: &mut LineParser,
    mut each: impl FnMut(&str, Record),
) -> Result<Option<u64>, Damage> {
    let mut buffer = Vec::new();
    let mut number = 0;
    loop {
        buffer.clear();
        if input.read_until(b'\n', &mut buffer)? == 0 {
            return Ok(None);
        }
        number += 1;
        let Some(line) = buffer.strip_suffix(b"\n") else { return Ok(Some(number)) };
        let parsed = std::str::from_utf8(line)
            .map_err(|_| InvalidRecord::Unreadable("it is not UTF-8".to_owned()))
            .and_then(|line| parser.parse(line).map(|record| (line, record)));
        match parsed {
            Ok((line, record)) => {
                match (number, matches!(record.body, Body::Run(_))) {
                    (1, false) => {
                        return Err(Damage::Line(
                            1,
                            "the file does not start with a `run` record".to_owned(),
                        ));
                    }
                    (2.., true) => {
                        return Err(Damage::Line(number, "the file has a second `run` record".to_owned()));
                    }
                    _ => {}
                }
                each(line, record);
            }
            Err(InvalidRecord::Newer(version)) => return Err(Damage::Newer(version)),
            Err(InvalidRecord::Unreadable(_)) if input.fill_buf()?.is_empty() => return Ok(Some(number)),
            Err(InvalidRecord::Unreadable(why)) => return Err(Damage::Line(number, why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_start_with_the_time_and_sort_by_it() {
        let name = |text: &str| RunName::at(text.parse().unwrap());
        let early = name("2026-11-22T12:34:56.007Z");
        let late = name("2026-11-22T12:34:56.999Z");
        assert!(early.as_str().starts_with("2026-11-22T123456Z-007"), "{early}");
        assert_eq!(early.as_str().len(), "2026-11-22T123456Z-3f9a1c.jsonl".len());
        assert!(early < late);
        assert_eq!(RunName::of_file(late.as_str()), Some(late));
        for other in [".jsonl", ".x.jsonl", "notes.txt", "a/b.jsonl"] {
            assert_eq!(RunName::of_file(other), None);
        }
    }
}
