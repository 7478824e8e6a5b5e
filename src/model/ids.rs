//! The ids of projects, users and custom roles. They are opaque: the service may change their form.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Accepts any text: the service may change the form of its ids at any time.
            pub fn new(id: impl Into<String>) -> Self {
                Self(Arc::from(id.into()))
            }

            /// The id, to be sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self::new(id)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&crate::escape::line(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    };
}

opaque_id!(
    /// The id of a Voucherify project, such as `proj_9KeAhZB1`.
    ProjectId
);
opaque_id!(
    /// The id of a Voucherify user, such as `user_FgEAjOV6RiObJdy36sYynXdqZNiA5gjM`.
    UserId
);
opaque_id!(
    /// The id of a custom role, such as `role_XyZ7aB9cD2eF4gH1iJ0kL5mN6oP8qR3s`.
    RoleId
);
