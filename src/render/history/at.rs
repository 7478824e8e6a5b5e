//! Who had which role at a given time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Question;
use crate::history::AccessChange;
use crate::model::{Email, ProjectId, Role};

/// Who had which role at a given time.
#[derive(Clone, Debug)]
pub struct AccessAt<'a> {
    /// The question.
    pub question: &'a Question<'a>,
    /// The time.
    pub at: Timestamp,
    /// By email and the name of the project.
    pub lines: Vec<AccessLine<'a>>,
}

/// The role of one person in one project at that time.
#[derive(Clone, Debug)]
pub struct AccessLine<'a> {
    /// The person.
    pub email: &'a Email,
    /// The project.
    pub project: &'a ProjectId,
    /// The change that led to the role that was last certain. None if there was none before.
    pub since: Option<&'a AccessChange>,
    /// Changes that happened shortly before or shortly after that time: between two readings.
    pub open: Vec<&'a AccessChange>,
}

impl<'a> AccessAt<'a> {
    /// Folds the changes up to `at`.
    #[must_use]
    pub fn new(question: &'a Question<'a>, at: Timestamp) -> Self {
        let mut found: BTreeMap<(&Email, &ProjectId), AccessLine<'_>> = BTreeMap::new();
        // Of merged ledgers, one may have known the role before for longer than the one that saw it change.
        let mut known: BTreeMap<(&Email, &ProjectId), Timestamp> = BTreeMap::new();
        for change in question.history.changes.iter().filter(|change| question.covers(&change.project)) {
            let (email, project) = (&change.email, &change.project);
            let line = || AccessLine { email, project, since: None, open: Vec::new() };
            if change.certain_from() <= at {
                found.entry((email, project)).or_insert_with(line).since = Some(change);
            } else if change.is_open_at(at) && known.get(&(email, project)).is_none_or(|known| *known < at) {
                found.entry((email, project)).or_insert_with(line).open.push(change);
            }
            known.insert((email, project), change.certain_from());
        }
        let is_asked = |line: &AccessLine| {
            line.possible()
                .iter()
                .flatten()
                .any(|role| question.role.as_ref().is_none_or(|asked| asked == *role))
        };
        let mut lines: Vec<_> = found.into_values().filter(is_asked).collect();
        lines.sort_by_cached_key(|line| (line.email, question.desired.project_name(line.project)));
        Self { question, at, lines }
    }
}

impl<'a> AccessLine<'a> {
    /// The role that was last certain; none for no access.
    #[must_use]
    pub fn role(&self) -> Option<&'a Role> {
        self.since.and_then(|change| change.to.as_ref())
    }

    /// The roles that the person may have had: one if it is certain, none among them for no access.
    #[must_use]
    pub fn possible(&self) -> Vec<Option<&'a Role>> {
        std::iter::once(self.role()).chain(self.open.iter().map(|change| change.to.as_ref())).collect()
    }
}
