//! A plan as text, diff, Markdown and JSON, and the access review: one file a format. Here is what the formats share.

mod columns;
mod diff;
mod explain;
mod json;
mod markdown;
mod notes;
mod paint;
mod redact;
mod review;
mod sections;
mod text;
mod verdict;

use std::time::Duration;

use crate::desired::{Desired, PolicyChange};
use crate::known::Known;
use crate::plan::{Origin, Plan};

pub use diff::diff;
pub use explain::explain;
pub use json::json;
pub use markdown::markdown;
pub use notes::refusal;
pub use paint::Paint;
pub use redact::Redacted;
pub use review::{Review, review_csv, review_html};
pub use text::text;
pub use verdict::{at_stake, change_line, described};

/// How long the calls of a plan will take, and how sure that is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Estimate {
    /// The wait for a rate limit whose windows are known.
    About(Duration),
    /// It may be longer, because only the end of this window is known.
    AtLeast(Duration),
    /// Nothing is known of the windows; this is for windows of a minute.
    PerMinute(Duration),
}

impl Estimate {
    fn text(self) -> String {
        match self {
            Self::About(time) => about(time),
            Self::AtLeast(time) => about(time).replacen("about", "at least", 1),
            Self::PerMinute(time) => format!("{} if the rate limit is per minute", about(time)),
        }
    }
}

/// What a renderer is given.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The plan to show.
    pub plan: &'a Plan,
    /// Gives the aliases.
    pub desired: &'a Desired,
    /// Who has what now.
    pub known: &'a Known,
    /// How long the calls will take under the rate limit last seen, where one was seen.
    pub expected: Option<Estimate>,
    /// Where each change comes from, in the order of the plan; empty where there is no base.
    pub origins: &'a [Origin],
    /// How the policy differs from the base's; none where there is no base.
    pub policy_changes: &'a [PolicyChange],
    /// Whether a base was given.
    pub has_base: bool,
    /// How wide the reader's terminal is, where there is one.
    pub width: Option<usize>,
}

impl<'a> View<'a> {
    /// A view without a base, for any width.
    #[must_use]
    pub fn new(plan: &'a Plan, desired: &'a Desired, known: &'a Known, expected: Option<Estimate>) -> Self {
        Self {
            plan,
            desired,
            known,
            expected,
            origins: &[],
            policy_changes: &[],
            has_base: false,
            width: None,
        }
    }
}

/// `less than a second`, `about 40 seconds`, `about 3 minutes`, `about 5 days`.
#[must_use]
pub fn about(time: Duration) -> String {
    match time.as_secs() {
        0 => "less than a second".to_owned(),
        seconds @ 1..=90 => format!("about {}", crate::words::count(whole(seconds), "second")),
        seconds @ 91..=5400 => {
            format!("about {}", crate::words::count(whole(seconds.div_ceil(60)), "minute"))
        }
        seconds @ 5401..=172_800 => {
            format!("about {}", crate::words::count(whole(seconds.div_ceil(3600)), "hour"))
        }
        seconds => format!("about {}", crate::words::count(whole(seconds / 86_400), "day")),
    }
}

fn whole(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
