//! The paths under `/sandbox`: what happens outside the API, such as someone who accepts an invitation.

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde::Serialize;
use serde_json::Value;

use super::delivery::{Body, full};
use super::request::bytes_of;
use super::response::ErrorResponse;
use super::server_state::ServerState;

const ABOUT: &str = "This is guestlist's sandbox: a simulated Voucherify organization.

The API is under /management/v1 and requires the credentials of the sandbox.
Without credentials:
  POST /sandbox/accept {\"email\"}      accepts the invitation to that address
  POST /sandbox/elsewhere {\"email\"}   creates a Voucherify user outside this organization
  GET  /sandbox/log                   every request to the API so far
  GET  /sandbox/state                 the organization
";

/// Responds to a request for `path`, which is relative to `/sandbox`.
pub(super) async fn respond(shared: &ServerState, path: &str, request: Request<Incoming>) -> Response<Body> {
    match (request.method(), path) {
        (&Method::GET, "" | "/") => response(StatusCode::OK, "text/plain; charset=utf-8", ABOUT.to_owned()),
        (&Method::GET, "/log") => json(StatusCode::OK, &shared.lock().log),
        (&Method::GET, "/state") => json(StatusCode::OK, &shared.lock().organization),
        (&Method::POST, "/accept") => accept(shared, &fields(request).await).await,
        (&Method::POST, "/elsewhere") => elsewhere(shared, &fields(request).await).await,
        _ => rejected(&ErrorResponse::no_such_path(request.uri().path())),
    }
}

/// The JSON in a body, whatever its content type; null where there is none.
async fn fields(request: Request<Incoming>) -> Value {
    let bytes = bytes_of(request.into_body()).await.unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn text_of<'a>(fields: &'a Value, key: &str) -> Option<&'a str> {
    fields.get(key)?.as_str().filter(|text| !text.is_empty())
}

async fn accept(shared: &ServerState, fields: &Value) -> Response<Body> {
    let Some(email) = text_of(fields, "email") else {
        return rejected(&ErrorResponse::missing_property("email"));
    };
    if !shared.write(|organization| organization.accept(email)) {
        return rejected(&ErrorResponse::no_login(email));
    }
    saved(shared).await
}

async fn elsewhere(shared: &ServerState, fields: &Value) -> Response<Body> {
    let Some(email) = text_of(fields, "email") else {
        return rejected(&ErrorResponse::missing_property("email"));
    };
    let first_name = text_of(fields, "first_name").unwrap_or("Somebody");
    let last_name = text_of(fields, "last_name").unwrap_or("Elsewhere");
    if !shared.write(|organization| organization.add_elsewhere(email, first_name, last_name)) {
        return rejected(&ErrorResponse::duplicate_user(email));
    }
    saved(shared).await
}

async fn saved(shared: &ServerState) -> Response<Body> {
    match shared.save().await {
        Ok(()) => {
            let mut response = Response::new(full(""));
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Err(error) => {
            response(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", format!("{error}\n"))
        }
    }
}

fn rejected(rejection: &ErrorResponse) -> Response<Body> {
    json(StatusCode::from_u16(rejection.status).unwrap_or(StatusCode::BAD_REQUEST), rejection)
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let text = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
    response(status, "application/json; charset=utf-8", text)
}

fn response(status: StatusCode, content_type: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
