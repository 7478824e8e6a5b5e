//! Patterns of addresses, as `protect` has them.

use serde::{Deserialize, Serialize};

use crate::model::Email;

/// A pattern of addresses such as `*@agency.example`, compared case-insensitively and in Unicode NFC.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailPattern(Email);

impl EmailPattern {
    /// A pattern in which `*` matches any characters and every other character itself.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(Email::as_received(pattern))
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether the whole of `email` matches.
    #[must_use]
    pub fn matches(&self, email: &Email) -> bool {
        let mut rest = email.key();
        let mut parts = self.0.key().split('*').peekable();
        let Some(start) = parts.next() else { return false };
        let Some(after) = rest.strip_prefix(start) else { return false };
        if parts.peek().is_none() {
            return after.is_empty();
        }
        rest = after;
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            let Some(found) = rest.find(part) else { return false };
            rest = &rest[found + part.len()..];
        }
        true
    }
}
