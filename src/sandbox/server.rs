//! Starts and stops the sandbox; the handle gives access to what is inside.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::behaviour::Behaviour;
use super::call::LoggedCall;
use super::fault::Fault;
use super::file::{self, FileError};
use super::http;
use super::options::{AcceptedCredentials, Options};
use super::organization::Organization;
use super::server_state::{Closing, ServerState};
use super::service::Service;
use crate::escape;

/// Why a sandbox could not start.
#[derive(Debug)]
pub enum StartError {
    /// The file of the organization is not usable.
    File(FileError),
    /// The address is not available.
    Listen {
        /// The address.
        address: SocketAddr,
        /// The reason.
        error: std::io::Error,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Listen { address, error } => {
                let error = error.to_string();
                write!(f, "the sandbox cannot listen on {address}: {}", escape::line(&error))
            }
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            Self::Listen { error, .. } => Some(error),
        }
    }
}

/// The simulated organization as a server.
#[derive(Debug)]
pub struct Sandbox;

impl Sandbox {
    /// Starts a sandbox on the current runtime. It serves until its handle is shut down or dropped.
    ///
    /// # Errors
    /// The file is not usable, or the address is not available.
    pub async fn start(options: Options) -> Result<Handle, StartError> {
        let Options { listen, organization, file, behaviour, faults, rate_limit, credentials, clock } =
            options;
        let stored = match &file {
            Some(path) => file::load(path).map_err(StartError::File)?,
            None => None,
        };
        let cannot_listen = |error| StartError::Listen { address: listen, error };
        let listener = tokio::net::TcpListener::bind(listen).await.map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let (close, closed) = watch::channel(());
        let is_fresh = stored.is_none();
        let mut service = Service::new(
            stored.unwrap_or(organization),
            behaviour,
            (credentials.id.clone(), credentials.token.clone()),
            rate_limit,
            faults,
        );
        service.changes = u64::from(is_fresh);
        let shared = Arc::new(ServerState {
            service: Mutex::new(service),
            file,
            saved: tokio::sync::Mutex::new(0),
            clock,
            closing: Closing(closed),
        });
        shared.save().await.map_err(StartError::File)?;
        let task = tokio::spawn(http::serve(listener, Arc::clone(&shared)));
        Ok(Handle { shared, address, credentials, close, task })
    }
}

/// A running sandbox. When this is dropped, the sandbox stops.
pub struct Handle {
    shared: Arc<ServerState>,
    address: SocketAddr,
    credentials: AcceptedCredentials,
    close: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Handle {
    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The credentials that a client must send.
    #[must_use]
    pub fn credentials(&self) -> &AcceptedCredentials {
        &self.credentials
    }

    /// Every request to the API so far, in order of arrival.
    #[must_use]
    pub fn log(&self) -> Vec<LoggedCall> {
        self.shared.lock().log.clone()
    }

    /// Forgets the requests so far; the next one continues their numbering.
    pub fn clear_log(&self) {
        self.shared.lock().log.clear();
    }

    /// Reads or changes the organization. A change is saved with the next request that writes, or at shutdown.
    pub fn with_organization<T>(&self, act: impl FnOnce(&mut Organization) -> T) -> T {
        self.shared.write_with(act)
    }

    /// Changes the behaviour for the following requests.
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        self.shared.lock().behaviour = behaviour;
    }

    /// Replaces the faults; calls are counted from 1 again.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.lock().set_faults(faults);
    }

    /// Stops the sandbox, gives requests in progress one second, and saves the organization.
    ///
    /// # Errors
    /// The file could not be written.
    pub async fn shutdown(self) -> Result<(), FileError> {
        let Self { shared, close, mut task, .. } = self;
        drop(close);
        if tokio::time::timeout(Duration::from_secs(1), &mut task).await.is_err() {
            task.abort();
        }
        shared.save().await
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("address", &self.address).finish_non_exhaustive()
    }
}
