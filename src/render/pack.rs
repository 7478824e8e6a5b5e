//! The rows of a section in Markdown: a line each where there are few, and people with the same sentence side
//! by side where there are many.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{Columns, fold};
use super::sections::{Listed, SectionRow};
use crate::escape::{code, fence};
use crate::words;

/// The longest text of one row, in characters. No honest one is longer.
pub(super) const LONGEST_ROW: usize = 1_000;

/// The width of a fenced block without a scroll bar.
pub(super) const WIDTH: usize = 100;

/// From this number on, people with the same sentence or detail are listed under it.
const SHARED_BY: usize = 4;

/// The most lists of people; the people of further ones are in one more, each with the whole sentence.
const MOST_LISTS: usize = 15;

/// Rows as Markdown.
pub(super) struct Packed {
    /// Lists and a fenced block.
    pub(super) markdown: String,
    /// How many rows did not fit.
    pub(super) hidden: usize,
}

/// People who share a sentence.
struct List<'r> {
    lead: String,
    people: Vec<ListedRow<'r>>,
    /// Those with a detail in common.
    inner: Vec<(&'r str, Vec<ListedRow<'r>>)>,
}

/// A row in a list, and what is said of this person only.
#[derive(Clone, Copy)]
struct ListedRow<'r> {
    row: &'r SectionRow<'r>,
    detail: &'r str,
}

/// `rows` in less than `room` bytes. In up to `most_lines` lines, each row has one; notes with the same sentence
/// share it in any case. `sign` colors a line.
pub(super) fn pack(
    rows: &[SectionRow],
    columns: Columns,
    sign: &str,
    most_lines: usize,
    room: usize,
) -> Packed {
    let are_notes = sign.is_empty();
    let (lists, single) = if are_notes { lists(rows) } else { (Vec::new(), rows.iter().collect()) };
    let lines = lines(&single, columns, sign);
    let block =
        if lines.is_empty() { String::new() } else { fence(if are_notes { "text" } else { "diff" }, &lines) };
    let listed = write(&lists, &[], usize::MAX);
    if line_count(&lists) + lines.len() <= most_lines && listed.markdown.len() + block.len() < room {
        let gap = if listed.markdown.is_empty() || block.is_empty() { "" } else { "\n" };
        return Packed { markdown: format!("{}{gap}{block}", listed.markdown), hidden: 0 };
    }
    let (lists, single) = self::lists(rows);
    write(&lists, &single, room)
}

/// Every row as a line with its columns.
fn lines(rows: &[&SectionRow], columns: Columns, sign: &str) -> Vec<String> {
    let lines = rows.iter().flat_map(|row| {
        let text = words::clipped(&row.line(), LONGEST_ROW);
        match row.email {
            Some(email) => columns.row(&words::clipped(&email.to_string(), WIDTH), &text),
            None => fold(&text, WIDTH),
        }
    });
    lines.map(|line| format!("{sign}{line}")).collect()
}

fn line_count(lists: &[List]) -> usize {
    lists.iter().map(|list| 1 + list.inner.len()).sum()
}

/// Lists of people who share a sentence, and everyone else, in the order of `rows`.
fn lists<'r>(rows: &'r [SectionRow<'r>]) -> (Vec<List<'r>>, Vec<&'r SectionRow<'r>>) {
    let lead = |row: &'r SectionRow<'r>| match &row.sentence.listed {
        Some(Listed { lead, .. }) => lead.as_str(),
        None => row.sentence.text.as_str(),
    };
    let mut by_lead: BTreeMap<&str, Vec<ListedRow>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.email.is_some()) {
        let detail = row.sentence.listed.as_ref().map_or("", |listed| listed.detail.as_str());
        by_lead.entry(lead(row)).or_default().push(ListedRow { row, detail });
    }
    by_lead.retain(|_, people| people.len() >= SHARED_BY);
    let mut largest: Vec<_> = by_lead.iter().map(|(lead, people)| (people.len(), *lead)).collect();
    largest.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    for (_, lead) in largest.iter().skip(MOST_LISTS) {
        by_lead.remove(lead);
    }
    let (mut lists, mut single) = (Vec::new(), Vec::new());
    let listed: BTreeSet<&str> = by_lead.keys().copied().collect();
    for row in rows {
        match row.email.map(|_| lead(row)).filter(|lead| listed.contains(lead)) {
            None => single.push(row),
            // At the first of them.
            Some(lead) => lists.extend(by_lead.remove(lead).map(|people| List::new(lead, people))),
        }
    }
    while line_count(&lists) > MOST_LISTS
        && let Some(list) =
            lists.iter_mut().max_by_key(|list| list.inner.len()).filter(|it| !it.inner.is_empty())
    {
        list.people.extend(std::mem::take(&mut list.inner).into_iter().flat_map(|(_, people)| people));
    }
    (lists, single)
}

impl<'r> List<'r> {
    fn new(lead: &str, people: Vec<ListedRow<'r>>) -> Self {
        let mut by_detail: BTreeMap<&str, Vec<ListedRow>> = BTreeMap::new();
        for person in &people {
            by_detail.entry(person.detail).or_default().push(*person);
        }
        if let ([first, ..], 1) = (people.as_slice(), by_detail.len()) {
            // Everyone has the same detail, so it can be said in the whole sentence.
            let lead = if first.detail.is_empty() { lead } else { &first.row.sentence.text };
            let people = people.iter().map(|person| ListedRow { detail: "", ..*person }).collect();
            return Self { lead: lead.to_owned(), people, inner: Vec::new() };
        }
        by_detail.retain(|_, people| people.len() >= SHARED_BY);
        let people = people.into_iter().filter(|person| !by_detail.contains_key(person.detail)).collect();
        Self { lead: lead.to_owned(), people, inner: by_detail.into_iter().collect() }
    }

    fn len(&self) -> usize {
        self.people.len() + self.inner.iter().map(|(_, people)| people.len()).sum::<usize>()
    }
}

/// The lists, with as many people as fit in `room` bytes.
fn write(lists: &[List], single: &[&SectionRow], room: usize) -> Packed {
    let mut page = Packer { markdown: String::new(), room, hidden: 0 };
    let who = |person: &ListedRow| {
        let email = person.row.email.map(ToString::to_string).unwrap_or_default();
        if person.detail.is_empty() { email } else { format!("{email} ({})", person.detail) }
    };
    for list in lists {
        let has_inner = !list.inner.is_empty();
        page.list(&format!("- {}", lead(&list.lead, list.len())), list.people.iter().map(who), has_inner);
        for (detail, people) in &list.inner {
            let emails = people.iter().map(|person| who(&ListedRow { detail: "", ..*person }));
            page.list(&format!("  - {}", lead(detail, people.len())), emails, false);
        }
    }
    let whole = |row: &&SectionRow| match row.email {
        Some(email) => format!("{email}: {}", row.line()),
        None => row.line(),
    };
    page.list("-", single.iter().map(whole), false);
    Packed { markdown: page.markdown, hidden: page.hidden }
}

fn lead(text: &str, number: usize) -> String {
    format!("{} ({number}):", code(&words::clipped(text, LONGEST_ROW)))
}

struct Packer {
    markdown: String,
    room: usize,
    hidden: usize,
}

impl Packer {
    /// One list as a line. Nothing is written if nothing fits, or of an empty list without inner ones.
    fn list(&mut self, lead: &str, people: impl Iterator<Item = String>, has_inner: bool) {
        let mut line = lead.to_owned();
        let mut has_people = false;
        for person in people {
            let person = code(&words::clipped(&person, LONGEST_ROW));
            if self.hidden > 0 || self.markdown.len() + line.len() + person.len() + 2 >= self.room {
                self.hidden += 1;
                continue;
            }
            line.push(' ');
            line.push_str(&person);
            has_people = true;
        }
        if !has_people && !has_inner {
            return;
        }
        if self.markdown.len() + line.len() + 1 < self.room {
            self.markdown.push_str(&line);
            self.markdown.push('\n');
        } else {
            // Nor is there room for inner lists.
            self.room = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Email;
    use crate::render::sections::Sentence;

    fn row(email: &Email) -> SectionRow<'_> {
        let sentence = Sentence { text: "not in the file".to_owned(), listed: None };
        SectionRow { email: Some(email), sentence, aside: None, is_also_above: false }
    }

    #[test]
    fn no_one_is_shown_after_a_person_who_does_not_fit() {
        let emails = ["a@example.com", "a-longer-name@example.com", "b@example.com"].map(Email::as_received);
        let rows: Vec<_> = emails.iter().map(row).collect();
        let columns = Columns::fitting(emails.iter().map(Email::as_str), Some(WIDTH));
        let first = "- `a@example.com: not in the file`\n";
        let other = " `b@example.com: not in the file`";
        let Packed { markdown, hidden } = pack(&rows, columns, "", 0, first.len() + other.len() + 1);
        assert_eq!((markdown.as_str(), hidden), (first, 2));
    }

    #[test]
    fn as_many_people_are_shown_as_take_less_than_the_room() {
        let emails: Vec<_> = (0..6).map(|n| Email::as_received(&format!("p{n}@example.com"))).collect();
        let rows: Vec<_> = emails.iter().map(row).collect();
        let columns = Columns::fitting(emails.iter().map(Email::as_str), Some(WIDTH));
        let packed = |sign: &str, most_lines: usize, room: usize| {
            let Packed { markdown, hidden } = pack(&rows, columns, sign, most_lines, room);
            (markdown, hidden)
        };
        let list = |shown: usize| match shown {
            0 => String::new(),
            _ => format!(
                "- {} (6): {}\n",
                code("not in the file"),
                emails[..shown].iter().map(|email| code(email.as_str())).collect::<Vec<_>>().join(" ")
            ),
        };
        for shown in 1..=6 {
            let text = list(shown);
            let room = text.len();
            assert_eq!(packed("", 0, room + 1), (text, 6 - shown));
            assert_eq!(packed("", 0, room), (list(shown - 1), 7 - shown));
        }
        let lines: Vec<_> = emails.iter().map(|email| format!("+ {email}  not in the file")).collect();
        let block = fence("diff", &lines);
        assert_eq!(packed("+ ", 6, block.len() + 1), (block.clone(), 0));
        assert_eq!(packed("+ ", 5, block.len() + 1), (list(6), 0));
        assert_ne!(packed("+ ", 6, block.len()).0, block);
    }
}
