//! What one attempt at a call can meet: what it means, whether to try again, and what to do next.

use std::fmt;

use jiff::Timestamp;

/// What went wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// 401: the credentials are wrong.
    Credentials(Refusal),
    /// 402: the organization's plan has no Management API.
    NotInPlan(Refusal),
    /// 403: these credentials may not do this.
    Forbidden(Refusal),
    /// 429 for the calls of the billing cycle.
    QuotaSpent(Refusal),
    /// 3xx: a redirect, which is not followed.
    Redirected {
        /// The status.
        status: u16,
        /// Where to, as far as the service said.
        to: Option<String>,
    },
    /// The certificate of the service is not to be trusted.
    Certificate(String),
    /// Too many calls: again and again, or for longer than a call waits.
    RateLimited {
        /// When calls are taken again, where that is longer than a call waits.
        until: Option<Timestamp>,
    },
    /// Any other answer that refuses: 400, 404, 409 and the like.
    Refused(Refusal),
    /// 500, 502, 503, 504: the service could not answer.
    Failing(Refusal),
    /// No connection.
    Unreachable {
        /// The base URL.
        endpoint: String,
        /// Why.
        reason: String,
    },
    /// The answer did not come, or not as a whole, in time.
    TimedOut,
    /// The connection broke before the answer was there.
    Lost(String),
    /// The answer is neither the documented success nor a documented refusal, so what it says does not count.
    Damaged {
        /// The status.
        status: u16,
        /// The id that Voucherify's support asks for.
        request_id: Option<String>,
        /// What is wrong with it.
        reason: String,
    },
    /// Page after page came, and more than any project has users.
    Endless {
        /// How many came.
        users: usize,
    },
    /// The answer is longer than any list of users.
    TooLarge {
        /// The most bytes that are read.
        cap: usize,
    },
    /// An id cannot be put into a path.
    Unsendable,
    /// The run may not send anything any more.
    NotPermitted,
    /// The run was stopped while the call waited.
    Stopped,
}

/// An answer that is no success. Every text is inert and short.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What kind of error it is, such as `user_not_assigned`.
    pub key: Option<String>,
    /// What the service says.
    pub message: Option<String>,
    /// What it says in addition.
    pub details: Option<String>,
    /// What Voucherify's support asks for.
    pub request_id: Option<String>,
    /// The thing that it is about.
    pub resource_id: Option<String>,
    /// What kind of thing that is.
    pub resource_type: Option<String>,
}

impl Problem {
    /// Whether the same call may succeed when it is made again.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::Failing(_)
            | Self::Unreachable { .. }
            | Self::TimedOut
            | Self::Lost(_)
            | Self::Damaged { .. } => true,
            Self::Credentials(_)
            | Self::NotInPlan(_)
            | Self::Forbidden(_)
            | Self::QuotaSpent(_)
            | Self::Redirected { .. }
            | Self::Certificate(_)
            | Self::Refused(_)
            | Self::TooLarge { .. }
            | Self::Endless { .. }
            | Self::Unsendable
            | Self::NotPermitted
            | Self::Stopped => false,
        }
    }

    /// Whether no other call would succeed either.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::Credentials(_)
                | Self::NotInPlan(_)
                | Self::Forbidden(_)
                | Self::QuotaSpent(_)
                | Self::Redirected { .. }
                | Self::Certificate(_)
                | Self::RateLimited { until: Some(_) }
                | Self::NotPermitted
                | Self::Stopped
        )
    }

    /// Whether the service is to blame rather than the call.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Failing(_)
            | Self::Unreachable { .. }
            | Self::TimedOut
            | Self::Lost(_)
            | Self::Damaged { .. } => true,
            Self::Refused(refusal) => refusal.status >= 500,
            _ => false,
        }
    }

    /// Whether this is a genuine answer (not an outage).
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::RateLimited { until: None }) || self.refusal().is_some_and(|it| it.status < 500)
    }

    /// Whether the service may have done what it was asked all the same.
    #[must_use]
    pub fn may_have_been_processed(&self) -> bool {
        match self {
            Self::Failing(_)
            | Self::TimedOut
            | Self::Lost(_)
            | Self::Damaged { .. }
            | Self::TooLarge { .. } => true,
            Self::Refused(refusal) => refusal.status >= 500,
            _ => false,
        }
    }

    pub(super) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Credentials(refusal)
            | Self::NotInPlan(refusal)
            | Self::Forbidden(refusal)
            | Self::QuotaSpent(refusal)
            | Self::Refused(refusal)
            | Self::Failing(refusal) => Some(refusal),
            _ => None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials(refusal) => {
                write!(f, "was refused, since the credentials are wrong ({refusal})")
            }
            Self::NotInPlan(refusal) => {
                write!(
                    f,
                    "was refused, since the Voucherify plan does not include the Management API ({refusal})"
                )
            }
            Self::Forbidden(refusal) => {
                write!(f, "was refused, since these credentials may not do this ({refusal})")
            }
            Self::QuotaSpent(refusal) => {
                write!(f, "was refused, since the calls of this billing cycle are spent ({refusal})")
            }
            Self::Redirected { status, to: Some(to) } => write!(f, "was redirected to `{to}` ({status})"),
            Self::Redirected { status, to: None } => write!(f, "was redirected ({status})"),
            Self::Certificate(reason) => {
                write!(f, "was not made, since the certificate is not trusted ({reason})")
            }
            Self::RateLimited { until: Some(until) } => {
                write!(f, "has to wait, since the rate limit is used up until {until}")
            }
            Self::RateLimited { until: None } => {
                write!(f, "has to wait, since the rate limit is used up (429)")
            }
            Self::Refused(refusal) => write!(f, "was refused ({refusal})"),
            Self::Failing(refusal) => write!(f, "failed in the service ({refusal})"),
            Self::Unreachable { endpoint, reason } => {
                write!(f, "was not made, since {endpoint} cannot be reached ({reason})")
            }
            Self::TimedOut => f.write_str("got no whole answer in time"),
            Self::Lost(reason) => write!(f, "got no answer, since the connection broke ({reason})"),
            Self::Damaged { status, request_id, reason } => {
                write!(f, "got an invalid answer ({status}, {reason}")?;
                if let Some(id) = request_id {
                    write!(f, ", request_id {id}")?;
                }
                f.write_str(")")
            }
            Self::TooLarge { cap } => write!(f, "got an answer of more than {} MiB", cap >> 20),
            Self::Endless { users } => write!(f, "was answered with {users} users, and no end in sight"),
            Self::Unsendable => f.write_str("was not made, since an id in its path is empty or only dots"),
            Self::NotPermitted => {
                f.write_str("was not sent, because this run may not send anything any more")
            }
            Self::Stopped => f.write_str("was stopped while it waited"),
        }
    }
}

impl Problem {
    /// What to do next.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Credentials(_) => {
                "check VOUCHERIFY_MANAGEMENT_ID and VOUCHERIFY_MANAGEMENT_TOKEN, and the cluster"
            }
            Self::NotInPlan(_) => "ask Voucherify to add it",
            Self::Forbidden(_) => "check the key in Team settings, and whether it is bound to an IP address",
            Self::QuotaSpent(_) => {
                "waiting is no use; run again when the next cycle has begun, or have the quota raised"
            }
            Self::Redirected { .. } => {
                "this is not followed, because the credentials would travel along; check the cluster or the endpoint"
            }
            Self::Certificate(_) => "check the endpoint, or name the roots to trust in SSL_CERT_FILE",
            Self::RateLimited { .. } => "run again after that",
            Self::Refused(_) => "correct what it names, then run again",
            Self::Unreachable { .. } => "check the endpoint, the network and the proxy, then run again",
            Self::Failing(_) | Self::TimedOut | Self::Lost(_) => "run again later",
            Self::Damaged { .. } | Self::TooLarge { .. } | Self::Endless { .. } => {
                "check that the endpoint is Voucherify's and no proxy answers in its place"
            }
            Self::Unsendable => "correct the id",
            Self::NotPermitted | Self::Stopped => "run again",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, key, message, details, request_id, resource_id: _, resource_type: _ } = self;
        write!(f, "{status}")?;
        if let Some(key) = key {
            write!(f, " {key}")?;
        }
        for text in [message, details].into_iter().flatten() {
            write!(f, ", {text}")?;
        }
        if let Some(id) = request_id {
            write!(f, ", request_id {id}")?;
        }
        Ok(())
    }
}
