//! A failed call, as reported to its caller.

use std::fmt;
use std::time::Duration;

use super::call::Method;
use super::cause::{Cause, Rejection};

/// A call that did not succeed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// The HTTP method.
    pub method: Method,
    /// Its path.
    pub path: String,
    /// The number of attempts.
    pub attempts: u32,
    /// The time spent in attempts, without the waits between them.
    pub took: Duration,
    /// Whether the service may have processed any of the attempts.
    pub(super) maybe_processed: bool,
    /// What went wrong in the last attempt.
    pub cause: Cause,
}

/// No client can be created without trusted root certificates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoRoots {
    pub(super) reason: String,
}

impl fmt::Display for NoRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = crate::escape::line(&self.reason);
        write!(
            f,
            "no trusted root certificates found ({reason}); install the system's root certificates, or set \
             SSL_CERT_FILE to a file of them"
        )
    }
}

impl std::error::Error for NoRoots {}

impl Error {
    /// A call that was never attempted.
    #[must_use]
    pub fn unsent(method: Method, path: &str, cause: Cause) -> Self {
        let (attempts, took) = (0, Duration::ZERO);
        Self { method, path: path.to_owned(), attempts, took, maybe_processed: false, cause }
    }

    /// Whether the run must stop, because no other call would succeed either.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.cause.is_fatal()
    }

    /// The rejection, if the caller can interpret it.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        match &self.cause {
            Cause::Refused(rejection) => Some(rejection),
            _ => None,
        }
    }

    /// The HTTP status of the last response, if any.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match &self.cause {
            Cause::Redirected { status, .. } | Cause::Damaged { status, .. } => Some(*status),
            Cause::RateLimited { .. } => Some(429),
            cause => cause.rejection().map(|rejection| rejection.status),
        }
    }

    /// The request id, for Voucherify support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match &self.cause {
            Cause::Damaged { request_id, .. } => request_id.as_deref(),
            cause => cause.rejection()?.request_id.as_deref(),
        }
    }

    /// Whether the service may have processed any of the attempts.
    #[must_use]
    pub fn may_have_been_processed(&self) -> bool {
        self.maybe_processed
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, attempts, cause, .. } = self;
        write!(f, "`{method} {path}` ")?;
        write!(f, "{cause}")?;
        if *attempts > 1 {
            write!(f, " (tried {attempts} times)")?;
        }
        write!(f, "; {}", cause.advice())
    }
}

impl std::error::Error for Error {}
