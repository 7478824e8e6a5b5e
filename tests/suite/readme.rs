//! The README and the pages it leads to: commands run, transcripts are true, YAML validates, the map of the code
//! is the code.
//!
//! After a change that is meant: `UPDATE_README=1 cargo test --test suite readme`, and look at the difference.

use std::fs;
use std::io::{Read as _, Seek as _};
use std::path::PathBuf;
use std::process::Stdio;

use guestlist::sandbox::Organization;

use crate::scenario::Scenario;

/// The organization that the README shows.
const ENDPOINT: &str = "https://api.voucherify.io";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect("a page")
}

fn readme() -> String {
    page("README.md")
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("\n```{language}\n");
    let block = |rest: &str| rest.split_once("\n```").map(|(block, _)| format!("{block}\n"));
    text.split(&fence).skip(1).filter_map(block).collect()
}

/// A folder with the example and the examples, and members for the plan that the README explains.
fn scenario() -> Scenario {
    let scenario = Scenario::new();
    // The example ends somebody's access one day, and no test may depend on the day.
    let example = fs::read_to_string(root().join("team.example.yaml")).expect("the example");
    scenario.write("team.example.yaml", &example.replace("2027", "2999"));
    let offboarding = fs::read_to_string(root().join("examples/offboarding.yaml")).expect("an example");
    scenario.write("examples/offboarding.yaml", &offboarding);
    scenario.organization(add_members);
    scenario
}

fn add_members(organization: &mut Organization) {
    let (shop, points) = ("proj_9KeAhZB1", "proj_npnFzPr9");
    for (login, first, last, access) in [
        ("alex.doe@example.com", "Alex", "Doe", vec![(shop, "ADMIN"), (points, "USER")]),
        ("kim.ray@example.com", "Kim", "Ray", vec![(shop, "USER"), (points, "USER")]),
        ("lee.hill@example.com", "Lee", "Hill", vec![(shop, "USER"), (points, "VIEWER")]),
        ("pat.moss@agency.example", "Pat", "Moss", vec![(shop, "USER")]),
        ("sam.lee@example.com", "Sam", "Lee", vec![(shop, "VIEWER")]),
    ] {
        let access = access.into_iter().map(|(project, role)| (project.to_owned(), role.to_owned()));
        assert!(organization.add_member(login, first, last, access));
    }
}

/// What a command writes to both of its streams, in the order in which it does.
fn run(scenario: &Scenario, line: &str) -> String {
    let args: Vec<_> = line.strip_prefix("guestlist ").expect("guestlist").split(' ').collect();
    let mut file = tempfile::tempfile().expect("a file");
    let stream = || Stdio::from(file.try_clone().expect("a file"));
    let status = scenario.command(&args).stdout(stream()).stderr(stream()).status().expect("the binary runs");
    assert!(status.success(), "`{line}` failed");
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).expect("text");
    sorted(&text.replace(&scenario.sandbox().base_url(), ENDPOINT))
}

/// People are worked on in parallel: what is said of each may come in any order.
fn sorted(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().collect();
    for run in lines.chunk_by_mut(|a, b| a.starts_with("invited ") && b.starts_with("invited ")) {
        run.sort_unstable();
    }
    lines.join("\n") + "\n"
}

/// A transcript as it is now: each command, and what it writes.
fn transcript(commands: &[&str]) -> String {
    let scenario = scenario();
    let said: Vec<_> = commands.iter().map(|line| format!("$ {line}\n{}", run(&scenario, line))).collect();
    said.join("\n")
}

#[test]
fn transcripts_are_true() {
    let apply = "guestlist apply team.example.yaml --sandbox --yes";
    is_true("README.md", &[apply, "guestlist plan team.example.yaml --sandbox"]);
    is_true("docs/plans.md", &["guestlist plan examples/offboarding.yaml"]);
}

/// Fails unless the one transcript of a page is what these commands print.
fn is_true(name: &str, script: &[&str]) {
    let page = page(name);
    let transcripts = blocks(&page, "console");
    let [shown] = transcripts.as_slice() else { panic!("{name} has {} transcripts", transcripts.len()) };
    let now = transcript(script);
    if std::env::var_os("UPDATE_README").is_some() {
        let updated = page.replacen(&format!("```console\n{shown}```"), &format!("```console\n{now}```"), 1);
        if updated != page {
            fs::write(root().join(name), updated).expect("a page");
        }
        return;
    }
    let (shown, now) = (timeless(shown), timeless(&now));
    assert!(shown == now, "--- {name}\n{shown}\n--- now\n{now}\n--- the top of this file says what to do");
}

/// A transcript without its day, times and ids.
fn timeless(text: &str) -> String {
    let day: String = text.split(" on ").nth(1).expect("a day").chars().take(10).collect();
    Scenario::new().placeholders(&text.replace(&day, "$TODAY"))
}

#[test]
fn commands_run() {
    for block in blocks(&readme(), "sh") {
        let scenario = scenario();
        for line in block.lines() {
            if line == "cargo test" {
                continue;
            }
            if let Some(variables) = line.strip_prefix("export ") {
                // The scenario has set them already.
                assert_eq!(variables, "VOUCHERIFY_MANAGEMENT_ID=… VOUCHERIFY_MANAGEMENT_TOKEN=…");
                continue;
            }
            run(&scenario, &line.replace("cargo run --release --", "guestlist"));
        }
    }
}

#[test]
fn team_files_are_in_order() {
    let scenario = Scenario::new();
    let files = blocks(&readme(), "yaml");
    assert_eq!(files.len(), 2);
    for text in &files {
        let name = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("the name of a file");
        scenario.write(name, text);
    }
    scenario.run("validate").assert(0, "team.yaml is valid (2 people, 2 projects).\n", "");
}

#[test]
fn the_map_of_the_code_is_the_code() {
    let page = page("docs/architecture.md");
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
    };
    let table = |head: &str| -> Vec<Vec<String>> {
        let (_, rows) = page.split_once(head).expect("a table");
        rows.lines().skip(2).take_while(|line| line.starts_with('|')).map(cells).collect()
    };
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    let modules: Vec<_> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mapped: Vec<_> = table("| module | holds |").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(mapped, modules);
    for row in table("| what always holds | kept by |") {
        let (file, name) = row[1].split_once("::").expect("a test");
        let folders = [root().join("tests/suite").join(file), root().join("tests").join(file)];
        let mut text = fs::read_to_string(root().join(format!("tests/suite/{file}.rs"))).unwrap_or_default();
        for entry in folders.iter().flat_map(fs::read_dir).flatten() {
            text += &fs::read_to_string(entry.expect("an entry").path()).expect("a file of tests");
        }
        assert!(text.contains(&format!("fn {name}(")), "there is no test {}", row[1]);
    }
}

#[test]
fn links_lead_somewhere() {
    let docs = fs::read_dir(root().join("docs")).expect("documents");
    let docs = docs.map(|entry| entry.expect("an entry").path());
    let pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root().join(name));
    for path in pages.into_iter().chain(docs.filter(|path| path.extension().is_some_and(|it| it == "md"))) {
        let text = fs::read_to_string(&path).expect("a page");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, _) = link.split_once('#').unwrap_or((link, ""));
            let is_there = || path.parent().expect("a folder").join(file).exists();
            assert!(link.starts_with("https://") || is_there(), "{}: {link} leads nowhere", path.display());
        }
    }
}
