//! The team files to begin from: each is in order, and once applied leaves nothing to do.

use std::fs;
use std::path::{Path, PathBuf};

use crate::scenario::Scenario;

/// Every team file that the repository offers, by path from its root: the example, `examples/*.yaml` and
/// `examples/*/team.yaml`.
fn team_files() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![PathBuf::from("team.example.yaml")];
    for entry in fs::read_dir(root.join("examples")).expect("the examples") {
        let path = Path::new("examples").join(entry.expect("an entry").file_name());
        let inside = path.join("team.yaml");
        if path.extension().is_some_and(|ending| ending == "yaml") {
            paths.push(path);
        } else if root.join(&inside).exists() {
            paths.push(inside);
        }
    }
    paths.sort();
    paths.into_iter().map(|path| path.to_str().expect("text").to_owned()).collect()
}

/// Copies a file or folder of the repository into the scenario.
fn copy(scenario: &Scenario, from: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if root.join(from).is_dir() {
        for entry in fs::read_dir(root.join(from)).expect("a folder") {
            copy(scenario, &from.join(entry.expect("an entry").file_name()));
        }
    } else if from.extension().is_some_and(|ending| ending == "yaml") {
        let text = fs::read_to_string(root.join(from)).expect("a file");
        scenario.write(from.to_str().expect("text"), &text);
    }
}

#[test]
fn every_example_is_in_order_and_can_be_applied() {
    let scenario = Scenario::new();
    copy(&scenario, Path::new("examples"));
    copy(&scenario, Path::new("team.example.yaml"));
    let mut said = String::new();
    for file in team_files() {
        said.push_str(&scenario.run(&format!("validate {file}")).ok().stdout);
        let sandbox =
            format!("--sandbox={}.json --ledger {}.ledger", file.replace('/', "-"), file.replace('/', "-"));
        scenario.run(&format!("apply {file} --yes {sandbox}")).ok();
        scenario.run(&format!("plan {file} --detailed-exitcode {sandbox}")).ok();
    }
    assert_eq!(
        said,
        "\
examples/contractor.yaml is valid (2 people, 2 projects).
examples/github/team.yaml is valid (2 people, 2 projects).
examples/groups/team.yaml is valid (4 people, 2 projects).
examples/kubernetes/team.yaml is valid (1 person, 2 projects).
examples/minimal.yaml is valid (1 person, 1 project).
examples/offboarding.yaml is valid (4 people, 2 projects).
team.example.yaml is valid (3 people, 2 projects).
"
    );
}
