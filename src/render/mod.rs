//! A plan as text, diff, Markdown and JSON, and the access review: one file a format. Here is what the formats share.

mod change_line;
mod columns;
mod diff;
mod explain;
mod history;
mod json;
mod markdown;
mod pack;
mod paint;
mod person;
mod redact;
mod review;
mod saved;
mod sections;
mod sentences;
mod status;
mod text;
mod verdict;

use crate::desired::{Desired, PolicyChange};
use crate::known::Known;
use crate::model::Estimate;
use crate::plan::{Origins, Plan};

pub use change_line::{change_line, described};
pub use diff::diff;
pub use explain::explain;
pub use history::{
    AccessAt, AccessLine, ChangeKind, Changes, Question, SentInvitation, access_at_csv, access_at_html,
    access_at_json, access_at_text, changes_csv, changes_html, changes_json, changes_text, person_history,
};
pub use json::json;
pub use markdown::markdown;
pub use paint::Paint;
pub use redact::Redacted;
pub use review::{Review, review_csv, review_html, review_json, review_text};
pub use saved::saved_plan_error;
pub use sentences::{doubt, incomplete, refusal, remark};
pub use status::{LastRun, Locked, Status, status_json, status_prometheus, status_text};
pub use text::text;
pub use verdict::{at_stake, results};

/// A plan and what is needed to show it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Has the aliases.
    pub desired: &'a Desired,
    /// Who has which role now.
    pub known: &'a Known,
    /// How long the calls will take under the rate limit, if the service has one.
    pub expected: Option<Estimate>,
    /// The comparison with the team file on the base branch, with `--base`.
    pub base: Option<Base<'a>>,
    /// The width of the terminal; none for unlimited lines.
    pub width: Option<usize>,
}

/// What distinguishes a pull request from its base.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    /// The origins of the plan's changes and notes.
    pub origins: &'a Origins,
    /// The differences between the two policies.
    pub policy_changes: &'a [PolicyChange],
}

impl<'a> View<'a> {
    /// A view without a base, for any width.
    #[must_use]
    pub fn new(plan: &'a Plan, desired: &'a Desired, known: &'a Known, expected: Option<Estimate>) -> Self {
        Self { plan, desired, known, expected, base: None, width: None }
    }

    fn policy_changes(&self) -> &'a [PolicyChange] {
        self.base.map_or(&[], |base| base.policy_changes)
    }
}
