//! Makes calls: waits for the rate limit, checks that each attempt may still be made, and retries.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;

use super::activity::{Activity, Retries, Retry};
use super::call::{Call, Method};
use super::cause::Cause;
use super::credentials::Credentials;
use super::error::{Error, NoRoots};
use super::gate::{Gate, Patience, Ticket};
use super::response::Content;
use super::retry::{RetryPolicy, Timeouts};
use super::transport::{FailedAttempt, Success, Transport};
use crate::clock::{Clock, SystemClock};
use crate::model::TrustedEndpoint;

/// Settings of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The network time-outs.
    pub timeouts: Timeouts,
    /// The retry policy.
    pub retry: RetryPolicy,
    /// The size limit of a response body, in bytes.
    pub body_cap: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { timeouts: Timeouts::default(), retry: RetryPolicy::default(), body_cap: 64 << 20 }
    }
}

/// A client of one organization. Clones share connections and the rate limit.
#[derive(Clone)]
pub struct Client(pub(super) Arc<ClientState>);

pub(super) struct ClientState {
    pub(super) transport: Transport,
    settings: Settings,
    pub(super) gate: Arc<Gate>,
    pub(super) clock: Arc<dyn Clock>,
    random: Mutex<fastrand::Rng>,
    /// When all calls stop waiting for the rate limit, once that is set.
    pub(super) deadline: OnceLock<Instant>,
    /// Set once, which cancels every call that waits for the rate limit or for its next attempt.
    pub(super) stopped: watch::Sender<bool>,
    pub(super) activity: watch::Sender<Activity>,
}

/// A successful response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer<T> {
    /// The content.
    pub value: T,
    /// The HTTP status.
    pub status: u16,
    /// The request id, for Voucherify support.
    pub request_id: Option<String>,
    /// The number of attempts.
    pub attempts: u32,
    /// The time spent in attempts, without the waits between them.
    pub took: Duration,
}

/// Permission by the rate limit to make one call now.
pub struct Admission(Ticket);

impl Client {
    /// A client of the organization at `endpoint`, which is a URL.
    ///
    /// # Errors
    /// If no trusted root certificates can be found.
    pub fn new(
        endpoint: &TrustedEndpoint,
        credentials: &Credentials,
        settings: Settings,
    ) -> Result<Self, NoRoots> {
        Self::with_clock(endpoint, credentials, settings, Arc::new(SystemClock))
    }

    /// The same with another clock, for tests.
    ///
    /// # Errors
    /// If no trusted root certificates can be found.
    pub fn with_clock(
        endpoint: &TrustedEndpoint,
        credentials: &Credentials,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, NoRoots> {
        let transport =
            Transport::new(endpoint.endpoint(), credentials, &settings.timeouts, settings.body_cap)?;
        let activity = watch::Sender::default();
        Ok(Self(Arc::new(ClientState {
            transport,
            settings,
            gate: Gate::new(Arc::clone(&clock), activity.clone()),
            clock,
            random: Mutex::new(fastrand::Rng::new()),
            deadline: OnceLock::new(),
            stopped: watch::Sender::new(false),
            activity,
        })))
    }

    /// Waits until the rate limit leaves room for the call.
    pub(super) async fn admit<T>(&self, call: &Call<T>) -> Result<Admission, Error> {
        let admitted = if call.is_sendable() { self.0.admit().await } else { Err(Cause::Unsendable) };
        let tries = Tries::default();
        admitted.map(Admission).map_err(|cause| tries.failed(call.method(), call.path(), cause))
    }

    /// Makes the call, with retries. `permit` is called right before each attempt.
    pub(super) async fn send<T: Content>(
        &self,
        call: &Call<T>,
        admission: Admission,
        permit: &(dyn Fn() -> bool + Sync),
    ) -> Result<Answer<T>, Error> {
        let mut tries = Tries::default();
        match self.0.try_until_done(call, admission.0, permit, &mut tries).await {
            Ok(success) => Ok(Answer {
                value: success.value,
                status: success.status,
                request_id: success.request_id,
                attempts: tries.attempts,
                took: tries.took,
            }),
            Err(cause) => Err(tries.failed(call.method(), call.path(), cause)),
        }
    }

    /// Makes a call that reads, which needs no permit.
    pub(super) async fn read<T: Content>(&self, call: &Call<T>) -> Result<Answer<T>, Error> {
        let admission = self.admit(call).await?;
        self.send(call, admission, &|| true).await
    }
}

/// The attempts at one call so far.
#[derive(Default)]
struct Tries {
    attempts: u32,
    took: Duration,
    waited: Duration,
    maybe_processed: bool,
}

impl Tries {
    fn failed(self, method: Method, path: &str, cause: Cause) -> Error {
        let Self { attempts, took, waited: _, maybe_processed } = self;
        Error { method, path: path.to_owned(), attempts, took, maybe_processed, cause }
    }
}

impl ClientState {
    async fn admit(&self) -> Result<Ticket, Cause> {
        let patience = match self.deadline.get() {
            Some(deadline) => Patience::Until(*deadline),
            None => Patience::Each(self.settings.retry.budget),
        };
        let admitted = self.unless_stopped(self.gate.admit(patience)).await?;
        admitted.map_err(|until| Cause::RateLimited { until: Some(until) })
    }

    async fn try_until_done<T: Content>(
        &self,
        call: &Call<T>,
        mut ticket: Ticket,
        permit: &(dyn Fn() -> bool + Sync),
        tries: &mut Tries,
    ) -> Result<Success<T>, Cause> {
        let policy = &self.settings.retry;
        let mut retries = Retries::new(&self.activity);
        loop {
            if !permit() {
                return Err(Cause::NotPermitted);
            }
            tries.attempts += 1;
            let started = self.clock.instant();
            let result = self.transport.attempt(call, ticket, &*self.clock).await;
            tries.took += self.clock.instant().saturating_duration_since(started);
            self.trace(call, tries.attempts, started, &result);
            let FailedAttempt { cause, retry_at } = match result {
                Ok(success) => return Ok(success),
                Err(failure) => failure,
            };
            tries.maybe_processed |= cause.may_have_been_processed();
            if !cause.is_repeatable() || tries.attempts >= policy.attempts {
                return Err(cause);
            }
            // After a 429, the gate makes this call wait like all others.
            if !matches!(cause, Cause::RateLimited { .. }) {
                let Some(wait) = self.pause(retry_at, tries) else { return Err(cause) };
                let (attempt, at) = (tries.attempts + 1, self.time_after(wait));
                retries.next(Retry { attempt, attempts: policy.attempts, at, cause });
                self.unless_stopped(self.clock.sleep(wait)).await?;
            }
            ticket = self.admit().await?;
        }
    }

    /// The wait before the next attempt. None if the waits of this call would become too long.
    fn pause(&self, retry_at: Option<Instant>, tries: &mut Tries) -> Option<Duration> {
        let policy = &self.settings.retry;
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let backoff = policy.backoff(tries.attempts, &mut random);
        let requested =
            retry_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(self.clock.instant()));
        let wait = backoff.max(requested);
        tries.waited = tries.waited.saturating_add(wait);
        (tries.waited <= policy.budget).then_some(wait)
    }

    pub(super) fn time_after(&self, wait: Duration) -> Timestamp {
        self.clock.timestamp().saturating_add(wait).unwrap_or(Timestamp::MAX)
    }

    pub(super) async fn unless_stopped<F: Future>(&self, future: F) -> Result<F::Output, Cause> {
        let mut stopped = self.stopped.subscribe();
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => Err(Cause::Stopped),
            output = future => Ok(output),
        }
    }

    fn trace<T, S>(&self, call: &Call<T>, attempt: u32, started: Instant, result: &Result<S, FailedAttempt>) {
        let millis = self.clock.instant().saturating_duration_since(started).as_millis();
        let outcome = match result {
            Ok(_) => "succeeded".to_owned(),
            Err(failure) => failure.cause.to_string(),
        };
        tracing::debug!(method = %call.method(), path = call.path(), attempt, millis, outcome, "call");
    }
}
