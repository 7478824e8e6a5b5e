//! The part of the client that reads. It has no method that writes.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::call::{Call, Method, PROJECTS, user_path, users_path};
use super::cause::Cause;
use super::client::{Answer, Client};
use super::error::Error;
use super::rate_limit::Pace;
use super::response::Page;
use crate::known::{ListedProject, User, UserList};
use crate::model::{ProjectId, UserId};

/// The most users that a page has.
const PAGE: usize = 100;

/// No list has so many pages or users: a service that goes on after that would go on for ever.
const MOST_PAGES: usize = 1_000;
const MOST_USERS: usize = MOST_PAGES * PAGE;

/// Reads projects and users.
#[derive(Clone)]
pub struct Reader {
    client: Client,
}

impl Client {
    /// The part of the client that has no method that writes.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader { client: self.clone() }
    }
}

impl Reader {
    /// The most recent rate limit, as [`Client::pace`] returns it.
    #[must_use]
    pub fn pace(&self) -> Option<Pace> {
        self.client.pace()
    }

    /// Every project, in one call.
    ///
    /// # Errors
    /// Where the service does not answer with them.
    pub async fn projects(&self) -> Result<Vec<ListedProject>, Error> {
        Ok(self.client.read(&Call::get(PROJECTS.to_owned())).await?.value)
    }

    /// A user of a project.
    ///
    /// # Errors
    /// Where the service does not answer with it; with status 404 where there is none.
    pub async fn user(&self, project: &ProjectId, user: &UserId) -> Result<User, Error> {
        Ok(self.client.read(&Call::get(user_path(project, user))).await?.value)
    }

    /// All users of a project, page after page until their total is reached or a page brings nobody
    /// new: it works alike where the service knows no pages. Whether the list is to be believed, it
    /// leaves to others.
    ///
    /// # Errors
    /// Where the service does not answer with them.
    pub async fn users(&self, project: &ProjectId) -> Result<UserList, Error> {
        let mut list = UserList::default();
        for number in 1..=MOST_PAGES {
            let path = format!("{}?limit={PAGE}&page={number}", users_path(project));
            let Answer { value: page, attempts, took, .. } =
                self.client.read::<Page>(&Call::get(path.clone())).await?;
            let before = list.users.len();
            list.users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
            list.totals_differ |=
                matches!((list.total, page.total), (Some(one), Some(other)) if one != other);
            list.total = page.total.or(list.total);
            let is_complete = list.total.is_some_and(|total| list.users.len() as u64 >= total);
            // A total beyond reach would be a million calls for a list that is not believed anyway.
            let is_beyond = list.total.is_some_and(|total| total > MOST_USERS as u64);
            if is_complete || is_beyond || list.users.len() == before {
                break;
            }
            if number == MOST_PAGES || list.users.len() > MOST_USERS {
                let cause = Cause::Endless { users: list.users.len() };
                return Err(Error {
                    method: Method::Get,
                    path,
                    attempts,
                    took,
                    maybe_processed: false,
                    cause,
                });
            }
        }
        Ok(list)
    }

    /// The users of several projects, so many projects at a time.
    ///
    /// # Errors
    /// The first failure, after which nothing more is read.
    pub async fn users_of(
        &self,
        projects: impl IntoIterator<Item = &ProjectId>,
        concurrency: usize,
    ) -> Result<BTreeMap<ProjectId, UserList>, Error> {
        let projects: Vec<_> = projects.into_iter().cloned().collect();
        let lists = projects.into_iter().map(|project| async move {
            let list = self.users(&project).await?;
            Ok((project, list))
        });
        stream::iter(lists).buffer_unordered(concurrency.max(1)).try_collect().await
    }
}
