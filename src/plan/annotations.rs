//! Changes to reasons and review dates in a pull request, which do not change access.

use std::collections::BTreeSet;

use super::{Fact, Note};
use crate::desired::{Desired, Person};

/// The reasons and review dates that differ from those of `base`, including people that it does not list.
pub(super) fn annotations(desired: &Desired, base: &Desired) -> Vec<Note> {
    let mut notes = Vec::new();
    for person in desired.people.values() {
        let before = base.people.get(&person.email);
        let mut note = |project: Option<&_>, fact| {
            notes.push(Note { email: Some(person.email.clone()), project: project.cloned(), fact });
        };
        let (from, to) = (before.and_then(|before| before.review_by), person.review_by);
        if from != to {
            note(None, Fact::ReviewChanged { from, to });
        }
        let (from, to) = (before.and_then(|before| before.reason.clone()), person.reason.clone());
        if from != to {
            note(None, Fact::ReasonChanged { from, to });
        }
        let reasons = |person: &Person| person.reasons.keys().cloned().collect::<BTreeSet<_>>();
        // A reason that went with its role says nothing.
        let projects = reasons(person).into_iter().chain(before.map(reasons).unwrap_or_default());
        let projects: BTreeSet<_> = projects.filter(|it| person.access.contains_key(it)).collect();
        for project in &projects {
            let from = before.and_then(|before| before.reasons.get(project).cloned());
            let to = person.reasons.get(project).cloned();
            if from != to {
                note(Some(project), Fact::ReasonChanged { from, to });
            }
        }
    }
    notes
}
