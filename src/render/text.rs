//! A plan for a terminal: what must not be missed first, then the rest, then the numbers.

use std::fmt::Write as _;

use super::columns::{Columns, fold};
use super::highlights::{emails, learned, numbers, origins_text};
use super::sections::{Section, Sort, notes, sections};
use super::{Paint, View};
use crate::plan::Note;

/// What stands before each email: two spaces, a sign, a space.
const MARGIN: usize = 4;

/// The plan as text.
#[must_use]
pub fn text(view: &View, paint: Paint) -> String {
    let width = view.width.map(|width| width.saturating_sub(MARGIN));
    let emails = emails(view);
    let columns = Columns::fitting(emails.iter().map(String::as_str), width);
    let mut page = Page { paint, columns, width, text: String::new() };
    let plan = view.plan;
    let _ = writeln!(page.text, "{}", paint.bold(&format!("Plan for {} on {}", plan.endpoint, plan.date)));
    let _ = writeln!(page.text, "{}", paint.dim(&learned(view)));
    for section in sections(view) {
        page.section(&section);
    }
    for (title, notes) in notes(view) {
        page.notes(title, &notes);
    }
    page.refusals(view);
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
    fn section(&mut self, section: &Section) {
        let Section { title, sort, lines } = section;
        let sign = match sort {
            Sort::TakenAway => self.paint.red("-"),
            Sort::NewAdmin => self.paint.yellow("!"),
            Sort::Granted => self.paint.green("+"),
            Sort::Changed => self.paint.yellow("~"),
        };
        self.heading(title, lines.len());
        for (email, parts) in lines {
            let row = self.columns.row(&email.to_string(), &parts.join(", "));
            self.rows(&sign, &row);
        }
    }

    fn notes(&mut self, title: &str, notes: &[&Note]) {
        self.heading(title, notes.len());
        for note in notes {
            let row = match (&note.email, self.width) {
                (Some(email), _) => self.columns.row(&email.to_string(), &note.text),
                (None, Some(width)) => fold(&note.text, width),
                (None, None) => vec![note.text.clone()],
            };
            let row: Vec<_> = row.iter().map(|line| self.paint.dim(line)).collect();
            self.rows(&self.paint.dim("·"), &row);
        }
    }

    /// The sign stands before the first line only.
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
            self.paragraph("Refused:", &refusal.text, Paint::red);
        }
    }

    fn closing(&mut self, view: &View) {
        let _ = writeln!(self.text);
        let numbers = numbers(view);
        if view.plan.changes.is_empty() {
            let _ = writeln!(self.text, "{}", self.paint.green(&numbers));
        } else {
            self.paragraph("Plan:", &numbers, Paint::bold);
        }
        if let Some(text) = origins_text(view) {
            self.paragraph("Against the base:", &text, Paint::bold);
        }
        let _ = writeln!(self.text, "{}", self.paint.dim(&format!("Plan id: {}", view.plan.id)));
    }

    /// A sentence after a word that stands out.
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
