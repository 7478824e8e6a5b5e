//! Writes the records of the run in progress: many workers send requests, one thread writes.
//!
//! A caller that appends an intent waits until it is durable; an outcome is written at once, and durable with the next
//! intent, or after a lull: then the run waits, for example for the rate limit. The thread writes all waiting requests together, so workers share one fsync.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use super::chain::ChainWriter;
use super::error::LedgerError;
use super::lock::HeldLock;
use super::observed::Observed;
use super::record::{Body, End, EndReason, Intent, Meaning, Outcome, Run, Seq};
use super::run_file::RunName;
use super::runs;
use super::store::{RunLog, Store};
use crate::clock::Clock;
use crate::escape;

/// The part of a run's size limit that is reserved for the outcomes of calls in flight and the end, in bytes.
const RESERVE: u64 = 1 << 20;

/// How long outcomes wait for an intent to be written with, before they are made durable by themselves.
pub(super) const LULL: Duration = Duration::from_secs(1);

/// The longest text from the service in a record, in characters.
const DETAIL_CHARS: usize = 300;

/// Records a run. Clones write to the same run, which is created with its first record; a run that makes no
/// call and observes nothing is not recorded. After a failure, every further record fails for the same reason.
#[derive(Clone)]
pub struct RunWriter {
    requests: mpsc::Sender<AppendRequest>,
    name: Arc<OnceLock<RunName>>,
    lock: Arc<HeldLock>,
    /// Why writing has failed.
    failed: Arc<OnceLock<LedgerError>>,
}

impl fmt::Debug for RunWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunWriter").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How many changes of a plan a run has made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tally {
    /// The number of changes in the plan.
    pub changes: u64,
    /// The number of changes that are in place.
    pub done: u64,
}

struct AppendRequest {
    body: Body,
    /// For the caller, which waits until it is durable.
    answer: Option<oneshot::Sender<Result<Seq, LedgerError>>>,
}

impl RunWriter {
    /// Starts the thread. It writes to `store` while `lock` is held, at most `max_bytes`, and what is not durable after
    /// `lull`.
    pub(super) fn begin(
        run: Run,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        lock: Arc<HeldLock>,
        max_bytes: u64,
        lull: Duration,
    ) -> Result<Self, LedgerError> {
        let (requests, received) = mpsc::channel();
        let (name, failed) = (Arc::new(OnceLock::new()), Arc::new(OnceLock::new()));
        let mut thread = WriterThread {
            store,
            clock,
            lock: Arc::clone(&lock),
            max_bytes,
            name: Arc::clone(&name),
            run: Some(run),
            log: None,
            is_durable: true,
            lull,
            chain: ChainWriter::default(),
            bytes: 0,
            counts: BTreeMap::new(),
            closed: None,
            failed: Arc::clone(&failed),
        };
        std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || thread.serve(&received))
            .map_err(|error| LedgerError::NoThread(error.to_string()))?;
        Ok(Self { requests, name, lock, failed })
    }

    /// Checks that the run may still write. This is called right before each attempt at a call.
    ///
    /// # Errors
    /// If the lock was lost; nothing more must be sent.
    pub fn may_write(&self) -> Result<(), LedgerError> {
        self.lock.ensure()
    }

    /// Records that a call is about to be made. It may be made when this returns.
    ///
    /// # Errors
    /// If the record is not durable; the call must not be made.
    pub async fn intent(&self, intent: Intent) -> Result<Seq, LedgerError> {
        self.append(Body::Intent(intent)).await
    }

    /// Records the outcome of a call. Texts from the service are escaped and shortened. It is durable with the
    /// next intent or the end; if the machine stops before, the intent shows that the call may have been made.
    ///
    /// # Errors
    /// If writing has failed before; no further call must be made. A failure to write this record is
    /// returned for the next one.
    pub fn outcome(&self, mut outcome: Outcome) -> Result<(), LedgerError> {
        outcome.request_id = outcome.request_id.as_deref().map(short);
        outcome.detail = outcome.detail.as_deref().map(short);
        match self.failed.get() {
            Some(error) => Err(error.clone()),
            None => self.request(Body::Outcome(outcome), None),
        }
    }

    /// Records access that changed outside guestlist.
    ///
    /// # Errors
    /// If the records are not durable.
    pub async fn observed(&self, observed: Vec<Observed>) -> Result<(), LedgerError> {
        let ask = |body| self.ask(body);
        let asked: Vec<_> = observed.into_iter().map(Body::Observed).map(ask).collect::<Result<_, _>>()?;
        for answered in asked {
            answered.await.unwrap_or(Err(LedgerError::RunHasEnded))?;
        }
        Ok(())
    }

    /// Records the end of the run, with the number of outcomes of each meaning and, if it applied a plan, how
    /// much of it is in place. Nothing can follow.
    ///
    /// # Errors
    /// If the record is not durable.
    pub async fn end(
        &self,
        reason: EndReason,
        text: Option<&str>,
        tally: Option<Tally>,
    ) -> Result<(), LedgerError> {
        let (changes, done) = tally.map(|tally| (tally.changes, tally.done)).unzip();
        let end = End { reason, text: text.map(short), counts: BTreeMap::new(), changes, done };
        self.append(Body::End(end)).await.map(|_| ())
    }

    /// The name under which the run is recorded, once it has a record.
    #[must_use]
    pub fn name(&self) -> Option<&RunName> {
        self.name.get()
    }

    async fn append(&self, body: Body) -> Result<Seq, LedgerError> {
        self.ask(body)?.await.unwrap_or(Err(LedgerError::RunHasEnded))
    }

    fn ask(&self, body: Body) -> Result<oneshot::Receiver<Result<Seq, LedgerError>>, LedgerError> {
        let (answer, answered) = oneshot::channel();
        self.request(body, Some(answer))?;
        Ok(answered)
    }

    fn request(
        &self,
        body: Body,
        answer: Option<oneshot::Sender<Result<Seq, LedgerError>>>,
    ) -> Result<(), LedgerError> {
        self.requests.send(AppendRequest { body, answer }).map_err(|_| LedgerError::RunHasEnded)
    }
}

fn short(text: &str) -> String {
    let text: String = text.chars().take(DETAIL_CHARS).collect();
    escape::line(&text).into_owned()
}

/// The thread that writes.
struct WriterThread {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    lock: Arc<HeldLock>,
    max_bytes: u64,
    name: Arc<OnceLock<RunName>>,
    /// The first record, until it is written.
    run: Option<Run>,
    log: Option<Box<dyn RunLog>>,
    /// Whether all that was written is durable.
    is_durable: bool,
    lull: Duration,
    chain: ChainWriter,
    bytes: u64,
    counts: BTreeMap<Meaning, u64>,
    /// Why nothing more is written.
    closed: Option<LedgerError>,
    /// The same for the workers, if it is a failure.
    failed: Arc<OnceLock<LedgerError>>,
}

impl WriterThread {
    fn serve(&mut self, received: &mpsc::Receiver<AppendRequest>) {
        while let Some(first) = self.next(received) {
            self.write(std::iter::once(first).chain(received.try_iter()));
        }
    }

    /// The next request. If none comes for a while, what was written so far is made durable.
    fn next(&mut self, received: &mpsc::Receiver<AppendRequest>) -> Option<AppendRequest> {
        if !self.is_durable {
            match received.recv_timeout(self.lull) {
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.append("", true) {
                        self.fail(error);
                    }
                }
                request => return request.ok(),
            }
        }
        received.recv().ok()
    }

    /// Writes what is requested by now, and answers when it is durable.
    fn write(&mut self, requests: impl Iterator<Item = AppendRequest>) {
        let mut lines = String::new();
        let mut written = Vec::new();
        for AppendRequest { body, answer } in requests {
            match (self.compose(body, &mut lines), answer) {
                (Ok(seq), Some(answer)) => written.push((seq, answer)),
                (Ok(_), None) => {}
                // If the worker has gone, no one needs the answer.
                (Err(error), Some(answer)) => drop(answer.send(Err(error))),
                (Err(error), None) => self.fail(error),
            }
        }
        // Only those who wait need it to be durable.
        let result = self.append(&lines, !written.is_empty());
        if let Err(error) = &result {
            self.fail(error.clone());
        }
        for (seq, answer) in written {
            let _ = answer.send(result.clone().map(|()| seq));
        }
    }

    /// Writes nothing more.
    fn fail(&mut self, error: LedgerError) {
        self.is_durable = true;
        let _ = self.failed.set(error.clone());
        self.closed = Some(error);
    }

    /// Adds a record to `lines`, and before it the first record of the run if that is still missing.
    fn compose(&mut self, mut body: Body, lines: &mut String) -> Result<Seq, LedgerError> {
        if let Some(error) = &self.closed {
            return Err(error.clone());
        }
        match &mut body {
            Body::Intent(_) | Body::Observed(_) if self.bytes > self.max_bytes - RESERVE => {
                return Err(LedgerError::RunIsFull);
            }
            Body::Outcome(outcome) => *self.counts.entry(outcome.meaning).or_default() += 1,
            Body::End(end) => {
                self.closed = Some(LedgerError::RunHasEnded);
                end.counts.clone_from(&self.counts);
                if self.run.is_some() {
                    return Ok(0);
                }
            }
            Body::Run(_) | Body::Intent(_) | Body::Observed(_) => {}
        }
        if let Some(mut run) = self.run.take() {
            let prev_run = runs::head(&*self.store).inspect_err(|error| self.closed = Some(error.clone()))?;
            run.prev_run = Some(prev_run);
            self.add(Body::Run(run), lines);
        }
        Ok(self.add(body, lines))
    }

    fn add(&mut self, body: Body, lines: &mut String) -> Seq {
        let before = lines.len();
        let seq = self.chain.append(self.clock.timestamp(), body, lines);
        self.bytes += (lines.len() - before) as u64;
        seq
    }

    fn append(&mut self, lines: &str, sync: bool) -> Result<(), LedgerError> {
        if lines.is_empty() && (self.is_durable || !sync) {
            return Ok(());
        }
        self.lock.ensure()?;
        let log = if let Some(log) = &mut self.log {
            log
        } else {
            let (name, log) = self.store.create_run(self.chain.last_at())?;
            self.lock.records(name.clone());
            let _ = self.name.set(name);
            self.log.insert(log)
        };
        log.append(lines.as_bytes(), sync).map_err(|error| match error {
            // The lock knows who took it over.
            LedgerError::LockLost { .. } => self.lock.ensure().err().unwrap_or(error),
            error => error,
        })?;
        self.is_durable = sync;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::manual::ManualClock;
    use crate::ledger::tests::memory::{Memory, full};
    use crate::ledger::tests::{a_run, an_intent, an_outcome, ledger_on, who};
    use crate::ledger::{Ledger, Lock, RunSummary, verify};

    /// Longer than a test.
    const NO_LULL: Duration = Duration::from_secs(3600);

    fn begin(memory: &Memory) -> (RunWriter, Lock) {
        begin_with(memory, 64 << 20, NO_LULL)
    }

    fn begin_with(memory: &Memory, max_bytes: u64, lull: Duration) -> (RunWriter, Lock) {
        let ledger = ledger_on(memory).with_clock(ManualClock::at("2026-11-22T12:00:00Z"));
        let lock = ledger.acquire(&who()).unwrap();
        let Ledger { store, clock } = ledger;
        let writer = RunWriter::begin(a_run("sandbox"), store, clock, lock.held(), max_bytes, lull).unwrap();
        (writer, lock)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn many_workers_make_one_chain() {
        let memory = Memory::default();
        let (writer, _lock) = begin(&memory);
        let workers: Vec<_> = (0..64)
            .map(|n| {
                let writer = writer.clone();
                tokio::spawn(async move {
                    for _ in 0..4 {
                        let of = writer.intent(an_intent(&format!("p{n}@example.com"))).await.unwrap();
                        writer.outcome(an_outcome(of, Meaning::Invited)).unwrap();
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
        writer.end(EndReason::Completed, None, None).await.unwrap();
        let bytes = memory.run();
        let ended = Some(EndReason::Completed);
        let records = 1 + 64 * 4 * 2 + 1;
        assert_eq!(verify(&bytes), Ok(RunSummary { records, calls: 256, unanswered: 0, ended, torn: None }));
        let last = String::from_utf8(bytes).unwrap().lines().last().unwrap().to_owned();
        assert!(last.contains(r#""kind":"end","reason":"completed","counts":{"invited":256}"#), "{last}");
    }

    #[tokio::test]
    async fn requests_that_wait_are_written_together() {
        let memory = Memory::default();
        let (writer, _lock) = begin(&memory);
        // While the store is blocked, requests queue up.
        let content = memory.content();
        let mut answers = Vec::new();
        for n in 0..100 {
            let (answer, answered) = oneshot::channel();
            let body = Body::Intent(an_intent(&format!("p{n}@example.com")));
            writer.requests.send(AppendRequest { body, answer: Some(answer) }).unwrap();
            answers.push(answered);
        }
        drop(content);
        for (seq, answered) in (2..).zip(answers) {
            assert_eq!(answered.await.unwrap(), Ok(seq));
        }
        // One append was blocked, and everything that came in the meantime went with the next one.
        assert!(memory.content().syncs <= 2);
    }

    #[tokio::test]
    async fn an_outcome_is_durable_with_the_next_intent() {
        let memory = Memory::default();
        let (writer, _lock) = begin(&memory);
        for n in 0..10 {
            let of = writer.intent(an_intent(&format!("p{n}@example.com"))).await.unwrap();
            writer.outcome(an_outcome(of, Meaning::Invited)).unwrap();
        }
        writer.end(EndReason::Completed, None, None).await.unwrap();
        assert_eq!(memory.content().syncs, 10 + 1);
        assert_eq!(memory.run().split(|byte| *byte == b'\n').count(), 1 + 10 * 2 + 1 + 1);
    }

    #[tokio::test]
    async fn an_outcome_is_durable_after_a_lull() {
        let memory = Memory::default();
        let (writer, _lock) = begin_with(&memory, 64 << 20, Duration::ZERO);
        let of = writer.intent(an_intent("a@example.com")).await.unwrap();
        writer.outcome(an_outcome(of, Meaning::Invited)).unwrap();
        while memory.content().syncs < 2 {
            std::thread::yield_now();
        }
        writer.end(EndReason::Completed, None, None).await.unwrap();
        assert_eq!(memory.content().syncs, 3);
        assert_eq!(memory.run().split(|byte| *byte == b'\n').count(), 1 + 2 + 1 + 1);
    }

    #[tokio::test]
    async fn after_a_failure_nothing_more_is_written() {
        let memory = Memory::default();
        memory.content().room = Some(900);
        let (writer, _lock) = begin(&memory);
        let of = writer.intent(an_intent("a@example.com")).await.unwrap();
        writer.outcome(an_outcome(of, Meaning::Invited)).unwrap();
        let kept = memory.run();
        let before = memory.content().syncs;
        assert_eq!(writer.intent(an_intent(&"b".repeat(600))).await, Err(full()));
        assert_eq!(writer.intent(an_intent("c@example.com")).await, Err(full()));
        assert_eq!(writer.end(EndReason::Stopped, None, None).await, Err(full()));
        assert_eq!(memory.run(), kept);
        assert_eq!(memory.content().syncs, before + 1);
    }

    #[tokio::test]
    async fn a_run_without_calls_is_not_recorded() {
        let memory = Memory::default();
        let (writer, _lock) = begin(&memory);
        writer.end(EndReason::Completed, None, None).await.unwrap();
        assert_eq!(writer.name(), None);
        assert_eq!(memory.content().syncs, 0);
        let late = writer.intent(an_intent("a@example.com")).await;
        assert_eq!(late, Err(LedgerError::RunHasEnded));
    }

    #[tokio::test]
    async fn text_from_the_service_is_shortened_and_escaped() {
        let memory = Memory::default();
        let (writer, _lock) = begin(&memory);
        let of = writer.intent(an_intent("a@example.com")).await.unwrap();
        let mut outcome = an_outcome(of, Meaning::Refused);
        outcome.detail = Some(format!("\u{202e}{}", "x".repeat(1000)));
        writer.outcome(outcome).unwrap();
        writer.end(EndReason::Completed, None, None).await.unwrap();
        let text = String::from_utf8(memory.run()).unwrap();
        let detail = format!(r#""detail":"\\u{{202e}}{}","prev""#, "x".repeat(299));
        assert!(text.contains(&detail), "{text}");
    }

    #[tokio::test]
    async fn a_full_run_accepts_outcomes_but_no_further_calls() {
        let memory = Memory::default();
        let (writer, _lock) = begin_with(&memory, RESERVE + 1000, NO_LULL);
        let of = writer.intent(an_intent("a@example.com")).await.unwrap();
        let large = an_intent(&"x".repeat(1000));
        writer.intent(large).await.unwrap();
        let refused = writer.intent(an_intent("b@example.com")).await;
        assert_eq!(refused, Err(LedgerError::RunIsFull));
        writer.outcome(an_outcome(of, Meaning::Invited)).unwrap();
    }
}
