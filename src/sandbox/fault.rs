//! Faults that can be injected: what goes wrong, and in which calls.

use std::time::Duration;

use super::call::{LoggedCall, Operation};
use crate::model::Email;

/// A fault and the calls it is injected into.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// In which calls.
    pub trigger: Trigger,
}

/// What goes wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// A response with this status.
    Status {
        /// The status, 200 to 299 or 400 to 599. A 204 never has a body.
        status: u16,
        /// Its body.
        body: BodyKind,
        /// The value of `Retry-After`, in seconds; `None` for no header.
        retry_after: Option<u64>,
        /// The value of `X-Rate-Limit-Type`.
        limit_type: Option<String>,
        /// Whether the request is executed nevertheless.
        applied: bool,
    },
    /// The request is executed, and the response ends in the middle.
    Truncate,
    /// The request is executed, and the body of the response is not JSON.
    NotJson,
    /// The request is executed, and the user in the response is another one.
    OtherUser,
    /// The request is executed, and the user in the response has no roles.
    NoRole,
    /// The request is executed, and the body of the response never ends.
    Endless,
    /// The request is executed, and the response arrives one byte at a time.
    Trickle {
        /// The pause between two bytes.
        pace: Duration,
    },
    /// No response, and the connection stays open.
    Hang {
        /// Whether the request is executed.
        applied: bool,
    },
    /// The connection is closed without a response; the request is not executed.
    CloseBefore,
    /// The connection is closed without a response; the request is executed.
    CloseAfter,
    /// 302 to another path of this server; the request is not executed.
    Redirect,
    /// Lists of users lack the last ones, which `total` still counts.
    ShortList {
        /// The number of missing users.
        drop: usize,
    },
    /// Lists of users are empty, with a `total` of 0.
    EmptyList,
    /// Lists of users do not show the last writes.
    Lag {
        /// The number of calls until a write is visible.
        calls: u64,
    },
    /// A second invitation before the first is accepted is sent again, with 204.
    SecondInviteOk,
    /// Names and error messages contain escape sequences, Markdown and HTML.
    HostileNames,
}

/// The body of a response with an injected status.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BodyKind {
    /// As documented.
    #[default]
    Json,
    /// An HTML page, like those of proxies.
    Html,
    /// None.
    Empty,
}

/// The calls that a fault is injected into. Only calls that match the first three are counted.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Trigger {
    /// Only this method.
    pub method: Option<String>,
    /// Only paths that contain this.
    pub path: Option<String>,
    /// Only bodies with this `email` or `login`.
    pub email: Option<String>,
    /// The first call, counted from 1; only this one unless `every`, `times` or `probability` is given.
    pub at: Option<u64>,
    /// Every Nth call: the second, fourth, sixth… with 2.
    pub every: Option<u64>,
    /// At most this many times.
    pub times: Option<u64>,
    /// With this probability, 0 to 1.
    pub probability: Option<f64>,
    /// The seed of the probability.
    pub seed: Option<u64>,
}

impl Fault {
    /// A fault in every call that it applies to.
    #[must_use]
    pub fn always(kind: FaultKind) -> Self {
        Self { kind, trigger: Trigger::default() }
    }

    /// Whether the fault applies to this call.
    pub(super) fn concerns(&self, call: &LoggedCall, operation: &Operation) -> bool {
        let Trigger { method, path, email, .. } = &self.trigger;
        let kind_fits = match self.kind {
            FaultKind::ShortList { .. } | FaultKind::EmptyList | FaultKind::Lag { .. } => {
                matches!(operation, Operation::ListUsers(_))
            }
            FaultKind::SecondInviteOk => *operation == Operation::Invite,
            _ => true,
        };
        kind_fits
            && method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&call.method))
            && path.as_ref().is_none_or(|path| call.path.contains(path.as_str()))
            && email.as_ref().is_none_or(|email| {
                call.email().is_some_and(|named| Email::as_received(named) == Email::as_received(email))
            })
    }
}

impl FaultKind {
    /// Whether the request is executed.
    pub(super) fn executes(&self) -> bool {
        match self {
            Self::Status { applied, .. } | Self::Hang { applied } => *applied,
            Self::CloseBefore | Self::Redirect => false,
            _ => true,
        }
    }

    /// Whether it changes the content of the response; a call can have several of these.
    pub(super) fn is_content_fault(&self) -> bool {
        matches!(
            self,
            Self::ShortList { .. }
                | Self::EmptyList
                | Self::Lag { .. }
                | Self::SecondInviteOk
                | Self::HostileNames
        )
    }
}
