//! Ctrl-C and SIGTERM: the first ends a run in order, at a question at once; the second at once.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::failure::{Ended, Failure};
use super::terminal::Terminal;

const INTERRUPTED: u8 = 130;

/// Whether a signal has come, and what it asks for.
pub(crate) struct Signals {
    /// The exit status that the first signal asks for; 0 as long as none has come.
    status: watch::Receiver<u8>,
    /// Whether there is a question on the screen. Locked while a signal is taken in, so a question ends either
    /// before the signal or with it.
    asking: Arc<Mutex<bool>>,
}

impl Signals {
    /// Listens from now on. The first signal does `first`, but for one at a question; the second ends the
    /// process.
    pub(crate) fn listen(first: impl Fn() + Send + 'static) -> Result<Self, Failure> {
        let (sender, status) = watch::channel(0);
        let asking = Arc::new(Mutex::new(false));
        let is_asking = Arc::clone(&asking);
        let heard = move |signal: u8| {
            let is_asking = is_asking.lock().unwrap_or_else(PoisonError::into_inner);
            if sender.send_replace(signal) != 0 {
                std::process::exit(i32::from(signal));
            }
            if !*is_asking {
                first();
            }
        };
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            const TERMINATED: u8 = 143;
            let failure = |error| Failure::new(format!("could not install signal handlers: {error}"));
            let mut interrupts = signal(SignalKind::interrupt()).map_err(failure)?;
            let mut terminations = signal(SignalKind::terminate()).map_err(failure)?;
            tokio::spawn(async move {
                loop {
                    tokio::select! {
                        _ = interrupts.recv() => heard(INTERRUPTED),
                        _ = terminations.recv() => heard(TERMINATED),
                    }
                }
            });
        }
        #[cfg(not(unix))]
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                heard(INTERRUPTED);
            }
        });
        Ok(Self { status, asking })
    }

    /// What the first signal asks for, if one has come.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let status = *self.status.borrow();
        (status != 0).then_some(Failure::Signal(status))
    }

    /// Does what may be given up at any moment, until the first signal comes.
    pub(crate) async fn or_stop<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let done = tokio::select! {
            biased;
            Ok(status) = self.status.wait_for(|status| *status != 0) => return Err(Failure::Signal(*status)),
            done = work => done,
        };
        // What the signal made fail may be told before the signal itself.
        done.map_err(|failure| self.failure().unwrap_or(failure))
    }

    /// Asks; a signal ends the question at once. Whoever waits for an answer has not changed anything yet.
    ///
    /// The thread that reads the answer is left behind: nothing can end it, and the process ends without it.
    pub(crate) async fn confirm(&mut self, terminal: Terminal, yes: bool, question: String) -> Ended {
        self.set_asking(true);
        if let Some(signal) = self.failure() {
            return Err(signal);
        }
        let asked = tokio::task::spawn_blocking(move || terminal.confirm(yes, &question));
        let confirmed = self.or_stop(async { asked.await.map_err(Failure::new)? }).await;
        self.set_asking(false);
        // A signal that found the question still open counts, even if the answer was a moment earlier.
        let Some(signal) = self.failure() else { return confirmed };
        // The question is still on this line.
        Terminal::complain(if yes {
            "Cancelled. Nothing was changed."
        } else {
            "\nCancelled. Nothing was changed."
        });
        Err(signal)
    }

    fn set_asking(&self, asking: bool) {
        *self.asking.lock().unwrap_or_else(PoisonError::into_inner) = asking;
    }
}
