//! The parts of a plan in the order in which people read it: removals, new ADMINs and what needs
//! attention first, then the rest. Each change is under one heading, and each heading counts its rows.

use std::collections::BTreeMap;

use super::change_line::described;
use super::{View, sentences};
use crate::escape;
use crate::model::Email;
use crate::plan::{Change, Effect, Note, NoteKind};

/// What the rows of a section have in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Topic {
    LosesAccess,
    LosesAdmin,
    BecomesAdmin,
    NeedsAttention,
    Invited,
    GainsAccess,
    ChangesRole,
    Waiting,
    Dates,
    NotChanged,
}

/// How many notes about what `prune` keeps are shown; the rest is a count.
const KEPT_SHOWN: usize = 9;

/// One heading and what is under it.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) topic: Topic,
    pub(super) rows: Vec<Row<'a>>,
    /// How many more rows there are that nobody has to read.
    pub(super) folded: usize,
}

/// One person, and what is to be said; a note on the plan as a whole has no person.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) email: Option<&'a Email>,
    pub(super) text: String,
}

impl Topic {
    fn of_effect(effect: Effect) -> Self {
        match effect {
            Effect::LosesAccess => Self::LosesAccess,
            Effect::LosesAdmin => Self::LosesAdmin,
            Effect::BecomesAdmin => Self::BecomesAdmin,
            Effect::Invited => Self::Invited,
            Effect::GainsAccess => Self::GainsAccess,
            Effect::ChangesRole => Self::ChangesRole,
        }
    }

    fn of_note(note: &Note) -> Self {
        if note.needs_attention() {
            return Self::NeedsAttention;
        }
        match note.kind() {
            NoteKind::Starts | NoteKind::Ends | NoteKind::Ended => Self::Dates,
            NoteKind::ExtraRole | NoteKind::Unlisted | NoteKind::Protected | NoteKind::Owner => {
                Self::NotChanged
            }
            NoteKind::LastProject
            | NoteKind::ExcessInvitation
            | NoteKind::CannotCancel
            | NoteKind::MaybeInvited
            | NoteKind::Stale
            | NoteKind::Invited
            | NoteKind::InFlight
            | NoteKind::Wave => Self::Waiting,
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::LosesAccess => "Loses access",
            Self::LosesAdmin => "Loses ADMIN",
            Self::BecomesAdmin => "Becomes ADMIN",
            Self::NeedsAttention => "Needs attention",
            Self::Invited => "Invited",
            Self::GainsAccess => "Gains access",
            Self::ChangesRole => "Changes role",
            Self::Waiting => "Waiting",
            Self::Dates => "Dates",
            Self::NotChanged => "Not changed",
        }
    }

    /// `2 lose access`, in the words of the title; none for what a verdict leaves out.
    pub(super) fn counted(self, n: usize) -> Option<String> {
        let (one, many) = match self {
            Self::LosesAccess => ("loses access", "lose access"),
            Self::LosesAdmin => ("loses ADMIN", "lose ADMIN"),
            Self::BecomesAdmin => ("becomes ADMIN", "become ADMIN"),
            Self::NeedsAttention => ("needs attention", "need attention"),
            Self::Invited => ("invited", "invited"),
            Self::GainsAccess => ("gains access", "gain access"),
            Self::ChangesRole => ("changes role", "change role"),
            Self::Waiting | Self::Dates | Self::NotChanged => return None,
        };
        Some(format!("{n} {}", if n == 1 { one } else { many }))
    }

    /// Whether a reviewer must not miss it: it is never folded away.
    pub(super) fn matters(self) -> bool {
        self <= Self::NeedsAttention
    }

    /// Whether it is about changes.
    pub(super) fn is_change(self) -> bool {
        !matches!(self, Self::NeedsAttention | Self::Waiting | Self::Dates | Self::NotChanged)
    }
}

impl Section<'_> {
    /// How many rows it has, the folded ones included.
    pub(super) fn total(&self) -> usize {
        self.rows.len() + self.folded
    }
}

/// The sections of a plan, in order. Those that are empty are left out.
pub(super) fn sections<'a>(view: &View<'a>) -> Vec<Section<'a>> {
    let mut changed: BTreeMap<Topic, BTreeMap<&Email, Vec<String>>> = BTreeMap::new();
    for (n, (change, effect)) in view.plan.changes.iter().zip(view.plan.effects()).enumerate() {
        let mut text = described(view.desired, change);
        if let Change::Invite { first_name, last_name, .. } = change {
            let how = if effect == Effect::BecomesAdmin { ", by invitation" } else { "" };
            text = format!("{text}  {}", escape::line(&format!("({first_name} {last_name}{how})")));
        }
        if let Some(origin) = view.origins().get(n) {
            text = format!("{text} [{}]", sentences::origin(*origin));
        }
        let people = changed.entry(Topic::of_effect(effect)).or_default();
        people.entry(change.email()).or_default().push(text);
    }
    let mut sections: BTreeMap<Topic, Section<'a>> = BTreeMap::new();
    for (topic, people) in changed {
        let row =
            |(email, parts): (&'a Email, Vec<String>)| Row { email: Some(email), text: parts.join(", ") };
        let rows = people.into_iter().map(row).collect();
        sections.insert(topic, Section { topic, rows, folded: 0 });
    }
    let mut kept = 0;
    for note in &view.plan.notes {
        let topic = Topic::of_note(note);
        let section = sections.entry(topic).or_insert_with(|| Section { topic, rows: Vec::new(), folded: 0 });
        kept += usize::from(note.is_foldable());
        if note.is_foldable() && kept > KEPT_SHOWN {
            section.folded += 1;
        } else {
            section.rows.push(Row { email: note.email.as_ref(), text: view.note(note) });
        }
    }
    sections.into_values().collect()
}
