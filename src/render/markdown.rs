//! A plan as a comment on a pull request.
//!
//! Whatever comes from files and the service stands in code, where nothing mentions, links or breaks out.
//! A comment has a bounded length. What does not fit is left out person by person and counted; what a
//! reviewer must not miss stands first and is cut last.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::View;
use super::columns::{Columns, fold};
use super::highlights::{emails, learned, numbers, origins_text};
use super::sections::{BY_HAND, Section, Sort, notes, sections};
use crate::identity::Email;
use crate::inert::{code, fence};
use crate::plan::Note;
use crate::wording::{count, people};

/// The longest comment, in bytes, which are never fewer than characters.
const LONGEST: usize = 60_000;

/// By this line a bot finds its comment again.
const MARKER: &str = "<!-- guestlist -->";

/// How wide a block of code may be without a scroll bar.
const WIDTH: usize = 100;

/// The longest that one person may take in a section, and the refusals together.
const LONGEST_ROW: usize = 4_000;
const LONGEST_REFUSALS: usize = 10_000;

/// What a section needs besides its rows.
const FRAME: usize = 200;

/// The plan as Markdown of at most 60,000 characters.
#[must_use]
pub fn markdown(view: &View) -> String {
    let mut head = format!("{MARKER}\n### guestlist: {}\n", title(view));
    head.push_str(&refusals(view));
    let tail = closing(view);
    let sections = sections(view);
    let emails = emails(view);
    let columns = Columns::fitting(emails.iter().map(String::as_str), Some(WIDTH));
    let mut page = Page {
        columns,
        room: LONGEST.saturating_sub(head.len() + tail.len() + FRAME * (sections.len() + 3)),
        text: head,
        left_out: BTreeSet::new(),
    };
    for section in &sections {
        page.section(section);
    }
    page.notes(view);
    page.say_what_is_left_out();
    page.text.push_str(&tail);
    page.text
}

struct Page<'a> {
    columns: Columns,
    text: String,
    /// How many bytes of rows still fit.
    room: usize,
    left_out: BTreeSet<&'a Email>,
}

impl<'a> Page<'a> {
    fn section(&mut self, section: &Section<'a>) {
        let Section { title, sort, lines } = section;
        // The signs by which a `diff` block is coloured.
        let sign = match sort {
            Sort::TakenAway => '-',
            Sort::NewAdmin | Sort::Changed => '!',
            Sort::Granted => '+',
        };
        let mut shown = Vec::new();
        let mut people = lines.iter();
        for (email, parts) in people.by_ref() {
            let row = self.row(&email.to_string(), &parts.join(", "));
            let row: Vec<_> = row.iter().map(|line| format!("{sign} {line}")).collect();
            if !self.take(&row) {
                self.left_out.insert(email);
                // Nothing that matters less is shown in its place.
                self.room = 0;
                break;
            }
            shown.extend(row);
        }
        let rest: Vec<_> = people.map(|(email, _)| *email).collect();
        self.left_out.extend(rest);
        let _ = writeln!(self.text, "\n**{title} ({})**\n", lines.len());
        if !shown.is_empty() {
            self.text.push_str(&fence("diff", &shown));
        }
        let hidden = lines.keys().filter(|email| self.left_out.contains(*email)).count();
        if hidden > 0 {
            let _ = writeln!(self.text, "\n… and {hidden} more, left out here");
        }
    }

    fn notes(&mut self, view: &View) {
        let (by_hand, rest): (Vec<_>, Vec<_>) =
            notes(view).into_iter().partition(|(title, _)| *title == BY_HAND);
        for (title, notes) in by_hand {
            let total = notes.len();
            let (block, hidden) = self.block(&[("", notes)]);
            let _ = write!(self.text, "\n**{title} ({total})**\n\n{block}");
            self.say_how_many_more(hidden);
        }
        let total: usize = rest.iter().map(|(_, notes)| notes.len()).sum();
        if total > 0 {
            let (block, hidden) = self.block(&rest);
            let total = count(total, "note");
            let _ = writeln!(self.text, "\n<details><summary>{total}, nothing to apply</summary>\n\n{block}");
            self.say_how_many_more(hidden);
            self.text.push_str("</details>\n");
        }
    }

    /// The notes that fit, under their headings, and how many do not.
    fn block(&mut self, groups: &[(&str, Vec<&Note>)]) -> (String, usize) {
        let mut shown = Vec::new();
        let mut hidden = 0;
        for (title, notes) in groups {
            let heading = vec![format!("{title} ({})", notes.len())];
            if !title.is_empty() && hidden == 0 && self.take(&heading) {
                shown.extend(heading);
            }
            for note in notes {
                let row = match &note.email {
                    Some(email) => self.row(&email.to_string(), &note.text),
                    None => fold(&clipped(&note.text, LONGEST_ROW), WIDTH),
                };
                let row: Vec<_> = row.iter().map(|line| format!("  {line}")).collect();
                if hidden == 0 && self.take(&row) {
                    shown.extend(row);
                } else {
                    hidden += 1;
                }
            }
        }
        (if shown.is_empty() { String::new() } else { fence("text", &shown) }, hidden)
    }

    fn say_how_many_more(&mut self, hidden: usize) {
        if hidden > 0 {
            let _ = writeln!(self.text, "… and {hidden} more, left out here\n");
        }
    }

    fn say_what_is_left_out(&mut self) {
        if !self.left_out.is_empty() {
            let number = self.left_out.len();
            let are = if number == 1 { "is" } else { "are" };
            let _ = writeln!(
                self.text,
                "\n**{} {are} left out, for the length of a comment.** `guestlist plan` shows all.",
                people(number)
            );
        }
    }

    fn row(&self, email: &str, what: &str) -> Vec<String> {
        self.columns.row(&clipped(email, WIDTH), &clipped(what, LONGEST_ROW))
    }

    /// Whether these lines still fit; if so they are counted.
    fn take(&mut self, lines: &[String]) -> bool {
        // A line may grow by its fence: one backtick more in it is one more in each fence.
        let ticks = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max();
        let cost = lines.iter().map(|line| line.len() + 1).sum::<usize>()
            + 2 * ticks.filter(|n| *n > 2).unwrap_or(0);
        let fits = cost <= self.room;
        if fits {
            self.room -= cost;
        }
        fits
    }
}

fn title(view: &View) -> String {
    match (view.plan.refused.is_empty(), view.plan.changes.is_empty()) {
        (false, _) => "refused".to_owned(),
        (true, true) => "no changes".to_owned(),
        (true, false) => count(view.plan.changes.len(), "change"),
    }
}

fn refusals(view: &View) -> String {
    let refused = &view.plan.refused;
    if refused.is_empty() {
        return String::new();
    }
    let all: Vec<_> =
        refused.iter().flat_map(|refusal| fold(&format!("× {}", refusal.text), WIDTH)).collect();
    let mut room = LONGEST_REFUSALS;
    let mut shown: Vec<_> = all
        .iter()
        .take_while(|line| {
            let fits = line.len() < room;
            room = room.saturating_sub(line.len() + 1);
            fits
        })
        .cloned()
        .collect();
    if shown.len() < all.len() {
        shown.push("… and more: `guestlist plan` shows all".to_owned());
    }
    let (guards, verb) = if refused.len() == 1 { ("A guard", "refuses") } else { ("Guards", "refuse") };
    let block = fence("text", &shown);
    let block: Vec<_> = block.lines().map(|line| format!("> {line}\n")).collect();
    format!(
        "\n> [!CAUTION]\n> **{guards} {verb} this plan. Nothing of it will be applied.**\n>\n{}",
        block.concat()
    )
}

fn closing(view: &View) -> String {
    let plan = view.plan;
    let mut text = format!("\n**{}**\n", numbers(view));
    if let Some(line) = origins_text(view) {
        let _ = writeln!(text, "\nAgainst the base: {line}");
    }
    let _ = writeln!(
        text,
        "\nFor {} on {}; {}. Plan id: {}",
        code(&clipped(&plan.endpoint.to_string(), LONGEST_ROW)),
        plan.date,
        learned(view),
        code(plan.id.as_str())
    );
    text
}

/// `text`, cut where it is longer than any that is true.
fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
