//! `--only`: a plan for some people alone, whatever is wrong elsewhere.

use serde_json::Value;

use crate::scenario::{HEAD, Scenario};

const INVITE: &str = "POST /management/v1/projects/users/invite";

/// Eve leaves; Ana and Ben are new; dropping eight others is blocked.
fn scenario() -> Scenario {
    let mut scenario = Scenario::new().team(&format!(
        "{HEAD}people:
  - {{email: ana@example.com, first_name: Ana, last_name: Oak, projects: {{storefront: USER}}}}
  - {{email: ben@example.com, first_name: Ben, last_name: Elm, projects: {{loyalty: ADMIN}}}}
policy: {{prune: people, max_removals: 1}}
"
    ));
    for name in ["eve", "fay", "gus", "hal"] {
        let access = [("storefront", "USER"), ("loyalty", "VIEWER")];
        scenario = scenario.member(&format!("{name}@example.com"), &access);
    }
    scenario
}

#[test]
fn an_urgent_offboarding_does_not_wait_for_somebody_else() {
    let scenario = scenario();
    scenario.run("apply --yes").assert_status(1);
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.run("apply --yes --only eve@example.com").assert(0, "\
1 loses access · 1 needs attention · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC
Only for eve@example.com: 5 changes of other people are left out

Loses access (1)
  - eve@example.com  storefront USER → none

Needs attention (1)
  ! eve@example.com  keeps VIEWER in loyalty: the API cannot remove a user's last project; delete the user in Team settings

Plan id: $DIGEST
Applied 1 of 1 change (1 lost access).
", "unassigned eve@example.com: storefront USER → none\n");
    assert_eq!(scenario.writes().len(), 1);
}

#[test]
fn changes_that_are_left_out_are_drift_all_the_same() {
    let scenario = Scenario::new()
        .team(&format!(
            "{HEAD}people:
  - {{email: ana@example.com, first_name: Ana, last_name: Oak, projects: {{storefront: USER}}}}
  - {{email: kim@example.com, first_name: Kim, last_name: Ray, projects: {{storefront: USER}}}}
"
        ))
        .member("kim@example.com", &[("storefront", "USER")]);
    let found = || {
        let status: Value =
            serde_json::from_str(&scenario.run("status --format json").ok().stdout).expect("JSON");
        (status["last_clean"].is_string(), status["drift"]["changes"].as_u64())
    };
    scenario.run("apply --yes --only kim@example.com").ok();
    assert_eq!((scenario.writes(), found()), (Vec::new(), (false, Some(1))));
    scenario.run("apply --yes --only ana@example.com").ok();
    assert_eq!((scenario.writes().len(), found()), (1, (false, None)));
    scenario.run("plan").ok();
    assert_eq!(found(), (true, None));
}

#[test]
fn every_format_says_whom_it_is_for_and_what_it_leaves_out() {
    let scenario = scenario();
    let args = "plan --only Ben@Example.com --only ana@example.com";
    let text = scenario.run(args);
    text.ok();
    let only = "Only for ana@example.com and Ben@Example.com: 4 changes of other people are left out";
    assert_eq!(text.stdout.lines().nth(2), Some(only));
    let diff = scenario.run(&format!("{args} --format diff"));
    assert_eq!(diff.stdout.lines().nth(1), Some(format!("# {only}").as_str()));
    let markdown = scenario.run(&format!("{args} --format markdown"));
    let quoted =
        only.replace("ana@example.com", "`ana@example.com`").replace("Ben@Example.com", "`Ben@Example.com`");
    assert_eq!(markdown.stdout.lines().nth(3), Some(format!("{quoted}.").as_str()));
    let json: Value =
        serde_json::from_str(&scenario.run(&format!("{args} --format json")).stdout).expect("JSON");
    assert_eq!(
        json["only"],
        serde_json::json!({"people": ["ana@example.com", "Ben@Example.com"], "left_out": 4})
    );
    assert_eq!(json["summary"]["calls"], 2);
    let all: Value = serde_json::from_str(&scenario.run("plan --format json").stdout).expect("JSON");
    assert_eq!((&all["only"], &all["summary"]["calls"]), (&Value::Null, &Value::from(6)));
    let redacted = scenario.run(&format!("{args} --redact")).stdout;
    assert!(!redacted.contains("@example.com") && redacted.contains("Only for person-"), "{redacted}");
}

#[test]
fn a_guard_is_judged_on_these_people() {
    let scenario = scenario();
    scenario
        .run("plan --only eve@example.com --only fay@example.com --only gus@example.com")
        .assert_status(1);
    scenario.run("plan --only eve@example.com --allow-removals 1").ok();
}

#[test]
fn an_address_that_means_nobody_is_an_error() {
    let scenario = scenario();
    for command in ["plan", "apply --yes"] {
        scenario.run(&format!("{command} --only eve@example.com --only anna@example.com")).assert(1, "", "\
error: --only anna@example.com is not in the team file, not a member of a managed project, and has no pending invitation; did you mean `ana@example.com`?
");
    }
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn a_saved_plan_stays_limited() {
    let scenario = scenario();
    scenario.run("plan --only ana@example.com --out plan.json").ok();
    scenario.run("apply --plan plan.json --only ben@example.com").assert_status(1);
    let ended = scenario.run("apply --plan plan.json --yes");
    assert!(ended.ok().stdout.contains("Only for ana@example.com: 5 changes of other people are left out"));
    assert_eq!(scenario.writes(), [INVITE]);
    let again = scenario.run("apply --plan plan.json --yes");
    assert!(again.ok().stdout.starts_with("No changes\n"), "{}", again.stdout);
    assert_eq!(scenario.writes(), [""; 0]);
}
