//! The end of a run: what was done, on standard output, and what was not, on standard error.

use std::time::Duration;

use super::failure::Failure;
use super::terminal::Terminal;
use crate::apply::{Ending, Report};
use crate::desired::Desired;
use crate::ledger::Meaning;
use crate::render;
use crate::words;

/// Says what was done, how long that took, and what was not done.
pub(crate) fn print(
    report: &Report,
    took: Duration,
    desired: &Desired,
    terminal: Terminal,
) -> Result<(), Failure> {
    let all = report.endings.len();
    let counts = report.counts();
    let of = |meaning: Meaning| counts.get(&meaning).copied().unwrap_or(0);
    let parts: Vec<_> = [
        (Meaning::Invited, "invited"),
        (Meaning::AlreadyInvited, "already invited"),
        (Meaning::Assigned, "assigned"),
        (Meaning::RoleChanged, "changed"),
        (Meaning::Unassigned, "unassigned"),
        (Meaning::AlreadySo, "already in place"),
    ]
    .into_iter()
    .filter(|(meaning, _)| of(*meaning) > 0)
    .map(|(meaning, word)| format!("{} {word}", of(meaning)))
    .collect();
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
