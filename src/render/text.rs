//! A plan for a terminal: what must not be missed first, then the rest, then the numbers.

use std::fmt::Write as _;

use super::columns::{Columns, fold};
use super::highlights::{learned, numbers, origins_line};
use super::sections::{Section, Sort, notes, sections};
use super::{Paint, View};
use crate::plan::{Change, Note};

/// What stands before each email: two spaces, a sign, a space.
const MARGIN: usize = 4;

/// The plan as text.
#[must_use]
pub fn text(view: &View, paint: Paint) -> String {
    let width = view.width.map(|width| width.saturating_sub(MARGIN));
    let emails: Vec<String> = emails(view);
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
            let _ = writeln!(self.text, "{} {}", self.paint.red("Refused:"), refusal.text);
        }
    }

    fn closing(&mut self, view: &View) {
        let _ = writeln!(self.text);
        let numbers = numbers(view);
        let _ = if view.plan.changes.is_empty() {
            writeln!(self.text, "{}", self.paint.green(&numbers))
        } else {
            writeln!(self.text, "{} {numbers}", self.paint.bold("Plan:"))
        };
        if let Some(line) = origins_line(view) {
            let _ = writeln!(self.text, "{line}");
        }
        let _ = writeln!(self.text, "{}", self.paint.dim(&format!("Plan id: {}", view.plan.id)));
    }

    fn heading(&mut self, title: &str, number: usize) {
        let _ = writeln!(self.text, "\n{}", self.paint.bold(&format!("{title} ({number})")));
    }
}

fn emails(view: &View) -> Vec<String> {
    let changed = view.plan.changes.iter().map(Change::email);
    let noted = view.plan.notes.iter().filter_map(|note| note.email.as_ref());
    changed.chain(noted).map(ToString::to_string).collect()
}
