//! A run that writes: the lock, the signals, the ledger and the progress around `apply::Apply`.

use std::sync::Arc;

use jiff::Timestamp;

use super::args::GlobalArgs;
use super::connection::{Connection, Target};
use super::environment;
use super::failure::{Ended, Failure};
use super::observe;
use super::progress::Progress;
use super::signals::Signals;
use super::terminal::Terminal;
use crate::apply::{Apply, Ending, Report, Stop, Stopped};
use crate::desired::Desired;
use crate::known::Known;
use crate::ledger::{self, AppliedPlans, EndReason, Ledger, Lock, Tally};
use crate::plan::{Change, Plan};

/// A run that may write. It alone may, from its beginning to its end.
pub(super) struct Run<'a> {
    pub(super) connection: Connection,
    target: &'a Target,
    desired: &'a Desired,
    ledger: Ledger,
    lock: Lock,
    signals: Signals,
    stop: Arc<Stop>,
    terminal: Terminal,
    applied_plans: AppliedPlans,
}

/// What came of a run.
pub(super) struct Carried {
    /// Every change and how it ended.
    pub(super) report: Report,
    /// What the signal asks for that ended it, if one did.
    pub(super) signal: Option<Failure>,
    /// Whether the way to the organization was closed in order.
    pub(super) closed: Ended,
}

/// What a run does, as far as it is not in its plan.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// The command, as the ledger names it.
    pub(super) command: &'static str,
    /// How many people to work on at once.
    pub(super) concurrency: usize,
    /// Whether invitations are sent although they are known to be out.
    pub(super) again: bool,
    /// When the plan was made.
    pub(super) made_at: Timestamp,
}

impl<'a> Run<'a> {
    /// Takes the lock. From here on the first signal ends the run in order.
    pub(super) async fn begin(
        target: &'a Target,
        desired: &'a Desired,
        global: &GlobalArgs,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        let ledger = target.ledger()?;
        let connection = target.connect(global, Some(desired), terminal).await?;
        let stop = Arc::new(Stop::default());
        let (asked, client) = (Arc::clone(&stop), connection.client.clone());
        let signals = Signals::listen(move || {
            terminal.say("Stopping after the calls in flight. Press Ctrl-C again to stop immediately.");
            asked.ask(Stopped::Interrupted);
            client.stop();
        })?;
        let lock = ledger.acquire(&environment::who()).map_err(Failure::new)?;
        let applied_plans = AppliedPlans::default();
        Ok(Self { connection, target, desired, ledger, lock, signals, stop, terminal, applied_plans })
    }

    /// Learns what is known.
    pub(super) async fn observe(&mut self) -> Result<Known, Failure> {
        let reader = self.connection.client.reader();
        let live = observe::live(self.target, &self.ledger, &reader, self.desired, self.terminal);
        let observed = self.signals.or_stop(live).await?;
        self.applied_plans = observed.applied_plans;
        Ok(observed.known)
    }

    /// The plans that earlier runs applied, as of the last `observe`.
    pub(super) fn applied_plans(&self) -> &AppliedPlans {
        &self.applied_plans
    }

    /// Asks whether to go on; a signal ends the run at once.
    pub(super) async fn confirm(&mut self, yes: bool, question: String) -> Result<(), Failure> {
        self.signals.confirm(self.terminal, yes, question).await
    }

    /// Makes the changes of `plan`, and ends the run.
    pub(super) async fn carry_out(
        self,
        plan: &Plan,
        known: &Known,
        manner: Manner,
    ) -> Result<Carried, Failure> {
        let Self { connection, target, desired, ledger, lock, signals, stop, terminal, .. } = self;
        let plan_id = Some(plan.id.as_str().to_owned());
        let run = ledger::Run::new(manner.command, environment::who(), target.endpoint.clone(), plan_id)
            .made_at(manner.made_at);
        let run = ledger.begin(run, &lock).map_err(Failure::new)?;
        let progress = Progress::new(terminal, plan.changes.len(), desired);
        let apply = Apply {
            plan,
            desired,
            known,
            writer: &connection.client.writer(),
            run: &run,
            concurrency: manner.concurrency,
            again: manner.again,
            stop: &stop,
            watch: &|change: &Change, ending: &Ending| progress.note(change, ending),
        };
        let report = tokio::select! {
            report = apply.carry_out() => report,
            never = progress.follow(connection.client.waiting()) => match never {},
        };
        progress.finish();
        let (reason, text) = match &report.stopped {
            None => (EndReason::Completed, None),
            Some(Stopped::Interrupted) => (EndReason::Interrupted, None),
            Some(other) => (EndReason::Stopped, Some(other.to_string())),
        };
        let tally = Tally { changes: report.endings.len() as u64, done: report.done() as u64 };
        let recorded = run.end(reason, text.as_deref(), Some(tally)).await;
        let closed = connection.close().await;
        drop(lock);
        if let Err(error) = recorded {
            terminal.warn(&format!("the end of this run is not in the ledger: {error}"));
        }
        Ok(Carried { report, signal: signals.failure(), closed })
    }

    /// Ends a run that has nothing to do.
    pub(super) async fn end(self) -> Result<(), Failure> {
        self.connection.close().await
    }
}
