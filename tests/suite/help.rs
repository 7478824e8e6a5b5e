//! What `--help` of each command says, as files under tests/help.
//!
//! After a change that is meant: `UPDATE_HELP=1 cargo test --test suite help`, and look at the difference.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn help(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guestlist"));
    let output = command.args(args).arg("--help").env_clear().output().expect("the binary runs");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The commands that the help of guestlist itself lists.
fn commands(help: &str) -> Vec<String> {
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn help_of_each_command_is_as_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help");
    let whole = help(&[]);
    let mut pages = vec![("guestlist".to_owned(), whole.clone())];
    pages.extend(commands(&whole).into_iter().map(|name| (name.clone(), help(&[&name]))));
    assert!(pages.len() > 10);
    let update = std::env::var_os("UPDATE_HELP").is_some();
    for (name, page) in &pages {
        assert!(page.contains("\nExample: guestlist "), "{name} has no example");
        assert!(page.lines().all(|line| line.chars().count() <= 100), "{name} is too wide");
        let path = folder.join(format!("{name}.txt"));
        if update {
            fs::write(&path, page).expect("a file");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(*page, expected, "{name}: see the top of this file for what to do");
    }
    let files: BTreeSet<_> = fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    let names: BTreeSet<_> = pages.iter().map(|(name, _)| format!("{name}.txt")).collect();
    assert_eq!(files, names, "a file for each command, and no other");
}
