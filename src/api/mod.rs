//! The client of the Voucherify Management API: one constructor per call, with pacing and retries.
//!
//! It knows nothing of plans and the ledger. Its callers interpret rejections.

mod activity;
mod call;
mod cause;
mod client;
mod credentials;
mod error;
mod gate;
mod headers;
mod paging;
mod rate_limit;
mod reader;
mod response;
mod retry;
mod row;
mod rows;
mod transport;
mod writer;

#[cfg(test)]
mod scripted_server;
#[cfg(test)]
mod tests;

pub use activity::{Activity, Lists, Retry};
pub use call::{Call, Invite, Method};
pub use cause::{Cause, Rejection};
pub use client::{Admission, Answer, Client, Settings};
pub use credentials::{BadCredential, Credentials};
pub use error::{Error, NoRoots};
pub use paging::PagingSupport;
pub use rate_limit::{Pace, estimate};
pub use reader::Reader;
pub use response::{Content, ListedLimit, Page, ProjectList};
pub use retry::{RetryPolicy, Timeouts};
pub use rows::Rows;
#[cfg(feature = "object-store")]
pub(crate) use transport::{http_client, reason};
pub use writer::Writer;
