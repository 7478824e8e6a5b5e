//! A plan for programs. Projects and roles are ids here, or predefined names.

use jiff::civil::Date;
use serde::Serialize;

use super::View;
use crate::identity::Endpoint;
use crate::known::Evidence;
use crate::plan::{Change, Note, PlanId, Refusal, Summary};

/// The one format of this document that there is.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    plan_id: &'a PlanId,
    endpoint: &'a Endpoint,
    date: Date,
    evidence: Evidence,
    changes: &'a [Change],
    notes: &'a [Note],
    refused: &'a [Refusal],
    summary: Summary,
}

/// The plan as JSON, with a line break at its end.
#[must_use]
pub fn json(view: &View) -> String {
    let plan = view.plan;
    let document = Document {
        format_version: FORMAT_VERSION,
        plan_id: &plan.id,
        endpoint: &plan.endpoint,
        date: plan.date,
        evidence: plan.evidence,
        changes: &plan.changes,
        notes: &plan.notes,
        refused: &plan.refused,
        summary: plan.summary(),
    };
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    format!("{}\n", crate::inert::json(&text))
}
