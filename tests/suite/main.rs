//! Commands through the real binary against the sandbox over real HTTP, and rules about the source.

mod apply;
mod architecture;
mod attention;
mod corpus;
#[cfg(unix)]
mod docs;
mod doubt;
mod examples;
mod explain;
mod faults;
mod formats;
mod github;
#[cfg(unix)]
mod gitops;
mod help;
#[cfg(target_os = "linux")]
mod hostile;
mod import;
mod kills;
mod ledger_commands;
mod obstacles;
mod planning;
mod programs;
mod pull_request;
#[cfg(unix)]
mod questions;
mod readme;
mod rehearsal;
mod removals;
mod report;
mod saved_plans;
mod scenario;
mod shells;
mod signals;
mod single_sign_on;
mod streams;
mod trust;
mod two_at_once;
