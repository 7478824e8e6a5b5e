//! What all formats for people share: the verdict in numbers. The words of the headings are also those of the
//! verdict, of the question before an apply and of its result.

use std::collections::{BTreeMap, BTreeSet};

use super::sections::{Block, Part, Section, Topic, blocks};
use super::{View, sentences};
use crate::desired::PolicyChange;
use crate::escape;
use crate::known::EvidenceSource;
use crate::model::Email;
use crate::plan::{Change, Effect};
use crate::words::count;

/// The order of the numbers.
const ORDER: [Topic; 7] = [
    Topic::Invited,
    Topic::GainsAccess,
    Topic::ChangesRole,
    Topic::BecomesAdmin,
    Topic::LosesAccess,
    Topic::LosesAdmin,
    Topic::NeedsAttention,
];

impl Topic {
    /// `2 lose access`, in the words of the title; none for notes that need no action.
    fn counted(self, n: usize) -> Option<String> {
        let (one, many) = match self {
            Self::LosesAccess => ("loses access", "lose access"),
            Self::LosesAdmin => ("loses ADMIN", "lose ADMIN"),
            Self::BecomesAdmin => ("becomes ADMIN", "become ADMIN"),
            Self::NeedsAttention => ("needs attention", "need attention"),
            Self::Invited => ("invited", "invited"),
            Self::GainsAccess => ("gains access", "gain access"),
            Self::ChangesRole => ("changes role", "change role"),
            Self::Waiting | Self::Dates | Self::Reasons | Self::NotChanged => return None,
        };
        Some(format!("{n} {}", if n == 1 { one } else { many }))
    }
}

/// All emails in rows, for the width of their column.
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

/// The plan in numbers: `3 invited · 1 becomes ADMIN · 4 calls, about 2 seconds`.
pub(super) fn verdict(view: &View, blocks: &[Block]) -> String {
    let mut parts = Vec::new();
    if !view.plan.refused.is_empty() {
        parts.push(format!("blocked by {}", count(view.plan.refused.len(), "guard")));
    }
    if view.plan.changes.is_empty() {
        parts.push("no changes".to_owned());
    }
    parts.extend(numbers(blocks, &ORDER));
    if !view.plan.changes.is_empty() {
        let calls = count(view.plan.changes.len(), "call");
        let time = view.expected.map(|time| format!(", {}", sentences::expected(time))).unwrap_or_default();
        parts.push(format!("{calls}{time}"));
    }
    let text = parts.join(" · ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `3 invited`, `1 becomes ADMIN`: how many people or notes these blocks have under each heading.
fn numbers(blocks: &[Block], order: &[Topic]) -> Vec<String> {
    let total = |topic: Topic| -> usize {
        let sections = blocks.iter().flat_map(|block| &block.sections);
        sections.filter(|section| section.topic == topic).map(Section::total).sum()
    };
    let twice = |topic: Topic| {
        let blocks = if blocks.len() > 1 { blocks } else { &[] };
        let sections = blocks.iter().flat_map(|block| &block.sections);
        let rows = sections.filter(|section| section.topic == topic).flat_map(|section| &section.rows);
        rows.filter(|row| row.is_also_above).count()
    };
    let numbers = order.iter().map(|topic| (topic, total(*topic) - twice(*topic)));
    numbers.filter(|(_, n)| *n > 0).filter_map(|(topic, n)| topic.counted(n)).collect()
}

/// The heading of a block: `This pull request: 1 becomes ADMIN`. None where the plan is not divided.
pub(super) fn block_heading(block: &Block) -> Option<String> {
    let title = match block.part? {
        Part::PullRequest => "This pull request",
        Part::Before => "Already different before it",
        Part::Notes => return Some("Notes".to_owned()),
    };
    let numbers = numbers(std::slice::from_ref(block), &ORDER);
    Some(if numbers.is_empty() {
        format!("{title}: no changes")
    } else {
        format!("{title}: {}", numbers.join(" · "))
    })
}

/// What is at stake, for the question before an apply: `3 invited, 1 becomes ADMIN`.
#[must_use]
pub fn at_stake(view: &View) -> String {
    numbers(&blocks(view), &ORDER[..ORDER.len() - 1]).join(", ")
}

/// What an apply did, in the words of the plan's headings: `2 invited`, `1 lost access`.
pub fn results<'a>(done: impl Iterator<Item = (Effect, &'a Email)>) -> Vec<String> {
    let mut people: BTreeMap<Effect, BTreeSet<&Email>> = BTreeMap::new();
    for (effect, email) in done {
        people.entry(effect).or_default().insert(email);
    }
    let words = [
        (Effect::Invited, "invited"),
        (Effect::GainsAccess, "gained access"),
        (Effect::ChangesRole, "changed role"),
        (Effect::BecomesAdmin, "became ADMIN"),
        (Effect::LosesAccess, "lost access"),
        (Effect::LosesAdmin, "lost ADMIN"),
    ];
    let counted = |(effect, words)| people.get(&effect).map(|people| format!("{} {words}", people.len()));
    words.into_iter().filter_map(counted).collect()
}

/// `max_removals: 10% → 50% (loosened)`.
pub(super) fn policy_change(change: &PolicyChange) -> String {
    let PolicyChange { key, from, to, loosened } = change;
    let loosened = if *loosened { " (loosened)" } else { "" };
    escape::line(&format!("{key}: {from} → {to}{loosened}")).into_owned()
}
