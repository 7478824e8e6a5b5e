//! The history for programs: projects and roles as the API names them.

use serde_json::{Value, json};

use super::sentences::stamp;
use super::{AccessAt, AccessLine, ChangeKind, Changes, Question};
use crate::escape;
use crate::history::{AccessChange, ChangeSource};
use crate::model::{Role, UserId};

/// Who had which role at that time, as one JSON object.
#[must_use]
pub fn access_at_json(access: &AccessAt) -> String {
    let question = access.question;
    let mut page = head(question);
    page["at"] = stamp(access.at).into();
    page["access"] = access.lines.iter().map(|line| role_at(question, line)).collect();
    line(&page)
}

/// What changed since then, as one JSON object.
#[must_use]
pub fn changes_json(changes: &Changes) -> String {
    let question = changes.question;
    let mut page = head(question);
    page["since"] = stamp(changes.since).into();
    page["until"] = stamp(changes.until).into();
    page["changes"] = changes
        .changes
        .iter()
        .map(|(kind, change)| {
            let mut value = json!({ "kind": kind.id(), "email": change.email.as_str() });
            extend(&mut value, self::change(question, change));
            value
        })
        .collect();
    let count = |kind: ChangeKind| (kind.id().to_owned(), Value::from(changes.count(kind)));
    page["summary"] = ChangeKind::ALL.into_iter().map(count).collect();
    line(&page)
}

fn head(question: &Question) -> Value {
    json!({
        "format_version": 1,
        "endpoint": question.endpoint.to_string(),
        "known_since": question.known_since().map(stamp),
        "known_until": question.known_until.map(stamp),
        "chain": question.chain,
    })
}

fn role_at(question: &Question, line: &AccessLine) -> Value {
    let since = line.since.filter(|change| change.to.is_some());
    let mut value = json!({
        "email": line.email.as_str(),
        "project": line.project.as_str(),
        "role": line.role().map(ToString::to_string),
        "since": since.map(|change| stamp(change.certain_from())),
        "certain": line.open.is_empty(),
    });
    if let Some(since) = since {
        extend(&mut value, change(question, since));
    }
    if !line.open.is_empty() {
        value["possible"] = line.open.iter().map(|change| self::change(question, change)).collect();
    }
    value
}

/// A change, by which run it was made, and how sure that is.
fn change(question: &Question, change: &AccessChange) -> Value {
    let history = question.history;
    let AccessChange { user_id, project, from, to, run, reason, .. } = change;
    let name = |role: &Option<Role>| role.as_ref().map(ToString::to_string);
    let (after, by) = change.span();
    let made_by = change.made_by().and_then(|run| history.runs.get(run));
    json!({
        "user_id": user_id.as_ref().map(UserId::as_str),
        "project": project.as_str(),
        "from": name(from),
        "to": name(to),
        "source": source(change),
        "after": after.map(stamp),
        "by": stamp(by),
        "run": made_by.map(|run| &run.name),
        "actor": made_by.and_then(|run| run.actor.as_ref()),
        "commit": made_by.and_then(|run| run.commit.as_ref()),
        "plan_id": made_by.and_then(|run| run.plan_id.as_ref()),
        "recorded_by": history.runs.get(*run).map(|run| &run.name),
        "reason": reason,
        "evidence": history.evidence(change),
    })
}

/// How the change is known: an identifier.
fn source(change: &AccessChange) -> &'static str {
    match change.source {
        ChangeSource::Call { .. } => "call",
        ChangeSource::Observed { after: None, .. } => "inventory",
        ChangeSource::Observed { call: None, .. } => "outside",
        ChangeSource::Observed { call: Some(call), .. } if call.is_invitation => "accepted",
        ChangeSource::Observed { .. } => "unconfirmed",
    }
}

fn extend(value: &mut Value, more: Value) {
    if let (Value::Object(value), Value::Object(more)) = (value, more) {
        value.extend(more);
    }
}

fn line(page: &Value) -> String {
    format!("{}\n", escape::json(page.to_string()))
}
