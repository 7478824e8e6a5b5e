//! The history for a spreadsheet: one row for each role, or for each change.

use super::sentences::stamp;
use super::{AccessAt, Changes, Question};
use crate::escape::cell;
use crate::history::{AccessChange, RunFacts};
use crate::model::{Role, UserId};

/// Documented in `docs/audit-trail.md`; new columns are added at the end.
const HEADER: &str = "at,kind,email,user_id,project,project_id,from,to,certain,after,by,run,actor,commit,plan_id,reason,evidence,endpoint\r\n";

/// Who had which role at that time, as CSV (RFC 4180). No cell is a formula.
#[must_use]
pub fn access_at_csv(access: &AccessAt) -> String {
    let mut text = HEADER.to_owned();
    for line in &access.lines {
        // A role that is certain, and each change that may have happened by then.
        let since = line.since.filter(|change| change.to.is_some()).map(|change| ("role", change));
        let open = line.open.iter().map(|change| ("possible", *change));
        for (kind, change) in since.into_iter().chain(open) {
            let is_certain = line.open.is_empty();
            let head = [stamp(access.at), kind.to_owned()];
            row(&mut text, head, change, is_certain, access.question);
        }
    }
    text
}

/// What changed since then, as CSV (RFC 4180). No cell is a formula.
#[must_use]
pub fn changes_csv(changes: &Changes) -> String {
    let mut text = HEADER.to_owned();
    for (kind, change) in &changes.changes {
        let head = [stamp(change.certain_from()), kind.id().to_owned()];
        row(&mut text, head, change, true, changes.question);
    }
    text
}

fn row(
    text: &mut String,
    [at, kind]: [String; 2],
    change: &AccessChange,
    is_certain: bool,
    question: &Question,
) {
    let Question { history, desired, endpoint, .. } = question;
    let AccessChange { email, user_id, project, from, to, reason, .. } = change;
    let role = |role: &Option<Role>| role.as_ref().map_or("none".to_owned(), |role| desired.role_name(role));
    let (after, by) = change.span();
    let run = change.made_by().and_then(|run| history.runs.get(run));
    let of_run = |of: fn(&RunFacts) -> Option<&String>| run.and_then(of).cloned().unwrap_or_default();
    let cells = [
        at,
        kind,
        email.as_str().to_owned(),
        user_id.as_ref().map_or("", UserId::as_str).to_owned(),
        desired.project_name(project),
        project.as_str().to_owned(),
        role(from),
        role(to),
        if is_certain { "yes" } else { "no" }.to_owned(),
        after.map(stamp).unwrap_or_default(),
        stamp(by),
        of_run(|run| Some(&run.name)),
        of_run(|run| run.actor.as_ref()),
        of_run(|run| run.commit.as_ref()),
        of_run(|run| run.plan_id.as_ref()),
        reason.clone().unwrap_or_default(),
        history.evidence(change),
        endpoint.to_string(),
    ];
    let cells: Vec<_> = cells.iter().map(|text| cell(text)).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}
