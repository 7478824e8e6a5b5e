//! What all formats for people say: what is taken away, who becomes ADMIN, how many calls, from where.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::{View, about};
use crate::desired::Desired;
use crate::identity::Email;
use crate::known::Source;
use crate::plan::{Change, Origin, Summary};
use crate::wording::count;

/// One line a person, sorted by person.
pub(super) type Lines<'a> = BTreeMap<&'a Email, Vec<String>>;

impl<'a> View<'a> {
    /// `loyalty USER → none`, `storefront ADMIN → USER`.
    pub(super) fn taken_away(&self) -> Lines<'a> {
        self.lines(|change| change.is_reduction().then(|| described(self.desired, change)))
    }

    /// `storefront`, `loyalty (by invitation)`.
    pub(super) fn new_admins(&self) -> Lines<'a> {
        self.lines(|change| {
            let projects: Vec<_> =
                change.new_admin_in().map(|project| self.desired.project_name(project)).collect();
            let how = if matches!(change, Change::Invite { .. }) { " (by invitation)" } else { "" };
            (!projects.is_empty()).then(|| format!("{}{how}", projects.join(", ")))
        })
    }

    /// Changes that `described` has words for, by person.
    pub(super) fn lines(&self, described: impl Fn(&Change) -> Option<String>) -> Lines<'a> {
        let mut lines = Lines::new();
        for (n, change) in self.plan.changes.iter().enumerate() {
            let Some(mut text) = described(change) else { continue };
            if let Some(origin) = self.origins.get(n) {
                text = format!("{text} [{}]", origin.name());
            }
            lines.entry(change.email()).or_default().push(text);
        }
        lines
    }
}

/// Everyone who stands in a line, for the width of their column.
pub(super) fn emails(view: &View) -> Vec<String> {
    let changed = view.plan.changes.iter().map(Change::email);
    let noted = view.plan.notes.iter().filter_map(|note| note.email.as_ref());
    changed.chain(noted).map(ToString::to_string).collect()
}

/// From where and when members are known.
pub(super) fn learned(view: &View) -> String {
    let evidence = view.plan.evidence;
    let read_at = evidence.read_at.to_zoned(TimeZone::UTC);
    match evidence.source {
        Source::Live => format!("members read live at {}", read_at.strftime("%H:%M:%S UTC")),
        Source::Ledger => {
            format!(
                "offline: members as the ledger has them of {}",
                read_at.strftime("%Y-%m-%d %H:%M:%S UTC")
            )
        }
    }
}

/// How many calls of each kind, and how long they will take.
pub(super) fn numbers(view: &View) -> String {
    let Summary { invite, assign, change_role, unassign, calls } = view.plan.summary();
    if calls == 0 {
        return "No changes: nothing to do.".to_owned();
    }
    let time = view.expected.map(|time| format!(", {}", about(time))).unwrap_or_default();
    format!(
        "{invite} to invite, {assign} to assign, {change_role} to change, {unassign} to unassign: {}{time}.",
        count(calls, "call")
    )
}

/// How many changes come from where, if a base tells.
pub(super) fn origins_text(view: &View) -> Option<String> {
    if view.origins.is_empty() {
        return None;
    }
    let of = |origin| view.origins.iter().filter(|other| **other == origin).count();
    Some(format!(
        "{} from this pull request, {} there before (drift), {} made by hand against it (manual).",
        of(Origin::PullRequest),
        of(Origin::Drift),
        of(Origin::Manual)
    ))
}

/// One change in a line, as an order: `assign alex@example.com: storefront USER`.
#[must_use]
pub fn change_line(desired: &Desired, change: &Change) -> String {
    let verb = match change {
        Change::Invite { .. } => "invite",
        Change::Assign { .. } => "assign",
        Change::ChangeRole { .. } => "change",
        Change::Unassign { .. } => "unassign",
    };
    format!("{verb} {}: {}", change.email(), described(desired, change))
}

/// What a change does, by alias, without saying for whom.
#[must_use]
pub fn described(desired: &Desired, change: &Change) -> String {
    match change {
        Change::Invite { projects, .. } => desired.access_names(projects),
        Change::Assign { project, role, .. } => {
            format!("{} {}", desired.project_name(project), desired.role_name(role))
        }
        Change::ChangeRole { project, from, to, .. } => {
            let (from, to) = (desired.role_name(from), desired.role_name(to));
            format!("{} {from} → {to}", desired.project_name(project))
        }
        Change::Unassign { project, role, .. } => {
            format!("{} {} → none", desired.project_name(project), desired.role_name(role))
        }
    }
}
