//! A plan as text, diff and JSON: one file a format. Here is what the formats share.

mod diff;
mod explain;
mod highlights;
mod json;
mod paint;
mod text;

use std::time::Duration;

use crate::desired::Desired;
use crate::known::Known;
use crate::plan::Plan;

pub use diff::diff;
pub use explain::explain;
pub use highlights::{change_line, described};
pub use json::json;
pub use paint::Paint;
pub use text::text;

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
    pub expected: Option<Duration>,
}

/// `less than a second`, `about 40 seconds`, `about 3 minutes`, `about 5 days`.
#[must_use]
pub fn about(time: Duration) -> String {
    match time.as_secs() {
        0 => "less than a second".to_owned(),
        seconds @ 1..=90 => format!("about {}", crate::wording::count(whole(seconds), "second")),
        seconds @ 91..=5400 => {
            format!("about {}", crate::wording::count(whole(seconds.div_ceil(60)), "minute"))
        }
        seconds @ 5401..=172_800 => {
            format!("about {}", crate::wording::count(whole(seconds.div_ceil(3600)), "hour"))
        }
        seconds => format!("about {}", crate::wording::count(whole(seconds / 86_400), "day")),
    }
}

fn whole(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
