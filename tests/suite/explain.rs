//! `guestlist explain`: which line gives what, what is known, and what the plan would do.

use guestlist::sandbox::Organization;

use crate::scenario::{HEAD, Scenario};

const TEAM: &str = "\
groups:
  marketing:
    storefront: USER
    loyalty: campaign-manager
include: [people/*.yaml]
";

const ALEX: &str = "\
people:
  - email: Alex@example.com
    first_name: Alex
    last_name: Doe
    groups: [marketing, readers]
    projects:
      storefront: ADMIN
    until: 2999-12-31
groups:
  readers:
    storefront: ADMIN
";

fn scenario() -> Scenario {
    Scenario::new().team(&format!("{HEAD}{TEAM}")).file("people/alex.yaml", ALEX)
}

fn add_alex(organization: &mut Organization) {
    let access = [("proj_9KeAhZB1".to_owned(), "VIEWER".to_owned())];
    assert!(organization.add_member("alex@example.com", "Alexander", "D", access));
}

/// The id of a user, which differs from organization to organization.
fn id(scenario: &Scenario, login: &str) -> String {
    scenario.organization(|organization| organization.person(login).expect("somebody").id.clone())
}

#[test]
fn somebody_who_is_to_be_invited() {
    let scenario = scenario();
    scenario.run("explain alex@example.com").assert(
        0,
        "\
Alex@example.com (Alex Doe)
  team file   listed until 2999-12-31
  member      not in a managed project (read live at $TIME UTC)
  ledger      no pending invitation

loyalty (proj_npnFzPr9)
  desired     campaign-manager, from group marketing at team.yaml:7
  known       none
  plan        invite as campaign-manager

storefront (proj_9KeAhZB1)
  desired     ADMIN, from own entry at people/alex.yaml:7
              USER, from group marketing at team.yaml:6, overridden
              ADMIN, from group readers at people/alex.yaml:11, the same
  known       none
  plan        invite as ADMIN
",
        "",
    );
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn somebody_who_was_invited_and_then_moved() {
    let scenario = scenario();
    scenario.run("apply --yes").ok();
    scenario.write("people/alex.yaml", &ALEX.replace("marketing, readers", "readers"));
    scenario.run("explain alex@example.com").assert(
        0,
        "\
Alex@example.com (Alex Doe)
  team file   listed until 2999-12-31
  member      not in a managed project (read live at $TIME UTC)
  ledger      invited today ($TODAY), not accepted yet

loyalty (proj_npnFzPr9)
  desired     none
  known       none
  invited as  campaign-manager
  plan        no change

storefront (proj_9KeAhZB1)
  desired     ADMIN, from own entry at people/alex.yaml:7
              ADMIN, from group readers at people/alex.yaml:11, the same
  known       none
  invited as  ADMIN
  plan        no change

note: invited today with more than the file gives (loyalty campaign-manager); cancel it in Team settings

History
  $TODAY $TIME UTC  invited: loyalty campaign-manager, storefront ADMIN, in run $RUN by tester on $HOST
",
        "",
    );
}

#[test]
fn a_member_with_another_role() {
    let scenario = scenario();
    scenario.organization(add_alex);
    let expected = format!(
        "\
Alex@example.com (Alex Doe)
  team file   listed until 2999-12-31
  member      yes: {} (read live at $TIME UTC)
  ledger      no pending invitation

loyalty (proj_npnFzPr9)
  desired     campaign-manager, from group marketing at team.yaml:7
  known       none
  plan        assign campaign-manager

storefront (proj_9KeAhZB1)
  desired     ADMIN, from own entry at people/alex.yaml:7
              USER, from group marketing at team.yaml:6, overridden
              ADMIN, from group readers at people/alex.yaml:11, the same
  known       VIEWER
  plan        change VIEWER → ADMIN
",
        id(&scenario, "alex@example.com")
    );
    scenario.run("explain ALEX@example.com").assert(0, &expected, "");
    let offline = expected.replace("read live at $TIME UTC", "offline, snapshot from $TODAY $TIME UTC");
    scenario.run("explain alex@example.com --offline --quiet").assert(0, &offline, "");
}

#[test]
fn an_owner_and_a_member_whom_the_file_does_not_list() {
    let scenario = Scenario::new().team(&format!("{HEAD}policy: {{prune: people, max_removals: 0}}\npeople:\n  - {{email: kim@example.com, first_name: Kim, last_name: Ray, projects: {{loyalty: VIEWER}}}}\n"));
    scenario.organization(add_alex);
    scenario.run("explain owner@example.com").assert(
        0,
        &format!(
            "\
owner@example.com (Olivia Owner)
  team file   not listed
  member      yes, and an owner: {} (read live at $TIME UTC)
  ledger      no pending invitation

loyalty (proj_npnFzPr9)
  desired     none
  known       ADMIN
  plan        no change

storefront (proj_9KeAhZB1)
  desired     none
  known       ADMIN
  plan        no change

note: owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)
",
            id(&scenario, "owner@example.com")
        ),
        "",
    );
    scenario.run("explain alex@example.com").assert(
        0,
        &format!(
            "\
alex@example.com (Alexander D)
  team file   not listed
  member      yes: {} (read live at $TIME UTC)
  ledger      no pending invitation

storefront (proj_9KeAhZB1)
  desired     none
  known       VIEWER
  plan        keeps VIEWER in storefront: the API cannot remove a user's last project; delete the user in Team settings
",
            id(&scenario, "alex@example.com")
        ),
        "",
    );
}

#[test]
fn a_role_that_has_ended_is_shown_with_its_last_day() {
    let scenario = Scenario::new().team(&format!(
        "{HEAD}people:
  - email: kim@example.com
    first_name: Kim
    last_name: Ray
    projects: {{storefront: {{role: USER, until: 2020-01-31}}, loyalty: VIEWER}}
"
    ));
    scenario.run("explain kim@example.com").assert(
        0,
        "\
kim@example.com (Kim Ray)
  team file   listed
  member      not in a managed project (read live at $TIME UTC)
  ledger      no pending invitation

loyalty (proj_npnFzPr9)
  desired     VIEWER, from own entry at team.yaml:8
  known       none
  plan        invite as VIEWER

storefront (proj_9KeAhZB1)
  desired     none
              USER, from own entry at team.yaml:8, ended on 2020-01-31
  known       none
  plan        no change
",
        "",
    );
}

#[test]
fn somebody_whom_nobody_knows() {
    let scenario = scenario();
    scenario.run("explain alec@example.com").assert(
        1,
        "",
        "error: alec@example.com is not in the team file, not a member of a managed project, and has no pending invitation; did you mean `Alex@example.com`?\n",
    );
    scenario.run("explain nobody@else.org").assert(
        1,
        "",
        "error: nobody@else.org is not in the team file, not a member of a managed project, and has no pending invitation\n",
    );
}
