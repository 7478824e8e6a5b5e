//! What the ledger keeps of a team file that was applied, so a later plan knows what was dropped from it.

use std::collections::BTreeSet;

use super::{Fact, Plan};
use crate::desired::{Desired, Person};
use crate::known::{AppliedAccess, Known};
use crate::model::{Access, Email};

/// The access of the last applied file, after an apply of `desired` that left `rest` undone: the rest of the
/// full plan. What it was `before` stays for everyone for whom something is left to do, or cannot be done.
#[must_use]
pub fn applied(
    before: Option<AppliedAccess>,
    desired: &Desired,
    known: &Known,
    rest: &Plan,
) -> AppliedAccess {
    let projects: BTreeSet<_> = desired.projects.keys().cloned().collect();
    let mut after = before.unwrap_or_default();
    let held = held_back(known, rest);
    let former: Vec<_> = after.people.keys().filter(|email| !held.contains(*email)).cloned().collect();
    for email in former {
        after.set(&email, &projects, Access::new());
    }
    for (email, person) in desired.people.iter().filter(|(email, _)| !held.contains(*email)) {
        let given = if is_in_effect(person, rest) { person.access_on(rest.date) } else { Access::new() };
        after.set(email, &projects, given);
    }
    after.projects.extend(projects);
    after
}

/// Whether the file gives the person access on the day of the plan.
fn is_in_effect(person: &Person, plan: &Plan) -> bool {
    person.from.is_none_or(|from| from <= plan.date) && person.until.is_none_or(|until| until >= plan.date)
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
        )
    };
    let notes = rest.notes.iter().filter(|note| is_kept(&note.fact)).filter_map(|note| note.email.as_ref());
    let mut held: BTreeSet<Email> =
        rest.changes.iter().map(super::Change::email).chain(notes).cloned().collect();
    // The file may name them by their other address.
    for member in known.members.values() {
        if member.addresses().any(|address| held.contains(address)) {
            held.extend(member.addresses().cloned());
        }
    }
    held
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
        let after = applied(Some(before.clone()), &desired, &known, &full);
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
        let after = applied(Some(before), &desired, &known, &done);
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
    }
}
