//! Text in YAML that every reader takes for exactly that text, whether it reads YAML 1.1 or 1.2.
//!
//! `serde_yaml` decides what needs quotes in YAML 1.2. It does not quote `no`, `1:30`, `1_000`, `2026-12-01`, `=`
//! or `<<`, which YAML 1.1 readers such as that of Python take for a boolean, a number, a date or a merge key. So
//! unquoted text must also start with a letter and must not be one of the words for booleans and null.

use std::borrow::Cow;

use super::line;

/// The words that some version of YAML takes for a boolean or null, in lower case.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// `text` as a key or value on one line, also between braces or brackets. Active characters are spelled out.
#[must_use]
pub fn yaml(text: &str) -> Cow<'_, str> {
    let text = line(text);
    if is_plain(&text) {
        return text;
    }
    Cow::Owned(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// Whether `text` needs no quotes.
fn is_plain(text: &str) -> bool {
    text.starts_with(char::is_alphabetic)
        && !text.contains([',', ':', '?', '[', ']', '{', '}'])
        && !WORDS.contains(&text.to_lowercase().as_str())
        && serde_yaml::to_string(text).is_ok_and(|written| written.strip_suffix('\n') == Some(text))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    use serde_yaml::Value;

    use super::*;

    /// What readers of YAML 1.1 take for something else than text, and `serde_yaml` does not quote.
    const MISREAD: [&str; 14] = [
        "no",
        "Yes",
        "ON",
        "off",
        "1:30",
        "190:20:30.15",
        "1_000",
        "0b1_0",
        "47_",
        "685_230.15",
        "2026-12-01",
        "2026-12-01T10:00:00Z",
        "=",
        "<<",
    ];

    /// What some reader takes for something else than text, or for another text.
    const OTHER: [&str; 60] = [
        "y",
        "N",
        "true",
        "False",
        "NULL",
        "~",
        "",
        " ",
        "1e3",
        "6.8523015e+5",
        "012",
        "0o7",
        "0x1F",
        "0b101",
        "08",
        "12:30",
        "-1",
        "+1",
        "1.",
        ".5",
        ".",
        "..",
        ".inf",
        "-.INF",
        ".NaN",
        "<",
        "-",
        "- a",
        "--",
        "---",
        "...",
        "?",
        "? a",
        ": a",
        "a:",
        "a: b",
        "a:b",
        "a?b",
        "a #b",
        "#a",
        "&a",
        "*a",
        "!a",
        "!!str a",
        "|",
        ">-",
        "%a",
        "@a",
        "`a",
        "'a",
        "\"a",
        "[a",
        "{a",
        "]",
        "a, b",
        "a]",
        "a}",
        "a ",
        " a",
        "é ",
    ];

    #[test]
    fn ambiguous_text_is_quoted() {
        for text in MISREAD.into_iter().chain(OTHER) {
            assert!(yaml(text).starts_with('"'), "{text:?} is written without quotes");
        }
    }

    #[test]
    fn everyday_names_are_not_quoted() {
        for text in [
            "Alex",
            "O'Neil",
            "Anna-Lena",
            "d'Arc de la Tour",
            "Zoë",
            "東京",
            "Loyalty (EU)",
            "R&D",
            "alex@example.com",
            "proj_9Ke",
            "storefront-user+loyalty-viewer",
        ] {
            assert_eq!(yaml(text), text);
        }
    }

    /// If this fails, `serde_yaml` has become safe for YAML 1.1 readers, and most of this file is not needed.
    #[test]
    fn serde_yaml_alone_is_not_safe_for_yaml_1_1() {
        for text in MISREAD {
            assert_eq!(serde_yaml::to_string(text).expect("YAML"), format!("{text}\n"));
        }
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            2 => prop::sample::select([&MISREAD[..], &OTHER].concat()).prop_map(str::to_owned),
            4 => "[-+0-9:.eEbox_T Z]{0,8}",
            4 => "[-+~=<>&*!|%@`?#:,'\"\\[\\]{}\\\\a-eynYN01 \té]{0,6}",
            1 => "\\PC{0,12}",
            1 => any::<String>(),
        ]
    }

    /// `text` wherever guestlist writes text: as a key, as a value, and between braces and brackets.
    fn document(text: &str) -> String {
        let text = yaml(text);
        format!("{text}: {text}\nlist:\n- {{x: {text}, z: [{text}]}}\n- {text}: {{{text}: x}}\n")
    }

    fn held(text: &str) -> serde_json::Value {
        let text = line(text);
        let mut held = serde_json::json!({"list": [{"x": text, "z": [text]}, {&*text: {&*text: "x"}}]});
        held[&*text] = text.clone().into();
        held
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in texts()) {
            prop_assume!(text != "list");
            let document = document(&text);
            let value: Value = serde_yaml::from_str(&document).expect("YAML");
            prop_assert_eq!(serde_json::to_value(value).expect("JSON"), held(&text), "{}", document);
        }
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "whoever runs the tests should see what was skipped")]
    fn a_yaml_1_1_reader_reads_what_is_written() {
        const READER: &str = "import json, sys, yaml
for line in sys.stdin:
    print(json.dumps(yaml.safe_load(json.loads(line)), default=str))";
        let has_reader = Command::new("python3").args(["-c", "import yaml"]).output();
        if !has_reader.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: there is no python3 with PyYAML to read YAML 1.1");
            return;
        }
        let mut runner = TestRunner::deterministic();
        let random = (0..1_000).map(|_| texts().new_tree(&mut runner).expect("a text").current());
        let texts: Vec<String> = MISREAD.into_iter().chain(OTHER).map(str::to_owned).chain(random).collect();
        let mut input = String::new();
        for text in &texts {
            input.push_str(&serde_json::to_string(&document(text)).expect("JSON"));
            input.push('\n');
        }
        let mut reader = Command::new("python3")
            .args(["-c", READER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        let mut stdin = reader.stdin.take().expect("a pipe");
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = reader.wait_with_output().expect("python3 ends");
        writer.join().expect("a thread").expect("a reader");
        let read = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(read.lines().count(), texts.len());
        for (text, read) in texts.iter().zip(read.lines()) {
            let read: serde_json::Value = serde_json::from_str(read).expect("JSON");
            assert_eq!(read, held(text), "{}", document(text));
        }
    }
}
