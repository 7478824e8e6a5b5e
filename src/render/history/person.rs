//! The history of one person in order: invitations, and every change of a role.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::sentences::{role, run_name, time};
use crate::desired::Desired;
use crate::history::{AccessChange, History};
use crate::model::{Access, Email};
use crate::render::Paint;

/// An invitation that was sent, or may have been.
#[derive(Clone, Debug)]
pub struct SentInvitation {
    /// When it was recorded.
    pub at: Timestamp,
    /// The roles in it.
    pub access: Access,
    /// Whether it was sent again on purpose.
    pub again: bool,
    /// Whether the service confirmed it.
    pub is_confirmed: bool,
    /// The name of the run.
    pub run: String,
    /// Actor, job, commit and host of the run, for people to read.
    pub by: String,
}

/// What the ledger knows about one person, oldest first, in managed projects. Empty if it knows nothing.
#[must_use]
pub fn person_history(
    history: &History,
    invitations: &[SentInvitation],
    emails: &BTreeSet<Email>,
    desired: &Desired,
    paint: Paint,
) -> String {
    let changes = history
        .changes
        .iter()
        .filter(|change| emails.contains(&change.email) && desired.projects.contains_key(&change.project));
    let mut lines: Vec<_> =
        changes.map(|change| (change.certain_from(), changed(history, change, desired))).collect();
    lines.extend(invitations.iter().filter_map(|sent| Some((sent.at, invited(sent, desired)?))));
    // Stable: what happened at the same time stays in the order of the ledger.
    lines.sort_by_key(|(at, _)| *at);
    if lines.is_empty() {
        return String::new();
    }
    lines.into_iter().fold(format!("\n{}\n", paint.bold("History")), |mut text, (at, line)| {
        let _ = writeln!(text, "  {}  {line}", time(at));
        text
    })
}

fn changed(history: &History, change: &AccessChange, desired: &Desired) -> String {
    let AccessChange { project, from, to, .. } = change;
    let project = desired.project_name(project);
    let [from, to] = [from, to].map(|it| role(desired, it.as_ref()));
    format!("{project} {from} → {to}: {}", history.evidence(change))
}

fn invited(sent: &SentInvitation, desired: &Desired) -> Option<String> {
    let SentInvitation { access, again, is_confirmed, run, by, .. } = sent;
    let managed: Access = access
        .iter()
        .filter(|(project, _)| desired.projects.contains_key(*project))
        .map(|(project, role)| (project.clone(), role.clone()))
        .collect();
    let word = match (is_confirmed, again) {
        (false, _) => "possibly invited (no confirmed response)",
        (true, true) => "invited again",
        (true, false) => "invited",
    };
    let roles = desired.access_names(&managed);
    (!managed.is_empty()).then(|| format!("{word}: {roles}, in {} by {by}", run_name(run)))
}
