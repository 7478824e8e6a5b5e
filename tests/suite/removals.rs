//! Taking access away: in an order that leaves nobody and nothing bare, and held back where a grant failed.

use std::fmt::Write as _;

use crate::scenario::{HEAD, Scenario};

fn team(people: &str, policy: &str) -> String {
    format!("{HEAD}people:\n{people}policy: {{{policy}}}\n")
}

#[test]
fn a_person_who_moves_is_never_without_access() {
    let scenario = Scenario::new()
        .team(&team(
            "  - {email: ana@example.com, first_name: A, last_name: O, projects: {loyalty: USER}}\n",
            "prune: roles, max_removals: 100%",
        ))
        .member("ana@example.com", &[("storefront", "USER")]);
    let id =
        scenario.organization(|organization| organization.person("ana@example.com").expect("Ana").id.clone());
    scenario.run("apply --yes").ok();
    assert_eq!(
        scenario.writes(),
        [
            "POST /management/v1/projects/proj_npnFzPr9/users".to_owned(),
            format!("DELETE /management/v1/projects/proj_9KeAhZB1/users/{id}"),
        ]
    );
    scenario.run("plan --detailed-exitcode").ok();
}

#[test]
fn a_removal_is_held_back_where_the_grant_failed() {
    let scenario = Scenario::new()
        .team(&team(
            "  - {email: ana@example.com, first_name: A, last_name: O, projects: {loyalty: USER}}\n",
            "prune: roles, max_removals: 100%",
        ))
        .member("ana@example.com", &[("storefront", "USER")]);
    scenario.faults(&["status=422,method=POST"]);
    scenario.run("apply --yes").assert(1, "\
1 gains access · 1 loses access · 2 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Loses access (1)
  - ana@example.com    storefront USER → none

Gains access (1)
  + ana@example.com    loyalty USER

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 0 of 2 changes.
", "\
failed ana@example.com: loyalty USER
held back ana@example.com: storefront USER → none
error: assign ana@example.com: loyalty USER: `POST /management/v1/projects/proj_npnFzPr9/users` was rejected (422, Refused); fix the problem described here and run again
error: unassign ana@example.com: storefront USER → none: not applied, because a grant to this person failed
");
    assert_eq!(scenario.writes(), ["POST /management/v1/projects/proj_npnFzPr9/users"]);
    scenario.faults(&[]);
    scenario.run("apply --yes").ok();
    scenario.run("plan --detailed-exitcode").ok();
}

#[test]
fn the_last_admin_waits_for_the_next() {
    let people = "  - {email: ana@example.com, first_name: A, last_name: O, projects: {storefront: USER}}
  - {email: ben@example.com, first_name: B, last_name: E, projects: {storefront: ADMIN}}
";
    let scenario = Scenario::new()
        .team(&team(people, "max_removals: 100%, keep_admins: 2"))
        .member("ana@example.com", &[("storefront", "ADMIN")])
        .member("ben@example.com", &[("storefront", "USER")]);
    let id = |email: &str| {
        scenario.organization(|organization| organization.person(email).expect(email).id.clone())
    };
    let (ana, ben) = (id("ana@example.com"), id("ben@example.com"));
    let change = |id: &str| format!("PUT /management/v1/projects/proj_9KeAhZB1/users/{id}");
    scenario.faults(&[&format!("status=422,path={ben}")]);
    scenario.run("apply --yes").assert(1, "\
1 becomes ADMIN · 1 loses ADMIN · 2 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Loses ADMIN (1)
  - ana@example.com    storefront ADMIN → USER

Becomes ADMIN (1)
  ! ben@example.com    storefront USER → ADMIN

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 0 of 2 changes.
", "\
failed ben@example.com: storefront USER → ADMIN
held back ana@example.com: storefront ADMIN → USER
error: change ben@example.com: storefront USER → ADMIN: `PUT /management/v1/projects/proj_9KeAhZB1/users/user_IB7PHs4dcxoMXzKaLGy69GeuxuC8ppVw` was rejected (422, Refused); fix the problem described here and run again
error: change ana@example.com: storefront ADMIN → USER: not applied, because storefront would be left with too few ADMINs
");
    assert_eq!(scenario.writes(), [change(&ben)]);
    scenario.faults(&[]);
    scenario.run("apply --yes").ok();
    assert_eq!(scenario.writes(), [change(&ben), change(&ana)]);
}

#[test]
fn the_pull_request_that_removes_the_last_admin_is_refused() {
    // The owner is ADMIN too, and would do.
    let scenario = Scenario::new()
        .team(&team(
            "  - {email: ana@example.com, first_name: A, last_name: O, projects: {storefront: USER}}\n",
            "keep_admins: 2",
        ))
        .member("ana@example.com", &[("storefront", "ADMIN")]);
    for command in ["plan --detailed-exitcode", "apply --yes"] {
        scenario.run(command).assert(1, "\
Blocked by 1 guard · 1 loses ADMIN · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Blocked: storefront would be left with 1 ADMIN, and `keep_admins: 2` requires more; ADMIN would be lost by ana@example.com; make someone else ADMIN first

Loses ADMIN (1)
  - ana@example.com    storefront ADMIN → USER

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
", "\
error: plan blocked by 1 guard; nothing will be applied
");
    }
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn fifteen_of_forty_need_their_number() {
    let mut people = String::new();
    let mut scenario = Scenario::new();
    for n in 1..=39 {
        let email = format!("p{n:02}@example.com");
        scenario = scenario.member(&email, &[("storefront", "USER"), ("loyalty", "VIEWER")]);
        if n <= 24 {
            let _ = writeln!(
                people,
                "  - {{email: {email}, first_name: P, last_name: N, projects: {{storefront: USER, loyalty: VIEWER}}}}"
            );
        }
    }
    let scenario = scenario.team(&team(&people, "prune: people"));
    let refused = scenario.run("apply --yes");
    assert_eq!(refused.status, Some(1));
    for n in 25..=39 {
        assert!(refused.stdout.contains(&format!("p{n}@example.com")), "{n}");
    }
    assert!(refused.stdout.contains("pass --allow-removals 15"), "{}", refused.stdout);
    for number in ["14", "16"] {
        assert_eq!(scenario.run(&format!("apply --yes --allow-removals {number}")).status, Some(1));
    }
    assert_eq!(scenario.writes(), [""; 0]);
    let mut expected: Vec<_> = (25..=39)
        .map(|n| {
            let id =
                scenario.organization(|it| it.person(&format!("p{n}@example.com")).expect("one").id.clone());
            format!("DELETE /management/v1/projects/proj_9KeAhZB1/users/{id}")
        })
        .collect();
    expected.sort();
    scenario.run("apply --yes --allow-removals 15").ok();
    let mut writes = scenario.writes();
    writes.sort();
    assert_eq!(writes, expected);
    // Fifteen users still have to be deleted by hand.
    let after = scenario.run("plan --detailed-exitcode");
    assert_eq!(after.status, Some(2));
    assert!(after.stdout.starts_with("No changes · 15 need attention\n"), "{}", after.stdout);
}

#[test]
fn owners_and_the_protected_are_left_alone_and_the_last_project_is_kept() {
    let scenario = Scenario::new()
        .team(&team(
            "  - {email: ana@example.com, first_name: A, last_name: O, projects: {storefront: USER}}\n",
            "prune: people, max_removals: 100%, protect: [\"*@agency.example\"]",
        ))
        .member("ana@example.com", &[("storefront", "USER")])
        .member("kim@agency.example", &[("storefront", "ADMIN"), ("loyalty", "ADMIN")])
        .member("zoe@example.com", &[("storefront", "ADMIN"), ("loyalty", "USER")]);
    scenario.run("apply --yes").assert(0, "\
1 loses access · 1 needs attention · 2 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Loses access (1)
  - zoe@example.com     loyalty USER → VIEWER, storefront ADMIN → none

Needs attention (1)
  ! zoe@example.com     keeps VIEWER in loyalty: the API cannot remove a user's last project; delete the user in Team settings

Not changed (2)
  · kim@agency.example  protected by `*@agency.example` (loyalty ADMIN, storefront ADMIN)
  · owner@example.com   owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 2 of 2 changes (1 lost access).
", "\
changed zoe@example.com: loyalty USER → VIEWER
unassigned zoe@example.com: storefront ADMIN → none
");
    let id = scenario.organization(|it| it.person("zoe@example.com").expect("Zoe").id.clone());
    let user = |method: &str, project: &str| format!("{method} /management/v1/projects/{project}/users/{id}");
    assert_eq!(scenario.writes(), [user("PUT", "proj_npnFzPr9"), user("DELETE", "proj_9KeAhZB1")]);
    scenario.run("apply --yes").ok();
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn an_end_that_has_come_takes_access_away_without_a_guard() {
    let scenario = Scenario::new()
        .team(&team(
            "  - {email: ana@example.com, first_name: A, last_name: O, until: 2026-01-31, projects: {storefront: USER, loyalty: USER}}\n",
            "max_removals: 0",
        ))
        .member("ana@example.com", &[("storefront", "USER"), ("loyalty", "USER")]);
    scenario.run("apply --yes").assert(0, "\
1 loses access · 1 needs attention · 2 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Loses access (1)
  - ana@example.com    storefront USER → VIEWER, loyalty USER → none

Needs attention (1)
  ! ana@example.com    keeps VIEWER in storefront: the API cannot remove a user's last project; delete the user in Team settings

Dates (1)
  · ana@example.com    access ended on 2026-01-31

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 2 of 2 changes (1 lost access).
", "\
changed ana@example.com: storefront USER → VIEWER
unassigned ana@example.com: loyalty USER → none
");
    // The user still has to be deleted by hand.
    assert_eq!(scenario.run("plan --detailed-exitcode").status, Some(2));
}
