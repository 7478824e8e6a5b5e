//! A session that may write: the lock, the signals, the ledger and the progress around `apply::Apply`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::args::GlobalArgs;
use super::connection::Connection;
use super::environment;
use super::failure::Failure;
use super::observe;
use super::progress::Progress;
use super::prompt;
use super::signals::Signals;
use super::situation::estimate;
use super::target::Target;
use super::terminal::Terminal;
use crate::api::{Pace, Writer};
use crate::apply::{Apply, Ending, Report, Stop, Stopped};
use crate::desired::Desired;
use crate::escape;
use crate::known::Known;
use crate::ledger::{
    AppliedPlans, EndReason, Finding, Ledger, LedgerError, Lock, LockInfo, ReadingFacts, Run, RunWriter,
    Tally,
};
use crate::model::{Email, Estimate};
use crate::observe::NewSnapshot;
use crate::plan::{self, Change, Plan};
use crate::words;

/// The right to write to the organization and the ledger. Only one session has it at a time.
pub(super) struct Session<'a> {
    connection: Connection<Writer>,
    target: &'a Target,
    desired: &'a Desired,
    ledger: Ledger,
    lock: Lock,
    signals: Signals,
    stop: Arc<Stop>,
    terminal: Terminal,
    applied_plans: AppliedPlans,
    /// The reading that is not recorded and saved yet.
    snapshot: Option<NewSnapshot>,
    /// The run, once it may record something.
    run: Option<RunWriter>,
}

/// How a run ended.
pub(super) struct RunResult {
    /// Every change and how it ended.
    pub(super) report: Report,
    /// How long it took.
    pub(super) took: Duration,
    /// The name under which the ledger has it, if it made a call.
    pub(super) name: Option<String>,
    /// The failure for the signal that ended it, if one did.
    pub(super) signal: Option<Failure>,
    /// Whether the connection was closed cleanly.
    pub(super) closed: Result<(), Failure>,
}

/// Run options that are not part of the plan.
#[derive(Clone, Copy)]
pub(super) struct RunOptions {
    /// The command, as the ledger names it.
    pub(super) command: &'static str,
    /// The maximum number of people to process in parallel.
    pub(super) concurrency: usize,
    /// Whether to send invitations that are known to be pending.
    pub(super) again: bool,
    /// When the plan was made.
    pub(super) made_at: Timestamp,
}

/// Acquires the lock of a ledger.
pub(super) async fn acquire(
    ledger: &Ledger,
    signals: &mut Signals,
    terminal: Terminal,
) -> Result<Lock, Failure> {
    let watching = |lock: &LockInfo| {
        terminal.say(&format!(
            "The ledger is locked by {lock}. Watching for a minute whether that run is still active."
        ));
    };
    let who = environment::who();
    let acquired = async {
        ledger.acquire_watching(&who, watching).await.map_err(|error| match error {
            LedgerError::InUse(_) => Failure::Locked(error.to_string()),
            _ => Failure::new(error),
        })
    };
    let acquired = signals.or_stop(acquired).await;
    signals.judge(ledger, terminal, acquired)
}

impl<'a> Session<'a> {
    /// Takes the lock. From here on, the first signal ends the session cleanly.
    pub(super) async fn open(
        target: &'a Target,
        desired: &'a Desired,
        global: &GlobalArgs,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        let ledger = target.ledger()?;
        ledger.must_last(Duration::ZERO, "a run").map_err(Failure::new)?;
        let connection = target.connect_to_write(global, desired, terminal).await?;
        let stop = Arc::new(Stop::default());
        let (asked, writer) = (Arc::clone(&stop), connection.client.clone());
        let mut signals = Signals::listen(Some(&ledger), move || {
            terminal.say("Stopping after the calls in flight. Press Ctrl-C again to stop immediately.");
            asked.ask(Stopped::Interrupted);
            writer.stop();
        })?;
        let lock = acquire(&ledger, &mut signals, terminal).await?;
        tracing::info!("Locked the ledger `{}`", escape::line(&target.ledger_name));
        let applied_plans = AppliedPlans::default();
        let (snapshot, run) = (None, None);
        Ok(Self {
            connection,
            target,
            desired,
            ledger,
            lock,
            signals,
            stop,
            terminal,
            applied_plans,
            snapshot,
            run,
        })
    }

    /// Asks the service for what is known.
    pub(super) async fn observe(&mut self) -> Result<Known, Failure> {
        let reader = self.connection.client.reader();
        let live = observe::live(self.target, &self.ledger, reader, self.desired, self.terminal);
        let observed = self.signals.or_stop(live).await;
        let observed = self.signals.judge(&self.ledger, self.terminal, observed)?;
        self.applied_plans = observed.applied_plans;
        self.snapshot = observed.snapshot;
        Ok(observed.known)
    }

    /// Records what the reading shows and the ledger did not know, and saves the reading with what it means for
    /// the team file. A doubtful reading shows nothing.
    pub(super) async fn record(&mut self, run: Run, finding: Finding) -> Result<(), Failure> {
        let observed = observe::unrecorded(self.snapshot.as_ref(), &self.ledger)?;
        let begun = self.ledger.begin_with(run, observed, &self.lock).await.map_err(Failure::new);
        self.run = Some(self.signals.judge(&self.ledger, self.terminal, begun)?);
        self.keep(&ReadingFacts { is_recorded: true, finding: Some(finding) });
        Ok(())
    }

    /// Saves the reading, if there is one without doubts.
    pub(super) fn keep(&mut self, facts: &ReadingFacts) {
        observe::keep(self.snapshot.take(), facts, &self.ledger, self.terminal);
    }

    /// The most recent rate limit.
    pub(super) fn pace(&self) -> Option<Pace> {
        self.connection.client.reader().pace()
    }

    /// Where it prints.
    pub(super) fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// The plans that earlier runs applied, as of the last `observe`.
    pub(super) fn applied_plans(&self) -> &AppliedPlans {
        &self.applied_plans
    }

    /// Checks that the credentials for the ledger can be used until `plan` is applied.
    pub(super) fn must_outlast(&self, plan: &Plan) -> Result<(), Failure> {
        let wait = estimate(plan, self.pace().as_ref()).map(Estimate::assumed).unwrap_or_default();
        let calls = format!("the {} of this plan", words::count(plan.changes.len(), "call"));
        self.ledger.must_last(wait, &calls).map_err(Failure::new)
    }

    /// Asks for confirmation, unless `yes`; a signal ends the session at once.
    pub(super) async fn confirm(
        &mut self,
        yes: bool,
        question: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        prompt::confirm(&mut self.signals, self.terminal, yes, question).await
    }

    /// Applies `plan`, and closes the session. `full` is the plan that would make the organization match the
    /// team file, if this run is to do so.
    pub(super) async fn run(
        mut self,
        plan: &Plan,
        known: &Known,
        options: RunOptions,
        full: Option<&Plan>,
    ) -> Result<RunResult, Failure> {
        let Self { target, desired, terminal, .. } = self;
        let run = if let Some(run) = self.run.take() {
            run
        } else {
            let run = run_of(target, options.command, plan.id.as_str(), options.made_at);
            self.ledger.begin(run, &self.lock).map_err(Failure::new)?
        };
        let progress = Progress::applying(plan.changes.len(), terminal, &target.endpoint);
        tracing::info!("Sending {}", words::count(plan.changes.len(), "call"));
        let started = Instant::now();
        let apply = Apply {
            plan,
            desired,
            known,
            writer: &self.connection.client,
            run: &run,
            concurrency: options.concurrency,
            again: options.again,
            stop: &self.stop,
            watch: &|change: &Change, ending: &Ending| progress.note(desired, change, ending),
        };
        let activity = self.connection.client.reader().activity();
        let report = progress.during(activity, apply.carry_out()).await;
        let took = started.elapsed();
        let (reason, text) = match &report.stopped {
            None => (EndReason::Completed, None),
            Some(Stopped::Interrupted) => (EndReason::Interrupted, None),
            Some(other) => (EndReason::Stopped, Some(other.to_string())),
        };
        let tally = Tally { changes: report.endings.len() as u64, done: report.done() as u64 };
        // A run that cannot record its calls any more cannot record their result either.
        if let (Some(full), false) = (full, matches!(report.stopped, Some(Stopped::Ledger(_)))) {
            let rest = rest(full, &report);
            let realm = target.endpoint.realm();
            let finding = match observe::finding(&rest) {
                Finding::Clean => Finding::Resolved,
                drift => drift,
            };
            let projects = desired.projects.keys().cloned().collect();
            if let Err(error) = self.ledger.keep_convergence(realm, &projects, Timestamp::now(), &finding) {
                terminal.warn(&format!("cannot save the state after this run in the ledger: {error}"));
            }
            self.keep_applied(known, &rest, plan.only());
        }
        end(&run, reason, text.as_deref(), Some(tally), terminal).await;
        let closed = self.connection.close().await;
        drop(self.lock);
        if let Some(name) = run.name() {
            tracing::info!("Recorded the run in the ledger as {name}");
        }
        let name = run.name().map(|name| name.as_str().to_owned());
        Ok(RunResult { report, took, name, signal: self.signals.failure(), closed })
    }

    /// Closes a session of apply whose `plan` has nothing to do. `full` is the plan that would make the
    /// organization match the team file.
    pub(super) async fn close(self, plan: &Plan, known: &Known, full: &Plan) -> Result<(), Failure> {
        self.keep_applied(known, full, plan.only());
        self.end(EndReason::Completed, None).await;
        self.connection.close().await
    }

    /// Saves what the applied file gives, to the people `only` if there are any, except for those of what is left
    /// of its plan.
    fn keep_applied(&self, known: &Known, rest: &Plan, only: &[Email]) {
        let realm = self.target.endpoint.realm();
        let kept = self.ledger.applied(realm).and_then(|before| {
            let applied = plan::applied(before, self.desired, known, rest, only);
            self.ledger.keep_applied(realm, applied, &self.lock)
        });
        if let Err(error) = kept {
            self.terminal.warn(&format!("cannot save the applied access in the ledger: {error}"));
        }
    }

    /// Records that the run makes no changes, and why.
    pub(super) async fn abandon(self, failure: &Failure) {
        let reason = match failure {
            Failure::Signal(_) => EndReason::Interrupted,
            _ => EndReason::Stopped,
        };
        self.end(reason, failure.text().as_deref()).await;
    }

    async fn end(&self, reason: EndReason, text: Option<&str>) {
        if let Some(run) = &self.run {
            end(run, reason, text, None, self.terminal).await;
        }
    }
}

/// Records how the run ended. A failure to do so is a warning, unless the run stopped for the same reason.
async fn end(
    run: &RunWriter,
    reason: EndReason,
    text: Option<&str>,
    tally: Option<Tally>,
    terminal: Terminal,
) {
    if let Err(error) = run.end(reason, text, tally).await
        && text != Some(error.to_string().as_str())
    {
        terminal.warn(&format!("cannot record the end of this run in the ledger: {error}"));
    }
}

/// A run of `command` for that plan.
pub(super) fn run_of(target: &Target, command: &str, plan_id: &str, made_at: Timestamp) -> Run {
    Run::new(command, environment::who(), target.endpoint.clone(), Some(plan_id.to_owned())).made_at(made_at)
}

/// The part of `full` that is not done.
fn rest(full: &Plan, report: &Report) -> Plan {
    let done = report.endings.iter().filter(|(_, ending)| matches!(ending, Ending::Done(_)));
    let done: BTreeSet<_> = done.map(|(change, _)| (change.email(), change.project())).collect();
    let mut rest = full.clone();
    rest.changes.retain(|change| !done.contains(&(change.email(), change.project())));
    rest
}
