//! Readings of member lists that changes wait for. One reading serves everyone who waits for it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Notify, oneshot};

use crate::api;
use crate::known::User;
use crate::model::{Email, ProjectId};

pub(super) type ListResult = Result<Rc<Listing>, api::Error>;

/// The users of a project, for many people to look themselves up.
pub(super) struct Listing {
    /// The users by login, and by address where it differs. More than one is a contradiction.
    pub(super) users: BTreeMap<Email, Vec<Arc<User>>>,
    /// Whether no user is missing.
    pub(super) is_complete: bool,
}

/// The requested readings.
#[derive(Default)]
pub(super) struct Readings {
    /// The people who wait for a reading that has not started, by project.
    requested: RefCell<BTreeMap<ProjectId, Vec<oneshot::Sender<ListResult>>>>,
    /// The number of people who wait for a reading, started or not.
    waiting: Cell<usize>,
    /// Wakes the scheduler when a reading is requested.
    pub(super) changed: Notify,
}

impl Readings {
    /// The number of people who wait for a reading.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.get()
    }

    /// Whether someone waits for a reading that has not started.
    pub(super) fn is_requested(&self) -> bool {
        !self.requested.borrow().is_empty()
    }

    /// The requested readings, which start now: the people who wait for each, by project.
    pub(super) fn start(&self) -> BTreeMap<ProjectId, Vec<oneshot::Sender<ListResult>>> {
        self.requested.take()
    }

    /// Waits for a reading of `project` that starts after this request.
    pub(super) async fn request(&self, project: &ProjectId) -> Option<ListResult> {
        let (sender, receiver) = oneshot::channel();
        self.requested.borrow_mut().entry(project.clone()).or_default().push(sender);
        self.waiting.set(self.waiting.get() + 1);
        self.changed.notify_one();
        let reading = receiver.await;
        self.waiting.set(self.waiting.get() - 1);
        reading.ok()
    }
}
