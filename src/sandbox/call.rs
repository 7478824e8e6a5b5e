//! A request, its operation, and its entry in the log.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request to the API, read from HTTP.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct ReceivedCall {
    /// The method, in upper case.
    pub method: String,
    /// The path, as sent.
    pub path: String,
    /// The query parameters, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The body; `None` if it is empty.
    pub body: Option<Payload>,
    /// The credentials, id and token, if both headers are present.
    pub credentials: Option<(String, String)>,
}

/// The body of a request.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Payload {
    /// JSON with the content type of JSON.
    Json(Value),
    /// Anything else.
    Other(String),
}

/// An operation of the API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Operation {
    /// `GET /projects`
    ListProjects,
    /// `GET /projects/{project}`
    GetProject(String),
    /// `POST /projects/users/invite`
    Invite,
    /// `GET /projects/{project}/users`
    ListUsers(String),
    /// `POST /projects/{project}/users`
    Assign(String),
    /// `GET /projects/{project}/users/{user}`
    GetUser(String, String),
    /// `PUT /projects/{project}/users/{user}`
    ChangeRole(String, String),
    /// `DELETE /projects/{project}/users/{user}`
    Unassign(String, String),
    /// A path of the API, but another method than the allowed ones, which are listed.
    WrongMethod(&'static str),
    /// Not a path of the API.
    Unknown,
}

impl Operation {
    /// The operation for `method` and `path`.
    pub(super) fn of(method: &str, path: &str) -> Self {
        let Some(rest) = path.strip_prefix("/management/v1/") else { return Self::Unknown };
        let Some(parts) = rest.split('/').map(decoded).collect::<Option<Vec<_>>>() else {
            return Self::Unknown;
        };
        let parts: Vec<_> = parts.iter().map(AsRef::as_ref).collect();
        if parts.contains(&"") {
            return Self::Unknown;
        }
        match (method, parts.as_slice()) {
            ("GET", ["projects"]) => Self::ListProjects,
            ("GET", ["projects", project]) => Self::GetProject((*project).to_owned()),
            (_, ["projects"] | ["projects", _]) => Self::WrongMethod("GET"),
            ("POST", ["projects", "users", "invite"]) => Self::Invite,
            (_, ["projects", "users", "invite"]) => Self::WrongMethod("POST"),
            ("GET", ["projects", project, "users"]) => Self::ListUsers((*project).to_owned()),
            ("POST", ["projects", project, "users"]) => Self::Assign((*project).to_owned()),
            (_, ["projects", _, "users"]) => Self::WrongMethod("GET, POST"),
            ("GET", ["projects", project, "users", user]) => {
                Self::GetUser((*project).to_owned(), (*user).to_owned())
            }
            ("PUT", ["projects", project, "users", user]) => {
                Self::ChangeRole((*project).to_owned(), (*user).to_owned())
            }
            ("DELETE", ["projects", project, "users", user]) => {
                Self::Unassign((*project).to_owned(), (*user).to_owned())
            }
            (_, ["projects", _, "users", _]) => Self::WrongMethod("GET, PUT, DELETE"),
            _ => Self::Unknown,
        }
    }
}

/// A path segment with its `%xx` decoded; `None` if that is not UTF-8.
fn decoded(segment: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(segment).decode_utf8().ok()
}

/// A request to the API in the log. It never contains credentials.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LoggedCall {
    /// The number of the request, from 1, in order of arrival.
    pub seq: u64,
    /// The method.
    pub method: String,
    /// The path, as sent.
    pub path: String,
    /// The query parameters, in order.
    pub query: Vec<(String, String)>,
    /// The body: JSON as received, a string if it is anything else, null if empty.
    pub body: Value,
    /// Whether both credential headers were present.
    pub credentials: bool,
    /// The status of the response; null if none was sent.
    pub status: Option<u16>,
    /// Whether the request changed the organization, even if its response was lost.
    pub applied: bool,
    /// The injected fault, in the syntax of `--fault`.
    pub fault: Option<String>,
    /// The `request_id` of the response, if it has one.
    pub request_id: String,
}

impl LoggedCall {
    pub(super) fn new(seq: u64, call: &ReceivedCall) -> Self {
        Self {
            seq,
            method: call.method.clone(),
            path: call.path.clone(),
            query: call.query.clone(),
            body: match &call.body {
                None => Value::Null,
                Some(Payload::Json(body)) => body.clone(),
                Some(Payload::Other(text)) => Value::String(text.clone()),
            },
            credentials: call.credentials.is_some(),
            status: None,
            applied: false,
            fault: None,
            request_id: format!("v-{:018x}", u128::from(seq.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 4),
        }
    }

    /// Whether the method is one that writes, even if the request failed.
    #[must_use]
    pub fn writes(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// The `email` or `login` in the body.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.body.get("email").or_else(|| self.body.get("login"))?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_endpoints() {
        let user = || ("p 1".to_owned(), "user_x".to_owned());
        for (method, path, operation) in [
            ("GET", "projects", Operation::ListProjects),
            ("GET", "projects/p%201", Operation::GetProject("p 1".to_owned())),
            ("POST", "projects/users/invite", Operation::Invite),
            ("GET", "projects/p%201/users", Operation::ListUsers("p 1".to_owned())),
            ("POST", "projects/p%201/users", Operation::Assign("p 1".to_owned())),
            ("GET", "projects/p%201/users/user_x", Operation::GetUser(user().0, user().1)),
            ("PUT", "projects/p%201/users/user_x", Operation::ChangeRole(user().0, user().1)),
            ("DELETE", "projects/p%201/users/user_x", Operation::Unassign(user().0, user().1)),
            ("POST", "projects", Operation::WrongMethod("GET")),
            ("GET", "projects/users/invite", Operation::WrongMethod("POST")),
            ("DELETE", "projects/p/users", Operation::WrongMethod("GET, POST")),
            ("PATCH", "projects/p/users/u", Operation::WrongMethod("GET, PUT, DELETE")),
            ("GET", "projects/", Operation::Unknown),
            ("GET", "projects//users", Operation::Unknown),
            ("GET", "projects/%zz", Operation::GetProject("%zz".to_owned())),
            ("GET", "projects/%ff", Operation::Unknown),
            ("GET", "users", Operation::Unknown),
        ] {
            assert_eq!(
                Operation::of(method, &format!("/management/v1/{path}")),
                operation,
                "{method} {path}"
            );
        }
        assert_eq!(Operation::of("GET", "/management/v2/projects"), Operation::Unknown);
    }
}
