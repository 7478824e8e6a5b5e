//! Looks up a person's access in a project when a rejection does not show it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::StreamExt as _;

use super::readings::Listing;
use super::scheduler::Scheduler;
use super::step_error::{Step, StepError, step_error};
use crate::api;
use crate::known::{User, UserList};
use crate::model::{Email, ProjectId, Role};

/// The access of a person in a project.
pub(super) enum Found {
    /// None.
    Absent,
    /// The user has this role.
    Has { user: Arc<User>, role: Role },
}

impl Scheduler<'_> {
    /// Reads every requested project, and passes the lists to everyone who waits for them.
    pub(super) async fn read_for_all(&self) {
        futures_util::stream::iter(self.readings.start())
            .for_each_concurrent(self.apply.concurrency, async |(project, waiting)| {
                let reading = self.read(&project).await;
                self.outage.note(reading.as_ref().err());
                let reading = reading.map(|list| Rc::new(Listing::new(list)));
                for sender in waiting {
                    // If the receiver has gone, no one needs it.
                    let _ = sender.send(reading.clone());
                }
            })
            .await;
    }

    /// Reads the users of a project, and again if the list is shorter than its total.
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

    /// Looks up the access of `email` in `project`.
    pub(super) async fn look(&self, project: &ProjectId, email: &Email) -> Step<Found> {
        let Some(reading) = self.readings.request(project).await else { return Err(StepError::Stopped) };
        let list = reading.map_err(step_error)?;
        let name = || self.apply.desired.project_name(project);
        match list.users.get(email).map_or(&[][..], Vec::as_slice) {
            [_, _, ..] => {
                Err(StepError::person(format!("two users of {} have this login or address", name())))
            }
            [user] => Ok(match user.projects.get(project) {
                Some(role) => Found::Has { user: Arc::clone(user), role: role.clone() },
                None => Found::Absent,
            }),
            [] if list.is_complete => Ok(Found::Absent),
            [] => Err(StepError::person(format!(
                "the user list of {} is incomplete: it is shorter than its total",
                name()
            ))),
        }
    }
}

impl Listing {
    fn new(list: UserList) -> Self {
        let is_complete = is_complete(&list);
        let mut users: BTreeMap<Email, Vec<Arc<User>>> = BTreeMap::new();
        for user in list.users.into_values() {
            for address in std::iter::once(&user.login).chain(&user.email) {
                users.entry(address.clone()).or_default().push(Arc::clone(&user));
            }
        }
        Self { users, is_complete }
    }
}

fn is_complete(list: &UserList) -> bool {
    list.total.is_none_or(|total| list.users.len() as u64 >= total)
}
