//! `status`: what it says of a schedule, in every format, from the ledger alone.

use std::process::Command;

use guestlist::ledger::{Finding, Ledger, LedgerLocation, StoreVariables};
use guestlist::model::{Endpoint, ProjectId};
use guestlist::plan::Drift;
use jiff::{SignedDuration, Timestamp};

use crate::scenario::{Ended, HEAD, Scenario};

const STOREFRONT: &str = "proj_9KeAhZB1";
const LOYALTY: &str = "proj_npnFzPr9";

fn people(until: &str) -> String {
    format!(
        "{HEAD}people:
  - {{email: ana@example.com, first_name: Ana, last_name: Oak, projects: {{storefront: ADMIN}}, until: {until}}}
  - {{email: ben@example.com, first_name: Ben, last_name: Elm, projects: {{loyalty: USER}}}}
"
    )
}

fn today() -> jiff::civil::Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// A ledger with an apply, and a last day of access in three days.
fn scenario() -> Scenario {
    let until = today() + SignedDuration::from_hours(72);
    let scenario = Scenario::new().team(&people(&until.to_string()));
    scenario.run("apply --yes").ok();
    scenario
}

/// Records what a live reading found so many hours ago.
fn found(scenario: &Scenario, hours_ago: i64, drift: Option<&str>) -> Timestamp {
    let ledger =
        Ledger::open(&LedgerLocation::Folder(scenario.path(".guestlist")), &StoreVariables::default())
            .expect("a ledger");
    let at = Timestamp::now() - SignedDuration::from_hours(hours_ago);
    let projects = [STOREFRONT, LOYALTY].map(ProjectId::new).into();
    let realm: Endpoint = scenario.sandbox().base_url().parse().expect("an endpoint");
    let drift_of =
        |id: &str| Finding::Drift(Drift { id: id.to_owned(), since: at, changes: 2, attention: 1 });
    let finding = drift.map_or(Finding::Clean, drift_of);
    ledger.keep_convergence(realm.realm(), &projects, at, &finding).expect("a document");
    at
}

/// Runs the command without credentials.
fn without_credentials(scenario: &Scenario, args: &str) -> Ended {
    let args: Vec<_> = args.split_whitespace().collect();
    let mut command: Command = scenario.command(&args);
    command.env_remove("VOUCHERIFY_MANAGEMENT_ID").env_remove("VOUCHERIFY_MANAGEMENT_TOKEN");
    scenario.finish(&mut command)
}

/// The status as JSON, with its times.
fn json(mut command: Command) -> serde_json::Value {
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn the_status_is_said_in_words_without_credentials_and_without_a_call() {
    let scenario = scenario();
    scenario.calls();
    let soon = today() + SignedDuration::from_hours(72);
    found(&scenario, 30, None);
    found(&scenario, 0, Some("1a2b"));
    without_credentials(&scenario, "status").assert(
        0,
        &format!(
            "\
Ledger .guestlist, $TODAY $TIME UTC
  last run       $TODAY $TIME UTC apply by tester on $HOST (completed)
  last clean     {} $TIME UTC (30 hours ago)
  drift          2 changes and 1 note with attention since $TODAY $TIME UTC (drift id 1a2b)
  invitations    2 pending
  stale          none
  reviews due    none
  ends in 14 d   1: ana@example.com on {soon}
  ADMINs         loyalty 1, storefront 1
  lock           not locked
  chain          intact
",
            (Timestamp::now() - SignedDuration::from_hours(30)).strftime("%Y-%m-%d")
        ),
        "",
    );
    assert_eq!(scenario.calls(), []);
}

#[test]
fn the_status_as_json_has_ids_and_times() {
    let scenario = scenario();
    let clean = found(&scenario, 30, None);
    let since = found(&scenario, 20, Some("1a2b"));
    found(&scenario, 10, Some("1a2b"));
    let stamp = |at: Timestamp| serde_json::Value::from(format!("{at:.3}"));
    let mut status = json(scenario.command(&["status", "--format", "json"]));
    let run = status["last_run"].take();
    assert_eq!(run["command"], "apply");
    assert_eq!((&run["actor"], &run["ended"]), (&"tester".into(), &"completed".into()));
    let name = std::fs::read_dir(scenario.path(".guestlist/runs")).expect("runs").next();
    let name = name.expect("a run").expect("a run").file_name();
    assert_eq!(run["run"], *name.to_string_lossy());
    assert_eq!(
        status,
        serde_json::json!({
            "last_run": null,
            "last_clean": stamp(clean),
            "drift": { "id": "1a2b", "since": stamp(since), "changes": 2, "attention": 1 },
            "invitations": { "open": 2, "stale": 0 },
            "reviews_due": 0,
            "ending_soon": 1,
            "admins": { STOREFRONT: 1, LOYALTY: 1 },
            "lock": null,
            "chain": "intact",
        })
    );
    // Without a team file: nothing that only the file knows, and the organization that the ledger names.
    std::fs::remove_file(scenario.path("team.yaml")).expect("a removal");
    let bare = json(scenario.bare_command(&["status", "--format", "json"]));
    assert_eq!((&bare["reviews_due"], &bare["ending_soon"]), (&().into(), &().into()));
    assert_eq!((&bare["last_clean"], &bare["admins"]), (&stamp(clean), &status["admins"]));
    let text = scenario.run("status");
    assert!(text.ok().stdout.contains("\n  reviews due    unknown: no team file\n"), "{}", text.stdout);
}

#[test]
fn gauges_are_written_as_a_file_that_a_collector_can_read() {
    let scenario = scenario();
    let clean = found(&scenario, 30, None);
    found(&scenario, 10, Some("1a2b"));
    let ended = without_credentials(&scenario, "status --format prometheus --out guestlist.prom");
    ended.assert(0, "", "");
    let text = scenario.read("guestlist.prom");
    let run: i64 = text
        .lines()
        .find_map(|line| line.strip_prefix("guestlist_last_run_timestamp_seconds "))
        .and_then(|value| value.parse().ok())
        .expect("a time");
    assert!((0..60).contains(&(Timestamp::now().as_second() - run)), "{run}");
    assert_eq!(
        text,
        format!(
            "\
# HELP guestlist_last_clean_timestamp_seconds Time of the last live reading without changes and attention; 0 if there was none.
# TYPE guestlist_last_clean_timestamp_seconds gauge
guestlist_last_clean_timestamp_seconds {}
# HELP guestlist_last_run_timestamp_seconds Start of the last run that recorded anything; 0 if there was none.
# TYPE guestlist_last_run_timestamp_seconds gauge
guestlist_last_run_timestamp_seconds {run}
# HELP guestlist_drift_changes Changes that the last live reading needed.
# TYPE guestlist_drift_changes gauge
guestlist_drift_changes 2
# HELP guestlist_attention Notes in the last live reading that ask a person to act.
# TYPE guestlist_attention gauge
guestlist_attention 1
# HELP guestlist_invitations Pending invitations; open includes stale ones.
# TYPE guestlist_invitations gauge
guestlist_invitations{{state=\"open\"}} 2
guestlist_invitations{{state=\"stale\"}} 0
# HELP guestlist_admins ADMINs of each managed project.
# TYPE guestlist_admins gauge
guestlist_admins{{project=\"{STOREFRONT}\"}} 1
guestlist_admins{{project=\"{LOYALTY}\"}} 1
",
            clean.as_second()
        )
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            |name: &str| std::fs::metadata(scenario.path(name)).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode("guestlist.prom") & 0o004, 0o004);
        // Text names people.
        scenario.run("status --out status.txt").ok();
        assert_eq!(mode("status.txt"), 0o600);
    }
}

#[test]
fn a_schedule_that_stopped_is_an_error() {
    let scenario = Scenario::new().team(&people("2999-12-31"));
    scenario.run("plan").ok();
    let never = "error: no clean convergence is recorded (--max-age 24 hours)\n";
    let ended = scenario.run("status --format json --max-age 1d");
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(1), never));
    assert!(ended.stdout.contains("\"last_clean\":null"), "{}", ended.stdout);
    let clean = found(&scenario, 30, None);
    scenario.run("status --max-age 31h").ok();
    scenario.run("status --max-age 2d").ok();
    let ended = scenario.run("status --max-age 1d --out status.txt");
    let old = scenario.placeholders(&format!(
        "error: the last clean convergence was 30 hours ago, on {clean:.0}, which is longer than --max-age 24 hours\n"
    ));
    ended.assert(1, "", &old);
    assert!(scenario.read("status.txt").contains("(30 hours ago)"));
    for wrong in ["soon", "12", "-1h"] {
        let ended = scenario.run(&format!("status --max-age={wrong}"));
        assert_eq!(ended.status, Some(1));
        assert!(ended.stderr.contains("expected a duration such as 36h, 2d or 90m"), "{}", ended.stderr);
    }
}

#[test]
fn damage_is_reported_before_the_status_and_in_it() {
    let scenario = scenario();
    let run = std::fs::read_dir(scenario.path(".guestlist/runs")).expect("runs").next();
    let run = run.expect("a run").expect("a run").path();
    let text = std::fs::read_to_string(&run).expect("a run");
    std::fs::write(&run, text.replace("ben@example.com", "eve@example.com")).expect("an edit");
    let ended = scenario.run("status");
    assert_eq!(ended.status, Some(0));
    assert!(
        ended.stderr.starts_with("warning: `") && ended.stderr.ends_with("was edited\n"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stdout.ends_with("  chain          damaged: run `guestlist log --verify`\n"),
        "{}",
        ended.stdout
    );
    assert_eq!(json(scenario.command(&["status", "--format", "json"]))["chain"], "damaged");
    scenario.run("status --ledger mistyped").assert(
        1,
        "",
        "error: no ledger at `mistyped`; check the path, or pass another one with --ledger\n",
    );
}
