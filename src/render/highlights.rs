//! What a reviewer must not miss, person by person: what is taken away, and who becomes ADMIN.

use std::collections::BTreeMap;

use super::View;
use crate::desired::Desired;
use crate::identity::Email;
use crate::plan::Change;

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
        for change in &self.plan.changes {
            if let Some(text) = described(change) {
                lines.entry(change.email()).or_default().push(text);
            }
        }
        lines
    }
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
