//! How every page names a person, and the source of a role.

use crate::desired::{Person, RoleSource};
use crate::escape;
use crate::known::Member;

/// The name in the team file, or else that of the member; empty if unknown.
pub(super) fn full_name(person: Option<&Person>, member: Option<&Member>) -> String {
    let (first, last) = match (person, member) {
        (Some(person), _) => (&person.first_name, &person.last_name),
        (None, Some(member)) => (&member.first_name, &member.last_name),
        (None, None) => return String::new(),
    };
    escape::line(format!("{first} {last}").trim()).into_owned()
}

/// What gives a role: `group marketing`, or the person's own entry.
pub(super) fn source_of(role: &RoleSource) -> String {
    match &role.group {
        Some(group) => format!("group {}", escape::line(group)),
        None => "own entry".to_owned(),
    }
}
