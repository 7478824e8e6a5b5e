//! The access review for a spreadsheet: a line for each person and project.

use super::Review;
use super::review::Row;
use crate::escape::cell;

const HEADER: &str = "email,name,standing,in_team_file,from,until,project,project_id,role,desired_role,given_by,\
where,read_at,plan_id\r\n";

/// The access review as CSV, as RFC 4180 writes it. No cell is a formula.
#[must_use]
pub fn report_csv(review: &Review) -> String {
    let mut text = HEADER.to_owned();
    for row in &review.rows {
        for (project, id) in &review.projects {
            let Some(shown) = row.cells.get(id) else { continue };
            let role = shown.role.as_ref().map(|(_, name)| name.as_str()).unwrap_or_default();
            let desired = shown.desired.as_deref().unwrap_or(role);
            let place = shown.place.as_deref().unwrap_or_default();
            line(&mut text, review, row, [project, id.as_str(), role, desired, &shown.given_by, place]);
        }
        if row.cells.is_empty() {
            line(&mut text, review, row, [""; 6]);
        }
    }
    text
}

fn line(text: &mut String, review: &Review, row: &Row, there: [&str; 6]) {
    let listed = if row.listed { "yes" } else { "no" };
    let from = row.from.map(|from| from.to_string()).unwrap_or_default();
    let until = row.until.map(|until| until.to_string()).unwrap_or_default();
    let read_at = format!("{:.0}", review.read_at);
    let who = [row.email.as_str(), &row.name, row.standing.name(), listed, &from, &until];
    let when = [read_at.as_str(), review.plan_id.as_str()];
    let cells: Vec<_> = who.into_iter().chain(there).chain(when).map(cell).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}
