//! The names of things: people, projects, users, roles and the service itself. To parse is to check.

mod email;
mod endpoint;
mod estimate;
mod ids;
mod role;

pub use email::Email;
pub use endpoint::{Endpoint, TrustedEndpoint};
pub use estimate::Estimate;
pub use ids::{ProjectId, RoleId, UserId};
pub use role::{Access, Role};
