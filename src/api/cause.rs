//! The ways an attempt at a call can fail: what each means, whether to retry, and what to do next.

use std::fmt;

use jiff::Timestamp;

/// What went wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// 401: invalid credentials.
    Credentials(Rejection),
    /// 402: the organization's plan does not include the Management API.
    NotInPlan(Rejection),
    /// 403: these credentials lack the permission.
    Forbidden(Rejection),
    /// 429 because the quota of the billing cycle is used up.
    QuotaSpent(Rejection),
    /// 3xx: a redirect, which is not followed.
    Redirected {
        /// The status.
        status: u16,
        /// The target, if the service named one.
        to: Option<String>,
    },
    /// The certificate of the service is not trusted.
    Certificate(String),
    /// Rate limited: on every attempt, or for longer than a call waits.
    RateLimited {
        /// The end of the rate limit, if that is longer than a call waits.
        until: Option<Timestamp>,
    },
    /// Any other rejection: 400, 404, 409 and so on.
    Refused(Rejection),
    /// 500, 502, 503, 504: the service could not answer.
    Failing(Rejection),
    /// No connection.
    Unreachable {
        /// The base URL.
        endpoint: String,
        /// Why.
        reason: String,
    },
    /// No complete response in time.
    TimedOut,
    /// The connection was lost before a complete response.
    Lost(String),
    /// Neither a documented success nor a documented error, so its content is ignored.
    Damaged {
        /// The status.
        status: u16,
        /// The request id, for Voucherify support.
        request_id: Option<String>,
        /// What is wrong with it.
        reason: String,
    },
    /// A list that does not end: more users than any project has.
    Endless {
        /// The number of users received.
        users: usize,
    },
    /// The response is larger than any list of users.
    TooLarge {
        /// The size limit, in bytes.
        cap: usize,
    },
    /// An id cannot be put into a path.
    Unsendable,
    /// The run can no longer send calls, for example because it lost the lock.
    NotPermitted,
    /// The run was cancelled while the call waited.
    Stopped,
}

/// An error response. Every text is escaped and short.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rejection {
    /// The HTTP status.
    pub status: u16,
    /// Whether the body is Voucherify's error object, which always has a number `code` and a text `message`.
    /// The responses of gateways and proxies are not.
    pub is_error_object: bool,
    /// What kind of error it is, such as `user_not_assigned`.
    pub key: Option<String>,
    /// The message of the service.
    pub message: Option<String>,
    /// The details of the service.
    pub details: Option<String>,
    /// The request id, for Voucherify support.
    pub request_id: Option<String>,
    /// The id of the resource it is about.
    pub resource_id: Option<String>,
    /// The type of that resource.
    pub resource_type: Option<String>,
}

impl Cause {
    /// Whether a retry may succeed.
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

    /// Whether the service failed, not the call.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Failing(_)
            | Self::Unreachable { .. }
            | Self::TimedOut
            | Self::Lost(_)
            | Self::Damaged { .. } => true,
            Self::Refused(rejection) => rejection.status >= 500,
            _ => false,
        }
    }

    /// Whether this is a genuine answer (not an outage).
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::RateLimited { until: None })
            || self.rejection().is_some_and(|it| it.status < 500)
    }

    /// Whether the service may have processed the call anyway.
    #[must_use]
    pub fn may_have_been_processed(&self) -> bool {
        match self {
            Self::Failing(_)
            | Self::TimedOut
            | Self::Lost(_)
            | Self::Damaged { .. }
            | Self::TooLarge { .. } => true,
            Self::Refused(rejection) => rejection.status >= 500,
            _ => false,
        }
    }

    pub(super) fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Credentials(rejection)
            | Self::NotInPlan(rejection)
            | Self::Forbidden(rejection)
            | Self::QuotaSpent(rejection)
            | Self::Refused(rejection)
            | Self::Failing(rejection) => Some(rejection),
            _ => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials(rejection) => {
                write!(f, "failed: invalid credentials ({rejection})")
            }
            Self::NotInPlan(rejection) => {
                write!(f, "failed: the Voucherify plan does not include the Management API ({rejection})")
            }
            Self::Forbidden(rejection) => {
                write!(f, "failed: these credentials do not have permission ({rejection})")
            }
            Self::QuotaSpent(rejection) => {
                write!(f, "failed: the API quota for this billing cycle is used up ({rejection})")
            }
            Self::Redirected { status, to: Some(to) } => write!(f, "was redirected to `{to}` ({status})"),
            Self::Redirected { status, to: None } => write!(f, "was redirected ({status})"),
            Self::Certificate(reason) => {
                write!(f, "was not sent: the server certificate is not trusted ({reason})")
            }
            Self::RateLimited { until: Some(until) } => {
                write!(f, "was not sent: the rate limit is used up until {until}")
            }
            Self::RateLimited { until: None } => {
                write!(f, "was rate limited (429)")
            }
            Self::Refused(rejection) => write!(f, "was rejected ({rejection})"),
            Self::Failing(rejection) => write!(f, "failed with a server error ({rejection})"),
            Self::Unreachable { endpoint, reason } => {
                write!(f, "failed: could not connect to {endpoint} ({reason})")
            }
            Self::TimedOut => f.write_str("timed out before a complete response"),
            Self::Lost(reason) => {
                write!(f, "failed: the connection was lost before a complete response ({reason})")
            }
            Self::Damaged { status, request_id, reason } => {
                write!(f, "returned an invalid response ({status}, {reason}")?;
                if let Some(id) = request_id {
                    write!(f, ", request_id {id}")?;
                }
                f.write_str(")")
            }
            Self::TooLarge { cap } => write!(f, "returned a response of more than {} MiB", cap >> 20),
            Self::Endless { users } => {
                write!(f, "returned {users} users without reaching the end of the list")
            }
            Self::Unsendable => f.write_str("was not sent: an id in its path is empty or consists of dots"),
            Self::NotPermitted => f.write_str("was not sent: this run can no longer send calls"),
            Self::Stopped => f.write_str("was cancelled while waiting"),
        }
    }
}

impl Cause {
    /// What to do next.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Credentials(_) => {
                "check VOUCHERIFY_MANAGEMENT_ID and VOUCHERIFY_MANAGEMENT_TOKEN, and the cluster"
            }
            Self::NotInPlan(_) => "ask Voucherify to add it",
            Self::Forbidden(_) => "check the key in Team settings, and whether it is bound to an IP address",
            Self::QuotaSpent(_) => {
                "it resets with the next cycle; run again then, or ask Voucherify to raise the quota"
            }
            Self::Redirected { .. } => {
                "guestlist does not follow redirects, because they could expose the credentials; check the cluster or the endpoint"
            }
            Self::Certificate(_) => {
                "check the endpoint, or set SSL_CERT_FILE to a file of trusted root certificates"
            }
            Self::RateLimited { until: Some(_) } => "run again after that time",
            Self::Refused(_) => "fix the problem described here and run again",
            Self::Unreachable { .. } => "check the endpoint, the network and the proxy, and run again",
            Self::RateLimited { until: None } | Self::Failing(_) | Self::TimedOut | Self::Lost(_) => {
                "run again later"
            }
            Self::Damaged { .. } | Self::TooLarge { .. } | Self::Endless { .. } => {
                "check that the endpoint is Voucherify's, and that no proxy answers instead"
            }
            Self::Unsendable => "correct the project or user id",
            Self::NotPermitted | Self::Stopped => "run again",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, key, message, details, request_id, .. } = self;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_from_500_on_is_an_outage_and_any_other_rejection_an_answer() {
        let check = |cause: fn(Rejection) -> Cause, status, is_outage: bool| {
            let cause = cause(Rejection { status, ..Rejection::default() });
            assert_eq!((cause.is_outage(), cause.is_answer()), (is_outage, !is_outage), "{status}");
        };
        check(Cause::Refused, 404, false);
        check(Cause::Refused, 499, false);
        check(Cause::Failing, 500, true);
        check(Cause::Refused, 501, true);
    }
}
