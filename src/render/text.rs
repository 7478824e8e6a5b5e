//! A plan for a terminal: the verdict, then what a reviewer must not miss, then the rest.

use std::fmt::Write as _;

use super::columns::{Columns, fold};
use super::sections::{Row, Section, Topic, sections};
use super::verdict::{emails, origins_text, policy_change, source, verdict};
use super::{Paint, View};

/// The width before each email: two spaces, a sign, a space.
const MARGIN: usize = 4;

/// The plan as text.
#[must_use]
pub fn text(view: &View, paint: Paint) -> String {
    let width = view.width.map(|width| width.saturating_sub(MARGIN));
    let emails = emails(view);
    let columns = Columns::fitting(emails.iter().map(String::as_str), width);
    let mut page = Page { paint, columns, width, text: String::new() };
    let plan = view.plan;
    let sections = sections(view);
    page.verdict(&verdict(view, &sections), plan.is_clean());
    let what = format!("Plan for {} on {}; {}", plan.endpoint, plan.date, source(view));
    let _ = writeln!(page.text, "{}", paint.dim(&what));
    page.refusals(view);
    page.policy_changes(view);
    for section in &sections {
        page.section(section);
    }
    page.closing(view);
    page.text
}

struct Page {
    paint: Paint,
    columns: Columns,
    width: Option<usize>,
    text: String,
}

impl Page {
    fn verdict(&mut self, verdict: &str, is_clean: bool) {
        let lines = self.width.map_or_else(|| vec![verdict.to_owned()], |width| fold(verdict, width));
        for line in lines {
            let line = if is_clean { self.paint.green(&line) } else { self.paint.bold(&line) };
            let _ = writeln!(self.text, "{line}");
        }
    }

    fn policy_changes(&mut self, view: &View) {
        if view.policy_changes().is_empty() {
            return;
        }
        self.heading("Policy changes", view.policy_changes().len());
        for change in view.policy_changes() {
            let line = policy_change(change);
            let row = self.width.map_or_else(|| vec![line.clone()], |width| fold(&line, width));
            self.rows(&self.paint.yellow(if change.loosened { "!" } else { "~" }), &row);
        }
    }

    fn section(&mut self, section: &Section) {
        let sign = match section.topic {
            Topic::LosesAccess | Topic::LosesAdmin => self.paint.red("-"),
            Topic::BecomesAdmin | Topic::NeedsAttention => self.paint.yellow("!"),
            Topic::Invited | Topic::GainsAccess => self.paint.green("+"),
            Topic::ChangesRole => self.paint.yellow("~"),
            Topic::Waiting | Topic::Dates | Topic::NotChanged => self.paint.dim("·"),
        };
        self.heading(section.topic.title(), section.total());
        for Row { email, text } in &section.rows {
            let row = match (email, self.width) {
                (Some(email), _) => self.columns.row(&email.to_string(), text),
                (None, Some(width)) => fold(text, width),
                (None, None) => vec![text.clone()],
            };
            let is_plain = section.topic.is_change() || section.topic.matters();
            let row: Vec<_> =
                row.into_iter().map(|line| if is_plain { line } else { self.paint.dim(&line) }).collect();
            self.rows(&sign, &row);
        }
        if section.folded > 0 {
            let more = format!("… and {} more that `prune` keeps", section.folded);
            self.rows(&sign, &[self.paint.dim(&more)]);
        }
    }

    /// Only the first line has the sign.
    fn rows(&mut self, sign: &str, row: &[String]) {
        for (n, line) in row.iter().enumerate() {
            let _ = writeln!(self.text, "  {} {line}", if n == 0 { sign } else { " " });
        }
    }

    fn refusals(&mut self, view: &View) {
        if view.plan.refused.is_empty() {
            return;
        }
        let _ = writeln!(self.text);
        for refusal in &view.plan.refused {
            self.paragraph("Blocked:", &view.refusal(refusal), Paint::red);
        }
    }

    fn closing(&mut self, view: &View) {
        let _ = writeln!(self.text);
        if let Some(text) = origins_text(view) {
            self.paragraph("Against the base:", &text, Paint::bold);
        }
        let _ = writeln!(self.text, "{}", self.paint.dim(&format!("Plan id: {}", view.plan.id)));
    }

    /// A sentence after a word in another color.
    fn paragraph(&mut self, lead: &str, text: &str, paint: fn(Paint, &str) -> String) {
        let folded = self.width.map(|width| fold(&format!("{lead} {text}"), width));
        let folded = folded.map_or_else(|| format!("{lead} {text}"), |lines| lines.join("\n"));
        let rest = folded.strip_prefix(lead).unwrap_or(&folded);
        let _ = writeln!(self.text, "{}{rest}", paint(self.paint, lead));
    }

    fn heading(&mut self, title: &str, number: usize) {
        let _ = writeln!(self.text, "\n{}", self.paint.bold(&format!("{title} ({number})")));
    }
}
