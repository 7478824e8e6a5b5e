//! The errors of a team file: each id is documented, and the example in the documentation gives exactly that id.

use std::fs;
use std::path::Path;

use guestlist::team_file::ProblemId;
use serde_json::Value;

use crate::programs::{are_installed, scrubbed};
use crate::scenario::Scenario;

/// A section of docs/errors.md.
struct Section<'a> {
    id: &'a str,
    summary: &'a str,
    /// The fenced blocks: what follows the fence, and the content.
    blocks: Vec<(&'a str, &'a str)>,
    /// The text after the last block.
    advice: &'a str,
}

fn sections(page: &str) -> Vec<Section<'_>> {
    page.split("\n## ").skip(1).map(section).collect()
}

fn section(text: &str) -> Section<'_> {
    let (id, rest) = text.split_once("\n\n").expect("a heading");
    let (summary, rest) = rest.split_once("\n\n").expect("a summary");
    let parts: Vec<_> = rest.split("```").collect();
    let blocks = parts[1..].iter().step_by(2).map(|block| block.split_once('\n').expect("a block")).collect();
    Section { id, summary, blocks, advice: parts.last().expect("text").trim() }
}

/// Writes the files of a section and runs its commands in a folder of its own.
fn build(section: &Section<'_>, folder: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    for (info, content) in &section.blocks {
        match *info {
            "sh" => {
                let ran = scrubbed("bash").args(["-e", "-c", content]).current_dir(folder).status();
                assert!(ran.expect("bash runs").success(), "{}: {content}", section.id);
            }
            "yaml" => fs::write(folder.join("team.yaml"), content).expect("a file"),
            info => {
                let name = info.strip_prefix("yaml title=").expect(info).trim_matches('"');
                fs::write(folder.join(name), content).expect("a file");
            }
        }
    }
}

#[test]
fn every_id_is_documented_with_an_example_that_gives_it() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    let page = fs::read_to_string(page).expect("the page");
    let sections = sections(&page);
    let documented: Vec<_> = sections.iter().map(|section| (section.id, section.summary)).collect();
    let ids: Vec<_> = ProblemId::ALL.iter().map(|id| (id.as_str(), id.summary())).collect();
    assert_eq!(documented, ids);

    let scenario = Scenario::new();
    let has_bash = are_installed(&["bash"]);
    for section in &sections {
        if !has_bash && section.blocks.iter().any(|(info, _)| *info == "sh") {
            continue;
        }
        let folder = scenario.path(section.id);
        build(section, &folder);
        assert!(!section.advice.is_empty(), "{} does not say what to do", section.id);
        let run = |args: &[&str]| scenario.finish(scenario.bare_command(args).current_dir(&folder));
        let ended = run(&["validate", "--format", "json"]);
        ended.assert_status(1);
        let report: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        let found: Vec<_> = report["problems"].as_array().expect("a list").iter().map(|p| &p["id"]).collect();
        assert_eq!(found, [section.id], "{}", ended.stdout);
        let ended = run(&["validate"]);
        ended.assert_status(1);
        let heading = format!("error[{}]: ", section.id);
        assert!(ended.stderr.starts_with(&heading), "{}: {}", section.id, ended.stderr);
    }
}

#[test]
fn ids_are_kebab_case_and_unique() {
    let mut ids: Vec<_> = ProblemId::ALL.iter().map(|id| id.as_str()).collect();
    for id in &ids {
        let is_kebab_case = id.split('-').all(|word| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        });
        assert!(is_kebab_case, "{id}");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), ProblemId::ALL.len());
}
