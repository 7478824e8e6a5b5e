//! `apply --format json`: what happens, one JSON object per line on standard output.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::failure::Failure;
use super::terminal::Terminal;
use super::waiting;
use crate::api::Activity;
use crate::apply::{Ending, Report, Stopped};
use crate::escape;
use crate::ledger::Meaning;
use crate::model::{Email, Endpoint};
use crate::plan::{Change, Plan, PlanId};

/// The version of the format.
const FORMAT_VERSION: u32 = 1;

/// A line of the output. Its fields are documented in docs/apply.md.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    Started {
        format_version: u32,
        plan_id: &'a PlanId,
        endpoint: &'a Endpoint,
        changes: usize,
        attention: usize,
    },
    Change {
        #[serde(flatten)]
        change: &'a Change,
        outcome: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<&'a str>,
    },
    Waiting(Wait),
    Finished {
        format_version: u32,
        outcome: &'static str,
        plan_id: Option<&'a str>,
        run: Option<&'a str>,
        changes: usize,
        done: usize,
        not_started: usize,
        counts: BTreeMap<Meaning, u64>,
        failed: Vec<NotDone<'a>>,
        held_back: Vec<NotDone<'a>>,
        attention: usize,
        error: Option<String>,
    },
}

/// What is waited for.
#[derive(Serialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub(super) enum Wait {
    RateLimit { until: Timestamp },
    Pause { until: Timestamp },
    Retry { until: Timestamp, attempt: u32, attempts: u32, reason: String },
    Members { projects_read: usize, projects: usize },
    Response,
}

/// A change that was not made, and why.
#[derive(Serialize)]
pub(super) struct NotDone<'a> {
    email: &'a Email,
    reason: &'a str,
    request_id: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// The calls begin.
    pub(super) fn started(plan: &'a Plan) -> Self {
        let (changes, attention) = (plan.changes.len(), plan.summary().attention);
        let (plan_id, endpoint) = (&plan.id, &plan.endpoint);
        Self::Started { format_version: FORMAT_VERSION, plan_id, endpoint, changes, attention }
    }

    /// A change has ended.
    pub(super) fn change(change: &'a Change, ending: &'a Ending) -> Self {
        let (outcome, reason, request_id) = match ending {
            Ending::Done(meaning) => (meaning.as_str(), None, None),
            Ending::Failed { reason, request_id } => ("failed", Some(reason.as_str()), request_id.as_deref()),
            Ending::Held { reason } => ("held_back", Some(reason.as_str()), None),
            Ending::NotStarted => ("not_started", None, None),
        };
        Self::Change { change, outcome, reason, request_id }
    }

    /// The run waits.
    pub(super) fn waiting(activity: &Activity) -> Self {
        Self::Waiting(if let Some(until) = activity.rate_limit {
            Wait::RateLimit { until }
        } else if let Some(until) = activity.pause {
            Wait::Pause { until }
        } else if let Some(retry) = activity.retry() {
            let (attempt, attempts) = (retry.attempt, retry.attempts);
            Wait::Retry { until: retry.at, attempt, attempts, reason: waiting::reason(&retry.cause) }
        } else if let Some(lists) = activity.lists {
            Wait::Members { projects_read: lists.read, projects: lists.all }
        } else {
            Wait::Response
        })
    }

    /// Prints the event. If standard output is full or closed, that shows when the last event is printed.
    pub(super) fn print(&self) {
        let _ = self.write();
    }

    fn write(&self) -> Result<(), Failure> {
        let text = serde_json::to_string(self).map_err(Failure::new)?;
        Terminal::print(&format!("{}\n", escape::json(&text)))
    }
}

/// What the last event tells.
#[derive(Default)]
pub(super) struct Finished {
    /// The plan id, once there is a plan.
    plan_id: Option<String>,
    /// How many notes of the plan need attention.
    attention: usize,
    /// How many changes the plan has.
    changes: usize,
    /// The name of the run in the ledger, if it made a call.
    run: Option<String>,
    /// How each change ended, if the run began.
    report: Option<Report>,
}

impl Finished {
    /// The plan is made.
    pub(super) fn planned(&mut self, plan: &Plan) {
        self.plan_id = Some(plan.id.as_str().to_owned());
        self.attention = plan.summary().attention;
        self.changes = plan.changes.len();
    }

    /// The run is over.
    pub(super) fn ran(&mut self, name: Option<String>, report: Report) {
        self.run = name;
        self.report = Some(report);
    }

    /// Prints the last event, and returns the result of the command.
    pub(super) fn print(&self, result: Result<(), Failure>) -> Result<(), Failure> {
        let written = self.event(&result).write();
        result.and(written)
    }

    fn event(&self, result: &Result<(), Failure>) -> Event<'_> {
        let (mut failed, mut held_back) = (Vec::new(), Vec::new());
        for (change, ending) in self.report.iter().flat_map(|report| &report.endings) {
            let email = change.email();
            match ending {
                Ending::Failed { reason, request_id } => {
                    failed.push(NotDone { email, reason, request_id: request_id.as_deref() });
                }
                Ending::Held { reason } => held_back.push(NotDone { email, reason, request_id: None }),
                Ending::Done(_) | Ending::NotStarted => {}
            }
        }
        let done = self.report.as_ref().map_or(0, Report::done);
        let stopped = self.report.as_ref().and_then(|report| report.stopped.as_ref());
        Event::Finished {
            format_version: FORMAT_VERSION,
            outcome: self.outcome(result),
            plan_id: self.plan_id.as_deref(),
            run: self.run.as_deref(),
            changes: self.changes,
            done,
            not_started: self.changes - done - failed.len() - held_back.len(),
            counts: self.report.as_ref().map(Report::counts).unwrap_or_default(),
            failed,
            held_back,
            attention: self.attention,
            error: stopped.map(ToString::to_string).or_else(|| result.as_ref().err()?.text()),
        }
    }

    fn outcome(&self, result: &Result<(), Failure>) -> &'static str {
        let stopped = self.report.as_ref().and_then(|report| report.stopped.as_ref());
        match (stopped, &self.report, result) {
            (Some(Stopped::Interrupted), _, _) | (_, _, Err(Failure::Signal(_))) => "interrupted",
            (None, Some(report), _) if !report.is_success() => "partial",
            (None, Some(_), Ok(())) => "applied",
            (None, None, Ok(())) => "clean",
            (None, None, Err(Failure::Blocked(_))) => "blocked",
            (None, None, Err(Failure::Locked(_))) => "locked",
            (Some(_), _, _) | (None, _, Err(_)) => "failed",
        }
    }
}
