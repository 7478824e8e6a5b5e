//! Stores that nobody means: what is too large, too long, contradictory or not theirs to send is refused with a sentence
//! that says what to do, within 256 MiB of memory, and credentials go nowhere else.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use crate::hostile::MEMORY;
use crate::kills::wait_until;
use crate::programs::BINARY;
use crate::scenario::{Ended, HEAD, Scenario};
use crate::signals::send;
use crate::store_server::{Answer, Request, StoreServer, object, object_of};

const PEOPLE: &str = "\
people:
  - {email: a@example.com, first_name: A, last_name: A, projects: {storefront: USER}}
  - {email: b@example.com, first_name: B, last_name: B, projects: {loyalty: USER}}
";

/// A listing whose key refers to entities.
const BOMB: &str = "<!DOCTYPE a [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><ListBucketResult><Contents><Key>&b;</Key>\
                    </Contents></ListBucketResult>";

fn scenario() -> Scenario {
    Scenario::new().team(&format!("{HEAD}{PEOPLE}"))
}

/// A server whose ledger exists, so that every command reads it.
fn server(decide: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> StoreServer {
    StoreServer::start(move |request| {
        let decided = decide(request);
        let is_empty_list = decided.is_none() && request.key == "list" && request.is_first();
        if is_empty_list { Some(Answer::listing(&["lock.json"])) } else { decided }
    })
}

fn segment(number: u64) -> String {
    format!("log/{number:020}.jsonl")
}

/// Runs a command with a bound on memory, and every secret looked for in its output.
fn run(scenario: &Scenario, server: &StoreServer, command: &str) -> Ended {
    let bounded = ["-c", "ulimit -d \"$0\"; exec \"$@\"", MEMORY, BINARY];
    let mut started = scenario.program("sh");
    started.args(bounded).args(command.split(' ')).args(["--ledger", StoreServer::URL]);
    if command.starts_with("apply") {
        started.args(["--endpoint", &scenario.sandbox().base_url()]);
    }
    let ended = scenario.finish(started.envs(server.variables()).env("USER", "tester"));
    for secret in ["AKIAEXAMPLE", "the-secret-key", "Signature=", "panicked"] {
        assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "{command}: {ended:?}");
    }
    Ended { stderr: ended.stderr.replace(server.address(), "$STORE"), ..ended }
}

#[track_caller]
fn refused(server: &StoreServer, command: &str, sentence: &str) {
    let ended = run(&scenario(), server, command);
    ended.assert(1, "", &format!("error: {sentence}\n"));
}

#[test]
fn what_is_larger_than_guestlist_writes_is_refused_within_its_memory() {
    let never = "which guestlist never writes; restore the object, or check AWS_ENDPOINT_URL";
    for size in [Some(100 << 20), None] {
        for (key, limit, doing) in
            [("lock.json", "256 KiB", "ledger lock"), ("known.json", "64 MiB", "ledger object")]
        {
            let large =
                server(move |request| request.is("GET", key).then(|| Answer::Endless(object_of(size))));
            let sentence = format!(
                "cannot read {doing} `s3://ledgers/team/{key}`: `$STORE` sends more than {limit}, {never}"
            );
            refused(&large, "status", &sentence);
        }
        let large = server(move |request| {
            if request.is("GET", "list") {
                return Some(Answer::listing(&(1..=128).map(segment).collect::<Vec<_>>()));
            }
            request.is("GET", "log/").then(|| Answer::Endless(object_of(size)))
        });
        let first = segment(1);
        let sentence = format!(
            "cannot read ledger object `s3://ledgers/team/{first}`: `$STORE` sends more than 64 MiB, {never}"
        );
        refused(&large, "log", &sentence);
    }
    let list = server(|request| {
        let is_list = request.is("GET", "list");
        is_list.then(|| Answer::Endless(object_of(None)))
    });
    let sentence =
        format!("cannot list ledger objects `s3://ledgers/team`: `$STORE` sends more than 32 MiB, {never}");
    refused(&list, "log", &sentence);
    // Only the beginning of an error counts.
    let error = server(|_| {
        let head =
            "HTTP/1.1 403 -\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFF\r\n<Code>AccessDenied</Code>";
        Some(Answer::Endless(head.as_bytes().to_vec()))
    });
    refused(
        &error,
        "log",
        "cannot list ledger objects `s3://ledgers/team`: `$STORE` answered 403 AccessDenied; check the credentials, and \
         that they may get, put and list objects there",
    );
}

#[test]
fn segments_that_are_too_large_to_be_read_side_by_side_are_read_one_after_the_other() {
    let large = server(|request| {
        if request.is("GET", "list") {
            return Some(Answer::listing(&(1..=128).map(segment).collect::<Vec<_>>()));
        }
        request.is("GET", "log/").then(|| Answer::Endless(object_of(Some(30 << 20))))
    });
    refused(
        &large,
        "log",
        "cannot read ledger object `s3://ledgers/team/log/00000000000000000001.jsonl`: it does not start with the header \
         of a segment; restore the earlier version of this object",
    );
}

#[test]
fn listings_that_make_no_sense_are_refused() {
    let check = |listing: fn() -> Answer, sentence: &str| {
        let server = StoreServer::start(move |request| request.is("GET", "list").then(listing));
        refused(&server, "log", &format!("cannot list ledger objects `s3://ledgers/team`: {sentence}"));
    };
    let advice =
        "which guestlist never writes; check AWS_ENDPOINT_URL, or use a prefix that nothing else writes to";
    check(
        || Answer::listing_of(&["other/log/00000000000000000001.jsonl"]),
        &format!("the store lists `other/log/00000000000000000001.jsonl`, {advice}"),
    );
    check(
        || Answer::listing(&[format!("log/{}", "k".repeat(100_000))]),
        &format!("the store lists `team/log/{}…`, {advice}", "k".repeat(200 - 9)),
    );
    let unknown =
        "there is an object whose name guestlist never writes; use a prefix that nothing else writes to";
    check(|| Answer::listing(&["log/a\u{1b}[31m\n::error::.jsonl"]), unknown);
    check(|| Answer::listing(&["log/a&#27;[31m&#x202e;.jsonl"]), unknown);
    check(|| Answer::listing_of(&["team/../../etc/passwd"]), unknown);
    let not_a_store =
        "`$STORE` answered 200, and not as an object store or its token service does; check AWS_ENDPOINT_URL";
    check(|| Answer::response(200, "", "<html><body>Log in</body></html>"), not_a_store);
    check(|| Answer::response(200, "", "<Error><Code>SlowDown</Code></Error>"), not_a_store);
    check(|| Answer::response(200, "", &"<ListBucketResult>".repeat(100_000)), not_a_store);
    check(|| Answer::response(200, "", BOMB), not_a_store);
}

#[test]
fn a_listing_of_more_than_there_is_names_what_is_missing() {
    let million = server(|request| {
        request.is("GET", "list").then(|| Answer::listing(&(1..=1000).map(segment).collect::<Vec<_>>()))
    });
    refused(
        &million,
        "log",
        "cannot read ledger object `s3://ledgers/team/log/00000000000000000001.jsonl`: it is missing, and there are \
         segments after it; restore the earlier version of this object",
    );
    let last = server(|request| {
        request.is("GET", "list").then(|| Answer::listing(&["log/18446744073709551615.jsonl"]))
    });
    refused(
        &last,
        "log",
        "cannot read ledger object `s3://ledgers/team/log/00000000000000000001.jsonl`: it is missing, and there are \
         segments after it; restore the earlier version of this object",
    );
}

#[test]
fn a_holder_is_shown_in_part_and_escaped() {
    let now = jiff::Timestamp::now();
    let lock = move |holder: &str| {
        let lock = serde_json::json!({
            "format_version": 1, "epoch": 1, "write_id": "w", "holder": holder, "pid": 1, "token": "t",
            "since": now, "renewed": now,
        });
        lock.to_string()
    };
    let long = lock(&format!("\u{1b}[31m\n::error::{}", "x".repeat(100_000)));
    let server = server(move |request| request.is("GET", "lock.json").then(|| object(&long)));
    let shown = format!("\\u{{1b}}[31m\\n::error::{}…", "x".repeat(200 - 15));
    let ended = run(&scenario(), &server, "apply --yes");
    let start = format!("error: the ledger is locked by {shown} (process 1) since ");
    assert!(ended.stderr.starts_with(&start), "{}", ended.stderr);
    let ended = run(&scenario(), &server, "status");
    assert!(ended.stdout.contains(&format!("locked by {shown} since ")), "{}", ended.stdout);
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a port");
    elsewhere.set_nonblocking(true).expect("a socket");
    let location = format!("Location: http://{}/x\r\n", elsewhere.local_addr().expect("an address"));
    for (status, advice) in [
        (301, "; set AWS_REGION to the region of the bucket"),
        (302, ", and not as an object store or its token service does; check AWS_ENDPOINT_URL"),
        (307, "; set AWS_REGION to the region of the bucket"),
        (308, ", and not as an object store or its token service does; check AWS_ENDPOINT_URL"),
    ] {
        let location = location.clone();
        let server = server(move |_| Some(Answer::response(status, &location, "")));
        refused(
            &server,
            "log -vv",
            &format!("cannot list ledger objects `s3://ledgers/team`: `$STORE` answered {status}{advice}"),
        );
        refused(
            &server,
            "apply --yes -vv",
            &format!(
                "cannot read ledger lock `s3://ledgers/team/lock.json`: `$STORE` answered {status}{advice}"
            ),
        );
    }
    assert!(elsewhere.accept().is_err(), "a redirect was followed");
}

#[test]
fn every_status_says_what_to_do() {
    for (status, code, advice) in [
        (400, "ExpiredToken", "; the credentials have expired, set new ones"),
        (400, "InvalidRequest", "; check AWS_ENDPOINT_URL and the name of the bucket"),
        (404, "NoSuchKey", "; check AWS_ENDPOINT_URL and the name of the bucket"),
        (429, "SlowDown", "; run again later"),
        (503, "SlowDown", "; run again later"),
    ] {
        let body = format!("<Error><Code>{code}</Code><Message>\u{1b}[31m</Message></Error>");
        let server = server(move |_| Some(Answer::response(status, "", &body)));
        refused(
            &server,
            "log",
            &format!(
                "cannot list ledger objects `s3://ledgers/team`: `$STORE` answered {status} {code}{advice}"
            ),
        );
    }
}

#[test]
fn a_store_that_is_busy_is_not_called_unsafe() {
    let busy = StoreServer::start(|request| {
        let slow_down = "<Error><Code>SlowDown</Code></Error>";
        request.is("PUT", "check/").then(|| Answer::response(503, "", slow_down))
    });
    let ended = run(&scenario(), &busy, "apply --yes");
    let (start, end) = (
        "error: cannot check the object store with `s3://ledgers/team/check/",
        ".json`: `$STORE` answered 503 SlowDown; run again later\n",
    );
    assert!(ended.stderr.starts_with(start) && ended.stderr.ends_with(end), "{}", ended.stderr);
}

#[test]
fn a_token_that_expires_during_a_run_ends_it_like_a_lost_lock() {
    let scenario = scenario();
    // The first intent is written, and nothing after it.
    let expired = StoreServer::start(|request| {
        let is_late = request.is("PUT", "log/")
            && !request.key.ends_with("01.jsonl")
            && !request.key.ends_with("02.jsonl");
        is_late.then(|| Answer::response(400, "", "<Error><Code>ExpiredToken</Code></Error>"))
    });
    let ended = run(&scenario, &expired, "apply --yes --concurrency 1");
    assert_eq!(ended.status, Some(1));
    let said = "`$STORE` answered 400 ExpiredToken; the credentials have expired, set new ones";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    assert_eq!(scenario.writes().len(), 1, "{}", ended.stderr);
    let requests = expired.requests();
    let refused = requests.iter().position(|request| request == "PUT log/00000000000000000003.jsonl");
    let after = &requests[refused.expect("a request") + 1..];
    assert!(!after.iter().any(|request| request.starts_with("PUT log/")), "{after:?}");
}

#[test]
fn a_signal_ends_a_command_whose_store_does_not_respond() {
    // (what the store does not respond to, what has been asked by then)
    for (method, key) in [("GET", "lock.json"), ("GET", "list"), ("PUT", "lock.json"), ("PUT", "log/")] {
        for (signal, status) in [("INT", 130), ("TERM", 143)] {
            let scenario = scenario();
            let silent =
                StoreServer::start(move |request| request.is(method, key).then_some(Answer::Nothing));
            let mut command = scenario.command(&["apply", "--yes", "--ledger", StoreServer::URL]);
            let command = command.envs(silent.variables()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let started = command.spawn().expect("the binary runs");
            let awaited = format!("{method} {key}");
            wait_until("the request", || silent.requests().iter().any(|it| it.starts_with(&awaited)));
            send(signal, &started);
            let output = started.wait_with_output().expect("its end");
            let said = String::from_utf8(output.stderr).expect("UTF-8");
            assert_eq!(output.status.code(), Some(status), "{awaited}: {said}");
            let sentence = "error: stopped without a response from the ledger `s3://ledgers/team`; if this run has locked it, the lock expires after 60 seconds\n";
            assert!(said.ends_with(sentence), "{awaited}: {said}");
            assert_eq!(scenario.writes(), [""; 0]);
        }
    }
}

#[test]
fn whoever_waits_for_a_store_is_told() {
    let scenario = scenario();
    let silent = StoreServer::start(|request| request.is("GET", "list").then_some(Answer::Nothing));
    let mut command = scenario.program(BINARY);
    command.args(["log", "--ledger", StoreServer::URL]).envs(silent.variables()).stderr(Stdio::piped());
    let mut run = command.spawn().expect("the binary runs");
    let mut line = String::new();
    let said = run.stderr.take().expect("standard error");
    BufReader::new(said).read_line(&mut line).expect("a line");
    assert_eq!(line, "Waiting for a response from the ledger `s3://ledgers/team`.\n");
    send("TERM", &run);
    assert_eq!(run.wait().expect("its end").signal(), Some(15));
}

#[test]
fn a_signal_ends_a_run_whose_store_stops_to_respond() {
    let scenario = scenario();
    let silent = StoreServer::start(|request| {
        let is_intent = request.is("PUT", "log/") && !request.key.ends_with("01.jsonl");
        is_intent.then_some(Answer::Nothing)
    });
    let args = ["apply", "--yes", "--concurrency", "1", "--ledger", StoreServer::URL];
    let mut command = scenario.command(&args);
    let command = command.envs(silent.variables()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = command.spawn().expect("the binary runs");
    wait_until("an intent", || silent.requests().iter().any(|it| it.ends_with("02.jsonl")));
    send("TERM", &started);
    let output = started.wait_with_output().expect("its end");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(143), "{said}");
    assert!(
        said.contains("no complete response within 3 seconds; check the network and AWS_ENDPOINT_URL"),
        "{said}"
    );
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn a_signal_during_a_run_still_releases_the_lock_of_a_store_that_responds() {
    let scenario = scenario();
    scenario.faults(&["trickle,pace=2,method=POST"]);
    let store = StoreServer::start(|_| None);
    let args = ["apply", "--yes", "--concurrency", "1", "--ledger", StoreServer::URL];
    let mut command = scenario.command(&args);
    let command = command.envs(store.variables()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = command.spawn().expect("the binary runs");
    wait_until("a call", || scenario.sandbox().log().iter().any(|call| call.method == "POST"));
    send("TERM", &started);
    let output = started.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(143), "{output:?}");
    scenario.faults(&[]);
    let ended = run(&scenario, &store, "unlock");
    ended.assert(0, "The ledger is not locked: nothing to do.\n", "");
    let ended = run(&scenario, &store, "log --verify");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("interrupted"), "{}", ended.stdout);
}
