//! When a run ends before its end: nothing new starts, and what is under way is finished.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::api;
use crate::ledger;

/// Why a run ended before its end.
#[derive(Clone, Debug)]
pub enum Stopped {
    /// No other call would succeed either.
    Service(Box<api::Error>),
    /// Call after call failed, whoever they were about.
    Down {
        /// How many failed in a row.
        calls: u32,
        /// The last of them.
        last: Box<api::Error>,
    },
    /// What cannot be recorded is not done.
    Ledger(ledger::LedgerError),
    /// Somebody asked for it.
    Interrupted,
}

/// Says whether anything new may start. The first reason to stop is the one that counts.
#[derive(Debug, Default)]
pub struct Stop {
    asked: AtomicBool,
    reason: Mutex<Option<Stopped>>,
}

impl Stop {
    /// Nothing new starts from here on.
    pub fn ask(&self, reason: Stopped) {
        if let Ok(mut first) = self.reason.lock() {
            first.get_or_insert(reason);
        }
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Whether nothing new may start.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Option<Stopped> {
        self.reason.lock().ok().and_then(|reason| reason.clone())
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
            Self::Down { calls, last } => {
                write!(
                    f,
                    "{calls} calls failed in a row, so the service seems to be down; the last one: {last}"
                )
            }
            Self::Ledger(error) => write!(f, "{error}"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}
