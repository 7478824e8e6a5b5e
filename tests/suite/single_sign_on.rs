//! People whose login is not their address: every command finds them by either.

use guestlist::sandbox::Organization;
use serde_json::{Value, json};

use crate::scenario::{HEAD, Scenario};

const ANA: &str =
    "  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: USER}}\n";

/// Ana is VIEWER, and logs in through an identity provider.
fn scenario() -> Scenario {
    let scenario = Scenario::new()
        .team(&format!("{HEAD}people:\n{ANA}"))
        .member("ana.sso@id.example", &[("storefront", "VIEWER")]);
    scenario.organization(|organization| {
        let mut stored: Value = serde_json::to_value(&*organization).expect("JSON");
        for person in stored["people"].as_object_mut().expect("people").values_mut() {
            if person["login"] == json!("ana.sso@id.example") {
                person["email"] = json!("ana@example.com");
            }
        }
        *organization = serde_json::from_value::<Organization>(stored).expect("an organization");
    });
    scenario
}

#[test]
fn explain_finds_the_person_by_login_and_by_address() {
    let scenario = scenario();
    let id = scenario.organization(|it| it.person("ana.sso@id.example").expect("Ana").id.clone());
    for address in ["ana@example.com", "ana.sso@id.example"] {
        scenario.run(&format!("explain {address}")).assert(
            0,
            &format!(
                "\
ana@example.com (Ana Oak)
  team file   listed
  member      yes: {id} (read live at $TIME UTC)
  ledger      no pending invitation

storefront (proj_9KeAhZB1)
  desired     USER, from own entry at team.yaml:5
  known       VIEWER
  plan        change VIEWER → USER
"
            ),
            "",
        );
    }
}

#[test]
fn the_access_review_has_the_person_once_and_listed() {
    let scenario = scenario();
    let csv = scenario.run("report --format csv").ok().stdout.clone();
    let rows: Vec<_> = csv.lines().filter(|line| line.contains("ana")).collect();
    assert_eq!(rows.len(), 1, "{csv}");
    assert!(rows[0].starts_with("\"ana@example.com\"") && rows[0].contains("\"member\",\"yes\""), "{csv}");
}

#[test]
fn an_apply_assigns_by_login_and_ends_with_nothing_to_do() {
    let scenario = scenario();
    let id = scenario.organization(|it| it.person("ana.sso@id.example").expect("Ana").id.clone());
    scenario.run("apply --yes").ok();
    assert_eq!(scenario.writes(), [format!("PUT /management/v1/projects/proj_9KeAhZB1/users/{id}")]);
    scenario.run("plan --detailed-exitcode").ok();
    assert!(scenario.run("resend ana@example.com --yes").stderr.contains("is already a member"));
}
