//! Whether the service returns lists page by page.

use super::call::{Call, users_path};
use super::error::Error;
use super::reader::Reader;
use super::response::Page;
use crate::model::ProjectId;

/// How the service returns a list when it is asked for pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PagingSupport {
    /// Each page has other users.
    Works,
    /// The first page has more users than asked for.
    Whole,
    /// The second page repeats the first.
    Repeats,
}

impl Reader {
    /// Asks for two pages of one user each. The project has at least two users.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn paging(&self, project: &ProjectId) -> Result<PagingSupport, Error> {
        let path = |number: u8| format!("{}?limit=1&page={number}", users_path(project));
        let first: Page = self.client.read(&Call::get(path(1))).await?.value;
        if first.users.len() > 1 {
            return Ok(PagingSupport::Whole);
        }
        let second: Page = self.client.read(&Call::get(path(2))).await?.value;
        let ids = |page: &Page| page.users.iter().map(|user| user.id.clone()).collect::<Vec<_>>();
        Ok(if ids(&first) == ids(&second) { PagingSupport::Repeats } else { PagingSupport::Works })
    }
}
