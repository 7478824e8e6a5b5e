//! `--sandbox`: a rehearsal with an organization and a ledger of its own, that never touches the audit trail.

use std::fs;

use crate::scenario::{HEAD, Scenario};

const ONE: &str =
    "people:\n  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: USER}}\n";

#[test]
fn a_rehearsal_never_touches_the_audit_trail() {
    let scenario = Scenario::new().team(&format!("{HEAD}{ONE}"));
    scenario.run("apply --yes").ok();
    let trail = scenario.read_all(".guestlist");
    assert!(scenario.run("apply --sandbox --yes").ok().stdout.ends_with("(1 invited).\n"));
    assert!(scenario.run("log --sandbox").ok().stdout.contains("apply to sandbox"));
    assert!(scenario.run("plan --sandbox --offline").ok().stdout.contains("invited today"));
    scenario.run("unlock --sandbox --yes").ok();
    assert!(scenario.path(".guestlist/sandbox/organization.json").is_file());
    assert!(scenario.path(".guestlist/sandbox/runs").is_dir());
    assert!(!scenario.run("log").ok().stdout.contains("sandbox"));
    // The folder is all there is to a rehearsal.
    fs::remove_dir_all(scenario.path(".guestlist/sandbox")).expect("a folder");
    assert_eq!(scenario.read_all(".guestlist"), trail);
    assert!(scenario.run("apply --sandbox --yes").ok().stdout.ends_with("(1 invited).\n"), "it started over");
    assert_eq!(scenario.writes().len(), 1);
}

#[test]
fn a_rehearsal_keeps_out_of_git() {
    let scenario = Scenario::new().team(&format!("{HEAD}{ONE}"));
    scenario.run("plan --sandbox").ok();
    assert_eq!(scenario.read(".guestlist/.gitignore"), "*\n");
    // A ledger that is there is left as it is.
    let scenario = Scenario::new().team(&format!("{HEAD}{ONE}")).file(".guestlist/kept", "");
    scenario.run("plan --sandbox").ok();
    assert!(!scenario.path(".guestlist/.gitignore").exists());
    assert_eq!(scenario.read(".guestlist/sandbox/.gitignore"), "*\n");
}

#[test]
fn the_arguments_of_a_rehearsal_are_followed() {
    let scenario = Scenario::new().team(&format!("{HEAD}ledger: records\n{ONE}"));
    scenario.run("apply --sandbox=kept.json --ledger elsewhere --yes").ok();
    assert!(scenario.path("kept.json").is_file() && scenario.path("elsewhere/runs").is_dir());
    assert!(!scenario.path(".guestlist").exists() && !scenario.path("records").exists());
}

#[test]
fn a_plan_that_was_rehearsed_is_applied_where_it_was_made() {
    let scenario = Scenario::new().file("teams/team.yaml", &format!("{HEAD}{ONE}"));
    scenario.run("plan teams/team.yaml --sandbox --out plan.json").ok();
    scenario.run("apply --plan plan.json --sandbox --yes").ok();
    assert!(scenario.path("teams/.guestlist/sandbox/runs").is_dir() && !scenario.path(".guestlist").exists());
    // Without `--sandbox` it is not applied, and nothing is recorded beside the rehearsals.
    let ended = scenario.run("apply --plan plan.json --yes");
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn a_sandbox_run_has_no_rate_limit_to_wait_for() {
    let scenario = Scenario::new().team(&format!("{HEAD}{ONE}"));
    // The time that the calls will take is left out only if the service names no rate limit.
    let first_line = |args: &str| scenario.run(args).ok().stdout.lines().next().map(str::to_owned);
    assert_eq!(first_line("plan --sandbox").as_deref(), Some("1 invited · 1 call"));
    assert_eq!(first_line("plan").as_deref(), Some("1 invited · 1 call, less than a second"));
}
