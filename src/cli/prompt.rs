//! The prompt: asks for confirmation on a terminal. A signal ends it at once.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::failure::Failure;
use super::signals::Signals;
use super::terminal::Terminal;

/// Asks for confirmation, unless `yes`. A signal ends the prompt at once; nothing was changed at that point.
///
/// The thread that reads the answer cannot be stopped, and the process exits without it.
pub(crate) async fn confirm(
    signals: &mut Signals,
    terminal: Terminal,
    yes: bool,
    question: impl FnOnce() -> String,
) -> Result<(), Failure> {
    signals.set_asking(true);
    if let Some(signal) = signals.failure() {
        return Err(signal);
    }
    let confirmed = if yes {
        Ok(())
    } else {
        let question = question();
        let asked = tokio::task::spawn_blocking(move || confirmed(terminal, &question));
        signals.or_stop(async { asked.await.map_err(Failure::new)? }).await
    };
    signals.set_asking(false);
    // A signal while the prompt is open wins, even if the answer came a moment earlier.
    let Some(signal) = signals.failure() else { return confirmed };
    if !yes {
        // The question is still on this line.
        Terminal::line("");
    }
    terminal.tell("Cancelled. Nothing was changed.");
    Err(signal)
}

/// Fails where no one can answer, or where the answer is not `yes`.
fn confirmed(terminal: Terminal, question: &str) -> Result<(), Failure> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::new("cannot ask for confirmation (not a terminal); pass --yes to proceed"));
    }
    if ask(terminal, question) { Ok(()) } else { Err(Failure::new("not confirmed; nothing was changed")) }
}

/// Asks, and accepts only `yes`. Releases standard error while waiting for the answer.
fn ask(terminal: Terminal, question: &str) -> bool {
    {
        let mut err = io::stderr().lock();
        let _ = write!(err, "{} Type `yes` to confirm: ", terminal.err.bold(question));
        let _ = err.flush();
    }
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}
