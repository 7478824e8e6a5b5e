//! The connections of the `object_store` crate: with the settings of those to Voucherify, and without
//! encryption only to this machine.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use http_body_util::BodyExt as _;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};

use super::super::super::store::MAX_BYTES;
use super::seen::{Problem, Seen};
use crate::api::{Timeouts, http_client, reason};
use crate::model::is_loopback;

/// The part of an error body in which its code is looked for, in bytes.
const ERROR_BODY: usize = 8 << 10;

/// The longest code of an error, in bytes.
const LONGEST_CODE: usize = 64;

/// Makes all connections of a store.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    client: reqwest::Client,
}

impl Connector {
    /// Connections for a store at `endpoint`, if it is named.
    pub(super) fn new(endpoint: Option<&str>) -> Result<Self, String> {
        let url = endpoint.and_then(|endpoint| endpoint.parse::<reqwest::Url>().ok());
        let is_local = url.as_ref().and_then(reqwest::Url::host_str).is_some_and(may_be_plain);
        let is_plain = url.is_some_and(|url| url.scheme() == "http");
        let client = http_client(is_local, is_plain, &Timeouts::default());
        Ok(Self { client: client.build().map_err(|error| reason(&error))? })
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for Connector {
    // As the attribute `async_trait` writes it.
    fn call<'life0, 'async_trait>(
        &'life0 self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(self.send(request))
    }
}

impl Connector {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let authority = parts.uri.authority().map(ToString::to_string).unwrap_or_default();
        let note = |problem| Seen { host: authority.clone(), problem }.note();
        if parts.uri.scheme_str() != Some("https") && !parts.uri.host().is_some_and(may_be_plain) {
            note(Problem::Plain);
            return Err(HttpError::new(HttpErrorKind::Unknown, std::io::Error::other("not encrypted")));
        }
        let failed = |error: reqwest::Error| {
            note(Problem::NoResponse(reason(&error)));
            let kind = match () {
                () if error.is_timeout() => HttpErrorKind::Timeout,
                () if error.is_connect() => HttpErrorKind::Connect,
                () => HttpErrorKind::Interrupted,
            };
            HttpError::new(kind, error.without_url())
        };
        let url = parts.uri.to_string().parse();
        let url =
            url.map_err(|_| HttpError::new(HttpErrorKind::Unknown, std::io::Error::other("invalid URL")))?;
        let mut sent = reqwest::Request::new(parts.method, url);
        *sent.headers_mut() = parts.headers;
        *sent.body_mut() = Some(body.collect().await?.to_bytes().into());
        let mut response = self.client.execute(sent).await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > 2 * MAX_BYTES {
                note(Problem::NoResponse("the response is too large".to_owned()));
                return Err(HttpError::new(HttpErrorKind::Decode, std::io::Error::other("too large")));
            }
        }
        if status.is_success() {
            note(Problem::Status(status.as_u16(), None));
        } else {
            let named = ["x-amz-error-code", "x-ms-error-code"].iter().find_map(|name| headers.get(*name));
            let named = named.and_then(|code| code.to_str().ok()).map(str::to_owned);
            note(Problem::Status(
                status.as_u16(),
                named.or_else(|| code(&bytes)).filter(|code| is_code(code)),
            ));
        }
        let mut answer = HttpResponse::new(bytes.into());
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

/// Whether a connection to `host` may be without encryption: it stays on this machine. The addresses at which a
/// cloud gives credentials to its machines are link-local.
fn may_be_plain(host: &str) -> bool {
    let is_link_local = match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_unicast_link_local() || address.is_unique_local(),
        Err(_) => false,
    };
    is_loopback(host) || is_link_local
}

/// The code in the XML of an error.
fn code(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(ERROR_BODY)]);
    let (_, rest) = text.split_once("<Code>")?;
    Some(rest.split_once("</Code>")?.0.to_owned())
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_CODE && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
