//! The client of the Voucherify Management API: one method an endpoint, with pacing and retries.
//!
//! It knows no plan and no ledger. What a refusal means is left to those who asked.

mod call;
mod client;
mod clock;
mod error;
mod exchange;
mod headers;
mod pacer;
mod pacing;
mod problem;
mod reader;
mod retry;
mod secret;
mod wire;
mod writer;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use call::{Call, Invite, Method};
pub use client::{Admission, Answer, Client, Settings};
pub use clock::{Clock, SystemClock};
pub use error::{Error, NoRoots};
pub use pacing::{Pace, at_least, expected};
pub use problem::{Problem, Refusal};
pub use reader::Reader;
pub use retry::{RetryPolicy, Timeouts};
pub use secret::{BadCredential, Credentials};
pub use wire::{Complaint, Content, Page};
pub use writer::Writer;
