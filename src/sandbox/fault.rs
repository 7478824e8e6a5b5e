//! Faults to order: what goes wrong, and with which calls.

use std::time::Duration;

use super::call::{Endpoint, LoggedCall};
use crate::model::Email;

/// Something that goes wrong with the calls that its trigger picks.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// With which calls.
    pub trigger: Trigger,
}

/// What goes wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// The answer has this status.
    Status {
        /// The status, 200 to 299 or 400 to 599. A 204 never has a body.
        status: u16,
        /// Its body.
        body: BodyKind,
        /// What `Retry-After` says, in seconds; without it the header is not there.
        retry_after: Option<u64>,
        /// What `X-Rate-Limit-Type` says.
        limit_type: Option<String>,
        /// Whether the request is carried out all the same.
        applied: bool,
    },
    /// The request is carried out, and its answer breaks off in the middle.
    Truncate,
    /// The request is carried out, and its answer has a body that is no JSON.
    NotJson,
    /// The request is carried out, and the user in its answer is someone else.
    OtherUser,
    /// The request is carried out, and the user in its answer has no role anywhere.
    NoRole,
    /// The request is carried out, and the body of its answer never ends.
    Endless,
    /// The request is carried out, and its answer comes a byte at a time.
    Trickle {
        /// The pause between two bytes.
        pace: Duration,
    },
    /// No answer, and the connection stays open.
    Hang {
        /// Whether the request is carried out.
        applied: bool,
    },
    /// The connection is closed without an answer; the request is not carried out.
    CloseBefore,
    /// The connection is closed without an answer; the request is carried out.
    CloseAfter,
    /// 302 to another path of this server; the request is not carried out.
    Redirect,
    /// Lists of users lack their last ones, and `total` counts them still.
    ShortList {
        /// How many are lacking.
        drop: usize,
    },
    /// Lists of users are empty, and so is their `total`.
    EmptyList,
    /// Lists of users show what was true before the last calls.
    Lag {
        /// How many calls it takes for a write to show.
        calls: u64,
    },
    /// A second invitation to somebody who has not accepted yet is sent again, with 204.
    SecondInviteOk,
    /// Names and error messages carry escape sequences, Markdown and HTML.
    HostileNames,
}

/// The body of an answer that is a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BodyKind {
    /// As documented.
    #[default]
    Json,
    /// A page such as proxies make.
    Html,
    /// None.
    Empty,
}

/// Which calls a fault strikes. Only the calls that fit the first three are counted.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Trigger {
    /// Only this method.
    pub method: Option<String>,
    /// Only paths that hold this.
    pub path: Option<String>,
    /// Only bodies that name this address.
    pub email: Option<String>,
    /// From this one on, counted from 1; this one alone unless `every`, `times` or `probability` is there.
    pub at: Option<u64>,
    /// Every so many calls: the second, fourth, sixth… with 2.
    pub every: Option<u64>,
    /// At most so many times.
    pub times: Option<u64>,
    /// With this probability, 0 to 1.
    pub probability: Option<f64>,
    /// The seed of that.
    pub seed: Option<u64>,
}

impl Fault {
    /// A fault that strikes every call it can.
    #[must_use]
    pub fn always(kind: FaultKind) -> Self {
        Self { kind, trigger: Trigger::default() }
    }

    /// Whether it could strike this call: the kind of call is its own, and the trigger fits.
    pub(super) fn concerns(&self, call: &LoggedCall, endpoint: &Endpoint) -> bool {
        let Trigger { method, path, email, .. } = &self.trigger;
        let kind_fits = match self.kind {
            FaultKind::ShortList { .. } | FaultKind::EmptyList | FaultKind::Lag { .. } => {
                matches!(endpoint, Endpoint::ListUsers(_))
            }
            FaultKind::SecondInviteOk => *endpoint == Endpoint::Invite,
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
    /// Whether the request has its effect.
    pub(super) fn lets_through(&self) -> bool {
        match self {
            Self::Status { applied, .. } | Self::Hang { applied } => *applied,
            Self::CloseBefore | Self::Redirect => false,
            _ => true,
        }
    }

    /// Whether it changes what is said rather than how: several of these can strike one call.
    pub(super) fn is_quiet(&self) -> bool {
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
