//! A plan for programs. Projects and roles are ids here, or predefined names.

use jiff::civil::Date;
use serde::Serialize;

use super::View;
use crate::identity::Endpoint;
use crate::known::Evidence;
use crate::plan::{Change, Note, Origin, PlanId, Refusal, Summary};

/// The one format of this document that there is.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    plan_id: &'a PlanId,
    endpoint: &'a Endpoint,
    date: Date,
    evidence: Evidence,
    changes: Vec<Marked<'a>>,
    notes: &'a [Note],
    refused: &'a [Refusal],
    summary: Summary,
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
pub fn json(view: &View) -> String {
    let plan = view.plan;
    let marked = |(n, change)| Marked { change, origin: view.origins.get(n).copied() };
    let changes = plan.changes.iter().enumerate().map(marked).collect();
    let document = Document {
        format_version: FORMAT_VERSION,
        plan_id: &plan.id,
        endpoint: &plan.endpoint,
        date: plan.date,
        evidence: plan.evidence,
        changes,
        notes: &plan.notes,
        refused: &plan.refused,
        summary: plan.summary(),
    };
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    format!("{}\n", crate::inert::json(&text))
}
