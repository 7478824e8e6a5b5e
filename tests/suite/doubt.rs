//! A reading that cannot be the truth: nobody loses anything by it.

use std::process::Stdio;

use guestlist::sandbox::{LoggedCall, Options, Organization};

use crate::kills::{expire_lock, wait_until};
use crate::scenario::{Ended, HEAD, Scenario};

/// Three members, of whom the file lists one, and everybody else is to go.
fn scenario() -> Scenario {
    let both = [("storefront", "USER"), ("loyalty", "VIEWER")];
    Scenario::new()
        .team(&format!(
            "{HEAD}people:\n  - {{email: ana@example.com, first_name: A, last_name: O, projects: {{storefront: USER, loyalty: VIEWER}}}}\npolicy: {{prune: people, max_removals: 100%}}\n"
        ))
        .member("ana@example.com", &both)
        .member("ben@example.com", &both)
        .member("zoe@example.com", &both)
}

const PROJECTS: &str = "GET /management/v1/projects";
const STOREFRONT: &str = "GET /management/v1/projects/proj_9KeAhZB1/users";
const LOYALTY: &str = "GET /management/v1/projects/proj_npnFzPr9/users";

/// The first call of each list since the last time that was asked, and every other call; sorted, because lists are
/// read side by side.
fn calls(scenario: &Scenario) -> Vec<String> {
    let is_first = |call: &LoggedCall| call.query.iter().all(|(name, value)| name != "page" || value == "1");
    let calls = scenario.calls().into_iter().filter(is_first);
    let mut calls: Vec<_> = calls.map(|call| format!("{} {}", call.method, call.path)).collect();
    calls.sort();
    calls
}

#[test]
fn a_list_that_comes_back_empty_removes_nobody() {
    let scenario = scenario();
    scenario.run("plan").ok();
    scenario.calls();
    scenario.faults(&["empty-list"]);
    for command in ["plan", "apply --yes", "apply --yes --allow-removals 2"] {
        let ended = scenario.run(command);
        ended.assert(1, "\
Blocked by 1 guard · 1 invited · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Blocked: the member list looks incomplete: List Users of proj_9KeAhZB1 came back empty, and the project had 4 members before; if that is true, give one person a role there by hand, then run again (and 1 more doubt); no removals will be made; run again later

Invited (1)
  + ana@example.com  loyalty VIEWER, storefront USER  (A O)

Plan id: $DIGEST
", "error: plan blocked by 1 guard; nothing will be applied\n");
        // Read once more, then refused.
        assert_eq!(calls(&scenario), [PROJECTS, STOREFRONT, STOREFRONT, LOYALTY, LOYALTY], "{command}");
    }
}

#[test]
fn one_empty_list_among_full_ones_removes_nobody() {
    let scenario = scenario();
    scenario.faults(&["empty-list,path=proj_npnFzPr9"]);
    scenario.run("apply --yes").assert(1, "\
Blocked by 1 guard · 1 gains access · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Blocked: the member list looks incomplete: the lists disagree on whether ana@example.com has a role in proj_npnFzPr9, or which (and 3 more doubts); no removals will be made; run again later

Gains access (1)
  + ana@example.com    loyalty VIEWER

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (storefront ADMIN)

Plan id: $DIGEST
", "\
error: plan blocked by 1 guard; nothing will be applied
");
    assert_eq!(calls(&scenario), [PROJECTS, STOREFRONT, STOREFRONT, LOYALTY, LOYALTY]);
}

#[test]
fn a_list_that_is_short_removes_nobody() {
    let scenario = scenario();
    scenario.faults(&["short-list,drop=2"]);
    scenario.run("apply --yes").assert(1, "\
Blocked by 1 guard · no changes
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Blocked: the member list looks incomplete: List Users of proj_9KeAhZB1 returned 2 users but reported a total of 4 (and 1 more doubt); no removals will be made; run again later

Plan id: $DIGEST
", "error: plan blocked by 1 guard; nothing will be applied\n");
    assert_eq!(calls(&scenario), [PROJECTS, STOREFRONT, STOREFRONT, LOYALTY, LOYALTY]);
}

#[test]
fn a_list_that_is_short_once_is_read_again() {
    let scenario = scenario();
    scenario.faults(&["short-list,drop=2,path=proj_npnFzPr9,times=1"]);
    let ids = ["ben@example.com", "zoe@example.com"].map(|email| {
        scenario.organization(|organization| organization.person(email).expect(email).id.clone())
    });
    scenario.run("apply --yes").ok();
    // The list that is short and the one that disagrees with it are read again.
    let mut expected = [PROJECTS, STOREFRONT, STOREFRONT, LOYALTY, LOYALTY].map(str::to_owned).to_vec();
    // The last project of someone cannot be removed.
    expected.extend(ids.map(|id| format!("DELETE /management/v1/projects/proj_9KeAhZB1/users/{id}")));
    expected.sort();
    assert_eq!(calls(&scenario), expected);
}

#[test]
fn a_project_that_is_not_there_is_refused_by_name() {
    let scenario = Scenario::new()
        .team("version: 1\nprojects: {storefront: proj_9KeAhZB1, gone: proj_gone}\npeople: []\n");
    scenario.run("plan").assert(
        1,
        "",
        "\
error: gone (proj_gone) is not in the organization; check its id, the cluster, and that the credentials are those of this organization
",
    );
}

#[test]
fn a_saved_removal_that_is_in_doubt_is_not_said_to_hold_already() {
    let scenario = scenario();
    scenario.run("plan --out plan.json").ok();
    scenario.faults(&["short-list,drop=1"]);
    scenario.run("apply --plan plan.json --yes").assert(1, "\
Blocked by 1 guard · no changes
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Blocked: the member list looks incomplete: List Users of proj_9KeAhZB1 returned 3 users but reported a total of 4 (and 1 more doubt); no removals will be made; run again later

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
", "\
Applying saved plan $DIGEST
error: plan blocked by 1 guard; nothing will be applied
");
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn nothing_is_sent_again_on_a_doubtful_reading() {
    let scenario = scenario();
    scenario.faults(&["short-list,drop=1"]);
    scenario.run("resend ana@example.com --yes").assert(1, "", "\
error: the member list looks incomplete: List Users of proj_9KeAhZB1 returned 3 users but reported a total of 4 (and 1 more doubt); nothing was sent; run again later
");
    assert_eq!(scenario.writes(), [""; 0]);
}

const LOYALTY_ONLY: &str = "version: 1\nprojects: {loyalty: proj_npnFzPr9}\n";
const STOREFRONT_ONLY: &str = "version: 1\nprojects: {storefront: proj_9KeAhZB1}\n";

/// Two projects: only zoe is in `last`, and she is to go from there.
fn last_member() -> Scenario {
    let projects =
        [("proj_last".to_owned(), "Last".to_owned()), ("proj_other".to_owned(), "Other".to_owned())];
    let mut state = serde_json::to_value(Organization::for_team(projects, [])).expect("JSON");
    for person in state["people"].as_object_mut().expect("people").values_mut() {
        person["projects"] = serde_json::json!({"proj_other": "ADMIN"});
    }
    let organization: Organization = serde_json::from_value(state).expect("an organization");
    Scenario::with(Options { organization, ..Options::default() })
        .team(
            "version: 1\nprojects: {last: proj_last, other: proj_other}\npeople:\n  - {email: zoe@example.com, first_name: Z, last_name: O, projects: {other: USER}}\npolicy: {prune: roles, max_removals: 100%, keep_admins: 0}\n",
        )
        .member("zoe@example.com", &[("proj_last", "USER"), ("proj_other", "USER")])
}

#[test]
fn killed_while_the_last_member_of_a_project_is_removed_the_next_run_goes_on() {
    for fault in ["hang,applied,method=DELETE", "hang,method=DELETE"] {
        let scenario = last_member();
        scenario.faults(&[fault]);
        let mut command = scenario.command(&["apply", "--yes"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
        wait_until("the call", || scenario.sandbox().log().iter().any(|call| call.method == "DELETE"));
        child.kill().expect("a process");
        child.wait().expect("its end");
        scenario.faults(&[]);
        expire_lock(&scenario);
        scenario.run("apply --yes").ok();
        scenario.calls();
        // The list was read empty and kept so: later it is no surprise.
        scenario.run("apply --yes").ok();
        assert_eq!(scenario.writes(), [""; 0], "{fault}");
    }
}

#[test]
fn two_team_files_in_one_ledger_keep_a_reading_each() {
    let person = |email: &str, project: &str| {
        format!(
            "people:\n  - {{email: {email}, first_name: A, last_name: O, projects: {{{project}: USER}}}}\n"
        )
    };
    let scenario = Scenario::new()
        .member("ana@example.com", &[("storefront", "USER")])
        .member("ben@example.com", &[("loyalty", "USER")])
        .team(&format!("{STOREFRONT_ONLY}{}", person("ana@example.com", "storefront")))
        .file("loyalty.yaml", &format!("{LOYALTY_ONLY}{}", person("ben@example.com", "loyalty")));
    for file in ["team.yaml", "loyalty.yaml"] {
        scenario.run(&format!("apply {file} --yes")).ok();
    }
    scenario.run("plan --offline").ok();
    // The last reading of the other file says nothing about this project.
    scenario.faults(&["empty-list,path=proj_9KeAhZB1"]);
    scenario.run("apply --yes").assert(1, "\
Blocked by 1 guard · 1 invited · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Blocked: the member list looks incomplete: List Users of proj_9KeAhZB1 came back empty, and the project had 2 members before; if that is true, give one person a role there by hand, then run again; no removals will be made; run again later

Invited (1)
  + ana@example.com  storefront USER  (A O)

Plan id: $DIGEST
", "error: plan blocked by 1 guard; nothing will be applied\n");
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn an_invitation_to_another_organization_with_the_same_ledger_does_not_count() {
    let team = |project: &str| {
        format!(
            "version: 1\nprojects: {{p: {project}}}\npeople:\n  - {{email: ana@example.com, first_name: A, last_name: O, projects: {{p: USER}}}}\n"
        )
    };
    let organization = Organization::for_team([("proj_other".to_owned(), "Other".to_owned())], []);
    let [one, other] = [
        Scenario::new().team(&team("proj_9KeAhZB1")),
        Scenario::with(Options { organization, ..Options::default() }).team(&team("proj_other")),
    ];
    // Both endpoints are loopback, which is one realm.
    let shared = one.path("shared").display().to_string();
    let apply = format!("apply --yes --ledger {shared}");
    for scenario in [&one, &other] {
        scenario.run(&apply).ok();
        assert_eq!(scenario.writes(), ["POST /management/v1/projects/users/invite"]);
    }
    for scenario in [&one, &other] {
        scenario.run(&apply).ok();
        assert_eq!(scenario.writes(), [""; 0]);
    }
    // Accepting one accepts one.
    assert!(one.organization(|organization| organization.accept("ana@example.com")));
    one.run(&apply).ok();
    other.run(&format!("plan --ledger {shared}")).assert(
        0,
        "\
No changes
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Waiting (1)
  · ana@example.com    invited today

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (p ADMIN)

Plan id: $DIGEST
",
        "",
    );
    let offline = other.run(&format!("plan --offline --ledger {shared}"));
    // Standard error says how old the snapshot is.
    Ended { stderr: String::new(), ..offline }.assert(
        0,
        "\
No changes
Plan for $ENDPOINT on $TODAY; offline, snapshot from $TODAY $TIME UTC

Waiting (1)
  · ana@example.com    invited today

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (p ADMIN)

Plan id: $DIGEST
",
        "",
    );
}
