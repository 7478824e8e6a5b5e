//! State shared by all requests: the service behind a lock, its file, and the closing signal.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::watch;

use super::file::{self, FileError};
use super::organization::Organization;
use super::service::Service;
use crate::clock::Clock;

/// State shared by all requests.
pub(super) struct ServerState {
    pub(super) service: Mutex<Service>,
    pub(super) file: Option<PathBuf>,
    /// The number of changes in the file.
    pub(super) saved: tokio::sync::Mutex<u64>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) closing: Closing,
}

impl ServerState {
    pub(super) fn lock(&self) -> MutexGuard<'_, Service> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> SystemTime {
        self.clock.timestamp().into()
    }

    pub(super) fn closing(&self) -> Closing {
        self.closing.clone()
    }

    /// Changes the organization from outside the API. `change` returns whether it changed anything.
    pub(super) fn write(&self, change: impl FnOnce(&mut Organization) -> bool) -> bool {
        let mut service = self.lock();
        let changed = change(&mut service.organization);
        service.changes += u64::from(changed);
        changed
    }

    pub(super) fn write_with<T>(&self, act: impl FnOnce(&mut Organization) -> T) -> T {
        let mut service = self.lock();
        service.changes += 1;
        act(&mut service.organization)
    }

    /// Saves every change so far. Requests that arrive during a write share the next one, so many changes at
    /// once cost few writes.
    pub(super) async fn save(&self) -> Result<(), FileError> {
        let Some(path) = self.file.clone() else { return Ok(()) };
        let due = self.lock().changes;
        let mut saved_up_to = self.saved.lock().await;
        if *saved_up_to >= due {
            return Ok(());
        }
        let (changes, bytes) = {
            let service = self.lock();
            (service.changes, serde_json::to_vec(&service.organization))
        };
        let not_written = |error| FileError::Io { action: "write", path: path.clone(), error };
        let bytes = bytes.map_err(|error| not_written(error.into()))?;
        let target = path.clone();
        let saved = tokio::task::spawn_blocking(move || file::save(&target, &bytes)).await;
        saved.map_err(|error| not_written(error.into()))??;
        *saved_up_to = changes;
        Ok(())
    }
}

/// Tells responses without an end that the sandbox is closing.
#[derive(Clone)]
pub(super) struct Closing(pub(super) watch::Receiver<()>);

impl Closing {
    pub(super) fn is_closed(&self) -> bool {
        self.0.has_changed().is_err()
    }

    pub(super) async fn wait(&self) {
        // Nothing is ever sent: this ends when the sender is dropped.
        while self.0.clone().changed().await.is_ok() {}
    }
}
