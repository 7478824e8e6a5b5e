//! The part of the client that reads. It has no method that writes.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::activity::{Activity, ListCount};
use super::call::{Call, Method, PROJECTS, users_path};
use super::cause::Cause;
use super::client::{Answer, Client};
use super::error::Error;
use super::rate_limit::Pace;
use super::response::{Page, ProjectList};
use crate::known::{ListedProject, UserList};
use crate::model::ProjectId;

/// The documented maximum of users on a page.
const PAGE: usize = 100;

/// Upper bounds that stop a server that never ends its list.
const MOST_PAGES: usize = 1_000;
const MOST_USERS: usize = MOST_PAGES * PAGE;

/// How many pages of a list are read side by side.
const PAGES_AT_A_TIME: usize = 8;

/// Reads projects and users.
#[derive(Clone)]
pub struct Reader {
    pub(super) client: Client,
}

impl Client {
    /// The part of the client that has no method that writes.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader { client: self.clone() }
    }
}

impl Reader {
    /// What calls wait for, as it changes.
    #[must_use]
    pub fn activity(&self) -> watch::Receiver<Activity> {
        self.client.0.activity.subscribe()
    }

    /// The rate limit in the last response, if the service has one.
    #[must_use]
    pub fn pace(&self) -> Option<Pace> {
        self.client.0.gate.pace()
    }

    /// All projects of the organization.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn projects(&self) -> Result<Vec<ListedProject>, Error> {
        let ProjectList { projects, limits } = self.client.read(&Call::get(PROJECTS.to_owned())).await?.value;
        self.client.0.gate.set_listed_limits(limits);
        Ok(projects)
    }

    /// All users of a project: reads pages until their total is reached, or a page has no new user. This also
    /// works with a service that ignores paging. Whether the list is plausible is for the caller to decide.
    ///
    /// # Errors
    /// If a call fails, or the list does not end.
    pub async fn users(&self, project: &ProjectId) -> Result<UserList, Error> {
        let list = self.list(project, &Semaphore::new(PAGES_AT_A_TIME)).await;
        self.client.0.transport.rows().clear();
        list
    }

    /// The users of several projects, with `concurrency` calls at a time.
    ///
    /// # Errors
    /// The first failure, after which nothing more is read.
    pub async fn users_of(
        &self,
        projects: impl IntoIterator<Item = &ProjectId>,
        concurrency: usize,
    ) -> Result<BTreeMap<ProjectId, UserList>, Error> {
        let room = Arc::new(Semaphore::new(concurrency.max(1)));
        let mut tasks = JoinSet::new();
        for project in projects.into_iter().cloned() {
            let (reader, room) = (self.clone(), Arc::clone(&room));
            tasks.spawn(async move { reader.list(&project, &room).await.map(|list| (project, list)) });
        }
        let count = &ListCount::begin(&self.client.0.activity, tasks.len());
        let mut lists = BTreeMap::new();
        let result = loop {
            match tasks.join_next().await {
                None => break Ok(lists),
                Some(Ok(Ok((project, list)))) => {
                    lists.insert(project, list);
                    count.one_more();
                }
                Some(Ok(Err(error))) => break Err(error),
                // No task is cancelled, so it panicked.
                Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
            }
        };
        self.client.0.transport.rows().clear();
        result
    }

    /// The users of a project. `room` limits how many calls are made at a time.
    async fn list(&self, project: &ProjectId, room: &Semaphore) -> Result<UserList, Error> {
        let mut merged = Merged::default();
        let first = self.page(project, 1, room).await?;
        let mut is_complete = merged.add(first.value);
        // Full pages and a total show how many more there are. These are read side by side.
        let rest = if is_complete { 0 } else { merged.pages_left() };
        let pages = (2..2 + rest).map(|number| self.page(project, number, room));
        let mut pages = stream::iter(pages).buffered(PAGES_AT_A_TIME);
        let mut number = 1;
        while !is_complete {
            let Answer { value, attempts, took, .. } = match pages.next().await {
                Some(page) => page?,
                None => self.page(project, number + 1, room).await?,
            };
            number += 1;
            is_complete = merged.add(value);
            let users = merged.list.users.len();
            if !is_complete && (number == MOST_PAGES || users > MOST_USERS) {
                let (path, cause) = (page_path(project, number), Cause::Endless { users });
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
        Ok(merged.list)
    }

    async fn page(
        &self,
        project: &ProjectId,
        number: usize,
        room: &Semaphore,
    ) -> Result<Answer<Page>, Error> {
        // It is never closed.
        let _permit = room.acquire().await;
        self.client.read(&Call::get(page_path(project, number))).await
    }
}

fn page_path(project: &ProjectId, number: usize) -> String {
    format!("{}?limit={PAGE}&page={number}", users_path(project))
}

/// The pages of a list so far.
#[derive(Default)]
struct Merged {
    list: UserList,
    rows: usize,
}

impl Merged {
    /// Adds the next page. Returns whether the list is complete, or no page can complete it.
    fn add(&mut self, page: Page) -> bool {
        let Self { list, rows } = self;
        let before = list.users.len();
        *rows += page.users.len();
        list.users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
        list.totals_differ |= matches!((list.total, page.total), (Some(one), Some(other)) if one != other);
        list.total = page.total.or(list.total);
        let has_all = list.total.is_some_and(|total| list.users.len() as u64 >= total);
        // An absurd total would take a million calls, for a list that is not plausible anyway.
        let is_beyond = list.total.is_some_and(|total| total > MOST_USERS as u64);
        has_all || is_beyond || list.users.len() == before
    }

    /// The number of pages after the first one, if that was full and the total is known.
    fn pages_left(&self) -> usize {
        let total = self.list.total.and_then(|total| usize::try_from(total).ok()).unwrap_or_default();
        if self.rows == PAGE { total.saturating_sub(PAGE).div_ceil(PAGE) } else { 0 }
    }
}
