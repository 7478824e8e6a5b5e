//! `guestlist apply`: what it calls, what it says, and that a second run has nothing to do.

use crate::scenario::{HEAD, Scenario};

const TWO: &str = "\
people:
  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {storefront: ADMIN, loyalty: campaign-manager}}
  - {email: sam@example.com, first_name: Sam, last_name: Lee, projects: {loyalty: VIEWER}}
";

#[test]
fn invites_once_and_then_has_nothing_to_do() {
    let scenario = Scenario::new().team(&format!("{HEAD}{TWO}"));
    scenario.run("apply --yes --concurrency 1").assert(
        0,
        "\
1 invited · 1 becomes ADMIN · 2 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Becomes ADMIN (1)
  ! alex@example.com   loyalty campaign-manager, storefront ADMIN  (Alex Doe, by invitation)

Invited (1)
  + sam@example.com    loyalty VIEWER  (Sam Lee)

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 2 of 2 changes (1 invited, 1 became ADMIN).
",
        "\
invited alex@example.com: loyalty campaign-manager, storefront ADMIN
invited sam@example.com: loyalty VIEWER
",
    );
    assert_eq!(scenario.writes(), ["POST /management/v1/projects/users/invite"; 2]);
    scenario.run("plan").ok();
    scenario.run("apply --yes").ok();
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn credentials_are_nowhere() {
    let scenario = Scenario::new().team(&format!("{HEAD}{TWO}"));
    let id = scenario.sandbox().credentials().id.clone();
    let token = scenario.sandbox().credentials().token.clone();
    for args in ["apply --yes -vvv", "apply --yes -vvv --log-format json", "plan -vvv", "log -vvv"] {
        let ended = scenario.run(args);
        for text in [&ended.ok().stdout, &ended.stderr, &scenario.read_all(".guestlist")] {
            assert!(!text.contains(&id) && !text.contains(&token), "{args} shows a credential");
        }
    }
    let people = scenario.organization(|organization| organization.invited().count());
    assert_eq!(people, 2);
    scenario.stop();
}

#[test]
fn a_project_that_the_file_does_not_name_is_neither_read_nor_changed() {
    let scenario = Scenario::new().team(
        "version: 1\nprojects: {storefront: proj_9KeAhZB1}\npeople:\n  - {email: ada@example.com, first_name: Ada, last_name: Roe, projects: {storefront: VIEWER}}\npolicy: {prune: people, max_removals: 100%}\n",
    );
    scenario.organization(|organization| {
        for email in ["ada@example.com", "bob@example.com"] {
            let access = ["proj_9KeAhZB1", "proj_npnFzPr9"].map(|id| (id.to_owned(), "USER".to_owned()));
            assert!(organization.add_member(email, "A", "B", access));
        }
    });
    scenario.run("apply --yes").ok();
    let calls = scenario.calls();
    assert_eq!(calls.iter().filter(|call| call.writes()).count(), 2);
    let touched: Vec<_> = calls.iter().filter(|call| call.path.contains("proj_npnFzPr9")).collect();
    assert!(touched.is_empty(), "{touched:?}");
}
