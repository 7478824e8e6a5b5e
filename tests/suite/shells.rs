//! Completions and manual pages: the shells and the formatters accept them, and they offer what fits.

use std::fs;
use std::process::Command;

use crate::help::commands;
use crate::programs::{BINARY, are_installed, folder_of_binary, path_with, scrubbed};
use crate::scenario::{HEAD, Scenario};

/// Two people, and one whose address is a command to a careless shell.
const PEOPLE: &str = "\
people:
  - {email: alex.doe@example.com, first_name: Alex, last_name: Doe, projects: {storefront: USER}}
  - {email: sam.lee@example.com, first_name: Sam, last_name: Lee, projects: {storefront: USER}}
  - {email: 'a`touch$IFS$9pwned`@example.com', first_name: Mal, last_name: Ory, projects: {storefront: USER}}
";

/// A shell or formatter in the folder of the scenario, with guestlist in its path.
fn program(scenario: &Scenario, name: &str) -> Command {
    let mut command = scrubbed(name);
    command
        .current_dir(scenario.path(""))
        .env("PATH", path_with(folder_of_binary()))
        .env("HOME", scenario.path(""));
    command
}

/// What bash replaces the word at the end of `line` with: it splits words at `=`, `:` and `@`, too.
fn bash(scenario: &Scenario, line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        words.push(String::new());
        for c in word.chars() {
            if "=:@".contains(c) {
                words.retain(|word| !word.is_empty());
                words.push(c.to_string());
                words.push(String::new());
            } else {
                words.last_mut().expect("a word").push(c);
            }
        }
    }
    // After `--format=`, the last word is `=`, and nothing of it is to be replaced.
    let last = words.last().expect("a word").clone();
    if last.is_empty() && line.ends_with(['=', ':', '@']) {
        words.pop();
    }
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source <(guestlist completions bash)\ncomplete -p guestlist >/dev/null || exit 1\n\
         COMP_LINE='{line}' COMP_POINT={} COMP_WORDS=({}) COMP_CWORD={}\n\
         _guestlist guestlist '{last}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        line.len(),
        quoted.join(" "),
        words.len() - 1,
        words[words.len() - 2]
    );
    let ended = scenario.finish(program(scenario, "bash").args(["-u", "-c", &script]));
    assert_eq!(ended.ok().stderr, "", "{line}");
    ended.stdout.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_values_and_people() {
    let scenario = Scenario::new().team(&format!("{HEAD}{PEOPLE}"));
    scenario.write("$(touch pwned).yaml", "");
    scenario.write("people/sales.yaml", "");
    for (line, expected) in [
        ("guestlist vali", &["validate"][..]),
        ("guestlist plan --detail", &["--detailed-exitcode"]),
        ("guestlist plan --format=m", &["markdown"]),
        ("guestlist plan --format=", &["text", "diff", "markdown", "json"]),
        ("guestlist plan --format m", &["markdown"]),
        ("guestlist --sandbox plan --format j", &["json"]),
        // Not `-`, and quoted for the shell.
        ("guestlist plan ", &["\\$\\(touch\\ pwned\\).yaml", "people/", "team.yaml"]),
        ("guestlist plan people/", &["people/sales.yaml"]),
        ("guestlist completions ", &["bash", "elvish", "fish", "powershell", "zsh"]),
        ("guestlist help unl", &["unlock"]),
        ("guestlist man unl", &["unlock"]),
        ("guestlist explain ", &["alex.doe@example.com", "sam.lee@example.com"]),
        ("guestlist explain ALEX", &["alex.doe@example.com"]),
        // Bash replaces only what follows the `@`.
        ("guestlist explain alex.doe@ex", &["example.com"]),
        ("guestlist log --person s", &["sam.lee@example.com"]),
        ("guestlist log --person=s", &["sam.lee@example.com"]),
        ("guestlist explain sam.lee@example.com te", &["team.yaml"]),
        ("guestlist frobnicate", &[]),
    ] {
        assert_eq!(bash(&scenario, line), expected, "{line}");
    }
    assert_eq!(scenario.calls(), [], "completions never call the service");
    assert!(!scenario.path("pwned").exists());
}

#[test]
fn fish_completes_the_same_with_descriptions() {
    if !are_installed(&["fish"]) {
        return;
    }
    let scenario = Scenario::new().team(&format!("{HEAD}{PEOPLE}"));
    let script = "guestlist completions fish | source; complete -C 'guestlist '";
    let offered = scenario.finish(program(&scenario, "fish").args(["-c", script])).ok().stdout.clone();
    let names: Vec<_> = offered.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(names, commands(), "commands, and no files");
    for (line, expected) in [
        ("guestlist vali", "validate\tCheck the team file, offline\n"),
        ("guestlist plan --format=m", "--format=markdown\n"),
        ("guestlist plan ", "team.yaml\n"),
        ("guestlist completions ", "bash\nelvish\nfish\npowershell\nzsh\n"),
        ("guestlist explain alex.doe@ex", "alex.doe@example.com\tAlex Doe\n"),
        ("guestlist log --person ", "alex.doe@example.com\tAlex Doe\nsam.lee@example.com\tSam Lee\n"),
    ] {
        let script = format!("guestlist completions fish | source; complete -C '{line}'");
        scenario.finish(program(&scenario, "fish").args(["-c", &script])).assert(0, expected, "");
    }
}

#[test]
fn every_shell_accepts_its_script() {
    let scenario = Scenario::new();
    for (shell, args) in [("bash", ["-n"]), ("zsh", ["-n"]), ("fish", ["--no-execute"])] {
        let script = scenario.run(&format!("completions {shell}")).ok().stdout.clone();
        assert!(script.contains(&format!("GUESTLIST_COMPLETE={shell} ")) || shell == "zsh", "{script}");
        scenario.write("script", &script);
        if are_installed(&[shell]) {
            scenario.finish(program(&scenario, shell).args(args).arg("script")).assert(0, "", "");
        }
    }
    for shell in ["elvish", "powershell"] {
        assert!(scenario.run(&format!("completions {shell}")).ok().stdout.contains("guestlist"));
    }
}

/// Asks as the script of zsh does.
fn ask(scenario: &Scenario, words: &[&str]) -> String {
    let mut command = program(scenario, BINARY);
    command
        .env("GUESTLIST_COMPLETE", "zsh")
        .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string())
        .env("_CLAP_IFS", "\n")
        .arg("--")
        .args(words);
    let ended = scenario.finish(&mut command);
    assert_eq!(ended.ok().stderr, "", "{words:?}");
    ended.stdout
}

#[test]
fn a_team_file_that_cannot_be_used_completes_nothing() {
    let scenario = Scenario::new();
    let explain = ["guestlist", "explain", ""];
    assert_eq!(ask(&scenario, &explain), "", "no file");
    for text in
        ["", "version: 9\n", "people: [\u{0}", &format!("{HEAD}people: [{{email: ana@example.com}}]\n")]
    {
        scenario.write("team.yaml", text);
        assert_eq!(ask(&scenario, &explain), "", "{text:?}");
    }
    scenario.write("team.yaml", &format!("{HEAD}{PEOPLE}"));
    assert_eq!(ask(&scenario, &explain), "alex.doe@example.com:Alex Doe\nsam.lee@example.com:Sam Lee\n");
    let team = format!("{HEAD}{}", PEOPLE.replace("last_name: Doe", r#"last_name: "D\u202eoe""#));
    scenario.write("team.yaml", &team);
    assert!(!ask(&scenario, &explain).contains('\u{202e}'), "nothing active reaches the terminal");
}

#[test]
fn each_command_has_a_manual_page_that_formatters_accept() {
    let scenario = Scenario::new();
    let written = scenario.run("man --out pages/man1");
    let mut names: Vec<_> = commands().into_iter().map(|name| format!("guestlist-{name}")).collect();
    names.insert(0, "guestlist".to_owned());
    written.assert(0, "", &format!("Wrote {} pages to pages/man1.\n", names.len()));
    let folder = fs::read_dir(scenario.path("pages/man1")).expect("a folder");
    assert_eq!(folder.count(), names.len());
    let (has_groff, has_mandoc) = (are_installed(&["groff"]), are_installed(&["mandoc"]));
    for name in &names {
        let file = format!("pages/man1/{name}.1");
        let page = scenario.placeholders(&scenario.read(&file));
        let command = name.strip_prefix("guestlist-").unwrap_or_default();
        assert_eq!(scenario.run(&format!("man {command}")).ok().stdout, page);
        assert_eq!(page.matches("\n.TH ").count(), 1);
        assert!(page.contains(&format!("\n.TH {name} 1 ")), "{page}");
        let headings: Vec<_> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        let expected: &[&str] = match command {
            "" => &[
                "OPTIONS",
                "GLOBAL OPTIONS",
                "COMMANDS",
                "ENVIRONMENT",
                "EXIT STATUS",
                "MORE HELP",
                "EXAMPLES",
            ],
            "schema" | "completions" | "man" => &["OPTIONS", "EXAMPLES", "SEE ALSO"],
            "sandbox" => &["OPTIONS", "GLOBAL OPTIONS", "FAULTS", "TRIGGERS", "EXAMPLES", "SEE ALSO"],
            _ => &["OPTIONS", "GLOBAL OPTIONS", "EXAMPLES", "SEE ALSO"],
        };
        let headings: Vec<_> = headings.iter().map(|heading| heading.trim_matches('"')).collect();
        assert_eq!(headings, [&["NAME", "SYNOPSIS", "DESCRIPTION"][..], expected].concat(), "{name}");
        if has_groff {
            let args = ["-K", "utf8", "-man", "-Tutf8", "-ww", "-z", &file];
            scenario.finish(program(&scenario, "groff").args(args)).assert(0, "", "");
        }
        if has_mandoc {
            let args = ["-T", "lint", "-W", "warning", &file];
            scenario.finish(program(&scenario, "mandoc").args(args)).assert(0, "", "");
        }
    }
    scenario.run("man plann").assert(1, "", "error: unknown command `plann`; did you mean `plan`?\n");
    scenario.write("file", "");
    let ended = scenario.run("man --out file");
    assert!(ended.stderr.starts_with("error: cannot write `file/guestlist.1`: "), "{}", ended.stderr);
}
