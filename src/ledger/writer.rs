//! Writes the file of the run that goes on: many workers ask, one thread writes.
//!
//! Whoever appends waits until the line is durable. All that is asked for meanwhile is written
//! together and made durable at once, so that durability costs the workers no turn-taking.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, mpsc};

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::Clock;
use super::chain::{self, digest};
use super::error::LedgerError;
use super::folder::MAX_BYTES;
use super::record::{Body, EndReason, Ended, Intent, Meaning, Outcome, Record, Run, Seq, to_the_millisecond};
use super::run_file::RunName;
use crate::inert;

/// What is left of a file for the outcomes of calls that are made already, and the end.
const RESERVE: u64 = 1 << 20;

/// Server text is kept up to so many characters.
const DETAIL_CHARS: usize = 300;

/// The file of a run, as the place that keeps it sees it.
pub(super) trait RunFile: Send {
    /// Appends whole lines. They are durable when this returns; if it fails, nothing rests on them.
    fn append(&mut self, lines: &[u8]) -> Result<(), LedgerError>;
}

/// Makes the file of a run that begins at that time.
pub(super) type Create = Box<dyn FnMut(Timestamp) -> Result<(RunName, Box<dyn RunFile>), LedgerError> + Send>;

/// What the writing thread is given: how to begin the file, and what must hold before each write.
pub(super) struct Desk {
    pub(super) create: Create,
    pub(super) may_write: Box<dyn Fn() -> Result<(), LedgerError> + Send>,
    pub(super) clock: Clock,
}

/// Records a run. Clones write to the same file, which is made with the first record; a run that
/// makes no call leaves none. After a failure every further record fails in the same way.
#[derive(Clone, Debug)]
pub struct RunWriter {
    asks: mpsc::Sender<Ask>,
    name: Arc<OnceLock<RunName>>,
}

struct Ask {
    body: Body,
    answer: oneshot::Sender<Result<Seq, LedgerError>>,
}

impl RunWriter {
    pub(super) fn begin(run: Run, desk: Desk) -> Result<Self, LedgerError> {
        let (asks, asked) = mpsc::channel();
        let name = Arc::new(OnceLock::new());
        let mut scribe = Scribe {
            name: Arc::clone(&name),
            run: Some(run),
            desk,
            file: None,
            seq: 0,
            prev: chain::FIRST.to_owned(),
            at: Timestamp::MIN,
            bytes: 0,
            counts: BTreeMap::new(),
            refusal: None,
        };
        std::thread::Builder::new().name("ledger".to_owned()).spawn(move || scribe.serve(&asked)).map_err(
            |error| LedgerError::Io {
                doing: "start the writer of",
                path: "runs".into(),
                why: error.to_string(),
            },
        )?;
        Ok(Self { asks, name })
    }

    /// Records that a call is about to be made. It may be made when this returns.
    ///
    /// # Errors
    /// If the record cannot be kept; the call must not be made.
    pub async fn intent(&self, intent: Intent) -> Result<Seq, LedgerError> {
        self.append(Body::Intent(intent)).await
    }

    /// Records what came of a call. What the server said is made inert and short.
    ///
    /// # Errors
    /// If the record cannot be kept; no further call must be made.
    pub async fn outcome(&self, mut outcome: Outcome) -> Result<Seq, LedgerError> {
        outcome.request_id = outcome.request_id.as_deref().map(short);
        outcome.detail = outcome.detail.as_deref().map(short);
        self.append(Body::Outcome(outcome)).await
    }

    /// Records that the run is over, with the number of outcomes of each meaning. Nothing can follow.
    ///
    /// # Errors
    /// If the record cannot be kept.
    pub async fn end(&self, reason: EndReason, text: Option<&str>) -> Result<(), LedgerError> {
        let text = text.map(short);
        self.append(Body::End(Ended { reason, text, counts: BTreeMap::new() })).await.map(|_| ())
    }

    /// The file that records the run; none while no call was made.
    #[must_use]
    pub fn name(&self) -> Option<&RunName> {
        self.name.get()
    }

    async fn append(&self, body: Body) -> Result<Seq, LedgerError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask { body, answer }).map_err(|_| LedgerError::RunHasEnded)?;
        answered.await.unwrap_or(Err(LedgerError::RunHasEnded))
    }
}

fn short(text: &str) -> String {
    let text: String = text.chars().take(DETAIL_CHARS).collect();
    inert::line(&text).into_owned()
}

/// The thread that writes.
struct Scribe {
    name: Arc<OnceLock<RunName>>,
    /// The first record, until it is written.
    run: Option<Run>,
    desk: Desk,
    file: Option<Box<dyn RunFile>>,
    seq: Seq,
    prev: String,
    at: Timestamp,
    bytes: u64,
    counts: BTreeMap<Meaning, u64>,
    /// Why nothing is written any more.
    refusal: Option<LedgerError>,
}

impl Scribe {
    fn serve(&mut self, asked: &mpsc::Receiver<Ask>) {
        while let Ok(first) = asked.recv() {
            self.write(std::iter::once(first).chain(asked.try_iter()));
        }
    }

    /// Writes what is asked for now, and answers when it is durable.
    fn write(&mut self, asks: impl Iterator<Item = Ask>) {
        let mut lines = String::new();
        let mut written = Vec::new();
        for Ask { body, answer } in asks {
            match self.compose(body, &mut lines) {
                Ok(seq) => written.push((seq, answer)),
                // The asker has gone; there is nobody to tell.
                Err(error) => drop(answer.send(Err(error))),
            }
        }
        if written.is_empty() {
            return;
        }
        let result = self.keep(&lines);
        if let Err(error) = &result {
            self.refusal = Some(error.clone());
        }
        for (seq, answer) in written {
            let _ = answer.send(result.clone().map(|()| seq));
        }
    }

    /// Adds a record to `lines`, and the first record of the file before it if it is still missing.
    fn compose(&mut self, mut body: Body, lines: &mut String) -> Result<Seq, LedgerError> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        match &mut body {
            Body::Intent(_) if self.bytes > MAX_BYTES - RESERVE => return Err(LedgerError::RunIsFull),
            Body::Outcome(outcome) => *self.counts.entry(outcome.meaning).or_default() += 1,
            Body::End(ended) => {
                self.refusal = Some(LedgerError::RunHasEnded);
                ended.counts.clone_from(&self.counts);
                if self.run.is_some() {
                    return Ok(0);
                }
            }
            Body::Run(_) | Body::Intent(_) => {}
        }
        if let Some(run) = self.run.take() {
            self.add(Body::Run(run), lines);
        }
        Ok(self.add(body, lines))
    }

    fn add(&mut self, body: Body, lines: &mut String) -> Seq {
        self.seq += 1;
        // Times never go back within a file, even if the clock does.
        self.at = self.at.max(to_the_millisecond((self.desk.clock)()));
        let prev = std::mem::take(&mut self.prev);
        let line = Record { seq: self.seq, at: self.at, body, prev }.to_line();
        self.prev = digest(&line);
        self.bytes += line.len() as u64 + 1;
        lines.push_str(&line);
        lines.push('\n');
        self.seq
    }

    fn keep(&mut self, lines: &str) -> Result<(), LedgerError> {
        if lines.is_empty() {
            return Ok(());
        }
        (self.desk.may_write)()?;
        let file = if let Some(file) = &mut self.file {
            file
        } else {
            let (name, file) = (self.desk.create)(self.at)?;
            let _ = self.name.set(name);
            self.file.insert(file)
        };
        file.append(lines.as_bytes())
    }
}
