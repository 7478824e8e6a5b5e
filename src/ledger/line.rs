//! Parses the lines of runs. Nearly all are intents and outcomes, which take one pass over the line.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::record::{Action, Body, Intent, InvalidRecord, Meaning, Outcome, Record, Seq};
use crate::model::{Email, ProjectId, Role, SharedAccess, UserId};

/// Parses lines. Equal access is shared between their records.
#[derive(Debug, Default)]
pub(super) struct LineParser {
    access: SharedAccess,
}

/// A line of an intent or of an outcome. [`Record::from_line`] says what is wrong with any other line.
#[derive(Deserialize)]
struct CallLine<'a> {
    seq: Seq,
    at: Timestamp,
    kind: &'a str,
    prev: String,
    format_version: Option<u64>,
    action: Option<Action>,
    method: Option<String>,
    path: Option<String>,
    email: Option<Email>,
    user_id: Option<UserId>,
    #[serde(borrow)]
    projects: Option<&'a RawValue>,
    from: Option<Role>,
    #[serde(default)]
    again: bool,
    #[serde(default)]
    reasons: BTreeMap<ProjectId, String>,
    of: Option<Seq>,
    status: Option<u16>,
    request_id: Option<String>,
    millis: Option<u64>,
    meaning: Option<Meaning>,
    detail: Option<String>,
}

impl LineParser {
    /// Parses a line like [`Record::from_line`].
    pub(super) fn parse(&mut self, line: &str) -> Result<Record, InvalidRecord> {
        self.call(line).map_or_else(|| Record::from_line(line), Ok)
    }

    fn call(&mut self, line: &str) -> Option<Record> {
        let line: CallLine<'_> = serde_json::from_str(line).ok()?;
        let body = match line.kind {
            _ if line.format_version.is_some() => return None,
            "intent" => Body::Intent(Intent {
                action: line.action?,
                method: line.method?,
                path: line.path?,
                email: line.email?,
                user_id: line.user_id,
                projects: self.access.parse(line.projects?).ok()?,
                from: line.from,
                again: line.again,
                reasons: line.reasons,
            }),
            "outcome" => Body::Outcome(Outcome {
                of: line.of?,
                status: line.status,
                request_id: line.request_id,
                millis: line.millis?,
                meaning: line.meaning?,
                user_id: line.user_id,
                detail: line.detail,
            }),
            _ => return None,
        };
        Some(Record { seq: line.seq, at: line.at, body, prev: line.prev })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{an_intent, outcome, run};

    #[test]
    fn one_pass_reads_what_two_passes_read() {
        let mut intent = an_intent("a\"b@example.com");
        intent.user_id = Some(UserId::new("user_1"));
        intent.from = Some(Role::Viewer);
        intent.again = true;
        intent.reasons = [(ProjectId::new("proj_1"), "spring, OPS-311".to_owned())].into();
        let record = |body| Record { seq: 7, at: Timestamp::UNIX_EPOCH, body, prev: "0".repeat(64) };
        let bodies = [run("sandbox"), Body::Intent(intent), outcome(3, Meaning::Refused)];
        let mut lines: Vec<_> = bodies.map(|body| record(body).to_line()).into();
        for (line, takes_one_pass) in lines.iter().zip([false, true, true]) {
            assert_eq!(LineParser::default().call(line).is_some(), takes_one_pass, "{line}");
        }
        // A field that is missing, has another type, is unknown, is there twice, or belongs to the other kind.
        let (intent, outcome) = (lines[1].clone(), lines[2].clone());
        for (line, from, to) in [
            (&intent, r#""again":true"#, r#""again":null"#),
            (&intent, r#""again":true"#, r#""again":false,"again":false"#),
            (&intent, r#""again":true"#, r#""millis":"x""#),
            (&intent, r#""again":true"#, r#""x":[1]"#),
            (&intent, r#""projects":"#, r#""projets":"#),
            (&intent, r#""action":"#, r#""action":null,"x":"#),
            (&outcome, r#""of":3"#, r#""of":"3""#),
            (&outcome, r#""of":3"#, r#""of":3,"projects":7"#),
            (&outcome, r#""of":3"#, r#""of":3,"format_version":2"#),
            (&outcome, r#""kind":"outcome""#, r#""kind":"out\u0063ome""#),
        ] {
            assert!(line.contains(from), "{line}");
            lines.push(line.replacen(from, to, 1));
        }
        for line in lines {
            assert_eq!(LineParser::default().parse(&line), Record::from_line(&line), "{line}");
        }
    }
}
