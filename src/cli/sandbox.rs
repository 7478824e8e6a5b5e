//! `guestlist sandbox`: serves a simulated organization over HTTP.

use std::time::Duration;

use super::args::Sandbox as Args;
use super::failure::Failure;
use super::signals::Signals;
use super::terminal::Terminal;
use crate::sandbox::{AcceptedCredentials, Options, Organization, RateLimit, Sandbox};

pub(crate) async fn run(args: &Args, terminal: Terminal) -> Result<(), Failure> {
    let mut signals = Signals::listen(None, || {})?;
    let mut organization = Organization::example();
    organization.seed_members(args.seed_members);
    let credentials = AcceptedCredentials::documented();
    let handle = Sandbox::start(Options {
        listen: args.listen,
        organization,
        file: args.file.clone(),
        faults: args.fault.clone(),
        rate_limit: args
            .rate_limit
            .0
            .map(|(calls, seconds)| RateLimit { calls, period: Duration::from_secs(seconds) }),
        credentials: credentials.clone(),
        ..Options::default()
    })
    .await
    .map_err(Failure::new)?;
    Terminal::print(&format!("{}\n", handle.base_url()))?;
    terminal.say(&format!(
        "A simulated organization listens on {0}. Its credentials are {1} and {2}:\n  export VOUCHERIFY_MANAGEMENT_ID={1} VOUCHERIFY_MANAGEMENT_TOKEN={2}\n  guestlist plan team.yaml --endpoint {0}\nAccept an invitation: curl -d '{{\"email\": \"…\"}}' -H 'content-type: application/json' {0}/sandbox/accept\nPress Ctrl-C to stop.",
        handle.base_url(),
        credentials.id,
        credentials.token
    ));
    let _ = signals.or_stop(std::future::pending::<Result<(), Failure>>()).await;
    handle.shutdown().await.map_err(Failure::new)
}
