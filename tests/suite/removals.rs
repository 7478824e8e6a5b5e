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
Plan for $ENDPOINT on $TODAY
members read live at $TIME UTC

Taken away (1)
  - ana@example.com    storefront USER → none

Gains access (1)
  + ana@example.com    loyalty USER

Left alone (1)
  · owner@example.com  an owner whom the file does not list; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan: 0 to invite, 1 to assign, 0 to change, 1 to unassign: 2 calls, less than a second.
Plan id: $DIGEST
Applied 0 of 2 changes.
", "\
failed ana@example.com: loyalty USER
held back ana@example.com: storefront USER → none
error: assign ana@example.com: loyalty USER: `POST /management/v1/projects/proj_npnFzPr9/users` was refused (422, Refused): correct what it names, then run again
error: unassign ana@example.com: storefront USER → none: not done, because a role that was to be given first could not be given
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
Plan for $ENDPOINT on $TODAY
members read live at $TIME UTC

Taken away (1)
  - ana@example.com    storefront ADMIN → USER

Becomes ADMIN (1)
  ! ben@example.com    storefront

Changes role (1)
  ~ ben@example.com    storefront USER → ADMIN

Left alone (1)
  · owner@example.com  an owner whom the file does not list; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan: 0 to invite, 0 to assign, 2 to change, 0 to unassign: 2 calls, less than a second.
Plan id: $DIGEST
Applied 0 of 2 changes.
", "\
failed ben@example.com: storefront USER → ADMIN
held back ana@example.com: storefront ADMIN → USER
error: change ben@example.com: storefront USER → ADMIN: `PUT /management/v1/projects/proj_9KeAhZB1/users/user_IB7PHs4dcxoMXzKaLGy69GeuxuC8ppVw` was refused (422, Refused): correct what it names, then run again
error: change ana@example.com: storefront ADMIN → USER: not done, because storefront would be left with too few ADMINs
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
Plan for $ENDPOINT on $TODAY
members read live at $TIME UTC

Taken away (1)
  - ana@example.com    storefront ADMIN → USER

Left alone (1)
  · owner@example.com  an owner whom the file does not list; owners are never changed (loyalty ADMIN, storefront ADMIN)

Refused: storefront would be left with 1 ADMIN and `keep_admins: 2` asks for more: ana@example.com would lose ADMIN there; give it to somebody else first

Plan: 0 to invite, 0 to assign, 1 to change, 0 to unassign: 1 call, less than a second.
Plan id: $DIGEST
", "error: 1 guard refuses this plan, and nothing of it will be applied\n");
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
    assert!(refused.stdout.contains("run with --allow-removals 15"), "{}", refused.stdout);
    for number in ["14", "16"] {
        assert_eq!(scenario.run(&format!("apply --yes --allow-removals {number}")).status, Some(1));
    }
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.run("apply --yes --allow-removals 15").ok();
    assert_eq!(scenario.writes().len(), 15);
    scenario.run("plan --detailed-exitcode").ok();
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
Plan for $ENDPOINT on $TODAY
members read live at $TIME UTC

Taken away (1)
  - zoe@example.com     storefront ADMIN → none

To do by hand (1)
  · zoe@example.com     keeps USER in loyalty: the API does not take a user's last project; delete the user by hand in Team settings

Left alone (2)
  · kim@agency.example  protected by `*@agency.example` and left alone (loyalty ADMIN, storefront ADMIN)
  · owner@example.com   an owner whom the file does not list; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan: 0 to invite, 0 to assign, 0 to change, 1 to unassign: 1 call, less than a second.
Plan id: $DIGEST
Applied 1 of 1 change (1 unassigned).
", "\
unassigned zoe@example.com: storefront ADMIN → none
");
    scenario.run("apply --yes").ok();
    assert_eq!(scenario.writes().len(), 1);
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
Plan for $ENDPOINT on $TODAY
members read live at $TIME UTC

Taken away (1)
  - ana@example.com    loyalty USER → none

To do by hand (1)
  · ana@example.com    keeps USER in storefront: the API does not take a user's last project; delete the user by hand in Team settings

Dates (1)
  · ana@example.com    access ended on 2026-01-31

Left alone (1)
  · owner@example.com  an owner whom the file does not list; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan: 0 to invite, 0 to assign, 0 to change, 1 to unassign: 1 call, less than a second.
Plan id: $DIGEST
Applied 1 of 1 change (1 unassigned).
", "\
unassigned ana@example.com: loyalty USER → none
");
    scenario.run("plan --detailed-exitcode").ok();
    scenario.run("plan --at 2026-01-31").assert(0, "\
Plan for $ENDPOINT on 2026-01-31
members read live at $TIME UTC

Gains access (1)
  + ana@example.com    loyalty USER

Dates (1)
  · ana@example.com    access ends after 2026-01-31

Left alone (1)
  · owner@example.com  an owner whom the file does not list; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan: 0 to invite, 1 to assign, 0 to change, 0 to unassign: 1 call, less than a second.
Plan id: $DIGEST
", "");
}
