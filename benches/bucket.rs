//! What a ledger in a bucket costs, in time and in requests, beside one in a folder: `cargo bench --bench bucket`.
//!
//! The binary, which is `target/release/guestlist` or `GUESTLIST`, invites people to an organization of `guestlist
//! sandbox`. The bucket is in memory, and each of its responses is 30 milliseconds late.
#![expect(clippy::print_stdout, reason = "it reports what it measures")]

#[allow(dead_code, reason = "other targets use the rest")]
mod sample;

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use sample::binary;
use sample::store_server::StoreServer;

/// How late each response of the bucket is.
const DELAY: Duration = Duration::from_millis(30);
/// The rate limit of the published documentation is by the minute; this one takes as long for as many calls.
const LIMIT: &str = "200/12";

fn main() {
    println!("a bucket with {} ms before each response, and a folder, side by side\n", DELAY.as_millis());
    println!("| invitations | rate limit | folder, s | bucket, s | ratio | requests | of them writes |");
    println!("|---|---|---|---|---|---|---|");
    for (people, limit) in [(1, "none"), (10, "none"), (100, "none"), (1_000, "none"), (1_000, LIMIT)] {
        let bucket = StoreServer::start(|_| {
            thread::sleep(DELAY);
            None
        });
        // Before the first run, a store is checked once.
        apply(0, "none", Some(&bucket));
        let before = bucket.requests().len();
        let (folder, in_bucket) = thread::scope(|scope| {
            let folder = scope.spawn(|| apply(people, limit, None));
            let in_bucket = apply(people, limit, Some(&bucket));
            (folder.join().expect("a run").as_secs_f64(), in_bucket.as_secs_f64())
        });
        let requests = bucket.requests().split_off(before);
        let writes = requests.iter().filter(|request| request.starts_with("PUT ")).count();
        println!(
            "| {people} | {limit} | {folder:.2} | {in_bucket:.2} | {:.3} | {} | {writes} |",
            in_bucket / folder,
            requests.len()
        );
    }
}

/// How long an apply takes that invites so many people to a new organization.
fn apply(people: usize, limit: &str, bucket: Option<&StoreServer>) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("team.yaml"), team_file(people)).expect("a team file");
    let (mut sandbox, url) = sandbox(folder.path(), limit);
    let mut command = Command::new(binary());
    command.args(["apply", "--yes", "--endpoint", &url]).current_dir(folder.path());
    command.env("VOUCHERIFY_MANAGEMENT_ID", "sandbox-id").env("VOUCHERIFY_MANAGEMENT_TOKEN", "sandbox-token");
    if let Some(bucket) = bucket {
        command.args(["--ledger", StoreServer::URL]).envs(bucket.variables());
    }
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let took = started.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    sandbox.kill().and_then(|()| sandbox.wait()).expect("it ends");
    took
}

/// A sandbox, and its URL.
fn sandbox(folder: &Path, limit: &str) -> (Child, String) {
    let mut command = Command::new(binary());
    command.args(["sandbox", "--listen", "0", "--rate-limit", limit]).current_dir(folder);
    let mut sandbox =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null()).spawn().expect("it starts");
    let mut url = String::new();
    BufReader::new(sandbox.stdout.take().expect("its output")).read_line(&mut url).expect("its URL");
    (sandbox, url.trim().to_owned())
}

fn team_file(people: usize) -> String {
    let mut text = "version: 1\nprojects: {storefront: proj_9KeAhZB1}\npeople:\n\
         - {email: owner@example.com, first_name: Olivia, last_name: Owner, projects: {storefront: ADMIN}}\n"
        .to_owned();
    for person in 0..people {
        let _ = writeln!(
            text,
            "- {{email: person.{person}@example.com, first_name: Ada, last_name: Lovelace, projects: {{storefront: USER}}}}"
        );
    }
    text
}
