//! Where the Management API is, and which endpoints may be sent the credentials.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Voucherify's own hosts end with this.
const VOUCHERIFY: &str = ".voucherify.io";

/// The base URL of the Management API, without a slash at its end, or the simulated organization.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Endpoint(String);

/// An endpoint that may be sent the credentials: a client can be made of nothing else.
///
/// A team file or a saved plan is written by people who do not have the credentials, so it alone can
/// name Voucherify's own hosts only. Any other host is named by the person who runs the command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustedEndpoint(Endpoint);

impl TrustedEndpoint {
    /// The endpoint that the person who runs the command named: `--endpoint` or `VOUCHERIFY_ENDPOINT`.
    #[must_use]
    pub fn named_by_operator(endpoint: Endpoint) -> Self {
        Self(endpoint)
    }

    /// The endpoint that a file names; `None` where it is not one of Voucherify's own.
    #[must_use]
    pub fn named_by_file(endpoint: &Endpoint) -> Option<Self> {
        endpoint.is_voucherify().then(|| Self(endpoint.clone()))
    }

    /// The endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.0
    }
}

impl Endpoint {
    /// The organization that is simulated inside this process, on whatever port it got.
    #[must_use]
    pub fn sandbox() -> Self {
        Self("sandbox".to_owned())
    }

    /// The public cluster of that name: `api`, `us1` or `as1`.
    #[must_use]
    pub fn of_cluster(name: &str) -> Option<Self> {
        let host = match name {
            "api" => "api",
            "us1" => "us1.api",
            "as1" => "as1.api",
            _ => return None,
        };
        Some(Self(format!("https://{host}.voucherify.io")))
    }

    /// The URL (or `sandbox`).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What tells one organization's ledger entries from another's: the endpoint, but a loopback
    /// address without its port, since a server there gets a new one each time it starts.
    #[must_use]
    pub fn realm(&self) -> &str {
        if self.is_loopback() { "loopback" } else { &self.0 }
    }

    /// Whether it names this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        parts(&self.0).is_some_and(|parts| is_loopback(parts.host))
    }

    /// Whether it is `https://*.voucherify.io` on the default port. An endpoint can come from a file
    /// without being parsed, so nothing is taken for granted here.
    fn is_voucherify(&self) -> bool {
        let Some(Parts { scheme: "https", host, port: None | Some("443") }) = parts(&self.0) else {
            return false;
        };
        let is_label =
            |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let subdomain = host.len().checked_sub(VOUCHERIFY.len()).and_then(|end| host.split_at_checked(end));
        subdomain.is_some_and(|(subdomain, rest)| {
            rest.eq_ignore_ascii_case(VOUCHERIFY) && subdomain.split('.').all(is_label)
        })
    }
}

impl Default for Endpoint {
    /// The public cluster in Europe.
    fn default() -> Self {
        Self("https://api.voucherify.io".to_owned())
    }
}

impl FromStr for Endpoint {
    type Err = &'static str;

    /// Parses a base URL: `https://`, or `http://` to this machine alone.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim_end_matches('/');
        let (scheme, rest) =
            trimmed.split_once("://").ok_or("it is not a URL such as `https://api.voucherify.io`")?;
        if rest.contains('@') {
            return Err(
                "credentials do not belong in a URL: set VOUCHERIFY_MANAGEMENT_ID and VOUCHERIFY_MANAGEMENT_TOKEN",
            );
        }
        if rest.contains(['?', '#', '\\'])
            || rest.chars().any(|c| c.is_whitespace() || crate::escape::must_escape(c))
        {
            return Err("a base URL has no spaces, no `?`, no `#` and no `\\`");
        }
        // Whatever another reader of URLs could see as another host is refused, not interpreted.
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let url = format!("{}://{}{path}", scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
        let Parts { scheme, host, .. } =
            parts(&url).ok_or("its host is not valid: expected a name such as `api.voucherify.io`")?;
        match scheme {
            "https" => {}
            "http" if is_loopback(host) => {}
            "http" => {
                return Err("plain `http://` would expose the credentials to the network; use `https://`");
            }
            _ => return Err("it does not start with `https://`"),
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::escape::line(&self.0))
    }
}

/// What of a URL tells where it leads.
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<&'a str>,
}

/// The parts of a URL whose host is ASCII letters, digits, `-`, `_` and `.`, or an IPv6 address in brackets.
fn parts(url: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let (host, after) = if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        (host, after)
    } else {
        let (host, after) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if host.is_empty() || !host.bytes().all(fits) {
            return None;
        }
        (host, after)
    };
    let port = match after.strip_prefix(':') {
        Some(port) => {
            let is_port = port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
            Some(port).filter(|_| is_port)?.into()
        }
        None if after.is_empty() => None,
        None => return None,
    };
    Some(Parts { scheme, host, port })
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for good in
            ["https://api.voucherify.io", "http://127.0.0.1:8080/", "http://[::1]:80", "http://localhost:1"]
        {
            assert!(good.parse::<Endpoint>().is_ok(), "{good} was refused");
        }
        for bad in [
            "http://api.voucherify.io",
            "http://127.0.0.1.example.com",
            "api.voucherify.io",
            "ftp://127.0.0.1",
            "https://id:token@host",
            "https://",
            "https://host?x",
            "http://localhost@evil.example",
            "https:///evil.example",
            "https://evil.example\\.voucherify.io",
            "https://evil.example%2f.voucherify.io",
            "https://evil\u{3002}voucherify.io",
            "https://api.voucherify.io:443:80",
            "https://api.voucherify.io:99999",
            "https://[::1].voucherify.io",
        ] {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn a_file_can_name_only_hosts_of_voucherify() {
        let trusted = |url: &str| TrustedEndpoint::named_by_file(&Endpoint(url.to_owned())).is_some();
        for good in [
            "https://api.voucherify.io",
            "https://us1.api.voucherify.io",
            "https://dedicated.voucherify.io:443/path",
            "https://API.Voucherify.IO",
        ] {
            assert!(trusted(good), "{good}");
        }
        for bad in [
            "sandbox",
            "http://api.voucherify.io",
            "http://127.0.0.1:8080",
            "https://127.0.0.1",
            "https://localhost",
            "https://voucherify.io",
            "https://.voucherify.io",
            "https://a..voucherify.io",
            "https://api.voucherify.io.",
            "https://api.voucherify.io:8443",
            "https://api.voucherify.io:",
            "https://voucherify.io.evil.example",
            "https://evilvoucherify.io",
            "https://evil-voucherify.io",
            "https://evil.example/.voucherify.io",
            "https://evil.example#.voucherify.io",
            "https://evil.example?.voucherify.io",
            "https://evil.example\\.voucherify.io",
            "https://api.voucherify.io@evil.example",
            "https://api.voucherify.io:x@evil.example",
            "https://evil.example%00.voucherify.io",
            "https://evil.example\t.voucherify.io",
            "https://api.vouchеrify.io",
            "https://[::1].voucherify.io",
            "HTTPS://api.voucherify.io",
            "https:/api.voucherify.io",
            "",
        ] {
            assert!(!trusted(bad), "{bad}");
        }
    }

    proptest! {
        /// Whatever is written: what is trusted leads to one of Voucherify's hosts, as the HTTP client reads it.
        #[test]
        fn a_trusted_url_means_the_same_host_to_the_http_client(
            url in r"(https?|HTTPS|ftp)(://|:/|:\\)((evil\.example|api|a|\.|voucherify\.io|:|443|80|@|/|\\|%2e|%00|#|\?|\[|\]|::1|\t|\u{3002}|\u{ff0e}|-|xn--){1,5})(\.voucherify\.io)?[/:.]?(80)?"
        ) {
            for endpoint in [Some(Endpoint(url.clone())), url.parse().ok()].into_iter().flatten() {
                if let Some(trusted) = TrustedEndpoint::named_by_file(&endpoint) {
                    // A host that the client cannot read gets no call.
                    let Ok(read) = reqwest::Url::parse(trusted.endpoint().as_str()) else { continue };
                    let host = read.host_str().expect("a host");
                    prop_assert_eq!(read.scheme(), "https");
                    prop_assert_eq!(read.port_or_known_default(), Some(443));
                    prop_assert!(host.ends_with(".voucherify.io"), "{} leads to {}", endpoint.as_str(), host);
                    prop_assert!(read.username().is_empty() && read.password().is_none());
                }
            }
        }
    }
}
