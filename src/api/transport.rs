//! One attempt at a call: sends the request and interprets the response.

use std::error::Error as _;
use std::time::Instant;

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Response, redirect};

use super::call::{Call, Method};
use super::cause::{Cause, Rejection};
use super::credentials::Credentials;
use super::error::NoRoots;
use super::gate::Ticket;
use super::headers::{self, Now};
use super::response::Content;
use super::retry::Timeouts;
use super::rows::Rows;
use crate::clock::Clock;
use crate::escape;
use crate::model::Endpoint;
use crate::words;

/// The size limit of an error body, in bytes.
const ERROR_BODY_CAP: usize = 64 << 10;

/// The most memory that is reserved for a body before it has arrived, in bytes.
const RESERVED_BODY: usize = 4 << 20;

/// The longest text from the service in a message, in characters.
const TEXT_CAP: usize = 300;

/// The connection to the service.
pub(super) struct Transport {
    http: reqwest::Client,
    endpoint: String,
    credentials: Credentials,
    body_cap: usize,
    rows: Rows,
}

/// A response that the documentation describes as success.
#[derive(Debug)]
pub(super) struct Success<T> {
    pub(super) value: T,
    pub(super) status: u16,
    pub(super) request_id: Option<String>,
}

/// A failed attempt, and when the service accepts the next one.
#[derive(Debug)]
pub(super) struct FailedAttempt {
    pub(super) cause: Cause,
    pub(super) retry_at: Option<Instant>,
}

impl From<Cause> for FailedAttempt {
    fn from(cause: Cause) -> Self {
        Self { cause, retry_at: None }
    }
}

impl Transport {
    pub(super) fn new(
        endpoint: &Endpoint,
        credentials: &Credentials,
        timeouts: &Timeouts,
        body_cap: usize,
    ) -> Result<Self, NoRoots> {
        let is_plain = endpoint.as_str().starts_with("http://");
        let builder = http_client(endpoint.is_loopback(), is_plain, timeouts);
        let http = builder.default_headers(credentials.headers()).build();
        let http = http.map_err(|error| NoRoots { reason: reason(&error) })?;
        let endpoint = endpoint.as_str().to_owned();
        Ok(Self { http, endpoint, credentials: credentials.clone(), body_cap, rows: Rows::default() })
    }

    /// The rows of user lists that were read.
    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Makes the call once, and passes the rate-limit headers of the response to the gate.
    pub(super) async fn attempt<T: Content>(
        &self,
        call: &Call<T>,
        ticket: Ticket,
        clock: &dyn Clock,
    ) -> Result<Success<T>, FailedAttempt> {
        let method = match call.method() {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut request = self.http.request(method, format!("{}{}", self.endpoint, call.path()));
        if let Some(body) = call.body() {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = request.send().await.map_err(|error| self.broken(&error))?;
        let now = Now { instant: clock.instant(), timestamp: clock.timestamp() };
        let status = response.status().as_u16();
        ticket.learn(headers::rate_headers(status, response.headers(), now));
        if (200..300).contains(&status) {
            return self.success(call, response).await.map_err(FailedAttempt::from);
        }
        let retry_at = headers::retry_at(response.headers(), now);
        Err(FailedAttempt { cause: self.rejection(response).await, retry_at })
    }

    /// Reads a response with a 2xx status. Only the documented one is a success.
    async fn success<T: Content>(&self, call: &Call<T>, response: Response) -> Result<Success<T>, Cause> {
        let status = response.status().as_u16();
        let request_id = self.request_id(response.headers());
        let damaged = |reason: &str| Cause::Damaged {
            status,
            request_id: request_id.clone(),
            reason: self.shown(reason),
        };
        if status != T::STATUS {
            return Err(damaged(&format!("the documented status is {}", T::STATUS)));
        }
        let body = self.read(response, self.body_cap).await?;
        let value = T::read(&body, &self.rows).map_err(|reason| damaged(&reason))?;
        call.check(&value).map_err(|reason| damaged(&reason))?;
        Ok(Success { value, status, request_id })
    }

    async fn rejection(&self, response: Response) -> Cause {
        let status = response.status().as_u16();
        if (300..400).contains(&status) {
            let to = headers::text(response.headers(), LOCATION.as_str()).map(|to| self.shown(to));
            return Cause::Redirected { status, to };
        }
        let request_id = self.request_id(response.headers());
        let is_cycle_spent = headers::is_cycle_spent(response.headers());
        let (body, cut_off) = match self.read(response, ERROR_BODY_CAP).await {
            Ok(body) => (body, None),
            Err(cause) => (Vec::new(), Some(cause)),
        };
        let mut rejection = Rejection::read(status, &body, |text| self.shown(text));
        rejection.request_id = rejection.request_id.or(request_id);
        match (status, cut_off) {
            (401, _) => Cause::Credentials(rejection),
            (402, _) => Cause::NotInPlan(rejection),
            (403, _) => Cause::Forbidden(rejection),
            (429, _) if is_cycle_spent => Cause::QuotaSpent(rejection),
            (429, _) => Cause::RateLimited { until: None },
            (500 | 502 | 503 | 504, _) => Cause::Failing(rejection),
            (400..500, Some(cause)) if cause.is_repeatable() => cause,
            (400..500, _) if !rejection.is_error_object => Cause::Damaged {
                status,
                request_id: rejection.request_id,
                reason: "the body is not Voucherify's error object".to_owned(),
            },
            _ => Cause::Refused(rejection),
        }
    }

    /// The body, if it has at most `cap` bytes.
    async fn read(&self, mut response: Response, cap: usize) -> Result<Vec<u8>, Cause> {
        let length = response.content_length().and_then(|length| usize::try_from(length).ok());
        if length.is_some_and(|length| length > cap) {
            return Err(Cause::TooLarge { cap });
        }
        // A length that is only claimed costs little.
        let mut body = Vec::with_capacity(length.unwrap_or_default().min(RESERVED_BODY));
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(&error))? {
            if body.len() + chunk.len() > cap {
                return Err(Cause::TooLarge { cap });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Interprets an error of the network.
    fn broken(&self, error: &reqwest::Error) -> Cause {
        let reason = self.shown(&reason(error));
        if is_about_certificates(error) {
            return Cause::Certificate(reason);
        }
        if error.is_connect() || error.is_builder() {
            return Cause::Unreachable { endpoint: escape::line(&self.endpoint).into_owned(), reason };
        }
        if error.is_timeout() { Cause::TimedOut } else { Cause::Lost(reason) }
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        headers::text(headers, "x-request-id").map(|id| self.shown(id))
    }

    /// Text from outside for messages: without credentials, escaped, and short.
    fn shown(&self, text: &str) -> String {
        let text = self.credentials.scrub(text);
        words::clipped(&escape::line(&text), TEXT_CAP)
    }
}

/// The innermost error: the outer ones only repeat the URL.
/// The settings of every connection: no redirects, no repetition, the time-outs, no proxy to this machine. Without
/// TLS, no root certificates are needed.
pub(crate) fn http_client(is_loopback: bool, is_plain: bool, timeouts: &Timeouts) -> reqwest::ClientBuilder {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // This fails only if another thread has installed it first.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("guestlist/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.idle)
        .timeout(timeouts.call);
    if is_loopback {
        builder = builder.no_proxy();
    }
    if is_plain { builder.tls_certs_only([]) } else { builder }
}

/// Why a request failed, without its URL.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut innermost = error.source();
    while let Some(next) = innermost.and_then(std::error::Error::source) {
        innermost = Some(next);
    }
    innermost.map_or_else(|| "no reason given".to_owned(), ToString::to_string)
}

fn is_about_certificates(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        // An I/O error does not return the error that it wraps as its source.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Error as IoError;

    #[test]
    fn a_bad_certificate_is_found_at_any_depth() {
        let about = |error: rustls::Error| is_about_certificates(&IoError::other(IoError::other(error)));
        assert!(about(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)));
        assert!(!about(rustls::Error::HandshakeNotComplete));
        assert!(!is_about_certificates(&IoError::other("reset")));
    }
}
