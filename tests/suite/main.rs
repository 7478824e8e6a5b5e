//! Commands through the real binary against the sandbox over real HTTP, and rules about the source.

mod apply;
mod architecture;
mod convergence;
mod examples;
mod explain;
mod formats;
mod github;
mod help;
mod import;
mod planning;
mod pull_request;
mod readme;
mod report;
mod scenario;
