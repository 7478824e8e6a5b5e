//! A plan as a comment on a pull request.
//!
//! Whatever comes from files and the service stands in code, where nothing mentions, links or breaks out.
//! A comment has a bounded length. What does not fit is left out person by person and counted; what a
//! reviewer must not miss stands first and is cut last.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::View;
use super::columns::{Columns, fold};
use super::sections::{Row, Section, Topic, sections};
use super::verdict::{emails, origins_text, policy_change, source, verdict};
use crate::escape::{code, fence};
use crate::model::Email;
use crate::words::{count, people};

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

/// A section with more rows is folded under its count, unless a reviewer must not miss it.
const OPEN_ROWS: usize = 20;

/// Rows with the same text are listed under it once from this number on.
const SHARED_BY: usize = 4;

/// The plan as Markdown of at most 60,000 characters.
#[must_use]
pub fn markdown(view: &View) -> String {
    let sections = sections(view);
    let mut head = format!("{MARKER}\n### guestlist: {}\n", verdict(view, &sections));
    head.push_str(&refusals(view));
    head.push_str(&policy_changes(view));
    let tail = closing(view);
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
        // The signs by which a `diff` block is coloured.
        let sign = match section.topic {
            Topic::LosesAccess | Topic::LosesAdmin => "- ",
            Topic::BecomesAdmin | Topic::ChangesRole => "! ",
            Topic::Invited | Topic::GainsAccess => "+ ",
            Topic::NeedsAttention | Topic::Waiting | Topic::Dates | Topic::NotChanged => "",
        };
        let (mut shown, mut hidden) = (Vec::new(), 0);
        for group in groups(&section.rows) {
            let fitting = if hidden == 0 { self.take_most(&group, sign, &mut shown) } else { 0 };
            let rest = &group[fitting..];
            hidden += rest.len();
            if section.topic.is_change() {
                self.left_out.extend(rest.iter().filter_map(|row| row.email));
            }
        }
        if hidden > 0 && section.topic.matters() {
            // Nothing that matters less is shown in its place.
            self.room = 0;
        }
        let heading = format!("{} ({})", section.topic.title(), section.total());
        let is_folded =
            !section.topic.matters() && (section.total() > OPEN_ROWS || !section.topic.is_change());
        if is_folded {
            let _ = writeln!(self.text, "\n<details><summary>{heading}</summary>\n");
        } else {
            let _ = writeln!(self.text, "\n**{heading}**\n");
        }
        if !shown.is_empty() {
            self.text.push_str(&fence(if sign.is_empty() { "text" } else { "diff" }, &shown));
        }
        self.say_how_many_more(hidden);
        if section.folded > 0 {
            let _ = writeln!(self.text, "… and {} more that `prune` keeps\n", section.folded);
        }
        if is_folded {
            self.text.push_str("</details>\n");
        }
    }

    /// Shows as many rows of `group` as fit, and returns how many these are.
    fn take_most(&mut self, group: &[&Row<'a>], sign: &str, shown: &mut Vec<String>) -> usize {
        let signed = |page: &Self, rows: &[&Row<'a>]| -> Vec<String> {
            page.lines(rows).into_iter().map(|line| format!("{sign}{line}")).collect()
        };
        let (mut fitting, mut beyond) = (0, group.len() + 1);
        while fitting + 1 < beyond {
            let middle = if beyond > group.len() { group.len() } else { usize::midpoint(fitting, beyond) };
            if Self::cost(&signed(self, &group[..middle])) <= self.room {
                fitting = middle;
            } else {
                beyond = middle;
            }
        }
        if fitting > 0 {
            let lines = signed(self, &group[..fitting]);
            self.room = self.room.saturating_sub(Self::cost(&lines));
            shown.extend(lines);
        }
        fitting
    }

    /// Rows that share a text as that text and their people, and any other row by itself.
    fn lines(&self, group: &[&Row<'a>]) -> Vec<String> {
        let [first, ..] = group else { return Vec::new() };
        if group.len() >= SHARED_BY {
            let people: Vec<_> =
                group.iter().filter_map(|row| row.email).map(|it| clipped(&it.to_string(), WIDTH)).collect();
            let mut lines =
                fold(&clipped(&format!("{} ({}):", first.text, people.len()), LONGEST_ROW), WIDTH);
            lines.extend(fold(&people.join(", "), WIDTH - 2).into_iter().map(|line| format!("  {line}")));
            return lines;
        }
        let row = |row: &&Row| match row.email {
            Some(email) => self.row(&email.to_string(), &row.text),
            None => fold(&clipped(&row.text, LONGEST_ROW), WIDTH),
        };
        group.iter().flat_map(row).collect()
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

    /// How many bytes these lines take.
    fn cost(lines: &[String]) -> usize {
        // A line may grow by its fence: one backtick more in it is one more in each fence.
        let ticks = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max();
        lines.iter().map(|line| line.len() + 1).sum::<usize>() + 2 * ticks.filter(|n| *n > 2).unwrap_or(0)
    }
}

/// The rows in their order, those with the same text together if there are many of them.
fn groups<'r, 'a>(rows: &'r [Row<'a>]) -> Vec<Vec<&'r Row<'a>>> {
    let mut by_text: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.email.is_some()) {
        by_text.entry(&row.text).or_default().push(row);
    }
    by_text.retain(|_, rows| rows.len() >= SHARED_BY);
    let mut groups = Vec::new();
    for row in rows {
        match by_text.get_mut(row.text.as_str()) {
            Some(shared) if row.email.is_some() => {
                if !shared.is_empty() {
                    groups.push(std::mem::take(shared));
                }
            }
            _ => groups.push(vec![row]),
        }
    }
    groups
}

fn policy_changes(view: &View) -> String {
    if view.policy_changes().is_empty() {
        return String::new();
    }
    let lines: Vec<_> = view
        .policy_changes()
        .iter()
        .flat_map(|change| {
            let sign = if change.loosened { '!' } else { ' ' };
            let folded = fold(&clipped(&policy_change(change), LONGEST_ROW), WIDTH);
            folded.into_iter().map(move |line| format!("{sign} {line}"))
        })
        .collect();
    format!("\n**Policy changes ({})**\n\n{}", view.policy_changes().len(), fence("diff", &lines))
}

fn refusals(view: &View) -> String {
    let refused = &view.plan.refused;
    if refused.is_empty() {
        return String::new();
    }
    let all: Vec<_> =
        refused.iter().flat_map(|refusal| fold(&format!("× {}", view.refusal(refusal)), WIDTH)).collect();
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
    let guards = count(refused.len(), "guard");
    let block = fence("text", &shown);
    let block: Vec<_> = block.lines().map(|line| format!("> {line}\n")).collect();
    format!("\n> [!CAUTION]\n> **Plan blocked by {guards}; nothing will be applied.**\n>\n{}", block.concat())
}

fn closing(view: &View) -> String {
    let plan = view.plan;
    let mut text = String::new();
    if let Some(line) = origins_text(view) {
        let _ = writeln!(text, "\nAgainst the base: {line}");
    }
    let _ = writeln!(
        text,
        "\nFor {} on {}; {}. Plan id: {}",
        code(&clipped(&plan.endpoint.to_string(), LONGEST_ROW)),
        plan.date,
        source(view),
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
