//! The access review for a spreadsheet: one row for each membership.

use super::membership::{Membership, MembershipState};
use super::{Review, ReviewedPerson};
use crate::escape::cell;
use crate::model::UserId;

/// Documented in `docs/access-review.md`; new columns are added at the end.
const HEADER: &str = "email,name,status,in_team_file,from,until,project,project_id,role,desired_role,source,location,\
read_at,plan_id,user_id,endpoint,reason,review_by,role_until,role_reason\r\n";

/// The access review as CSV (RFC 4180). No cell is a formula.
///
/// Someone without any membership has one row without a project.
#[must_use]
pub fn review_csv(review: &Review) -> String {
    let mut text = HEADER.to_owned();
    for row in &review.people {
        for (project, id) in &review.projects {
            let Some(membership) = row.memberships.get(id) else { continue };
            let Membership { state, role, differs, source, location, until, reason, .. } = membership;
            let current = if *state == MembershipState::Planned { "" } else { role };
            let desired = differs.as_deref().unwrap_or(role);
            let location = location.as_deref().unwrap_or_default();
            let until = until.map(|until| until.to_string()).unwrap_or_default();
            let given = [project, id.as_str(), current, desired, source, location];
            line(&mut text, review, row, given, [&until, reason.as_deref().unwrap_or_default()]);
        }
        if row.memberships.is_empty() {
            line(&mut text, review, row, [""; 6], [""; 2]);
        }
    }
    text
}

fn line(text: &mut String, review: &Review, row: &ReviewedPerson, membership: [&str; 6], terms: [&str; 2]) {
    let listed = if row.is_listed { "yes" } else { "no" };
    let from = row.from.map(|from| from.to_string()).unwrap_or_default();
    let until = row.until.map(|until| until.to_string()).unwrap_or_default();
    let read_at = format!("{:.0}", review.read_at);
    let endpoint = review.endpoint.to_string();
    let user_id = row.user_id.map_or("", UserId::as_str);
    let person = [row.email.as_str(), &row.name, row.status.id(), listed, &from, &until];
    let reading = [read_at.as_str(), review.plan_id.as_str(), user_id, &endpoint];
    let review_by = row.review_by.map(|day| day.to_string()).unwrap_or_default();
    let why = [row.reason.unwrap_or_default(), &review_by];
    let cells = person.into_iter().chain(membership).chain(reading).chain(why).chain(terms);
    let cells: Vec<_> = cells.map(cell).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}
