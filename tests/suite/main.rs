//! Commands through the real binary against the sandbox over real HTTP, and rules about the source.

mod apply;
mod architecture;
mod convergence;
mod corpus;
#[cfg(unix)]
mod docs;
mod examples;
mod explain;
mod formats;
mod github;
#[cfg(unix)]
mod gitops;
mod help;
#[cfg(target_os = "linux")]
mod hostile;
mod import;
mod planning;
mod pull_request;
mod readme;
mod report;
mod scenario;
mod shells;
