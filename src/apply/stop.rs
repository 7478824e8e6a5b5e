//! Stopping a run early: no call starts any more, and calls in flight finish.

use std::fmt;
use std::sync::OnceLock;

use crate::api;
use crate::ledger;

/// Why a run stopped early.
#[derive(Clone, Debug)]
pub enum Stopped {
    /// A call failed for a reason for which every other call would fail, too.
    Service(Box<api::Error>),
    /// Too many calls failed in a row, for different people.
    Down {
        /// The number of failures in a row.
        calls: u32,
        /// The last of them.
        last: Box<api::Error>,
    },
    /// The ledger cannot record calls any more.
    Ledger(ledger::LedgerError),
    /// A signal.
    Interrupted,
}

/// Tells a run to stop. The first reason counts.
#[derive(Debug, Default)]
pub struct Stop(OnceLock<Stopped>);

impl Stop {
    /// Requests a stop.
    pub fn ask(&self, reason: Stopped) {
        let _ = self.0.set(reason);
    }

    /// Whether a stop was requested.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.0.get().is_some()
    }

    /// The reason, if a stop was requested.
    #[must_use]
    pub fn reason(&self) -> Option<&Stopped> {
        self.0.get()
    }
}

impl Stopped {
    /// The request id of the response that stopped the run, if it had one.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Service(error) | Self::Down { last: error, .. } => error.request_id(),
            Self::Ledger(_) | Self::Interrupted => None,
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => write!(f, "{error}"),
            Self::Down { calls, last } => write!(
                f,
                "{calls} calls failed in a row, so the service seems to be down; the last error: {last}"
            ),
            Self::Ledger(error) => write!(f, "{error}"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}
