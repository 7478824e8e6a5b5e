//! Habits from other tools, and arguments that were mixed up: each answer says what to do instead.

use std::fmt::Write as _;

use crate::scenario::{HEAD, Scenario};

const TEAM: &str = include_str!("../../team.example.yaml");

/// What standard error says of a command that fails, which is one line, before the usage if that is shown.
#[track_caller]
fn error(scenario: &Scenario, args: &str) -> String {
    let ended = scenario.run(args);
    ended.assert_status(1);
    assert_eq!(ended.stdout, "", "{args}");
    let (error, _usage) = ended.stderr.split_once("\n\nUsage: ").unwrap_or((&ended.stderr, ""));
    let error = error.trim_end_matches('\n');
    assert!(!error.contains('\n'), "{args}: {error}");
    error.to_owned()
}

#[test]
fn options_of_other_tools_are_answered_in_a_sentence() {
    let scenario = Scenario::new().team(TEAM);
    for (args, answer) in [
        ("apply --auto-approve", "'--auto-approve'; to skip confirmation, use --yes"),
        ("apply -auto-approve", "'-auto-approve'; to skip confirmation, use --yes"),
        ("apply --dry-run", "'--dry-run'; `guestlist plan` is the dry run"),
        ("plan --dry-run", "'--dry-run'; `guestlist plan` is the dry run"),
        ("plan -f x", "'-f'; pass the team file without an option, as in `guestlist plan team.yaml`"),
        (
            "apply --file=x",
            "'--file=x'; pass the team file without an option, as in `guestlist plan team.yaml`",
        ),
    ] {
        let answer = format!("error: unexpected argument {answer}");
        assert_eq!(error(&scenario, args), answer, "{args}");
        let command = args.split(' ').next().expect("a command");
        let usage = format!("\n\nUsage: guestlist {command} [OPTIONS]");
        assert!(scenario.run(args).stderr.contains(&usage), "{args}");
    }
    assert_eq!(scenario.calls(), []);
}

#[test]
fn an_endpoint_and_a_sandbox_exclude_each_other() {
    let scenario = Scenario::new().team(TEAM);
    for args in [
        "plan --endpoint http://127.0.0.1:1 --sandbox",
        "--endpoint http://127.0.0.1:1 plan --sandbox",
        "--sandbox plan --endpoint http://127.0.0.1:1",
    ] {
        let expected = "error: the argument '--endpoint <URL>' cannot be used with '--sandbox[=<FILE>]'";
        assert_eq!(error(&scenario, args), expected, "{args}");
    }
}

#[test]
fn a_saved_plan_in_place_of_a_team_file_is_recognized() {
    let scenario = Scenario::new().team(TEAM);
    scenario.run("plan --out p.json").ok();
    scenario.calls();
    for command in ["apply", "plan", "validate", "report", "log"] {
        assert_eq!(
            error(&scenario, &format!("{command} p.json")),
            "error: `p.json` is a saved plan, not a team file; to apply it, use `guestlist apply --plan p.json`"
        );
    }
    assert_eq!(scenario.calls(), []);
    // A team file can be JSON.
    scenario
        .write("team.json", r#"{"version": 1, "projects": {"storefront": "proj_9KeAhZB1"}, "people": []}"#);
    scenario.run("plan team.json").ok();
}

#[test]
fn an_email_and_a_team_file_in_the_wrong_order_are_recognized() {
    let scenario = Scenario::new().team(TEAM);
    for command in ["explain", "resend"] {
        assert_eq!(
            error(&scenario, &format!("{command} team.yaml alex.doe@example.com")),
            format!(
                "error: the email comes before the team file: `guestlist {command} alex.doe@example.com team.yaml`"
            )
        );
    }
    assert_eq!(
        error(&scenario, "plan alex.doe@example.com"),
        "error: team file `alex.doe@example.com` not found; it looks like an email address, which is not a team file"
    );
    assert_eq!(scenario.calls(), []);
}

#[test]
fn the_beginning_of_an_address_is_recognized() {
    let scenario = Scenario::new().team(TEAM).member("alma@example.com", &[("storefront", "USER")]);
    let missing = "is not in the team file, not a member of a managed project, and has no pending invitation";
    for (asked, meant) in [
        ("alex", "; did you mean `alex.doe@example.com`?"),
        ("ALEX.DOE@example", "; did you mean `alex.doe@example.com`?"),
        ("alex.doe@exmaple.com", "; did you mean `alex.doe@example.com`?"),
        ("al", "; did you mean `alex.doe@example.com` or `alma@example.com`?"),
        ("zoe", ""),
    ] {
        let asked_as = asked.to_lowercase();
        let answer = error(&scenario, &format!("explain {asked}"));
        assert_eq!(answer.to_lowercase(), format!("error: {asked_as} {missing}{meant}").to_lowercase());
    }
    assert_eq!(
        error(&scenario, "resend alex --yes"),
        "error: alex is not in the team file, so there is nothing to invite them to; did you mean `alex.doe@example.com`?"
    );
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn the_other_ending_of_a_team_file_is_recognized() {
    let scenario = Scenario::new().file("team.yml", TEAM);
    assert_eq!(
        error(&scenario, "plan"),
        "error: team file `team.yaml` not found, but there is `team.yml`; pass its path, or rename it"
    );
    scenario.run("plan team.yml").ok();
    assert_eq!(
        error(&scenario, "plan other.yaml"),
        "error: team file `other.yaml` not found; pass its path, or create one with `guestlist import --out other.yaml`"
    );
}

#[test]
fn projects_to_import_are_named_by_id_or_name() {
    let scenario = Scenario::new();
    let both = scenario.run("import --projects Storefront,proj_npnFzPr9");
    assert_eq!(*both.ok(), scenario.run("import"));
    let one = scenario.run("import --projects LOYALTY");
    assert_eq!(*one.ok(), scenario.run("import --projects proj_npnFzPr9"));
    assert_eq!(
        error(&scenario, "import --projects shop,Loyalty"),
        "error: `shop` is not in the organization; its projects are `Storefront` (proj_9KeAhZB1) and `Loyalty` (proj_npnFzPr9)"
    );
    let twins = ["proj_a", "proj_b"].map(|id| (id.to_owned(), "Shop".to_owned()));
    let organization = guestlist::sandbox::Organization::for_team(twins, []);
    let options = guestlist::sandbox::Options { organization, ..Default::default() };
    let scenario = Scenario::with(options);
    assert_eq!(
        error(&scenario, "import --projects shop"),
        "error: 2 projects are named `shop`; use an id: proj_a and proj_b"
    );
    scenario.run("import --projects proj_b").ok();
}

#[test]
fn invitations_beyond_the_maximum_are_counted() {
    let mut team = format!("{HEAD}people:\n");
    for name in ["ana", "ben", "cem", "dan", "eva"] {
        let _ = writeln!(
            team,
            "  - {{email: {name}@example.com, first_name: A, last_name: B, projects: {{storefront: USER}}}}"
        );
    }
    let scenario = Scenario::new().team(&team);
    scenario.run("plan --max-invites 0").assert(
        0,
        "\
No changes
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Waiting (1)
  · 5 invitations wait for a later run: this run sends at most 0

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
",
        "",
    );
}

#[test]
fn files_that_are_written_are_named() {
    let scenario = Scenario::new().team(TEAM);
    scenario.run("plan --out nodir/p.json").assert(
        1,
        "\
2 invited · 1 becomes ADMIN · 3 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Becomes ADMIN (1)
  ! alex.doe@example.com  loyalty campaign-manager, storefront ADMIN  (Alex Doe, by invitation)

Invited (2)
  + kim.ray@example.com   loyalty VIEWER  (Kim Ray)
  + sam.lee@example.com   loyalty campaign-manager, storefront USER  (Sam Lee)

Not changed (1)
  · owner@example.com     owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
",
        "error: cannot write `nodir/p.json`: the folder `nodir` does not exist\n",
    );
    let written = "Wrote access.html: 4 people, 2 projects.\n";
    scenario.run("report --out access.html").assert(0, "", written);
    scenario.run("report --out access.html -q").assert(0, "", "");
}

#[test]
fn resend_works_in_a_sandbox() {
    let scenario = Scenario::new().team(TEAM);
    scenario.run("apply --sandbox --yes").ok();
    scenario.run("resend alex.doe@example.com --sandbox --yes").assert(
        0,
        "Sent the invitation to alex.doe@example.com again.\n",
        "\
alex.doe@example.com was invited on $TODAY.
invited alex.doe@example.com: loyalty campaign-manager, storefront ADMIN
",
    );
}

#[test]
fn a_sandbox_listens_on_a_port() {
    let scenario = Scenario::new();
    let run = |port: &str| scenario.finish(&mut scenario.bare_command(&["sandbox", "--listen", port]));
    let port = scenario.sandbox().address().port();
    let taken = run(&port.to_string());
    assert!(
        taken.stderr.starts_with(&format!("error: the sandbox cannot listen on 127.0.0.1:{port}: ")),
        "{}",
        taken.stderr
    );
    for wrong in ["99999", "localhost", "1.2.3.4"] {
        assert!(
            run(wrong).stderr.starts_with(&format!(
                "error: invalid value '{wrong}' for '--listen <ADDRESS|PORT>': expected an address, such as \
                 `127.0.0.1:8080`, or a port\n"
            )),
            "{wrong}"
        );
    }
}

#[test]
fn no_mistyped_option_is_answered_with_one_that_lifts_a_guard() {
    let scenario = Scenario::new();
    for option in ["--auto-aprove", "--all", "--allow-all", "--removals", "--new-admins", "--allow-new-admin"]
    {
        let ended = scenario.run(&format!("apply {option} 3"));
        assert_eq!(ended.status, Some(1), "{option}");
        let error = ended.stderr.replace(option, "");
        assert!(!error.contains("--allow-"), "{option}: {error}");
    }
}
