//! A plan for programs. Projects and roles are ids here, or predefined names.

use jiff::civil::Date;
use serde::Serialize;

use super::View;
use crate::desired::PolicyChange;
use crate::known::Evidence;
use crate::model::{Email, Endpoint, ProjectId};
use crate::plan::{Change, Guard, Note, NoteKind, Origin, PlanId, Refusal, Summary};

/// The one format of this document that there is.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    plan_id: &'a PlanId,
    drift_id: String,
    endpoint: &'a Endpoint,
    date: Date,
    evidence: Evidence,
    changes: Vec<Marked<'a>>,
    notes: Vec<Told<'a>>,
    refused: Vec<Blocked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_changes: Option<&'a [PolicyChange]>,
    summary: Summary,
}

/// A note and its sentence.
#[derive(Serialize)]
struct Told<'a> {
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
struct Blocked {
    guard: Guard,
    text: String,
}

/// A change, and where it comes from if a base tells.
#[derive(Serialize)]
struct Marked<'a> {
    #[serde(flatten)]
    change: &'a Change,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
}

/// The plan as JSON, with a line break at its end.
#[must_use]
pub fn json<'a>(view: &View<'a>) -> String {
    let plan = view.plan;
    let marked = |(n, change)| Marked { change, origin: view.origins.get(n).copied() };
    let changes = plan.changes.iter().enumerate().map(marked).collect();
    let note = |note: &'a Note| Told {
        kind: note.kind(),
        attention: note.needs_attention(),
        email: note.email.as_ref(),
        project: note.project.as_ref(),
        text: view.note(note),
    };
    let blocked = |refusal| Blocked { guard: Refusal::guard(refusal), text: view.refusal(refusal) };
    let document = Document {
        format_version: FORMAT_VERSION,
        plan_id: &plan.id,
        drift_id: plan.drift_id(),
        endpoint: &plan.endpoint,
        date: plan.date,
        evidence: plan.evidence,
        changes,
        notes: plan.notes.iter().map(note).collect(),
        refused: plan.refused.iter().map(blocked).collect(),
        policy_changes: view.has_base.then_some(view.policy_changes),
        summary: plan.summary(),
    };
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    format!("{}\n", crate::escape::json(&text))
}
