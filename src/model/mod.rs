//! The names of things: people, projects, users, roles and the service itself. To parse is to check.

mod access;
mod bucket;
mod email;
mod endpoint;
mod estimate;
mod ids;
mod role;
mod text;

pub use access::{Access, SharedAccess};
pub use bucket::{BucketLocation, StoreKind};
pub use email::Email;
#[cfg(feature = "object-store")]
pub(crate) use endpoint::is_loopback;
pub use endpoint::{Endpoint, TrustedEndpoint};
pub use estimate::Estimate;
pub use ids::{ProjectId, RoleId, UserId};
pub use role::Role;
