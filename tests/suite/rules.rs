//! `addresses` and `files` through the binary: included files by their paths, and the rules of the base.

use crate::scenario::{HEAD, Scenario};

const PEOPLE: &str = "people:\n  - {email: kim@partner.example, first_name: Kim, last_name: Roe, projects: {storefront: USER}}\n";

fn rules(addresses: &str, files: &str) -> String {
    format!("policy:\n  addresses: [{addresses}]\n  files: [{files}]\ninclude: ['./people/**/*.yaml']\n")
}

const USERS: &str = "{match: '*@*', roles: [USER, VIEWER]}";
const NO_ADMIN: &str = "{match: people/*.yaml, roles: [USER, VIEWER]}";

fn lee(role: &str) -> String {
    format!(
        "people:\n  - {{email: lee@example.com, first_name: Lee, last_name: Roe, projects: {{loyalty: {role}}}}}\n"
    )
}

#[test]
fn files_are_matched_by_their_path_from_the_team_file_wherever_that_is() {
    let scenario = Scenario::new()
        .file("org/team.yaml", &format!("{HEAD}{PEOPLE}{}", rules(USERS, NO_ADMIN)))
        .file("org/people/sales.yaml", &lee("USER"))
        .file("org/people/deep/more.yaml", &lee("USER").replace("lee@", "sam@"));
    let ended = scenario.run("validate org/team.yaml --format github");
    ended.assert(1, "\
::error file=org/./people/deep/more.yaml,line=2,col=83,title=file-not-allowed::`people/deep/more.yaml` cannot grant access: it matches no entry of `files`%0Aadd an entry for it to `files` in the team file
", "");
    let absolute = scenario.path("org/team.yaml").display().to_string();
    scenario.run(&format!("validate {absolute}")).assert_status(1);
    scenario.write("org/people/deep/more.yaml", "people: []\n");
    scenario.run("validate org/team.yaml").ok();
}

#[test]
fn loosening_a_rule_does_not_help_the_pull_request_that_does_it() {
    let base = format!("{HEAD}{PEOPLE}{}", rules(USERS, NO_ADMIN));
    let scenario = Scenario::new().file("base/team.yaml", &base).file("base/people/sales.yaml", &lee("USER"));
    let admin = PEOPLE.replace("USER", "ADMIN");
    for policy in [rules("{match: '*@*'}", "{match: '**'}"), "include: ['people/*.yaml']\n".to_owned()] {
        scenario.write("team.yaml", &format!("{HEAD}{admin}{policy}"));
        scenario.write("people/sales.yaml", &lee("ADMIN"));
        scenario.run("validate").ok();
        let ended = scenario.run("plan --base base/team.yaml");
        ended.assert(
            1,
            "",
            "\
error[role-not-allowed-for-address]: `ADMIN` in `storefront` is not allowed for `kim@partner.example`
 --> team.yaml:5:90
  |
5 |   - {email: kim@partner.example, first_name: Kim, last_name: Roe, projects: {storefront: ADMIN}}
  |                                                                                          ^^^^^
  |
help: the entry `*@*` at line 7 of the base's team file allows only the roles `VIEWER` and `USER`

error[role-not-allowed-for-address]: `ADMIN` in `loyalty` is not allowed for `lee@example.com`
 --> people/sales.yaml:2:83
  |
2 |   - {email: lee@example.com, first_name: Lee, last_name: Roe, projects: {loyalty: ADMIN}}
  |                                                                                   ^^^^^
  |
help: the entry `*@*` at line 7 of the base's team file allows only the roles `VIEWER` and `USER`

error[role-not-allowed-in-file]: `ADMIN` in `loyalty` cannot be granted in `people/sales.yaml`
 --> people/sales.yaml:2:83
  |
2 |   - {email: lee@example.com, first_name: Lee, last_name: Roe, projects: {loyalty: ADMIN}}
  |                                                                                   ^^^^^
  |
help: the entry `people/*.yaml` at line 8 of the base's team file allows only the roles `VIEWER` and `USER`

3 problems in 2 files
",
        );
    }
    assert_eq!(scenario.calls().len(), 0, "nothing was asked or sent");
    // What both allow is planned, and the difference is shown first.
    scenario.write("team.yaml", &format!("{HEAD}{PEOPLE}{}", rules("{match: '*@*'}", NO_ADMIN)));
    scenario.write("people/sales.yaml", &lee("USER"));
    let ended = scenario.run("plan --base base/team.yaml");
    let shown = "\
Policy changes (1)
  ! addresses: [{match: \"*@*\", roles: [VIEWER, USER]}] → [{match: \"*@*\"}] (loosened)
";
    assert!(ended.ok().stdout.contains(shown), "{}", ended.stdout);
    let markdown = scenario.run("plan --base base/team.yaml --redact --format markdown").stdout;
    assert!(markdown.contains("(loosened)") && !markdown.contains("*@*"), "{markdown}");
}

#[test]
fn a_file_is_judged_by_the_rules_of_the_base_too() {
    let team = |policy: &str| format!("{HEAD}people: []\ninclude: ['people/*.yaml']\n{policy}");
    let scenario = Scenario::new()
        .file("base/team.yaml", &team("policy: {files: [{match: people/*.yaml, roles: [USER]}]}\n"))
        .file("base/people/sales.yaml", "people: []\n")
        .team(&team("policy: {files: [{match: '**'}]}\n"))
        .file("people/sales.yaml", &lee("ADMIN"));
    scenario.run("validate").ok();
    scenario.run("plan --base base/team.yaml").assert(
        1,
        "",
        "\
error[role-not-allowed-in-file]: `ADMIN` in `loyalty` cannot be granted in `people/sales.yaml`
 --> people/sales.yaml:2:83
  |
2 |   - {email: lee@example.com, first_name: Lee, last_name: Roe, projects: {loyalty: ADMIN}}
  |                                                                                   ^^^^^
  |
help: the entry `people/*.yaml` at line 6 of the base's team file allows only the role `USER`

1 problem in people/sales.yaml
",
    );
    scenario.write("people/new.yaml", &lee("USER").replace("lee@", "new@"));
    scenario.write("people/sales.yaml", &lee("USER"));
    scenario.run("plan --base base/team.yaml").ok();
}

#[test]
fn a_rule_that_is_new_or_stricter_is_not_loosened() {
    let scenario = Scenario::new().file("people/none.yaml", "people: []\n");
    let team = |policy: &str| format!("{HEAD}people: []\n{policy}");
    let strict = rules("{match: '*@a.org', roles: [USER], until: 90d}, {match: '*@b.org'}", NO_ADMIN);
    scenario.write("strict.yaml", &team(&strict));
    scenario.write("none.yaml", &team(""));
    for (own, expected) in [
        (strict.replace("90d", "30d"), "addresses, tightened"),
        (strict.replace("90d", "91d"), "addresses, loosened"),
        (strict.replace(", {match: '*@b.org'}", ""), "addresses, tightened"),
        (strict.replace("{match: '*@a.org', roles: [USER], until: 90d}, ", ""), "addresses, loosened"),
        (strict.replace("[USER, VIEWER]", "[USER]"), "files, tightened"),
        (strict.replace("people/*.yaml", "people/**"), "files, loosened"),
    ] {
        scenario.write("team.yaml", &team(&own));
        let json = scenario.run("plan --base strict.yaml --format json");
        let json: serde_json::Value = serde_json::from_str(&json.ok().stdout).expect("JSON");
        let changes = json["policy_changes"].as_array().expect("a list").iter();
        let shown = changes.map(|change| {
            let loosened = if change["loosened"] == true { "loosened" } else { "tightened" };
            format!("{}, {loosened}", change["key"].as_str().expect("a key"))
        });
        assert_eq!(shown.collect::<Vec<_>>(), [expected], "{own}");
    }
    scenario.write("team.yaml", &team(&strict));
    let ended = scenario.run("plan --base none.yaml --format json");
    let json: serde_json::Value = serde_json::from_str(&ended.ok().stdout).expect("JSON");
    assert!(
        json["policy_changes"].as_array().expect("a list").iter().all(|change| change["loosened"] == false)
    );
}

#[test]
fn a_review_is_a_pull_request_that_changes_its_date() {
    let of = |dates: &str| {
        format!(
            "{HEAD}people:\n  - {{email: kim@example.com, first_name: Kim, last_name: Roe, projects: {{storefront: USER}}, {dates}}}\n"
        )
    };
    let scenario = Scenario::new()
        .file("base.yaml", &of("review_by: 2030-01-31, reason: spring campaign"))
        .team(&of("review_by: 2030-04-30, reason: summer campaign"))
        .member("kim@example.com", &[("storefront", "USER")]);
    let ended = scenario.run("plan --base base.yaml");
    let shown = "\
Reasons and reviews (2)
  · kim@example.com    reason: spring campaign → summer campaign
  · kim@example.com    review by: 2030-01-31 → 2030-04-30
";
    assert!(
        ended.ok().stdout.starts_with("No changes\n") && ended.stdout.contains(shown),
        "{}",
        ended.stdout
    );
    let redacted = scenario.run("plan --base base.yaml --redact").stdout;
    assert!(!redacted.contains("campaign") && redacted.contains("reason: reason-"), "{redacted}");
    assert!(!scenario.run("plan").stdout.contains("Reasons and reviews"));
}

#[test]
fn explain_shows_days_and_reasons() {
    let scenario = Scenario::new()
        .team(&format!(
            "{HEAD}groups: {{support: {{storefront: {{role: VIEWER, reason: on duty}}}}}}
people:
  - email: kim@example.com
    first_name: Kim
    last_name: Roe
    groups: [support]
    projects:
      storefront: {{role: ADMIN, from: 2030-01-01, until: 2030-01-31, then: USER, reason: audit}}
    reason: spring campaign, OPS-311
    review_by: 2030-06-30
"
        ))
        .member("kim@example.com", &[("storefront", "VIEWER")]);
    let ended = scenario.run("explain kim@example.com");
    let id =
        scenario.organization(|organization| organization.person("kim@example.com").expect("Kim").id.clone());
    let shown = "\
kim@example.com (Kim Roe)
  team file   listed
  reason      spring campaign, OPS-311
  review by   2030-06-30
  member      yes: $USER (read live at $TIME UTC)
  ledger      no pending invitation

storefront (proj_9KeAhZB1)
  desired     VIEWER, from group support at team.yaml:4 (on duty)
              ADMIN, from own entry at team.yaml:11, starts on 2030-01-01, until 2030-01-31 (audit)
              USER, from own entry at team.yaml:11, starts on 2030-02-01 (audit)
  known       VIEWER
  plan        no change
";
    ended.assert(0, &shown.replace("$USER", &id), "");
}
