//! The parts of a plan in the order in which people read it: what must not be missed stands first.

use super::View;
use super::highlights::{Lines, described};
use crate::inert;
use crate::plan::{Change, Note, NoteKind};

/// What the lines of a section have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    TakenAway,
    NewAdmin,
    Granted,
    Changed,
}

/// Changes of one sort, one line a person.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) title: &'static str,
    pub(super) sort: Sort,
    pub(super) lines: Lines<'a>,
}

/// The changes of a plan. Sections that are empty are left out.
pub(super) fn sections<'a>(view: &View<'a>) -> Vec<Section<'a>> {
    let invited = view.lines(|change| match change {
        Change::Invite { first_name, last_name, .. } => {
            let name = format!("({first_name} {last_name})");
            Some(format!("{}  {}", described(view.desired, change), inert::line(&name)))
        }
        _ => None,
    });
    let gained =
        view.lines(|change| matches!(change, Change::Assign { .. }).then(|| described(view.desired, change)));
    let changed = view.lines(|change| {
        (matches!(change, Change::ChangeRole { .. }) && !change.is_reduction())
            .then(|| described(view.desired, change))
    });
    [
        ("Taken away", Sort::TakenAway, view.taken_away()),
        ("Becomes ADMIN", Sort::NewAdmin, view.new_admins()),
        ("Invited", Sort::Granted, invited),
        ("Gains access", Sort::Granted, gained),
        ("Changes role", Sort::Changed, changed),
    ]
    .into_iter()
    .filter(|(_, _, lines)| !lines.is_empty())
    .map(|(title, sort, lines)| Section { title, sort, lines })
    .collect()
}

/// What nobody but a person can do. It stands where it cannot be missed.
pub(super) const BY_HAND: &str = "To do by hand";

/// Under which heading each kind of note stands.
const NOTES: [(&str, &[NoteKind]); 4] = [
    (BY_HAND, &[NoteKind::LastProject, NoteKind::CannotCancel]),
    ("Waiting", &[NoteKind::Stale, NoteKind::Invited, NoteKind::InFlight, NoteKind::Wave]),
    ("Dates", &[NoteKind::Starts, NoteKind::Ends, NoteKind::Ended]),
    ("Left alone", &[NoteKind::ExtraRole, NoteKind::Unlisted, NoteKind::Protected, NoteKind::Owner]),
];

/// The notes that ask a person to do something.
pub(super) fn by_hand<'a>(view: &View<'a>) -> Vec<&'a Note> {
    notes(view).into_iter().filter(|(title, _)| *title == BY_HAND).flat_map(|(_, notes)| notes).collect()
}

/// The notes of a plan by heading. Headings without a note are left out.
pub(super) fn notes<'a>(view: &View<'a>) -> Vec<(&'static str, Vec<&'a Note>)> {
    NOTES
        .into_iter()
        .map(|(title, kinds)| {
            (title, view.plan.notes.iter().filter(|note| kinds.contains(&note.kind)).collect::<Vec<_>>())
        })
        .filter(|(_, notes)| !notes.is_empty())
        .collect()
}
