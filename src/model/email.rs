//! Email addresses and logins: compared without case, kept and sent as written.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization as _;

use super::text::AnyText;

/// An email address or login. Compared case-insensitively and in Unicode NFC; kept and sent as written.
#[derive(Clone)]
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
        if text.chars().any(|c| c.is_whitespace() || crate::escape::must_escape(c)) {
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

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AnyText::deserialize(deserializer).map(|AnyText(text)| Self::as_received(&text))
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
        f.write_str(&crate::escape::line(&self.written))
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.written)
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
}
