//! Completions and manual pages: the shells and the formatter take them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::scenario::Scenario;

/// Whether `program` takes `text` on its standard input; none where it is not on this machine.
fn takes(program: &str, args: &[&str], text: &str) -> Option<(bool, String)> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    // Whoever does not read to the end has said what is wrong on standard error.
    let _ = child.stdin.take().expect("standard input").write_all(text.as_bytes());
    let output = child.wait_with_output().expect("an end");
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    Some((output.status.success(), said))
}

#[test]
fn every_shell_takes_its_completions() {
    let scenario = Scenario::new();
    for (shell, args) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let ended = scenario.run(&format!("completions {shell}"));
        let script = &ended.ok().stdout;
        for word in ["guestlist", "validate", "--detailed-exitcode", "detailed-exitcode"] {
            assert!(script.contains(word) || word.starts_with("--"), "{shell} does not complete {word}");
        }
        if let Some((taken, said)) = takes(shell, args, script) {
            assert!(taken, "{shell}: {said}");
        }
    }
}

#[test]
fn bash_completes_commands_and_options() {
    let scenario = Scenario::new();
    let script = scenario.run("completions bash").ok().stdout.clone();
    let ask = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let ask = format!(
            "{script}\nCOMP_WORDS=({}) COMP_CWORD={}\n_guestlist guestlist '{}' '{}'\necho \"${{COMPREPLY[@]}}\"\n",
            words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        takes("bash", &["-s"], &ask).map(|(_, said)| said.trim().to_owned())
    };
    for (line, completed) in [
        ("guestlist vali", "validate"),
        ("guestlist plan --detail", "--detailed-exitcode"),
        ("guestlist sche", "schema"),
    ] {
        if let Some(reply) = ask(line) {
            assert_eq!(reply, completed, "{line}");
        }
    }
}

#[test]
fn the_manual_is_formatted_without_a_complaint() {
    let scenario = Scenario::new();
    let ended = scenario.run("man");
    let pages = &ended.ok().stdout;
    for command in ["validate", "plan", "apply", "schema", "unlock"] {
        assert!(pages.contains(&format!("guestlist\\-{command}")), "no page on {command}");
    }
    if let Some((taken, said)) = takes("groff", &["-K", "utf8", "-man", "-Tutf8", "-ww", "-z"], pages) {
        assert!(taken && said.is_empty(), "{said}");
    }
}
