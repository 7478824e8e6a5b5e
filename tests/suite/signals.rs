//! The first Ctrl-C or SIGTERM ends a run in order, the second at once.

use std::process::{Child, Output, Stdio};
use std::time::Duration;

use guestlist::sandbox::{Options, Organization, RateLimit};

use crate::kills::{expire_lock, wait_until};
use crate::programs::scrubbed;
use crate::scenario::{HEAD, Scenario};

const PEOPLE: &str = "\
people:
  - {email: a@example.com, first_name: A, last_name: A, projects: {storefront: ADMIN}}
  - {email: b@example.com, first_name: B, last_name: B, projects: {storefront: USER}}
  - {email: c@example.com, first_name: C, last_name: C, projects: {storefront: USER}}
";

/// The first change is one whose answer has a body: a role that is raised.
fn scenario(options: Options) -> Scenario {
    let mut organization = Organization::example();
    let access = [("proj_9KeAhZB1".to_owned(), "USER".to_owned())];
    assert!(organization.add_member("a@example.com", "A", "A", access));
    Scenario::with(Options { organization, ..options }).team(&format!("{HEAD}{PEOPLE}"))
}

fn start(scenario: &Scenario) -> Child {
    let mut command = scenario.command(&["apply", "--yes", "--concurrency", "1"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
}

pub(crate) fn send(signal: &str, child: &Child) {
    let sent = scrubbed("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status();
    assert!(sent.expect("a shell").success());
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_first_signal_lets_the_call_under_way_end() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        // A byte of the answer every few milliseconds: there is time for the signal.
        let scenario = scenario(Options {
            faults: vec!["trickle,pace=2,method=PUT".parse().expect("a fault")],
            ..Options::default()
        });
        let child = start(&scenario);
        wait_until("the first change", || scenario.sandbox().log().iter().any(|call| call.method == "PUT"));
        send(signal, &child);
        let output = child.wait_with_output().expect("its end");
        let (stdout, stderr) = texts(&output);
        assert_eq!(output.status.code(), Some(status), "{stderr}");
        assert!(
            scenario.placeholders(&stdout).ends_with("Applied 1 of 3 changes (1 became ADMIN).\n"),
            "{stdout}"
        );
        assert_eq!(
            stderr,
            "Stopping after the calls in flight. Press Ctrl-C again to stop immediately.\n\
             changed a@example.com: storefront USER → ADMIN\n\
             error: stopped: interrupted; 2 changes were not started. Run again to continue\n"
        );
        let ledger = scenario.read_all(".guestlist/runs");
        let last = ledger.lines().last().expect("a record");
        assert!(
            last.contains(r#""kind":"end","reason":"interrupted","counts":{"role_changed":1}"#),
            "{last}"
        );
        assert_eq!(scenario.writes().len(), 1);
        scenario.run("apply --yes").ok();
    }
}

#[test]
fn the_first_signal_ends_waiting_for_the_rate_limit() {
    let rate_limit = Some(RateLimit { calls: 4, period: Duration::from_secs(10 * 60) });
    let scenario = scenario(Options { rate_limit, ..Options::default() });
    let child = start(&scenario);
    // Three calls to read and one to change: the next one has to wait, and is not recorded before.
    let count = |kind: &str| scenario.read_all(".guestlist/runs").matches(kind).count();
    wait_until("the first change", || count(r#""kind":"outcome""#) == 1);
    send("TERM", &child);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(143), "{}", texts(&output).1);
    let ledger = scenario.read_all(".guestlist/runs");
    let last = ledger.lines().last().expect("a record");
    assert!(last.contains(r#""kind":"end","reason":"interrupted""#), "{last}");
    assert_eq!(count(r#""kind":"intent""#), 1);
}

#[test]
fn a_signal_ends_reading_at_once_and_leaves_no_lease() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let faults = vec!["hang,at=2".parse().expect("a fault")];
        let scenario = scenario(Options { faults, ..Options::default() });
        let child = start(&scenario);
        wait_until("the second call", || scenario.sandbox().log().len() >= 2);
        send(signal, &child);
        let output = child.wait_with_output().expect("its end");
        assert_eq!(output.status.code(), Some(status), "{}", texts(&output).1);
        assert!(scenario.path(".guestlist").is_dir() && !scenario.path(".guestlist/lease.json").exists());
        assert_eq!(scenario.writes(), [""; 0]);
    }
}

#[test]
fn the_second_signal_stops_now() {
    let scenario =
        scenario(Options { faults: vec!["hang,method=PUT".parse().expect("a fault")], ..Options::default() });
    let mut child = start(&scenario);
    wait_until("the first change", || scenario.sandbox().log().iter().any(|call| call.method == "PUT"));
    send("INT", &child);
    let mut said = [0];
    std::io::Read::read_exact(child.stderr.as_mut().expect("a pipe"), &mut said).expect("a word");
    send("INT", &child);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(
        texts(&output).1,
        "topping after the calls in flight. Press Ctrl-C again to stop immediately.\n"
    );
    scenario.sandbox().set_faults(Vec::new());
    // As after a kill, the lock is left until it expires.
    expire_lock(&scenario);
    scenario.run("apply --yes").ok();
}
