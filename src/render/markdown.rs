//! A plan as a comment on a pull request.
//!
//! Text from files and the service is always code, in which nothing is a mention, a link or a tag. The length
//! of a comment is bounded: what a reviewer must not miss gets room first, and what does not fit is counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::columns::{Columns, fold};
use super::pack::{LONGEST_ROW, WIDTH, pack};
use super::sections::{Block, Part, Section, Topic, blocks};
use super::verdict::{block_heading, emails, policy_change, source, verdict};
use super::{View, sentences};
use crate::escape::{code, fence};
use crate::model::Email;
use crate::words::{self, count};

/// The longest comment, in bytes, which are never fewer than characters.
const LONGEST: usize = 60_000;

/// The line by which a bot finds its comment again.
const MARKER: &str = "<!-- guestlist -->";

/// The most lines of refusals.
const REFUSAL_LINES: usize = 40;

/// The bytes that a section takes besides its rows, and the least that each section that a reviewer must not
/// miss gets for its rows.
const FRAME: usize = 200;
const RESERVE: usize = 1_500;

/// The bytes for the sentence about what is left out.
const LEFT_OUT: usize = 800;

/// A section with more rows is folded, unless a reviewer must not miss it. Then it has at most so many lines.
const OPEN_LINES: usize = 20;

/// A folded section has a line for each row up to this number.
const FOLDED_LINES: usize = 60;

/// The plan as Markdown of at most 60,000 characters.
#[must_use]
pub fn markdown(view: &View) -> String {
    let blocks = blocks(view);
    let mut head = format!("{MARKER}\n### guestlist: {}\n", verdict(view, &blocks));
    if let Some(only) = sentences::only(view, |email| code(email.as_str())) {
        let _ = writeln!(head, "\n{only}.");
    }
    head.push_str(&refusals(view));
    head.push_str(&policy_changes(view));
    let intros: Vec<_> = blocks.iter().map(|block| intro(view, block)).collect();
    let tail = closing(view);
    let fixed = head.len() + tail.len() + intros.iter().map(String::len).sum::<usize>();
    let bodies = fitted(view, &blocks, LONGEST.saturating_sub(fixed + LEFT_OUT));
    let mut page = head;
    let mut left_out: BTreeMap<Topic, usize> = BTreeMap::new();
    for ((block, intro), bodies) in blocks.iter().zip(&intros).zip(bodies) {
        // A heading without numbers says nothing where all its sections are left out.
        if block.part != Some(Part::Notes) || bodies.iter().any(Option::is_some) {
            page.push_str(intro);
        }
        for (section, body) in block.sections.iter().zip(bodies) {
            let hidden = body.as_ref().map_or(section.total(), |body| body.hidden);
            if hidden > 0 {
                *left_out.entry(section.topic).or_default() += hidden;
            }
            if let Some(Body { markdown, .. }) = body {
                page.push_str(&markdown);
            }
        }
    }
    if !left_out.is_empty() {
        let left_out: Vec<_> = left_out.iter().map(|(topic, n)| format!("{} ({n})", topic.title())).collect();
        let left_out = left_out.join(", ");
        let _ = writeln!(
            page,
            "\nLeft out, for the length of a comment: {left_out}. `guestlist plan` shows all."
        );
    }
    page + &tail
}

/// A section as Markdown.
struct Body {
    markdown: String,
    /// How many rows did not fit.
    hidden: usize,
}

/// The sections of each block. Those that a reviewer must not miss get room first; a section for which there
/// is no room has no heading either.
fn fitted(view: &View, blocks: &[Block], mut room: usize) -> Vec<Vec<Option<Body>>> {
    let emails = emails(view);
    let columns = Columns::fitting(emails.iter().map(String::as_str), Some(WIDTH));
    let mut bodies: Vec<Vec<Option<Body>>> =
        blocks.iter().map(|block| block.sections.iter().map(|_| None).collect()).collect();
    let places =
        blocks.iter().enumerate().flat_map(|(b, block)| (0..block.sections.len()).map(move |s| (b, s)));
    let (crucial, rest): (Vec<_>, Vec<_>) =
        places.partition(|(b, s)| blocks[*b].sections[*s].topic.is_crucial());
    let mut crucial_left = crucial.len();
    for (b, s) in crucial.into_iter().chain(rest) {
        let section = &blocks[b].sections[s];
        crucial_left = crucial_left.saturating_sub(1);
        let here = room.saturating_sub(crucial_left * (FRAME + RESERVE)).saturating_sub(FRAME);
        let body = body(section, columns, here);
        if body.hidden < section.rows.len() {
            room = room.saturating_sub(body.markdown.len());
            bodies[b][s] = Some(body);
        }
    }
    bodies
}

fn body(section: &Section, columns: Columns, room: usize) -> Body {
    let topic = section.topic;
    // The signs that color a line of a `diff` block.
    let sign = match topic {
        Topic::LosesAccess | Topic::LosesAdmin => "- ",
        Topic::BecomesAdmin | Topic::ChangesRole => "! ",
        Topic::Invited | Topic::GainsAccess => "+ ",
        Topic::NeedsAttention | Topic::Waiting | Topic::Dates | Topic::Reasons | Topic::NotChanged => "",
    };
    let most_lines = if topic.is_crucial() { OPEN_LINES } else { FOLDED_LINES };
    let packed = pack(&section.rows, columns, sign, most_lines, room);
    let heading = format!("{} ({})", topic.title(), section.total());
    let is_folded = !topic.is_crucial() && (section.total() > OPEN_LINES || !topic.is_change());
    let mut markdown = if is_folded {
        format!("\n<details><summary>{heading}</summary>\n\n")
    } else {
        format!("\n**{heading}**\n\n")
    };
    markdown.push_str(&packed.markdown);
    if packed.hidden > 0 {
        let _ = writeln!(markdown, "\n… and {} more, left out here", packed.hidden);
    }
    if section.folded > 0 {
        let _ = writeln!(markdown, "\n… and {} more that `prune` keeps", section.folded);
    }
    if is_folded {
        markdown.push_str("\n</details>\n");
    }
    Body { markdown, hidden: packed.hidden }
}

/// The heading of a block, and what there is to say about it as a whole.
fn intro(view: &View, block: &Block) -> String {
    let Some(heading) = block_heading(block) else { return String::new() };
    let mut intro = format!("\n### {heading}\n");
    if block.part == Some(Part::Before) {
        let show = |email: &Email| code(&words::clipped(&email.to_string(), LONGEST_ROW));
        let sentences = sentences::already_different(view, show);
        if !sentences.is_empty() {
            let _ = writeln!(intro, "\n{}", sentences.join(" "));
        }
    }
    intro
}

fn policy_changes(view: &View) -> String {
    let changes = view.policy_changes();
    if changes.is_empty() {
        return String::new();
    }
    let lines = changes.iter().flat_map(|change| {
        let sign = if change.loosened { '!' } else { ' ' };
        let folded = fold(&words::clipped(&policy_change(change), LONGEST_ROW), WIDTH);
        folded.into_iter().map(move |line| format!("{sign} {line}"))
    });
    let block = fence("diff", &lines.collect::<Vec<_>>());
    format!("\n**Policy changes ({})**\n\n{block}", changes.len())
}

fn refusals(view: &View) -> String {
    let refused = &view.plan.refused;
    if refused.is_empty() {
        return String::new();
    }
    // The callout is narrower than the page.
    let width = WIDTH - 6;
    let text = |refusal| fold(&words::clipped(&format!("× {}", view.refusal(refusal)), LONGEST_ROW), width);
    let mut lines: Vec<_> = refused.iter().flat_map(text).collect();
    if lines.len() > REFUSAL_LINES {
        lines.truncate(REFUSAL_LINES);
        lines.push("… and more: `guestlist plan` shows all".to_owned());
    }
    let block: Vec<_> = fence("text", &lines).lines().map(|line| format!("> {line}\n")).collect();
    let guards = count(refused.len(), "guard");
    format!("\n> [!CAUTION]\n> **Plan blocked by {guards}; nothing will be applied.**\n>\n{}", block.concat())
}

fn closing(view: &View) -> String {
    let plan = view.plan;
    format!(
        "\nFor {} on {}; {}. Plan id: {}\n",
        code(&words::clipped(&plan.endpoint.to_string(), LONGEST_ROW)),
        plan.date,
        source(view),
        code(plan.id.as_str())
    )
}

#[cfg(test)]
mod tests;
