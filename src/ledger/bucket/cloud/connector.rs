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

use super::seen::{Problem, Seen};
use crate::api::{Timeouts, http_client, reason};
use crate::model::is_loopback;

/// The part of an error body that is read, in which its code is looked for, in bytes.
const ERROR_BODY: u64 = 8 << 10;

/// The size limit of a response that is not an object, in bytes: a page of a listing has at most 5,000 names of 1,024
/// bytes.
const LARGEST_ANSWER: u64 = 32 << 20;

/// The part of a listing in which its name is looked for, in bytes.
const LISTING_START: usize = 1 << 10;

/// The size limit of the object that a request reads, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizeLimit(pub(super) u64);

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
        let limit = parts.extensions.get().map_or(LARGEST_ANSWER, |SizeLimit(bytes)| *bytes);
        let mut sent = reqwest::Request::new(parts.method, url);
        *sent.headers_mut() = parts.headers;
        *sent.body_mut() = Some(body.collect().await?.to_bytes().into());
        let response = self.client.execute(sent).await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let is_success = status.is_success();
        let read = read(response, if is_success { limit } else { ERROR_BODY }).await.map_err(failed)?;
        let bytes = match read {
            Body::Whole(bytes) => bytes,
            Body::Part(bytes) if !is_success => bytes,
            Body::Part(_) => {
                note(Problem::TooLarge(limit));
                return Err(HttpError::new(HttpErrorKind::Decode, std::io::Error::other("too large")));
            }
        };
        if is_success {
            note(Problem::Status(status.as_u16(), None));
            if is_list(parts.uri.query().unwrap_or_default()) && !is_listing(&bytes) {
                return Err(HttpError::new(HttpErrorKind::Decode, std::io::Error::other("not a listing")));
            }
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

/// The body of a response.
enum Body {
    Whole(Vec<u8>),
    /// The start of one that is larger than the limit.
    Part(Vec<u8>),
}

/// Reads a body of at most `limit` bytes.
async fn read(mut response: reqwest::Response, limit: u64) -> Result<Body, reqwest::Error> {
    let announced = response.content_length().unwrap_or_default();
    let mut bytes = Vec::with_capacity(usize::try_from(announced.min(limit)).unwrap_or_default());
    while let Some(chunk) = response.chunk().await? {
        let left = usize::try_from(limit).unwrap_or(usize::MAX) - bytes.len();
        if chunk.len() > left || announced > limit {
            bytes.extend_from_slice(&chunk[..left.min(chunk.len())]);
            return Ok(Body::Part(bytes));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Body::Whole(bytes))
}

/// Whether a request with that query asks for a listing.
fn is_list(query: &str) -> bool {
    query.split('&').any(|pair| matches!(pair, "list-type=2" | "comp=list"))
}

/// Whether this is a listing of S3 or of Azure. Anything else could be read as an empty one.
fn is_listing(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&body[..body.len().min(LISTING_START)]);
    start.contains("ListBucketResult") || start.contains("EnumerationResults")
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
    let text = String::from_utf8_lossy(body);
    let (_, rest) = text.split_once("<Code>")?;
    Some(rest.split_once("</Code>")?.0.to_owned())
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_CODE && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
