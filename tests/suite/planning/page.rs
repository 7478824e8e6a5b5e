//! Reads the page of a plan back as a person would: its numbers, its headings, and the rows under them.

use std::collections::BTreeMap;

/// A page.
#[derive(Debug)]
pub(super) struct PrintedPlan {
    pub(super) text: String,
    /// The numbers of the first line, by the words after each.
    pub(super) verdict: BTreeMap<String, usize>,
    blocks: Vec<(String, BTreeMap<String, usize>)>,
    sections: Vec<Section>,
}

/// A heading and its rows.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) block: Option<String>,
    pub(super) title: String,
    pub(super) number: usize,
    pub(super) rows: Vec<PrintedRow>,
    /// The rows that are said to be left out or folded.
    pub(super) more: usize,
    pub(super) is_folded: bool,
    /// The lines of its body.
    pub(super) lines: usize,
}

/// A row.
#[derive(Debug)]
pub(super) struct PrintedRow {
    pub(super) email: String,
    /// The changes in it, without marks of their origin.
    pub(super) items: Vec<String>,
    pub(super) is_invitation: bool,
}

impl PrintedPlan {
    pub(super) fn sections(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter()
    }

    /// The blocks that have numbers.
    pub(super) fn block_verdicts(&self) -> impl Iterator<Item = (Option<&str>, &BTreeMap<String, usize>)> {
        self.blocks.iter().map(|(title, numbers)| (Some(title.as_str()), numbers))
    }

    fn new(text: &str, verdict: &str) -> Self {
        Self { text: text.to_owned(), verdict: numbers(verdict), blocks: Vec::new(), sections: Vec::new() }
    }

    /// Takes a heading of a block, if it is one.
    fn block(&mut self, line: &str) -> bool {
        let (title, said) = line.split_once(": ").unwrap_or((line, ""));
        let is_block = ["This pull request", "Already different before it"].contains(&title);
        if is_block {
            self.blocks.push((title.to_owned(), numbers(said)));
        }
        is_block
    }

    fn open(&mut self, title: &str, number: usize) -> &mut Section {
        let block = self.blocks.last().map(|(title, _)| title.clone());
        self.sections.push(Section { block, title: title.to_owned(), number, ..Section::default() });
        self.sections.last_mut().expect("a section")
    }

    pub(super) fn of_text(text: &str) -> Self {
        let mut page = Self::new(text, text.lines().next().unwrap_or_default());
        for line in text.lines().skip(1) {
            if page.block(line) {
                continue;
            }
            if let Some((title, number)) = heading(line) {
                page.open(title, number);
                continue;
            }
            let Some(row) = line.strip_prefix("  ").and_then(|line| line.split_once(' ')) else { continue };
            let section = page.sections.last_mut().expect("a heading above the row");
            section.lines += 1;
            match more(row.1) {
                Some(more) => section.more += more,
                None => section.rows.push(PrintedRow::of_line(row.1, "  ")),
            }
        }
        page
    }

    pub(super) fn of_markdown(text: &str) -> Self {
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("<!-- guestlist -->"));
        let verdict = lines.next().and_then(|line| line.strip_prefix("### guestlist: "));
        let mut page = Self::new(text, verdict.expect("a verdict"));
        let mut fence: Option<Vec<String>> = None;
        for line in lines {
            if line.starts_with("```") {
                match (fence.take(), page.sections.last_mut()) {
                    (Some(rows), Some(section)) => {
                        section.rows.extend(rows.iter().map(|row| PrintedRow::of_line(row, "  ")));
                    }
                    (Some(_), None) => {}
                    (None, _) => fence = Some(Vec::new()),
                }
                continue;
            }
            if line.strip_prefix("### ").is_some_and(|line| page.block(line)) {
                continue;
            }
            let open = line.strip_prefix("**").and_then(|line| line.strip_suffix("**"));
            let folded =
                line.strip_prefix("<details><summary>").and_then(|line| line.strip_suffix("</summary>"));
            if let Some((title, number)) = open.or(folded).and_then(heading) {
                let section = page.open(title, number);
                section.is_folded = folded.is_some();
                continue;
            }
            let Some(section) = page.sections.last_mut() else { continue };
            section.lines += usize::from(!line.is_empty());
            if let Some(rows) = &mut fence {
                // A row goes on under its second column.
                let row = line.trim_start_matches(['-', '+', '!']).strip_prefix(' ').unwrap_or(line);
                match rows.last_mut() {
                    Some(above) if row.starts_with(' ') => *above = format!("{above} {}", row.trim()),
                    _ => rows.push(row.to_owned()),
                }
            } else if let Some(item) = line.trim_start().strip_prefix("- ") {
                section.rows.extend(packed(item));
            } else if let Some(more) = more(line) {
                section.more += more;
            }
        }
        page
    }

    /// A diff has headings for some changes only; the others are counted in its body.
    pub(super) fn of_diff(text: &str) -> Self {
        let first = text.lines().next().and_then(|line| line.strip_prefix("# "));
        let mut page = Self::new(text, first.expect("a verdict"));
        let mut bodies: Vec<(Option<String>, Vec<&str>)> = Vec::new();
        for line in text.lines().skip(1) {
            let Some(comment) = line.strip_prefix("# ") else {
                if line.starts_with("--- ") {
                    bodies.push((page.blocks.last().map(|(title, _)| title.clone()), Vec::new()));
                } else if !line.starts_with("+++ ") && !line.starts_with("@@ ") {
                    bodies.last_mut().expect("a header above").1.push(line);
                }
                continue;
            };
            if page.block(comment) {
            } else if let Some((title, number)) = heading(comment) {
                page.open(title, number);
            } else if let Some(row) = comment.strip_prefix("  ") {
                page.sections.last_mut().expect("a heading").rows.push(PrintedRow::of_line(row, ": "));
            }
        }
        let mut listed: Vec<(String, String)> = Vec::new();
        for section in page.sections.iter().filter(|section| section.title != "Needs attention") {
            for row in &section.rows {
                listed.extend(row.items.iter().map(|item| (row.email.clone(), item.clone())));
            }
        }
        let mut rest: BTreeMap<(Option<String>, &str, String), PrintedRow> = BTreeMap::new();
        for (block, lines) in &bodies {
            for (email, is_invitation, items) in people(lines) {
                for item in items {
                    if let Some(at) = listed.iter().position(|it| *it == (email.clone(), item.clone())) {
                        listed.remove(at);
                        continue;
                    }
                    let title = match (is_invitation, item.contains('→')) {
                        (true, _) => "Invited",
                        (false, true) => "Changes role",
                        (false, false) => "Gains access",
                    };
                    let row = || PrintedRow { email: email.clone(), items: Vec::new(), is_invitation };
                    rest.entry((block.clone(), title, email.clone())).or_insert_with(row).items.push(item);
                }
            }
        }
        assert_eq!(listed, [], "what the headings list is not in the diff {text}");
        let mut counted: BTreeMap<(Option<String>, &str), Section> = BTreeMap::new();
        for ((block, title, _), row) in rest {
            let new = || Section { block: block.clone(), title: title.to_owned(), ..Section::default() };
            let section = counted.entry((block.clone(), title)).or_insert_with(new);
            section.rows.push(row);
            section.number += 1;
        }
        page.sections.extend(counted.into_values());
        page
    }
}

impl PrintedRow {
    /// A row of changes or of a note, which has one item at least.
    fn of_line(line: &str, gap: &str) -> Self {
        let (email, text) = line.split_once(gap).unwrap_or(("", line));
        let text = text.trim();
        let (text, aside) = text.split_once("  (").unwrap_or((text, ""));
        let unmarked = |item: &str| item.replace(" (reverts a change outside Git)", "");
        let is_invitation = !["", "also above)"].contains(&aside);
        let items =
            if is_invitation { vec![unmarked(text)] } else { text.split(", ").map(unmarked).collect() };
        Self { email: email.to_owned(), items, is_invitation }
    }
}

/// `Loses access (2)`.
fn heading(line: &str) -> Option<(&str, usize)> {
    let (title, number) = line.strip_suffix(')')?.split_once(" (")?;
    if !title.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    Some((title, number.parse().ok()?))
}

/// `… and 21 more that …`.
fn more(line: &str) -> Option<usize> {
    line.strip_prefix("… and ")?.split(' ').next()?.parse().ok()
}

/// `3 invited · 1 becomes ADMIN · 4 calls, about 2 seconds`.
fn numbers(verdict: &str) -> BTreeMap<String, usize> {
    let mut numbers = BTreeMap::new();
    for part in verdict.split(" · ") {
        let part = part.split(',').next().unwrap_or_default();
        let part = part.trim_start_matches("Blocked by ");
        if let Some((number, words)) = part.split_once(' ')
            && let Ok(number) = number.parse()
        {
            assert_eq!(numbers.insert(words.to_owned(), number), None, "{words} twice in {verdict}");
        }
    }
    numbers
}

/// The people in a list item: code spans, of which the first may be a text that is true of all the others.
fn packed(item: &str) -> Vec<PrintedRow> {
    let spans = spans(item);
    let (lead, rest) = spans.first().expect("a span");
    let shared = rest.strip_prefix(" (").and_then(|rest| rest.split_once("):"));
    let Some((number, _)) = shared else {
        return spans.iter().map(|(span, _)| PrintedRow::of_line(span, ": ")).collect();
    };
    let row = |(span, _): &(String, String)| {
        let email = span.split(" (").next().expect("an address");
        PrintedRow::of_line(&format!("{email}: {lead}"), ": ")
    };
    let rows: Vec<_> = spans[1..].iter().map(row).collect();
    assert!(number.parse::<usize>().is_ok_and(|number| number >= rows.len()), "{item}");
    rows
}

/// The code spans of a line, each with the text between it and the next.
fn spans(line: &str) -> Vec<(String, String)> {
    let mut spans = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let ticks: String = rest[at..].chars().take_while(|c| *c == '`').collect();
        let inside = &rest[at + ticks.len()..];
        // Spans are made with more ticks than there are inside.
        let end = inside.find(&ticks).expect("the end of a span");
        let text = inside[..end].to_owned();
        rest = &inside[end + ticks.len()..];
        let next = rest.find('`').unwrap_or(rest.len());
        let is_padded = text.starts_with(' ') && text.ends_with(' ');
        let text = if is_padded { text[1..text.len() - 1].to_owned() } else { text };
        spans.push((text, rest[..next].to_owned()));
    }
    spans
}

/// Someone in the body of a diff.
struct Person {
    email: String,
    is_invitation: bool,
    /// The role before and after, by project.
    projects: BTreeMap<String, [Option<String>; 2]>,
}

/// The people in the body of a diff: whether they are invited, and their changes.
fn people(lines: &[&str]) -> Vec<(String, bool, Vec<String>)> {
    let mut people: Vec<Person> = Vec::new();
    for line in lines {
        let (sign, line) = line.split_at(1);
        if let Some(email) = line.strip_suffix(':') {
            let (email, is_invitation) = (email.to_owned(), sign == "+");
            people.push(Person { email, is_invitation, projects: BTreeMap::new() });
            continue;
        }
        let (project, role) = line.trim().split_once(": ").expect("a project and a role");
        let sides = people.last_mut().expect("a person").projects.entry(project.to_owned()).or_default();
        if sign != "+" {
            sides[0] = Some(role.to_owned());
        }
        if sign != "-" {
            sides[1] = Some(role.to_owned());
        }
    }
    let changes = |Person { email, is_invitation, projects }| {
        let item = |(project, sides): (String, [Option<String>; 2])| match sides {
            [Some(from), Some(to)] if from == to => None,
            [Some(from), Some(to)] => Some(format!("{project} {from} → {to}")),
            [Some(from), None] => Some(format!("{project} {from} → none")),
            [None, Some(to)] => Some(format!("{project} {to}")),
            [None, None] => None,
        };
        let items: Vec<_> = projects.into_iter().filter_map(item).collect();
        (email, is_invitation, if is_invitation { vec![items.join(", ")] } else { items })
    };
    people.into_iter().map(changes).collect()
}
