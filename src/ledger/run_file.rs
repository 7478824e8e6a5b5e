//! Reads the records of one run file, line by line, and tells a torn last line from a damaged file.

use std::fmt;
use std::io::{self, BufRead};

use jiff::Timestamp;

use serde::{Deserialize, Serialize};

use super::record::{Body, InvalidRecord, Record, Run};

/// The name of a run file: the time at which it was begun, and an id. Names sort by time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunName(String);

impl RunName {
    /// The name of a run that begins at `at`. The id begins with the milliseconds, so that runs
    /// within one second sort too; the rest of it is random.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        let millis = at.subsec_millisecond().unsigned_abs();
        let random = fastrand::u16(..0x1000);
        Self(format!("{}-{millis:03x}{random:03x}.jsonl", at.strftime("%Y-%m-%dT%H%M%SZ")))
    }

    /// The run file of that name, if run files are named so.
    #[must_use]
    pub fn of_file(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".jsonl").filter(|stem| !stem.is_empty() && !stem.starts_with('.'))?;
        (!stem.contains(['/', '\\'])).then(|| Self(name.to_owned()))
    }

    /// The name of the file.
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

/// Why a run file cannot be read.
#[derive(Debug)]
pub(super) enum Damage {
    /// The system refused.
    Io(io::Error),
    /// A newer version of guestlist wrote it.
    Newer(u64),
    /// A line that is not the last is no record, or not where it may stand.
    Line(u64, String),
}

impl From<io::Error> for Damage {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// When a run started, and its `run` record. None if the process died before it was written.
pub(super) fn first_record(mut input: impl BufRead) -> Result<Option<(Timestamp, Run)>, Damage> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line)?;
    // A second line tells a damaged first one from a torn one.
    input.read_until(b'\n', &mut line)?;
    let mut first = None;
    read_records(line.as_slice(), |_, record| {
        if let (None, Body::Run(run)) = (&first, record.body) {
            first = Some((record.at, run));
        }
    })?;
    Ok(first)
}

/// Gives every record and its line to `each`. Returns the number of the last line if that was torn.
///
/// A line is torn if no newline ends it, or if it is the last and no record: so it is left by a
/// process or machine that died while writing. Nobody was told that such a line is kept, so no call
/// rests on it, and it is not given to `each`.
pub(super) fn read_records(
    mut input: impl BufRead,
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
            .and_then(|line| Record::from_line(line).map(|record| (line, record)));
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
    fn names_sort_by_time_and_are_made_of_it() {
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
