//! `guestlist doctor`: what it finds, without a write to the service or the ledger.

use guestlist::sandbox::Options;
use serde_json::json;

use crate::scenario::{HEAD, Scenario};

const TEAM: &str = "\
people:
  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {loyalty: ADMIN}}
";

fn scenario() -> Scenario {
    Scenario::new().team(&format!("{HEAD}{TEAM}")).member("kim@example.com", &[("storefront", "USER")])
}

#[test]
fn a_working_set_up_passes_by_reading_alone() {
    let scenario = scenario();
    scenario.run("apply --yes").ok();
    scenario.calls();
    let ledger = scenario.read_all(".guestlist");
    scenario.run("doctor").assert(
        0,
        "\
passed   team file            team.yaml: 1 person, 2 projects
passed   credentials          accepted by the service
passed   service              $ENDPOINT answers
passed   projects             2 managed projects of 2 in the organization
passed   member lists         2 members in 2 projects, consistent
passed   totals               each list has as many users as its total
passed   paging               `limit` and `page` are honored; the longest list has 2 users
passed   rows of users        each has all projects of the user
passed   pending invitations  1 person in the ledger, not in the member lists
passed   rate limit           2000 calls, period not known yet, 1991 left
unknown  permission to write  reading does not show whether the key may invite and change roles; the first apply does
                              If none has succeeded yet, apply a small change first, such as one invitation.
passed   ledger               `.guestlist`: 1 run, all records intact
passed   lock                 no run is in progress
",
        "",
    );
    let calls: Vec<_> =
        scenario.calls().into_iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    let users = |project: &str| format!("GET /management/v1/projects/{project}/users");
    assert_eq!(calls[0], "GET /management/v1/projects");
    let mut lists = [calls[1].clone(), calls[2].clone()];
    lists.sort();
    assert_eq!(lists, [users("proj_9KeAhZB1"), users("proj_npnFzPr9")]);
    assert_eq!(calls[3..], [users("proj_9KeAhZB1"), users("proj_9KeAhZB1")]);
    assert_eq!(scenario.read_all(".guestlist"), ledger);
}

#[test]
fn what_fails_says_what_to_do() {
    let scenario = scenario();
    scenario.write("team.yaml", &format!("{HEAD}{TEAM}").replace("proj_npnFzPr9", "proj_other"));
    scenario.faults(&["403,path=users"]);
    scenario.run("doctor").assert(
        1,
        "\
passed   team file            team.yaml: 1 person, 2 projects
passed   credentials          accepted by the service
passed   service              $ENDPOINT answers
failed   projects             loyalty (proj_other) is not in the organization
                              Check the ids under `projects`, and that the credentials are of this organization.
failed   member lists         `GET /management/v1/projects/proj_9KeAhZB1/users?limit=100&page=1` failed: these credentials do not have permission (403, Forbidden); check the key in Team settings, and whether it is bound to an IP address
passed   rate limit           2000 calls, period not known yet, 1999 left
unknown  permission to write  reading does not show whether the key may invite and change roles; the first apply does
                              If none has succeeded yet, apply a small change first, such as one invitation.
unknown  ledger               there is no ledger at `.guestlist` yet
                              The first apply creates it. If there was one, check `ledger:` or --ledger.
",
        "error: 2 checks failed\n",
    );
    assert!(!scenario.path(".guestlist").exists());
}

#[test]
fn credentials_that_the_service_refuses_are_told_from_a_service_that_is_down() {
    let of_fault = |fault: &str| {
        let scenario = scenario();
        scenario.faults(&[fault]);
        let ended = scenario.run("doctor");
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(1), "error: 1 check failed\n"));
        let checks = ended.stdout.strip_prefix("passed   team file    team.yaml: 1 person, 2 projects\n");
        let checks = checks.and_then(|checks| {
            checks.strip_suffix(
                "\
unknown  ledger       there is no ledger at `.guestlist` yet
                      The first apply creates it. If there was one, check `ledger:` or --ledger.
",
            )
        });
        checks.unwrap_or_else(|| panic!("{}", ended.stdout)).to_owned()
    };
    assert_eq!(
        of_fault("401"),
        "\
failed   credentials  `GET /management/v1/projects` failed: invalid credentials (401 unauthorized, Unauthorized); check VOUCHERIFY_MANAGEMENT_ID and VOUCHERIFY_MANAGEMENT_TOKEN, and the cluster
                      Both must be of one Management API key of this organization, and the key must not be bound to another IP address.
passed   service      $ENDPOINT answers
"
    );
    assert_eq!(
        of_fault("402"),
        "\
unknown  credentials  not known: the service did not check them
failed   service      `GET /management/v1/projects` failed: the Voucherify plan does not include the Management API (402 missing_required_feature, Payment required, Your current plan does not include a feature required to perform this operation.); ask Voucherify to add it
"
    );
    assert_eq!(
        of_fault("redirect"),
        "\
unknown  credentials  present; not known whether the service accepts them
failed   service      `GET /management/v1/projects` was redirected to `/management/v1/redirected` (302); guestlist does not follow redirects, because they could expose the credentials; check the cluster or the endpoint
"
    );
}

#[test]
fn a_damaged_ledger_a_broken_file_and_json() {
    let scenario = Scenario::with(Options { rate_limit: None, ..Options::default() });
    scenario.write("team.yaml", "version: 2\n");
    scenario.write(".guestlist/runs/20261122T120000Z-0000000000000000.jsonl", "{}\n{}\n");
    let ended = scenario.run("doctor --format json");
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(1), "error: 2 checks failed\n"));
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let check = |check, status, text, advice: Option<&str>| {
        let mut expected = json!({"check": check, "status": status, "text": text});
        if let Some(advice) = advice {
            expected["advice"] = advice.into();
        }
        expected
    };
    let checks = vec![
        check("team file", "failed", "team.yaml has errors", Some("Run `guestlist validate`.")),
        check("credentials", "passed", "accepted by the service", None),
        check("service", "passed", "$ENDPOINT answers", None),
        check("projects", "passed", "2 projects", None),
        check("member lists", "passed", "1 member in 2 projects, consistent", None),
        check("totals", "passed", "each list has as many users as its total", None),
        check("paging", "unknown", "no project has two members to put on two pages", None),
        check("rows of users", "passed", "each has all projects of the user", None),
        check("pending invitations", "unknown", "the ledger cannot be read", None),
        check(
            "rate limit",
            "unknown",
            "the service sends no rate-limit headers",
            Some("A run learns the limit from refusals."),
        ),
        check(
            "permission to write",
            "unknown",
            "reading does not show whether the key may invite and change roles; the first apply does",
            Some("If none has succeeded yet, apply a small change first, such as one invitation."),
        ),
        check("ledger", "failed", "`.guestlist`: 1 run, modified", Some("Run `guestlist log --verify`.")),
        check("lock", "passed", "no run is in progress", None),
    ];
    assert_eq!(json, json!({"checks": checks}));
}
