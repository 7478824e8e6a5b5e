//! The history for a terminal: one line for each role, or for each change.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::sentences::{role, time};
use super::{AccessAt, AccessLine, ChangeKind, Changes, Question};
use crate::history::AccessChange;
use crate::render::Paint;
use crate::render::review::table;
use crate::words::{count, people};

/// Who had which role at that time.
#[must_use]
pub fn access_at_text(access: &AccessAt, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold(&access.title()));
    for sentence in access.facts() {
        let _ = writeln!(text, "{sentence}");
    }
    let rows: Vec<_> = access.lines.iter().map(|line| access.cells(line)).collect();
    if !rows.is_empty() {
        text.push('\n');
    }
    text.push_str(&table(&rows));
    text
}

/// What changed since then.
#[must_use]
pub fn changes_text(changes: &Changes, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold(&changes.title()));
    for sentence in changes.facts() {
        let _ = writeln!(text, "{sentence}");
    }
    for kind in ChangeKind::ALL {
        let of_kind = changes.changes.iter().filter(|(of, _)| *of == kind);
        let rows: Vec<_> = of_kind.map(|(_, change)| changes.cells(change)).collect();
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
    pub(super) fn title(&self) -> String {
        let limits = self.question.limits();
        format!("Access{limits} at {}, {}, from the ledger", time(self.at), self.question.endpoint)
    }

    /// The person, the project, the role (`USER or ADMIN` between two readings), and how it is known.
    pub(super) fn cells(&self, line: &AccessLine) -> [String; 4] {
        let Question { history, desired, .. } = self.question;
        let names: Vec<_> = line.possible().into_iter().map(|it| role(desired, it)).collect();
        let project = desired.project_name(line.project);
        [line.email.to_string(), project, names.join(" or "), history.line_evidence(line, desired)]
    }

    /// What the page rests on, and its numbers.
    pub(super) fn facts(&self) -> Vec<String> {
        let mut facts = vec![self.question.knowledge()];
        if self.question.known_since().is_some_and(|since| self.at < since) {
            facts.push(
                "This is before the first reading: only what guestlist itself granted is known.".to_owned(),
            );
        } else if self.question.known_until.is_some_and(|until| self.at > until) {
            facts.push("This is after the last reading: what has changed outside guestlist since then is not known yet.".to_owned());
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

impl Changes<'_> {
    /// The title of the page.
    pub(super) fn title(&self) -> String {
        let Self { question, since, until, .. } = self;
        let limits = question.limits();
        let (since, until) = (time(*since), time(*until));
        format!("Access changes{limits} from {since} to {until}, {}, from the ledger", question.endpoint)
    }

    /// The person, the project, the roles before and after, and how it is known.
    pub(super) fn cells(&self, change: &AccessChange) -> [String; 4] {
        let Question { history, desired, .. } = self.question;
        let [from, to] = [&change.from, &change.to].map(|it| role(desired, it.as_ref()));
        let roles = if change.is_inventory() { to } else { format!("{from} → {to}") };
        [change.email.to_string(), desired.project_name(&change.project), roles, history.evidence(change)]
    }

    /// What the page rests on, and its numbers.
    pub(super) fn facts(&self) -> Vec<String> {
        let number = |kind: ChangeKind| format!("{} {}", self.count(kind), kind.heading().to_lowercase());
        let numbers: Vec<_> = ChangeKind::ALL.map(number).into();
        let numbers = numbers.join(" · ").replace("admin", "ADMIN");
        std::iter::once(self.question.knowledge()).chain(self.question.damage()).chain([numbers]).collect()
    }
}
