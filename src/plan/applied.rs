//! What the ledger keeps of a team file that was applied, so a later plan knows what was dropped from it.

use std::collections::BTreeSet;

use super::due::DueAccess;
use super::{Fact, Plan};
use crate::desired::{Desired, Person};
use crate::known::{AppliedAccess, Known};
use crate::model::{Access, Email};

/// The access of the last applied file, after an apply of `desired` that left `rest` undone: the rest of the
/// full plan. Everyone with something left to do, or that cannot be done, keeps what was there `before`; so
/// does everyone but the people `only`, if there are any.
#[must_use]
pub fn applied(
    before: Option<AppliedAccess>,
    desired: &Desired,
    known: &Known,
    rest: &Plan,
    only: &[Email],
) -> AppliedAccess {
    let projects: BTreeSet<_> = desired.projects.keys().cloned().collect();
    let only = with_addresses(known, only.iter().cloned().collect());
    let held = held_back(known, rest);
    let is_settled = |email: &Email| !held.contains(email) && (only.is_empty() || only.contains(email));
    let mut after = before.unwrap_or_default();
    let former: Vec<_> = after.people.keys().filter(|email| is_settled(email)).cloned().collect();
    for email in former {
        after.set(&email, &projects, Access::new());
    }
    let mut due = DueAccess::new(desired, rest.date);
    for (email, person) in desired.people.iter().filter(|(email, _)| is_settled(email)) {
        after.set(email, &projects, given(person, &mut due));
    }
    if only.is_empty() {
        after.projects.extend(projects);
    }
    after
}

/// What the file gives the person on that day.
fn given(person: &Person, due: &mut DueAccess<'_>) -> Access {
    let date = due.date();
    let is_in_effect =
        person.from.is_none_or(|from| from <= date) && person.until.is_none_or(|until| until >= date);
    if is_in_effect { due.of(person) } else { Access::new() }
}

/// The people with a change that was not made, or with access that guestlist leaves or cannot take away.
fn held_back(known: &Known, rest: &Plan) -> BTreeSet<Email> {
    let is_kept = |fact: &Fact| {
        matches!(
            fact,
            Fact::LastProject { .. }
                | Fact::CannotCancel { .. }
                | Fact::ExcessInvitation { .. }
                | Fact::MaybeInvited { .. }
                | Fact::Starts { member: true, .. }
                | Fact::RoleStarts { has: Some(_), .. }
        )
    };
    let notes = rest.notes.iter().filter(|note| is_kept(&note.fact)).filter_map(|note| note.email.as_ref());
    with_addresses(known, rest.changes.iter().map(super::Change::email).chain(notes).cloned().collect())
}

/// The addresses, and the other addresses of the same members: a file may name them by either.
fn with_addresses(known: &Known, mut people: BTreeSet<Email>) -> BTreeSet<Email> {
    for member in known.members.values() {
        if member.addresses().any(|address| people.contains(address)) {
            people.extend(member.addresses().cloned());
        }
    }
    people
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Endpoint;
    use crate::plan::PlanOptions;
    use crate::samples::{TODAY, access, known, person, team};

    fn before(people: &[(&str, &str)]) -> AppliedAccess {
        let people = people.iter().map(|(email, given)| (Email::as_received(email), access(given)));
        AppliedAccess { projects: BTreeSet::new(), people: people.collect() }
    }

    fn shown(applied: &AppliedAccess) -> Vec<String> {
        let line = |(email, access): (&Email, &Access)| {
            let access: Vec<_> = access.iter().map(|(project, role)| format!("{project}={role}")).collect();
            format!("{email} {}", access.join(" "))
        };
        applied.people.iter().map(line).collect()
    }

    #[test]
    fn what_the_file_gives_is_kept_for_everyone_with_nothing_left_to_do() {
        let people = [
            person("ana@example.com", "storefront: USER"),
            person("ben@example.com", "storefront: ADMIN"),
            person("new@example.com", "loyalty: USER"),
        ];
        let desired = team(&format!("people:\n{}", people.concat())).desired;
        let known = known(
            &[
                ("ana@example.com", "proj_s=USER"),
                ("ben@example.com", "proj_s=USER"),
                ("gone@example.com", "proj_l=USER"),
            ],
            &[("left@example.com", "proj_l=USER", 3)],
        );
        let full = Plan::between(&desired, &known, &PlanOptions::new(Endpoint::sandbox(), TODAY));
        let before = before(&[
            ("ana@example.com", "proj_l=USER proj_other=ADMIN"),
            ("ben@example.com", "proj_s=USER"),
            ("gone@example.com", "proj_l=USER proj_other=USER"),
            ("left@example.com", "proj_l=USER"),
        ]);
        // Nothing of the plan was done: Ben and the new person stay as they were. The invitation of someone
        // who was dropped cannot be canceled. Other projects belong to another team file.
        let after = applied(Some(before.clone()), &desired, &known, &full, &[]);
        assert_eq!(
            shown(&after),
            [
                "ana@example.com proj_other=ADMIN proj_s=USER",
                "ben@example.com proj_s=USER",
                "gone@example.com proj_other=USER",
                "left@example.com proj_l=USER",
            ]
        );
        assert_eq!(after.projects.len(), 2);
        let done = Plan { changes: Vec::new(), ..full };
        let after = applied(Some(before.clone()), &desired, &known, &done, &[]);
        assert_eq!(
            shown(&after),
            [
                "ana@example.com proj_other=ADMIN proj_s=USER",
                "ben@example.com proj_s=ADMIN",
                "gone@example.com proj_other=USER",
                "left@example.com proj_l=USER",
                "new@example.com proj_l=USER",
            ]
        );
        let only = [Email::as_received("gone@example.com")];
        assert_eq!(
            shown(&applied(Some(before), &desired, &known, &done, &only)),
            [
                "ana@example.com proj_l=USER proj_other=ADMIN",
                "ben@example.com proj_s=USER",
                "gone@example.com proj_other=USER",
                "left@example.com proj_l=USER",
            ]
        );
    }
}
