//! The log: the records as stored, and each call with its outcome.

use jiff::Timestamp;

use super::observed::Observed;
use super::record::{Body, End, Intent, Outcome, Record, Run, Seq};
use super::run_file::RunName;
use crate::model::Email;

/// A run with all its records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoggedRun {
    /// Its name.
    pub name: RunName,
    /// Its complete records, oldest first. Empty if the process was interrupted while writing the first one.
    pub records: Vec<Stored>,
}

/// A record and its line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The line as stored, without its newline.
    pub line: String,
    /// The parsed line.
    pub record: Record,
}

/// A call and its outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// The number of the intent.
    pub seq: Seq,
    /// When the intent was recorded, before the call was made.
    pub at: Timestamp,
    /// The call.
    pub intent: &'a Intent,
    /// The outcome and when it was recorded. None if the call is in flight, or the process was interrupted.
    pub outcome: Option<(Timestamp, &'a Outcome)>,
}

impl LoggedRun {
    /// When the run started, and its `run` record.
    #[must_use]
    pub fn run(&self) -> Option<(Timestamp, &Run)> {
        match &self.records.first()?.record {
            Record { at, body: Body::Run(run), .. } => Some((*at, run)),
            _ => None,
        }
    }

    /// The calls, oldest first. If `person` is given, only the calls for that person.
    #[must_use]
    pub fn entries(&self, person: Option<&Email>) -> Vec<Entry<'_>> {
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for Record { seq, at, body, .. } in self.records.iter().map(|stored| &stored.record) {
            match body {
                Body::Intent(intent) if person.is_none_or(|person| *person == intent.email) => {
                    entries.push(Entry { seq: *seq, at: *at, intent, outcome: None });
                }
                Body::Outcome(outcome) => {
                    // Entries are sorted by `seq`.
                    if let Ok(index) = entries.binary_search_by_key(&outcome.of, |entry| entry.seq) {
                        entries[index].outcome = Some((*at, outcome));
                    }
                }
                Body::Run(_) | Body::Intent(_) | Body::Observed(_) | Body::End(_) => {}
            }
        }
        entries
    }

    /// The access that was observed to have changed, oldest first. If `person` is given, only of that person.
    pub fn observed<'a>(&'a self, person: Option<&'a Email>) -> impl Iterator<Item = &'a Observed> {
        self.records.iter().filter_map(move |stored| match &stored.record.body {
            Body::Observed(observed) if person.is_none_or(|person| *person == observed.email) => {
                Some(observed)
            }
            _ => None,
        })
    }

    /// The records, oldest first. If `person` is given, only those about that person: calls, their outcomes,
    /// and what was observed.
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
                (Body::Observed(observed), Some(person)) => observed.email == *person,
                (Body::Run(_) | Body::End(_), Some(_)) => false,
            })
            .collect()
    }

    /// The end of the run. None if it is in progress or was interrupted.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        match &self.records.last()?.record.body {
            Body::End(end) => Some(end),
            Body::Run(_) | Body::Intent(_) | Body::Outcome(_) | Body::Observed(_) => None,
        }
    }
}
