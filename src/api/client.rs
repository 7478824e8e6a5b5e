//! Makes a call as often as it takes: waits for the pacer, repeats what may be repeated, and counts
//! the calls that failed one after the other.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;

use super::call::Call;
use super::clock::{Clock, SystemClock};
use super::error::{Error, NoRoots};
use super::exchange::{Exchange, Failure, Success};
use super::pacer::Pacer;
use super::pacing::Pace;
use super::problem::Problem;
use super::retry::{RetryPolicy, Timeouts};
use super::secret::Credentials;
use super::wire::Content;
use super::{Reader, Writer};
use crate::identity::TrustedEndpoint;

/// How a client goes about its calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How long it waits for the network.
    pub timeouts: Timeouts,
    /// What it repeats.
    pub retry: RetryPolicy,
    /// The longest body that it reads, in bytes.
    pub body_cap: usize,
    /// After so many calls that failed one after the other the service is down.
    pub down_after: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            body_cap: 64 << 20,
            down_after: 5,
        }
    }
}

/// The way to one organization. Clones share the connections, the pace and the count of failures.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    exchange: Exchange,
    settings: Settings,
    pacer: Arc<Pacer>,
    clock: Arc<dyn Clock>,
    random: Mutex<fastrand::Rng>,
    failed_calls: AtomicU32,
    stopped: watch::Sender<bool>,
}

/// What a call that succeeded brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer<T> {
    /// The content.
    pub value: T,
    /// The HTTP status.
    pub status: u16,
    /// What Voucherify's support asks for, where the answer names it.
    pub request_id: Option<String>,
    /// How often the call was made.
    pub attempts: u32,
    /// How long all of it took, waiting included.
    pub took: Duration,
}

impl Client {
    /// A client for the organization behind `endpoint`, which is a URL.
    ///
    /// # Errors
    /// Where no certificate can be found to trust.
    pub fn new(
        endpoint: &TrustedEndpoint,
        credentials: &Credentials,
        settings: Settings,
    ) -> Result<Self, NoRoots> {
        Self::with_clock(endpoint, credentials, settings, Arc::new(SystemClock))
    }

    /// The same with another clock.
    ///
    /// # Errors
    /// Where no certificate can be found to trust.
    pub fn with_clock(
        endpoint: &TrustedEndpoint,
        credentials: &Credentials,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, NoRoots> {
        let exchange =
            Exchange::new(endpoint.endpoint(), credentials, &settings.timeouts, settings.body_cap)?;
        Ok(Self(Arc::new(Shared {
            exchange,
            settings,
            pacer: Pacer::new(Arc::clone(&clock)),
            clock,
            random: Mutex::new(fastrand::Rng::new()),
            failed_calls: AtomicU32::new(0),
            stopped: watch::Sender::new(false),
        })))
    }

    /// The part of the client that has no method that writes.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(self.clone())
    }

    /// The whole client.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer::new(self.clone())
    }

    /// Ends every call that waits for its turn or for its next attempt, and lets those that are under
    /// way end by themselves.
    pub fn stop(&self) {
        self.0.stopped.send_replace(true);
    }

    /// Until when all calls wait for the rate limit, as it changes; none while they go on.
    #[must_use]
    pub fn waiting(&self) -> watch::Receiver<Option<Timestamp>> {
        self.0.pacer.waiting()
    }

    /// The rate limit seen last, where the service names one.
    #[must_use]
    pub fn pace(&self) -> Option<Pace> {
        self.0.pacer.pace()
    }

    /// Makes the call until it succeeds, is refused, or has been tried often enough.
    pub(super) async fn send<T: Content>(&self, call: &Call<T>) -> Result<Answer<T>, Error> {
        let shared = &self.0;
        let mut tries = Tries { attempts: 0, waited: Duration::ZERO, maybe_processed: false };
        let started = shared.clock.instant();
        let problem = match shared.try_until_done(call, &mut tries).await {
            Ok(success) => {
                shared.failed_calls.store(0, Ordering::Relaxed);
                let took = shared.clock.instant().saturating_duration_since(started);
                return Ok(Answer {
                    value: success.value,
                    status: success.status,
                    request_id: success.request_id,
                    attempts: tries.attempts,
                    took,
                });
            }
            Err(problem) => shared.count(problem),
        };
        Err(Error {
            method: call.method(),
            path: call.path().to_owned(),
            attempts: tries.attempts,
            took: shared.clock.instant().saturating_duration_since(started),
            maybe_processed: tries.maybe_processed,
            problem,
        })
    }
}

/// What has become of a call so far.
struct Tries {
    attempts: u32,
    waited: Duration,
    maybe_processed: bool,
}

impl Shared {
    async fn try_until_done<T: Content>(
        &self,
        call: &Call<T>,
        tries: &mut Tries,
    ) -> Result<Success<T>, Problem> {
        if !call.is_sendable() {
            return Err(Problem::Unsendable);
        }
        let policy = &self.settings.retry;
        loop {
            let admitted = self.unless_stopped(self.pacer.admit(policy.budget)).await?;
            let ticket = admitted.map_err(|until| Problem::RateLimited { until: Some(until) })?;
            tries.attempts += 1;
            let started = self.clock.instant();
            let result = self.exchange.attempt(call, ticket, &*self.clock).await;
            self.trace(call, tries.attempts, started, &result);
            let Failure { problem, retry_at } = match result {
                Ok(success) => return Ok(success),
                Err(failure) => failure,
            };
            tries.maybe_processed |= problem.may_have_been_processed();
            if !problem.is_repeatable() || tries.attempts >= policy.attempts {
                return Err(problem);
            }
            // After a 429 it is the pacer that waits, for this call as for all others.
            if !matches!(problem, Problem::RateLimited { .. }) {
                let Some(wait) = self.pause(retry_at, tries) else { return Err(problem) };
                self.unless_stopped(self.clock.sleep(wait)).await?;
            }
        }
    }

    /// How long to wait before the next attempt, unless that takes longer than one call may.
    fn pause(&self, retry_at: Option<Instant>, tries: &mut Tries) -> Option<Duration> {
        let policy = &self.settings.retry;
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let backoff = policy.backoff(tries.attempts, &mut random);
        let asked = retry_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(self.clock.instant()));
        let wait = backoff.max(asked);
        tries.waited = tries.waited.saturating_add(wait);
        (tries.waited <= policy.budget).then_some(wait)
    }

    async fn unless_stopped<F: Future>(&self, future: F) -> Result<F::Output, Problem> {
        let mut stopped = self.stopped.subscribe();
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => Err(Problem::Stopped),
            output = future => Ok(output),
        }
    }

    /// Counts the calls that failed one after the other, and says when they are too many.
    fn count(&self, problem: Problem) -> Problem {
        if !problem.is_outage() {
            if problem.is_answer() {
                self.failed_calls.store(0, Ordering::Relaxed);
            }
            return problem;
        }
        let calls = self.failed_calls.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if calls < self.settings.down_after {
            return problem;
        }
        Problem::ServiceDown { calls, last: Box::new(problem) }
    }

    fn trace<T, S>(&self, call: &Call<T>, attempt: u32, started: Instant, result: &Result<S, Failure>) {
        let millis = self.clock.instant().saturating_duration_since(started).as_millis();
        let outcome = match result {
            Ok(_) => "succeeded".to_owned(),
            Err(failure) => failure.problem.to_string(),
        };
        tracing::debug!(method = %call.method(), path = call.path(), attempt, millis, outcome, "call");
    }
}
