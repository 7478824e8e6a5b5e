//! Progress on standard error: a bar on a terminal, otherwise lines; what is waited for in both.

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time;

use super::events::Event;
use super::terminal::Terminal;
use super::waiting::{self, Cadence};
use crate::api::Activity;
use crate::apply::Ending;
use crate::desired::Desired;
use crate::ledger::Meaning;
use crate::model::Endpoint;
use crate::plan::Change;
use crate::render::described;

/// How often the progress is looked at.
const TICK: Duration = Duration::from_secs(1);

/// The progress of a command.
pub(crate) struct Progress<'a> {
    terminal: Terminal,
    endpoint: &'a Endpoint,
    bar: ProgressBar,
    /// What follows the bar of an apply while it waits.
    wait: Arc<Mutex<Option<String>>>,
    cadence: Mutex<Cadence>,
}

impl<'a> Progress<'a> {
    /// While members are read. A terminal shows nothing if that takes less than a second.
    pub(crate) fn reading(terminal: Terminal, endpoint: &'a Endpoint) -> Self {
        Self::with(ProgressBar::hidden().with_style(ProgressStyle::default_spinner()), terminal, endpoint)
    }

    /// While so many changes are applied.
    pub(crate) fn applying(changes: usize, terminal: Terminal, endpoint: &'a Endpoint) -> Self {
        let target =
            if terminal.can_draw { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let progress =
            Self::with(ProgressBar::with_draw_target(Some(changes as u64), target), terminal, endpoint);
        let wait = Arc::clone(&progress.wait);
        let rest = move |state: &ProgressState, text: &mut dyn std::fmt::Write| {
            let _ = match wait.lock().unwrap_or_else(PoisonError::into_inner).as_deref() {
                Some(wait) => write!(text, "{wait}"),
                None => write!(text, "{:.0}/s, {} s left", state.per_sec(), state.eta().as_secs()),
            };
        };
        if let Ok(style) = ProgressStyle::with_template("{bar:12} {pos}/{len} changes, {rest}") {
            progress.bar.set_style(style.with_key("rest", rest));
        }
        if terminal.can_draw {
            progress.bar.enable_steady_tick(Duration::from_millis(250));
        }
        progress
    }

    fn with(bar: ProgressBar, terminal: Terminal, endpoint: &'a Endpoint) -> Self {
        let cadence = Mutex::new(Cadence::new(Instant::now()));
        Self { terminal, endpoint, bar, wait: Arc::default(), cadence }
    }

    /// Does `work`, and shows what it waits for.
    pub(crate) async fn during<T>(
        &self,
        activity: watch::Receiver<Activity>,
        work: impl Future<Output = T>,
    ) -> T {
        let done = tokio::select! {
            done = work => done,
            never = self.follow(activity) => match never {},
        };
        self.bar.finish_and_clear();
        done
    }

    /// Reports the result of a change.
    pub(crate) fn note(&self, desired: &Desired, change: &Change, ending: &Ending) {
        self.cadence().restart(Instant::now());
        if self.terminal.has_events {
            Event::change(change, ending).print();
        }
        if !self.terminal.can_draw {
            self.terminal.say(&line(desired, change, ending));
        } else if !matches!(ending, Ending::Done(_)) {
            self.bar.println(line(desired, change, ending));
        }
        self.bar.inc(1);
    }

    async fn follow(&self, mut activity: watch::Receiver<Activity>) -> Infallible {
        let mut ticks = time::interval_at(time::Instant::now() + TICK, TICK);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                Ok(()) = activity.changed() => {}
            }
            let present = activity.borrow_and_update().clone();
            self.show(&present);
        }
    }

    fn show(&self, activity: &Activity) {
        let (now, time) = (Instant::now(), Timestamp::now());
        let text = waiting::text(activity, time);
        if self.cadence().is_due(waiting::end(activity), now, time) {
            if self.terminal.has_events {
                Event::waiting(activity).print();
            }
            if !self.terminal.can_draw {
                let text = text.as_ref().map_or_else(|| self.nothing_known(), Clone::clone);
                self.terminal.say(&text);
            }
        }
        if self.terminal.can_draw {
            self.draw(text, now);
        }
    }

    fn draw(&self, text: Option<String>, now: Instant) {
        if self.bar.length().is_some() {
            *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = text;
            return;
        }
        if self.bar.is_hidden() && now.saturating_duration_since(self.cadence().began()) >= TICK {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
        self.bar.set_message(text.unwrap_or_else(|| self.nothing_known()));
    }

    fn nothing_known(&self) -> String {
        format!("waiting for {}", self.endpoint)
    }

    fn cadence(&self) -> std::sync::MutexGuard<'_, Cadence> {
        self.cadence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `invited alex@example.com: storefront USER`.
fn line(desired: &Desired, change: &Change, ending: &Ending) -> String {
    let who = change.email();
    let what = described(desired, change);
    match ending {
        Ending::Done(meaning) => format!("{} {who}: {what}", said(*meaning)),
        // The reason is printed at the end, where it is easy to find.
        Ending::Failed { .. } => format!("failed {who}: {what}"),
        Ending::Held { .. } => format!("held back {who}: {what}"),
        Ending::NotStarted => format!("not started {who}: {what}"),
    }
}

fn said(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Invited => "invited",
        Meaning::AlreadyInvited | Meaning::AddressTaken => "already invited",
        Meaning::Assigned => "assigned",
        Meaning::RoleChanged => "changed",
        Meaning::Unassigned => "unassigned",
        Meaning::AlreadySo => "no change needed for",
        Meaning::Refused | Meaning::NotMade | Meaning::Unknown => "tried",
    }
}
