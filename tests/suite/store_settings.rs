//! The settings of the ledger's store: each applies to every request that it is for, those for the lock included.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::scenario::{HEAD, Scenario};
use crate::store_server::{Request, StoreServer};

const PEOPLE: &str =
    "people: [{email: a@example.com, first_name: A, last_name: A, projects: {storefront: USER}}]\n";

/// What a first run asks of a bucket, with these variables: the requests for objects, without ids, that have all of
/// these headers, and those that have not.
fn requests(variables: &[(&str, &str)], headers: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
    let requests = Arc::clone(&seen);
    let bucket = StoreServer::start(move |request| {
        requests.lock().expect("a lock").push(request.clone());
        None
    });
    let scenario = Scenario::new().team(&format!("{HEAD}ledger: {}\n{PEOPLE}", StoreServer::URL));
    let mut command = scenario.command(&["apply", "--yes"]);
    scenario.finish(command.envs(bucket.variables()).envs(variables.iter().copied())).ok();
    let seen = seen.lock().expect("a lock").clone();
    let has_all = |request: &Request| {
        headers.iter().all(|(name, value)| request.header(name).is_some_and(|found| found == *value))
    };
    let objects = seen.into_iter().filter(|request| request.key != "list");
    let (with, without): (Vec<_>, Vec<_>) = objects.partition(has_all);
    let summary = |requests: &[Request]| {
        let kind = |key: &str| key.split(['/', '.']).next().unwrap_or_default().to_owned();
        let kinds = requests.iter().map(|request| format!("{} {}", request.method, kind(&request.key)));
        kinds.collect::<BTreeSet<_>>().into_iter().collect()
    };
    (summary(&with), summary(&without))
}

const READS: [&str; 6] = ["GET applied", "GET check", "GET known", "GET lock", "GET log", "GET store"];
const WRITES: [&str; 6] = ["PUT applied", "PUT check", "PUT known", "PUT lock", "PUT log", "PUT store"];

#[test]
fn a_key_of_the_customer_is_sent_with_every_read_and_every_write() {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let (with, without) = requests(
        &[("AWS_SERVER_SIDE_ENCRYPTION", "sse-c"), ("AWS_SSE_CUSTOMER_KEY_BASE64", key)],
        &[
            ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
            ("x-amz-server-side-encryption-customer-key", key),
        ],
    );
    assert_eq!(without, [""; 0]);
    assert_eq!(with, [&READS[..], &WRITES[..]].concat());
}

#[test]
fn a_key_of_the_key_service_is_named_with_every_write() {
    let (with, without) = requests(
        &[("AWS_SERVER_SIDE_ENCRYPTION", "aws:kms"), ("AWS_SSE_KMS_KEY_ID", "the-kms-key")],
        &[
            ("x-amz-server-side-encryption", "aws:kms"),
            ("x-amz-server-side-encryption-aws-kms-key-id", "the-kms-key"),
        ],
    );
    assert_eq!((with, without), (WRITES.map(str::to_owned).to_vec(), READS.map(str::to_owned).to_vec()));
}
