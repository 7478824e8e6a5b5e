//! Reads requests, up to a size limit.

use http_body_util::{BodyExt as _, Collected, Limited};
use hyper::Request;
use hyper::body::{Bytes, Incoming};

use super::call::{Payload, ReceivedCall};

/// The size limit of a request body, in bytes.
const LARGEST_BODY: usize = 1 << 20;

/// A request to the API as a call.
pub(super) async fn read(request: Request<Incoming>) -> ReceivedCall {
    let (parts, body) = request.into_parts();
    let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let header = |name: &str| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
    let body = match bytes_of(body).await {
        Some(bytes) if bytes.is_empty() => None,
        Some(bytes) => Some(payload(header("content-type").as_deref(), &bytes)),
        None => Some(Payload::Other(String::new())),
    };
    ReceivedCall {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: query.into_owned().collect(),
        body,
        credentials: header("x-management-id").zip(header("x-management-token")),
    }
}

/// The whole body; `None` if it is too large or breaks off.
pub(super) async fn bytes_of(body: Incoming) -> Option<Bytes> {
    Limited::new(body, LARGEST_BODY).collect().await.ok().map(Collected::to_bytes)
}

fn payload(content_type: Option<&str>, bytes: &Bytes) -> Payload {
    let essence = content_type.and_then(|content_type| content_type.split(';').next());
    let is_json = essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"));
    match serde_json::from_slice(bytes) {
        Ok(body) if is_json => Payload::Json(body),
        _ => Payload::Other(String::from_utf8_lossy(bytes).into_owned()),
    }
}
