//! The names of things: people, projects, users, roles and the service itself. To parse is to check.

mod endpoint;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

pub use endpoint::{Endpoint, TrustedEndpoint};

/// Who has which role where: project → role.
pub type Access = BTreeMap<ProjectId, Role>;

/// An email address or login. Compared case-insensitively and in Unicode NFC; kept and sent as written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Email {
    written: Arc<str>,
    /// `None` if equal to `written`.
    key: Option<Arc<str>>,
}

impl Email {
    /// Parses and validates an address that a person wrote.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence fragment.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (local, domain) = text.rsplit_once('@').ok_or("it has no `@`")?;
        if local.is_empty() {
            return Err("the part before `@` is empty");
        }
        if text.len() > 254 {
            return Err("it is longer than 254 bytes");
        }
        if text.chars().any(|c| c.is_whitespace() || crate::inert::is_active(c)) {
            return Err("it contains a space or a control character");
        }
        if text.contains(['(', ')', '<', '>', ',', ';', ':', '"', '[', ']', '\\']) || local.contains('@') {
            return Err("it contains a character that is not allowed in email addresses");
        }
        if local.starts_with('.') || local.ends_with('.') || text.contains("..") {
            return Err("it has a misplaced dot");
        }
        let labels_hold = domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-' || !c.is_ascii())
        });
        if !labels_hold || !domain.contains('.') {
            return Err("the part after `@` is not a domain such as `example.com`");
        }
        Ok(Self::as_received(text))
    }

    /// A login as received from the service, unchecked.
    #[must_use]
    pub fn as_received(text: &str) -> Self {
        let key = if text.is_ascii() {
            text.bytes().any(|byte| byte.is_ascii_uppercase()).then(|| text.to_ascii_lowercase())
        } else {
            Some(text.nfc().collect::<String>().to_lowercase().nfc().collect())
                .filter(|key: &String| key != text)
        };
        Self { written: text.into(), key: key.map(Arc::from) }
    }

    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The address as it is compared: lower case, NFC.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key.as_ref().unwrap_or(&self.written)
    }
}

impl From<String> for Email {
    fn from(text: String) -> Self {
        Self::as_received(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.written.as_ref().to_owned()
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Email {}

impl PartialOrd for Email {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Email {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(other.key())
    }
}

impl std::hash::Hash for Email {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::inert::line(&self.written))
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.written)
    }
}

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
                f.write_str(&crate::inert::line(&self.0))
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

/// What a person may do in a project.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Role {
    /// Read-only.
    Viewer,
    /// The merchant tools.
    Merchant,
    /// Like USER, in selected areas and stores.
    UserRestricted,
    /// The standard role.
    User,
    /// Defined by the organization; its permissions are unknown.
    Custom(RoleId),
    /// Everything, people included.
    Admin,
}

impl Role {
    /// The roles that every organization has.
    pub const PREDEFINED: [Self; 5] =
        [Self::Admin, Self::User, Self::Viewer, Self::Merchant, Self::UserRestricted];

    /// A rank by permissions, least first; decides which last role a person keeps. The permissions of custom
    /// roles are unknown, so they all rank the same.
    #[must_use]
    pub fn power(&self) -> u8 {
        match self {
            Self::Viewer => 0,
            Self::Merchant => 1,
            Self::UserRestricted => 2,
            Self::User => 3,
            Self::Custom(_) => 4,
            Self::Admin => 5,
        }
    }

    /// The predefined role of that name (case-sensitive).
    #[must_use]
    pub fn predefined(name: &str) -> Option<Self> {
        Self::PREDEFINED.into_iter().find(|role| role.as_str() == name)
    }

    /// The predefined name or the id, to be sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Viewer => "VIEWER",
            Self::Merchant => "MERCHANT",
            Self::UserRestricted => "USER_RESTRICTED",
            Self::User => "USER",
            Self::Admin => "ADMIN",
            Self::Custom(id) => id.as_str(),
        }
    }
}

impl From<String> for Role {
    fn from(name: String) -> Self {
        Self::predefined(&name).unwrap_or_else(|| Self::Custom(RoleId::new(name)))
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.as_str().to_owned()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::inert::line(self.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_compare_without_case_and_in_nfc_and_stay_as_written() {
        let composed = Email::parse("Zo\u{eb}@Example.com").expect("an address");
        let decomposed = Email::parse("zoe\u{308}@example.COM").expect("an address");
        assert_eq!(composed, decomposed);
        assert_eq!(composed.as_str(), "Zo\u{eb}@Example.com");
    }

    proptest::proptest! {
        #[test]
        fn the_short_way_to_a_key_leads_to_the_same_key(text in "[ -~a-zA-Z@\u{eb}\u{308}\u{130}\u{3a3}]{0,12}") {
            let key: String = text.nfc().collect::<String>().to_lowercase().nfc().collect();
            let email = Email::as_received(&text);
            proptest::prop_assert_eq!(email.key(), &key);
            proptest::prop_assert_eq!(email.as_str(), &text);
        }
    }

    #[test]
    fn invalid_addresses_are_refused() {
        for bad in [
            "",
            "alex",
            "@example.com",
            "alex@",
            "a b@example.com",
            "a@b@example.com",
            "alex@example",
            "alex@.com",
            "alex@example..com",
            "a\u{1b}@example.com",
            "<a@example.com>",
            "alex@-example.com",
            ".alex@example.com",
            "alex@exa_mple.com",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?} was accepted");
        }
        for good in ["a@example.com", "a.b+c@sub.example.co", "o'neil@example.com", "用户@例子.公司"] {
            assert!(Email::parse(good).is_ok(), "{good:?} was refused");
        }
    }

    #[test]
    fn roles_go_by_power() {
        let mut roles = Role::PREDEFINED.to_vec();
        roles.push(Role::from("role_x".to_owned()));
        roles.sort();
        let names: Vec<_> = roles.iter().map(Role::as_str).collect();
        assert_eq!(names, ["VIEWER", "MERCHANT", "USER_RESTRICTED", "USER", "role_x", "ADMIN"]);
    }
}
