//! The responses of the service: a status with or without a body, and the documented error object.

use serde::Serialize;
use serde_json::{Value, json};

/// A successful response.
#[derive(Clone, PartialEq, Debug)]
pub struct SuccessResponse {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body; `None` with 204.
    pub body: Option<Value>,
}

impl SuccessResponse {
    /// 200 with `body`.
    #[must_use]
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body) }
    }

    /// 204, which has no body.
    #[must_use]
    pub fn no_content() -> Self {
        Self { status: 204, body: None }
    }

    /// 200 with a list object.
    #[must_use]
    pub fn list(data: &[Value], total: usize) -> Self {
        Self::ok(json!({"object": "list", "data_ref": "data", "data": data, "total": total}))
    }
}

/// A rejected request: the fields of the documented error object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ErrorResponse {
    /// The HTTP status.
    #[serde(rename = "code")]
    pub status: u16,
    /// The kind of error, in one word. Two documented answers do not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'static str>,
    /// The error in a few words.
    pub message: &'static str,
    /// The error in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// The id of the resource that was not found, or exists already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// The type of that resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<&'static str>,
    /// Whether the documentation shows a `request_id` in this answer.
    #[serde(skip)]
    pub traced: bool,
}

impl ErrorResponse {
    fn new(status: u16, key: &'static str, message: &'static str, details: impl Into<String>) -> Self {
        Self {
            status,
            key: Some(key),
            message,
            details: Some(details.into()),
            resource_id: None,
            resource_type: None,
            traced: true,
        }
    }

    fn about(mut self, resource_type: &'static str, resource_id: &str) -> Self {
        self.resource_type = Some(resource_type);
        self.resource_id = Some(resource_id.to_owned());
        self
    }

    pub(super) fn invalid_payload(details: impl Into<String>) -> Self {
        Self::new(400, "invalid_payload", "Invalid payload", details)
    }

    pub(super) fn missing_property(name: &str) -> Self {
        Self::invalid_payload(format!("Payload must have required property '{name}'"))
    }

    /// Invite a New User with an unknown role. Assign and Update document `invalid_payload` instead.
    pub(super) fn incorrect_role(role: &str) -> Self {
        Self::new(
            400,
            "used_incorrect_role",
            "Used incorrect role",
            format!("The role '{role}' is incorrect"),
        )
    }

    pub(super) fn no_project(id: &str) -> Self {
        Self::new(404, "not_found", "Resource not found", format!("Cannot find project with id {id}"))
            .about("project", id)
    }

    /// Get Project, for which the documentation shows neither key nor resource.
    pub(super) fn no_project_to_get(id: &str) -> Self {
        Self { key: None, resource_id: None, resource_type: None, traced: false, ..Self::no_project(id) }
    }

    pub(super) fn no_user(id: &str) -> Self {
        Self::new(404, "not_found", "Resource not found", format!("Cannot find user with id {id}"))
            .about("user", id)
    }

    pub(super) fn no_login(login: &str) -> Self {
        Self::new(404, "not_found", "Resource not found", format!("Cannot find user with login {login}"))
            .about("user", login)
    }

    pub(super) fn no_user_in_project(user: &str, project: &str) -> Self {
        let details = format!("Cannot find user '{user}' assigned to the project '{project}'");
        Self::new(404, "not_found", "Resource not found", details).about("user", user)
    }

    pub(super) fn duplicate_user(email: &str) -> Self {
        let details = format!("Duplicated user exists with email {email}");
        let refusal = Self::new(409, "duplicate_found", "Duplicated resource found", details);
        Self { traced: false, ..refusal.about("user", email) }
    }

    pub(super) fn not_assigned() -> Self {
        Self::new(400, "user_not_assigned", "User is not assigned", "User is not assigned to the project")
    }

    /// The documentation says that this is rejected, but not how.
    pub(super) fn only_project() -> Self {
        Self::new(
            400,
            "user_only_project",
            "User cannot be unassigned",
            "User is assigned to this project only and cannot be unassigned from it",
        )
    }

    /// Not documented: owners cannot be changed through the API.
    pub(super) fn owner() -> Self {
        Self::new(
            400,
            "user_is_owner",
            "User cannot be changed",
            "The roles of an owner cannot be changed or removed",
        )
    }

    /// Not documented: a possible answer to a repeated assignment.
    pub(super) fn already_assigned() -> Self {
        Self::new(
            400,
            "user_already_assigned",
            "User is already assigned",
            "User is already assigned to the project",
        )
    }

    /// Not documented: a possible answer to assigning a person who has not accepted yet.
    pub(super) fn not_active() -> Self {
        Self::new(400, "user_not_active", "User is not active", "User has not accepted the invitation yet")
    }

    pub(super) fn unauthorized() -> Self {
        Self { details: None, traced: false, ..Self::new(401, "unauthorized", "Unauthorized", "") }
    }

    pub(super) fn payment_required() -> Self {
        let details = "Your current plan does not include a feature required to perform this operation.";
        Self { traced: false, ..Self::new(402, "missing_required_feature", "Payment required", details) }
    }

    pub(super) fn no_such_path(path: &str) -> Self {
        Self::new(404, "not_found", "Resource not found", format!("Cannot find {path}"))
    }

    pub(super) fn method_not_allowed(method: &str) -> Self {
        let details = format!("The method {method} is not allowed here");
        Self::new(405, "method_not_allowed", "Method not allowed", details)
    }

    pub(super) fn server_error(status: u16) -> Self {
        Self { details: None, ..Self::new(status, "internal_error", "Internal error", "") }
    }

    /// A rejection of which only the status and the message are documented.
    pub(super) fn bare(status: u16, message: &'static str) -> Self {
        Self { key: None, details: None, traced: false, ..Self::new(status, "", message, "") }
    }

    /// The JSON body, with `request_id` if the documentation shows one.
    #[must_use]
    pub fn body(&self, request_id: &str) -> Value {
        let mut body = json!(self);
        if self.traced {
            body["request_id"] = Value::from(request_id);
        }
        body
    }
}
