//! Exit status, standard output and standard error: what goes where, in which colours.

use crate::scenario::{HEAD, Scenario};

const ONE: &str =
    "people:\n  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: USER}}\n";

fn scenario() -> Scenario {
    Scenario::new().team(&format!("{HEAD}{ONE}"))
}

#[test]
fn the_exit_status_tells_changes_only_where_that_is_asked_for() {
    let scenario = scenario();
    assert_eq!(scenario.run("plan").status, Some(0));
    assert_eq!(scenario.run("plan --detailed-exitcode").status, Some(2));
    scenario.run("apply --yes").ok();
    assert_eq!(scenario.run("plan --detailed-exitcode").status, Some(0));
    scenario.write("team.yaml", "version: 2\n");
    assert_eq!(scenario.run("plan --detailed-exitcode").status, Some(1));
}

#[test]
fn a_mistake_on_the_command_line_is_a_failure() {
    let scenario = scenario();
    for args in [
        "",
        "frobnicate",
        "plan --format yaml",
        "plan --at soon",
        "apply --concurrency 0",
        "apply --allow-removals -1",
        "plan a.yaml b.yaml",
        "-q -v plan",
    ] {
        let ended = scenario.run(args);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{args}: {}", ended.stderr);
        assert!(!ended.stderr.is_empty(), "{args}");
    }
    for args in ["--help", "--version", "plan --help"] {
        let ended = scenario.run(args);
        assert!(ended.ok().stderr.is_empty() && !ended.stdout.is_empty(), "{args}");
    }
    assert_eq!(scenario.calls(), []);
}

#[test]
fn no_flag_that_lifts_a_guard_is_ever_suggested() {
    let scenario = scenario();
    for args in [
        "apply --allow",
        "apply --allow-removal 3",
        "apply --allow-removalss=3",
        "plan --alow-removals 3",
        "plan --allow-new-admin 3",
        "apply --auto-remove",
    ] {
        let ended = scenario.run(args);
        assert_eq!(ended.status, Some(1), "{args}");
        assert!(ended.stderr.starts_with("error: unexpected argument '--"), "{args}: {}", ended.stderr);
        assert!(!ended.stderr.contains("similar"), "{args}: {}", ended.stderr);
    }
    assert!(scenario.run("apply --concurency 3").stderr.contains("'--concurrency'"), "others are");
    for arg in ["--auto-approve", "-auto-approve", "-auto-approve=true"] {
        let ended = scenario.run(&format!("apply {arg}"));
        let expected = format!("error: unexpected argument '{arg}'; to skip confirmation, use --yes\n");
        assert!(ended.stderr.starts_with(&expected), "{}", ended.stderr);
    }
    assert!(!scenario.run("plan -f team.yaml").stderr.contains("-- -f"), "no advice that leads nowhere");
    assert_eq!(scenario.calls(), []);
}

#[test]
fn quiet_says_nothing_but_errors() {
    let scenario = scenario();
    let applied = scenario.run("apply --yes -q");
    assert_eq!(applied.ok().stderr, "");
    assert!(applied.stdout.ends_with("Applied 1 of 1 change (1 invited).\n"), "{}", applied.stdout);
    assert_eq!(scenario.run("plan -q").ok().stderr, "");
    scenario.run("plan gone.yaml -q").assert(
        1,
        "",
        "\
error: team file `gone.yaml` not found; pass its path, or create one with `guestlist import --out gone.yaml`
",
    );
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let scenario = scenario();
    let plain = scenario.run("plan --color never").stdout;
    assert!(!plain.contains('\u{1b}'));
    assert_eq!(scenario.run("plan").stdout, plain);
    let always = scenario.run("plan --color always").stdout;
    assert!(always.contains('\u{1b}'));
    // Without the colours it is the same text.
    let mut stripped = always.as_str();
    let mut text = String::new();
    while let Some((before, after)) = stripped.split_once('\u{1b}') {
        text.push_str(before);
        stripped = after.split_once('m').expect("a colour").1;
    }
    text.push_str(stripped);
    assert_eq!(text, plain);
    let mut command = scenario.command(&["plan", "--color", "always"]);
    assert!(
        scenario.finish(command.env("NO_COLOR", "1")).stdout.contains('\u{1b}'),
        "what is asked for counts"
    );
    let error = scenario.run("plan gone.yaml --color always").stderr;
    assert!(error.contains('\u{1b}') && !scenario.run("plan gone.yaml").stderr.contains('\u{1b}'));
}

#[test]
fn data_and_talk_are_kept_apart() {
    let scenario = scenario();
    let plan = scenario.run("plan --format json -vvv");
    let json: serde_json::Value = serde_json::from_str(&plan.ok().stdout).expect("JSON and nothing else");
    assert_eq!(json["format_version"], 1);
    assert_eq!(
        json["changes"],
        serde_json::json!([{
            "action": "invite", "email": "ana@example.com", "first_name": "Ana", "last_name": "Oak",
            "projects": {"proj_9KeAhZB1": "USER"},
        }])
    );
    assert_eq!(
        json["summary"],
        serde_json::json!({
            "invite": 1, "assign": 0, "change_role": 0, "unassign": 0, "calls": 1, "attention": 0,
            "new_admins": 0, "removals": 0,
        })
    );
    assert_eq!(json["evidence"]["source"], "live");
    for line in scenario.run("plan -vvv --log-format json").stderr.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("a log line as JSON");
    }
}

#[test]
fn many_files_are_one_team() {
    let scenario = Scenario::new()
        .team(&format!("{HEAD}include: [people/*.yaml, groups.yaml]\n{ONE}"))
        .file("groups.yaml", "groups: {shop: {storefront: USER}}\n")
        .file("people/one.yaml", "people:\n  - {email: ben@example.com, first_name: B, last_name: E, groups: [shop]}\n")
        .file("people/two.yaml", "people:\n  - {email: eva@example.com, first_name: E, last_name: V, groups: [shop], projects: {loyalty: VIEWER}}\n");
    scenario.run("validate").assert(
        0,
        "\
team.yaml is valid (3 people, 2 projects).
",
        "",
    );
    scenario.run("apply --yes").ok();
    assert_eq!(scenario.writes().len(), 3);
    // The errors of all files come together, each with its file.
    scenario.write(
        "people/one.yaml",
        "people:\n  - {email: ana@example.com, first_name: B, last_name: E, groups: [shop]}\n",
    );
    scenario.write(
        "people/two.yaml",
        "people:\n  - {email: eva@example.com, first_name: E, last_name: V, groups: [shpo]}\n",
    );
    scenario.run("plan").assert(
        1,
        "",
        "\
error[duplicate-person]: `ana@example.com` is listed twice
 --> people/one.yaml:2:13
  |
2 |   - {email: ana@example.com, first_name: B, last_name: E, groups: [shop]}
  |             ^^^^^^^^^^^^^^^
  |
 ::: team.yaml:6:13
  |
6 |   - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: USER}}
  |             --------------- first listed here

error[unknown-group]: unknown group `shpo`
 --> people/two.yaml:2:68
  |
2 |   - {email: eva@example.com, first_name: E, last_name: V, groups: [shpo]}
  |                                                                    ^^^^
  |
help: did you mean `shop`?

2 problems in 2 files
",
    );
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn a_way_out_of_the_folder_is_no_include() {
    let scenario = Scenario::new();
    for pattern in ["/etc/hosts", "../more.yaml", "people/../../more.yaml", "none/*.yaml"] {
        scenario.write("team.yaml", &format!("{HEAD}include: [\"{pattern}\"]\n{ONE}"));
        let ended = scenario.run("validate");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{pattern}");
        assert!(ended.stderr.contains("--> team.yaml:4:11"), "{}", ended.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_no_include() {
    let elsewhere = Scenario::new().file("more.yaml", "people: []\n");
    let scenario = Scenario::new().team(&format!("{HEAD}include: [people/*.yaml]\n{ONE}"));
    std::fs::create_dir(scenario.path("people")).expect("a folder");
    std::os::unix::fs::symlink(elsewhere.path("more.yaml"), scenario.path("people/more.yaml"))
        .expect("a link");
    scenario.run("validate").assert(
        1,
        "",
        "\
error[include-outside-folder]: `people/more.yaml` is a link to a location outside the team file's folder
 --> team.yaml:4:11
  |
4 | include: [people/*.yaml]
  |           ^^^^^^^^^^^^^
  |
help: move the file itself into the team file's folder

1 problem in team.yaml
",
    );
}
