//! Each fault, as the client meets it.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

fn invite_line(client: &Client, email: &str) -> String {
    let AcceptedCredentials { id, token } = client.handle.credentials();
    let body = invitation(email, &json!({STOREFRONT: "USER"})).to_string();
    format!(
        "POST /management/v1/projects/users/invite HTTP/1.1\r\nHost: sandbox\r\nX-Management-Id: {id}\r\n\
         X-Management-Token: {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Everything that the server sends in answer to one request until it closes the connection.
async fn bytes_until_closed(client: &Client, request: &str) -> Vec<u8> {
    let mut connection = tokio::net::TcpStream::connect(client.handle.address()).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _ = connection.read_to_end(&mut bytes).await;
    bytes
}

#[tokio::test]
async fn a_closed_connection_carries_not_one_byte() {
    for (fault, applied) in [("close-before", false), ("close-after", true)] {
        let client = Client::with_faults(&[fault]).await;
        assert_eq!(bytes_until_closed(&client, &invite_line(&client, "alex@example.com")).await, b"");
        let logged = client.last_logged();
        assert_eq!((logged.status, logged.applied, logged.fault.as_deref()), (None, applied, Some(fault)));
        let invited = client.handle.with_organization(|known| known.person("alex@example.com").is_some());
        assert_eq!(invited, applied);
        let error = client.request("GET", "projects").send().await.unwrap_err();
        assert!(error.is_request() && !error.is_connect(), "{error:?}");
    }
}

#[tokio::test]
async fn a_truncated_answer_breaks_off_after_its_first_half() {
    let client = Client::with_faults(&["truncate"]).await;
    let text = bytes_until_closed(&client, &invite_line(&client, "alex@example.com")).await;
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains("content-length: 2\r\n"), "{text}");
    assert!(client.last_logged().applied);
    let response = client.request("GET", "projects").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn statuses_come_with_the_body_that_was_ordered() {
    let internal = |code| json!({"code": code, "key": "internal_error", "message": "Internal error", "request_id": "v-…"});
    let cases = [
        ("status=500", 500, internal(500)),
        ("502,body=html", 502, json!("<html><body><h1>502</h1></body></html>\n")),
        ("503,body=empty", 503, Value::Null),
        ("504", 504, internal(504)),
        ("401", 401, json!({"code": 401, "key": "unauthorized", "message": "Unauthorized"})),
        (
            "402",
            402,
            json!({
                "code": 402, "key": "missing_required_feature", "message": "Payment required",
                "details": "Your current plan does not include a feature required to perform this operation.",
            }),
        ),
        ("403", 403, json!({"code": 403, "message": "Forbidden"})),
        ("429", 429, json!({"code": 429, "message": "Too many requests"})),
    ];
    let client = Client::example().await;
    for (fault, status, body) in cases {
        client.handle.set_faults(vec![fault.parse().unwrap()]);
        assert_eq!(client.invite("alex@example.com", json!({STOREFRONT: "USER"})).await, (status, body));
    }
    assert!(client.handle.log().iter().all(|logged| !logged.applied));
    client.handle.set_faults(vec!["500,applied".parse().unwrap()]);
    assert_eq!(client.invite("alex@example.com", json!({STOREFRONT: "USER"})).await, (500, internal(500)));
    assert!(client.last_logged().applied);
}

#[tokio::test]
async fn a_429_to_order_says_when_to_come_again_or_does_not() {
    let client = Client::example().await;
    for (fault, after, kind) in [
        ("429,retry-after=3", Some("3"), "api_calls"),
        ("429", None, "api_calls"),
        ("429,limit-type=api_calls_cycle", None, "api_calls_cycle"),
    ] {
        client.handle.set_faults(vec![fault.parse().unwrap()]);
        let response = client.request("GET", "projects").send().await.unwrap();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("retry-after"), after);
        assert_eq!(header("x-rate-limit-type"), Some(kind));
        assert_eq!(header("x-rate-limit-remaining"), None);
    }
}

#[tokio::test]
async fn a_body_can_be_no_json_or_without_end() {
    let client = Client::with_faults(&["not-json,at=1", "endless,at=1"]).await;
    let body = json!("<html><body>It works!</body></html>\n");
    assert_eq!(client.get("projects").await, (200, body));
    let mut response = client.request("GET", "projects").send().await.unwrap();
    let mut received = 0;
    while received < 8 << 20 {
        received += response.chunk().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn an_answer_can_trickle_or_never_come() {
    let client = Client::with_faults(&["trickle,pace=1,at=1"]).await;
    let (status, body) = client.get("projects").await;
    assert_eq!((status, &body["total"]), (200, &json!(2)));
    for (fault, applied) in [("hang", false), ("hang,applied", true)] {
        client.handle.set_faults(vec![fault.parse().unwrap()]);
        let body = invitation("alex@example.com", &json!({STOREFRONT: "USER"})).to_string();
        let request = client
            .request("POST", "projects/users/invite")
            .header("Content-Type", "application/json")
            .body(body)
            .timeout(Duration::from_millis(200));
        assert!(request.send().await.unwrap_err().is_timeout());
        assert_eq!((client.last_logged().status, client.last_logged().applied), (None, applied));
    }
}

#[tokio::test]
async fn a_redirect_leads_to_a_path_of_the_same_server() {
    let client = Client::with_faults(&["redirect"]).await;
    let response = client.request("GET", "projects").send().await.unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["location"], "/management/v1/redirected");
}

#[tokio::test]
async fn lists_can_be_short_or_empty() {
    let client = Client::example().await;
    client.handle.with_organization(|organization| organization.seed_members(30));
    let path = format!("projects/{STOREFRONT}/users");
    let total = client.get(&path).await.1["total"].as_u64().unwrap();
    let ids = async |limit: u64| {
        let mut ids = Vec::new();
        for page in 1..=total.div_ceil(limit) {
            let (_, body) = client.get(&format!("{path}?limit={limit}&page={page}")).await;
            assert_eq!(body["total"], total);
            ids.extend(body["data"].as_array().unwrap().iter().map(|user| user["id"].to_string()));
        }
        ids
    };
    let whole = ids(4).await;
    client.handle.set_faults(vec!["short-list,drop=5".parse().unwrap()]);
    assert_eq!(ids(4).await, whole[..whole.len() - 5]);
    client.handle.set_faults(vec!["empty-list".parse().unwrap()]);
    let empty = json!({"object": "list", "data_ref": "data", "data": [], "total": 0});
    assert_eq!(client.get(&path).await, (200, empty));
    assert_eq!(client.get("projects").await.1["total"], 2);
}

#[tokio::test]
async fn lists_can_lag_behind_writes() {
    let client = Client::with_faults(&["lag,calls=2"]).await;
    let path = format!("projects/{STOREFRONT}/users");
    let id = client.add_member("alex@example.com", &[(LOYALTY, "USER")]);
    client.call("POST", &path, json!({"id": id, "role": "USER"})).await;
    let mut totals = Vec::new();
    for _ in 0..4 {
        totals.push(client.get(&path).await.1["total"].as_u64().unwrap());
    }
    assert_eq!(totals, [1, 1, 2, 2]);
    assert_eq!(client.get(&format!("{path}/{id}")).await.0, 200);
}

#[tokio::test]
async fn a_second_invitation_can_go_through() {
    let client = Client::with_faults(&["second-invite-ok,at=2"]).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(client.invite("alex@example.com", json!({STOREFRONT: "USER"})).await.0);
    }
    assert_eq!(statuses, [204, 204, 409]);
}

#[tokio::test]
async fn names_and_messages_can_be_hostile_and_ids_stay() {
    let client = Client::with_faults(&["hostile-names"]).await;
    let (_, list) = client.get(&format!("projects/{STOREFRONT}/users")).await;
    let owner = &list["data"][0];
    assert_eq!((&owner["login"], &owner["projects"][STOREFRONT]), (&json!(DEFAULT_OWNER), &json!("ADMIN")));
    assert_ne!(owner["first_name"], "Olivia");
    let (_, projects) = client.get("projects").await;
    assert_ne!(projects["data"][0]["name"], "Storefront");
    let (_, refusal) = client.get("projects/proj_x/users").await;
    assert_eq!(refusal["key"], "not_found");
    assert_ne!(refusal["message"], "Resource not found");
}

#[tokio::test]
async fn a_fault_strikes_only_the_calls_it_was_ordered_for() {
    let client =
        Client::with_faults(&["500,method=post,email=ALEX@example.com", "503,path=/users/,method=GET"]).await;
    let access = json!({STOREFRONT: "USER"});
    assert_eq!(client.invite("alex@example.com", access.clone()).await.0, 500);
    assert_eq!(client.invite("robin@example.com", access).await.0, 204);
    let assignment = json!({"login": "alex@example.com", "role": "USER"});
    assert_eq!(client.call("POST", &format!("projects/{LOYALTY}/users"), assignment).await.0, 500);
    assert_eq!(client.get(&format!("projects/{LOYALTY}/users")).await.0, 200);
    assert_eq!(client.get(&format!("projects/{LOYALTY}/users/user_x")).await.0, 503);
}
