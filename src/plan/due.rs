//! The access that is due on a day, worked out once for all people who have it from the same schedules.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::desired::{Desired, Person, Schedule};
use crate::model::{Access, ProjectId};

/// The access due on a day to the people of a team file.
pub(super) struct DueAccess<'a> {
    date: Date,
    /// By the place of the schedules in memory, which stays theirs while `desired` is borrowed.
    known: BTreeMap<*const BTreeMap<ProjectId, Schedule>, Access>,
    desired: &'a Desired,
}

impl<'a> DueAccess<'a> {
    pub(super) fn new(desired: &'a Desired, date: Date) -> Self {
        Self { date, known: BTreeMap::new(), desired }
    }

    /// The day.
    pub(super) fn date(&self) -> Date {
        self.date
    }

    /// The roles of `person`, who is one of the people of the team file, whether or not the day is one of theirs.
    pub(super) fn of(&mut self, person: &Person) -> Access {
        debug_assert!(self.desired.people.contains_key(&person.email));
        let due = self.known.entry(Arc::as_ptr(&person.access));
        due.or_insert_with(|| person.access_on(self.date)).clone()
    }
}
