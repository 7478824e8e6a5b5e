//! How long requests to a store are waited for, and what is said during a long wait. Once the process was asked to
//! end, a few seconds each, and after one without a response not at all.

use std::fmt;
use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How long a request, or a write with everything that belongs to it, is waited for.
const LAST: Duration = Duration::from_secs(3);

/// The silence of a store before a first word about it, and before each later one.
const SILENCES: [Duration; 2] = [Duration::from_secs(8), Duration::from_secs(20)];

/// Says that a response is awaited.
type SayWaiting = Box<dyn Fn() + Send + Sync>;

/// Shared by all connections to a ledger.
pub(super) struct Patience {
    /// When the process was asked to end.
    asked: watch::Sender<Option<Instant>>,
    is_over: AtomicBool,
    /// How long the last requests are waited for.
    last: Duration,
    silences: [Duration; 2],
    say_waiting: OnceLock<SayWaiting>,
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patience").field("is_over", &self.is_over).finish_non_exhaustive()
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            asked: watch::Sender::new(None),
            is_over: AtomicBool::new(false),
            last: LAST,
            silences: SILENCES,
            say_waiting: OnceLock::new(),
        }
    }
}

impl Patience {
    /// Calls `say` whenever a response is awaited for long.
    pub(super) fn say_waiting(&self, say: SayWaiting) {
        let _ = self.say_waiting.set(say);
    }

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
            response = tokio::time::timeout(limit, self.speaking(response)) => response.map_err(|_| limit),
            () = until_asked => {
                self.is_over.store(true, Ordering::Relaxed);
                Err(self.last)
            }
        }
    }

    /// Waits for a response, and says so after a silence.
    async fn speaking<T>(&self, response: impl Future<Output = T>) -> T {
        let mut response = pin!(response);
        let [mut silence, later] = self.silences;
        loop {
            if let Ok(response) = tokio::time::timeout(silence, &mut response).await {
                return response;
            }
            if let Some(say) = self.say_waiting.get() {
                say();
            }
            silence = later;
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

    #[tokio::test]
    async fn a_long_silence_is_explained() {
        let (said, heard) = std::sync::mpsc::channel();
        let patience = Patience { silences: [NOW, LAST], ..Patience::default() };
        patience.say_waiting(Box::new(move || said.send(()).unwrap()));
        assert_eq!(patience.wait_for(LAST, ready(1)).await, Ok(1));
        assert!(heard.try_recv().is_err());
        let mut polls = 0;
        let response = std::future::poll_fn(|context| {
            polls += 1;
            context.waker().wake_by_ref();
            if heard.try_recv().is_ok() { std::task::Poll::Ready(polls) } else { std::task::Poll::Pending }
        });
        assert!(patience.wait_for(LAST, response).await.is_ok_and(|polls| polls > 1));
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
