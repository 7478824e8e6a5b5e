//! The two tables of the page: totals by project, and people by projects.

use std::fmt::Write as _;

use super::membership::{Membership, MembershipState, RoleKind};
use super::totals::ProjectTotals;
use super::{Review, ReviewedPerson};
use crate::escape::html;
use crate::words::count;

/// A longer address is broken before its `@`, and a longer part anywhere.
const LONGEST_UNBROKEN: usize = 30;

pub(super) fn totals_table(review: &Review, page: &mut String) {
    page.push_str(
        "<div class=\"totals\" role=\"region\" aria-labelledby=\"totals-title\" tabindex=\"0\">\n\
         <table id=\"totals\" aria-labelledby=\"totals-title\">\n<thead><tr><th scope=\"col\">Project</th><th scope=\"col\">Members</th>",
    );
    for kind in RoleKind::ALL {
        let _ = write!(page, "<th scope=\"col\">{}</th>", kind.name().replace('_', "_<wbr>"));
    }
    page.push_str(
        "<th scope=\"col\">Invited</th><th scope=\"col\">Only in the team file</th></tr></thead>\n<tbody>\n",
    );
    for (name, id) in &review.projects {
        let _ = write!(page, "<tr><th scope=\"row\">{}<small>{}</small></th>", html(name), html(id.as_str()));
        numbers(&ProjectTotals::of(review, Some(id)), page);
    }
    page.push_str("</tbody>\n<tfoot><tr><th scope=\"row\">Memberships</th>");
    numbers(&ProjectTotals::of(review, None), page);
    page.push_str("</tfoot>\n</table>\n</div>\n");
}

fn numbers(totals: &ProjectTotals, page: &mut String) {
    let kinds = RoleKind::ALL.map(|kind| totals.with(kind));
    for number in [totals.members()].into_iter().chain(kinds).chain([totals.pending, totals.planned]) {
        let _ = write!(page, "<td>{number}</td>");
    }
    page.push_str("</tr>\n");
}

/// On the screen a column for each project. On paper and on a narrow screen the cells of a person are below
/// each other, and the second row of the head has the titles.
pub(super) fn people_table(review: &Review, page: &mut String) {
    page.push_str(
        "<table id=\"people\" aria-labelledby=\"people-title\">\n<thead>\n<tr class=\"columns\">\
         <th scope=\"col\" aria-sort=\"ascending\"><span>Person</span></th>\
         <th scope=\"col\"><span>Status</span></th>",
    );
    for (name, id) in &review.projects {
        let totals = ProjectTotals::of(review, Some(id));
        let _ = write!(
            page,
            "<th scope=\"col\"><span>{}</span><small>{}</small><small>{}, {}</small></th>",
            html(name),
            html(id.as_str()),
            count(totals.members(), "member"),
            count(totals.with(RoleKind::Admin), "ADMIN")
        );
    }
    page.push_str(
        "</tr>\n<tr class=\"titles\"><th>Person</th><th>Status</th>\
         <td><span>Project</span><span>Role</span><span>Source</span><span>Decision</span></td></tr>\n\
         </thead>\n<tbody>\n",
    );
    for row in &review.people {
        person(review, row, page);
    }
    page.push_str("</tbody>\n</table>\n");
}

fn person(review: &Review, row: &ReviewedPerson, page: &mut String) {
    let unlisted = if row.is_listed { "" } else { " data-unlisted" };
    let status = row.status.id();
    let _ = write!(
        page,
        "<tr data-status=\"{status}\"{unlisted}><th scope=\"row\"><b>{}</b>",
        address(row.email.as_str())
    );
    if !row.name.is_empty() {
        let _ = write!(page, "<small>{}</small>", html(&row.name));
    }
    let _ = write!(page, "</th><td><i class=\"{status}\">{}</i>", html(&row.status.text()));
    if !row.is_listed {
        page.push_str(" <i class=\"unlisted\">not in the team file</i>");
    }
    if let Some(from) = row.from {
        let _ = write!(page, "<small>from {from}</small>");
    }
    if let Some(until) = row.until {
        let _ = write!(page, "<small>until {until}</small>");
    }
    if let Some(review_by) = row.review_by {
        let _ = write!(page, "<small>review by {review_by}</small>");
    }
    if let Some(reason) = row.reason {
        let _ = write!(page, "<small>{}</small>", html(reason));
    }
    page.push_str("</td>");
    for (name, id) in &review.projects {
        match row.memberships.get(id) {
            Some(membership) => access(name, membership, page),
            None => page.push_str("<td></td>"),
        }
    }
    page.push_str("</tr>\n");
}

fn access(project: &str, membership: &Membership, page: &mut String) {
    let Membership { state, kind, role, differs, source, location, until, reason, .. } = membership;
    let _ = write!(
        page,
        "<td class=\"{}\" data-project=\"{}\"><b class=\"{}\">{}</b>",
        state.id(),
        html(project),
        class(*kind),
        html(role).replace("USER_", "USER_<wbr>")
    );
    match state {
        MembershipState::Current => {}
        MembershipState::Pending => page.push_str(" <i>pending</i>"),
        MembershipState::Planned => page.push_str(" <i>only in the team file</i>"),
    }
    // A role that is not in the team file is marked by its source.
    if let Some(differs) = differs.as_ref().filter(|_| location.is_some()) {
        let _ = write!(page, "<small class=\"differs\">team file: {}</small>", html(differs));
    }
    let location = location.as_ref().map(|location| format!(" ({})", html(location))).unwrap_or_default();
    let _ = write!(page, "<small>{}{location}</small>", html(source));
    if let Some(until) = until {
        let _ = write!(page, "<small>until {until}</small>");
    }
    if let Some(reason) = reason {
        let _ = write!(page, "<small>{}</small>", html(reason));
    }
    page.push_str("</td>");
}

/// The CSS class of a role.
fn class(kind: RoleKind) -> &'static str {
    match kind {
        RoleKind::Admin => "admin",
        RoleKind::Custom => "custom",
        RoleKind::User => "user",
        RoleKind::UserRestricted => "restricted",
        RoleKind::Merchant => "merchant",
        RoleKind::Viewer => "viewer",
    }
}

/// An address as HTML that does not break within its domain, unless it is very long.
fn address(email: &str) -> String {
    let whole = |part: &str| match part.chars().nth(LONGEST_UNBROKEN) {
        Some(_) => html(part),
        None => format!("<span>{}</span>", html(part)),
    };
    match email.rfind('@') {
        Some(at) if email.chars().nth(LONGEST_UNBROKEN).is_some() => {
            format!("{}<wbr>{}", whole(&email[..at]), whole(&email[at..]))
        }
        _ => whole(email),
    }
}
