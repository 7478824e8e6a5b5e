//! The options of a sandbox: its address, its organization, its credentials.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use super::behaviour::Behaviour;
use super::fault::Fault;
use super::organization::Organization;
use super::rate_limit::RateLimit;
use crate::clock::{Clock, SystemClock};

/// The values of the two headers that a client must send.
#[derive(Clone, PartialEq, Eq)]
pub struct AcceptedCredentials {
    /// `X-Management-Id`
    pub id: String,
    /// `X-Management-Token`
    pub token: String,
}

impl AcceptedCredentials {
    /// `sandbox-id` and `sandbox-token`, for a sandbox that is used by hand.
    #[must_use]
    pub fn documented() -> Self {
        Self { id: "sandbox-id".to_owned(), token: "sandbox-token".to_owned() }
    }

    /// Random credentials, available only from the handle.
    #[must_use]
    pub fn random() -> Self {
        let word = || (0..32).map(|_| fastrand::alphanumeric()).collect();
        Self { id: word(), token: word() }
    }
}

impl fmt::Debug for AcceptedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AcceptedCredentials(…)")
    }
}

/// The options of a sandbox.
#[derive(Clone)]
pub struct Options {
    /// The address to listen on; by default a free loopback port.
    pub listen: SocketAddr,
    /// The initial organization, if the file does not exist.
    pub organization: Organization,
    /// The file of the organization: read at start, and replaced after each change, before the response.
    pub file: Option<PathBuf>,
    /// The behaviour where the documentation is silent.
    pub behaviour: Behaviour,
    /// The injected faults.
    pub faults: Vec<Fault>,
    /// The rate limit; `None` for no limit and no rate-limit headers.
    pub rate_limit: Option<RateLimit>,
    /// The credentials that a client must send.
    pub credentials: AcceptedCredentials,
    /// The clock of the rate limit.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            organization: Organization::example(),
            file: None,
            behaviour: Behaviour::default(),
            faults: Vec::new(),
            rate_limit: Some(RateLimit::default()),
            credentials: AcceptedCredentials::random(),
            clock: Arc::new(SystemClock),
        }
    }
}
