//! Writes the file of the run that goes on: many workers ask, one thread writes.
//!
//! Whoever appends waits until the line is durable. All that is asked for meanwhile is written
//! together and made durable at once, so that durability costs the workers no turn-taking.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock, mpsc};

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::chain::{self, digest};
use super::error::LedgerError;
use super::record::{
    Body, End, EndReason, Intent, Meaning, Outcome, PrevRun, Record, Run, Seq, to_the_millisecond,
};
use super::run_file::RunName;
use crate::clock::Clock;
use crate::escape;

/// What is left of a file for the outcomes of calls that are made already, and the end.
const RESERVE: u64 = 1 << 20;

/// Server text is kept up to so many characters.
const DETAIL_CHARS: usize = 300;

/// The file of a run, as the place that keeps it sees it.
pub(super) trait RunFile: Send {
    /// Appends whole lines. They are durable when this returns; if it fails, nothing rests on them.
    fn append(&mut self, lines: &[u8]) -> Result<(), LedgerError>;
}

/// Asks whether the run may go on to write.
pub(super) type MayWrite = Arc<dyn Fn() -> Result<(), LedgerError> + Send + Sync>;

/// Makes the file of a run that begins at that time.
pub(super) type Create = Box<dyn FnMut(Timestamp) -> Result<(RunName, Box<dyn RunFile>), LedgerError> + Send>;

/// Finds the run that this one continues from.
pub(super) type Predecessor = Box<dyn FnMut() -> Result<PrevRun, LedgerError> + Send>;

/// What the writing thread is given: how to begin the file, and what must hold before each write.
pub(super) struct WriterSetup {
    pub(super) create: Create,
    pub(super) predecessor: Predecessor,
    pub(super) may_write: MayWrite,
    pub(super) clock: Arc<dyn Clock>,
    /// How large the file may become.
    pub(super) max_bytes: u64,
}

/// Records a run. Clones write to the same file, which is made with the first record; a run that
/// makes no call leaves none. After a failure every further record fails in the same way.
#[derive(Clone)]
pub struct RunWriter {
    asks: mpsc::Sender<Request>,
    name: Arc<OnceLock<RunName>>,
    may_write: MayWrite,
}

impl fmt::Debug for RunWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunWriter").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How much of a plan a run has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tally {
    /// How many changes it was to make.
    pub changes: u64,
    /// How many of them are as the plan asks.
    pub done: u64,
}

struct Request {
    body: Body,
    answer: oneshot::Sender<Result<Seq, LedgerError>>,
}

impl RunWriter {
    pub(super) fn begin(run: Run, setup: WriterSetup) -> Result<Self, LedgerError> {
        let (asks, asked) = mpsc::channel();
        let name = Arc::new(OnceLock::new());
        let may_write = Arc::clone(&setup.may_write);
        let mut thread = WriterThread {
            name: Arc::clone(&name),
            run: Some(run),
            setup,
            file: None,
            seq: 0,
            prev: chain::FIRST.to_owned(),
            at: Timestamp::MIN,
            bytes: 0,
            counts: BTreeMap::new(),
            refusal: None,
        };
        std::thread::Builder::new().name("ledger".to_owned()).spawn(move || thread.serve(&asked)).map_err(
            |error| LedgerError::Io {
                doing: "start the writer of",
                path: "runs".into(),
                why: error.to_string(),
            },
        )?;
        Ok(Self { asks, name, may_write })
    }

    /// Whether the run may still write, which is asked right before each attempt at a call.
    ///
    /// # Errors
    /// If the lock was lost; nothing more must be sent.
    pub fn may_write(&self) -> Result<(), LedgerError> {
        (self.may_write)()
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
        self.end_with(reason, text, None).await
    }

    /// The same, with how much of its plan the run has done.
    ///
    /// # Errors
    /// If the record cannot be kept.
    pub async fn end_with(
        &self,
        reason: EndReason,
        text: Option<&str>,
        tally: Option<Tally>,
    ) -> Result<(), LedgerError> {
        let (changes, done) = tally.map(|tally| (tally.changes, tally.done)).unzip();
        let ended = End { reason, text: text.map(short), counts: BTreeMap::new(), changes, done };
        self.append(Body::End(ended)).await.map(|_| ())
    }

    /// The file that records the run; none while no call was made.
    #[must_use]
    pub fn name(&self) -> Option<&RunName> {
        self.name.get()
    }

    async fn append(&self, body: Body) -> Result<Seq, LedgerError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Request { body, answer }).map_err(|_| LedgerError::RunHasEnded)?;
        answered.await.unwrap_or(Err(LedgerError::RunHasEnded))
    }
}

fn short(text: &str) -> String {
    let text: String = text.chars().take(DETAIL_CHARS).collect();
    escape::line(&text).into_owned()
}

/// The thread that writes.
struct WriterThread {
    name: Arc<OnceLock<RunName>>,
    /// The first record, until it is written.
    run: Option<Run>,
    setup: WriterSetup,
    file: Option<Box<dyn RunFile>>,
    seq: Seq,
    prev: String,
    at: Timestamp,
    bytes: u64,
    counts: BTreeMap<Meaning, u64>,
    /// Why nothing is written any more.
    refusal: Option<LedgerError>,
}

impl WriterThread {
    fn serve(&mut self, asked: &mpsc::Receiver<Request>) {
        while let Ok(first) = asked.recv() {
            self.write(std::iter::once(first).chain(asked.try_iter()));
        }
    }

    /// Writes what is asked for now, and answers when it is durable.
    fn write(&mut self, asks: impl Iterator<Item = Request>) {
        let mut lines = String::new();
        let mut written = Vec::new();
        for Request { body, answer } in asks {
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
            Body::Intent(_) if self.bytes > self.setup.max_bytes - RESERVE => {
                return Err(LedgerError::RunIsFull);
            }
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
        if let Some(mut run) = self.run.take() {
            let prev_run = (self.setup.predecessor)().inspect_err(|error| {
                self.refusal = Some(error.clone());
            })?;
            run.prev_run = Some(prev_run);
            self.add(Body::Run(run), lines);
        }
        Ok(self.add(body, lines))
    }

    fn add(&mut self, body: Body, lines: &mut String) -> Seq {
        self.seq += 1;
        // Times never go back within a file, even if the clock does.
        self.at = self.at.max(to_the_millisecond(self.setup.clock.timestamp()));
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
        (self.setup.may_write)()?;
        let file = if let Some(file) = &mut self.file {
            file
        } else {
            let (name, file) = (self.setup.create)(self.at)?;
            let _ = self.name.set(name);
            self.file.insert(file)
        };
        file.append(lines.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::clock::testing::ManualClock;
    use crate::ledger::tests::{a_run, an_intent, an_outcome};
    use crate::ledger::{RunSummary, verify};

    /// What a file holds, how often it was written to, and after how many bytes the disk is full.
    #[derive(Clone, Default)]
    struct Memory {
        bytes: Arc<Mutex<Vec<u8>>>,
        writes: Arc<AtomicUsize>,
        room: Option<usize>,
    }

    impl RunFile for Memory {
        fn append(&mut self, lines: &[u8]) -> Result<(), LedgerError> {
            self.writes.fetch_add(1, Ordering::Relaxed);
            let mut bytes = self.bytes.lock().unwrap();
            if self.room.is_some_and(|room| bytes.len() + lines.len() > room) {
                return Err(full());
            }
            bytes.extend_from_slice(lines);
            Ok(())
        }
    }

    fn full() -> LedgerError {
        let path = "runs/x.jsonl".into();
        LedgerError::Io { doing: "write", path, why: "No space left on device (os error 28)".to_owned() }
    }

    fn begin(memory: &Memory) -> RunWriter {
        begin_with(memory, 64 << 20)
    }

    fn begin_with(memory: &Memory, max_bytes: u64) -> RunWriter {
        let memory = memory.clone();
        let setup = WriterSetup {
            create: Box::new(move |at| Ok((RunName::at(at), Box::new(memory.clone()) as Box<dyn RunFile>))),
            predecessor: Box::new(|| Ok(PrevRun { run: None, digest: chain::FIRST.to_owned() })),
            may_write: Arc::new(|| Ok(())),
            clock: ManualClock::at("2026-11-22T12:00:00Z"),
            max_bytes,
        };
        RunWriter::begin(a_run("sandbox"), setup).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn many_workers_make_one_chain() {
        let memory = Memory::default();
        let writer = begin(&memory);
        let workers: Vec<_> = (0..64)
            .map(|n| {
                let writer = writer.clone();
                tokio::spawn(async move {
                    for _ in 0..4 {
                        let of = writer.intent(an_intent(&format!("p{n}@example.com"))).await.unwrap();
                        writer.outcome(an_outcome(of, Meaning::Invited)).await.unwrap();
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
        writer.end(EndReason::Completed, None).await.unwrap();
        let bytes = memory.bytes.lock().unwrap().clone();
        let ended = Some(EndReason::Completed);
        let records = 1 + 64 * 4 * 2 + 1;
        assert_eq!(verify(&bytes), Ok(RunSummary { records, calls: 256, unanswered: 0, ended, torn: None }));
        let last = String::from_utf8(bytes).unwrap().lines().last().unwrap().to_owned();
        assert!(last.contains(r#""kind":"end","reason":"completed","counts":{"invited":256}"#), "{last}");
    }

    #[tokio::test]
    async fn what_waits_is_written_at_once() {
        let memory = Memory::default();
        let writer = begin(&memory);
        // While the file is held, everything that is asked for gathers.
        let gate = memory.bytes.lock().unwrap();
        let mut asks: Vec<_> = Vec::new();
        for n in 0..100 {
            let (answer, answered) = oneshot::channel();
            let body = Body::Intent(an_intent(&format!("p{n}@example.com")));
            writer.asks.send(Request { body, answer }).unwrap();
            asks.push(answered);
        }
        drop(gate);
        for (seq, answered) in (2..).zip(asks) {
            assert_eq!(answered.await.unwrap(), Ok(seq));
        }
        // One write was held up, and all that came meanwhile went with the next.
        assert!(memory.writes.load(Ordering::Relaxed) <= 2);
    }

    #[tokio::test]
    async fn after_a_failure_nothing_is_written_any_more() {
        let memory = Memory { room: Some(900), ..Memory::default() };
        let writer = begin(&memory);
        let of = writer.intent(an_intent("a@example.com")).await.unwrap();
        writer.outcome(an_outcome(of, Meaning::Invited)).await.unwrap();
        let kept = memory.bytes.lock().unwrap().clone();
        let before = memory.writes.load(Ordering::Relaxed);
        assert_eq!(writer.intent(an_intent(&"b".repeat(600))).await, Err(full()));
        assert_eq!(writer.intent(an_intent("c@example.com")).await, Err(full()));
        assert_eq!(writer.end(EndReason::Stopped, None).await, Err(full()));
        assert_eq!(*memory.bytes.lock().unwrap(), kept);
        assert_eq!(memory.writes.load(Ordering::Relaxed), before + 1);
    }

    #[tokio::test]
    async fn a_run_without_calls_leaves_no_file() {
        let memory = Memory::default();
        let writer = begin(&memory);
        writer.end(EndReason::Completed, None).await.unwrap();
        assert_eq!(writer.name(), None);
        assert_eq!(memory.writes.load(Ordering::Relaxed), 0);
        let late = writer.intent(an_intent("a@example.com")).await;
        assert_eq!(late, Err(LedgerError::RunHasEnded));
    }

    #[tokio::test]
    async fn server_text_is_kept_short_and_inert() {
        let memory = Memory::default();
        let writer = begin(&memory);
        let of = writer.intent(an_intent("a@example.com")).await.unwrap();
        let mut outcome = an_outcome(of, Meaning::Refused);
        outcome.detail = Some(format!("\u{202e}{}", "x".repeat(1000)));
        writer.outcome(outcome).await.unwrap();
        let text = String::from_utf8(memory.bytes.lock().unwrap().clone()).unwrap();
        let detail = format!(r#""detail":"\\u{{202e}}{}","prev""#, "x".repeat(299));
        assert!(text.contains(&detail), "{text}");
    }

    #[tokio::test]
    async fn a_full_file_takes_outcomes_but_no_further_calls() {
        let memory = Memory::default();
        let writer = begin_with(&memory, RESERVE + 1000);
        let of = writer.intent(an_intent("a@example.com")).await.unwrap();
        let large = an_intent(&"x".repeat(1000));
        writer.intent(large).await.unwrap();
        let refused = writer.intent(an_intent("b@example.com")).await;
        assert_eq!(refused, Err(LedgerError::RunIsFull));
        writer.outcome(an_outcome(of, Meaning::Invited)).await.unwrap();
    }
}
