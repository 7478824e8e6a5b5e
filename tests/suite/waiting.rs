//! Whoever waits sees why: without a terminal a line, on a terminal a line that changes.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use guestlist::sandbox::Options;

use crate::scenario::{HEAD, Scenario};

const TEAM: &str = "\
version: 1
projects: {storefront: proj_9KeAhZB1}
people:
  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: USER}}
";

/// The first lines that a command writes to standard error; then it is killed.
fn first_lines(scenario: &Scenario, args: &str, count: usize) -> Vec<String> {
    let mut command = scenario.command(&args.split(' ').collect::<Vec<_>>());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let lines: Vec<_> = stderr.lines().take(count).map(|line| line.expect("text")).collect();
    child.kill().and_then(|()| child.wait()).expect("its end");
    lines.iter().map(|line| scenario.placeholders(line)).collect()
}

fn scenario(fault: &str) -> Scenario {
    let faults = vec![fault.parse().expect("a fault")];
    Scenario::with(Options { faults, ..Options::default() }).team(TEAM)
}

#[test]
fn every_command_that_reads_says_that_the_rate_limit_makes_it_wait() {
    for args in
        ["plan", "import", "report", "explain ana@example.com", "apply --yes", "resend ana@example.com"]
    {
        let scenario = scenario("429,retry-after=590,at=1");
        assert_eq!(first_lines(&scenario, args, 1), ["rate limit: 10 min"], "{args}");
    }
}

#[test]
fn a_retry_is_announced_with_its_reason_and_its_number() {
    let scenario = scenario("503,retry-after=590,path=/users");
    assert_eq!(
        first_lines(&scenario, "plan", 1),
        ["reading members: 0 of 1 project, the service answered 503, trying again in 10 min (2 of 5)"]
    );
}

#[test]
fn the_wait_is_said_again_while_it_goes_on() {
    let scenario = scenario("429,retry-after=590,at=1");
    assert_eq!(first_lines(&scenario, "plan", 2), ["rate limit: 10 min"; 2]);
}

#[test]
fn a_service_that_does_not_answer_is_named() {
    let scenario = scenario("hang");
    assert_eq!(first_lines(&scenario, "plan", 1), ["waiting for $ENDPOINT"]);
}

#[test]
fn an_apply_says_what_it_waits_for_between_two_changes() {
    let scenario = scenario("429,retry-after=590,method=POST,at=2").team(&format!(
        "{HEAD}people:\n{}",
        ["ana", "ben"].map(|name| format!(
            "  - {{email: {name}@example.com, first_name: A, last_name: B, projects: {{storefront: USER}}}}\n"
        )).concat()
    ));
    assert_eq!(
        first_lines(&scenario, "apply --yes --concurrency 1", 2),
        ["invited ana@example.com: storefront USER", "rate limit: 10 min"]
    );
}
