//! How long requests to a store are waited for once the process was asked to end: a few seconds each, and after one
//! without a response not at all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How long a request, or a write with everything that belongs to it, is waited for.
const LAST: Duration = Duration::from_secs(3);

/// Shared by all connections to a ledger.
#[derive(Debug)]
pub(super) struct Patience {
    /// When the process was asked to end.
    asked: watch::Sender<Option<Instant>>,
    is_over: AtomicBool,
    /// How long the last requests are waited for.
    last: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { asked: watch::Sender::new(None), is_over: AtomicBool::new(false), last: LAST }
    }
}

impl Patience {
    /// The process was asked to end.
    pub(super) fn ask_to_end(&self) {
        self.asked.send_if_modified(|asked| {
            let is_first = asked.is_none();
            asked.get_or_insert_with(Instant::now);
            is_first
        });
    }

    /// Whether the store is not asked any more, because it did not respond in time.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Whether something that began at `began` should not go on.
    pub(super) fn ends(&self, began: Instant) -> bool {
        let asked = *self.asked.borrow();
        if asked.is_some_and(|asked| asked.max(began).elapsed() >= self.last) {
            self.is_over.store(true, Ordering::Relaxed);
        }
        self.is_over()
    }

    /// Waits for a response to a request that is sent now, for at most `limit`.
    ///
    /// # Errors
    /// If there is none within the time that is returned.
    pub(super) async fn wait_for<T>(
        &self,
        limit: Duration,
        response: impl Future<Output = T>,
    ) -> Result<T, Duration> {
        if self.is_over() {
            return Err(self.last);
        }
        let mut asked = self.asked.subscribe();
        let until_asked = async {
            // The sender is there as long as this is.
            let _ = asked.wait_for(Option::is_some).await;
            tokio::time::sleep(self.last).await;
        };
        tokio::select! {
            biased;
            response = tokio::time::timeout(limit, response) => response.map_err(|_| limit),
            () = until_asked => {
                self.is_over.store(true, Ordering::Relaxed);
                Err(self.last)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    const NOW: Duration = Duration::ZERO;

    #[tokio::test]
    async fn after_a_signal_a_store_that_does_not_respond_is_given_up() {
        let patience = Patience { last: NOW, ..Patience::default() };
        assert_eq!(patience.wait_for(NOW, pending::<()>()).await, Err(NOW));
        assert!(!patience.is_over() && !patience.ends(Instant::now()));
        patience.ask_to_end();
        assert_eq!(patience.wait_for(LAST, ready(1)).await, Ok(1));
        assert!(!patience.is_over());
        assert_eq!(patience.wait_for(LAST, pending::<()>()).await, Err(NOW));
        assert!(patience.is_over());
        assert_eq!(patience.wait_for(LAST, ready(1)).await, Err(NOW));
    }

    #[test]
    fn what_takes_longer_after_a_signal_ends() {
        let patience = Patience { last: NOW, ..Patience::default() };
        assert!(!patience.ends(Instant::now()));
        patience.ask_to_end();
        assert!(patience.ends(Instant::now()) && patience.is_over());
        let patience = Patience::default();
        patience.ask_to_end();
        assert!(!patience.ends(Instant::now()) && !patience.is_over());
    }
}
