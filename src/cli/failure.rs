//! Why a command exits with a status other than 0.

use std::fmt;

/// The reason of a nonzero exit status.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error message for the user, on one line.
    Message(String),
    /// The same, because a guard blocks the plan.
    Blocked(String),
    /// The same, because another run has the lock on the ledger.
    Locked(String),
    /// The problems of the team file, rendered.
    Problems(String),
    /// An error that the command has reported already.
    AlreadyReported,
    /// With `--detailed-exitcode`: the plan has changes or needs attention.
    HasChanges,
    /// A signal ended the command; with its exit status.
    Signal(u8),
}

impl Failure {
    /// A failure with a message.
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self::Message(message.to_string())
    }

    /// The error message, if it has one.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Message(text) | Self::Blocked(text) | Self::Locked(text) | Self::Problems(text) => {
                Some(text.clone())
            }
            Self::AlreadyReported | Self::HasChanges | Self::Signal(_) => None,
        }
    }

    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Message(_)
            | Self::Blocked(_)
            | Self::Locked(_)
            | Self::Problems(_)
            | Self::AlreadyReported => 1,
            Self::HasChanges => 2,
            Self::Signal(status) => *status,
        }
    }
}
