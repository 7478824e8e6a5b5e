//! The progress of an apply: a bar on a terminal, otherwise one line per change.

use std::convert::Infallible;
use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::watch;

use super::terminal::Terminal;
use crate::apply::Ending;
use crate::desired::Desired;
use crate::ledger::Meaning;
use crate::plan::Change;
use crate::render::described;

/// The progress display of a running apply.
pub(crate) struct Progress<'a> {
    bar: ProgressBar,
    terminal: Terminal,
    desired: &'a Desired,
}

impl<'a> Progress<'a> {
    /// For a plan with `changes` changes.
    pub(crate) fn new(terminal: Terminal, changes: usize, desired: &'a Desired) -> Self {
        let target = if terminal.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(changes as u64), target);
        let template = "{bar:20} {pos}/{len} changes, {rate}, {eta} left{wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("rate", |state: &ProgressState, text: &mut dyn Write| {
                let _ = write!(text, "{:.0}/s", state.per_sec());
            }));
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar, terminal, desired }
    }

    /// Reports the result of a change.
    pub(crate) fn note(&self, change: &Change, ending: &Ending) {
        if self.bar.is_hidden() {
            self.terminal.say(&line(self.desired, change, ending));
        } else if !matches!(ending, Ending::Done(_)) {
            self.bar.println(line(self.desired, change, ending));
        }
        self.bar.inc(1);
    }

    /// Shows the rate-limit wait. Runs until cancelled.
    pub(crate) async fn follow(&self, mut waiting: watch::Receiver<Option<Timestamp>>) -> Infallible {
        loop {
            let until = *waiting.borrow_and_update();
            match until {
                Some(until) => {
                    let until = until.to_zoned(TimeZone::UTC).strftime("%H:%M:%S").to_string();
                    if self.bar.is_hidden() {
                        self.terminal.say(&format!("waiting for the rate limit until {until} UTC"));
                    }
                    self.bar.set_message(format!(", waiting until {until} UTC"));
                }
                None => self.bar.set_message(""),
            }
            if waiting.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
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
        Meaning::AlreadySo => "already done",
        Meaning::Refused | Meaning::NotMade | Meaning::Unknown => "tried",
    }
}
