//! `guestlist sandbox`: serves a simulated organization over HTTP.

use std::time::Duration;

use super::args::Sandbox as Args;
use super::failure::Failure;
use super::terminal::Terminal;
use crate::sandbox::{Credentials, Fault, Options, Organization, RateLimit, Sandbox};

pub(crate) async fn run(args: &Args, terminal: Terminal) -> Result<(), Failure> {
    let mut organization = Organization::example();
    organization.seed_members(args.seed_members);
    let faults: Vec<Fault> =
        args.fault.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(Failure::new)?;
    let credentials = Credentials::documented();
    let handle = Sandbox::start(Options {
        listen: args.listen,
        organization,
        file: args.file.clone(),
        faults,
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
    wait_for_the_end().await;
    handle.shutdown().await.map_err(Failure::new)
}

async fn wait_for_the_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut interrupts), Ok(mut terminations)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        {
            tokio::select! {
                _ = interrupts.recv() => {}
                _ = terminations.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
