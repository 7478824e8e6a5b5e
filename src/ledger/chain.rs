//! The chain of digests in a run: each record has the digest of the line before it, so edits are detected.
//!
//! It does not detect records that were cut off the end (but then the `end` record is missing), an edit of
//! the very last line, or a run that was removed or rewritten as a whole. The chain across runs does.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::line::LineParser;
use super::record::{Body, EndReason, FORMAT_VERSION, Record, Seq};
use super::run_file::{Damage, read_records};
use super::time::to_the_millisecond;

/// The `prev` of the first record of a run: 64 zeros.
pub(super) const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The SHA-256 as hex; of a record, it is that of its line without the newline.
pub(super) fn digest(bytes: impl AsRef<[u8]>) -> String {
    crate::words::hex(&Sha256::digest(bytes.as_ref()))
}

/// Writes the lines of a run, each linked to the one before.
#[derive(Debug)]
pub(super) struct ChainWriter {
    seq: Seq,
    at: Timestamp,
    prev: String,
}

impl Default for ChainWriter {
    fn default() -> Self {
        Self { seq: 0, at: Timestamp::MIN, prev: FIRST.to_owned() }
    }
}

impl ChainWriter {
    /// The time of the last record.
    pub(super) fn last_at(&self) -> Timestamp {
        self.at
    }

    /// Appends the next record to `lines` and returns its number. Times within a run never go back, even if
    /// the clock does.
    pub(super) fn append(&mut self, at: Timestamp, body: Body, lines: &mut String) -> Seq {
        self.seq += 1;
        self.at = self.at.max(to_the_millisecond(at));
        let prev = std::mem::take(&mut self.prev);
        let line = Record { seq: self.seq, at: self.at, body, prev }.to_line();
        self.prev = digest(&line);
        lines.push_str(&line);
        lines.push('\n');
        self.seq
    }
}

/// The content of a run whose chain is intact.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RunSummary {
    /// The number of records.
    pub records: u64,
    /// The number of calls.
    pub calls: u64,
    /// The number of calls without an outcome.
    pub unanswered: u64,
    /// How the run ended. None if it is in progress, was interrupted, or its last records were removed.
    pub ended: Option<EndReason>,
    /// The number of the last line if it is incomplete, because the process was interrupted while writing it.
    pub torn: Option<u64>,
}

/// Where a run is not as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it: the end of the sentence that starts with `line 3`.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} {}", self.line, self.what)
    }
}

/// Checks the digests of a run that is being read.
#[derive(Debug)]
pub(super) struct Chain {
    prev: String,
}

impl Default for Chain {
    fn default() -> Self {
        Self { prev: FIRST.to_owned() }
    }
}

impl Chain {
    /// Whether the next line continues the line before it.
    pub(super) fn holds(&mut self, line: &str, record: &Record) -> bool {
        let before = std::mem::replace(&mut self.prev, digest(line));
        record.prev == before
    }
}

/// Checks a whole run.
///
/// # Errors
/// The first line that was edited, removed, inserted or moved.
pub fn verify(file: &[u8]) -> Result<RunSummary, Broken> {
    let mut links = Vec::new();
    let mut order = Order::default();
    let read = read_records(file, &mut LineParser::default(), |line, record| {
        order.follow(&record);
        links.push(Link { seq: record.seq, prev: record.prev, digest: digest(line) });
    });
    // A misplaced line also breaks what comes after it, so the chain is checked first.
    if let Some(broken) = first_break(&links) {
        return Err(broken);
    }
    match read {
        Ok(torn) => match order.broken {
            Some(broken) => Err(broken),
            None => Ok(RunSummary { torn, ..order.summary }),
        },
        Err(Damage::Line(line, why)) => Err(Broken { line, what: format!("is not a record: {why}") }),
        Err(Damage::Newer(version)) => Err(Broken {
            line: 1,
            what: format!(
                "has format version {version}, and this version of guestlist supports up to {FORMAT_VERSION}; use a newer guestlist"
            ),
        }),
        Err(Damage::Io(error)) => Err(Broken { line: 1, what: format!("cannot be read: {error}") }),
    }
}

struct Link {
    seq: Seq,
    prev: String,
    digest: String,
}

/// The first line whose number or digest does not continue the line before it.
fn first_break(links: &[Link]) -> Option<Broken> {
    let mut before: Option<&Link> = None;
    for (number, link) in (1..).zip(links) {
        if link.seq != number {
            return Some(Broken { line: number, what: out_of_place(link.seq, number, links) });
        }
        if link.prev != before.map_or(FIRST, |before| before.digest.as_str()) {
            // Either the line before was edited, or the `prev` of this line. In that case, the line after it
            // does not continue it either.
            let after = usize::try_from(number).ok().and_then(|index| links.get(index));
            let this_one = number == 1 || after.is_some_and(|after| after.prev != link.digest);
            let line = if this_one { number } else { number - 1 };
            return Some(Broken { line, what: "was edited".to_owned() });
        }
        before = Some(link);
    }
    None
}

fn out_of_place(seq: Seq, number: u64, links: &[Link]) -> String {
    if links.iter().any(|link| link.seq == number) {
        format!("was moved: it has record {seq}")
    } else if seq > number {
        format!("is record {seq}: the records before it were removed")
    } else {
        format!("is record {seq} again: it was inserted")
    }
}

/// The order of the kinds of records in a run.
#[derive(Default)]
struct Order {
    summary: RunSummary,
    open: BTreeSet<Seq>,
    broken: Option<Broken>,
}

impl Order {
    fn follow(&mut self, record: &Record) {
        self.summary.records += 1;
        let wrong = match &record.body {
            _ if self.summary.ended.is_some() => Some("comes after the end of the run"),
            Body::Run(_) | Body::Observed(_) => None,
            Body::Intent(_) => {
                self.summary.calls += 1;
                self.summary.unanswered += 1;
                self.open.insert(record.seq);
                None
            }
            Body::Outcome(outcome) if self.open.remove(&outcome.of) => {
                self.summary.unanswered -= 1;
                None
            }
            Body::Outcome(_) => Some("is an outcome without a call"),
            Body::End(end) => {
                self.summary.ended = Some(end.reason);
                None
            }
        };
        if let (Some(what), None) = (wrong, &self.broken) {
            self.broken = Some(Broken { line: self.summary.records, what: what.to_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::tests::{file_of, intent, outcome, run};
    use crate::ledger::{End, Meaning};

    fn whole() -> Vec<u8> {
        file_of([
            run("sandbox"),
            intent("a@example.com"),
            intent("b@example.com"),
            outcome(3, Meaning::Invited),
            outcome(2, Meaning::Refused),
            Body::End(End {
                reason: EndReason::Completed,
                text: None,
                counts: [(Meaning::Invited, 1), (Meaning::Refused, 1)].into(),
                changes: None,
                done: None,
            }),
        ])
    }

    fn lines() -> Vec<String> {
        String::from_utf8(whole()).unwrap().split_inclusive('\n').map(str::to_owned).collect()
    }

    fn check(lines: &[String], expected: &str) {
        let shown = match verify(lines.concat().as_bytes()) {
            Ok(summary) => format!("{summary:?}"),
            Err(broken) => broken.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_whole_run_is_intact() {
        let summary =
            RunSummary { records: 6, calls: 2, unanswered: 0, ended: Some(EndReason::Completed), torn: None };
        assert_eq!(verify(&whole()), Ok(summary));
        assert_eq!(verify(b""), Ok(RunSummary::default()));
    }

    #[test]
    fn each_way_to_change_a_file_is_named_with_its_line() {
        let edited = |index: usize, from: &str, to: &str| {
            let mut lines = lines();
            assert!(lines[index].contains(from));
            lines[index] = lines[index].replace(from, to);
            lines
        };
        check(&edited(1, "a@example.com", "c@example.com"), "line 2 was edited");
        check(&edited(3, "\"prev\":\"", "\"prev\":\"0"), "line 4 was edited");
        check(&edited(0, "\"prev\":\"0", "\"prev\":\"1"), "line 1 was edited");

        let mut removed = lines();
        removed.remove(2);
        check(&removed, "line 3 is record 4: the records before it were removed");

        let mut swapped = lines();
        swapped.swap(1, 2);
        check(&swapped, "line 2 was moved: it has record 3");

        let mut inserted = lines();
        inserted.insert(2, inserted[1].clone());
        check(&inserted, "line 3 was moved: it has record 2");

        let mut other = lines();
        other[2] = "{}\n".to_owned();
        check(&other, "line 3 is not a record: missing field `seq` at column 2");

        let mut cut = lines();
        cut.truncate(4);
        check(&cut, "RunSummary { records: 4, calls: 2, unanswered: 1, ended: None, torn: None }");

        let newer = edited(0, "\"format_version\":1", "\"format_version\":2");
        check(
            &newer,
            "line 1 has format version 2, and this version of guestlist supports up to 1; use a newer guestlist",
        );
    }

    #[test]
    fn records_must_make_sense_together() {
        let check = |bodies: Vec<Body>, expected: &str| {
            assert_eq!(verify(&file_of(bodies)).unwrap_err().to_string(), expected);
        };
        let ended = Body::End(End {
            reason: EndReason::Stopped,
            text: None,
            counts: [].into(),
            changes: None,
            done: None,
        });
        check(vec![run("x"), ended, intent("a@example.com")], "line 3 comes after the end of the run");
        check(vec![run("x"), outcome(2, Meaning::Invited)], "line 2 is an outcome without a call");
        check(
            vec![run("x"), intent("a@example.com"), run("x"), run("x")],
            "line 3 is not a record: the file has a second `run` record",
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_checked_without_a_panic(junk in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = verify(&junk);
            let mut file = whole();
            file.extend_from_slice(&junk);
            let _ = verify(&file);
        }

        #[test]
        fn any_edit_before_the_last_line_is_detected(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut file = whole();
            let last_line = file[..file.len() - 1].iter().rposition(|&b| b == b'\n').unwrap();
            let place = place.index(last_line + 1);
            prop_assume!(file[place] != byte);
            file[place] = byte;
            let verified = verify(&file);
            // Without the newline between them, the last two lines become one that looks incomplete.
            let is_detected = verified.is_err() || verified == Ok(RunSummary {
                records: 4, calls: 2, unanswered: 1, ended: None, torn: Some(5)
            });
            prop_assert!(is_detected, "byte {} set to {}: {:?}", place, byte, verified);
        }

        #[test]
        fn a_run_cut_anywhere_keeps_its_whole_lines_and_reports_the_incomplete_one(
            place in any::<prop::sample::Index>()
        ) {
            let file = whole();
            let cut = &file[..place.index(file.len() + 1)];
            let lines = cut.split(|&b| b == b'\n').count() as u64 - 1;
            let summary = verify(cut).unwrap();
            prop_assert_eq!(summary.records, lines);
            let is_incomplete = !cut.is_empty() && cut.last() != Some(&b'\n');
            prop_assert_eq!(summary.torn, is_incomplete.then_some(lines + 1));
        }
    }
}
