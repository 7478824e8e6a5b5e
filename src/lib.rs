//! guestlist keeps the members of a Voucherify organization in Git.
//!
//! The modules stand in the order in which data passes through them, and each may use only those
//! above it. Everything above `api` is pure: no clock, network, file, environment or async.

pub mod words;

pub mod escape;

pub mod model;

pub mod team_file;

pub mod desired;

pub mod known;

pub mod plan;

pub mod render;

pub mod api;

pub mod files;

pub mod ledger;

pub mod observe;

pub mod apply;

#[cfg(feature = "sandbox")]
pub mod sandbox;

pub mod cli;
