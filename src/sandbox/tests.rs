//! The sandbox over real HTTP: every endpoint, every refusal, every fault, whole bodies.

mod endpoints;
mod faults;
mod properties;
mod service;

use std::sync::Once;

use serde_json::{Value, json};

use super::*;

const STOREFRONT: &str = "proj_9KeAhZB1";
const LOYALTY: &str = "proj_npnFzPr9";
const CUSTOM: &str = "role_XyZ7aB9cD2eF4gH1iJ0kL5mN6oP8qR3s";

/// A sandbox with a client that has its credentials.
struct Client {
    handle: Handle,
    http: reqwest::Client,
}

impl Client {
    async fn start(options: Options) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let redirects = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().redirect(redirects).build().unwrap();
        Self { handle: Sandbox::start(options).await.unwrap(), http }
    }

    async fn example() -> Self {
        Self::start(Options::default()).await
    }

    async fn with_faults(faults: &[&str]) -> Self {
        let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        Self::start(Options { faults, ..Options::default() }).await
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/management/v1/{path}", self.handle.base_url());
        let AcceptedCredentials { id, token } = self.handle.credentials();
        self.http
            .request(method.parse().unwrap(), url)
            .header("X-Management-Id", id)
            .header("X-Management-Token", token)
    }

    /// Makes a call; a body that is null is not sent, and one that is not there is null.
    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let mut request = self.request(method, path);
        if !body.is_null() {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        received(request.send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, Value::Null).await
    }

    async fn outside(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let url = format!("{}/sandbox/{path}", self.handle.base_url());
        let request = self.http.request(method.parse().unwrap(), url).body(body.to_owned());
        received(request.send().await.unwrap()).await
    }

    async fn invite(&self, email: &str, projects: Value) -> (u16, Value) {
        self.call("POST", "projects/users/invite", invitation(email, &projects)).await
    }

    fn id_of(&self, login: &str) -> String {
        self.handle.with_organization(|organization| organization.person(login).unwrap().id.clone())
    }

    fn add_member(&self, email: &str, projects: &[(&str, &str)]) -> String {
        let projects = projects.iter().map(|(project, role)| ((*project).to_owned(), (*role).to_owned()));
        assert!(
            self.handle
                .with_organization(|organization| organization.add_member(email, "Alex", "Doe", projects))
        );
        self.id_of(email)
    }

    fn last_logged(&self) -> LoggedCall {
        self.handle.log().pop().unwrap()
    }
}

fn invitation(email: &str, projects: &Value) -> Value {
    json!({"email": email, "first_name": "Alex", "last_name": "Doe", "projects": projects})
}

/// Status and body, with every `request_id` that has the right form written as `v-…`.
async fn received(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap();
    if bytes.is_empty() {
        return (status, Value::Null);
    }
    let mut body: Value = serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    if let Some(id) = body.get_mut("request_id") {
        let hex = id.as_str().unwrap().strip_prefix("v-").unwrap();
        assert!(hex.len() == 18 && hex.chars().all(|c| c.is_ascii_hexdigit()), "{hex}");
        *id = json!("v-…");
    }
    (status, body)
}

fn user(id: &str, email: &str, projects: &Value) -> Value {
    json!({
        "id": id, "login": email, "email": email, "first_name": "Alex", "last_name": "Doe",
        "projects": projects, "is_owner": false,
    })
}

fn invalid(details: &str) -> (u16, Value) {
    let body = json!({
        "code": 400, "key": "invalid_payload", "message": "Invalid payload", "details": details,
        "request_id": "v-…",
    });
    (400, body)
}

fn no_project(id: &str) -> (u16, Value) {
    not_found(&format!("Cannot find project with id {id}"), id, "project")
}

fn no_user(id: &str) -> (u16, Value) {
    not_found(&format!("Cannot find user with id {id}"), id, "user")
}

fn not_found(details: &str, id: &str, kind: &str) -> (u16, Value) {
    let body = json!({
        "code": 404, "key": "not_found", "message": "Resource not found", "details": details,
        "request_id": "v-…", "resource_id": id, "resource_type": kind,
    });
    (404, body)
}

fn duplicate(email: &str) -> (u16, Value) {
    let body = json!({
        "code": 409, "key": "duplicate_found", "message": "Duplicated resource found",
        "details": format!("Duplicated user exists with email {email}"),
        "resource_id": email, "resource_type": "user",
    });
    (409, body)
}

fn refused(key: &str, message: &str, details: &str) -> (u16, Value) {
    let body = json!({"code": 400, "key": key, "message": message, "details": details, "request_id": "v-…"});
    (400, body)
}
