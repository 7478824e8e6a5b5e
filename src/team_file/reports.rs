//! Problems for programs: JSON, GitHub annotations, a GitLab Code Quality report, and SARIF.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::location::Location;
use super::problem::{Problem, Problems};
use super::problem_id::ProblemId;
use super::source::Sources;
use crate::escape;
use crate::words;

impl Problems {
    /// `{"problems": [{"id", "file", "line", "column", "message", "help"?}]}`, on one line.
    #[must_use]
    pub fn json(&self, sources: &Sources) -> String {
        #[derive(Serialize)]
        struct Entry<'a> {
            id: &'static str,
            file: Cow<'a, str>,
            line: u32,
            column: u32,
            message: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            help: Option<&'a str>,
        }
        #[derive(Serialize)]
        struct Report<'a> {
            problems: Vec<Entry<'a>>,
        }
        let problems = self
            .sorted()
            .into_iter()
            .map(|problem| Entry {
                id: problem.id.as_str(),
                file: file(problem, sources),
                line: problem.at.line,
                column: problem.at.column,
                message: &problem.message,
                help: problem.help.as_deref(),
            })
            .collect();
        // Strings and numbers always serialize.
        serde_json::to_string(&Report { problems }).unwrap_or_default()
    }

    /// A GitHub workflow command for each problem. GitHub shows it on its line of a pull request.
    #[must_use]
    pub fn github(&self, sources: &Sources) -> String {
        let mut text = String::new();
        for problem in self.sorted() {
            let file = property(&file(problem, sources));
            let Location { line, column, .. } = problem.at;
            let help = problem.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
            let message = escaped(&format!("{}{help}", problem.message));
            let title = problem.id;
            let _ = writeln!(text, "::error file={file},line={line},col={column},title={title}::{message}");
        }
        text
    }

    /// A GitLab Code Quality report. A fingerprint stays the same when only the line of a problem changes.
    #[must_use]
    pub fn gitlab(&self, sources: &Sources) -> String {
        let mut seen: BTreeMap<(ProblemId, String, &str), u32> = BTreeMap::new();
        let mut issues = Vec::new();
        for problem in self.sorted() {
            let path = relative(&file(problem, sources));
            let count = seen.entry((problem.id, path.clone(), &problem.message)).or_default();
            *count += 1;
            let identity = format!("{}\n{path}\n{}\n{count}", problem.id, problem.message);
            issues.push(json!({
                "description": description(problem),
                "check_name": problem.id.as_str(),
                "fingerprint": words::hex(&Sha256::digest(identity)),
                "severity": "major",
                "location": {"path": path, "lines": {"begin": problem.at.line}},
            }));
        }
        Value::Array(issues).to_string()
    }

    /// A SARIF 2.1.0 log with one run, with everything that GitHub code scanning requires.
    #[must_use]
    pub fn sarif(&self, sources: &Sources) -> String {
        let rule = |id: &ProblemId| {
            let help = format!("docs/errors.md of guestlist has an example of {id}, and what to do.");
            json!({
                "id": id.as_str(),
                "shortDescription": {"text": id.summary()},
                "fullDescription": {"text": id.summary()},
                "help": {"text": help},
            })
        };
        let result = |problem: &Problem| {
            json!({
                "ruleId": problem.id.as_str(),
                "level": "error",
                "message": {"text": without_links(&description(problem))},
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": {"uri": uri(&relative(&file(problem, sources)))},
                        "region": region(problem.at, sources),
                    },
                }],
            })
        };
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
                "results": self.sorted().into_iter().map(result).collect::<Vec<_>>(),
            }],
        })
        .to_string()
    }
}

/// The name of the file, escaped.
fn file<'a>(problem: &Problem, sources: &'a Sources) -> Cow<'a, str> {
    escape::line(&sources.get(problem.at.file).name)
}

/// The message and the help.
fn description(problem: &Problem) -> String {
    match &problem.help {
        Some(help) => format!("{}; {help}", problem.message),
        None => problem.message.clone(),
    }
}

/// The marked characters as a SARIF region, which ends at the column after the last of them.
fn region(at: Location, sources: &Sources) -> Value {
    let marked = sources.get(at.file).text.get(at.start as usize..at.end as usize).unwrap_or_default();
    let (mut line, mut column) = (at.line, at.column);
    let mut characters = marked.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\n' || (character == '\r' && characters.peek() != Some(&'\n')) {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    json!({"startLine": at.line, "startColumn": at.column, "endLine": line, "endColumn": column})
}

/// `text` without `[text](target)`, which viewers of SARIF show as a link: a message quotes the team file.
fn without_links(text: &str) -> String {
    text.replace("](", "] (")
}

/// The message of a workflow command.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

/// A path as repositories write it: without `./` at its start.
fn relative(path: &str) -> String {
    path.trim_start_matches("./").to_owned()
}

/// A path as a relative URI, or as a `file` URI if it is absolute.
fn uri(path: &str) -> String {
    const ESCAPED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    format!("{scheme}{}", utf8_percent_encode(path, ESCAPED))
}
