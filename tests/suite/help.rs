//! What the help of each command says, as files under tests/help: `plan.txt` is `plan --help`, and `plan.short.txt`
//! is `plan -h`. Its examples run.
//!
//! To update the files: `UPDATE_HELP=1 cargo test --test suite help`, and look at the difference.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use guestlist::sandbox::{Behaviour, Options, SecondInvitation};

use crate::engine;
use crate::programs::{BINARY, are_installed, folder_of_binary, path_with, scrubbed};
use crate::scenario::{Ended, Scenario};

fn help(args: &[&str]) -> String {
    let output = scrubbed(BINARY).args(args).output().expect("the binary runs");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The commands that the help of guestlist itself lists.
pub(crate) fn commands() -> Vec<String> {
    let help = help(&["--help"]);
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).map(str::to_owned).collect()
}

/// The command lines under `Examples`.
fn examples(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let lines = lines.map(|line| line.strip_prefix("  ").expect("nothing follows the examples"));
    lines.filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn help_of_each_command_is_as_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help");
    let mut pages =
        vec![("guestlist".to_owned(), help(&["--help"])), ("guestlist.short".to_owned(), help(&["-h"]))];
    for name in commands() {
        let (long, short) = (help(&[&name, "--help"]), help(&[&name, "-h"]));
        assert_eq!(help(&["help", &name]), long);
        assert!(short.lines().count() * 3 < long.lines().count() * 2, "{name} -h is not much shorter");
        pages.push((format!("{name}.short"), short));
        pages.push((name, long));
    }
    assert_eq!(help(&["help"]), pages[0].1);
    assert!(pages.len() > 20);
    let update = std::env::var_os("UPDATE_HELP").is_some();
    for (name, page) in &pages {
        assert!(page.lines().all(|line| line.chars().count() <= 100), "{name} is too wide");
        let path = folder.join(format!("{name}.txt"));
        let page: String = page.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
        if update {
            fs::write(&path, &page).expect("a file");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(page, expected, "{name}: see the top of this file for what to do");
    }
    let files: BTreeSet<_> = fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    let names: BTreeSet<_> = pages.iter().map(|(name, _)| format!("{name}.txt")).collect();
    assert_eq!(files, names, "two files for each command, and no other");
}

#[test]
fn each_help_shows_the_options_that_mean_something_there() {
    const GLOBAL: [&str; 7] =
        ["--endpoint", "--ledger", "--sandbox", "--color", "--log-format", "--verbose", "--quiet"];
    for name in commands() {
        let expected: &[&str] = match name.as_str() {
            "validate" | "sandbox" | "ledger" => &GLOBAL[3..],
            "import" => &["--endpoint", "--sandbox", "--color", "--log-format", "--verbose", "--quiet"],
            "log" => &GLOBAL[1..],
            "schema" | "completions" | "man" => &[],
            _ => &GLOBAL,
        };
        let page = help(&[&name, "--help"]);
        let words: BTreeSet<_> = page
            .lines()
            .filter(|line| line.trim_start().starts_with('-'))
            .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-'))
            .collect();
        let shown: Vec<_> = GLOBAL.into_iter().filter(|option| words.contains(option)).collect();
        assert_eq!(shown, expected, "{name}");
    }
}

#[test]
fn an_option_without_effect_is_accepted_and_mentioned() {
    let scenario = Scenario::new();
    let run = |args: &str| {
        let args: Vec<_> = args.split(' ').collect();
        scenario.finish(&mut scenario.bare_command(&args))
    };
    let schema = run("schema").ok().clone();
    assert_eq!(schema.stderr, "");
    // `--endpoint` is like its variable, which is set for every command.
    assert_eq!(run("--endpoint us1 -v --color never schema"), schema);
    for args in ["--sandbox schema", "schema --sandbox"] {
        let warning = "warning: `--sandbox` does not apply to `guestlist schema` and is ignored\n";
        assert_eq!(run(args), Ended { stderr: warning.to_owned(), ..schema.clone() });
    }
    assert_eq!(run("import --ledger elsewhere").status, Some(1));
    let warning = "warning: `--ledger` does not apply to `guestlist import` and is ignored\n";
    let imported = run("--sandbox import --ledger elsewhere");
    assert_eq!(imported.ok().stderr, warning);
    assert!(!scenario.path("elsewhere").exists());
    assert_eq!(run("import --sandbox --ledger elsewhere -q").ok().stderr, "");
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    let scenario = Scenario::new().team(include_str!("../../team.example.yaml"));
    let before = scenario.run("--sandbox --color never plan");
    assert!(before.ok().stdout.starts_with("2 invited · 1 becomes ADMIN · 3 calls\n"), "{}", before.stdout);
    assert_eq!(scenario.run("plan --sandbox --color never"), before);
    assert_eq!(scenario.calls(), []);
}

/// A folder in which the examples of `command` make sense.
fn place_for(example: &str) -> Scenario {
    let behaviour = Behaviour { second_invitation: SecondInvitation::SentAgain, ..Behaviour::default() };
    let scenario = Scenario::with(Options { behaviour, ..Options::default() });
    if !example.contains("--out team.yaml") {
        let team = include_str!("../../team.example.yaml");
        scenario.write("team.yaml", team);
        scenario.write("base.yaml", team);
        scenario.run("plan --out plan.json").ok();
    }
    let needs_invitation = ["explain", "ledger", "log", "report", "resend", "status", "unlock"];
    if needs_invitation.iter().any(|command| example.starts_with(&format!("guestlist {command}"))) {
        scenario.run("apply --yes").ok();
        scenario.run("apply --yes --sandbox").ok();
        // A reading without changes.
        scenario.run("plan").ok();
    }
    scenario
}

#[test]
fn every_example_runs() {
    let mut ran = 0;
    for name in std::iter::once("guestlist".to_owned()).chain(commands()) {
        let page = if name == "guestlist" { help(&["--help"]) } else { help(&[&name, "--help"]) };
        let examples = examples(&page);
        assert!(!examples.is_empty(), "{name} has no example");
        for example in examples {
            assert!(example.contains(&format!("guestlist {name}")) || name == "guestlist", "{example}");
            // Not broken over two lines in a terminal of 80 columns.
            assert!(example.chars().count() <= 78, "{example}");
            let shell = ["zsh", "fish"].into_iter().find(|shell| example.contains(shell)).unwrap_or("bash");
            let is_read = example.contains("| man ");
            ran += 1;
            if !are_installed(&[shell]) || (is_read && !are_installed(&["man"])) {
                continue;
            }
            let scenario = place_for(&example);
            let line = match shell {
                "zsh" => format!("autoload -U compinit; compinit -D; {example}"),
                _ if name == "sandbox" => format!("exec {example} --listen 0"),
                _ => format!("set -e; {example}"),
            };
            let mut command = scenario.program(shell);
            command
                .args(["-c", if shell == "fish" { &example } else { &line }])
                .env("PATH", path_with(folder_of_binary()))
                .env("HOME", scenario.path(""))
                .env("VOUCHERIFY_ENDPOINT", scenario.sandbox().base_url());
            if example.contains("s3://") {
                let Some(bucket) = engine::bucket() else { continue };
                bucket.create("acme-guestlist");
                command.envs(bucket.variables());
                if example.contains("copy s3://") {
                    let mut copy = scenario.program(BINARY);
                    copy.args(["ledger", "copy", ".guestlist", "s3://acme-guestlist/team"]);
                    // The example before may have copied it.
                    scenario.finish(copy.envs(bucket.variables()));
                }
            }
            if name == "sandbox" {
                let mut child =
                    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a shell");
                let mut url = String::new();
                let stdout = child.stdout.take().expect("standard output");
                BufReader::new(stdout).read_line(&mut url).expect("a line");
                assert!(url.starts_with("http://127.0.0.1:"), "{example}: {url}");
                crate::signals::send("TERM", &child);
                assert!(child.wait().expect("an end").success(), "{example}");
                continue;
            }
            let ended = scenario.finish(&mut command);
            let asks = ended
                .stderr
                .ends_with("error: cannot ask for confirmation (not a terminal); pass --yes to proceed\n");
            let expected = match () {
                // The plan of the examples has changes.
                () if example.contains("--detailed-exitcode") => 2,
                () if asks && !example.contains("--yes") => 1,
                () => 0,
            };
            assert_eq!(ended.status, Some(expected), "{example}\n{}\n{}", ended.stdout, ended.stderr);
        }
    }
    assert!(ran > 20);
}
