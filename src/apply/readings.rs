//! The readings that people wait for, and who waits for each.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::{Notify, oneshot};

use crate::api;
use crate::known::UserList;
use crate::model::ProjectId;

pub(super) type Reading = Result<Rc<UserList>, api::Error>;

/// The readings that people wait for.
#[derive(Default)]
pub(super) struct Readings {
    /// Those who wait for a reading that has not started, by project.
    pub(super) asked: RefCell<BTreeMap<ProjectId, Vec<oneshot::Sender<Reading>>>>,
    /// How many people wait, for a reading that has started or for one that has not.
    waiting: Cell<usize>,
    /// Wakes the scheduler when another person waits.
    pub(super) changed: Notify,
}

impl Readings {
    /// How many people wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.get()
    }

    /// Whether someone waits for a reading that has not started.
    pub(super) fn is_asked(&self) -> bool {
        !self.asked.borrow().is_empty()
    }

    /// A reading of `project` that starts after this was asked.
    pub(super) async fn reading(&self, project: &ProjectId) -> Option<Reading> {
        let (sender, receiver) = oneshot::channel();
        self.asked.borrow_mut().entry(project.clone()).or_default().push(sender);
        self.waiting.set(self.waiting.get() + 1);
        self.changed.notify_one();
        let reading = receiver.await;
        self.waiting.set(self.waiting.get() - 1);
        reading.ok()
    }
}
