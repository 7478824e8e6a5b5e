//! The settings of the ledger's store: each applies to every request that it is for, those for the lock included.

use std::time::Duration;

use crate::memory_bucket::Bucket;
use crate::scenario::{HEAD, Scenario};

const PEOPLE: &str =
    "people: [{email: a@example.com, first_name: A, last_name: A, projects: {storefront: USER}}]\n";

/// What a first run asks of a bucket, with these variables: the requests for objects, without ids, that have all of
/// the headers, and those that have not.
fn requests(variables: &[(&str, &str)], headers: &[&str]) -> (Vec<String>, Vec<String>) {
    let bucket = Bucket::start(Duration::ZERO);
    let scenario = Scenario::new().team(&format!("{HEAD}ledger: s3://ledgers/team\n{PEOPLE}"));
    let mut command = scenario.command(&["apply", "--yes"]);
    command.envs([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "the-key"),
        ("AWS_SECRET_ACCESS_KEY", "the-secret"),
        ("AWS_ENDPOINT_URL", format!("http://{}", bucket.address).as_str()),
    ]);
    scenario.finish(command.envs(variables.iter().copied())).ok();
    let heads = bucket.heads().into_iter().filter(|head| head.contains("/ledgers/team/"));
    let (with, without): (Vec<_>, Vec<_>) =
        heads.partition(|head| headers.iter().all(|header| head.lines().any(|line| line == *header)));
    let summary = |heads: Vec<String>| {
        let mut kinds: Vec<_> = heads
            .iter()
            .filter_map(|head| {
                let (method, path) = head.lines().next()?.split_once(" /ledgers/team/")?;
                Some(format!("{method} {}", path.split(['/', '.']).next()?))
            })
            .collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    (summary(with), summary(without))
}

const READS: [&str; 6] = ["get applied", "get check", "get known", "get lock", "get log", "get store"];
const WRITES: [&str; 6] = ["put applied", "put check", "put known", "put lock", "put log", "put store"];

#[test]
fn a_key_of_the_customer_is_sent_with_every_read_and_every_write() {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let (with, without) = requests(
        &[("AWS_SERVER_SIDE_ENCRYPTION", "sse-c"), ("AWS_SSE_CUSTOMER_KEY_BASE64", key)],
        &[
            "x-amz-server-side-encryption-customer-algorithm: aes256",
            &format!("x-amz-server-side-encryption-customer-key: {}", key.to_ascii_lowercase()),
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
            "x-amz-server-side-encryption: aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id: the-kms-key",
        ],
    );
    assert_eq!((with, without), (WRITES.map(str::to_owned).to_vec(), READS.map(str::to_owned).to_vec()));
}
