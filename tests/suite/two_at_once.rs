//! Two applies at once: on one ledger the second is refused, on two they do no harm.

use std::fmt::Write as _;
use std::process::Stdio;

use guestlist::sandbox::{Options, UserStatus};

use crate::kills::wait_until;
use crate::scenario::{HEAD, Scenario};

fn scenario(people: usize, options: Options) -> Scenario {
    let mut text = format!("{HEAD}people:\n");
    for number in 0..people {
        let _ = writeln!(
            text,
            "  - {{email: p{number}@example.com, first_name: P, last_name: P, projects: {{loyalty: USER}}}}"
        );
    }
    Scenario::with(options).team(&text)
}

#[test]
fn the_second_on_one_ledger_is_refused_and_told_who_is_first() {
    let faults = vec!["hang,method=POST".parse().expect("a fault")];
    let scenario = scenario(2, Options { faults, ..Options::default() });
    let mut first = scenario.command(&["apply", "--yes"]);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    let posts = || scenario.sandbox().log().iter().filter(|call| call.method == "POST").count();
    // Both people are worked on at once, and neither call is answered.
    wait_until("the first two calls", || posts() == 2);
    scenario.calls();
    let second = scenario.run("apply --yes");
    assert_eq!((second.status, second.stdout.as_str()), (Some(1), ""));
    let who = format!("(process {}) since ", first.id());
    let (begins, ends) = second.stderr.split_once(&who).expect("who is first");
    assert!(begins.starts_with("error: the ledger is locked by tester"), "{begins}");
    assert!(
        ends.ends_with(
            "; wait until that run has ended (a lock that is not renewed expires after 60 seconds) or, if you \
             know that it is no longer running, run `guestlist unlock` with the same options\n"
        ),
        "{ends}"
    );
    assert_eq!(scenario.writes(), [""; 0], "the second one wrote");
    first.kill().expect("a process");
    first.wait().expect("its end");
    // A process that was killed still has its lock until that expires or is released.
    scenario.sandbox().set_faults(Vec::new());
    assert_eq!(scenario.run("apply --yes").status, Some(1));
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.run("unlock --yes").ok();
    scenario.run("apply --yes").ok();
}

#[test]
fn a_run_whose_lock_is_released_while_it_waits_sends_nothing_more() {
    for fault in ["429,retry-after=4,method=POST,times=1", "503,retry-after=4,method=POST,times=1"] {
        let faults = vec![fault.parse().expect("a fault")];
        let scenario = scenario(3, Options { faults, ..Options::default() });
        let mut command = scenario.command(&["apply", "--yes", "--concurrency", "1"]);
        let first = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let posts = || scenario.sandbox().log().iter().filter(|call| call.method == "POST").count();
        wait_until("the first call", || posts() == 1);
        scenario.run("unlock --yes").ok();
        let output = first.wait_with_output().expect("its end");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(posts(), 1, "{fault}: {said}");
        assert_eq!(said.matches("stopped: the lock on the ledger").count(), 1, "{fault}: {said}");
        assert_eq!(scenario.organization(|organization| organization.invited().count()), 0);
        // The next one goes on.
        scenario.run("apply --yes").ok();
        assert_eq!(scenario.organization(|organization| organization.invited().count()), 3);
    }
}

#[test]
fn two_with_a_ledger_each_do_no_harm() {
    let scenario = scenario(40, Options::default());
    let start = |ledger: &str| {
        let mut command = scenario.command(&["apply", "--yes", "--ledger", ledger]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
    };
    let both = [start("one"), start("two")];
    for child in both {
        let output = child.wait_with_output().expect("its end");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let invited = scenario.organization(|organization| {
        organization.invited().filter(|person| person.status == UserStatus::Invited(1)).count()
    });
    assert_eq!(invited, 40);
    scenario.calls();
    for ledger in ["one", "two"] {
        scenario.run(&format!("apply --yes --ledger {ledger}")).ok();
    }
    assert_eq!(scenario.writes(), [""; 0]);
}
