//! A plan for a terminal: the verdict, then what a reviewer must not miss, then the rest.

use std::fmt::Write as _;

use super::columns::{Columns, fold};
use super::sections::{Block, Part, Section, SectionRow, Topic, blocks};
use super::verdict::{block_heading, emails, policy_change, source, verdict};
use super::{Paint, View, sentences};

/// The width before each email: two spaces, a sign, a space.
const MARGIN: usize = 4;

/// The plan as text.
#[must_use]
pub fn text(view: &View, paint: Paint) -> String {
    let width = view.width.map(|width| width.saturating_sub(MARGIN));
    let emails = emails(view);
    let columns = Columns::fitting(emails.iter().map(String::as_str), width);
    let mut page = TextWriter { paint, columns, width, text: String::new() };
    let plan = view.plan;
    let blocks = blocks(view);
    page.verdict(&verdict(view, &blocks), plan.is_clean());
    let what = format!("Plan for {} on {}; {}", plan.endpoint, plan.date, source(view));
    let _ = writeln!(page.text, "{}", paint.dim(&what));
    if let Some(only) = sentences::only(view, ToString::to_string) {
        let only = page.folded(&only).join("\n");
        let _ = writeln!(page.text, "{}", paint.bold(&only));
    }
    page.refusals(view);
    page.policy_changes(view);
    for block in &blocks {
        page.block(view, block);
    }
    let _ = writeln!(page.text, "\n{}", paint.dim(&format!("Plan id: {}", plan.id)));
    page.text
}

struct TextWriter {
    paint: Paint,
    columns: Columns,
    width: Option<usize>,
    text: String,
}

impl TextWriter {
    fn verdict(&mut self, verdict: &str, is_clean: bool) {
        for line in self.folded(verdict) {
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
            let row = self.folded(&policy_change(change));
            self.rows(&self.paint.yellow(if change.loosened { "!" } else { "~" }), &row);
        }
    }

    fn block(&mut self, view: &View, block: &Block) {
        if let Some(heading) = block_heading(block) {
            let _ = writeln!(self.text);
            for line in self.folded(&heading) {
                let _ = writeln!(self.text, "{}", self.paint.bold(&line));
            }
        }
        let sentences = match block.part {
            Some(Part::Before) => sentences::already_different(view, ToString::to_string),
            _ => Vec::new(),
        };
        for sentence in sentences {
            let lines = self.folded(&sentence).join("\n");
            let _ = writeln!(self.text, "{lines}");
        }
        for section in &block.sections {
            self.section(section);
        }
    }

    fn section(&mut self, section: &Section) {
        let sign = match section.topic {
            Topic::LosesAccess | Topic::LosesAdmin => self.paint.red("-"),
            Topic::BecomesAdmin | Topic::NeedsAttention => self.paint.yellow("!"),
            Topic::Invited | Topic::GainsAccess => self.paint.green("+"),
            Topic::ChangesRole => self.paint.yellow("~"),
            Topic::Waiting | Topic::Dates | Topic::Reasons | Topic::NotChanged => self.paint.dim("·"),
        };
        self.heading(section.topic.title(), section.total());
        let is_plain = section.topic.is_change() || section.topic.is_crucial();
        for row in &section.rows {
            let lines = self.row(row).into_iter();
            let lines = lines.map(|line| if is_plain { line } else { self.paint.dim(&line) });
            self.rows(&sign, &lines.collect::<Vec<_>>());
        }
        if section.folded > 0 {
            let more = format!("… and {} more that `prune` keeps", section.folded);
            self.rows(&sign, &[self.paint.dim(&more)]);
        }
    }

    fn row(&self, row: &SectionRow) -> Vec<String> {
        match row.email {
            Some(email) => self.columns.row(&email.to_string(), &row.line()),
            None => self.folded(&row.line()),
        }
    }

    /// Only the first line has the sign.
    fn rows(&mut self, sign: &str, row: &[String]) {
        for (n, line) in row.iter().enumerate() {
            let _ = writeln!(self.text, "  {} {line}", if n == 0 { sign } else { " " });
        }
    }

    fn refusals(&mut self, view: &View) {
        const LEAD: &str = "Blocked:";
        if view.plan.refused.is_empty() {
            return;
        }
        let _ = writeln!(self.text);
        for refusal in &view.plan.refused {
            let text = self.folded(&format!("{LEAD} {}", view.refusal(refusal))).join("\n");
            let text = text.replacen(LEAD, &self.paint.red(LEAD), 1);
            let _ = writeln!(self.text, "{text}");
        }
    }

    fn heading(&mut self, title: &str, number: usize) {
        let _ = writeln!(self.text, "\n{}", self.paint.bold(&format!("{title} ({number})")));
    }

    fn folded(&self, text: &str) -> Vec<String> {
        self.width.map_or_else(|| vec![text.to_owned()], |width| fold(text, width))
    }
}
