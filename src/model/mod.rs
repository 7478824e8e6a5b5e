//! The names of things: people, projects, users, roles and the service itself. To parse is to check.

mod email;
mod endpoint;
mod ids;
mod role;

pub use email::Email;
pub use endpoint::{Endpoint, TrustedEndpoint};
pub use ids::{ProjectId, RoleId, UserId};
pub use role::{Access, Role};
