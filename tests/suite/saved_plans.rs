//! `plan --out` and `apply --plan`: what was reviewed is what runs.

use crate::scenario::{Ended, HEAD, Scenario};

const TWO: &str = "\
people:
  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: ADMIN}}
  - {email: ben@example.com, first_name: Ben, last_name: Elm, projects: {loyalty: USER}}
policy: {prune: people, max_removals: 100%}
";

fn scenario() -> Scenario {
    Scenario::new()
        .team(&format!("{HEAD}{TWO}"))
        .member("zoe@example.com", &[("storefront", "USER"), ("loyalty", "VIEWER")])
}

const INVITE: &str = "POST /management/v1/projects/users/invite";

/// A call about a user in a project.
fn call(scenario: &Scenario, method: &str, project: &str, email: &str) -> String {
    let id = scenario.organization(|organization| organization.person(email).expect(email).id.clone());
    format!("{method} /management/v1/projects/{project}/users/{id}")
}

/// The plan, as both commands show it.
const SHOWN: &str = "\
1 invited · 1 becomes ADMIN · 1 loses access · 1 needs attention · 3 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Loses access (1)
  - zoe@example.com    storefront USER → none

Becomes ADMIN (1)
  ! ana@example.com    storefront ADMIN  (Ana Oak, by invitation)

Needs attention (1)
  ! zoe@example.com    keeps VIEWER in loyalty: the API cannot remove a user's last project; delete the user in Team settings

Invited (1)
  + ben@example.com    loyalty USER  (Ben Elm)

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
";

#[test]
fn a_saved_plan_is_applied_without_the_team_file_and_twice_does_nothing() {
    let scenario = scenario();
    scenario.run("plan --out plan.json --detailed-exitcode").assert(
        2,
        SHOWN,
        "\
Saved as plan.json: guestlist apply --plan plan.json
",
    );
    scenario.write("team.yaml", "not: a team file\n");
    scenario.run("apply --plan plan.json --yes --concurrency 1").assert(
        0,
        &format!("{SHOWN}Applied 3 of 3 changes (1 invited, 1 became ADMIN, 1 lost access).\n"),
        "\
Applying saved plan $DIGEST
invited ana@example.com: storefront ADMIN
invited ben@example.com: loyalty USER
unassigned zoe@example.com: storefront USER → none
",
    );
    let unassign = call(&scenario, "DELETE", "proj_9KeAhZB1", "zoe@example.com");
    assert_eq!(scenario.writes(), [INVITE, INVITE, &unassign]);
    scenario.run("apply --plan plan.json --yes").assert(0, "\
No changes · 1 needs attention
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Needs attention (1)
  ! zoe@example.com    keeps VIEWER in loyalty: the API cannot remove a user's last project; delete the user in Team settings

Waiting (2)
  · ana@example.com    invited today
  · ben@example.com    invited today

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
", "\
Skipping 3 changes that are already in place.
Applying saved plan $DIGEST
");
    assert_eq!(scenario.writes(), [""; 0]);
    let id = scenario
        .read("plan.json")
        .split('"')
        .skip_while(|word| *word != "plan_id")
        .nth(2)
        .expect("an id")
        .to_owned();
    assert!(scenario.read_all(".guestlist/runs").contains(&id), "the ledger names the plan");
}

#[cfg(unix)]
#[test]
fn a_saved_plan_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let scenario = scenario();
    scenario.run("plan --out plan.json").ok();
    let mode = std::fs::metadata(scenario.path("plan.json")).expect("a plan").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_holds_already_is_skipped() {
    let scenario = scenario();
    scenario.run("plan --out plan.json").ok();
    scenario.run("apply --yes --max-invites 1").ok();
    scenario.calls();
    scenario.run("apply --plan plan.json --yes").assert(0, "\
1 invited · 1 needs attention · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Needs attention (1)
  ! zoe@example.com    keeps VIEWER in loyalty: the API cannot remove a user's last project; delete the user in Team settings

Invited (1)
  + ben@example.com    loyalty USER  (Ben Elm)

Waiting (1)
  · ana@example.com    invited today

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 1 of 1 change (1 invited).
", "\
Skipping 2 changes that are already in place.
Applying saved plan $DIGEST
invited ben@example.com: loyalty USER
");
    assert_eq!(scenario.writes(), ["POST /management/v1/projects/users/invite"]);
}

#[test]
fn what_it_does_not_list_is_refused_and_shown() {
    let scenario = scenario();
    scenario.run("plan --out plan.json").ok();
    let scenario = scenario.member("yan@example.com", &[("storefront", "USER"), ("loyalty", "ADMIN")]);
    scenario.run("apply --plan plan.json --yes").assert(
        1,
        "",
        "\
error: the organization has changed since this plan was saved; nothing was applied. Create a new plan
  not listed: change yan@example.com: storefront USER → VIEWER
  not listed: unassign yan@example.com: loyalty ADMIN → none
",
    );
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn another_organization_an_edit_and_another_version_are_refused() {
    let scenario = scenario();
    scenario.run("plan --out plan.json").ok();
    let other = self::scenario();
    other.write("plan.json", &scenario.read("plan.json"));
    let ended = other.run("apply --plan plan.json --yes");
    assert_eq!(ended.status, Some(1));
    assert_eq!(
        ended.stderr,
        format!(
            "error: saved plan `plan.json` was not applied: it was made for {} and this run is for $ENDPOINT; make a plan for this one\n",
            scenario.sandbox().base_url()
        )
    );
    let plan = scenario.read("plan.json");
    scenario.write("plan.json", &plan.replace("\"role\": \"USER\"", "\"role\": \"ADMIN\""));
    scenario.run("apply --plan plan.json --yes").assert(1, "", "\
error: saved plan `plan.json` was not applied: it was changed after it was made: its digests do not match its content; make a new plan
");
    scenario.write("plan.json", &plan.replace("\"format_version\": 1", "\"format_version\": 7"));
    scenario.run("apply --plan plan.json --yes").assert(1, "", "\
error: saved plan `plan.json` was not applied: its format is version 7 and this guestlist reads version 1; make the plan with the guestlist that applies it
");
    scenario.write("plan.json", &plan[..plan.len() / 2]);
    let cut = scenario.run("apply --plan plan.json --yes");
    assert!(
        cut.status == Some(1)
            && cut.stderr.starts_with("error: saved plan `plan.json` was not applied: not a saved plan ("),
        "{cut:?}"
    );
    scenario.run("apply --plan gone.json --yes").assert(
        1,
        "",
        "\
error: cannot read saved plan `gone.json`: file not found; create one with `guestlist plan --out gone.json`
",
    );
    scenario.run("apply --plan . --yes").assert(
        1,
        "",
        "\
error: cannot read saved plan `.`: it is a folder; create one with `guestlist plan --out .`
",
    );
    assert_eq!([scenario.writes(), other.writes()].concat(), [""; 0]);
}

/// Sam is VIEWER; one file makes him ADMIN, the other leaves him so.
fn sam() -> (Scenario, String, String) {
    let team = |role: &str| {
        format!(
            "{HEAD}people:\n  - {{email: sam@example.com, first_name: S, last_name: L, projects: {{storefront: {role}}}}}\npolicy: {{max_removals: 100%}}\n"
        )
    };
    let scenario = Scenario::new().member("sam@example.com", &[("storefront", "VIEWER")]);
    (scenario, team("ADMIN"), team("VIEWER"))
}

/// The only run that the ledger has, and the one after it, by name.
fn runs(scenario: &Scenario) -> Vec<String> {
    let entries = std::fs::read_dir(scenario.path(".guestlist/runs")).expect("runs");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("a run").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_saved_plan_that_was_applied_does_not_undo_the_next_one() {
    let (scenario, admin, viewer) = sam();
    scenario.write("team.yaml", &admin);
    scenario.run("plan --out a.json").ok();
    scenario.run("apply --plan a.json --yes").ok();
    scenario.write("team.yaml", &viewer);
    scenario.run("plan --out b.json").ok();
    scenario.run("apply --plan b.json --yes").ok();
    let change = call(&scenario, "PUT", "proj_9KeAhZB1", "sam@example.com");
    assert_eq!(scenario.writes(), [change.clone(), change]);
    let refused = scenario.run("apply --plan a.json --yes");
    refused.assert(
        1,
        "",
        &format!(
            "error: the saved plan was not applied: run {} of $TODAYT$TIMEZ by tester on $HOST has already applied all of it; create a new plan\n",
            scenario.placeholders(&runs(&scenario)[0])
        ),
    );
    assert_eq!(scenario.writes(), [""; 0]);
    // What it leads to holds still, so there is nothing to refuse.
    scenario.run("apply --plan b.json --yes").ok();
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn a_saved_plan_that_was_never_applied_does_not_undo_a_later_one() {
    let (scenario, admin, viewer) = sam();
    let scenario = scenario.member("kim@example.com", &[("storefront", "VIEWER")]);
    scenario.write("team.yaml", &admin);
    scenario.run("plan --out a.json").ok();
    let kim =
        "\n  - {email: kim@example.com, first_name: K, last_name: L, projects: {storefront: USER}}\npolicy";
    scenario.write("team.yaml", &admin.replace("ADMIN", "USER").replace("\npolicy", kim));
    scenario.run("apply --yes --concurrency 1").ok();
    let change = |email: &str| call(&scenario, "PUT", "proj_9KeAhZB1", email);
    assert_eq!(scenario.writes(), [change("kim@example.com"), change("sam@example.com")]);
    // Past this ledger, as by hand, it is again what the plan was made for.
    scenario.write("team.yaml", &viewer);
    scenario.run("apply --yes --ledger by-hand").ok();
    scenario.calls();
    let refused = scenario.run("apply --plan a.json --yes");
    refused.assert(1, "", "\
error: the saved plan was not applied: run $RUN.jsonl of $TODAYT$TIMEZ by tester on $HOST has applied a plan that was made later ($TODAYT$TIMEZ) to sam@example.com; create a new plan
");
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn a_saved_plan_that_was_interrupted_can_be_continued() {
    let scenario = scenario();
    scenario.run("plan --out plan.json").ok();
    scenario.faults(&["400,method=POST,times=1"]);
    scenario.run("apply --plan plan.json --yes --concurrency 1").assert(1, "\
1 invited · 1 becomes ADMIN · 1 loses access · 1 needs attention · 3 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Loses access (1)
  - zoe@example.com    storefront USER → none

Becomes ADMIN (1)
  ! ana@example.com    storefront ADMIN  (Ana Oak, by invitation)

Needs attention (1)
  ! zoe@example.com    keeps VIEWER in loyalty: the API cannot remove a user's last project; delete the user in Team settings

Invited (1)
  + ben@example.com    loyalty USER  (Ben Elm)

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 2 of 3 changes (1 invited, 1 lost access).
", "\
Applying saved plan $DIGEST
failed ana@example.com: storefront ADMIN
invited ben@example.com: loyalty USER
unassigned zoe@example.com: storefront USER → none
error: invite ana@example.com: storefront ADMIN: `POST /management/v1/projects/users/invite` was rejected (400, Refused); fix the problem described here and run again
");
    scenario.faults(&[]);
    scenario.run("apply --plan plan.json --yes").ok();
    scenario.calls();
    scenario.run("apply --yes").ok();
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn a_plan_saved_offline_names_users_by_their_ids() {
    let (scenario, _, viewer) = sam();
    scenario.organization(|organization| assert!(organization.add_elsewhere("new@example.com", "N", "N")));
    let new = |role: &str| {
        viewer.replace(
            "\npolicy",
            &format!("\n  - {{email: new@example.com, first_name: N, last_name: N, projects: {{storefront: {role}}}}}\npolicy"),
        )
    };
    scenario.write("team.yaml", &new("USER"));
    scenario.run("apply --yes").ok();
    scenario.write("team.yaml", &new("VIEWER"));
    scenario.run("plan --offline --out plan.json").ok();
    let plan = scenario.read("plan.json");
    assert!(plan.contains("\"user_id\": \"user_"), "{plan}");
    scenario.run("apply --plan plan.json --yes").ok();
    scenario.run("plan --detailed-exitcode").ok();
}

#[test]
fn a_plan_for_a_day_to_come_waits_for_it() {
    let scenario = scenario();
    scenario.run("plan --at 2999-01-01 --out plan.json").ok();
    scenario.run("apply --plan plan.json --yes").assert(
        1,
        "",
        "\
error: saved plan `plan.json` was not applied: it is for 2999-01-01, which is in the future (UTC)
",
    );
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn a_plan_that_a_guard_refuses_is_refused_when_saved_too() {
    let scenario = scenario();
    scenario.write("team.yaml", &format!("{HEAD}{TWO}").replace("100%", "0"));
    assert_eq!(scenario.run("plan --out plan.json").status, Some(1));
    assert_eq!(scenario.run("apply --plan plan.json --yes").status, Some(1));
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.run("apply --plan plan.json --yes --allow-removals 1 --concurrency 1").ok();
    let unassign = call(&scenario, "DELETE", "proj_9KeAhZB1", "zoe@example.com");
    assert_eq!(scenario.writes(), [INVITE, INVITE, &unassign]);
}

#[test]
fn the_ledger_of_the_plan_is_the_ledger_of_its_apply() {
    let scenario = scenario();
    std::fs::create_dir(scenario.path("team")).expect("a folder");
    scenario.write("team/team.yaml", &format!("ledger: books\n{HEAD}{TWO}"));
    scenario.run("plan team/team.yaml --out plan.json").ok();
    scenario.run("apply --plan plan.json --yes").ok();
    assert!(scenario.path("team/books/runs").is_dir());
    assert!(!scenario.path(".guestlist").exists());
    scenario.run("plan team/team.yaml").assert(0, "\
No changes · 1 needs attention
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Needs attention (1)
  ! zoe@example.com    keeps VIEWER in loyalty: the API cannot remove a user's last project; delete the user in Team settings

Waiting (2)
  · ana@example.com    invited today
  · ben@example.com    invited today

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
", "");
}

#[test]
fn a_saved_plan_takes_no_team_file_and_no_wave() {
    let scenario = scenario();
    scenario.run("plan --out plan.json").ok();
    let mut errors = String::new();
    for args in ["apply team.yaml --plan plan.json --yes", "apply --plan plan.json --yes --max-invites 1"] {
        let ended = scenario.run(args);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{}", ended.stderr);
        errors.push_str(&ended.stderr);
    }
    Ended { status: Some(1), stdout: String::new(), stderr: errors }.assert(
        1,
        "",
        "\
error: the argument '[TEAM_FILE]' cannot be used with '--plan <FILE>'

Usage: guestlist apply --yes --endpoint <URL> <TEAM_FILE>

For more information, try '--help'.
error: the argument '--plan <FILE>' cannot be used with '--max-invites <N>'

Usage: guestlist apply --plan <FILE> --yes --endpoint <URL> [TEAM_FILE]

For more information, try '--help'.
",
    );
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn a_file_that_is_read_is_not_written_over() {
    let team = format!("{HEAD}people: []\n");
    let scenario = Scenario::new().team(&team).file("base.yaml", &team);
    for (args, file) in [
        ("plan --out team.yaml", "team.yaml"),
        ("plan --out ./team.yaml", "./team.yaml"),
        ("plan --base base.yaml --out base.yaml", "base.yaml"),
        ("report --out team.yaml", "team.yaml"),
    ] {
        let error =
            format!("error: `{file}` is a team file and is not overwritten; choose another file for --out\n");
        scenario.run(args).assert(1, "", &error);
        assert_eq!(scenario.read("team.yaml") + &scenario.read("base.yaml"), team.repeat(2), "{args}");
    }
    assert_eq!(scenario.calls().len(), 0);
}

#[cfg(unix)]
#[test]
fn links_stay_links_and_devices_stay_devices() {
    let scenario = Scenario::new().team(&format!("{HEAD}people: []\n"));
    for (link, target) in [("link.json", "plan.json"), ("null", "/dev/null")] {
        scenario.write("plan.json", "before");
        std::os::unix::fs::symlink(target, scenario.path(link)).expect("a link");
        scenario.run(&format!("plan --out {link}")).ok();
        let stays = std::fs::read_link(scenario.path(link)).expect("still a link");
        assert_eq!(stays, std::path::Path::new(target));
    }
    scenario.run("plan --out link.json").ok();
    assert!(scenario.read("plan.json").starts_with('{'), "{}", scenario.read("plan.json"));
}
