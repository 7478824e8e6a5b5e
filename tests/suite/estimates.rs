//! A plan says how long its calls take, and no more than the service has told about its rate limit.

use std::fmt::Write as _;
use std::time::Duration;

use guestlist::sandbox::{Options, Organization, RateLimit};
use serde_json::{Value, json};

use crate::scenario::{HEAD, Scenario};

/// The first line of the plan that invites so many people.
fn verdict(calls: u64, seconds: u64, listed: Option<&str>, invited: usize) -> String {
    let rate_limit = Some(RateLimit { calls, period: Duration::from_secs(seconds) });
    let scenario =
        Scenario::with(Options { organization: organization(listed), rate_limit, ..Options::default() });
    let mut team = format!("{HEAD}people:\n");
    for n in 0..invited {
        let person = format!("email: p{n}@example.com, first_name: P, last_name: N");
        let _ = writeln!(team, "  - {{{person}, projects: {{storefront: USER}}}}");
    }
    scenario.write("team.yaml", &team);
    let plan = scenario.run("plan");
    plan.ok().stdout.lines().next().expect("a line").to_owned()
}

/// The example, whose projects list a limit of 100 calls in that time.
fn organization(listed: Option<&str>) -> Organization {
    let mut organization = serde_json::to_value(Organization::example()).expect("JSON");
    if let Some(duration) = listed {
        for project in organization["projects"].as_array_mut().expect("projects") {
            project["limit"] = json!({"value": 100, "duration": duration});
        }
    }
    serde_json::from_value::<Organization>(organization).expect("an organization")
}

#[test]
fn calls_that_fit_in_the_window_do_not_wait() {
    assert_eq!(verdict(100, 6, None, 97), "97 invited · 97 calls, no wait for the rate limit");
}

#[test]
fn the_length_of_a_window_that_was_not_told_is_not_guessed() {
    for seconds in [6, 3600] {
        assert_eq!(
            verdict(100, seconds, None, 500),
            "500 invited · 500 calls, 5 rate-limit windows of 100 calls (length unknown)"
        );
    }
}

#[test]
fn the_length_of_a_window_in_list_projects_counts() {
    assert_eq!(verdict(100, 6, Some("PT6S"), 500), "500 invited · 500 calls, about 30 seconds");
    assert_eq!(verdict(100, 3600, Some("PT1H"), 500), "500 invited · 500 calls, about 5 hours");
}

#[test]
fn a_window_that_is_used_up_tells_when_it_ends() {
    // The reading takes the whole window of three calls.
    assert_eq!(verdict(3, 600, None, 3), "3 invited · 3 calls, about 10 minutes");
    assert_eq!(verdict(3, 600, None, 10), "10 invited · 10 calls, at least 40 minutes");
}

#[test]
fn the_json_of_a_plan_has_no_estimate() {
    let scenario = Scenario::new().team(&format!("{HEAD}people: []\n"));
    let plan: Value = serde_json::from_str(&scenario.run("plan --format json").ok().stdout).expect("JSON");
    let keys: Vec<_> = plan["summary"].as_object().expect("a summary").keys().map(String::as_str).collect();
    let expected =
        ["assign", "attention", "calls", "change_role", "invite", "new_admins", "removals", "unassign"];
    assert_eq!(keys, expected);
}
