//! The documents: every command in them runs, and every key, option and test that they name is there.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use guestlist::team_file::keys;

use crate::programs::{BINARY, are_installed, path_with, scrubbed};
use crate::scenario::Scenario;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).expect("a document")
}

/// A fenced block: what stands after the fence, and what stands in it.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(info), None) => open = Some((info.to_owned(), String::new())),
            (None, Some((_, content))) => {
                content.push_str(line);
                content.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence that is never closed");
    blocks
}

/// Runs the shell of a document in one folder, with the files that it shows.
fn run_all(text: &str) -> usize {
    let scenario = Scenario::new();
    scenario.organization(|organization| {
        let access = [("proj_9KeAhZB1".to_owned(), "USER".to_owned())];
        assert!(organization.add_member("ada@example.com", "Ada", "Roe", access));
    });
    let endpoint = scenario.sandbox().base_url();
    scenario.write(
        "bin/guestlist",
        &format!("#!/usr/bin/env bash\nVOUCHERIFY_ENDPOINT={endpoint} exec {BINARY} \"$@\"\n"),
    );
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(scenario.path("bin/guestlist"), executable).expect("a mode");
    let mut ran = 0;
    for (info, content) in blocks(text) {
        if let Some(name) = info.strip_prefix("yaml title=") {
            scenario.write(name.trim_matches('"'), &content);
        }
        if info != "sh" {
            continue;
        }
        let mut command = scenario.program("bash");
        command.args(["-e", "-c", &content]).env("PATH", path_with(&scenario.path("bin")));
        let ended = scenario.finish(&mut command);
        assert_eq!(ended.status, Some(0), "{content}\n{}\n{}", ended.stdout, ended.stderr);
        ran += content.lines().count();
    }
    ran
}

#[test]
fn every_command_of_the_cookbook_runs() {
    if are_installed(&["bash"]) {
        assert!(run_all(&document("cookbook.md")) > 15);
    }
}

#[test]
fn every_other_command_shown_runs() {
    if !are_installed(&["bash"]) {
        return;
    }
    for entry in fs::read_dir(root().join("docs")).expect("documents") {
        let path = entry.expect("an entry").path();
        let is_page = path.extension().is_some_and(|ending| ending == "md");
        if is_page && path.file_stem().is_some_and(|stem| stem != "cookbook") {
            run_all(&fs::read_to_string(&path).expect("a document"));
        }
    }
}

#[test]
fn the_output_of_the_sandbox_is_as_shown() {
    let shown = blocks(&document("sandbox.md")).into_iter().find(|(info, _)| info == "console");
    let (command, shown) = shown.as_ref().and_then(|(_, text)| text.split_once('\n')).expect("a transcript");
    assert_eq!(command, "$ guestlist sandbox --seed-members 40 --listen 18097");
    let mut sandbox = scrubbed(BINARY);
    sandbox.args(["sandbox", "--seed-members", "40", "--listen", "0"]);
    let mut child = sandbox.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
    let lines = |stream: Option<Box<dyn Read>>, number| -> Vec<String> {
        let lines = BufReader::new(stream.expect("a stream")).lines();
        lines.take(number).map(|line| line.expect("a line")).collect()
    };
    let mut said = lines(child.stdout.take().map(|it| Box::new(it) as _), 1);
    let url = said[0].clone();
    said.extend(lines(child.stderr.take().map(|it| Box::new(it) as _), shown.lines().count() - 1));
    crate::signals::send("TERM", &child);
    child.wait().expect("an end");
    assert_eq!(said.join("\n").replace(&url, "http://127.0.0.1:18097") + "\n", shown);
}

#[test]
fn the_reference_of_the_team_file_has_its_keys() {
    let text = document("team-file.md");
    let mut sections = text.split("\n## ").skip(1);
    let mut check = |title: &str, known: &[&str]| {
        let section = sections.next().unwrap_or_default();
        assert!(section.starts_with(&format!("{title}\n")), "a section on {title}");
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        assert_eq!(rows.collect::<Vec<_>>(), known, "{title}");
    };
    check("Team file", &keys::TEAM_FILE);
    check("Included file", &keys::INCLUDED_FILE);
    check("Project", &keys::PROJECT);
    check("Person", &keys::PERSON);
    check("Role", &keys::ROLE);
    check("Policy", &keys::POLICY);
    check("Addresses", &keys::ADDRESS_RULE);
    check("Files", &keys::FILE_RULE);
}

/// `--help` of a command, at the width of a pipe.
fn help(command: &str) -> String {
    let output =
        scrubbed(BINARY).args(command.split_whitespace()).arg("--help").output().expect("the binary runs");
    assert!(output.status.success(), "{command}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// The help of a command without the section of global options, and the names of these.
fn without_global_options(help: &str) -> (String, Vec<String>) {
    let Some((before, rest)) = help.split_once("Global options:\n") else { return (help.to_owned(), vec![]) };
    // The next heading is at the beginning of a line.
    let end = rest.find("\n\n").map_or(0, |_| {
        rest.lines()
            .take_while(|line| line.is_empty() || line.starts_with(' '))
            .map(|line| line.len() + 1)
            .sum()
    });
    let (global, after) = rest.split_at(end);
    let names = global.lines().filter_map(|line| line.trim().strip_prefix('-').map(|_| line.trim()));
    let names = names.filter_map(|line| line.split([' ', ',', '[', '.']).find(|word| word.starts_with("--")));
    (format!("{before}{after}"), names.map(|name| format!("`{name}`")).collect())
}

#[test]
fn the_reference_of_the_commands_is_their_help() {
    let whole = help("");
    let mut text = format!(
        "# Commands\n\n`guestlist help COMMAND` shows the same text; `-h` shows a summary. `guestlist man \
         COMMAND` is the manual\npage.\n\n## guestlist\n\n```text\n{whole}```\n"
    );
    for command in crate::help::commands() {
        let (help, global) = without_global_options(&help(&command));
        let _ = write!(text, "\n## guestlist {command}\n\n```text\n{help}```\n");
        if !global.is_empty() {
            let _ = write!(text, "\nGlobal options: {}.\n", global.join(", "));
        }
    }
    text.push_str("\n<!-- Generated from the help: UPDATE_HELP=1 cargo test --test suite -->\n");
    let path = root().join("docs/commands.md");
    if std::env::var_os("UPDATE_HELP").is_some() {
        fs::write(&path, &text).expect("a page");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/commands.md is old; write it again: UPDATE_HELP=1 cargo test --test suite"
    );
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    fn walk(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, text);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                text.push_str(&fs::read_to_string(&path).expect("a file"));
            }
        }
    }
    let mut source = String::new();
    walk(&root().join("src"), &mut source);
    walk(&root().join("tests"), &mut source);
    let model = document("threat-model.md");
    let names: BTreeSet<_> = model
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains('_') && name.chars().all(|c| c.is_ascii_lowercase() || "_".contains(c)))
        .collect();
    assert!(names.len() > 20);
    let missing: Vec<_> = names.iter().filter(|name| !source.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}
