//! Exit status, standard output and standard error: what goes where, in which colours.

use crate::scenario::{Ended, HEAD, Scenario};

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
    let mut errors = String::new();
    for args in [
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
        errors.push_str(&ended.stderr);
    }
    Ended { status: Some(1), stdout: String::new(), stderr: errors }.assert(
        1,
        "",
        "\
error: unrecognized subcommand 'frobnicate'

Usage: guestlist [OPTIONS] <COMMAND>

For more information, try '--help'.
error: invalid value 'yaml' for '--format <FORMAT>'
  [possible values: text, diff, markdown, json]

For more information, try '--help'.
error: invalid value 'soon' for '--at <DATE>': expected a date as YYYY-MM-DD

For more information, try '--help'.
error: invalid value '0' for '--concurrency <N>': 0 is not in 1..=256

For more information, try '--help'.
error: unexpected argument '-1' found

Usage: guestlist apply [OPTIONS] [TEAM_FILE]

For more information, try '--help'.
error: unexpected argument 'b.yaml' found

Usage: guestlist plan [OPTIONS] [TEAM_FILE]

For more information, try '--help'.
error: the argument '--quiet' cannot be used with '--verbose...'

Usage: guestlist --quiet <COMMAND>

For more information, try '--help'.
",
    );
    let nothing = scenario.run("");
    assert_eq!((nothing.status, nothing.stdout.as_str()), (Some(1), ""));
    let first = nothing.stderr.lines().next();
    assert_eq!(first, Some("error: 'guestlist' requires a subcommand but one was not provided"));
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
    scenario.run("apply --yes -q").assert(
        0,
        "\
1 invited · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Invited (1)
  + ana@example.com    storefront USER  (Ana Oak)

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 1 of 1 change (1 invited).
",
        "",
    );
    scenario.run("plan -q").assert(
        0,
        "\
No changes
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Waiting (1)
  · ana@example.com    invited today

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
",
        "",
    );
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
fn the_environment_asks_for_colors_or_for_none() {
    let scenario = scenario();
    let is_colored = |variables: &[(&str, &str)]| {
        let mut command = scenario.command(&["plan"]);
        scenario.finish(command.envs(variables.iter().copied())).stdout.contains('\u{1b}')
    };
    assert!(is_colored(&[("FORCE_COLOR", "1")]));
    assert!(!is_colored(&[("FORCE_COLOR", "0")]) && !is_colored(&[("FORCE_COLOR", "")]));
    assert!(!is_colored(&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]), "whoever wants none gets none");
}

/// The messages of log lines, with their level.
fn messages(stderr: &str) -> Vec<(String, String)> {
    let message = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a log line as JSON");
        let keys: Vec<_> = line.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(keys, ["fields", "level", "target", "timestamp"]);
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        (text(&line["level"]), text(&line["fields"]["message"]))
    };
    stderr.lines().map(message).collect()
}

#[test]
fn errors_and_progress_are_json_where_log_lines_are() {
    let scenario = scenario();
    let of = |level: &str, text: &str| (level.to_owned(), text.to_owned());
    let applied = scenario.run("apply --yes --log-format json");
    assert_eq!(messages(&applied.ok().stderr), [of("INFO", "invited ana@example.com: storefront USER")]);
    scenario.write("team.yaml", &format!("{HEAD}people: 7\n"));
    let broken = scenario.run("plan --log-format json");
    let [(level, problems)] = messages(&broken.stderr).try_into().expect("one line");
    assert_eq!((broken.status, level.as_str()), (Some(1), "ERROR"));
    assert!(problems.starts_with("error[") && problems.contains(" --> team.yaml:4:9\n"), "{problems}");
    let gone = scenario.run("plan gone.yaml --log-format json -q --color always");
    let text = "team file `gone.yaml` not found; pass its path, or create one with `guestlist import --out gone.yaml`";
    assert_eq!(messages(&gone.stderr), [of("ERROR", text)]);
    let warned = scenario.run("validate --ledger elsewhere --log-format json");
    let text = "`--ledger` does not apply to `guestlist validate` and is ignored";
    assert_eq!(messages(&warned.stderr)[0], of("WARN", text));
}

#[test]
fn one_v_says_in_sentences_what_happens() {
    let scenario = scenario();
    assert_eq!(
        scenario.run("plan -v").ok().stderr,
        "\
Reading the ledger `.guestlist`
Reading the members of 2 projects from $ENDPOINT
Read 1 member and 0 pending invitations
Planned 1 change and 1 note
"
    );
    let applied = scenario.run("apply --yes -v");
    let (before, run) = applied.ok().stderr.split_once("as ").expect("the run");
    assert_eq!(
        before,
        "\
Locked the ledger `.guestlist`
Reading the ledger `.guestlist`
Reading the members of 2 projects from $ENDPOINT
Read 1 member and 0 pending invitations
Planned 1 change and 1 note
Sending 1 call
invited ana@example.com: storefront USER
Recorded the run in the ledger "
    );
    assert!(run.ends_with(".jsonl\n"), "{run}");
    // A trace has times and levels.
    assert!(scenario.run("plan -vv").stderr.contains("Z DEBUG call method=GET"));
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
    let mut errors = String::new();
    for pattern in ["/etc/hosts", "../more.yaml", "people/../../more.yaml", "none/*.yaml"] {
        scenario.write("team.yaml", &format!("{HEAD}include: [\"{pattern}\"]\n{ONE}"));
        errors.push_str(&scenario.run("validate").stderr);
    }
    Ended { status: Some(1), stdout: String::new(), stderr: errors }.assert(
        1,
        "",
        "\
error[invalid-include]: `include` must be a relative path
 --> team.yaml:4:11
  |
4 | include: [\"/etc/hosts\"]
  |           ^^^^^^^^^^^^
  |
help: included files must be inside the team file's folder

1 problem in team.yaml
error[invalid-include]: `include` must not contain `..`
 --> team.yaml:4:11
  |
4 | include: [\"../more.yaml\"]
  |           ^^^^^^^^^^^^^^
  |
help: included files must be inside the team file's folder

1 problem in team.yaml
error[invalid-include]: `include` must not contain `..`
 --> team.yaml:4:11
  |
4 | include: [\"people/../../more.yaml\"]
  |           ^^^^^^^^^^^^^^^^^^^^^^^^
  |
help: included files must be inside the team file's folder

1 problem in team.yaml
error[include-not-found]: no file matches this `include`
 --> team.yaml:4:11
  |
4 | include: [\"none/*.yaml\"]
  |           ^^^^^^^^^^^^^
  |
help: fix or remove the pattern; it is relative to the team file's folder

1 problem in team.yaml
",
    );
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
