//! Whole calls against the scripted server: requests, waits and messages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::Barrier;

use super::scripted_server::{ReceivedRequest, Reply, Script, Server, answer, ok};
use super::*;
use crate::clock::Clock as _;
use crate::clock::manual::ManualClock;
use crate::known;
use crate::model::{Access, Email, Endpoint, ProjectId, Role, TrustedEndpoint, UserId};

const REFUSED: &str = r#"{"code":400,"message":"No"}"#;
const NO_PROJECTS: &str = r#"{"object":"list","data_ref":"data","data":[],"total":0}"#;

fn credentials() -> Credentials {
    Credentials::parse("canary-id", "canary-token").expect("credentials")
}

fn client(endpoint: &Endpoint, settings: Settings) -> (Client, Arc<ManualClock>) {
    let clock = ManualClock::at("2026-03-02T12:00:00Z");
    let trusted = TrustedEndpoint::named_by_operator(endpoint.clone());
    let client = Client::with_clock(&trusted, &credentials(), settings, Arc::clone(&clock) as _);
    (client.expect("a client"), clock)
}

fn quick(endpoint: &Endpoint) -> (Client, Arc<ManualClock>) {
    client(endpoint, Settings::default())
}

/// Makes a call that is always permitted.
async fn send<T: Content>(client: &Client, call: &Call<T>) -> Result<Answer<T>, Error> {
    let writer = client.writer();
    let admission = writer.admit(call).await?;
    writer.send(call, admission, &|| true).await
}

fn p(id: &str) -> ProjectId {
    ProjectId::new(id)
}

/// Lists the projects of a server with these replies. Returns the result and the number of requests.
async fn read(replies: impl IntoIterator<Item = Script>) -> (String, usize) {
    let server = Server::script(replies).await;
    let (client, _) = quick(&server.endpoint);
    let result = client.reader().projects().await;
    let said =
        result.map_or_else(|error| error.to_string(), |projects| format!("{} projects", projects.len()));
    (said, server.lines().len())
}

#[tokio::test]
async fn projects_are_one_call_with_the_credentials_in_its_headers() {
    let server = Server::script([(|| {
        ok(r#"{"data":[{"id":"proj_1","name":"Shop","new":1},{"id":"sand_2"},{"id":"p3","name":null}],"total":2}"#)
    }) as Script])
    .await;
    let projects = quick(&server.endpoint).0.reader().projects().await.expect("projects");
    let known = |id, name: &str| known::ListedProject { id: p(id), name: name.to_owned() };
    assert_eq!(projects, [known("proj_1", "Shop"), known("sand_2", ""), known("p3", "")]);
    assert_eq!(server.lines(), ["GET /management/v1/projects"]);
    let headers = &server.requests()[0].headers;
    assert!(headers.contains("x-management-id: canary-id"), "{headers}");
    assert!(headers.contains("x-management-token: canary-token"), "{headers}");
}

#[tokio::test]
async fn writes_send_exactly_what_their_calls_say() {
    let server = Server::start(|request| match request.line.split(' ').next() {
        Some("DELETE") => answer("204 No Content", &["x-request-id: req_1"], ""),
        Some("PUT") => ok(r#"{"id":"u/1","login":"a@b.co","projects":{"p":"role_1"},"is_owner":true}"#),
        _ if request.line.contains("invite") => Reply::Whole("HTTP/1.1 204 No Content\r\n\r\n".to_owned()),
        _ => ok(r#"{"id":"u1","email":"a@b.co","first_name":null,"projects":{"p":"USER"}}"#),
    })
    .await;
    let client = quick(&server.endpoint).0;
    let email = Email::as_received("a@b.co");
    let projects = Access::from([(p("p"), Role::User), (p("q"), Role::Admin)]);
    let invite = Invite { email: &email, first_name: "A", last_name: "B", projects: &projects };
    let invited = send(&client, &Call::invite(&invite)).await.expect("invited");
    assert_eq!((invited.status, invited.attempts, invited.request_id), (204, 1, None));
    let assigned = send(&client, &Call::assign(&p("p"), &email, &Role::Viewer)).await.expect("assigned");
    assert_eq!((assigned.value.login.as_str(), assigned.value.projects.len()), ("a@b.co", 1));
    let role = Role::from("role_1".to_owned());
    let user = UserId::new("u/1");
    let updated = send(&client, &Call::update_role(&p("p"), &user, &role)).await.expect("updated");
    assert_eq!(updated.value.projects, Access::from([(p("p"), role)]));
    assert!(updated.value.is_owner);
    let unassigned = send(&client, &Call::unassign(&p("p"), &user)).await.expect("unassigned");
    assert_eq!(unassigned.request_id.as_deref(), Some("req_1"));
    assert_eq!(
        server.lines(),
        [
            r#"POST /management/v1/projects/users/invite {"email":"a@b.co","first_name":"A","last_name":"B","projects":{"p":"USER","q":"ADMIN"}}"#,
            r#"POST /management/v1/projects/p/users {"login":"a@b.co","role":"VIEWER"}"#,
            r#"PUT /management/v1/projects/p/users/u%2F1 {"role":"role_1"}"#,
            "DELETE /management/v1/projects/p/users/u%2F1",
        ]
    );
    assert!(server.requests()[0].headers.contains("content-type: application/json"));
}

#[tokio::test]
async fn an_id_that_would_change_the_path_is_not_sent() {
    let server = Server::script([(|| ok("{}")) as Script]).await;
    let client = quick(&server.endpoint).0;
    let error = send(&client, &Call::unassign(&p("p"), &UserId::new(".."))).await.expect_err("not sendable");
    assert_eq!(
        error.to_string(),
        "`DELETE /management/v1/projects/p/users/..` was not sent: an id in its path is empty or consists of dots; correct the project or user id"
    );
    assert!(!error.may_have_been_processed());
    assert_eq!(server.lines(), [""; 0]);
}

// Pages.

/// How a service lists its users.
#[derive(Clone, Copy, Debug)]
enum ServerPaging {
    /// As requested, with at most this number of users on a page.
    Honest(usize),
    /// All users in each response.
    Everything,
    /// The first page in each response.
    FirstAgain,
    /// A new user on every page, without end.
    Endless,
}

fn page(request: &ReceivedRequest, users: usize, paging: ServerPaging, total: Option<&str>) -> Reply {
    let query = request.line.split_once('?').expect("a query").1;
    let asked: BTreeMap<_, _> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let number = |name| asked[name].parse::<usize>().expect("a number");
    let (limit, nth) = (number("limit"), number("page"));
    let shown = match paging {
        ServerPaging::Honest(most) => {
            let size = limit.min(most);
            ((nth - 1) * size).min(users)..(nth * size).min(users)
        }
        ServerPaging::Everything => 0..users,
        ServerPaging::FirstAgain => 0..limit.min(users),
        ServerPaging::Endless => nth..nth + 1,
    };
    let shown: Vec<_> = shown.map(|user| format!(r#"{{"id":"u{user}","login":"u{user}@b.co"}}"#)).collect();
    let total = total.map_or_else(String::new, |total| format!(r#","total":{total}"#));
    ok(&format!(r#"{{"data":[{}]{total}}}"#, shown.join(",")))
}

/// Reads such a list. Returns the number of users, the total and the number of requests.
async fn list(users: usize, paging: ServerPaging, total: Option<&str>) -> (usize, Option<u64>, usize) {
    let total = total.map(str::to_owned);
    let server = Server::start(move |request| page(request, users, paging, total.as_deref())).await;
    let list = quick(&server.endpoint).0.reader().users(&p("p")).await.expect("a list");
    (list.users.len(), list.total, server.lines().len())
}

#[tokio::test]
async fn all_pages_are_read_and_not_one_more() {
    assert_eq!(list(0, ServerPaging::Honest(100), Some("0")).await, (0, Some(0), 1));
    assert_eq!(list(100, ServerPaging::Honest(100), Some("100")).await, (100, Some(100), 1));
    assert_eq!(list(101, ServerPaging::Honest(100), Some("101")).await, (101, Some(101), 2));
    assert_eq!(list(1000, ServerPaging::Honest(100), Some("1000")).await, (1000, Some(1000), 10));
    assert_eq!(list(95, ServerPaging::Honest(10), Some("95")).await, (95, Some(95), 10));
}

/// No page after the first is answered before all of them were requested, so reading them one by one would fail.
#[tokio::test]
async fn the_pages_after_the_first_are_read_side_by_side() {
    let requests = Arc::new(Barrier::new(4));
    let server =
        Server::start(move |request| match page(request, 500, ServerPaging::Honest(100), Some("500")) {
            Reply::Whole(text) if !request.line.ends_with("page=1") => {
                Reply::Together(Arc::clone(&requests), text)
            }
            first => first,
        })
        .await;
    let list = quick(&server.endpoint).0.reader().users(&p("p")).await.expect("a list");
    assert_eq!((list.users.len(), server.lines().len()), (500, 5));
}

#[tokio::test]
async fn a_total_that_changes_between_pages_is_noticed() {
    for (second, differ) in [("151", false), ("150", true), ("152", true)] {
        let server = Server::start(move |request| {
            let total = if request.line.contains("page=1") { "151" } else { second };
            page(request, 151, ServerPaging::Honest(100), Some(total))
        })
        .await;
        let list = quick(&server.endpoint).0.reader().users(&p("p")).await.expect("a list");
        assert_eq!((list.users.len(), list.totals_differ), (151, differ), "{second}");
    }
}

#[tokio::test]
async fn a_service_that_knows_no_pages_works_and_ends() {
    assert_eq!(list(250, ServerPaging::Everything, Some("250")).await, (250, Some(250), 1));
    assert_eq!(list(250, ServerPaging::Everything, None).await, (250, None, 2));
    assert_eq!(list(250, ServerPaging::FirstAgain, Some("250")).await, (100, Some(250), 2));
    assert_eq!(list(250, ServerPaging::Honest(100), None).await, (250, None, 4));
    assert_eq!(list(250, ServerPaging::Honest(100), Some("260")).await, (250, Some(260), 4));
    assert_eq!(list(250, ServerPaging::Everything, Some("99999")).await, (250, Some(99_999), 2));
    for nonsense in ["null", "-1", "\"many\"", "1e99", "[]"] {
        assert_eq!(list(150, ServerPaging::Honest(100), Some(nonsense)).await, (150, None, 3), "{nonsense}");
    }
    assert_eq!(list(0, ServerPaging::Endless, Some("7")).await, (7, Some(7), 7));
}

#[tokio::test]
async fn a_list_without_end_is_left_at_some_point() {
    let users = AtomicU64::new(0);
    let server = Server::start(move |_| {
        let id = users.fetch_add(1, Ordering::Relaxed);
        ok(&format!(r#"{{"data":[{{"id":"u{id}","login":"u{id}@example.com"}}]}}"#))
    })
    .await;
    let error = quick(&server.endpoint).0.reader().users(&p("p")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`GET /management/v1/projects/p/users?limit=100&page=1000` returned 1000 users without reaching the end of the list; check that the endpoint is Voucherify's, and that no proxy answers instead"
    );
    assert!(!error.is_fatal() && !error.may_have_been_processed());
    // An unreachable total is not read at all.
    assert_eq!(list(0, ServerPaging::Endless, Some("100001")).await, (1, Some(100_001), 1));
    assert_eq!(list(0, ServerPaging::Endless, Some("18446744073709551615")).await, (1, Some(u64::MAX), 1));
}

#[tokio::test]
async fn the_address_stands_in_for_a_login_that_is_empty() {
    for (user, login) in [
        (r#"{"id":"u","login":"","email":"a@b.co"}"#, Some("a@b.co")),
        (r#"{"id":"u","login":null,"email":"a@b.co"}"#, Some("a@b.co")),
        (r#"{"id":"u","login":"","email":null}"#, Some("")),
        (r#"{"id":"u"}"#, None),
    ] {
        let server = Server::start(move |_| ok(&format!(r#"{{"data":[{user}],"total":1}}"#))).await;
        let list = quick(&server.endpoint).0.reader().users(&p("p")).await;
        match (list, login) {
            (Ok(list), Some(login)) => assert_eq!(list.users[&UserId::new("u")].login.as_str(), login),
            (Err(error), None) => assert!(error.to_string().contains("the user `u` has no login"), "{error}"),
            (other, _) => panic!("{user}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn users_of_several_projects_are_kept_apart() {
    let server = Server::start(|request| {
        let project = request.line.split('/').nth(4).expect("a project");
        ok(&format!(r#"{{"data":[{{"id":"{project}-u","login":"a@b.co"}}],"total":1}}"#))
    })
    .await;
    let projects = [p("a"), p("b"), p("c")];
    let lists = quick(&server.endpoint).0.reader().users_of(&projects, 2).await.expect("lists");
    let users: Vec<_> =
        lists.iter().flat_map(|(project, list)| list.users.keys().map(move |id| (project, id))).collect();
    let (a, b, c) = (UserId::new("a-u"), UserId::new("b-u"), UserId::new("c-u"));
    assert_eq!(users, [(&p("a"), &a), (&p("b"), &b), (&p("c"), &c)]);
    assert_eq!(server.lines().len(), 3);
}

// Retries.

#[tokio::test]
async fn failures_that_may_pass_are_repeated() {
    let good: Script = || ok(NO_PROJECTS);
    let faults: [Script; 19] = [
        || answer("500 Oops", &[], "{}"),
        || answer("502 Bad Gateway", &["content-type: text/html"], "<html>"),
        || answer("503 Busy", &["retry-after: 2"], ""),
        || Reply::Cut("HTTP/1.1 504 Late\r\ncontent-length: 100\r\n\r\n{".to_owned()),
        || answer("429 Slow", &[], r#"{"code":429,"message":"too many"}"#),
        || Reply::Cut(String::new()),
        || Reply::Cut("HTTP/1.1 200 OK\r\ncontent-le".to_owned()),
        || Reply::Cut("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\"".to_owned()),
        || Reply::Cut("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"dat".to_owned()),
        || Reply::Cut("SSH-2.0-OpenSSH\r\n\r\n".to_owned()),
        || ok("<html>log in</html>"),
        || ok(""),
        || ok(r#"{"data":[{"name":"no id"}]}"#),
        || ok("[1"),
        || answer("201 Made", &[], NO_PROJECTS),
        || answer("204 No Content", &[], ""),
        || answer("404 Gone", &[], "<html>"),
        || answer("409 Twice", &[], r#"{"code":"409","message":"No"}"#),
        || answer("418 Teapot", &[], r#"{"code":418}"#),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        assert_eq!(read([fault, good]).await, ("0 projects".to_owned(), 2), "fault {number}");
    }
}

#[tokio::test]
async fn everything_else_is_not_repeated() {
    let faults: [(Script, &str); 12] = [
        (
            || {
                answer(
                    "400 Bad",
                    &[],
                    r#"{"code":400,"key":"invalid_payload","message":"No","details":"It\nis","request_id":"r1"}"#,
                )
            },
            "was rejected (400 invalid_payload, No, It\\nis, request_id r1); fix the problem described here and run again",
        ),
        (
            || answer("404 Gone", &["x-request-id: r2"], r#"{"code":404,"message":"Gone"}"#),
            "was rejected (404, Gone, request_id r2); fix the problem described here and run again",
        ),
        (
            || {
                answer(
                    "409 Twice",
                    &[],
                    r#"{"code":0,"key":7,"message":"a","details":{"a":[1]},"request_id":null}"#,
                )
            },
            "was rejected (409 7, a, {\"a\":[1]}); fix the problem described here and run again",
        ),
        (|| answer("501 Never", &[], ""), "was rejected (501); fix the problem described here and run again"),
        (
            || answer("401 Who", &[], r#"{"message":"Unauthorized"}"#),
            "failed: invalid credentials (401, Unauthorized); check VOUCHERIFY_MANAGEMENT_ID and \
             VOUCHERIFY_MANAGEMENT_TOKEN, and the cluster",
        ),
        (
            || Reply::Cut("HTTP/1.1 401 Who\r\ncontent-length: 9\r\n\r\n".to_owned()),
            "failed: invalid credentials (401); check VOUCHERIFY_MANAGEMENT_ID and \
             VOUCHERIFY_MANAGEMENT_TOKEN, and the cluster",
        ),
        (
            || answer("402 Pay", &[], ""),
            "failed: the Voucherify plan does not include the Management API (402); ask Voucherify to add it",
        ),
        (
            || answer("403 No", &[], ""),
            "failed: these credentials do not have permission (403); check the key in Team settings, and whether \
             it is bound to an IP address",
        ),
        (
            || answer("429 Spent", &["x-rate-limit-type: api_calls_cycle", "retry-after: 1"], ""),
            "failed: the API quota for this billing cycle is used up (429); it resets with the next cycle; run again then, \
             or ask Voucherify to raise the quota",
        ),
        (
            || answer("302 Found", &["location: https://evil.example/é"], ""),
            "was redirected (302); guestlist does not follow redirects, because they could expose the credentials; check the cluster or the endpoint",
        ),
        (
            || answer("308 Moved", &["location: https://evil.example/canary-token"], ""),
            "was redirected to `https://evil.example/(secret)` (308); guestlist does not follow redirects, because they could expose the credentials; check the cluster or the endpoint",
        ),
        (
            || Reply::Whole("HTTP/1.1 200 OK\r\ncontent-length: 67108865\r\n\r\n".to_owned()),
            "returned a response of more than 64 MiB; check that the endpoint is Voucherify's, and that no proxy answers instead",
        ),
    ];
    for (fault, said) in faults {
        let said = format!("`GET /management/v1/projects` {said}");
        assert_eq!(read([fault]).await, (said, 1));
    }
}

/// The result of a call when every attempt gets the same response: the status and the number of attempts, if
/// the response is not a success.
async fn damaged<T: Content + std::fmt::Debug>(
    call: &Call<T>,
    status: u16,
    body: &'static str,
) -> Option<(u16, u32)> {
    let body = if status == 204 { "" } else { body };
    let server = Server::start(move |_| answer(&format!("{status} Status"), &[], body)).await;
    let error = send(&quick(&server.endpoint).0, call).await.err()?;
    assert!(error.may_have_been_processed() && error.rejection().is_none() && !error.is_fatal(), "{error}");
    assert!(matches!(error.cause, Cause::Damaged { .. }), "{error}");
    Some((error.status()?, error.attempts))
}

#[tokio::test]
async fn only_the_documented_answer_is_a_success() {
    let email = Email::as_received("a@b.co");
    let access = Access::from([(p("p"), Role::User)]);
    let invite = Call::invite(&Invite { email: &email, first_name: "A", last_name: "B", projects: &access });
    let unassign = Call::unassign(&p("p"), &UserId::new("u1"));
    let assign = Call::assign(&p("p"), &email, &Role::User);
    let update = Call::update_role(&p("p"), &UserId::new("u1"), &Role::User);
    let user = r#"{"id":"u1","login":"A@b.co","projects":{"p":"USER"}}"#;
    let bodies = ["<html>log in</html>", "", "{}", user, REFUSED];
    for status in [200, 201, 202, 203, 204, 206] {
        for body in bodies {
            let said = format!("{status} {body}");
            let expected = Some((status, 5));
            let empty = if status == 204 { None } else { expected };
            assert_eq!(damaged(&invite, status, body).await, empty, "invite {said}");
            assert_eq!(damaged(&unassign, status, body).await, empty, "unassign {said}");
            let whole = if status == 200 && body == user { None } else { expected };
            assert_eq!(damaged(&assign, status, body).await, whole, "assign {said}");
            assert_eq!(damaged(&update, status, body).await, whole, "update {said}");
        }
    }
    for status in [400, 404, 405, 409, 410, 418, 422] {
        for body in ["<html>", "", "{}", "[]", r#"{"code":"400","message":"No"}"#, r#"{"code":400}"#] {
            let said = format!("{status} {body}");
            assert_eq!(damaged(&invite, status, body).await, Some((status, 5)), "invite {said}");
            assert_eq!(damaged(&unassign, status, body).await, Some((status, 5)), "unassign {said}");
            assert_eq!(damaged(&assign, status, body).await, Some((status, 5)), "assign {said}");
            assert_eq!(damaged(&update, status, body).await, Some((status, 5)), "update {said}");
        }
    }
}

#[tokio::test]
async fn an_answer_about_someone_or_something_else_is_no_success() {
    let email = Email::as_received("a@b.co");
    let assign = Call::assign(&p("p"), &email, &Role::User);
    let update = Call::update_role(&p("p"), &UserId::new("u1"), &Role::User);
    let bad = Some((200, 5));
    for (body, assigned, updated) in [
        (r#"{"id":"u1","login":"sso","email":"a@b.co","projects":{"p":"USER"}}"#, None, None),
        (r#"{"id":"u1","login":"a@b.co","email":"x@b.co","projects":{"p":"USER","q":"ADMIN"}}"#, None, None),
        // The user kept the previous role: Update User follows.
        (r#"{"id":"u1","login":"a@b.co","projects":{"p":"ADMIN"}}"#, None, bad),
        (r#"{"id":"u1","login":"a@b.co","projects":{"q":"USER"}}"#, bad, bad),
        (r#"{"id":"u1","login":"a@b.co"}"#, bad, bad),
        (r#"{"id":"u2","login":"a@b.co","projects":{"p":"USER"}}"#, None, bad),
        (r#"{"id":"u1","login":"x@b.co","projects":{"p":"USER"}}"#, bad, None),
    ] {
        assert_eq!(damaged(&assign, 200, body).await, assigned, "assign {body}");
        assert_eq!(damaged(&update, 200, body).await, updated, "update {body}");
    }
}

#[tokio::test]
async fn what_stops_the_run_is_told_from_what_concerns_one_person() {
    for (status, fatal) in
        [(401, true), (402, true), (403, true), (301, true), (400, false), (404, false), (409, false)]
    {
        let server = Server::start(move |_| answer(&format!("{status} Status"), &[], REFUSED)).await;
        let error = quick(&server.endpoint).0.reader().projects().await.expect_err("a failure");
        assert_eq!((error.status(), error.is_fatal()), (Some(status), fatal));
        assert_eq!(error.rejection().is_some(), !fatal);
        assert!(!error.may_have_been_processed());
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Server::script([(|| ok(NO_PROJECTS)) as Script]).await;
    let location = format!("location: {}/management/v1/projects", other.endpoint.as_str());
    let server = Server::start(move |_| answer("307 There", &[&location], "")).await;
    assert!(quick(&server.endpoint).0.reader().projects().await.is_err());
    assert_eq!((server.lines().len(), other.lines().len()), (1, 0));
}

#[tokio::test]
async fn after_five_attempts_it_is_given_up() {
    let server =
        Server::start(|_| answer("503 Busy", &[], r#"{"message":"maintenance","request_id":"r9"}"#)).await;
    let (client, clock) = quick(&server.endpoint);
    let error = client.reader().projects().await.expect_err("a failure");
    assert_eq!(
        error.to_string(),
        "`GET /management/v1/projects` failed with a server error (503, maintenance, request_id r9) (tried 5 times); run again later"
    );
    assert_eq!((error.request_id(), error.status(), error.is_fatal()), (Some("r9"), Some(503), false));
    assert!(error.may_have_been_processed());
    assert_eq!(server.lines().len(), 5);
    for (wait, bound) in clock.slept().into_iter().zip([500, 1000, 2000, 4000]) {
        assert!(wait <= Duration::from_millis(bound), "{wait:?} of {bound}");
    }
    assert_eq!(clock.slept().len(), 4);
}

#[tokio::test]
async fn a_wait_that_the_service_names_is_kept() {
    let server = Server::script([
        (|| answer("503 Busy", &["retry-after: 30"], "")) as Script,
        || answer("429 Slow", &["retry-after: 7"], ""),
        || answer("429 Slow", &["x-rate-limit-retry: 1772452857"], ""),
        || ok(NO_PROJECTS),
    ])
    .await;
    let (client, clock) = quick(&server.endpoint);
    client.reader().projects().await.expect("projects");
    let millis: Vec<_> = clock.slept().iter().map(Duration::as_millis).collect();
    // The last response names 12:00:57; 37.02 seconds have passed by then.
    assert_eq!(millis[..2], [30_000, 7020], "{millis:?}");
    assert_eq!(clock.timestamp().to_string(), "2026-03-02T12:00:57.02Z");
}

#[tokio::test]
async fn a_wait_longer_than_a_call_may_take_is_an_error_that_names_its_end() {
    let server = Server::script([(|| answer("429 Slow", &["retry-after: 86400"], "")) as Script]).await;
    let (client, clock) = quick(&server.endpoint);
    for attempts in [1, 0] {
        let error = client.reader().projects().await.expect_err("a failure");
        assert_eq!(
            error.to_string(),
            "`GET /management/v1/projects` was not sent: the rate limit is used up until 2026-03-03T12:00:00Z; run again after that time"
        );
        assert_eq!(
            (error.attempts, error.is_fatal(), error.may_have_been_processed()),
            (attempts, true, false)
        );
    }
    assert_eq!((server.lines().len(), clock.slept().len()), (1, 0));

    let server = Server::script([(|| answer("503 Busy", &["retry-after: 86400"], "")) as Script]).await;
    let (client, clock) = quick(&server.endpoint);
    let error = client.reader().projects().await.expect_err("a failure");
    assert_eq!((error.attempts, error.status(), clock.slept().len()), (1, Some(503), 0));
}

#[tokio::test]
async fn a_limit_that_all_projects_have_tells_how_long_a_window_is() {
    let pace = async |projects: &'static str| {
        let server = Server::start(|_| {
            let headers =
                ["x-rate-limit-limit: 100", "x-rate-limit-remaining: 99", "x-rate-limit-retry: 1772452800"];
            answer("200 OK", &headers, projects)
        })
        .await;
        let (client, _) = quick(&server.endpoint);
        client.reader().projects().await.expect("projects");
        client.reader().pace().expect("a rate limit").period
    };
    let hour = r#"{"data":[{"id":"a","limits":{"api_calls":[{"value":100,"duration":"PT1H"},{"value":"x"}]}}],"total":1}"#;
    assert_eq!(pace(hour).await, Some(Duration::from_secs(3600)));
    // A project without a limit has that of the organization, which may be another.
    for other in [
        r#"{"data":[{"id":"a","limits":{"api_calls":[{"value":100,"duration":"PT1H"}]}},{"id":"b"}],"total":2}"#,
        r#"{"data":[{"id":"a","limits":{"api_calls":[{"value":100,"duration":"P1M"}]}}],"total":1}"#,
        r#"{"data":[{"id":"a","limits":{"api_calls":[{"value":100,"duration":"PT0S"}]}}],"total":1}"#,
        r#"{"data":[{"id":"a","limits":{"api_calls":[{"value":100,"duration":"soon"}, 7]}}],"total":1}"#,
        r#"{"data":[{"id":"a","limits":[]}],"total":1}"#,
    ] {
        assert_eq!(pace(other).await, None, "{other}");
    }
}

#[tokio::test]
async fn nobody_calls_before_the_time_when_nothing_remains() {
    let server = Server::script([(|| {
        let headers =
            ["x-rate-limit-limit: 100", "x-rate-limit-remaining: 0", "x-rate-limit-retry: 1772452806"];
        answer("200 OK", &headers, NO_PROJECTS)
    }) as Script])
    .await;
    let (client, clock) = quick(&server.endpoint);
    let mut activity = client.reader().activity();
    client.reader().projects().await.expect("projects");
    assert_eq!((clock.slept().len(), activity.borrow_and_update().rate_limit), (0, None));
    let pace = Pace { limit: 100, remaining: 0, resets_in: Duration::from_secs(6), period: None };
    assert_eq!(client.reader().pace(), Some(pace));
    client.clone().reader().projects().await.expect("projects");
    assert_eq!(clock.slept(), [Duration::from_millis(6020)]);
    assert!(activity.has_changed().expect("a client"));
    assert_eq!(*activity.borrow_and_update(), Activity::default());
}

#[tokio::test]
async fn while_all_wait_it_is_said_until_when() {
    let server = Server::script([(|| {
        answer("200 OK", &["x-rate-limit-remaining: 0", "x-rate-limit-retry: 1772452806"], NO_PROJECTS)
    }) as Script])
    .await;
    let (client, _) = quick(&server.endpoint);
    client.reader().projects().await.expect("projects");
    let mut activity = client.reader().activity();
    let reader = client.reader();
    let (result, said) = tokio::join!(reader.projects(), async {
        activity.changed().await.expect("a client");
        activity.borrow_and_update().clone()
    });
    result.expect("projects");
    let until = "2026-03-02T12:00:06Z".parse().expect("a time");
    assert_eq!(said, Activity { rate_limit: Some(until), ..Activity::default() });
}

#[tokio::test]
async fn while_a_call_is_retried_it_is_said_how_often_and_why() {
    let server = Server::script([
        (|| answer("503 Busy", &["retry-after: 4"], "{}")) as Script,
        || Reply::Cut(String::new()),
        || answer("200 OK", &[], NO_PROJECTS),
    ])
    .await;
    let (client, _) = quick(&server.endpoint);
    let reader = client.reader();
    let mut activity = reader.activity();
    let (result, said) = tokio::join!(reader.projects(), async {
        let mut said = Vec::new();
        for attempt in 2..=3 {
            let is_attempt = |activity: &Activity| activity.retry().is_some_and(|it| it.attempt == attempt);
            said.extend(activity.wait_for(is_attempt).await.expect("a client").retry().cloned());
        }
        said
    });
    result.expect("projects");
    let [second, third] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!((second.attempts, second.at.to_string().as_str()), (5, "2026-03-02T12:00:04Z"));
    assert!(matches!(second.cause, Cause::Failing(Rejection { status: 503, .. })), "{second:?}");
    assert!(matches!(third.cause, Cause::Lost(_)), "{third:?}");
    assert_eq!(*activity.borrow_and_update(), Activity::default(), "the call is over");
}

#[tokio::test]
async fn while_lists_are_read_they_are_counted() {
    let page = || answer("200 OK", &[], r#"{"object":"list","data_ref":"data","data":[],"total":0}"#);
    let server = Server::script([page as Script, page, page]).await;
    let (client, _) = quick(&server.endpoint);
    let reader = client.reader();
    let projects = ["a", "b", "c"].map(ProjectId::new);
    let mut activity = reader.activity();
    let (lists, said) = tokio::join!(reader.users_of(&projects, 1), async {
        let mut said = Vec::new();
        while said.len() < 3 {
            let read = said.len();
            let is_read = |activity: &Activity| activity.lists.is_some_and(|lists| lists.read == read);
            said.extend(activity.wait_for(is_read).await.expect("a client").lists);
        }
        said
    });
    assert_eq!(lists.expect("lists").len(), 3);
    assert_eq!(said, [0, 1, 2].map(|read| Lists { read, all: 3 }));
    assert_eq!(*activity.borrow_and_update(), Activity::default());
}

#[tokio::test]
async fn what_any_attempt_may_have_done_is_remembered() {
    let server = Server::script([(|| Reply::Cut(String::new())) as Script, || {
        answer("409 Twice", &[], r#"{"code":409,"key":"duplicate_found","message":"Twice"}"#)
    }])
    .await;
    let email = Email::as_received("a@b.co");
    let invite = Invite { email: &email, first_name: "A", last_name: "B", projects: &Access::new() };
    let error = send(&quick(&server.endpoint).0, &Call::invite(&invite)).await.expect_err("409");
    assert_eq!((error.status(), error.attempts, error.may_have_been_processed()), (Some(409), 2, true));
    assert_eq!(error.rejection().and_then(|it| it.key.as_deref()), Some("duplicate_found"));
    let lines = server.lines();
    assert_eq!(lines[0], lines[1]);
}

#[tokio::test]
async fn without_a_connection_nothing_was_processed() {
    // Bound, so that nothing else can listen there, and not listening.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let endpoint = format!("http://{}", socket.local_addr().expect("an address")).parse().expect("a URL");
    let call = Call::unassign(&p("p"), &UserId::new("u"));
    let error = send(&quick(&endpoint).0, &call).await.expect_err("unreachable");
    let said = format!(
        "`DELETE /management/v1/projects/p/users/u` failed: could not connect to {endpoint} (Connection refused \
         (os error 111)) (tried 5 times); check the endpoint, the network and the proxy, and run again"
    );
    assert_eq!(error.to_string(), said);
    assert!(!error.may_have_been_processed());
}

// Time-outs and caps.

#[tokio::test]
async fn silence_and_trickles_end() {
    let (idle, call) = (Duration::from_millis(40), Duration::from_millis(120));
    let timeouts = Timeouts { connect: call, idle, call };
    let retry = RetryPolicy { attempts: 2, ..RetryPolicy::default() };
    let settings = Settings { timeouts, retry, ..Settings::default() };
    let replies: [Script; 2] = [
        || Reply::Silence,
        || Reply::Trickle("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned()),
    ];
    for reply in replies {
        let server = Server::script([reply]).await;
        let error = client(&server.endpoint, settings.clone()).0.reader().projects().await.expect_err("late");
        assert_eq!(
            error.to_string(),
            "`GET /management/v1/projects` timed out before a complete response (tried 2 times); run again later"
        );
        assert!(error.may_have_been_processed());
    }
}

#[tokio::test]
async fn bodies_without_end_are_read_up_to_the_cap() {
    let endless = |status: &str| {
        let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
        Reply::Endless(format!("HTTP/1.1 {status}\r\ntransfer-encoding: chunked\r\n\r\n"), chunk)
    };
    let settings = Settings { body_cap: 1 << 20, ..Settings::default() };
    for (status, said) in [
        (
            "200 OK",
            "returned a response of more than 1 MiB; check that the endpoint is Voucherify's, and that no proxy answers instead",
        ),
        (
            "404 Gone",
            "returned an invalid response (404, the body is not Voucherify's error object) (tried 5 times); check that the endpoint is Voucherify's, and that no proxy answers instead",
        ),
    ] {
        let server = Server::start(move |_| endless(status)).await;
        let error =
            client(&server.endpoint, settings.clone()).0.reader().projects().await.expect_err("too much");
        assert_eq!(error.to_string(), format!("`GET /management/v1/projects` {said}"));
    }
}

// Several calls.

#[tokio::test]
async fn no_attempt_leaves_without_a_permit() {
    let server = Server::script([
        (|| answer("503 Busy", &["retry-after: 30"], "")) as Script,
        || answer("429 Slow", &["retry-after: 7"], ""),
        || answer("204 Done", &[], ""),
    ])
    .await;
    let call = Call::unassign(&p("p"), &UserId::new("u"));
    for (permits, sent) in [(0, 0), (1, 1), (1, 1), (5, 1)] {
        let (client, clock) = quick(&server.endpoint);
        let left = std::sync::atomic::AtomicU32::new(permits);
        // It is called after the wait, when the attempt is about to be sent.
        let asked = std::sync::Mutex::new(Vec::new());
        let permit = || {
            asked.lock().expect("no panic").push(clock.slept().len());
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        };
        let before = server.lines().len();
        let writer = client.writer();
        let admission = writer.admit(&call).await.expect("room");
        let result = writer.send(&call, admission, &permit).await;
        assert_eq!(server.lines().len() - before, sent);
        let asked = asked.into_inner().expect("no panic");
        match result {
            Ok(_) => assert_eq!((permits, asked), (5, vec![0])),
            Err(error) => {
                assert_eq!(error.cause, Cause::NotPermitted);
                assert!(error.is_fatal());
                assert_eq!(error.attempts as usize, sent);
                assert_eq!(asked, if sent == 0 { vec![0] } else { vec![0, 1] });
            }
        }
    }
}

#[tokio::test]
async fn a_run_waits_as_long_as_it_was_told_to() {
    let used_up: Script = || {
        let headers = ["x-rate-limit-remaining: 0", "x-rate-limit-retry: 1772460000"];
        answer("200 OK", &headers, NO_PROJECTS)
    };
    let server = Server::script([used_up]).await;
    // The service names a time two hours ahead.
    let (minute, two_hours) = (Duration::from_secs(60), Duration::from_secs(2 * 3600));
    for (patience, waits) in [(minute, false), (two_hours + 15 * minute, true)] {
        let (client, clock) = quick(&server.endpoint);
        client.reader().projects().await.expect("projects");
        client.writer().set_patience(patience);
        let result = client.reader().projects().await;
        assert_eq!(result.is_ok(), waits);
        let slept = if waits { vec![two_hours + Duration::from_millis(20)] } else { Vec::new() };
        assert_eq!(clock.slept(), slept);
        if let Err(error) = result {
            assert_eq!((error.attempts, error.is_fatal()), (0, true));
        }
    }
}

#[tokio::test]
async fn a_call_takes_as_long_as_its_attempts_and_no_longer() {
    let server = Server::script([(|| answer("503 Busy", &["retry-after: 30"], "")) as Script, || {
        answer("204 Done", &[], "")
    }])
    .await;
    let (client, clock) = quick(&server.endpoint);
    let answer = send(&client, &Call::unassign(&p("p"), &UserId::new("u"))).await.expect("done");
    assert_eq!((answer.attempts, answer.took), (2, Duration::ZERO));
    assert_eq!(clock.slept(), [Duration::from_secs(30)]);
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server =
        Server::script([(|| ok(NO_PROJECTS)) as Script, || Reply::Cut(String::new()), || ok(NO_PROJECTS)])
            .await;
    let reader = quick(&server.endpoint).0.reader();
    for _ in 0..3 {
        reader.projects().await.expect("projects");
    }
    assert_eq!(server.lines().len(), 4);
}

#[tokio::test]
async fn a_stop_ends_what_waits_and_nothing_else() {
    let stopping: Arc<std::sync::OnceLock<Client>> = Arc::default();
    let stops = Arc::clone(&stopping);
    let server = Server::start(move |_| {
        stops.get().expect("a client").writer().stop();
        answer("503 Busy", &[], "")
    })
    .await;
    let (client, clock) = quick(&server.endpoint);
    assert!(stopping.set(client.clone()).is_ok());
    for attempts in [1, 0] {
        let error = client.reader().projects().await.expect_err("stopped");
        assert_eq!(error.to_string(), "`GET /management/v1/projects` was cancelled while waiting; run again");
        assert_eq!((error.attempts, error.is_fatal()), (attempts, true));
        assert_eq!(error.may_have_been_processed(), attempts == 1);
    }
    assert_eq!((server.lines().len(), clock.slept().len()), (1, 1));
}

// Credentials in messages and logs.

#[tokio::test]
async fn what_the_service_says_is_inert_and_short() {
    let server = Server::start(|_| {
        let message = format!("\\u001b[31m\\u202e canary-id canary-token {}", "x".repeat(1000));
        answer("400 Bad", &[], &format!(r#"{{"code":400,"message":"{message}"}}"#))
    })
    .await;
    let error = quick(&server.endpoint).0.reader().projects().await.expect_err("refused");
    let start = "\\u{1b}[31m\\u{202e} (secret) (secret) ";
    let message = format!("{start}{}…", "x".repeat(300 - start.len()));
    assert_eq!(error.rejection().and_then(|it| it.message.clone()), Some(message));
}

#[test]
fn no_credential_reaches_a_log_at_any_level() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // With only one subscriber, tests on other threads, which have none, could turn its callsites off. So
    // there are two.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    // The subscriber applies to this thread, which is the only one of the runtime.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let server = Server::start(|request| match request.line.split(' ').next() {
                Some("GET") => Reply::Cut("canary-token".to_owned()),
                _ => answer(
                    "400 Bad",
                    &["x-request-id: canary-id"],
                    r#"{"code":400,"message":"canary-token"}"#,
                ),
            })
            .await;
            let (client, _) = quick(&server.endpoint);
            let error = client.reader().projects().await.expect_err("lost");
            let refused =
                send(&client, &Call::unassign(&p("p"), &UserId::new("u"))).await.expect_err("refused");
            for error in [error, refused] {
                assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
            }
        });
    });
    let log = String::from_utf8(log.0.lock().expect("no panic").clone()).expect("text");
    assert!(log.contains("/management/v1/projects/p/users/u"), "{log}");
    assert!(log.contains("hyper_util"), "the log of the libraries is not there: {log}");
    assert!(!log.contains("canary"), "{log}");
}

#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_body_makes_anything_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = response::Page::read(&body, &Rows::default());
        let _ = known::User::read(&body, &Rows::default());
        let _ = response::ProjectList::read(&body, &Rows::default());
        let _ = Rejection::read(400, &body, str::to_owned);
    }
}
