//! The access review as one self-contained page: no network, and readable without scripts.
//!
//! Data appears only as escaped text, between tags or in a quoted attribute. The content security policy names
//! the only style sheet and the only script by hash, so a browser runs nothing else even if an escape was missed.

use std::fmt::Write as _;

use super::Review;
use super::tables::{people_table, totals_table};
use super::totals::PeopleTotals;
use crate::escape::html;
use crate::known::EvidenceSource;
use crate::words::{count, people};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The SHA-256 of [`STYLE`] and [`SCRIPT`] in base64; a test computes both.
const STYLE_HASH: &str = "sha256-ovq7wK/oCibj3sgWA066IKIICHx1k+jdqsYD3dpu7d8=";
const SCRIPT_HASH: &str = "sha256-7aMnUAY2HVmTBiw5KD0MpuWPT5T1IQIp5KoWWYTH1xY=";

/// The choices of the status filter: identifier and label.
const STATUSES: [(&str, &str); 7] = [
    ("member", "Members"),
    ("owner", "Owners"),
    ("invited", "Invited"),
    ("stale", "Invited, stale"),
    ("not_invited", "Not invited yet"),
    ("ended", "Access ended"),
    ("unlisted", "Not in the team file"),
];

/// The access review as HTML.
#[must_use]
pub fn review_html(review: &Review) -> String {
    let mut page = head("Access review");
    facts(review, &mut page);
    page.push_str("<h2 id=\"totals-title\">Totals</h2>\n");
    totals_table(review, &mut page);
    refusals(review, &mut page);
    page.push_str(
        "<p class=\"sign\">Reviewed by <span></span> on <span></span></p>\n\
         <h2 id=\"people-title\">People</h2>\n",
    );
    filters(review, &mut page);
    page.push_str("</header>\n");
    people_table(review, &mut page);
    let _ = write!(page, "</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n");
    page
}

/// The beginning of a page, up to its heading. `title` is HTML.
pub(in crate::render) fn head(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{STYLE_HASH}'; \
         script-src '{SCRIPT_HASH}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n<h1>{title}</h1>\n"
    )
}

fn facts(review: &Review, page: &mut String) {
    let read = evidence(review);
    let _ = writeln!(
        page,
        "<p class=\"facts\">{}, as of {}; {read} <time datetime=\"{at:.0}\">{at:.0}</time>.</p>",
        html(&review.endpoint.to_string()),
        review.date,
        at = review.read_at
    );
    if let Some(only) = &review.only {
        let _ = writeln!(page, "<p><b>{}</b></p>", html(only));
    }
    let (people, parts) = summary(review);
    let _ = writeln!(page, "<p><b>{people}</b>: {parts}</p>");
    let _ = writeln!(
        page,
        "<p class=\"facts\">Based on plan <code>{}</code> with {}.</p>",
        html(review.plan_id.as_str()),
        count(review.calls, "call")
    );
}

/// How the members were read: the beginning of a phrase that ends with the time.
pub(super) fn evidence(review: &Review) -> &'static str {
    match review.source {
        EvidenceSource::Live => "members read live at",
        EvidenceSource::Ledger => "offline, snapshot from",
    }
}

/// How many people are in the review, and how many of each status: the two parts of a sentence.
pub(super) fn summary(review: &Review) -> (String, String) {
    let totals = PeopleTotals::of(review);
    let mut parts = vec![
        format!("{} ({})", count(totals.members, "member"), count(totals.owners, "owner")),
        format!("{} invited ({} stale)", totals.invited, totals.stale),
        format!("{} not invited yet", totals.not_invited),
    ];
    if totals.ended > 0 {
        parts.push(format!("{} whose access has ended", totals.ended));
    }
    let unlisted = if totals.unlisted == 1 { "1 is".to_owned() } else { format!("{} are", totals.unlisted) };
    let people = format!("{} in {}", people(review.people()), count(review.projects(), "project"));
    (people, format!("{}. {unlisted} not in the team file.", parts.join(", ")))
}

/// Why guards block the plan: below the totals, because it can be long.
fn refusals(review: &Review, page: &mut String) {
    if !review.refused.is_empty() {
        page.push_str("<div class=\"refused\" role=\"note\"><strong>The plan is blocked.</strong>\n");
        for refusal in &review.refused {
            let _ = writeln!(page, "<p>{}</p>", html(refusal));
        }
        page.push_str("</div>\n");
    }
}

/// The controls, which the script shows.
fn filters(review: &Review, page: &mut String) {
    page.push_str("<form id=\"filters\" role=\"search\" hidden>\n");
    let projects = review.projects.iter().map(|(name, id)| (id.as_str(), name.as_str()));
    select(page, "project", "Project", "Any project", projects);
    let roles = review.roles.iter().map(|(_, name)| (name.as_str(), name.as_str()));
    select(page, "role", "Role", "Any role", roles);
    select(page, "status", "Status", "Any status", STATUSES.into_iter());
    page.push_str(
        "<label>Name or email <input name=\"text\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\"></label>\n\
         <button type=\"reset\">Clear</button>\n</form>\n<output id=\"answer\" form=\"filters\"></output>\n",
    );
}

fn select<'a>(
    page: &mut String,
    name: &str,
    label: &str,
    any: &str,
    options: impl Iterator<Item = (&'a str, &'a str)>,
) {
    let _ = write!(page, "<label>{label} <select name=\"{name}\"><option value=\"\">{any}</option>");
    for (value, text) in options {
        let _ = write!(page, "<option value=\"{}\">{}</option>", html(value), html(text));
    }
    page.push_str("</select></label>\n");
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_policy_names_the_style_and_the_script() {
        let hash = |text: &str| format!("sha256-{}", STANDARD.encode(Sha256::digest(text)));
        assert_eq!(
            [STYLE_HASH, SCRIPT_HASH],
            [hash(STYLE), hash(SCRIPT)],
            "page.css or page.js has changed; copy the hashes on the right into page.rs"
        );
    }
}
