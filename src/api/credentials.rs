//! The credentials. They are sent in two headers and nowhere else: never in a message, log or file.

use std::fmt;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

const ID_VARIABLE: &str = "VOUCHERIFY_MANAGEMENT_ID";
const TOKEN_VARIABLE: &str = "VOUCHERIFY_MANAGEMENT_TOKEN";

/// The length of the shortest credential that is accepted, in characters.
const SHORTEST: usize = 8;

/// Text that is sent and never shown.
#[derive(Clone)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// The id and the token of a Management API key.
#[derive(Clone, Debug)]
pub struct Credentials {
    id: Secret,
    token: Secret,
}

/// Why a text is not a valid credential, without the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadCredential {
    variable: &'static str,
    reason: &'static str,
}

impl fmt::Display for BadCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variable, reason } = self;
        write!(f, "{variable} {reason}; copy it again from Team settings, Management API keys")
    }
}

impl std::error::Error for BadCredential {}

impl Credentials {
    /// Parses the id and the token, trimming white space (a file ends with a newline).
    ///
    /// # Errors
    /// Which of the two is invalid, and why; never the value.
    pub fn parse(id: &str, token: &str) -> Result<Self, BadCredential> {
        let id = Secret::parse(id).map_err(|reason| BadCredential { variable: ID_VARIABLE, reason })?;
        let token =
            Secret::parse(token).map_err(|reason| BadCredential { variable: TOKEN_VARIABLE, reason })?;
        Ok(Self { id, token })
    }

    /// The two headers of every call, marked so that no library prints them.
    pub(super) fn headers(&self) -> HeaderMap {
        let both = [("x-management-id", &self.id), ("x-management-token", &self.token)];
        both.into_iter()
            .filter_map(|(name, secret)| {
                let mut value = HeaderValue::from_str(&secret.0).ok()?;
                value.set_sensitive(true);
                Some((HeaderName::from_static(name), value))
            })
            .collect()
    }

    /// `text` without the credentials: a server may echo them in a response.
    pub(super) fn scrub(&self, text: &str) -> String {
        text.replace(&self.token.0, "(secret)").replace(&self.id.0, "(secret)")
    }
}

impl Secret {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() {
            return Err("is empty");
        }
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err("contains a space or a character that is not allowed in keys");
        }
        // Masking a shorter text would hide chance matches.
        if text.len() < SHORTEST {
            return Err("is shorter than 8 characters");
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_a_credential() {
        let credentials = Credentials::parse("canary-id", " canary-token\n").expect("credentials");
        assert_eq!(format!("{credentials:?}"), "Credentials { id: (secret), token: (secret) }");
        let headers = credentials.headers();
        assert_eq!(
            format!("{headers:?}"),
            r#"{"x-management-id": Sensitive, "x-management-token": Sensitive}"#
        );
        assert_eq!(headers["x-management-token"].as_bytes(), b"canary-token");
        assert_eq!(credentials.scrub("not canary-token, nor canary-id"), "not (secret), nor (secret)");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_without_being_shown() {
        for bad in [
            "",
            "  \n",
            "canary",
            " canary1 \n",
            "canary one",
            "canary\u{7}",
            "canary\r\nX-Evil: 1",
            "canaryé",
            "\u{0}canary",
        ] {
            for (id, token) in [(bad, "good-one"), ("good-one", bad)] {
                let error = Credentials::parse(id, token).expect_err(bad);
                assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
            }
        }
        assert_eq!(
            Credentials::parse("good-one", " ").expect_err("empty").to_string(),
            "VOUCHERIFY_MANAGEMENT_TOKEN is empty; copy it again from Team settings, Management API keys"
        );
        assert_eq!(
            Credentials::parse("canary7", "good-one").expect_err("short").to_string(),
            "VOUCHERIFY_MANAGEMENT_ID is shorter than 8 characters; copy it again from Team settings, Management API keys"
        );
        assert!(Credentials::parse("sandbox1", "good-one").is_ok());
    }
}
