//! The access review as one self-contained page: no network, and readable without scripts.
//!
//! Data appears only as escaped text. The only script is a constant that the content security policy names by
//! hash, so a browser runs nothing else even if an escape was missed.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::Review;
use super::review::{Cell, Row, Sort, Standing};
use crate::escape::html;
use crate::known::EvidenceSource;
use crate::words::count;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The access review as HTML.
#[must_use]
pub fn report_html(review: &Review) -> String {
    let mut page = head();
    facts(review, &mut page);
    legend(&mut page);
    page.push_str(
        "<form class=\"filter\" role=\"search\" hidden><label for=\"filter\">Show only rows with </label>\
         <input id=\"filter\" type=\"search\" autocomplete=\"off\" placeholder=\"a name, role, project, group, stale …\"> \
         <output id=\"shown\" for=\"filter\"></output></form>\n",
    );
    table(review, &mut page);
    let _ = write!(page, "</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n");
    page
}

fn head() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src {}; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Access review</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>Access review</h1>\n",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn facts(review: &Review, page: &mut String) {
    let read = match review.source {
        EvidenceSource::Live => "members read live at",
        EvidenceSource::Ledger => "offline: snapshot from",
    };
    let standing = |holds: fn(&Row) -> bool| review.rows.iter().filter(|row| holds(row)).count();
    let _ = writeln!(
        page,
        "<p class=\"facts\">{}, as of {}; {read} <time datetime=\"{at:.0}\">{at:.0}</time>.</p>",
        html(&review.endpoint.to_string()),
        review.date,
        at = review.read_at
    );
    let _ = writeln!(
        page,
        "<p>{}, {} invited ({} of them stale), {} not invited yet; {} not in the team file.</p>",
        count(standing(|row| matches!(row.standing, Standing::Owner | Standing::Member)), "member"),
        standing(|row| matches!(row.standing, Standing::Invited { .. } | Standing::Stale { .. })),
        standing(|row| matches!(row.standing, Standing::Stale { .. })),
        standing(|row| row.standing == Standing::Expected),
        standing(|row| !row.listed),
    );
    let _ = writeln!(
        page,
        "<p class=\"facts\">Based on plan <code>{}</code> with {}.</p>",
        html(review.plan_id.as_str()),
        count(review.changes, "call")
    );
    if !review.refused.is_empty() {
        page.push_str("<div class=\"refused\" role=\"note\"><strong>The plan is blocked.</strong>\n");
        for refusal in &review.refused {
            let _ = writeln!(page, "<p>{}</p>", html(refusal));
        }
        page.push_str("</div>\n");
    }
}

fn legend(page: &mut String) {
    page.push_str("<ul class=\"legend\" aria-label=\"Roles\">\n");
    for sort in Sort::ALL {
        let _ = writeln!(
            page,
            "<li class=\"role\"><b class=\"{0}\">{0}</b>{1}</li>",
            sort.letter(),
            sort.meaning()
        );
    }
    page.push_str("</ul>\n");
}

fn table(review: &Review, page: &mut String) {
    page.push_str("<table>\n<caption>Each cell: role, then its source.</caption>\n");
    page.push_str("<thead><tr><th scope=\"col\">Person</th><th scope=\"col\">Status</th>");
    for (name, id) in &review.projects {
        let roles =
            review.rows.iter().filter(|row| matches!(row.standing, Standing::Owner | Standing::Member));
        let roles: Vec<_> = roles.filter_map(|row| row.cells.get(id)?.role.as_ref()).collect();
        let admins = roles.iter().filter(|(sort, _)| *sort == Sort::Admin).count();
        let _ = write!(
            page,
            "<th scope=\"col\">{}<small>{}</small><small>{}, {}</small></th>",
            html(name),
            html(id.as_str()),
            count(roles.len(), "member"),
            count(admins, "ADMIN")
        );
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in &review.rows {
        person(review, row, page);
    }
    page.push_str("</tbody>\n</table>\n");
}

fn person(review: &Review, row: &Row, page: &mut String) {
    let _ = write!(page, "<tr><th scope=\"row\">{}", html(row.email.as_str()));
    if !row.name.is_empty() {
        let _ = write!(page, "<small>{}</small>", html(&row.name));
    }
    let _ = write!(
        page,
        "</th><td><span class=\"mark {}\">{}</span>",
        row.standing.name(),
        html(&row.standing.text())
    );
    if !row.listed {
        page.push_str(" <span class=\"mark unlisted\">not in the team file</span>");
    }
    if let Some(from) = row.from {
        let _ = write!(page, "<small>from {from}</small>");
    }
    if let Some(until) = row.until {
        let _ = write!(page, "<small>until {until}</small>");
    }
    page.push_str("</td>");
    for (_, id) in &review.projects {
        page.push_str("<td>");
        if let Some(cell) = row.cells.get(id) {
            let offered = matches!(row.standing, Standing::Invited { .. } | Standing::Stale { .. });
            access(cell, offered, page);
        }
        page.push_str("</td>");
    }
    page.push_str("</tr>\n");
}

fn access(cell: &Cell, offered: bool, page: &mut String) {
    let Cell { role, desired, given_by, place } = cell;
    if let Some((sort, name)) = role {
        let class = if offered { "role offered" } else { "role" };
        let _ = write!(
            page,
            "<span class=\"{class}\"><b class=\"{0}\">{0}</b>{1}</span>",
            sort.letter(),
            html(name)
        );
        if offered {
            page.push_str("<small>pending</small>");
        }
    }
    // Access that is not in the file is marked by the last line of the cell.
    if let Some(desired) = desired.as_ref().filter(|_| place.is_some()) {
        let _ = write!(page, "<small class=\"differs\">team file: {}</small>", html(desired));
    }
    let place = place.as_ref().map(|place| format!(" ({})", html(place))).unwrap_or_default();
    let _ = write!(page, "<small>{}{place}</small>", html(given_by));
}

#[cfg(test)]
mod tests;
