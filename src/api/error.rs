//! A call that failed, as those who made it are told.

use std::fmt;
use std::time::Duration;

use super::call::Method;
use super::problem::{Problem, Refusal};

/// A call that did not succeed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// How the call was made.
    pub method: Method,
    /// Its path.
    pub path: String,
    /// How often it was made.
    pub attempts: u32,
    /// How long the attempts took, without the waits between them.
    pub took: Duration,
    /// Whether the service may have done what it was asked, in any of the attempts.
    pub(super) maybe_processed: bool,
    /// What went wrong in the last attempt.
    pub problem: Problem,
}

/// Why no client can be made: there is no certificate to trust.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoRoots {
    pub(super) reason: String,
}

impl fmt::Display for NoRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = crate::inert::line(&self.reason);
        write!(
            f,
            "no certificate can be checked ({reason}): install the system's root certificates, or name a file of \
             them in SSL_CERT_FILE"
        )
    }
}

impl std::error::Error for NoRoots {}

impl Error {
    /// A call of which no attempt was made.
    #[must_use]
    pub fn unsent(method: Method, path: &str, problem: Problem) -> Self {
        let (attempts, took) = (0, Duration::ZERO);
        Self { method, path: path.to_owned(), attempts, took, maybe_processed: false, problem }
    }

    /// Whether the run must stop, because no other call would succeed either.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.problem.is_fatal()
    }

    /// The refusal, where the service gave an answer that the caller may make sense of.
    #[must_use]
    pub fn refused(&self) -> Option<&Refusal> {
        match &self.problem {
            Problem::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The HTTP status of the last answer, where there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match &self.problem {
            Problem::Redirected { status, .. } | Problem::Damaged { status, .. } => Some(*status),
            Problem::RateLimited { .. } => Some(429),
            problem => problem.refusal().map(|refusal| refusal.status),
        }
    }

    /// What Voucherify's support asks for.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match &self.problem {
            Problem::Damaged { request_id, .. } => request_id.as_deref(),
            problem => problem.refusal()?.request_id.as_deref(),
        }
    }

    /// Whether the service may have done what it was asked, in any of the attempts.
    #[must_use]
    pub fn may_have_been_processed(&self) -> bool {
        self.maybe_processed
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, attempts, problem, .. } = self;
        write!(f, "`{method} {path}` ")?;
        write!(f, "{problem}")?;
        if *attempts > 1 {
            write!(f, " (tried {attempts} times)")?;
        }
        write!(f, ": {}", problem.advice())
    }
}

impl std::error::Error for Error {}
