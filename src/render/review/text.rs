//! The access review for a terminal: one line for each membership.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::membership::{Membership, MembershipState};
use super::page::{evidence, summary};
use super::{Review, ReviewedPerson};
use crate::render::Paint;

/// The access review as lines with five columns: person, project, role, status, source.
#[must_use]
pub fn review_text(review: &Review, paint: Paint) -> String {
    let facts =
        format!("{}, as of {}; {} {:.0}", review.endpoint, review.date, evidence(review), review.read_at);
    let (people, parts) = summary(review);
    let mut text = format!("{}\n{}: {parts}\n", paint.bold(&facts), paint.bold(&people));
    if let Some(only) = &review.only {
        let _ = writeln!(text, "{only}");
    }
    for refusal in &review.refused {
        let _ = writeln!(text, "{} {refusal}", paint.red("the plan is blocked:"));
    }
    let rows: Vec<_> = review.people.iter().flat_map(|row| lines(review, row)).collect();
    if !rows.is_empty() {
        text.push('\n');
    }
    text.push_str(&table(&rows));
    text
}

/// One line for each membership; someone without any has one line, too.
fn lines(review: &Review, row: &ReviewedPerson) -> Vec<[String; 5]> {
    let person = row.email.to_string();
    let mut status = row.status.text();
    if !row.is_listed {
        status.push_str(", not in the team file");
    }
    let mut lines = Vec::new();
    for (project, id) in &review.projects {
        let Some(membership) = row.memberships.get(id) else { continue };
        let Membership { state, role, differs, source, location, .. } = membership;
        let role = match (state, differs) {
            (MembershipState::Planned, _) => format!("{role} (only in the team file)"),
            (_, Some(differs)) if row.is_listed => format!("{role} (team file: {differs})"),
            _ => role.clone(),
        };
        let source = match location {
            Some(location) => format!("{source} ({location})"),
            None if row.is_listed => source.clone(),
            None => String::new(),
        };
        lines.push([person.clone(), project.clone(), role, status.clone(), source]);
    }
    if lines.is_empty() {
        lines.push([person, String::new(), String::new(), status, String::new()]);
    }
    lines
}

/// Rows with columns of one width each; the last one ends where it ends.
pub(in crate::render) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    rows.iter().fold(String::new(), |mut text, row| {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            // Padding by `format!` would count characters.
            let _ = write!(line, "{cell}{}  ", " ".repeat(width - cell.width()));
        }
        let _ = writeln!(text, "{}", line.trim_end());
        text
    })
}
