//! What all formats for people say: the verdict in numbers, from where and when.

use super::View;
use super::sections::{Section, Topic, sections};
use super::sentences;
use crate::desired::PolicyChange;
use crate::escape;
use crate::known::EvidenceSource;
use crate::model::Estimate;
use crate::plan::{Change, Origin};
use crate::words::{self, count};

/// Everyone who stands in a line, for the width of their column.
pub(super) fn emails(view: &View) -> Vec<String> {
    let changed = view.plan.changes.iter().map(Change::email);
    let noted = view.plan.notes.iter().filter_map(|note| note.email.as_ref());
    changed.chain(noted).map(ToString::to_string).collect()
}

/// Where and when the members were read.
pub(super) fn source(view: &View) -> String {
    let evidence = view.plan.evidence;
    let whose = if evidence.source == EvidenceSource::Live { "members " } else { "" };
    format!("{whose}{}", sentences::evidence(evidence))
}

/// What the plan amounts to, in numbers: `3 invited · 1 becomes ADMIN · 4 calls, about 2 s`.
pub(super) fn verdict(view: &View, sections: &[Section]) -> String {
    let mut parts = Vec::new();
    if !view.plan.refused.is_empty() {
        parts.push(format!("blocked by {}", count(view.plan.refused.len(), "guard")));
    }
    if view.plan.changes.is_empty() {
        parts.push("no changes".to_owned());
    }
    parts.extend(stakes(sections));
    if let Some(attention) = sections.iter().find(|section| section.topic == Topic::NeedsAttention) {
        parts.extend(attention.topic.counted(attention.total()));
    }
    if !view.plan.changes.is_empty() {
        let calls = count(view.plan.changes.len(), "call");
        let time = view.expected.map(|time| format!(", {}", expected(time))).unwrap_or_default();
        parts.push(format!("{calls}{time}"));
    }
    let text = parts.join(" · ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn expected(estimate: Estimate) -> String {
    match estimate {
        Estimate::About(time) => words::about(time),
        Estimate::AtLeast { time, .. } => words::about(time).replacen("about", "at least", 1),
        Estimate::Windows { assumed, .. } => {
            format!("{} if the rate limit is per minute", words::about(assumed))
        }
    }
}

/// How many people are invited, gain, change and lose access, and become ADMIN.
fn stakes(sections: &[Section]) -> Vec<String> {
    let order = [
        Topic::Invited,
        Topic::GainsAccess,
        Topic::ChangesRole,
        Topic::BecomesAdmin,
        Topic::LosesAccess,
        Topic::LosesAdmin,
    ];
    let section = |topic| sections.iter().find(|section| section.topic == topic);
    order.into_iter().filter_map(|topic| topic.counted(section(topic)?.total())).collect()
}

/// What is at stake, for the question before an apply: `3 invited, 1 becomes ADMIN`.
#[must_use]
pub fn at_stake(view: &View) -> String {
    stakes(&sections(view)).join(", ")
}

/// `max_removals: 10% → 50% (loosened)`.
pub(super) fn policy_change(change: &PolicyChange) -> String {
    let PolicyChange { key, from, to, loosened } = change;
    let loosened = if *loosened { " (loosened)" } else { "" };
    escape::line(&format!("{key}: {from} → {to}{loosened}")).into_owned()
}

/// How many changes come from where, if a base tells.
pub(super) fn origins_text(view: &View) -> Option<String> {
    if view.origins().is_empty() {
        return None;
    }
    let of = |origin| view.origins().iter().filter(|other| **other == origin).count();
    Some(format!(
        "{} from this pull request, {} existing drift, {} changed outside Git (manual).",
        of(Origin::PullRequest),
        of(Origin::Drift),
        of(Origin::Manual)
    ))
}
