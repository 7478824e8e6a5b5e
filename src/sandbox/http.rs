//! The HTTP face: reads requests, hands them to the service, and sends what it answers, as it says.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};

use super::answer::Rejection;
use super::call::{Call, Payload};
use super::connection::Scissors;
use super::reply::{Delivery, Reply};
use super::shared::{Closing, Shared};

/// More than any request needs.
const LARGEST_BODY: usize = 1 << 20;

const ABOUT: &str = "This is guestlist's sandbox: a simulated Voucherify organization.

The API is under /management/v1 and needs the credentials of the sandbox.
Without credentials:
  POST /sandbox/accept {\"email\"}      somebody accepts their invitation
  POST /sandbox/elsewhere {\"email\"}   somebody becomes a Voucherify user outside this organization
  GET  /sandbox/log                   every request to the API so far
  GET  /sandbox/state                 the organization
";

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/sandbox", get(async || ABOUT))
        .route("/sandbox/", get(async || ABOUT))
        .route("/sandbox/accept", post(accept))
        .route("/sandbox/elsewhere", post(elsewhere))
        .route(
            "/sandbox/log",
            get(async |State(shared): State<Arc<Shared>>| json_response(&shared.lock().log)),
        )
        .route(
            "/sandbox/state",
            get(async |State(shared): State<Arc<Shared>>| json_response(&shared.lock().organization)),
        )
        .fallback(api)
        .with_state(shared)
}

async fn api(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response {
    let call = read(request).await;
    let now = shared.now();
    let mut reply = shared.lock().serve(&call, now);
    if shared.keep().await.is_err() {
        reply = shared.lock().not_kept(reply.seq);
    }
    let mut response = deliver(reply, &scissors, shared.closing()).await;
    // Clients compare the times in the headers with this one.
    if let Some(date) = http_date(now) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

fn http_date(time: SystemTime) -> Option<HeaderValue> {
    let time = Timestamp::try_from(time).ok()?;
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()?;
    HeaderValue::try_from(text).ok()
}

async fn read(request: Request) -> Call {
    let (parts, body) = request.into_parts();
    let query = Query::try_from_uri(&parts.uri).map(|Query(pairs)| pairs).unwrap_or_default();
    let bytes = axum::body::to_bytes(body, LARGEST_BODY).await;
    let body = match bytes {
        Ok(bytes) if bytes.is_empty() => None,
        Ok(bytes) => Some(payload(&parts.headers, &bytes)),
        Err(_) => Some(Payload::Other(String::new())),
    };
    let header = |name: &str| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
    Call {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query,
        body,
        credentials: header("x-management-id").zip(header("x-management-token")),
    }
}

fn payload(headers: &HeaderMap, bytes: &Bytes) -> Payload {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = content_type
        .split(';')
        .next()
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"));
    match serde_json::from_slice(bytes) {
        Ok(body) if is_json => Payload::Json(body),
        _ => Payload::Other(String::from_utf8_lossy(bytes).into_owned()),
    }
}

async fn deliver(reply: Reply, scissors: &Scissors, closing: Closing) -> Response {
    let Reply { seq: _, status, headers, body, delivery } = reply;
    let length = body.len();
    let body = match delivery {
        Delivery::Whole => Body::from(body),
        Delivery::Truncated => truncated(body),
        Delivery::Endless => endless(body, closing),
        Delivery::Trickle(pace) => trickling(body, pace, closing),
        Delivery::Withheld => {
            closing.wait().await;
            scissors.cut();
            Body::empty()
        }
        Delivery::Cut => {
            scissors.cut();
            Body::empty()
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    if delivery == Delivery::Truncated {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

/// Half of `body`; then the connection breaks.
fn truncated(mut body: Vec<u8>) -> Body {
    body.truncate(body.len() / 2);
    let half = stream::once(async move { Ok(Bytes::from(body)) });
    let end = stream::once(async {
        // The half shall have left before the error takes the connection down.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::Error::other("cut by a fault"))
    });
    Body::from_stream(half.chain(end))
}

/// `body` without its last byte, and then blanks for ever.
fn endless(mut body: Vec<u8>, closing: Closing) -> Body {
    body.pop();
    let blanks = Bytes::from(vec![b' '; 1 << 16]);
    Body::from_stream(stream::unfold(Bytes::from(body), move |chunk| {
        let (next, over) = (blanks.clone(), closing.is_closed());
        async move { (!over).then_some((Ok::<_, io::Error>(chunk), next)) }
    }))
}

/// `body`, one byte after another.
fn trickling(body: Vec<u8>, pace: Duration, closing: Closing) -> Body {
    Body::from_stream(stream::unfold((body.into_iter(), closing), move |(mut bytes, closing)| async move {
        tokio::select! {
            () = tokio::time::sleep(pace) => {}
            () = closing.wait() => return None,
        }
        let byte = bytes.next()?;
        Some((Ok::<_, io::Error>(Bytes::from(vec![byte])), (bytes, closing)))
    }))
}

async fn accept(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let Some(email) = text_of(&body, "email") else { return refused(&Rejection::missing_property("email")) };
    if !shared.write(|organization| organization.accept(&email)) {
        return refused(&Rejection::no_login(&email));
    }
    kept(&shared).await
}

async fn elsewhere(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let Some(email) = text_of(&body, "email") else { return refused(&Rejection::missing_property("email")) };
    let name = |key, otherwise: &str| text_of(&body, key).unwrap_or_else(|| otherwise.to_owned());
    let (first_name, last_name) = (name("first_name", "Somebody"), name("last_name", "Elsewhere"));
    if !shared.write(|organization| organization.add_elsewhere(&email, &first_name, &last_name)) {
        return refused(&Rejection::duplicate_user(&email));
    }
    kept(&shared).await
}

async fn kept(shared: &Shared) -> Response {
    match shared.keep().await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

fn text_of(body: &[u8], key: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn refused(refusal: &Rejection) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, json_response(refusal)).into_response()
}

fn json_response(value: &impl serde::Serialize) -> Response {
    let text = serde_json::to_string(value).unwrap_or_else(|_| json!(null).to_string());
    ([(CONTENT_TYPE, "application/json; charset=utf-8")], text).into_response()
}
