//! How a sandbox is to be: where it listens, what is in it, what a client must send.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use super::behaviour::Behaviour;
use super::fault::Fault;
use super::organization::Organization;
use super::rate_limit::RateLimit;
use crate::clock::{Clock, SystemClock};

/// The pair of headers that a client must send.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `X-Management-Id`
    pub id: String,
    /// `X-Management-Token`
    pub token: String,
}

impl Credentials {
    /// `sandbox-id` and `sandbox-token`: for a sandbox that people talk to by hand.
    #[must_use]
    pub fn documented() -> Self {
        Self { id: "sandbox-id".to_owned(), token: "sandbox-token".to_owned() }
    }

    /// A pair that nobody knows who has not got it from the handle.
    #[must_use]
    pub fn random() -> Self {
        let word = || (0..32).map(|_| fastrand::alphanumeric()).collect();
        Self { id: word(), token: word() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// How a sandbox is to be.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; by default a free port of the loopback address.
    pub listen: SocketAddr,
    /// The organization to begin with, unless the file holds one.
    pub organization: Organization,
    /// Where it is kept: read at the start, replaced after each change, before the change is answered.
    pub file: Option<PathBuf>,
    /// What the documents leave open.
    pub behaviour: Behaviour,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How many calls it allows; none, and it has no rate-limit headers.
    pub rate_limit: Option<RateLimit>,
    /// What a client must send.
    pub credentials: Credentials,
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
            credentials: Credentials::random(),
            clock: Arc::new(SystemClock),
        }
    }
}
