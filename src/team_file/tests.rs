//! Which files are rejected, how problems are drawn and reported, and that two readers of YAML agree.

mod schema;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::MAX_PROBLEMS;
use super::*;

/// Reads one team file.
fn read(name: &str, bytes: impl Into<Vec<u8>>) -> (Sources, TeamFile, Problems) {
    let (mut sources, mut problems) = (Sources::default(), Problems::default());
    let file = sources.add(name, bytes.into(), &mut problems);
    let team_file = parse_root(&sources, file, &mut problems);
    (sources, team_file, problems)
}

fn check(bytes: &[u8], expected: &str) {
    let (sources, _, problems) = read("team.yaml", bytes);
    assert_eq!(problems.text(&sources, false), expected.strip_prefix('\n').unwrap_or(expected));
}

#[test]
fn files_that_are_not_text_are_rejected_at_the_first_such_byte() {
    check(
        b"version: 1\ncluster: \xc3\xa9\xff\n",
        "
error[not-utf8]: not UTF-8 from here on
 --> team.yaml:2:11
  |
2 | cluster: é\u{fffd}
  |           ^
  |
help: save the file as UTF-8

1 problem in team.yaml
",
    );
    check(
        b"version: 1\0\n",
        "
error[not-utf8]: NUL byte: this is not a text file
 --> team.yaml:1:11
  |
1 | version: 1\u{fffd}
  |           ^
  |
help: save the file as plain text in UTF-8

1 problem in team.yaml
",
    );
    check(
        "version: 1\n# a\u{2028}b\n".as_bytes(),
        "
error[unusual-line-break]: unusual line break (U+0085, U+2028 or U+2029)
 --> team.yaml:2:4
  |
2 | # a\u{fffd}b
  |    ^
  |
help: use a normal line break, or remove the character

1 problem in team.yaml
",
    );
}

#[test]
fn files_that_are_too_large_are_rejected() {
    check(
        &vec![b' '; MAX_BYTES + 1],
        "
error[file-too-large]: all files together are larger than 64 MiB
 --> team.yaml:1:1
  |
1 |
  | ^

1 problem in team.yaml
",
    );
    check(
        &vec![b'\n'; 2_000_001],
        "
error[file-too-large]: the file has more than 2,000,000 lines
 --> team.yaml:1:1
  |
1 |
  | ^
  |
help: is this the file you meant?

1 problem in team.yaml
",
    );
}

#[test]
fn hostile_files_are_refused_early() {
    let cases = [
        ("people: [", "{},", "the file has more than 1,500,000 keys and values"),
        ("", "[", "lists and mappings are nested more than 32 levels deep"),
        ("", "{", "lists and mappings are nested more than 32 levels deep"),
        ("", "- ", "lists and mappings are nested more than 32 levels deep"),
        ("a: &a [", "*a, ", "anchors (`&name`) are not supported in team files"),
        ("{", "a: 1, ", "the file has more than 1,500,000 keys and values"),
    ];
    for (head, unit, message) in cases {
        let text = head.to_owned() + &unit.repeat(1_600_000);
        let (_, _, problems) = read("team.yaml", text);
        assert!(problems.sorted().iter().any(|problem| problem.message == message), "{head}{unit}…");
        assert!(problems.sorted().len() <= MAX_PROBLEMS);
    }
}

#[test]
fn the_number_of_problems_is_limited() {
    let keys: Vec<_> = (0..MAX_PROBLEMS + 5).map(|number| format!("zebra{number}: 1\n")).collect();
    let (sources, _, problems) = read("team.yaml", keys.concat());
    assert_eq!(problems.sorted().len(), MAX_PROBLEMS);
    assert!(problems.text(&sources, false).ends_with("\n1000 problems or more in team.yaml\n"));
}

#[test]
fn long_lines_are_cut_around_the_error() {
    let text = format!("{{version: 1, ledger: {}, zebra: {}}}", "é".repeat(100), "x".repeat(200));
    check(
        text.as_bytes(),
        &format!(
            "
error[missing-key]: a team file must have `projects`
 --> team.yaml:1:1
  |
1 | {{version: 1, ledger: {}, zebra: {}…
  | ^

error[unknown-key]: unknown key `zebra`
 --> team.yaml:1:124
  |
1 | …{}, zebra: {}…
  |  {}^^^^^
  |
help: the keys of a team file are `version`, `cluster`, `ledger`, `projects`, `roles`, `groups`, `people`, `policy` and `include`

2 problems in team.yaml
",
            "é".repeat(100),
            "x".repeat(30),
            "é".repeat(58),
            "x".repeat(93),
            " ".repeat(60),
        ),
    );
}

#[test]
fn nothing_in_a_file_or_its_name_is_obeyed_by_a_terminal() {
    let (sources, _, problems) = read(
        "te\u{1b}[2Jam.yaml",
        "\"zebra\\u001b[31m\": 1 # \u{202e}\u{200b} 東京\nversion: 1\nprojects: {a: b}\n",
    );
    assert_eq!(
        problems.text(&sources, false),
        "error[unknown-key]: unknown key `zebra\\u{1b}[31m`
 --> te\\u{1b}[2Jam.yaml:1:1
  |
1 | \"zebra\\u001b[31m\": 1 # \u{fffd}\u{fffd} 東京
  | ^^^^^^^^^^^^^^^^^
  |
help: the keys of a team file are `version`, `cluster`, `ledger`, `projects`, `roles`, `groups`, `people`, `policy` and `include`

1 problem in te\\u{1b}[2Jam.yaml
"
    );
}

#[test]
fn programs_read_json_and_annotations() {
    let (sources, _, problems) =
        read("a,b:50%.yaml", "version: 1\nprojects: {a: b}\n\"polcy%\": é\nledger:\n");
    assert_eq!(
        problems.json(&sources),
        r#"{"problems":[{"id":"unknown-key","file":"a,b:50%.yaml","line":3,"column":1,"message":"unknown key `polcy%`","help":"did you mean `policy`?"},{"id":"missing-value","file":"a,b:50%.yaml","line":4,"column":1,"message":"`ledger` has no value"}]}"#
    );
    assert_eq!(
        problems.github(&sources),
        "::error file=a%2Cb%3A50%25.yaml,line=3,col=1,title=unknown-key::unknown key `polcy%25`%0Adid you mean `policy`?
::error file=a%2Cb%3A50%25.yaml,line=4,col=1,title=missing-value::`ledger` has no value\n"
    );
}

#[test]
fn gitlab_reads_a_code_quality_report() {
    let text = "version: 1\nprojects: {a: b}\npolcy: é\nroles: {x: '', y: ''}\n";
    let (sources, _, problems) = read("./teams/a b.yaml", text);
    let issue = |id: &str, description: &str, fingerprint: &str, line: u32| {
        json!({
            "description": description,
            "check_name": id,
            "fingerprint": fingerprint,
            "severity": "major",
            "location": {"path": "teams/a b.yaml", "lines": {"begin": line}},
        })
    };
    let report = |text: &str| -> Value { serde_json::from_str(text).expect("JSON") };
    assert_eq!(
        report(&problems.gitlab(&sources)),
        json!([
            issue(
                "unknown-key",
                "unknown key `polcy`; did you mean `policy`?",
                "64f146e84692936abc5bf85191300c8f8f0f07066911d5abff473f0878fde5ea",
                3
            ),
            issue(
                "missing-value",
                "the role id is empty",
                "dbee8692e2ea7f7bc2114e704da9607b01c71962d8a8b383642672c8a78e583f",
                4
            ),
            issue(
                "missing-value",
                "the role id is empty",
                "c00ca4b4f726cbfe070ebb54e5bf7f3d619443777bd6d8af9aa0e2f61925f9fd",
                4
            ),
        ])
    );
    // A fingerprint does not depend on the line.
    let (sources, _, moved) = read("teams/a b.yaml", format!("# moved\n{text}"));
    let fingerprints = |report: Value| -> Vec<Value> {
        report.as_array().expect("a list").iter().map(|issue| issue["fingerprint"].clone()).collect()
    };
    assert_eq!(
        fingerprints(report(&moved.gitlab(&sources))),
        fingerprints(report(&problems.gitlab(&sources)))
    );
}

#[test]
fn sarif_viewers_read_rules_and_results() {
    let text = "version: 1\nprojects: {a: b}\npolcy: é\nledger:\n'[é](https://evil.example)': ''\nroles: \"two\n  lines\"\n";
    let (sources, _, problems) = read("./teams/ä b%.yaml", text);
    let log: Value = serde_json::from_str(&problems.sarif(&sources)).expect("JSON");
    let result = |id: &str, text: &str, [line, column, end_line, end_column]: [u32; 4]| {
        json!({
            "ruleId": id,
            "level": "error",
            "message": {"text": text},
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": {"uri": "teams/%C3%A4%20b%25.yaml"},
                    "region": {
                        "startLine": line,
                        "startColumn": column,
                        "endLine": end_line,
                        "endColumn": end_column,
                    },
                },
            }],
        })
    };
    let rule = |id: &ProblemId| {
        json!({
            "id": id.as_str(),
            "shortDescription": {"text": id.summary()},
            "fullDescription": {"text": id.summary()},
            "help": {"text": format!("docs/errors.md of guestlist has an example of {id}, and what to do.")},
        })
    };
    let keys = "the keys of a team file are `version`, `cluster`, `ledger`, `projects`, `roles`, `groups`, `people`, `policy` and `include`";
    assert_eq!(
        log,
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {
                    "driver": {
                        "name": "guestlist",
                        "version": env!("CARGO_PKG_VERSION"),
                        "rules": ProblemId::ALL.iter().map(rule).collect::<Vec<_>>(),
                    },
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    result("unknown-key", "unknown key `polcy`; did you mean `policy`?", [3, 1, 3, 6]),
                    result("missing-value", "`ledger` has no value", [4, 1, 4, 7]),
                    result("unknown-key", &format!("unknown key `[é] (https://evil.example)`; {keys}"), [5, 1, 5, 28]),
                    result("wrong-type", "`roles` must be a mapping (`key: value` lines), not text", [6, 8, 7, 9]),
                ],
            }],
        })
    );
    let (sources, _, problems) = read("/srv/team.yaml", "polcy: 1\n");
    assert!(problems.sarif(&sources).contains(r#""uri":"file:///srv/team.yaml""#));
}

#[test]
fn an_empty_list_of_problems_and_colour() {
    let (sources, _, problems) = read("team.yaml", "version: 1\nprojects: {a: b}\n");
    assert!(problems.is_empty());
    assert_eq!(problems.json(&sources), r#"{"problems":[]}"#);
    assert_eq!((problems.github(&sources), problems.gitlab(&sources)), (String::new(), "[]".to_owned()));
    assert!(problems.sarif(&sources).contains(r#""results":[]"#));
    let (sources, _, problems) = read("team.yaml", "");
    assert!(problems.text(&sources, true).contains("\u{1b}["));
}

#[test]
fn suggestions_are_for_typing_errors() {
    let known = ["ADMIN", "USER", "VIEWER", "campaign-manager"];
    for (written, meant) in [
        ("admin", Some("ADMIN")),
        ("User", Some("USER")),
        ("VEIWER", Some("VIEWER")),
        ("campain_manager", Some("campaign-manager")),
        ("editor", None),
        ("x", None),
    ] {
        assert_eq!(closest(written, known), meant, "{written}");
    }
    assert_eq!(closest(&"A".repeat(60_000_000), known), None);
}

/// The content of a team file as another reader of YAML sees it.
#[derive(Deserialize, PartialEq, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
struct Plain {
    version: String,
    projects: BTreeMap<String, String>,
    #[serde(default)]
    groups: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    people: Vec<PlainPerson>,
}

#[derive(Deserialize, PartialEq, Debug, Clone)]
#[serde(deny_unknown_fields)]
struct PlainPerson {
    email: String,
    first_name: String,
    last_name: String,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    projects: BTreeMap<String, String>,
}

fn plain(team_file: TeamFile) -> Plain {
    let text = |text: Option<Text>| text.map(|text| text.value).unwrap_or_default();
    let grants =
        |grants: Vec<WrittenGrant>| grants.into_iter().map(|g| (g.project.value, text(g.role))).collect();
    Plain {
        version: "1".to_owned(),
        projects: team_file
            .projects
            .into_iter()
            .flatten()
            .map(|project| (project.alias.value, text(project.id)))
            .collect(),
        groups: team_file
            .groups
            .into_iter()
            .flatten()
            .map(|group| (group.name.value, grants(group.grants.unwrap_or_default())))
            .collect(),
        people: team_file
            .people
            .into_iter()
            .map(|person| PlainPerson {
                email: text(person.email),
                first_name: text(person.first_name),
                last_name: text(person.last_name),
                groups: person.groups.into_iter().map(|group| group.value).collect(),
                projects: grants(person.grants),
            })
            .collect(),
    }
}

/// A text, and a way to write it in YAML.
fn written() -> impl Strategy<Value = (String, String)> {
    let simple = "[A-Za-z][A-Za-z0-9_.]{0,8}( [a-z0-9é東]{1,5}){0,2}";
    let any = "[ -~é東🎉]{0,12}[!-~é東🎉]";
    prop_oneof![
        simple
            .prop_filter("a word for nothing", |text| !["null", "Null", "NULL"].contains(&text.as_str()))
            .prop_map(|text| (text.clone(), text)),
        any.prop_map(|text| (text.clone(), format!("'{}'", text.replace('\'', "''")))),
        any.prop_map(|text| (text.clone(), serde_json::to_string(&text).expect("JSON"))),
        "No|off|y|[1-9]_000|1:30|2026-12-01|0b1|1e".prop_map(|text: String| (text.clone(), text)),
    ]
}

fn mapping() -> impl Strategy<Value = BTreeMap<String, (String, (String, String))>> {
    let entry = (written(), written()).prop_map(|(key, value)| (key.0, (key.1, value)));
    proptest::collection::vec(entry, 1..4).prop_map(|entries| entries.into_iter().collect())
}

fn written_mapping(
    entries: &BTreeMap<String, (String, (String, String))>,
    flow: bool,
    indent: &str,
) -> String {
    let entry = |(key, value): &(String, (String, String))| format!("{key}: {}", value.1);
    if flow {
        let entries: Vec<_> = entries.values().map(entry).collect();
        return format!(" {{ {} }}\n", entries.join(" , "));
    }
    let mut text = "  # a comment: [\n".to_owned();
    for value in entries.values() {
        let _ = writeln!(text, "{indent}{}", entry(value));
    }
    text
}

fn read_mapping(entries: &BTreeMap<String, (String, (String, String))>) -> BTreeMap<String, String> {
    entries.iter().map(|(key, (_, value))| (key.clone(), value.0.clone())).collect()
}

prop_compose! {
    /// A team file, and what it holds.
    fn team_files()(
        projects in mapping(),
        groups in proptest::collection::vec((written(), mapping(), any::<bool>()), 0..3),
        people in proptest::collection::vec(
            ([written(), written(), written()], proptest::collection::vec(written(), 0..3), mapping(), any::<bool>()), 0..4),
        flow in any::<bool>(),
    ) -> (String, Plain) {
        let mut held = Plain { version: "1".to_owned(), projects: read_mapping(&projects), ..Plain::default() };
        let mut text = format!("version: 1\nprojects:{}", written_mapping(&projects, flow, "  "));
        let groups: BTreeMap<_, _> = groups.into_iter().map(|group| (group.0.0.clone(), group)).collect();
        if !groups.is_empty() {
            text.push_str("groups:\n");
        }
        for (name, grants, flow) in groups.into_values() {
            let _ = write!(text, "  {}:{}", name.1, written_mapping(&grants, flow, "    "));
            held.groups.insert(name.0, read_mapping(&grants));
        }
        text.push_str(if people.is_empty() { "people: []\n" } else { "people:\n" });
        for ([email, first_name, last_name], groups, grants, flow) in people {
            let names: Vec<_> = groups.iter().map(|group| group.1.as_str()).collect();
            let _ = write!(
                text,
                "- email: {}\n  first_name: {}\n\n  last_name: {} # so\n  groups: [ {} ]\n  projects:{}",
                email.1, first_name.1, last_name.1, names.join(" , "), written_mapping(&grants, flow, "    "),
            );
            held.people.push(PlainPerson {
                email: email.0,
                first_name: first_name.0,
                last_name: last_name.0,
                groups: groups.into_iter().map(|group| group.0).collect(),
                projects: read_mapping(&grants),
            });
        }
        (text, held)
    }
}

proptest! {
    #[test]
    fn two_readers_of_yaml_agree((text, held) in team_files()) {
        let (sources, team_file, problems) = read("team.yaml", text.as_str());
        prop_assert!(problems.is_empty(), "{}", problems.text(&sources, false));
        prop_assert_eq!(&plain(team_file), &held);
        let other: Plain = serde_yaml::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(&other, &held);
    }
}
