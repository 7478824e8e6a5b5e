//! The ledger in a bucket, through the real binary against an S3 server: what every command does with it, and what
//! it says if it cannot.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use guestlist::sandbox::{Options, RateLimit};
use serde_json::Value;

use crate::engine::{self, Bucket, Engine, Relay, Server};
use crate::kills::wait_until;
use crate::scenario::{HEAD, Scenario};

const PEOPLE: &str = "\
people:
  - {email: a@example.com, first_name: A, last_name: A, projects: {storefront: USER}}
  - {email: b@example.com, first_name: B, last_name: B, projects: {loyalty: USER}}
";

fn scenario() -> Option<Scenario> {
    let bucket = engine::bucket()?;
    Some(Scenario::new().team(&format!("{HEAD}{PEOPLE}")).in_bucket(bucket))
}

fn bucket(scenario: &Scenario) -> &Bucket {
    scenario.bucket().expect("a bucket")
}

/// The keys of the ledger's objects, without ids.
fn keys(scenario: &Scenario) -> Vec<String> {
    let bucket = bucket(scenario);
    let (_, prefix) = bucket.url.split_once("ledgers/").expect("a bucket");
    let listed = bucket.list();
    let keys = listed.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
    let keys = keys.filter_map(|key| key.strip_prefix(prefix)?.strip_prefix('/'));
    keys.map(|key| if key.starts_with("check/") { "check/$ID.json".to_owned() } else { key.to_owned() })
        .collect()
}

#[test]
fn every_command_works_on_a_ledger_in_a_bucket() {
    let Some(scenario) = scenario() else { return };
    let url = bucket(&scenario).url.clone();
    for command in ["log", "status", "report --at 2026-01-01", "unlock --yes"] {
        let ended = scenario.run(command);
        let missing =
            format!("error: no ledger at `{url}`; check the path, or pass another one with --ledger\n");
        assert_eq!((ended.status, ended.stderr), (Some(1), missing), "{command}");
    }
    scenario.run("plan --out saved.json").ok();
    scenario.run("apply --plan saved.json --yes --concurrency 1").ok();
    let (segments, others): (Vec<_>, Vec<_>) =
        keys(&scenario).into_iter().partition(|key| key.starts_with("log/"));
    assert_eq!(others, ["applied.json", "check/$ID.json", "known.json", "lock.json", "store.json"]);
    // On a busy machine, an outcome can have one of its own.
    assert!((4..=6).contains(&segments.len()), "{segments:?}");
    let numbered: Vec<_> = (1..=segments.len()).map(|number| format!("log/{number:020}.jsonl")).collect();
    assert_eq!(segments, numbered);
    let log = scenario.run("log --verify").ok().stdout.clone();
    assert_eq!(log, "ok $RUN.jsonl: 8 records, 2 calls, completed\n1 file checked: all records intact.\n");
    scenario.calls();
    let offline = scenario.run("plan --offline").ok().stdout.clone();
    assert!(offline.starts_with("No changes"), "{offline}");
    assert_eq!(scenario.calls(), []);
    let explained = scenario.run("explain a@example.com").ok().stdout.clone();
    assert!(explained.contains("invited"), "{explained}");
    // The service refuses, and the call is recorded.
    scenario.run("resend a@example.com --yes").assert_status(1);
    let status: Value =
        serde_json::from_str(&scenario.run("status --format json").ok().stdout).expect("JSON");
    assert_eq!((&status["lock"], &status["chain"]), (&Value::Null, &"intact".into()));
    let report = scenario.run("report --at 2099-12-31");
    assert_eq!(report.status, Some(1), "{report:?}");
    scenario.run("report --since 2026-01-01").ok();
    scenario.run("unlock").assert(0, "The ledger is not locked: nothing to do.\n", "");
    // Nothing is left on this machine.
    assert!(!scenario.path(".guestlist").exists());
}

#[test]
fn doctor_says_whether_the_store_answers_and_honors_conditions() {
    let Some(scenario) = scenario() else { return };
    let url = bucket(&scenario).url.clone();
    // The checks of the ledger, which come last.
    let checks = |scenario: &Scenario, command: &str| {
        let ended = scenario.run(command);
        for secret in ["AKIAEXAMPLE", "the-secret-key", "tester"] {
            assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "{ended:?}");
        }
        let (_, checks) =
            ended.stdout.split_once("such as one invitation.\n").expect("the checks of the service");
        (ended.status, checks.to_owned())
    };
    let before = format!(
        "\
passed   ledger store         `{url}` can be listed and read
unknown  conditional writes   the store has not been checked yet
                              The first apply checks the store, and refuses one that does not honor them before it calls the service.
unknown  ledger               there is no ledger at `{url}` yet
                              The first apply creates it. If there was one, check `ledger:` or --ledger.
"
    );
    assert_eq!(checks(&scenario, "doctor"), (Some(0), before));
    assert_eq!(keys(&scenario), [""; 0]);
    scenario.run("apply --yes").ok();
    let after = format!(
        "\
passed   ledger store         `{url}` can be listed and read
passed   conditional writes   honored, according to the recorded check of the store
passed   ledger               `{url}`: 1 run, all records intact
passed   lock                 no run is in progress
"
    );
    assert_eq!(checks(&scenario, "doctor -vv"), (Some(0), after));
    let address = bucket(&scenario).address.clone();
    let mut command = scenario.program(crate::programs::BINARY);
    command.args([
        "doctor",
        "--endpoint",
        &scenario.sandbox().base_url(),
        "--ledger",
        "s3://no-such-bucket/x",
    ]);
    let ended = scenario.finish(command.envs(bucket(&scenario).variables()));
    let failed = format!(
        "\
failed   ledger store         cannot list ledger objects `s3://no-such-bucket/x`: `{address}` answered 404 NoSuchBucket; create the bucket, or check its name, AWS_REGION and AWS_ENDPOINT_URL
                              Check `ledger:` or --ledger, and the variables and permissions of its store.
"
    );
    assert!(ended.stdout.ends_with(&failed), "{}", ended.stdout);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(1), "error: 1 check failed\n"));
}

#[test]
fn a_ledger_can_have_a_bucket_of_its_own() {
    let Some(bucket) = engine::bucket() else { return };
    let scenario = Scenario::new().team(&format!("{HEAD}{PEOPLE}")).in_bucket(bucket.root("own"));
    scenario.run("apply --yes --concurrency 1").ok();
    let log = scenario.run("log --verify").ok().stdout.clone();
    assert_eq!(log, "ok $RUN.jsonl: 8 records, 2 calls, completed\n1 file checked: all records intact.\n");
    scenario.calls();
    scenario.run("apply --yes").ok();
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn a_saved_plan_names_the_bucket() {
    let Some(scenario) = scenario() else { return };
    scenario.write("team.yaml", &format!("{HEAD}ledger: {}\n{PEOPLE}", bucket(&scenario).url));
    scenario.run("plan --out saved.json").ok();
    let saved: Value = serde_json::from_str(&scenario.read("saved.json")).expect("JSON");
    assert_eq!(saved["ledger"], bucket(&scenario).url.as_str());
}

#[test]
fn of_two_runs_at_once_on_one_bucket_the_second_is_refused_and_told_who_is_first() {
    let Some(scenario) = scenario() else { return };
    refuses_the_second(&scenario);
}

/// Starts a second run while the first one waits for an answer, and kills the first.
#[track_caller]
fn refuses_the_second(scenario: &Scenario) {
    scenario.faults(&["hang,method=POST"]);
    let mut first = scenario.command(&["apply", "--yes"]);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    let posts = || scenario.sandbox().log().iter().filter(|call| call.method == "POST").count();
    wait_until("the first two calls", || posts() == 2);
    scenario.calls();
    let second = scenario.run("apply --yes");
    assert_eq!((second.status, second.stdout.as_str()), (Some(1), ""));
    let start = format!("error: the ledger is locked by tester on $HOST (process {}) since ", first.id());
    assert!(second.stderr.starts_with(&start), "{}", second.stderr);
    assert_eq!(scenario.writes(), [""; 0], "the second one wrote");
    first.kill().expect("a process");
    first.wait().expect("its end");
    scenario.faults(&[]);
    scenario.run("unlock --yes").ok();
    scenario.run("apply --yes").ok();
    scenario.run("log --verify").ok();
}

#[test]
fn runs_that_start_at_the_same_moment_end_one_after_the_other_or_refused() {
    let Some(scenario) = scenario() else { return };
    for _ in 0..4 {
        let start = || {
            let mut command = scenario.command(&["apply", "--yes"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
        };
        let runs = [start(), start(), start()].map(|run| run.wait_with_output().expect("its end"));
        let is_fine = |run: &std::process::Output| {
            let said = String::from_utf8_lossy(&run.stderr).into_owned();
            run.status.success() || said.contains("the ledger is locked by tester on ")
        };
        assert!(runs.iter().all(is_fine) && runs.iter().any(|run| run.status.success()), "{runs:?}");
    }
    let invitations = scenario.writes().iter().filter(|call| call.ends_with("/invite")).count();
    assert_eq!(invitations, 2);
    scenario.run("log --verify").ok();
}

#[test]
fn a_run_whose_lock_is_released_by_hand_sends_nothing_more() {
    let Some(bucket) = engine::bucket() else { return };
    let faults = vec!["503,retry-after=4,method=POST,times=1".parse().expect("a fault")];
    let scenario = Scenario::with(Options { faults, ..Options::default() }).team(&format!("{HEAD}{PEOPLE}"));
    let scenario = scenario.in_bucket(bucket);
    let mut command = scenario.command(&["apply", "--yes", "--concurrency", "1"]);
    let first = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let posts = || scenario.sandbox().log().iter().filter(|call| call.method == "POST").count();
    wait_until("the first call", || posts() == 1);
    scenario.run("unlock --yes").ok();
    let output = first.wait_with_output().expect("its end");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(posts(), 1, "{said}");
    assert!(said.contains("the lock on the ledger `s3://ledgers/"), "{said}");
    scenario.run("apply --yes").ok();
}

#[test]
fn a_store_that_goes_away_in_the_middle_stops_calls_and_the_next_run_continues() {
    let Some(server) = Server::start(Engine::Moto) else { return };
    let bucket = server.bucket();
    let relay = Relay::start(&bucket, u64::MAX);
    let scenario = Scenario::new().team(&format!("{HEAD}{PEOPLE}")).in_bucket(relay.before(&bucket));
    scenario.faults(&["hang,method=POST,at=4"]);
    let mut command = scenario.command(&["apply", "--yes", "--concurrency", "1"]);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    wait_until("the first call", || scenario.sandbox().log().iter().any(|call| call.method == "POST"));
    relay.cut();
    scenario.faults(&[]);
    let output = run.wait_with_output().expect("its end");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{said}");
    // It is said once.
    assert_eq!(said.matches("cannot write ledger object `s3://ledgers/team-").count(), 1, "{said}");
    // The first call was made again after its time-out only if the lock was still held.
    assert!(scenario.writes().len() <= 2, "{said}");
    let scenario = scenario.in_bucket(bucket);
    scenario.run("unlock --yes").ok();
    scenario.run("apply --yes").ok();
    scenario.run("log --verify").ok();
}

#[test]
fn what_is_missing_is_said_in_one_sentence() {
    let scenario = Scenario::new().team(&format!("{HEAD}{PEOPLE}"));
    let said = |variables: &[(&str, &str)], url: &str| {
        let mut command = scenario.command(&["apply", "--yes", "--ledger", url]);
        let ended = scenario.finish(command.envs(variables.iter().copied()));
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
        ended.stderr
    };
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "the-secret-key")];
    // One half of each pair is none.
    for half in [
        None,
        Some("AWS_ACCESS_KEY_ID"),
        Some("AWS_SECRET_ACCESS_KEY"),
        Some("AWS_WEB_IDENTITY_TOKEN_FILE"),
        Some("AWS_ROLE_ARN"),
        Some("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        Some("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    ] {
        let variables: Vec<_> = half.iter().map(|name| (*name, "http://127.0.0.1:1/half")).collect();
        assert_eq!(
            said(&variables, "s3://ledgers/x"),
            "error: cannot use the ledger `s3://ledgers/x`: no credentials: set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY, or AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN\n",
            "{half:?}"
        );
    }
    assert_eq!(
        said(&[("AWS_PROFILE", "prod")], "s3://ledgers/x"),
        "error: cannot use the ledger `s3://ledgers/x`: no credentials: set AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN; AWS_PROFILE is not read, but `aws \
         configure export-credentials --format env` prints these variables\n"
    );
    let expired = [keys[0], keys[1], ("AWS_CREDENTIAL_EXPIRATION", "2026-01-01T00:00:00Z")];
    assert_eq!(
        said(&expired, "s3://ledgers/x"),
        "error: cannot use the ledger `s3://ledgers/x`: the credentials expired at 2026-01-01T$TIMEZ; set new \
         ones\n"
    );
    assert_eq!(
        said(&[], "az://ledgers/x"),
        "error: cannot use the ledger `az://ledgers/x`: no account: set AZURE_STORAGE_ACCOUNT_NAME\n"
    );
    assert_eq!(
        said(&[("AZURE_STORAGE_ACCOUNT_NAME", "acme")], "az://ledgers/x"),
        "error: cannot use the ledger `az://ledgers/x`: no credentials: set AZURE_STORAGE_ACCOUNT_KEY or \
         AZURE_STORAGE_SAS_TOKEN, or AZURE_CLIENT_ID and AZURE_TENANT_ID with AZURE_FEDERATED_TOKEN_FILE or \
         AZURE_CLIENT_SECRET\n"
    );
    let plain = [keys[0], keys[1], ("AWS_ENDPOINT_URL", "http://192.0.2.1:9000"), ("AWS_ALLOW_HTTP", "true")];
    assert_eq!(
        said(&plain, "s3://ledgers/x"),
        "error: cannot read ledger lock `s3://ledgers/x/lock.json`: plain `http://` to `192.0.2.1:9000` would expose the \
         ledger to the network; use `https://`\n"
    );
    assert_eq!(
        said(&[], "gs://ledgers/x"),
        "error: invalid ledger `gs://ledgers/x`: Google Cloud Storage is not supported; use `s3://` or `az://`\n"
    );
    // A file alone cannot be told from a typing error, so the URL is not shown with what may be a secret.
    assert_eq!(
        said(&[], "s3://id:the-secret-key@ledgers/x"),
        "error: invalid ledger `s3://*****************@ledgers/x`: credentials do not belong in a URL; pass them in \
         the environment\n"
    );
    assert_eq!(scenario.writes(), [""; 0]);

    let Some(bucket) = engine::bucket() else { return };
    let variables = bucket.variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(
        said(&variables, "s3://no-such-bucket/x"),
        format!(
            "error: cannot read ledger lock `s3://no-such-bucket/x/lock.json`: `{}` answered 404 NoSuchBucket; create \
             the bucket, or check its name, AWS_REGION and AWS_ENDPOINT_URL\n",
            bucket.address
        )
    );
}

/// `time` from now, as a variable or a signature says it.
fn in_seconds(time: u64) -> String {
    format!("{:.0}", jiff::Timestamp::now() + Duration::from_secs(time))
}

#[test]
fn credentials_that_expire_before_a_run_can_end_are_refused_before_the_first_call() {
    let scenario = Scenario::new().team(&format!("{HEAD}{PEOPLE}"));
    let soon = in_seconds(50);
    let signature = format!("sv=2022-11-02&sp=rwl&se={}&sig=c2VjcmV0", soon.replace(':', "%3A"));
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "the-secret-key")].as_slice();
    for (url, variables) in [
        ("s3://ledgers/x", [keys, &[("AWS_CREDENTIAL_EXPIRATION", soon.as_str())]].concat()),
        (
            "az://ledgers/x",
            vec![("AZURE_STORAGE_ACCOUNT_NAME", "acme"), ("AZURE_STORAGE_SAS_TOKEN", &signature)],
        ),
    ] {
        for command in ["apply --yes", "resend a@example.com --yes"] {
            let args: Vec<_> = command.split(' ').chain(["--ledger", url]).collect();
            let output =
                scenario.command(&args).envs(variables.iter().copied()).output().expect("the binary");
            let said = String::from_utf8(output.stderr).expect("UTF-8");
            let start = format!("error: the credentials for the ledger `{url}` expire at {soon}, in ");
            let left = said.strip_prefix(&start).unwrap_or_else(|| panic!("{said}"));
            let left = left.split_once(" seconds, and a run may take 60 seconds, so nothing was changed; ");
            assert_eq!(left.expect("a sentence").1, "set credentials that last longer\n");
            assert_eq!(output.status.code(), Some(1));
        }
    }
    assert_eq!(scenario.calls(), []);
}

#[test]
fn credentials_that_expire_before_the_plan_is_applied_are_refused_before_the_first_change() {
    let Some(bucket) = engine::bucket() else { return };
    let rate_limit = Some(RateLimit { calls: 100, period: Duration::from_secs(7) });
    let scenario = Scenario::with(Options { rate_limit, ..Options::default() }).in_bucket(bucket);
    let mut team = format!("{HEAD}people:\n");
    for n in 0..1000 {
        let person = format!("email: p{n}@example.com, first_name: P, last_name: N");
        let _ = writeln!(team, "  - {{{person}, projects: {{storefront: USER}}}}");
    }
    scenario.write("team.yaml", &team);
    let apply = |args: &[&str], seconds: u64| {
        let expires = in_seconds(seconds);
        let mut command = scenario.command(&[&["apply", "--yes"], args].concat());
        let ended = command.env("AWS_CREDENTIAL_EXPIRATION", &expires).output().expect("the binary");
        (expires, ended.status.code(), String::from_utf8(ended.stderr).expect("UTF-8"))
    };
    let (expires, status, said) = apply(&[], 100);
    let start = format!("expire at {expires}, in ");
    assert!(said.contains(&start), "{said}");
    let end = " and the 1000 calls of this plan may take 11 minutes, so nothing was changed; set credentials that last longer\n";
    assert!(said.ends_with(end), "{said}");
    assert_eq!(status, Some(1));
    assert_eq!(scenario.writes(), [""; 0]);
    // The next run finds no lock, and a smaller part can be applied in time.
    let (_, status, said) = apply(&["--max-invites", "5"], 100);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(scenario.writes().len(), 5);
}

#[test]
fn credentials_of_the_store_are_in_no_output_at_any_verbosity() {
    let Some(scenario) = scenario() else { return };
    for command in ["apply --yes -vvv", "log -vvv", "status -vvv"] {
        let ended = scenario.run(command).ok().clone();
        for secret in ["the-secret-key", "AKIAEXAMPLE", "Signature="] {
            assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "{command}: {ended:?}");
        }
    }
}

#[test]
fn a_ledger_moves_to_a_bucket_and_back() {
    let Some(bucket) = engine::bucket() else { return };
    let scenario = Scenario::new().team(&format!("{HEAD}{PEOPLE}"));
    scenario.run("apply --yes").ok();
    let copy = |scenario: &Scenario, from: &str, to: &str| {
        let mut command = scenario.program(crate::programs::BINARY);
        scenario.finish(command.args(["ledger", "copy", from, to]).envs(bucket.variables()))
    };
    let url = bucket.url.as_str();
    copy(&scenario, ".guestlist", url).assert(
        0,
        &format!(
            "Copied 1 run with 8 records from .guestlist to {url}, and compared the copy.\n\
             To use it, name it in the team file (`ledger: {url}`) or with --ledger.\n"
        ),
        "",
    );
    copy(&scenario, ".guestlist", url).assert(
        1,
        "",
        &format!(
            "error: there is something at `{url}` already, and nothing was copied; copy to a new folder or prefix\n"
        ),
    );
    // It goes on there, and comes back.
    let scenario = scenario.in_bucket(bucket.clone());
    scenario.run("plan --detailed-exitcode").ok();
    // The service refuses, and the call is recorded.
    scenario.run("resend a@example.com --yes").assert_status(1);
    copy(&scenario, url, "back").ok();
    let log = |scenario: &Scenario, ledger: &str| {
        let mut command = scenario.program(crate::programs::BINARY);
        command.args(["log", "--format", "json", "--ledger", ledger]).envs(bucket.variables());
        scenario.finish(&mut command).ok().stdout.clone()
    };
    assert_eq!(log(&scenario, url), log(&scenario, "back"));
    copy(&scenario, "nothing", "elsewhere").assert(
        1,
        "",
        "error: no ledger at `nothing`; check the path, or pass another one with --ledger\n",
    );
    copy(&scenario, "back", "team.yaml").assert_status(1);
}

#[test]
fn the_ledger_works_in_a_container_of_azure() {
    let Some(container) = engine::container() else { return };
    let scenario = Scenario::new().team(&format!("{HEAD}{PEOPLE}")).in_bucket(container);
    scenario.run("plan --out saved.json").ok();
    scenario.run("apply --plan saved.json --yes --concurrency 1").ok();
    assert_eq!(scenario.writes().len(), 2);
    scenario.run("log --verify").assert(
        0,
        "ok $RUN.jsonl: 8 records, 2 calls, completed\n1 file checked: all records intact.\n",
        "",
    );
    let status: Value =
        serde_json::from_str(&scenario.run("status --format json").ok().stdout).expect("JSON");
    assert_eq!((&status["lock"], &status["chain"]), (&Value::Null, &"intact".into()));
    scenario.run("unlock").assert(0, "The ledger is not locked: nothing to do.\n", "");
}

#[test]
fn of_two_runs_at_once_on_one_container_of_azure_the_second_is_refused() {
    let Some(container) = engine::container() else { return };
    let scenario = Scenario::new().team(&format!("{HEAD}{PEOPLE}")).in_bucket(container);
    refuses_the_second(&scenario);
}

#[test]
fn a_store_that_ignores_conditions_is_refused_before_any_call() {
    let Some(server) = Server::start(Engine::S3rver) else { return };
    for _ in 0..5 {
        let bucket = server.bucket();
        let scenario = Scenario::new().team(&format!("{HEAD}{PEOPLE}")).in_bucket(bucket.clone());
        let ended = scenario.run("apply --yes");
        let refusal = format!(
            "error: the object store of `{}` cannot keep a ledger: of two objects created at once with If-None-Match, \
             both were accepted; use another store, or a folder\n",
            bucket.url
        );
        ended.assert(1, "", &refusal);
        assert_eq!(scenario.writes(), [""; 0]);
    }
}
