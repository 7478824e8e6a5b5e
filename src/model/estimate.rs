//! How long calls will take under a rate limit, as far as that can be known.

use std::time::Duration;

/// How long calls will take under a rate limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Estimate {
    /// The wait for the rate limit, if its windows are known; zero if there is none.
    About(Duration),
    /// Only the end of the present window is known.
    AtLeast {
        /// The wait if no later window is longer than what is left of this one.
        time: Duration,
        /// The wait if the windows have a published length.
        assumed: Duration,
    },
    /// Nothing is known about the length of a window.
    Windows {
        /// How many windows have to begin.
        windows: u64,
        /// How many calls each allows.
        calls: u64,
        /// The wait if the windows have a published length.
        assumed: Duration,
    },
}

impl Estimate {
    /// The expected wait, with published lengths for windows whose length is not known.
    #[must_use]
    pub fn assumed(self) -> Duration {
        match self {
            Self::About(time) => time,
            Self::AtLeast { assumed, .. } | Self::Windows { assumed, .. } => assumed,
        }
    }
}
