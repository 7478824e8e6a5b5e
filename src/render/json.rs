//! A plan for programs. Projects and roles are ids or predefined names.

use jiff::civil::Date;
use serde::Serialize;

use super::View;
use crate::desired::PolicyChange;
use crate::known::Evidence;
use crate::model::{Email, Endpoint, ProjectId};
use crate::plan::{Change, Guard, Note, NoteKind, Only, Origin, PlanId, Refusal, Summary};

/// The version of this format.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    plan_id: &'a PlanId,
    drift_id: String,
    endpoint: &'a Endpoint,
    date: Date,
    evidence: Evidence,
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<&'a Only>,
    changes: Vec<ChangeWithOrigin<'a>>,
    notes: Vec<NoteText<'a>>,
    refused: Vec<RefusalText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_changes: Option<&'a [PolicyChange]>,
    summary: Summary,
}

/// A note and its sentence.
#[derive(Serialize)]
struct NoteText<'a> {
    kind: NoteKind,
    attention: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a ProjectId>,
    text: String,
}

/// A guard and its sentence.
#[derive(Serialize)]
struct RefusalText {
    guard: Guard,
    text: String,
}

/// A change, and its origin with `--base`.
#[derive(Serialize)]
struct ChangeWithOrigin<'a> {
    #[serde(flatten)]
    change: &'a Change,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
}

/// The plan as JSON, followed by a newline.
#[must_use]
pub fn json<'a>(view: &View<'a>) -> String {
    let plan = view.plan;
    let with_origin = |(n, change)| ChangeWithOrigin {
        change,
        origin: view.base.and_then(|base| base.origins.changes.get(n).copied()),
    };
    let changes = plan.changes.iter().enumerate().map(with_origin).collect();
    let note = |note: &'a Note| NoteText {
        kind: note.kind(),
        attention: note.needs_attention(),
        email: note.email.as_ref(),
        project: note.project.as_ref(),
        text: view.note(note).text,
    };
    let refusal =
        |refusal| RefusalText { guard: Refusal::guard(refusal), text: super::refusal(view.desired, refusal) };
    let document = Document {
        format_version: FORMAT_VERSION,
        plan_id: &plan.id,
        drift_id: plan.drift_id(),
        endpoint: &plan.endpoint,
        date: plan.date,
        evidence: plan.evidence,
        only: plan.only.as_ref(),
        changes,
        notes: plan.notes.iter().map(note).collect(),
        refused: plan.refused.iter().map(refusal).collect(),
        policy_changes: view.base.map(|base| base.policy_changes),
        summary: plan.summary(),
    };
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    format!("{}\n", crate::escape::json(&text))
}
