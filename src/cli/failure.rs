//! How a command ends other than well, and the exit status of each.

use std::fmt;

/// Why a command did not succeed. Each has one sentence, and the target where to go on.
#[derive(Debug)]
pub(crate) enum Failure {
    /// One sentence.
    Sentence(String),
    /// The problems of the team file, drawn.
    Drawn(String),
    /// Everything was said already.
    Said,
    /// The plan has changes or needs attention, and `--detailed-exitcode` asks for a status of its own.
    HasChanges,
    /// A signal ended the run in order.
    Signal(u8),
}

/// What a command ends with.
pub(crate) type Ended = Result<(), Failure>;

impl Failure {
    /// A failure with a sentence.
    pub(crate) fn new(sentence: impl fmt::Display) -> Self {
        Self::Sentence(sentence.to_string())
    }

    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Sentence(_) | Self::Drawn(_) | Self::Said => 1,
            Self::HasChanges => 2,
            Self::Signal(status) => *status,
        }
    }
}
