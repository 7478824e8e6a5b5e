//! A response before it is sent: status, headers, body and delivery, with or without a fault.

use std::time::Duration;

use serde_json::{Value, json};

use super::fault::{BodyKind, FaultKind};
use super::rate_limit::Allowance;
use super::response::ErrorResponse;

/// A response and how to deliver it.
#[derive(Debug)]
pub(super) struct Reply {
    /// The number of the call in the log.
    pub(super) seq: u64,
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) delivery: Delivery,
}

/// How a response reaches the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Delivery {
    Whole,
    Truncated,
    Endless,
    Trickle(Duration),
    /// No response, and the connection stays open.
    Withheld,
    /// No response, and the connection is closed.
    Cut,
}

impl Reply {
    pub(super) fn bare(status: u16, allowance: Option<Allowance>) -> Self {
        let headers = allowance.iter().flat_map(Allowance::headers).collect();
        Self { seq: 0, status, headers, body: Vec::new(), delivery: Delivery::Whole }
    }

    pub(super) fn json(status: u16, body: Option<&Value>, allowance: Option<Allowance>) -> Self {
        let mut reply = Self::bare(status, allowance);
        if let Some(body) = body {
            reply.set_json(body);
        }
        reply
    }

    fn set_json(&mut self, body: &Value) {
        self.body = body.to_string().into_bytes();
        self.set_content_type("application/json; charset=utf-8");
    }

    fn set_html(&mut self, page: &str) {
        self.body = page.as_bytes().to_vec();
        self.set_content_type("text/html; charset=utf-8");
    }

    fn set_content_type(&mut self, content_type: &str) {
        self.headers.retain(|(name, _)| *name != "content-type");
        self.headers.push(("content-type", content_type.to_owned()));
    }

    /// Changes the body if it is a JSON object.
    fn change_json(&mut self, change: impl FnOnce(&mut Value)) {
        if let Ok(mut body @ Value::Object(_)) = serde_json::from_slice(&self.body) {
            change(&mut body);
            self.set_json(&body);
        }
    }

    /// Adds a body to a response without one, so a fault has something to damage.
    fn fill(&mut self) {
        if self.body.is_empty() {
            self.status = 200;
            self.set_json(&Value::Object(serde_json::Map::new()));
        }
    }

    /// The response with a fault of the transport.
    pub(super) fn with_fault(mut self, kind: &FaultKind, request_id: &str) -> Self {
        match kind {
            FaultKind::Status { status, body, retry_after, limit_type, applied: _ } => {
                self.headers.retain(|(name, _)| {
                    matches!(*name, "x-rate-limit-limit" | "x-rate-limit-remaining" | "x-rate-limit-retry")
                });
                self.status = *status;
                self.body.clear();
                match body {
                    _ if *status == 204 => self.headers.retain(|(name, _)| *name != "content-type"),
                    BodyKind::Json if *status < 300 => self.set_json(&json!({})),
                    BodyKind::Json => self.set_json(&status_body(*status).body(request_id)),
                    BodyKind::Html => {
                        self.set_html(&format!("<html><body><h1>{status}</h1></body></html>\n"));
                    }
                    BodyKind::Empty => {}
                }
                if *status == 429 {
                    // This response must not contradict the limit that it reports.
                    self.headers.retain(|(name, _)| !name.starts_with("x-rate-limit"));
                    let limit_type = limit_type.as_deref().unwrap_or("api_calls");
                    self.headers.push(("x-rate-limit-type", limit_type.to_owned()));
                }
                if let Some(seconds) = retry_after {
                    self.headers.push(("retry-after", seconds.to_string()));
                }
            }
            FaultKind::Truncate => {
                self.fill();
                self.delivery = Delivery::Truncated;
            }
            FaultKind::NotJson => {
                self.fill();
                self.set_html("<html><body>It works!</body></html>\n");
            }
            FaultKind::OtherUser => self.change_json(|user| {
                for (key, value) in
                    [("id", "user_other"), ("login", "other@example.com"), ("email", "other@example.com")]
                {
                    user[key] = Value::from(value);
                }
            }),
            FaultKind::NoRole => self.change_json(|user| user["projects"] = json!({})),
            FaultKind::Endless => {
                self.fill();
                self.delivery = Delivery::Endless;
            }
            FaultKind::Trickle { pace } => {
                self.fill();
                // Leading blanks are valid JSON, and make even the shortest response slow.
                self.body.splice(0..0, [b' '; 1000]);
                self.delivery = Delivery::Trickle(*pace);
            }
            FaultKind::Hang { .. } => self.delivery = Delivery::Withheld,
            FaultKind::CloseBefore | FaultKind::CloseAfter => self.delivery = Delivery::Cut,
            FaultKind::Redirect => {
                self.status = 302;
                self.headers.push(("location", "/management/v1/redirected".to_owned()));
            }
            // Faults of the content are applied before.
            FaultKind::ShortList { .. }
            | FaultKind::EmptyList
            | FaultKind::Lag { .. }
            | FaultKind::SecondInviteOk
            | FaultKind::HostileNames => {}
        }
        self
    }
}

fn status_body(status: u16) -> ErrorResponse {
    match status {
        401 => ErrorResponse::unauthorized(),
        402 => ErrorResponse::payment_required(),
        403 => ErrorResponse::bare(403, "Forbidden"),
        429 => ErrorResponse::bare(429, "Too many requests"),
        500.. => ErrorResponse::server_error(status),
        _ => ErrorResponse::bare(status, "Refused"),
    }
}
