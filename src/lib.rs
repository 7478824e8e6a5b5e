//! guestlist keeps the members of a Voucherify organization in Git.
//!
//! The modules are listed in the order in which data passes through them, and each uses only those
//! above it. Everything above `clock` is pure: no clock, network, file, environment or async.

// Unit tests see the development dependencies as well, which the library does not use.
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod words;

pub mod escape;

pub mod model;

pub mod team_file;

pub mod desired;

pub mod known;

pub mod history;

pub mod plan;

pub mod render;

pub mod clock;

pub mod api;

pub mod files;

pub mod ledger;

pub mod observe;

pub mod apply;

#[cfg(feature = "sandbox")]
pub mod sandbox;

pub mod cli;

// The unit tests name this crate as the test crates do, so they can share a file.
#[cfg(test)]
extern crate self as guestlist;
#[cfg(test)]
mod samples;
