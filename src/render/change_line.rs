//! One change in a line, by alias.

use crate::desired::Desired;
use crate::plan::Change;

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

/// What a change does, by alias, without the person.
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
