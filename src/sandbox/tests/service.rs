//! What holds for every call: credentials, paths, paging, the rate limit, the log and the file.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::clock::manual::ManualClock;

#[tokio::test]
async fn nobody_gets_in_without_the_credentials() {
    let client = Client::example().await;
    let url = format!("{}/management/v1/projects", client.handle.base_url());
    let AcceptedCredentials { id, token } = client.handle.credentials().clone();
    let unauthorized = (401, json!({"code": 401, "key": "unauthorized", "message": "Unauthorized"}));
    for headers in [
        vec![],
        vec![("X-Management-Id", id.as_str())],
        vec![("X-Management-Id", id.as_str()), ("X-Management-Token", "wrong")],
        vec![("X-Management-Id", token.as_str()), ("X-Management-Token", id.as_str())],
    ] {
        let mut request = client.http.get(&url);
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        assert_eq!(received(request.send().await.unwrap()).await, unauthorized);
        assert_eq!(client.last_logged().credentials, headers.len() == 2);
    }
    assert_ne!((id.as_str(), token.as_str()), ("sandbox-id", "sandbox-token"));
    let log = client.outside("GET", "log", "").await.1.to_string();
    assert!(!log.contains(&token) && !log.contains(&id), "{log}");
    assert_eq!(format!("{:?}", client.handle.credentials()), "AcceptedCredentials(…)");
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let client = Client::example().await;
    let details = "Cannot find /management/v1/users";
    let body = json!({
        "code": 404, "key": "not_found", "message": "Resource not found", "details": details,
        "request_id": "v-…",
    });
    assert_eq!(client.get("users").await, (404, body));
    let response = client.request("PATCH", "projects/p/users/u").send().await.unwrap();
    assert_eq!(response.headers()["allow"], "GET, PUT, DELETE");
    let body = json!({
        "code": 405, "key": "method_not_allowed", "message": "Method not allowed",
        "details": "The method PATCH is not allowed here", "request_id": "v-…",
    });
    assert_eq!(received(response).await, (405, body));
    assert!(client.outside("GET", "", "").await.1.as_str().unwrap().contains("simulated"));
}

#[tokio::test]
async fn pages_are_counted_from_one_and_hold_at_most_a_hundred() {
    let mut organization = Organization::for_team([(STOREFRONT.to_owned(), "Storefront".to_owned())], []);
    organization.seed_members(249);
    let client = Client::start(Options { organization, ..Options::default() }).await;
    let path = format!("projects/{STOREFRONT}/users");
    for (query, length) in
        [("", 100), ("?limit=100&page=3", 50), ("?limit=100&page=4", 0), ("?page=2", 100), ("?limit=7", 7)]
    {
        let (status, body) = client.get(&format!("{path}{query}")).await;
        assert_eq!(
            (status, body["data"].as_array().unwrap().len(), &body["total"]),
            (200, length, &json!(250))
        );
    }
    let mut ids = BTreeSet::new();
    for page in 1..=36 {
        let (_, body) = client.get(&format!("{path}?limit=7&page={page}")).await;
        ids.extend(body["data"].as_array().unwrap().iter().map(|user| user["id"].to_string()));
    }
    assert_eq!(ids.len(), 250);
    for (query, details) in [
        ("limit=101", "Query parameter 'limit' must be <= 100"),
        ("limit=0", "Query parameter 'limit' must be >= 1"),
        ("limit=ten", "Query parameter 'limit' must be integer"),
        ("page=0", "Query parameter 'page' must be >= 1"),
        ("page=-1", "Query parameter 'page' must be integer"),
    ] {
        assert_eq!(client.get(&format!("{path}?{query}")).await, invalid(details));
    }
    assert_eq!(client.last_logged().query, [("page".to_owned(), "-1".to_owned())]);
}

fn limits(response: &reqwest::Response) -> Vec<(String, String)> {
    let headers = response.headers().iter();
    let mut limits: Vec<_> = headers
        .filter(|(name, _)| name.as_str().starts_with("x-rate") || name.as_str() == "retry-after")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    limits.sort();
    limits
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn the_limit_is_told_and_kept() {
    let clock = ManualClock::at("1970-01-01T00:00:50.250Z");
    let rate_limit = Some(RateLimit { calls: 2, period: Duration::from_secs(6) });
    let options = Options { rate_limit, clock: clock.clone(), ..Options::default() };
    let client = Client::start(options).await;
    let get = async || client.request("GET", "projects").send().await.unwrap();
    let allowed = |remaining, next| {
        headers(&[
            ("x-rate-limit-limit", "2"),
            ("x-rate-limit-remaining", remaining),
            ("x-rate-limit-retry", next),
        ])
    };
    assert_eq!(limits(&get().await), allowed("1", "50"));
    assert_eq!(limits(&get().await), allowed("0", "56"));
    let response = get().await;
    let spent = headers(&[
        ("retry-after", "6"),
        ("x-rate-limit-limit", "2"),
        ("x-rate-limit-remaining", "0"),
        ("x-rate-limit-retry", "56"),
        ("x-rate-limit-type", "api_calls"),
    ]);
    assert_eq!(limits(&response), spent);
    assert_eq!(received(response).await, (429, json!({"code": 429, "message": "Too many requests"})));
    clock.advance(Duration::from_millis(5750));
    let response = get().await;
    assert_eq!((response.status().as_u16(), limits(&response)), (200, allowed("1", "56")));

    let client = Client::start(Options { rate_limit: None, ..Options::default() }).await;
    assert_eq!(limits(&client.request("GET", "projects").send().await.unwrap()), []);
}

#[tokio::test]
async fn the_log_keeps_what_was_asked_and_what_came_of_it() {
    let client = Client::example().await;
    client.invite("alex@example.com", json!({STOREFRONT: "USER"})).await;
    client.request("GET", "projects?a=b%20c&a").send().await.unwrap();
    client.request("POST", "projects/p/users").body("no json").send().await.unwrap();
    let mut log = client.handle.log();
    assert_eq!(client.outside("GET", "log", "").await, (200, json!(log)));
    for logged in &mut log {
        logged.request_id.clear();
    }
    let logged = |seq, method: &str, path: &str, body, status| LoggedCall {
        seq,
        method: method.to_owned(),
        path: format!("/management/v1/{path}"),
        query: vec![],
        body,
        credentials: true,
        status: Some(status),
        applied: false,
        fault: None,
        request_id: String::new(),
    };
    let body = invitation("alex@example.com", &json!({STOREFRONT: "USER"}));
    let query = [("a", "b c"), ("a", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(
        log,
        [
            LoggedCall { applied: true, ..logged(1, "POST", "projects/users/invite", body, 204) },
            LoggedCall { query: query.to_vec(), ..logged(2, "GET", "projects", Value::Null, 200) },
            logged(3, "POST", "projects/p/users", json!("no json"), 400),
        ]
    );
    assert_eq!(log[0].email(), Some("alex@example.com"));
    assert_eq!(log.iter().map(LoggedCall::writes).collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test]
async fn a_change_is_in_the_file_before_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.json");
    let options = Options {
        file: Some(path.clone()),
        credentials: AcceptedCredentials::documented(),
        ..Options::default()
    };
    let client = Client::start(options.clone()).await;
    client.invite("alex@example.com", json!({STOREFRONT: "USER"})).await;
    let second = Client::start(options.clone()).await;
    assert_eq!(second.outside("POST", "accept", r#"{"email": "alex@example.com"}"#).await.0, 204);
    let third = Client::start(options.clone()).await;
    assert_eq!(third.get(&format!("projects/{STOREFRONT}/users")).await.1["total"], 2);
    third.add_member("robin@example.com", &[(LOYALTY, "USER")]);
    third.handle.shutdown().await.unwrap();
    let fourth = Client::start(options.clone()).await;
    assert_eq!(fourth.get(&format!("projects/{LOYALTY}/users")).await.1["total"], 2);

    std::fs::write(&path, "torn").unwrap();
    let message = Sandbox::start(options).await.unwrap_err().to_string();
    assert!(message.contains("is damaged (expected ident"), "{message}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "torn");
}

#[tokio::test]
async fn a_change_that_cannot_be_kept_is_not_called_done() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let file = Some(kept.join("sandbox.json"));
    let client = Client::start(Options { file, ..Options::default() }).await;
    std::fs::remove_dir_all(&kept).unwrap();
    std::fs::write(&kept, "in the way").unwrap();
    let (status, body) = client.invite("alex@example.com", json!({STOREFRONT: "USER"})).await;
    let refusal =
        json!({"code": 500, "key": "internal_error", "message": "Internal error", "request_id": "v-…"});
    assert_eq!((status, body), (500, refusal));
    assert_eq!(client.last_logged().status, Some(500));
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let client = Client::example().await;
    let listen = client.handle.address();
    let message = Sandbox::start(Options { listen, ..Options::default() }).await.unwrap_err().to_string();
    assert!(message.starts_with(&format!("the sandbox cannot listen on {listen}: ")), "{message}");
}

#[tokio::test]
async fn after_shutdown_nobody_listens() {
    let client = Client::with_faults(&["hang"]).await;
    let (request, listen) = (client.request("GET", "projects"), client.handle.address());
    let hanging = tokio::spawn(request.send());
    while client.handle.log().is_empty() {
        tokio::task::yield_now().await;
    }
    client.handle.shutdown().await.unwrap();
    assert!(hanging.await.unwrap().is_err());
    assert!(tokio::net::TcpStream::connect(listen).await.is_err());
}
