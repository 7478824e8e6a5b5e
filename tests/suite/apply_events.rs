//! `apply --format json`: one JSON object per line, and a last one for every way in which an apply can end.

use std::fs;
use std::process::{Child, Stdio};

use guestlist::sandbox::Options;

use crate::kills::wait_until;
use crate::scenario::{Ended, HEAD, Scenario};
use crate::signals::send;

const TWO: &str = "\
people:
  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: USER}}
  - {email: ben@example.com, first_name: Ben, last_name: Elm, projects: {loyalty: ADMIN}}
";
const APPLY: &str = "apply --yes --format json --concurrency 1";

/// The name of the last run in the ledger, as a command prints it.
fn run(scenario: &Scenario) -> String {
    let runs = fs::read_dir(scenario.path(".guestlist/runs")).expect("runs");
    let mut names: Vec<_> =
        runs.map(|run| run.expect("a run").file_name().into_string().expect("a name")).collect();
    names.sort();
    scenario.placeholders(&names.pop().expect("a run"))
}

/// The last line, without the line break.
fn last(ended: &Ended) -> &str {
    ended.stdout.lines().last().expect("a line")
}

#[test]
fn applied_then_clean() {
    let scenario = Scenario::new().team(&format!("{HEAD}{TWO}"));
    let ended = scenario.run(APPLY);
    let run = run(&scenario);
    ended.assert(
        0,
        &format!(
            r#"{{"event":"started","format_version":1,"plan_id":"$DIGEST","endpoint":"$ENDPOINT","changes":2,"attention":0}}
{{"event":"change","action":"invite","email":"ana@example.com","first_name":"Ana","last_name":"Oak","projects":{{"proj_9KeAhZB1":"USER"}},"outcome":"invited"}}
{{"event":"change","action":"invite","email":"ben@example.com","first_name":"Ben","last_name":"Elm","projects":{{"proj_npnFzPr9":"ADMIN"}},"outcome":"invited"}}
{{"event":"finished","format_version":1,"outcome":"applied","plan_id":"$DIGEST","run":"{run}","changes":2,"done":2,"not_started":0,"counts":{{"invited":2}},"failed":[],"held_back":[],"attention":0,"error":null}}
"#
        ),
        "\
invited ana@example.com: storefront USER
invited ben@example.com: loyalty ADMIN
Applied 2 of 2 changes (1 invited, 1 became ADMIN).
",
    );
    scenario.run(APPLY).assert(
        0,
        r#"{"event":"finished","format_version":1,"outcome":"clean","plan_id":"$DIGEST","run":null,"changes":0,"done":0,"not_started":0,"counts":{},"failed":[],"held_back":[],"attention":0,"error":null}
"#,
        "",
    );
}

#[test]
fn partial() {
    let team = format!("{HEAD}{TWO}").replace("{storefront: USER}", "{storefront: role_unknown}");
    let scenario = Scenario::new().team(&team);
    let ended = scenario.run(APPLY);
    let lines: Vec<_> = ended.stdout.lines().collect();
    let reason = "`POST /management/v1/projects/users/invite` was rejected (400 used_incorrect_role, Used incorrect \
                  role, The role 'role_unknown' is incorrect, request_id $REQUEST); fix the problem described here and run \
                  again";
    assert_eq!(
        lines[1],
        format!(
            r#"{{"event":"change","action":"invite","email":"ana@example.com","first_name":"Ana","last_name":"Oak","projects":{{"proj_9KeAhZB1":"role_unknown"}},"outcome":"failed","reason":"{reason}","request_id":"$REQUEST"}}"#
        )
    );
    assert_eq!(
        lines[3],
        format!(
            r#"{{"event":"finished","format_version":1,"outcome":"partial","plan_id":"$DIGEST","run":"{}","changes":2,"done":1,"not_started":0,"counts":{{"invited":1}},"failed":[{{"email":"ana@example.com","reason":"{reason}","request_id":"$REQUEST"}}],"held_back":[],"attention":0,"error":null}}"#,
            run(&scenario)
        )
    );
    assert_eq!((ended.status, lines.len()), (Some(1), 4));
}

#[test]
fn blocked() {
    let policy = "policy: {prune: people}\n";
    let scenario = Scenario::new()
        .team(&format!("{HEAD}{policy}{TWO}"))
        .member("cy@example.com", &[("loyalty", "USER")])
        .member("di@example.com", &[("loyalty", "USER")]);
    scenario.run(APPLY).assert(
        1,
        r#"{"event":"finished","format_version":1,"outcome":"blocked","plan_id":"$DIGEST","run":null,"changes":4,"done":0,"not_started":4,"counts":{},"failed":[],"held_back":[],"attention":2,"error":"plan blocked by 1 guard; nothing will be applied"}
"#,
        "error: plan blocked by 1 guard; nothing will be applied\n",
    );
    assert_eq!(scenario.writes(), [""; 0]);
}

fn start(scenario: &Scenario) -> Child {
    let mut command = scenario.command(&APPLY.split(' ').collect::<Vec<_>>());
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary runs")
}

#[test]
fn locked_then_interrupted() {
    let faults = vec!["trickle,pace=2,method=PUT".parse().expect("a fault")];
    let scenario = Scenario::with(Options { faults, ..Options::default() })
        .team(&format!("{HEAD}{TWO}").replace("{storefront: USER}", "{storefront: ADMIN}"))
        .member("ana@example.com", &[("storefront", "USER")]);
    let first = start(&scenario);
    // A byte of the answer every few milliseconds: there is time for the second apply, and for the signal.
    wait_until("the first change", || scenario.sandbox().log().iter().any(|call| call.method == "PUT"));
    let second = scenario.run(APPLY);
    assert_eq!(second.status, Some(1));
    let (begins, ends) = last(&second).split_once("the ledger is locked by ").expect("a reason");
    assert_eq!(
        begins,
        r#"{"event":"finished","format_version":1,"outcome":"locked","plan_id":null,"run":null,"changes":0,"done":0,"not_started":0,"counts":{},"failed":[],"held_back":[],"attention":0,"error":""#
    );
    assert!(ends.ends_with("run `guestlist unlock` with the same options\"}"), "{ends}");
    send("INT", &first);
    let output = first.wait_with_output().expect("its end");
    let stdout = scenario.placeholders(std::str::from_utf8(&output.stdout).expect("UTF-8"));
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(
        stdout.lines().last().expect("a line"),
        format!(
            r#"{{"event":"finished","format_version":1,"outcome":"interrupted","plan_id":"$DIGEST","run":"{}","changes":2,"done":1,"not_started":1,"counts":{{"role_changed":1}},"failed":[],"held_back":[],"attention":0,"error":"interrupted"}}"#,
            run(&scenario)
        )
    );
}

#[test]
fn failed_before_its_plan_and_in_its_middle() {
    let scenario = Scenario::new().team("version: 2\n");
    let ended = scenario.run(APPLY);
    assert_eq!((ended.status, ended.stdout.lines().count()), (Some(1), 1));
    assert!(
        last(&ended).starts_with(
            r#"{"event":"finished","format_version":1,"outcome":"failed","plan_id":null,"run":null,"changes":0,"done":0,"not_started":0,"counts":{},"failed":[],"held_back":[],"attention":0,"error":"error["#
        ),
        "{}",
        last(&ended)
    );
    scenario.write("team.yaml", &format!("{HEAD}{TWO}"));
    scenario.faults(&["401,method=POST"]);
    let ended = scenario.run(APPLY);
    let reason = "`POST /management/v1/projects/users/invite` failed: invalid credentials (401 unauthorized, \
                  Unauthorized); check VOUCHERIFY_MANAGEMENT_ID and VOUCHERIFY_MANAGEMENT_TOKEN, and the cluster";
    assert_eq!(ended.status, Some(1));
    assert_eq!(
        last(&ended),
        format!(
            r#"{{"event":"finished","format_version":1,"outcome":"failed","plan_id":"$DIGEST","run":"{}","changes":2,"done":0,"not_started":1,"counts":{{}},"failed":[{{"email":"ana@example.com","reason":"{reason}","request_id":null}}],"held_back":[],"attention":0,"error":"{reason}"}}"#,
            run(&scenario)
        )
    );
}

#[test]
fn a_wait_is_an_event() {
    let faults = vec!["429,retry-after=600,method=POST".parse().expect("a fault")];
    let scenario = Scenario::with(Options { faults, ..Options::default() }).team(&format!("{HEAD}{TWO}"));
    let mut child = start(&scenario);
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("a pipe")));
    let mut next = || scenario.placeholders(&lines.next().expect("a line").expect("text"));
    assert!(next().starts_with(r#"{"event":"started","#));
    let line = next();
    // The time is the one that the service named, on this day or the next one.
    let time = line.strip_prefix(r#"{"event":"waiting","for":"rate_limit","until":""#).expect(&line);
    assert!(time.ends_with("T$TIMEZ\"}"), "{line}");
    send("INT", &child);
    let last = lines.last().expect("a line").expect("text");
    assert!(last.starts_with(r#"{"event":"finished","format_version":1,"outcome":"interrupted","#), "{last}");
    assert_eq!(child.wait().expect("its end").code(), Some(130));
}

#[test]
fn without_yes_a_terminal_is_needed_as_ever() {
    let scenario = Scenario::new().team(&format!("{HEAD}{TWO}"));
    let ended = scenario.run("apply --format json");
    assert_eq!(ended.status, Some(1));
    assert_eq!(
        ended.stdout,
        r#"{"event":"finished","format_version":1,"outcome":"failed","plan_id":"$DIGEST","run":null,"changes":2,"done":0,"not_started":2,"counts":{},"failed":[],"held_back":[],"attention":0,"error":"cannot ask for confirmation (not a terminal); pass --yes to proceed"}
"#
    );
    // The plan that would have to be confirmed is on standard error.
    assert!(ended.stderr.starts_with("1 invited · 1 becomes ADMIN · 2 calls"), "{}", ended.stderr);
    assert_eq!(scenario.writes(), [""; 0]);
}
