//! What GitHub Actions sees: annotations at the lines of a team file, and the summary of a job.

use std::fs;

use crate::scenario::{Ended, HEAD, Scenario};

const WRONG: &str =
    "people:\n  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {shop: USER}}\n";

const ANNOTATION: &str = "::error file=team.yaml,line=5,col=76,title=unknown-project::unknown project `shop`%0Athe projects are `loyalty` and `storefront`\n";

fn in_actions(scenario: &Scenario, args: &[&str]) -> Ended {
    let summary = scenario.path("summary.md");
    scenario.finish(scenario.command(args).env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", summary))
}

#[test]
fn errors_of_a_team_file_are_annotations_too() {
    let scenario = Scenario::new().team(&format!("{HEAD}{WRONG}"));
    for args in [&["validate"][..], &["plan"], &["apply", "--yes"], &["explain", "alex@example.com"]] {
        let ended = in_actions(&scenario, args);
        ended.assert(1, "", "\
::error file=team.yaml,line=5,col=76,title=unknown-project::unknown project `shop`%0Athe projects are `loyalty` and `storefront`
error[unknown-project]: unknown project `shop`
 --> team.yaml:5:76
  |
5 |   - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {shop: USER}}
  |                                                                            ^^^^
  |
help: the projects are `loyalty` and `storefront`

1 problem in team.yaml
");
    }
    in_actions(&scenario, &["validate", "--format", "json"]).assert(1, "\
{\"problems\":[{\"id\":\"unknown-project\",\"file\":\"team.yaml\",\"line\":5,\"column\":76,\"message\":\"unknown project `shop`\",\"help\":\"the projects are `loyalty` and `storefront`\"}]}
", ANNOTATION);
    in_actions(&scenario, &["validate", "--format", "github"]).assert(1, ANNOTATION, "");
    scenario.run("validate --format github").assert(1, ANNOTATION, "");
    // Annotations are for GitHub alone.
    scenario.run("validate").assert(
        1,
        "",
        "\
error[unknown-project]: unknown project `shop`
 --> team.yaml:5:76
  |
5 |   - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {shop: USER}}
  |                                                                            ^^^^
  |
help: the projects are `loyalty` and `storefront`

1 problem in team.yaml
",
    );
}

#[test]
fn the_plan_is_in_the_summary_of_the_job() {
    let scenario = Scenario::new().team(&format!(
        "{HEAD}people:\n  - {{email: alex@example.com, first_name: '```', last_name: '##[error]', projects: {{loyalty: USER}}}}\n"
    ));
    fs::write(scenario.path("summary.md"), "before\n").expect("a file");
    let page = in_actions(&scenario, &["plan", "--format", "markdown"]).ok().stdout.clone();
    assert!(page.contains("alex@example.com"), "{page}");
    let summary = fs::read_to_string(scenario.path("summary.md")).expect("a summary");
    assert_eq!(scenario.placeholders(&summary), format!("before\n{page}\n\n"));
    fs::remove_file(scenario.path("summary.md")).expect("a file");
    fs::create_dir(scenario.path("summary.md")).expect("a folder");
    let ended = in_actions(&scenario, &["plan"]);
    assert!(ended.ok().stderr.contains("GITHUB_STEP_SUMMARY"), "{}", ended.stderr);
}

#[test]
fn the_summary_of_the_job_names_nobody_unless_names_are_asked_for() {
    let scenario = Scenario::new().team(&format!(
        "{HEAD}people:\n  - {{email: alex@example.com, first_name: Alexandra, last_name: Doe, projects: {{loyalty: USER}}}}\n"
    ));
    let summary = |args: &[&str]| {
        let _ = fs::remove_file(scenario.path("summary.md"));
        in_actions(&scenario, args).ok();
        let summary = fs::read_to_string(scenario.path("summary.md")).ok()?;
        Some(scenario.placeholders(&summary))
    };
    let page = |args: &str| scenario.run(args).ok().stdout.clone();
    let redacted = page("plan --format markdown --redact");
    assert!(!redacted.contains("alex@example.com") && !redacted.contains("Alexandra"), "{redacted}");
    let markdown_redacted = &["plan", "--format", "markdown", "--redact"][..];
    for args in [&["plan"][..], &["plan", "--format", "diff"], &["plan", "--redact"], markdown_redacted] {
        assert_eq!(summary(args), Some(format!("{redacted}\n\n")), "{args:?}");
    }
    let named = page("plan --format markdown");
    assert!(named.contains("alex@example.com"), "{named}");
    assert_eq!(summary(&["plan", "--format", "markdown"]), Some(format!("{named}\n\n")));
    for args in [&["plan", "--format", "json"][..], &["plan", "-q"], &["plan", "-q", "--format", "markdown"]]
    {
        assert_eq!(summary(args), None, "{args:?}");
    }
    // Written to a file, it is not in the log.
    for (format, is_there) in [("text", false), ("diff", false), ("markdown", true)] {
        let _ = fs::remove_file(scenario.path("summary.md"));
        let page = fs::File::create(scenario.path("page")).expect("a file");
        let mut command = scenario.command(&["plan", "--format", format]);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", scenario.path("summary.md"));
        assert!(command.stdout(page).status().expect("the binary runs").success());
        assert_eq!(scenario.path("summary.md").exists(), is_there, "{format}");
    }
}
