//! Commands through the real binary against the sandbox over real HTTP, and rules about the source.

mod apply;
mod architecture;
mod convergence;
mod doubt;
mod examples;
mod explain;
mod formats;
mod github;
mod help;
mod import;
mod ledger_commands;
mod obstacles;
mod planning;
mod readme;
mod removals;
mod saved_plans;
mod scenario;
mod streams;
