//! The options of `guestlist sandbox`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::sandbox::Fault;

#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// Address to listen on, or a port of 127.0.0.1; port 0 is a free one
    #[arg(long, value_name = "ADDRESS|PORT", default_value = "127.0.0.1:8080", value_parser = listen_address)]
    pub(crate) listen: SocketAddr,
    /// Store the organization in FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Start with N members
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed_members: usize,
    /// Limit to CALLS/SECONDS, such as `100/60`; `none` for no limit
    #[arg(long, value_name = "LIMIT", default_value = "2000/60", value_parser = rate_limit)]
    pub(crate) rate_limit: RateLimitArg,
    /// Inject a fault, such as `503,every=5`; repeat for more faults
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Vec<Fault>,
}

/// An address, or a port of the loopback address.
fn listen_address(text: &str) -> Result<SocketAddr, &'static str> {
    match text.parse() {
        Ok(port) => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        Err(_) => text.parse().map_err(|_| "expected an address, such as `127.0.0.1:8080`, or a port"),
    }
}

/// The rate limit of a sandbox: calls, and seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimitArg(pub(crate) Option<(u64, u64)>);

fn rate_limit(text: &str) -> Result<RateLimitArg, String> {
    if text == "none" {
        return Ok(RateLimitArg(None));
    }
    let limit =
        text.split_once('/').and_then(|(calls, seconds)| Some((calls.parse().ok()?, seconds.parse().ok()?)));
    match limit {
        Some((calls @ 1.., seconds @ 1..)) => Ok(RateLimitArg(Some((calls, seconds)))),
        _ => Err("expected CALLS/SECONDS, such as `100/60`, or `none`".to_owned()),
    }
}
