//! Why a change was not made, and whether that stops the run.

use super::stop::Stopped;
use crate::api;
use crate::api::Cause;

/// Why a change was not made.
pub(super) enum StepError {
    /// It failed for this person. The run continues with the others.
    Person(String),
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

pub(super) type Step<T> = Result<T, StepError>;

/// The meaning of a failed call for the run.
pub(super) fn step_error(error: api::Error) -> StepError {
    match error.cause {
        // The run is stopping already, and knows why.
        Cause::Stopped | Cause::NotPermitted if !error.may_have_been_processed() => StepError::Stopped,
        Cause::Stopped | Cause::NotPermitted => StepError::Person(error.to_string()),
        _ if error.is_fatal() => {
            let sent = was_sent(&error);
            StepError::Run { why: Stopped::Service(Box::new(error)), sent }
        }
        _ => StepError::Person(error.to_string()),
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
        StepError::Stopped => StepError::Person("the run stopped before this change was complete".to_owned()),
        StepError::Run { why, .. } => StepError::Run { why, sent: true },
        person @ StepError::Person(_) => person,
    }
}
