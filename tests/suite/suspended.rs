//! A holder of the lock that was suspended until another run took over sends no further call and says who did.

use std::process::Stdio;

use guestlist::sandbox::Options;

use crate::engine;
use crate::kills::{expire_lock, wait_until};
use crate::programs::scrubbed;
use crate::scenario::{HEAD, Scenario};

fn scenario() -> Scenario {
    let faults = vec!["503,retry-after=4,method=POST,times=1".parse().expect("a fault")];
    let mut team = format!("{HEAD}people:\n");
    for name in ["a", "b", "c"] {
        let person = format!(
            "{{email: {name}@example.com, first_name: P, last_name: P, projects: {{loyalty: USER}}}}"
        );
        team.extend(["  - ", &person, "\n"]);
    }
    Scenario::with(Options { faults, ..Options::default() }).team(&team)
}

fn signal(name: &str, process: u32) {
    let sent = scrubbed("kill").args([name, &process.to_string()]).status().expect("kill");
    assert!(sent.success());
}

fn sends_nothing_more(scenario: &Scenario) {
    let mut command = scenario.command(&["apply", "--yes", "--concurrency", "1"]);
    let first = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let posts = || scenario.sandbox().log().iter().filter(|call| call.method == "POST").count();
    wait_until("the first call", || posts() == 1);
    signal("-STOP", first.id());
    expire_lock(scenario);
    scenario.finish(scenario.command(&["apply", "--yes"]).env("USER", "kim")).ok();
    assert_eq!(posts(), 4);
    signal("-CONT", first.id());
    let output = first.wait_with_output().expect("its end");
    let said = scenario.placeholders(&String::from_utf8(output.stderr).expect("UTF-8"));
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("` was taken over by kim on "), "{said}");
    assert_eq!(posts(), 4, "{said}");
    scenario.run("log --verify").ok();
    scenario.run("plan --detailed-exitcode").ok();
}

#[test]
fn a_suspended_holder_of_a_lock_in_a_folder_sends_nothing_more() {
    sends_nothing_more(&scenario());
}

#[test]
fn a_suspended_holder_of_a_lock_in_a_bucket_sends_nothing_more() {
    if let Some(bucket) = engine::bucket() {
        sends_nothing_more(&scenario().in_bucket(bucket));
    }
}
