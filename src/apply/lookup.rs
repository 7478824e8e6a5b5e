//! Reads a project's users when a refusal leaves open what access a person has. One reading serves
//! everyone who waits for it.

use std::rc::Rc;

use futures_util::StreamExt as _;

use super::scheduler::{Scheduler, Step, StepError, step_error};
use crate::api;
use crate::known::{User, UserList};
use crate::model::{Email, ProjectId, Role};

/// The access that a person has in a project.
pub(super) enum Found {
    /// None.
    Absent,
    /// The user has that role.
    Has { user: Box<User>, role: Role },
}

impl Scheduler<'_> {
    /// Reads every project that someone has asked for by now, and tells everyone who asked.
    pub(super) async fn read_for_all(&self) {
        let asked = self.readings.asked.take();
        futures_util::stream::iter(asked)
            .for_each_concurrent(self.apply.concurrency, async |(project, waiting)| {
                let reading = self.read(&project).await;
                self.outage.note(reading.as_ref().err());
                let reading = reading.map(Rc::new);
                for sender in waiting {
                    // Whoever has gone does not need it.
                    let _ = sender.send(reading.clone());
                }
            })
            .await;
    }

    /// Reads the users of a project, a second time if the list is shorter than its total.
    async fn read(&self, project: &ProjectId) -> Result<UserList, api::Error> {
        let reader = self.apply.writer.reader();
        let mut list = reader.users(project).await?;
        if !is_complete(&list) {
            list = reader.users(project).await?;
        }
        if is_complete(&list) {
            self.quorum.observe(project, &list);
        }
        Ok(list)
    }

    /// Looks up the access that `email` has in `project` now.
    pub(super) async fn look(&self, project: &ProjectId, email: &Email) -> Step<Found> {
        let Some(reading) = self.readings.reading(project).await else { return Err(StepError::Stopped) };
        let list = reading.map_err(step_error)?;
        let name = || self.apply.desired.project_name(project);
        let mut found = list.users.values().filter(|user| user.answers_to(email));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => {
                Err(StepError::person(format!("two users of {} have this login or address", name())))
            }
            (Some(user), None) => Ok(match user.projects.get(project) {
                Some(role) => Found::Has { user: Box::new(user.clone()), role: role.clone() },
                None => Found::Absent,
            }),
            (None, _) if is_complete(&list) => Ok(Found::Absent),
            (None, _) => Err(StepError::person(format!(
                "the list of the users of {} is shorter than its total",
                name()
            ))),
        }
    }
}

fn is_complete(list: &UserList) -> bool {
    list.total.is_none_or(|total| list.users.len() as u64 >= total)
}
