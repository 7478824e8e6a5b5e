//! Commands through the real binary against the sandbox over real HTTP, and rules about the source.
//!
//! Where a test goes:
//! - The unit tests of `x.rs` are in `mod tests` at its end or, if they are long, in `x/tests.rs`. What the tests of
//!   several files share is a `#[cfg(test)]` module named for what it holds, such as `api/scripted_server.rs`; what
//!   these tests share with them is in `src/samples.rs`.
//! - `tests/suite` has one file per command (`explain.rs`) or promise (`kills.rs`: killed at any call, apply recovers).
//!   A `Scenario` is a folder, an organization and the real binary; `programs.rs` starts every process, with nothing of
//!   this machine's environment, and skips a test by name where a program is missing.
//! - `tests/simulation` runs whole reconciliations inside one process, on a clock for which no one waits.
//!
//! Tests assert whole outputs and whole sequences of calls.

mod apply;
mod apply_events;
mod architecture;
mod attention;
mod audit_trail;
mod auditor;
mod browser;
mod bucket;
mod corpus;
#[cfg(unix)]
mod dated_roles;
mod docs;
mod doctor;
mod doubt;
mod engine;
mod errors;
mod estimates;
mod examples;
mod explain;
mod faults;
mod formats;
mod github;
#[cfg(unix)]
mod gitlab;
#[cfg(unix)]
mod gitops;
mod habits;
mod help;
#[cfg(target_os = "linux")]
mod hostile;
mod hostile_store;
mod import;
mod kills;
mod ledger_commands;
mod obstacles;
mod only;
mod planning;
#[cfg(unix)]
mod pre_commit;
mod programs;
mod pull_request;
#[cfg(unix)]
mod questions;
mod readme;
mod rehearsal;
mod removals;
mod report;
mod review_page;
mod rules;
#[path = "../../src/samples.rs"]
#[expect(dead_code, reason = "the unit tests use the rest")]
mod samples;
mod saved_plans;
mod scenario;
mod shells;
mod signals;
mod single_sign_on;
mod status;
mod store_server;
mod store_settings;
mod streams;
#[cfg(unix)]
mod suspended;
mod trust;
mod two_at_once;
mod waiting;
#[cfg(unix)]
mod walk;
mod web_identity;
