//! Files that nobody means: each is refused with a sentence, within 256 MiB of memory, by the real binary.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::programs::{BINARY, are_installed, scrubbed};
use crate::scenario::{Ended, HEAD, Scenario};

/// How much memory a run may take for data, in KiB.
pub(crate) const MEMORY: &str = "262144";

/// Runs guestlist with a bound on memory. Where it is not enough, the process is ended by a signal.
fn bounded(scenario: &Scenario, args: &[&str]) -> Ended {
    let bounded = ["-c", "ulimit -d \"$0\"; exec \"$@\"", MEMORY, BINARY];
    scenario.finish(scenario.program("sh").args(bounded).args(args))
}

/// Fails unless `args` are refused, and the first line says why.
#[track_caller]
fn refused(scenario: &Scenario, args: &[&str], sentence: &str) -> Ended {
    refused_with(scenario, args, &format!("error: {sentence}"))
}

/// Checks that a team file is refused with one error, by its id.
fn refused_team_file(scenario: &Scenario, args: &[&str], id: &str, sentence: &str) -> Ended {
    refused_with(scenario, args, &format!("error[{id}]: {sentence}"))
}

fn refused_with(scenario: &Scenario, args: &[&str], line: &str) -> Ended {
    let ended = bounded(scenario, args);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{args:?}: {ended:?}");
    assert_eq!(ended.stderr.lines().next(), Some(line), "{args:?}");
    assert!(!ended.stderr.contains("panicked"), "{args:?}: {}", ended.stderr);
    ended
}

/// The bytes of a file, by name; too large to be kept all at once.
fn hostile_team_file(name: &str) -> Vec<u8> {
    const MIB: usize = 1024 * 1024;
    let text = match name {
        "empty" => String::new(),
        "blank" => "\n# nothing\n".to_owned(),
        "not UTF-8" => return b"version: 1\nprojects: {shop: \xff\xfe}\n".to_vec(),
        "UTF-16" => "version: 1".encode_utf16().flat_map(u16::to_le_bytes).map(char::from).collect(),
        "NUL" => "version: 1\n\0".to_owned(),
        "too large" => format!("version: 1\n#{}", "x".repeat(64 * MIB)),
        "alias bomb" => {
            let mut text = String::from("a: &a [x, x]\n");
            for level in 0..60_000 {
                let _ = writeln!(text, "b{level}: &b{level} [*a, *a, *a, *a]");
            }
            text
        }
        "merge keys" => "a: &a {b: c}\nd: {<<: *a}\n".to_owned(),
        "lists in lists" => "[".repeat(20 * MIB),
        "mappings in mappings" => "{a: ".repeat(10 * MIB),
        "indentation" => (0..3_000).fold(String::new(), |text, level| text + &" ".repeat(level) + "a:\n"),
        "too many values" => format!("{HEAD}people:\n{}", "  - {}\n".repeat(1_600_000)),
        "long texts" => {
            let mut text = String::from("version: 1\nprojects:\n");
            for alias in 0..16_000 {
                let _ = writeln!(text, "  a{alias}: \"{}\"", "x".repeat(4_000));
            }
            text
        }
        "a long text" => format!("version: 1\nprojects: {{a: {}}}\n", "x".repeat(60 * MIB)),
        "many keys" => {
            let keys: Vec<_> = (0..240_000).map(|key| format!("k{key}: v")).collect();
            format!("{{{}}}", keys.join(","))
        }
        "line ends" => "\r".repeat(3_000_000),
        "quotes" => format!("version: \"{}", "\\u0041".repeat(MIB)),
        "more projects than people" => {
            let projects: Vec<_> = (0..700_000).map(|number| format!("a{number}: p{number}")).collect();
            format!("version: 1\nprojects: {{{}}}\n", projects.join(","))
        }
        "more patterns than files" => {
            let patterns: Vec<_> = (0..400_000).map(|number| format!("{number}.yaml")).collect();
            format!("{HEAD}include: [{}]\n", patterns.join(","))
        }
        "groups that multiply" => {
            let mut text = HEAD.replace("projects: {", "projects: {a0: p0, ").replace("groups:", "");
            text.push_str("groups:\n");
            for group in 0..1_000 {
                let _ = writeln!(text, "  g{group}: {{storefront: USER, loyalty: USER}}");
            }
            let groups: Vec<_> = (0..1_000).map(|group| format!("g{group}")).collect();
            let groups = groups.join(",");
            text.push_str("people:\n");
            for person in 0..1_000 {
                let _ = writeln!(
                    text,
                    "  - {{email: a{person}@example.com, first_name: A, last_name: B, groups: [{groups}]}}"
                );
            }
            text
        }
        other => panic!("no such file: {other}"),
    };
    text.into_bytes()
}

#[test]
fn team_files_that_nobody_means_are_refused() {
    let scenario = Scenario::new();
    for (name, id, sentence) in [
        ("empty", "empty-file", "the file is empty"),
        ("blank", "empty-file", "the file is empty"),
        ("not UTF-8", "not-utf8", "not UTF-8 from here on"),
        ("UTF-16", "not-utf8", "NUL byte: this is not a text file"),
        ("NUL", "not-utf8", "NUL byte: this is not a text file"),
        ("too large", "file-too-large", "all files together are larger than 64 MiB"),
        ("alias bomb", "anchors-not-supported", "anchors (`&name`) are not supported in team files"),
        ("merge keys", "unknown-key", "unknown key `a`"),
        ("lists in lists", "nested-too-deep", "lists and mappings are nested more than 32 levels deep"),
        ("mappings in mappings", "nested-too-deep", "lists and mappings are nested more than 32 levels deep"),
        ("indentation", "nested-too-deep", "lists and mappings are nested more than 32 levels deep"),
        ("too many values", "file-too-large", "the file has more than 1,500,000 keys and values"),
        (
            "long texts",
            "invalid-id",
            "`xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` is not a valid project id: it is longer than 128 bytes",
        ),
        ("a long text", "too-long", "text is longer than 4096 bytes"),
        ("many keys", "unknown-key", "unknown key `k0`"),
        ("line ends", "file-too-large", "the file has more than 2,000,000 lines"),
        ("quotes", "invalid-yaml", "unclosed quote"),
        (
            "more projects than people",
            "file-too-large",
            "the file has more than 500000 keys and values outside `people`",
        ),
        ("more patterns than files", "include-not-found", "no file matches this `include`"),
        (
            "groups that multiply",
            "too-many-roles",
            "groups and people grant more than 1000000 roles in total",
        ),
    ] {
        fs::write(scenario.path("team.yaml"), hostile_team_file(name)).expect("a file");
        let ended = refused_team_file(&scenario, &["validate"], id, sentence);
        let lines = ended.stderr.lines().map(|line| line.chars().count());
        assert!(lines.max() < Some(600), "{name}: a line that nobody can read");
    }
    assert_eq!(scenario.calls().len(), 0);
}

/// A large organization: 30,000 people with 10 projects each.
fn large_team_file(person: impl Fn(&mut String, usize)) -> String {
    let mut text = String::from("version: 1\nprojects:\n");
    for project in 0..10 {
        let _ = writeln!(text, "  project-{project}: proj_{project:08}AbCd");
    }
    text.push_str("groups:\n  all:\n");
    for project in 0..10 {
        let _ = writeln!(text, "    project-{project}: USER");
    }
    text.push_str("people:\n");
    for number in 0..30_000 {
        person(&mut text, number);
    }
    text
}

#[test]
fn a_large_organization_is_no_attack() {
    let through_a_group = large_team_file(|text, number| {
        let _ = writeln!(
            text,
            "  - {{email: person.number{number}@example.com, first_name: First, last_name: Last, groups: [all]}}"
        );
    });
    let written_out = large_team_file(|text, number| {
        let _ = write!(
            text,
            "  - email: person.number{number}@example.com\n    first_name: First\n    last_name: Last\n    groups: []\n    from: 2026-01-01\n    until: 2999-12-31\n    projects:\n"
        );
        for project in 0..10 {
            let _ = writeln!(
                text,
                "      project-{project}: {}",
                ["ADMIN", "USER", "VIEWER"][(number + project) % 3]
            );
        }
    });
    for text in [through_a_group, written_out] {
        let scenario = Scenario::new().team(&text);
        bounded(&scenario, &["validate"]).assert(0, "team.yaml is valid (30000 people, 10 projects).\n", "");
    }
}

#[test]
fn one_cause_is_one_error() {
    let scenario = Scenario::new();
    fs::write(scenario.path("team.yaml"), hostile_team_file("groups that multiply")).expect("a file");
    let ended = bounded(&scenario, &["validate"]);
    assert!(ended.stderr.ends_with("\n1 problem in team.yaml\n"), "{}", ended.stderr);
}

#[test]
fn ten_thousand_files_are_included_and_not_one_more() {
    let scenario = Scenario::new().team(&format!("{HEAD}include: [\"people/*.yaml\"]\n"));
    fs::create_dir(scenario.path("people")).expect("a folder");
    for number in 0..10_000 {
        fs::write(scenario.path(&format!("people/{number}.yaml")), "people: []\n").expect("a file");
    }
    scenario.run("validate").assert(0, "team.yaml is valid (0 people, 2 projects).\n", "");
    scenario.write("people/more.yaml", "people: []\n");
    let ended = scenario.run("validate");
    assert_eq!(ended.status, Some(1));
    assert!(
        ended.stderr.starts_with("error[too-many-includes]: this includes more than 10000 files\n"),
        "{}",
        ended.stderr
    );
}

#[test]
fn what_is_no_file_is_no_team_file() {
    let scenario = Scenario::new().file("folder/file", "");
    for command in ["validate", "plan", "apply"] {
        refused(
            &scenario,
            &[command, "missing.yaml"],
            "team file `missing.yaml` not found; pass its path, or create one with `guestlist import --out missing.yaml`",
        );
        refused(
            &scenario,
            &[command, "folder"],
            "`folder` is a folder; pass the path of the team file in it",
        );
        refused(
            &scenario,
            &[command, "folder/file/team.yaml"],
            "cannot read team file `folder/file/team.yaml`: Not a directory (os error 20)",
        );
        refused_team_file(&scenario, &[command, "/dev/null"], "empty-file", "the file is empty");
        refused_team_file(
            &scenario,
            &[command, "/dev/zero"],
            "file-too-large",
            "all files together are larger than 64 MiB",
        );
    }
    scenario.write("closed.yaml", HEAD);
    fs::set_permissions(scenario.path("closed.yaml"), fs::Permissions::from_mode(0o000)).expect("a mode");
    // Whoever runs this as root can read it all the same.
    if fs::read(scenario.path("closed.yaml")).is_err() {
        refused(
            &scenario,
            &["plan", "closed.yaml"],
            "cannot read team file `closed.yaml`: Permission denied (os error 13)",
        );
    }
    assert_eq!(scenario.calls().len(), 0);
}

#[test]
fn included_files_that_nobody_means_are_refused() {
    let scenario = Scenario::new().team(&format!("{HEAD}include: [people/*.yaml]\n"));
    for (name, id, sentence) in [
        ("empty", "empty-file", "the file is empty"),
        ("not UTF-8", "not-utf8", "not UTF-8 from here on"),
        ("too large", "file-too-large", "all files together are larger than 64 MiB"),
        ("lists in lists", "nested-too-deep", "lists and mappings are nested more than 32 levels deep"),
    ] {
        fs::create_dir_all(scenario.path("people")).expect("a folder");
        fs::write(scenario.path("people/all.yaml"), hostile_team_file(name)).expect("a file");
        refused_team_file(&scenario, &["validate"], id, sentence);
    }
}

#[test]
fn saved_plans_that_nobody_means_are_refused() {
    let scenario = Scenario::new().file("folder/file", "");
    let cannot = |path: &str, why: &str| {
        format!("cannot read saved plan `{path}`: {why}; create one with `guestlist plan --out {path}`")
    };
    let is_none = |path: &str, why: &str| {
        format!(
            "saved plan `{path}` was not applied: not a saved plan ({why}); make one with `guestlist plan --out`"
        )
    };
    for (path, why) in [
        ("missing.json", "file not found"),
        ("folder", "it is a folder"),
        ("/dev/zero", "it is larger than 64 MiB"),
    ] {
        refused(&scenario, &["apply", "--yes", "--plan", path], &cannot(path, why));
    }
    let deep = format!("{{\"format_version\":1,\"desired\":{}", "[".repeat(20 << 20));
    for (content, sentence) in [
        (&b""[..], is_none("plan.json", "EOF while parsing a value at line 1 column 0")),
        (b"\0\0", is_none("plan.json", "expected value at line 1 column 1")),
        (b"\xff", cannot("plan.json", "it is not valid UTF-8")),
        (b"[[", is_none("plan.json", "invalid type: sequence, expected u64 at line 1 column 1")),
        (deep.as_bytes(), is_none("plan.json", "EOF while parsing a list at line 1 column 20971550")),
        (b"{\"format_version\": 1}", is_none("plan.json", "missing field `plan_id` at line 1 column 21")),
    ] {
        fs::write(scenario.path("plan.json"), content).expect("a file");
        refused(&scenario, &["apply", "--yes", "--plan", "plan.json"], &sentence);
    }
    assert_eq!(scenario.calls().len(), 0);
}

#[test]
fn ledgers_that_nobody_means_are_refused() {
    let scenario = Scenario::new().team(HEAD);
    let name = "20260101T000000.000Z-00000000.jsonl";
    let run = format!(".guestlist/runs/{name}");
    scenario.run("plan").ok();
    scenario.calls();
    fs::create_dir_all(scenario.path(".guestlist/runs")).expect("a folder");
    for (content, why) in [
        (&b"\0\0\0\n\n"[..], "expected value at column 1"),
        (b"\xff\n\n", "it is not UTF-8"),
        (b"{}\n{}\n", "missing field `seq` at column 2"),
        (b"[]\n[]\n", "invalid length 0, expected struct Envelope with 5 elements at column 2"),
    ] {
        fs::write(scenario.path(&run), content).expect("a file");
        let error = format!(
            "error: cannot read ledger file `{run}`, line 1: {why}; restore the file from a backup, or move it away\n"
        );
        let warning = format!("warning: `{name}`, line 1 is not a record: {why}\n");
        for args in [&["plan"][..], &["plan", "--offline"], &["apply", "--yes"]] {
            bounded(&scenario, args).assert(1, "", &error);
        }
        bounded(&scenario, &["log"]).assert(1, "", &format!("{warning}{error}"));
        bounded(&scenario, &["log", "--verify"]).assert(
            1,
            &format!("broken {name}: line 1 is not a record: {why}\n"),
            "error: the ledger was modified: 1 problem\n",
        );
    }
    assert_eq!(scenario.calls(), []);
    // A line without an end, of whatever length, is what a kill leaves behind.
    fs::write(scenario.path(&run), "[".repeat(20 << 20)).expect("a file");
    let torn = "line 1 is incomplete (the process was interrupted while writing it)";
    bounded(&scenario, &["log"]).assert(0, "The ledger is empty.\n", &format!("warning: `{name}`, {torn}\n"));
    fs::remove_file(scenario.path(&run)).expect("a file");
    fs::write(scenario.path(".guestlist/known.json"), "[".repeat(20 << 20)).expect("a file");
    bounded(&scenario, &["plan", "--offline"]).assert(
        1,
        "",
        "error: cannot read ledger file `.guestlist/known.json`: invalid type: sequence, expected u64 at line 1 column 1; \
         restore the file from a backup, or move it away\n",
    );
}

#[test]
fn credentials_that_nobody_means_are_refused() {
    let scenario = Scenario::new().team(HEAD);
    let large = "x".repeat(1 << 20);
    for (file, content) in
        [("empty", &b""[..]), ("lines", b"one\ntwo\n"), ("large", large.as_bytes()), ("binary", b"\xff\xfe")]
    {
        fs::write(scenario.path(file), content).expect("a file");
        fs::set_permissions(scenario.path(file), fs::Permissions::from_mode(0o600)).expect("a mode");
    }
    let named = "(from VOUCHERIFY_MANAGEMENT_ID_FILE)";
    for (file, sentence) in [
        ("missing", "VOUCHERIFY_MANAGEMENT_ID_FILE is not the path of a file; set it to the path of a file with the credential, not to the credential itself".to_owned()),
        ("empty", format!("empty {named} is empty")),
        ("lines", "VOUCHERIFY_MANAGEMENT_ID contains a space or a character that is not allowed in keys; copy it again from Team settings, Management API keys".to_owned()),
        ("large", format!("large {named} is too large for a credential")),
        ("binary", format!("binary {named} is not valid UTF-8")),
        (".", format!("cannot read . {named}: is a directory")),
        ("/dev/zero", format!("/dev/zero {named} is too large for a credential")),
    ] {
        let mut command = scenario.command(&["plan"]);
        command.env_remove("VOUCHERIFY_MANAGEMENT_ID").env("VOUCHERIFY_MANAGEMENT_ID_FILE", file);
        scenario.finish(&mut command).assert(1, "", &format!("error: {sentence}\n"));
    }
    assert_eq!(scenario.calls(), []);
}

#[test]
fn credentials_that_went_astray_are_not_repeated() {
    let scenario = Scenario::new().team(HEAD);
    let mut command = scenario.command(&["plan"]);
    command.env_remove("VOUCHERIFY_MANAGEMENT_TOKEN").env("VOUCHERIFY_MANAGEMENT_TOKEN_FILE", "canary-4711");
    scenario.finish(&mut command).assert(1, "", "\
error: VOUCHERIFY_MANAGEMENT_TOKEN_FILE is not the path of a file; set it to the path of a file with the credential, not to the credential itself
");
    let endpoint = "https://me:canary-4711@voucherify.example";
    bounded(&scenario, &["plan", "--endpoint", endpoint]).assert(1, "", "\
error: invalid --endpoint `https://**************@voucherify.example`: credentials do not belong in a URL: set VOUCHERIFY_MANAGEMENT_ID and VOUCHERIFY_MANAGEMENT_TOKEN
");
}

#[test]
fn a_sandbox_file_without_end_is_refused() {
    let scenario = Scenario::new().team(HEAD);
    let large = fs::File::create(scenario.path("large.json")).expect("a file");
    large.set_len((64 << 20) + 1).expect("a length");
    for (file, error) in [
        ("large.json", "cannot read the sandbox file large.json: it is larger than 64 MiB"),
        #[cfg(unix)]
        ("/dev/zero", "cannot read the sandbox file /dev/zero: it is not a regular file"),
    ] {
        let ended = bounded(&scenario, &["plan", &format!("--sandbox={file}")]);
        ended.assert(1, "", &format!("error: {error}\n"));
    }
}

#[test]
fn a_named_pipe_is_refused_at_once() {
    if !are_installed(&["mkfifo"]) {
        return;
    }
    let scenario = Scenario::new();
    let made = scrubbed("mkfifo").arg(scenario.path("team.yaml")).status();
    assert!(made.expect("mkfifo").success());
    scenario.run("validate").assert(
        1,
        "",
        "error: cannot read team file `team.yaml`: it is a named pipe, not a file\n",
    );
}
