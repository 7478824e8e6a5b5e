//! A reading that cannot be the truth: nobody loses anything by it.

use crate::scenario::{HEAD, Scenario};

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

#[test]
fn a_list_that_comes_back_empty_removes_nobody() {
    let scenario = scenario();
    scenario.run("plan").ok();
    scenario.calls();
    scenario.faults(&["empty-list"]);
    for command in ["plan", "apply --yes", "apply --yes --allow-removals 2"] {
        let ended = scenario.run(command);
        assert_eq!(ended.status, Some(1), "{command}: {}", ended.stdout);
        assert!(ended.stdout.contains("the member list looks incomplete: List Users of proj_9KeAhZB1 came back empty, and the project had 4 members before"), "{}", ended.stdout);
        assert_eq!(scenario.writes(), [""; 0]);
    }
}

#[test]
fn one_empty_list_among_full_ones_removes_nobody() {
    let scenario = scenario();
    scenario.faults(&["empty-list,path=proj_npnFzPr9"]);
    scenario.run("apply --yes").assert(1, "\
Blocked by 1 guard · 1 gains access · 1 call, less than a second
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
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn a_list_that_is_short_removes_nobody() {
    let scenario = scenario();
    scenario.faults(&["short-list,drop=2"]);
    let ended = scenario.run("apply --yes");
    assert_eq!(ended.status, Some(1));
    assert!(ended.stdout.contains("the member list looks incomplete"), "{}", ended.stdout);
    assert_eq!(scenario.writes(), [""; 0]);
    assert!(!ended.stdout.contains("Loses"), "{}", ended.stdout);
}

#[test]
fn a_list_that_is_short_once_is_read_again() {
    let scenario = scenario();
    scenario.faults(&["short-list,drop=2,path=proj_npnFzPr9,times=1"]);
    scenario.run("apply --yes").ok();
    let removed: Vec<_> = scenario.writes().into_iter().filter(|write| write.starts_with("DELETE")).collect();
    assert_eq!(removed.len(), 2);
}

#[test]
fn a_project_that_is_not_there_is_refused_by_name() {
    let scenario = Scenario::new()
        .team("version: 1\nprojects: {storefront: proj_9KeAhZB1, gone: proj_gone}\npeople: []\n");
    scenario.run("plan").assert(
        1,
        "",
        "\
error: gone (proj_gone) is not in the organization: check its id, the cluster, and whose credentials these are
",
    );
}

#[test]
fn a_saved_removal_that_is_in_doubt_is_not_said_to_hold_already() {
    let scenario = scenario();
    scenario.run("plan --out plan.json").ok();
    scenario.faults(&["short-list,drop=1"]);
    let ended = scenario.run("apply --plan plan.json --yes");
    assert_eq!(ended.status, Some(1), "{}", ended.stdout);
    assert!(ended.stdout.contains("the member list looks incomplete: "), "{}", ended.stdout);
    assert!(!ended.stderr.contains("already"), "{}", ended.stderr);
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn nothing_is_sent_again_on_a_doubtful_reading() {
    let scenario = scenario();
    scenario.faults(&["short-list,drop=1"]);
    let ended = scenario.run("resend ana@example.com --yes");
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.starts_with("error: the member list looks incomplete: "), "{}", ended.stderr);
    assert_eq!(scenario.writes(), [""; 0]);
}
