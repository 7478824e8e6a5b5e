//! The history for a terminal: one line for each role, or for each change.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::sentences::{role, time};
use super::{AccessAt, AccessLine, ChangeKind, Changes};
use crate::desired::Desired;
use crate::render::Paint;
use crate::render::review::table;
use crate::words::{count, people};

/// Who had which role at that time.
#[must_use]
pub fn access_at_text(access: &AccessAt, desired: &Desired, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold(&access.title(desired)));
    for sentence in access.facts() {
        let _ = writeln!(text, "{sentence}");
    }
    let rows: Vec<_> = access
        .lines
        .iter()
        .map(|line| {
            let evidence = access.question.history.line_evidence(line, desired);
            [line.email.to_string(), desired.project_name(line.project), line.roles(desired), evidence]
        })
        .collect();
    if !rows.is_empty() {
        text.push('\n');
    }
    text.push_str(&table(&rows));
    text
}

/// What changed since then.
#[must_use]
pub fn changes_text(changes: &Changes, desired: &Desired, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold(&changes.title(desired)));
    for sentence in changes.facts() {
        let _ = writeln!(text, "{sentence}");
    }
    for kind in ChangeKind::ALL {
        let of_kind = changes.changes.iter().filter(|(of, _)| *of == kind);
        let rows: Vec<_> = of_kind
            .map(|(_, change)| {
                let access = format!(
                    "{} → {}",
                    role(desired, change.from.as_ref()),
                    role(desired, change.to.as_ref())
                );
                let evidence = changes.question.history.evidence(change);
                [change.email.to_string(), desired.project_name(&change.project), access, evidence]
            })
            .collect();
        if !rows.is_empty() {
            let heading = format!("{} ({})", kind.heading(), rows.len());
            let _ = writeln!(text, "\n{}", paint.bold(&heading));
            for line in table(&rows).lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
    }
    text
}

impl AccessAt<'_> {
    /// The title of the page.
    pub(super) fn title(&self, desired: &Desired) -> String {
        let limits = self.question.limits(desired);
        format!("Access{limits} at {}, {}, from the ledger", time(self.at), self.question.endpoint)
    }

    /// What the page rests on, and its numbers.
    pub(super) fn facts(&self) -> Vec<String> {
        let mut facts = vec![self.question.knowledge()];
        if self.question.known_since().is_some_and(|since| self.at < since) {
            facts.push("This is before that: only what guestlist itself granted is known.".to_owned());
        }
        facts.extend(self.question.damage());
        let who: BTreeSet<_> = self.lines.iter().map(|line| line.email).collect();
        let projects: BTreeSet<_> = self.lines.iter().map(|line| line.project).collect();
        let uncertain = self.lines.iter().filter(|line| !line.open.is_empty()).count();
        facts.push(format!(
            "{} with {} in {}; {uncertain} uncertain.",
            people(who.len()),
            count(self.lines.len(), "role"),
            count(projects.len(), "project")
        ));
        facts
    }
}

impl AccessLine<'_> {
    /// `USER`, or `USER or ADMIN` between two readings.
    pub(super) fn roles(&self, desired: &Desired) -> String {
        let names: Vec<_> = self.possible().into_iter().map(|it| role(desired, it)).collect();
        names.join(" or ")
    }
}

impl Changes<'_> {
    /// The title of the page.
    pub(super) fn title(&self, desired: &Desired) -> String {
        let Self { question, since, until, .. } = self;
        let limits = question.limits(desired);
        let (since, until) = (time(*since), time(*until));
        format!("Access changes{limits} from {since} to {until}, {}, from the ledger", question.endpoint)
    }

    /// What the page rests on, and its numbers.
    pub(super) fn facts(&self) -> Vec<String> {
        let number = |kind: ChangeKind| format!("{} {}", self.count(kind), kind.heading().to_lowercase());
        let numbers: Vec<_> = ChangeKind::ALL.map(number).into();
        let numbers = numbers.join(" · ").replace("admin", "ADMIN");
        std::iter::once(self.question.knowledge()).chain(self.question.damage()).chain([numbers]).collect()
    }
}
