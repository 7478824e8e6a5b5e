//! The simulated Voucherify organization and its HTTP server, for trying guestlist out and for tests.
//!
//! It follows the published documentation strictly. Where that is silent, [`Behaviour`] has the options.
//! It shares no code with the client on purpose, so a mistake on one side is not repeated on the other.

mod behaviour;
mod bodies;
mod call;
mod control;
mod delivery;
mod endpoints;
mod fault;
mod fault_plan;
mod fault_text;
mod file;
mod hostile;
mod http;
mod ids;
mod options;
mod organization;
mod payload;
mod rate_limit;
mod reply;
mod request;
mod response;
mod seed;
mod server;
mod server_state;
mod service;

pub use behaviour::{AssignAgain, AssignPending, Behaviour, Paging, SecondInvitation};
pub use call::LoggedCall;
pub use fault::{BodyKind, Fault, FaultKind, Trigger};
pub use fault_text::FaultSyntaxError;
pub use file::FileError;
pub use options::{AcceptedCredentials, Options};
pub use organization::{Account, Organization, Project, ProjectLimit, UserStatus};
pub use payload::PageOfUsers;
pub use rate_limit::RateLimit;
pub use response::{ErrorResponse, SuccessResponse};
pub use seed::DEFAULT_OWNER;
pub use server::{Handle, Sandbox, StartError};

#[cfg(test)]
mod tests;
