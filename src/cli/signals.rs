//! Ctrl-C and SIGTERM: the first stops a run cleanly (at a prompt, immediately); the second stops it immediately.
//!
//! They have a thread of their own, so they are heard while the main thread is busy.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Builder;
use tokio::sync::watch;

use super::failure::Failure;
use super::terminal::Terminal;
use crate::ledger::Ledger;

const INTERRUPTED: u8 = 130;

/// The signals received, if any.
pub(crate) struct Signals {
    /// The exit status for the first signal; 0 if there was none.
    status: watch::Receiver<u8>,
    /// Whether a prompt is open. Locked while a signal is handled, so a prompt ends either before the signal or
    /// with it.
    asking: Arc<Mutex<bool>>,
}

impl Signals {
    /// Starts listening. The first signal calls `first`, unless a prompt is open, and limits how long `ledger` is waited
    /// for; the second ends the process.
    pub(crate) fn listen(
        ledger: Option<&Ledger>,
        first: impl Fn() + Send + 'static,
    ) -> Result<Self, Failure> {
        let ledger = ledger.cloned();
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
            if let Some(ledger) = &ledger {
                ledger.hurry();
            }
        };
        let failure = |error| Failure::new(format!("could not install signal handlers: {error}"));
        let runtime = Builder::new_current_thread().enable_io().build().map_err(failure)?;
        #[cfg(unix)]
        let listening = {
            use tokio::signal::unix::{SignalKind, signal};
            const TERMINATED: u8 = 143;
            let _within = runtime.enter();
            let mut interrupts = signal(SignalKind::interrupt()).map_err(failure)?;
            let mut terminations = signal(SignalKind::terminate()).map_err(failure)?;
            async move {
                loop {
                    tokio::select! {
                        _ = interrupts.recv() => heard(INTERRUPTED),
                        _ = terminations.recv() => heard(TERMINATED),
                    }
                }
            }
        };
        #[cfg(not(unix))]
        let listening = async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                heard(INTERRUPTED);
            }
        };
        let thread = std::thread::Builder::new().name("signals".to_owned());
        thread.spawn(move || runtime.block_on(listening)).map_err(failure)?;
        Ok(Self { status, asking })
    }

    /// The failure for the first signal, if there was one.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let status = *self.status.borrow();
        (status != 0).then_some(Failure::Signal(status))
    }

    /// What a command that uses `ledger` has to end with: the signal, if the store of the ledger did not respond to it.
    pub(crate) fn judge<T>(
        &self,
        ledger: &Ledger,
        terminal: Terminal,
        done: Result<T, Failure>,
    ) -> Result<T, Failure> {
        match (done, self.failure(), ledger.given_up()) {
            (Err(_), Some(signal), Some(error)) => {
                terminal.error(&error.to_string());
                Err(signal)
            }
            (done, ..) => done,
        }
    }

    /// Runs `work`, which may be dropped at any point, until the first signal.
    pub(crate) async fn or_stop<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let done = tokio::select! {
            biased;
            Ok(status) = self.status.wait_for(|status| *status != 0) => return Err(Failure::Signal(*status)),
            done = work => done,
        };
        // A failure caused by the signal may arrive before the signal itself.
        done.map_err(|failure| self.failure().unwrap_or(failure))
    }

    /// Marks a prompt as open or closed. While one is open, a signal ends the command by itself.
    pub(crate) fn set_asking(&self, asking: bool) {
        *self.asking.lock().unwrap_or_else(PoisonError::into_inner) = asking;
    }
}
