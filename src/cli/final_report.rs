//! The end of a run: what was done, on standard output, and what was not, on standard error.

use std::time::Duration;

use super::failure::Failure;
use super::terminal::Terminal;
use crate::apply::{Ending, Report};
use crate::desired::Desired;
use crate::ledger::Meaning;
use crate::plan::{Effect, Plan};
use crate::render;
use crate::words;

/// Says what was done in the words of the plan, how long that took, and what was not done.
pub(crate) fn print(
    report: &Report,
    plan: &Plan,
    took: Duration,
    desired: &Desired,
    terminal: Terminal,
) -> Result<(), Failure> {
    const ALREADY: [(Meaning, &str); 2] =
        [(Meaning::AlreadyInvited, "already invited"), (Meaning::AlreadySo, "already in place")];
    let all = report.endings.len();
    let done = report.endings.iter().zip(plan.effects()).filter_map(|((change, ending), effect)| {
        let effect = match ending {
            // The invited person was a user already.
            Ending::Done(Meaning::Assigned | Meaning::RoleChanged) if effect == Effect::Invited => {
                Effect::GainsAccess
            }
            Ending::Done(meaning) if !ALREADY.iter().any(|(already, _)| already == meaning) => effect,
            _ => return None,
        };
        Some((effect, change.email()))
    });
    let mut parts = render::results(done);
    let counts = report.counts();
    parts.extend(ALREADY.iter().filter_map(|(it, words)| Some(format!("{} {words}", counts.get(it)?))));
    let details = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    let changes = words::count(all, "change");
    let sentence = format!("Applied {} of {changes} in {}{details}.", report.done(), words::duration(took));
    let painted =
        if report.is_success() { terminal.out.green(&sentence) } else { terminal.out.yellow(&sentence) };
    // Failures are reported even if standard output is full or closed.
    let told = if terminal.has_events {
        terminal.say(&sentence);
        Ok(())
    } else {
        Terminal::print(&format!("{painted}\n"))
    };
    print_failures(report, desired, terminal);
    told
}

/// Names what was not done, and why.
pub(crate) fn print_failures(report: &Report, desired: &Desired, terminal: Terminal) {
    let why_stopped = report.stopped.as_ref().map(ToString::to_string);
    for (change, ending) in &report.endings {
        let line = || render::change_line(desired, change);
        match ending {
            // The reason follows below, once.
            Ending::Failed { reason, .. } if Some(reason) == why_stopped.as_ref() => {
                terminal.error(&format!("{}: failed and stopped the run", line()));
            }
            Ending::Failed { reason, .. } => terminal.error(&format!("{}: {reason}", line())),
            Ending::Held { reason } => terminal.error(&format!("{}: not applied, because {reason}", line())),
            Ending::Done(_) | Ending::NotStarted => {}
        }
    }
    if let Some(stopped) = &why_stopped {
        let left = report.endings.iter().filter(|(_, ending)| *ending == Ending::NotStarted).count();
        let (changes, were) = (words::count(left, "change"), if left == 1 { "was" } else { "were" });
        terminal.error(&match left {
            0 => format!("stopped: {stopped}"),
            _ => format!("stopped: {stopped}; {changes} {were} not started. Run again to continue"),
        });
    }
}
