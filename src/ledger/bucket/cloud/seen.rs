//! The last failed response or connection of a request, noted while the `object_store` crate makes it: its errors
//! are texts with URLs, which can have secrets in them.

use std::cell::RefCell;
use std::future::Future;

tokio::task_local! {
    static SEEN: RefCell<Option<Seen>>;
}

/// What went wrong last in a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    /// The host that was asked.
    pub(super) host: String,
    pub(super) problem: Problem,
}

/// What went wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Problem {
    /// A response with this status, and the code of the error if there is one. With the status of a success, its
    /// content is wrong.
    Status(u16, Option<String>),
    /// No response, and why.
    NoResponse(String),
    /// The response is larger than this, in bytes.
    TooLarge(u64),
    /// The connection is not encrypted and leaves this machine.
    Plain,
}

impl Seen {
    /// The last one of the request in progress.
    pub(super) fn last() -> Option<Self> {
        SEEN.try_with(|seen| seen.borrow().clone()).ok().flatten()
    }

    /// Keeps this as the last one.
    pub(super) fn note(self) {
        let _ = SEEN.try_with(|seen| seen.replace(Some(self)));
    }
}

/// Notes what goes wrong in a request.
pub(super) fn watch<F: Future>(request: F) -> impl Future<Output = F::Output> {
    SEEN.scope(RefCell::new(None), request)
}
