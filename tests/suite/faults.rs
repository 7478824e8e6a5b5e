//! Every command with every fault: it goes on, or says in one sentence why not, and gives nothing away.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use guestlist::escape;
use guestlist::sandbox::{Fault, LoggedCall, Options, Organization};

use crate::scenario::{Ended, HEAD, Scenario};

const PEOPLE: &str = "\
policy: {prune: roles, max_removals: 100}
people:
  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {storefront: ADMIN, loyalty: USER}}
  - {email: mia@example.com, first_name: Mia, last_name: Lee, projects: {loyalty: USER}}
";

/// What passes: the command does what it is for.
const PASSING: [&str; 16] = [
    "429",
    "429,retry-after=0",
    "500",
    "502,body=html",
    "503,body=empty",
    "504,applied",
    "truncate",
    "not-json",
    "close-before",
    "close-after",
    "short-list",
    "empty-list",
    "lag,calls=3",
    "second-invite-ok",
    "hostile-names",
    "500,body=html,applied",
];

/// What ends the command, and what it then says of it.
const ENDING: [(&str, &str); 6] = [
    ("401", "invalid credentials"),
    ("402", "does not include the Management API"),
    ("403", "these credentials do not have permission"),
    ("418", "was rejected (418"),
    ("429,limit-type=api_calls_cycle", "the API quota for this billing cycle is used up"),
    ("redirect", "was redirected"),
];

/// The commands that call the service, and do what they are for where it passes.
const CALLING: [&str; 6] = [
    "plan --format text",
    "plan --format diff",
    "plan --format json",
    "apply --yes",
    "explain alex@example.com",
    "import",
];

/// Sends again what `apply` sent, which this service refuses unless it is told otherwise.
const RESEND: &str = "resend alex@example.com --yes";

/// The commands that call nobody, and work whatever happens to the service.
const OFFLINE: [&str; 7] =
    ["validate", "log", "log --format json", "log --verify", "unlock --yes", "completions bash", "man"];

fn scenario() -> Scenario {
    let mut organization = Organization::example();
    let access = [("proj_9KeAhZB1".to_owned(), "USER".to_owned())];
    assert!(organization.add_member("mia@example.com", "Mia", "Lee", access));
    Scenario::with(Options { organization, ..Options::default() }).team(&format!("{HEAD}{PEOPLE}"))
}

/// Runs a command while the second call, and the first that writes, go wrong.
fn run(scenario: &Scenario, fault: &str, command: &str) -> Ended {
    let order = |whom: &str| format!("{fault},{whom}").parse::<Fault>().expect("a fault");
    scenario.sandbox().set_faults(vec![order("at=2"), order("method=POST,at=1")]);
    let ended = scenario.run(&format!("{command} -vvv --log-format json"));
    let credentials = scenario.sandbox().credentials();
    let kept = scenario.read_all(".guestlist");
    for (place, text) in [("output", &ended.stdout), ("error", &ended.stderr), ("ledger", &kept)] {
        let said = format!("{place} of {command} with {fault}:\n{text}");
        assert!(!text.contains("panicked") && !text.contains("backtrace"), "{said}");
        assert!(!text.contains(&credentials.id) && !text.contains(&credentials.token), "{said}");
        let is_shell = command.starts_with("completions") || command == "man";
        // Files keep what the service said as it said it.
        assert!(
            is_shell || place == "ledger" || !text.contains(|c| c != '\n' && escape::must_escape(c)),
            "{said}"
        );
    }
    ended
}

/// The lines of standard error that are no log.
fn said(ended: &Ended) -> Vec<&str> {
    ended.stderr.lines().filter(|line| !line.starts_with('{')).collect()
}

/// What calls nobody succeeds, and calls nobody.
fn works_offline(scenario: &Scenario, fault: &str) {
    scenario.calls();
    for command in OFFLINE {
        let ended = run(scenario, fault, command);
        assert_eq!(ended.status, Some(0), "{command} with {fault}: {ended:#?}");
        assert_eq!(said(&ended), [""; 0], "{command} with {fault}");
        assert_eq!(scenario.calls(), [], "{command} with {fault}");
    }
}

/// All cases side by side: most of the time they wait for their next attempt.
fn each<T: Sync>(cases: &[T], act: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| act(case));
        }
    });
}

#[test]
fn what_passes_stops_no_command() {
    each(&PASSING, |fault| {
        let scenario = scenario();
        for command in CALLING {
            let ended = run(&scenario, fault, command);
            assert_eq!(ended.status, Some(0), "{command} with {fault}: {ended:#?}");
        }
        let resent = i32::from(!fault.contains("second-invite-ok"));
        let ended = run(&scenario, fault, RESEND);
        assert_eq!(ended.status, Some(resent), "{RESEND} with {fault}: {ended:#?}");
        works_offline(&scenario, fault);
        scenario.sandbox().set_faults(Vec::new());
        scenario.run("apply --yes").ok();
        assert_eq!(scenario.writes(), [""; 0], "after {fault}");
    });
}

#[test]
fn what_does_not_pass_ends_a_command_with_one_sentence() {
    each(&ENDING, |(fault, sentence)| {
        let scenario = scenario();
        for command in CALLING.into_iter().chain([RESEND]) {
            let ended = run(&scenario, fault, command);
            assert_eq!(
                (ended.status, ended.stdout.as_str()),
                (Some(1), ""),
                "{command} with {fault}: {ended:#?}"
            );
            let said = said(&ended);
            assert!(
                said.len() == 1 && said[0].starts_with("error: ") && said[0].contains(sentence),
                "{command} with {fault}: {said:#?}"
            );
        }
        assert_eq!(scenario.writes(), [""; 0], "with {fault}");
        works_offline(&scenario, fault);
    });
}

#[test]
fn a_fault_that_ends_everything_in_mid_run_stops_the_others() {
    each(&ENDING, |(fault, sentence)| {
        let scenario = scenario();
        scenario.sandbox().set_faults(vec![format!("{fault},method=POST,at=1").parse().expect("a fault")]);
        let ended = scenario.run("apply --yes --concurrency 1");
        assert_eq!(ended.status, Some(1), "{fault}: {ended:#?}");
        assert!(ended.stderr.contains(sentence), "{fault}: {ended:#?}");
        // An answer that refuses one call refuses one person; the others end the run.
        let stops = *fault != "418";
        assert_eq!(ended.stderr.contains("error: stopped: "), stops, "{fault}: {ended:#?}");
        assert_eq!(scenario.writes().len() == 1, stops, "{fault}");
        scenario.sandbox().set_faults(Vec::new());
        scenario.run("apply --yes").ok();
        scenario.run("apply --yes").ok();
        assert_eq!(scenario.organization(|organization| organization.invited().count()), 1);
    });
}

#[test]
fn a_service_that_is_down_is_not_tried_for_everyone() {
    let mut people = String::new();
    for number in 0..40 {
        let _ = writeln!(
            people,
            "  - {{email: p{number}@example.com, first_name: P, last_name: P, projects: {{loyalty: USER}}}}"
        );
    }
    let scenario = Scenario::new().team(&format!("{HEAD}people:\n{people}"));
    scenario.sandbox().set_faults(vec!["503,method=POST".parse().expect("a fault")]);
    let ended = scenario.run("apply --yes");
    assert_eq!(ended.status, Some(1));
    let last = ended.stderr.lines().last().expect("a sentence");
    let calls = scenario.calls();
    let tried: BTreeSet<_> = calls.iter().filter_map(LoggedCall::email).collect();
    // Until the fifth has failed, the eight at work go on to the next person after each failure. Three are
    // tried after a pause.
    assert!(tried.len() <= 8 + 4 + 3, "{tried:?}");
    let down = format!(
        "error: stopped: {} calls failed in a row, so the service seems to be down; the last error: `POST \
         /management/v1/projects/users/invite` failed with a server error (503",
        tried.len()
    );
    assert!(last.starts_with(&down), "{last}");
    let left = format!("; {} changes were not started. Run again to continue", 40 - tried.len());
    assert!(last.ends_with(&left), "{last}");
    scenario.sandbox().set_faults(Vec::new());
    scenario.run("apply --yes").ok();
}
