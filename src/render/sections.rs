//! A plan as a reader sees it: removals, new ADMINs and what needs attention first, then the rest. Each
//! change is under one heading, and the number in a heading is that of its rows.

use std::collections::BTreeMap;

use super::change_line::described;
use super::{Base, View};
use crate::escape;
use crate::model::Email;
use crate::plan::{Change, Effect, Note, NoteKind, Origin};

/// A heading.
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
    Reasons,
    NotChanged,
}

/// Which part of a plan with `--base` a section belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Part {
    /// What only the pull request asks for.
    PullRequest,
    /// What the base asks for too.
    Before,
    /// Notes that need no action.
    Notes,
}

/// The most notes shown about what `prune` keeps; the rest is a count.
const KEPT_SHOWN: usize = 9;

/// Sections under a common heading.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// None if the plan is not divided: there is no base, or everything comes from the pull request.
    pub(super) part: Option<Part>,
    pub(super) sections: Vec<Section<'a>>,
}

/// One heading and its rows.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) topic: Topic,
    pub(super) rows: Vec<SectionRow<'a>>,
    /// The number of further rows that are only counted.
    pub(super) folded: usize,
}

/// One person and a text; a note on the plan as a whole has no person.
#[derive(Debug)]
pub(super) struct SectionRow<'a> {
    pub(super) email: Option<&'a Email>,
    pub(super) sentence: Sentence,
    /// `(Alex Doe, by invitation)`.
    pub(super) aside: Option<String>,
    /// Whether the person is under the same heading in the block above. The verdict counts them once.
    pub(super) is_also_above: bool,
}

/// What is said of a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Sentence {
    /// The whole sentence.
    pub(super) text: String,
    /// How to say it of many people at once, if it has a part that differs.
    pub(super) listed: Option<Listed>,
}

/// A sentence about many people: the common part once, and a detail for each person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Listed {
    /// `not in the file; cancel it in Team settings`.
    pub(super) lead: String,
    /// `storefront USER`.
    pub(super) detail: String,
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
            NoteKind::ReasonChanged | NoteKind::ReviewChanged => Self::Reasons,
            NoteKind::ExtraRole
            | NoteKind::Unlisted
            | NoteKind::NothingDropped
            | NoteKind::Protected
            | NoteKind::Owner => Self::NotChanged,
            NoteKind::LastProject
            | NoteKind::ExcessInvitation
            | NoteKind::CannotCancel
            | NoteKind::MaybeInvited
            | NoteKind::Stale
            | NoteKind::ReviewDue
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
            Self::Reasons => "Reasons and reviews",
            Self::NotChanged => "Not changed",
        }
    }

    /// Whether a reviewer must see it: what is removed, new ADMINs, and what needs attention.
    pub(super) fn is_crucial(self) -> bool {
        self <= Self::NeedsAttention
    }

    /// Whether its rows are changes, not notes.
    pub(super) fn is_change(self) -> bool {
        !matches!(self, Self::NeedsAttention | Self::Waiting | Self::Dates | Self::Reasons | Self::NotChanged)
    }
}

impl Section<'_> {
    /// The number of rows, including those that are only counted.
    pub(super) fn total(&self) -> usize {
        self.rows.len() + self.folded
    }
}

impl SectionRow<'_> {
    /// Everything but the person.
    pub(super) fn line(&self) -> String {
        match &self.aside {
            Some(aside) => format!("{}  {aside}", self.sentence.text),
            None => self.sentence.text.clone(),
        }
    }
}

impl Sentence {
    /// A sentence that is the same for everyone it is true of.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), listed: None }
    }

    /// With `lead` and `detail` for a list of people.
    pub(super) fn listed(self, lead: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { listed: Some(Listed { lead: lead.into(), detail: detail.into() }), ..self }
    }
}

/// The plan in blocks. Without a base, or if everything comes from the pull request, there is one.
pub(super) fn blocks<'a>(view: &View<'a>) -> Vec<Block<'a>> {
    let divided = view.base.filter(|base| is_divided(view, *base));
    let mut blocks: BTreeMap<Option<Part>, BTreeMap<Topic, Section<'a>>> = BTreeMap::new();
    if divided.is_some() {
        // Also where the pull request changes nothing, which is worth saying.
        blocks.entry(Some(Part::PullRequest)).or_default();
    }
    let mut section_of = |part: Option<Part>, topic: Topic, row: Option<SectionRow<'a>>| {
        let new = || Section { topic, rows: Vec::new(), folded: 0 };
        let section = blocks.entry(part).or_default().entry(topic).or_insert_with(new);
        match row {
            Some(row) => section.rows.push(row),
            None => section.folded += 1,
        }
    };
    for ((topic, email), changes) in by_person(view) {
        let origin = |n: usize| divided.and_then(|base| base.origins.changes.get(n).copied());
        let (new, before): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|(n, _)| origin(*n).is_none_or(|it| it == Origin::PullRequest));
        let is_in_both = !new.is_empty() && !before.is_empty();
        for (part, changes) in [(Part::PullRequest, new), (Part::Before, before)] {
            let Some((_, first)) = changes.first() else { continue };
            let text = described_together(view, &changes, origin);
            let is_invitation = matches!(first, Change::Invite { .. }) && topic == Topic::BecomesAdmin;
            let lead = if is_invitation { format!("{text}, by invitation") } else { text.clone() };
            let sentence = Sentence::new(text).listed(lead, "");
            let is_also_above = is_in_both && part == Part::Before;
            let aside = if is_also_above { Some("(also above)".to_owned()) } else { aside(topic, first) };
            let row = SectionRow { email: Some(email), sentence, aside, is_also_above };
            section_of(divided.map(|_| part), topic, Some(row));
        }
    }
    let mut kept = 0;
    for (n, note) in view.plan.notes.iter().enumerate() {
        let topic = Topic::of_note(note);
        let part = divided.map(|base| match (note.needs_attention(), base.origins.notes.get(n)) {
            (false, _) => Part::Notes,
            (true, Some(Origin::PullRequest)) => Part::PullRequest,
            (true, _) => Part::Before,
        });
        kept += usize::from(note.is_foldable());
        let is_shown = !note.is_foldable() || kept <= KEPT_SHOWN;
        let row = || SectionRow {
            email: note.email.as_ref(),
            sentence: view.note(note),
            aside: None,
            is_also_above: false,
        };
        section_of(part, topic, is_shown.then(row));
    }
    let block =
        |(part, sections): (_, BTreeMap<_, _>)| Block { part, sections: sections.into_values().collect() };
    blocks.into_iter().map(block).collect()
}

/// Whether any change, or note that needs attention, does not come from the pull request.
fn is_divided(view: &View, base: Base) -> bool {
    let mut attention =
        view.plan.notes.iter().zip(&base.origins.notes).filter(|(note, _)| note.needs_attention());
    base.origins.changes.iter().any(|origin| *origin != Origin::PullRequest)
        || attention.any(|(_, origin)| *origin != Origin::PullRequest)
}

/// The changes by heading and person, each with its place in the plan.
fn by_person<'a>(view: &View<'a>) -> BTreeMap<(Topic, &'a Email), Vec<(usize, &'a Change)>> {
    let mut people: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (n, (change, effect)) in view.plan.changes.iter().zip(view.plan.effects()).enumerate() {
        people.entry((Topic::of_effect(effect), change.email())).or_default().push((n, change));
    }
    people
}

/// Changes of one person, with those that revert a change outside Git marked: all of them once, or each.
fn described_together(
    view: &View,
    changes: &[(usize, &Change)],
    origin: impl Fn(usize) -> Option<Origin>,
) -> String {
    const MARK: &str = " (reverts a change outside Git)";
    let is_manual = |n: usize| origin(n) == Some(Origin::Manual);
    let all_manual = changes.iter().all(|(n, _)| is_manual(*n));
    let items = changes.iter().map(|(n, change)| {
        let mark = if is_manual(*n) && !all_manual { MARK } else { "" };
        format!("{}{mark}", described(view.desired, change))
    });
    format!("{}{}", items.collect::<Vec<_>>().join(", "), if all_manual { MARK } else { "" })
}

/// `(Alex Doe, by invitation)`.
fn aside(topic: Topic, change: &Change) -> Option<String> {
    let Change::Invite { first_name, last_name, .. } = change else { return None };
    let how = if topic == Topic::BecomesAdmin { ", by invitation" } else { "" };
    Some(escape::line(&format!("({first_name} {last_name}{how})")).into_owned())
}
