//! Ctrl-C and SIGTERM: the first ends a run in order, the second at once.

use tokio::sync::watch;

use super::failure::Failure;

const INTERRUPTED: u8 = 130;

/// The exit status that the first signal asks for; 0 as long as none has come.
pub(crate) struct Signals(watch::Receiver<u8>);

impl Signals {
    /// Listens from now on. The first signal does `first`, the second ends the process.
    pub(crate) fn listen(first: impl Fn() + Send + 'static) -> Result<Self, Failure> {
        let (sender, status) = watch::channel(0);
        let heard = move |signal: u8| {
            if sender.send_replace(signal) != 0 {
                std::process::exit(i32::from(signal));
            }
            first();
        };
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            const TERMINATED: u8 = 143;
            let failure = |error| Failure::new(format!("signals cannot be listened to: {error}"));
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
        Ok(Self(status))
    }

    /// What the first signal asks for, if one has come.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let status = *self.0.borrow();
        (status != 0).then_some(Failure::Signal(status))
    }

    /// Does what may be given up at any moment, until the first signal comes.
    pub(crate) async fn or_stop<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let done = tokio::select! {
            biased;
            Ok(status) = self.0.wait_for(|status| *status != 0) => return Err(Failure::Signal(*status)),
            done = work => done,
        };
        // What the signal made fail may be told before the signal itself.
        done.map_err(|failure| self.failure().unwrap_or(failure))
    }
}
