//! The ids of projects, users and custom roles. They are opaque: the service may change their form.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::AnyText;

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Accepts any text: the service may change the form of its ids at any time.
            pub fn new(id: impl AsRef<str>) -> Self {
                Self(Arc::from(id.as_ref()))
            }

            /// The id, to be sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                AnyText::deserialize(deserializer).map(|AnyText(id)| Self::new(id))
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
