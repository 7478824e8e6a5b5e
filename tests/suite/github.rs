//! What GitHub Actions sees: annotations at the lines of a team file, and the summary of a job.

use std::fs;

use crate::scenario::{Ended, HEAD, Scenario};

const WRONG: &str =
    "people:\n  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {shop: USER}}\n";

const ANNOTATION: &str = "::error file=team.yaml,line=5,col=76::unknown project `shop`%0Athe projects are `loyalty`, `storefront`\n";

fn in_actions(scenario: &Scenario, args: &[&str]) -> Ended {
    let summary = scenario.path("summary.md");
    scenario.finish(scenario.command(args).env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", summary))
}

#[test]
fn errors_of_a_team_file_are_annotations_too() {
    let scenario = Scenario::new().team(&format!("{HEAD}{WRONG}"));
    for args in [&["validate"][..], &["plan"], &["apply", "--yes"], &["explain", "alex@example.com"]] {
        let ended = in_actions(&scenario, args);
        assert_eq!(ended.status, Some(1), "{args:?}");
        assert_eq!(ended.stdout, "", "{args:?}");
        assert!(ended.stderr.starts_with(ANNOTATION), "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.ends_with("1 problem in team.yaml\n"), "{args:?}: {}", ended.stderr);
    }
    let ended = in_actions(&scenario, &["validate", "--format", "json"]);
    assert!(
        ended.stdout.starts_with("{\"problems\":[{\"file\":\"team.yaml\",\"line\":5"),
        "{}",
        ended.stdout
    );
    assert_eq!(ended.stderr, ANNOTATION);
    in_actions(&scenario, &["validate", "--format", "github"]).assert(1, ANNOTATION, "");
    scenario.run("validate --format github").assert(1, ANNOTATION, "");
    assert!(!scenario.run("validate").stderr.contains("::error"), "annotations are for GitHub alone");
}

#[test]
fn the_plan_is_in_the_summary_of_the_job() {
    let scenario = Scenario::new().team(&format!(
        "{HEAD}people:\n  - {{email: alex@example.com, first_name: '```', last_name: '##[error]', projects: {{loyalty: USER}}}}\n"
    ));
    fs::write(scenario.path("summary.md"), "before\n").expect("a file");
    in_actions(&scenario, &["plan"]).ok();
    let summary = fs::read_to_string(scenario.path("summary.md")).expect("a summary");
    assert!(summary.starts_with("before\n"), "{summary}");
    assert!(summary.contains("alex@example.com"), "{summary}");
    fs::remove_file(scenario.path("summary.md")).expect("a file");
    fs::create_dir(scenario.path("summary.md")).expect("a folder");
    let ended = in_actions(&scenario, &["plan"]);
    assert!(ended.ok().stderr.contains("GITHUB_STEP_SUMMARY"), "{}", ended.stderr);
}
