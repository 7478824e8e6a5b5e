//! Why a change was not made, and whether that stops the run.

use super::stop::Stopped;
use crate::api;
use crate::api::Cause;

/// Why a change was not made.
pub(super) enum StepError {
    /// It failed for this person. The run continues with the others.
    Person {
        /// Why, in one sentence.
        reason: String,
        /// The request id of the response that decided it, if it had one.
        request_id: Option<String>,
    },
    /// The run stopped before a call for this person was made.
    Stopped,
    /// It stops the run.
    Run {
        /// Why.
        why: Stopped,
        /// Whether a call for this person was sent.
        sent: bool,
    },
}

impl StepError {
    pub(super) fn person(reason: impl Into<String>) -> Self {
        Self::Person { reason: reason.into(), request_id: None }
    }

    fn call(error: &api::Error) -> Self {
        Self::Person { reason: error.to_string(), request_id: error.request_id().map(str::to_owned) }
    }
}

pub(super) type Step<T> = Result<T, StepError>;

/// The meaning of a failed call for the run.
pub(super) fn step_error(error: api::Error) -> StepError {
    match error.cause {
        // The run is stopping already, and knows why.
        Cause::Stopped | Cause::NotPermitted if !error.may_have_been_processed() => StepError::Stopped,
        Cause::Stopped | Cause::NotPermitted => StepError::call(&error),
        _ if error.is_fatal() => {
            let sent = was_sent(&error);
            StepError::Run { why: Stopped::Service(Box::new(error)), sent }
        }
        _ => StepError::call(&error),
    }
}

/// Whether the person must be reported as failed. A call that only met the rate limit, or was cancelled, had
/// no effect.
pub(super) fn was_sent(error: &api::Error) -> bool {
    match error.cause {
        Cause::RateLimited { .. } | Cause::Stopped | Cause::NotPermitted => error.may_have_been_processed(),
        _ => error.attempts > 0,
    }
}

/// The error of a later call of a change. The person has failed, because an earlier call was sent for them.
pub(super) fn half_done(error: StepError) -> StepError {
    match error {
        StepError::Stopped => StepError::person("the run stopped before this change was complete"),
        StepError::Run { why, .. } => StepError::Run { why, sent: true },
        person @ StepError::Person { .. } => person,
    }
}
