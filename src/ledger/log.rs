//! The log: the records as they are stored, and each call with what came of it.

use jiff::Timestamp;

use super::record::{Body, End, Intent, Outcome, Record, Run, Seq};
use super::run_file::RunName;
use crate::model::Email;

/// A run, as its file tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoggedRun {
    /// The file.
    pub name: RunName,
    /// All its whole records, the first one first. None if the process died over the very first.
    pub records: Vec<Stored>,
}

/// A record and the line that holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The line as stored, without its newline.
    pub line: String,
    /// What it says.
    pub record: Record,
}

/// A call, and what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// The number of the intent.
    pub seq: Seq,
    /// When it was recorded, which is before it was made.
    pub at: Timestamp,
    /// The call.
    pub intent: &'a Intent,
    /// What came of it and when; none if the process died first, or has not got there.
    pub outcome: Option<(Timestamp, &'a Outcome)>,
}

impl LoggedRun {
    /// When the run began, who ran guestlist, and against what.
    #[must_use]
    pub fn run(&self) -> Option<(Timestamp, &Run)> {
        match &self.records.first()?.record {
            Record { at, body: Body::Run(run), .. } => Some((*at, run)),
            _ => None,
        }
    }

    /// The calls, the oldest first; with `person`, only those about that person.
    #[must_use]
    pub fn entries(&self, person: Option<&Email>) -> Vec<Entry<'_>> {
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for Record { seq, at, body, .. } in self.records.iter().map(|stored| &stored.record) {
            match body {
                Body::Intent(intent) if person.is_none_or(|person| *person == intent.email) => {
                    entries.push(Entry { seq: *seq, at: *at, intent, outcome: None });
                }
                Body::Outcome(outcome) => {
                    // Intents are pushed in the order of their numbers.
                    if let Ok(index) = entries.binary_search_by_key(&outcome.of, |entry| entry.seq) {
                        entries[index].outcome = Some((*at, outcome));
                    }
                }
                Body::Run(_) | Body::Intent(_) | Body::End(_) => {}
            }
        }
        entries
    }

    /// The records, the oldest first; with `person`, only the calls about that person and what came
    /// of them.
    #[must_use]
    pub fn records(&self, person: Option<&Email>) -> Vec<&Stored> {
        let mut about = Vec::new();
        self.records
            .iter()
            .filter(|stored| match (&stored.record.body, person) {
                (_, None) => true,
                (Body::Intent(intent), Some(person)) => {
                    let theirs = intent.email == *person;
                    if theirs {
                        about.push(stored.record.seq);
                    }
                    theirs
                }
                (Body::Outcome(outcome), Some(_)) => about.binary_search(&outcome.of).is_ok(),
                (Body::Run(_) | Body::End(_), Some(_)) => false,
            })
            .collect()
    }

    /// How the run ended; none if it was cut short or goes on.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        match &self.records.last()?.record.body {
            Body::End(ended) => Some(ended),
            Body::Run(_) | Body::Intent(_) | Body::Outcome(_) => None,
        }
    }
}
