//! The part of the client that reads. It has no method that writes.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::watch;

use super::activity::Activity;
use super::call::{Call, Method, PROJECTS, users_path};
use super::cause::Cause;
use super::client::{Answer, Client};
use super::error::Error;
use super::rate_limit::Pace;
use super::response::Page;
use crate::known::{ListedProject, UserList};
use crate::model::ProjectId;

/// The documented maximum of users on a page.
const PAGE: usize = 100;

/// Upper bounds that stop a server that never ends its list.
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
    /// What calls wait for, as [`Client::activity`] returns it.
    #[must_use]
    pub fn activity(&self) -> watch::Receiver<Activity> {
        self.client.activity()
    }

    /// The most recent rate limit, as [`Client::pace`] returns it.
    #[must_use]
    pub fn pace(&self) -> Option<Pace> {
        self.client.pace()
    }

    /// All projects of the organization.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn projects(&self) -> Result<Vec<ListedProject>, Error> {
        Ok(self.client.read(&Call::get(PROJECTS.to_owned())).await?.value)
    }

    /// All users of a project: reads pages until their total is reached, or a page has no new user. This also
    /// works with a service that ignores paging. Whether the list is plausible is for the caller to decide.
    ///
    /// # Errors
    /// If a call fails, or the list does not end.
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
            // An absurd total would take a million calls, for a list that is not plausible anyway.
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

    /// The users of several projects, of `concurrency` projects at a time.
    ///
    /// # Errors
    /// The first failure, after which nothing more is read.
    pub async fn users_of(
        &self,
        projects: impl IntoIterator<Item = &ProjectId>,
        concurrency: usize,
    ) -> Result<BTreeMap<ProjectId, UserList>, Error> {
        let projects: Vec<_> = projects.into_iter().cloned().collect();
        let reading = &self.client.reading(projects.len());
        let lists = projects.into_iter().map(|project| async move {
            let list = self.users(&project).await?;
            reading.one_more();
            Ok((project, list))
        });
        let lists = stream::iter(lists).buffer_unordered(concurrency.max(1)).try_collect().await;
        self.client.forget_rows();
        lists
    }
}
