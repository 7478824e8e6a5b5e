//! The records of a run file, and the line that each is written as.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use crate::escape;
use crate::model::{Access, Email, Endpoint, Role, UserId};

/// The format that this version writes, and the newest that it reads.
pub const FORMAT_VERSION: u64 = 1;

/// The number of a record in its file, which is also the number of its line. The first is 1.
pub type Seq = u64;

/// One line of a run file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its number.
    pub seq: Seq,
    /// When it was written, to the millisecond.
    pub at: Timestamp,
    /// What it says.
    pub body: Body,
    /// The digest of the line before.
    pub prev: String,
}

/// What a record says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// Who runs guestlist, and against what: the first record of each file.
    Run(Run),
    /// A call is about to be made.
    Intent(Intent),
    /// What came of a call.
    Outcome(Outcome),
    /// The run is over: the last record of a file.
    End(End),
}

/// Who runs guestlist, and against what.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The format of the file.
    pub format_version: u64,
    /// The version of guestlist.
    pub version: String,
    /// The command, such as `apply`.
    pub command: String,
    /// Who runs it.
    pub who: Who,
    /// The service that is called.
    pub endpoint: Endpoint,
    /// What tells the organizations in one ledger apart.
    pub realm: String,
    /// The plan that is carried out, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<String>,
    /// When that plan was made.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "some_millis")]
    pub plan_made_at: Option<Timestamp>,
    /// Whose lock was released, in a run of `unlock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<String>,
    /// The run before this one. Ledgers of the first version do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev_run: Option<PrevRun>,
}

/// The run that a run continues from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PrevRun {
    /// Its file; none in the first run of a ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The digest of its last record; 64 zeros in the first run of a ledger.
    pub digest: String,
}

impl Run {
    /// A run of `command` by this version of guestlist.
    #[must_use]
    pub fn new(command: &str, who: Who, endpoint: Endpoint, plan_id: Option<String>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: command.to_owned(),
            who,
            realm: endpoint.realm().to_owned(),
            endpoint,
            plan_id,
            plan_made_at: None,
            released: None,
            prev_run: None,
        }
    }

    /// With the time at which its plan was made.
    #[must_use]
    pub fn made_at(mut self, made_at: Timestamp) -> Self {
        self.plan_made_at = Some(to_the_millisecond(made_at));
        self
    }
}

/// Who runs guestlist: what the CI says where there is one, else the user and host.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Who {
    /// Who set the CI off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The commit that the CI works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The job of the CI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The user of the operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The name of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.actor.as_deref().or(self.user.as_deref()).unwrap_or("someone");
        f.write_str(&escape::line(name))?;
        for (word, text) in [("in job", &self.job), ("at commit", &self.commit), ("on", &self.host)] {
            if let Some(text) = text {
                write!(f, " {word} {}", escape::line(text))?;
            }
        }
        Ok(())
    }
}

/// A call that is about to be made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Intent {
    /// What it is for.
    pub action: Action,
    /// The HTTP method.
    pub method: String,
    /// The path, ids written out.
    pub path: String,
    /// Whom it is about.
    pub email: Email,
    /// The id of that user, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The roles that the call gives or takes, by project.
    pub projects: Access,
    /// The role that a change of role replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Role>,
    /// Whether an invitation is sent once more on purpose.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

/// What a call is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Invite a person, with every project at once.
    Invite,
    /// Give a user a role in a project.
    Assign,
    /// Replace the role in a project.
    ChangeRole,
    /// Take the role in a project.
    Unassign,
}

/// What came of a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The intent that it answers.
    pub of: Seq,
    /// The HTTP status, where an answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What support asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// What the answer was taken to mean.
    pub meaning: Meaning,
    /// The id of the user, where the answer names it and the intent could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// What the server or the connection said, in short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What an answer was taken to mean.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// The invitation is sent.
    Invited,
    /// The address is taken (409): an invitation is out, or it is a user. Assigning tells which.
    AddressTaken,
    /// An invitation is out that this call did not send.
    AlreadyInvited,
    /// The user has the role now.
    Assigned,
    /// The role is replaced.
    RoleChanged,
    /// The role is taken.
    Unassigned,
    /// It was so before the call.
    AlreadySo,
    /// The service said no; nothing has changed.
    Refused,
    /// The call did not leave this machine; nothing has changed.
    NotMade,
    /// No answer that can be relied on: it may have been processed or not.
    Unknown,
}

impl Meaning {
    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::AddressTaken => "address_taken",
            Self::AlreadyInvited => "already_invited",
            Self::Assigned => "assigned",
            Self::RoleChanged => "role_changed",
            Self::Unassigned => "unassigned",
            Self::AlreadySo => "already_so",
            Self::Refused => "refused",
            Self::NotMade => "not_made",
            Self::Unknown => "unknown",
        }
    }
}

/// The run is over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct End {
    /// Why.
    pub reason: EndReason,
    /// What is to be said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How many calls meant what.
    pub counts: BTreeMap<Meaning, u64>,
    /// How many changes the run was to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<u64>,
    /// How many of them are as the plan asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
}

impl End {
    /// Whether the run made every change that it was to make.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.reason == EndReason::Completed && self.done.is_some() && self.done == self.changes
    }
}

/// Why a run is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Everything was tried.
    Completed,
    /// The user or the system asked it to end.
    Interrupted,
    /// It could not go on.
    Stopped,
}

/// Why a line is no record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InvalidRecord {
    /// A newer version of guestlist wrote it.
    Newer(u64),
    /// It is something else.
    Unreadable(String),
}

impl Record {
    /// The line that it is written as, without the newline.
    #[must_use]
    pub fn to_line(&self) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            seq: Seq,
            #[serde(serialize_with = "millis")]
            at: Timestamp,
            kind: &'a str,
            #[serde(flatten)]
            body: &'a Body,
            prev: &'a str,
        }
        let line =
            Line { seq: self.seq, at: self.at, kind: self.body.kind(), body: &self.body, prev: &self.prev };
        // Maps with string keys, strings and numbers: there is nothing in it that JSON cannot say.
        // What a terminal would obey is escaped, so that the file can be looked at as it is.
        escape::json(&serde_json::to_string(&line).unwrap_or_default())
    }

    /// The record that a line holds.
    ///
    /// # Errors
    /// If it holds none, or one of a newer format.
    pub fn from_line(line: &str) -> Result<Self, InvalidRecord> {
        #[derive(Deserialize)]
        struct Envelope {
            seq: Seq,
            at: Timestamp,
            kind: String,
            prev: String,
            format_version: Option<u64>,
        }
        let envelope: Envelope = json(line)?;
        if let Some(version) = envelope.format_version.filter(|&version| version > FORMAT_VERSION) {
            return Err(InvalidRecord::Newer(version));
        }
        let body = match envelope.kind.as_str() {
            "run" => Body::Run(json(line)?),
            "intent" => Body::Intent(json(line)?),
            "outcome" => Body::Outcome(json(line)?),
            "end" => Body::End(json(line)?),
            other => {
                return Err(InvalidRecord::Unreadable(format!(
                    "`{}` is not a kind of record",
                    escape::line(other)
                )));
            }
        };
        Ok(Self { seq: envelope.seq, at: envelope.at, body, prev: envelope.prev })
    }
}

impl Body {
    fn kind(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Intent(_) => "intent",
            Self::Outcome(_) => "outcome",
            Self::End(_) => "end",
        }
    }
}

fn json<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, InvalidRecord> {
    serde_json::from_str(line).map_err(|error| {
        // It knows of this line alone, and counts it as its first.
        let why = error.to_string().replace(" at line 1 column ", " at column ");
        InvalidRecord::Unreadable(escape::line(&why).into_owned())
    })
}

/// Writes a time as `2026-11-22T12:34:56.789Z`, always of the same length.
pub(super) fn millis<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.3}"))
}

#[expect(clippy::ref_option, reason = "serde passes the field")]
fn some_millis<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => millis(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// `at`, truncated to milliseconds.
pub(super) fn to_the_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProjectId;

    fn at() -> Timestamp {
        "2026-11-22T12:34:56.7Z".parse().unwrap()
    }

    fn check(body: Body, expected: &str) {
        let record = Record { seq: 7, at: at(), body, prev: "0".repeat(64) };
        let zeros = "0".repeat(64);
        let line = expected.replace("$PREV", &zeros);
        assert_eq!(record.to_line(), line);
        assert_eq!(Record::from_line(&line), Ok(record));
    }

    #[test]
    fn each_kind_has_its_line() {
        check(
            Body::Run(Run {
                version: "1.2.3".to_owned(),
                prev_run: Some(PrevRun { run: Some("a.jsonl".to_owned()), digest: "d".to_owned() }),
                ..Run::new(
                    "apply",
                    Who {
                        actor: Some("alex".to_owned()),
                        commit: Some("3f9a1c".to_owned()),
                        job: Some("17".to_owned()),
                        ..Who::default()
                    },
                    Endpoint::sandbox(),
                    Some("abc".to_owned()),
                )
                .made_at("2026-11-22T12:34:56.1234Z".parse().unwrap())
            }),
            r#"{"seq":7,"at":"2026-11-22T12:34:56.700Z","kind":"run","format_version":1,"version":"1.2.3","command":"apply","who":{"actor":"alex","commit":"3f9a1c","job":"17"},"endpoint":"sandbox","realm":"sandbox","plan_id":"abc","plan_made_at":"2026-11-22T12:34:56.123Z","prev_run":{"run":"a.jsonl","digest":"d"},"prev":"$PREV"}"#,
        );
        check(
            Body::Intent(Intent {
                action: Action::ChangeRole,
                method: "PUT".to_owned(),
                path: "/management/v1/projects/proj_1/users/user_1".to_owned(),
                email: Email::as_received("a@example.com"),
                user_id: Some(UserId::new("user_1")),
                projects: Access::from([(ProjectId::new("proj_1"), Role::Admin)]),
                from: Some(Role::Viewer),
                again: false,
            }),
            r#"{"seq":7,"at":"2026-11-22T12:34:56.700Z","kind":"intent","action":"change_role","method":"PUT","path":"/management/v1/projects/proj_1/users/user_1","email":"a@example.com","user_id":"user_1","projects":{"proj_1":"ADMIN"},"from":"VIEWER","prev":"$PREV"}"#,
        );
        check(
            Body::Outcome(Outcome {
                of: 6,
                status: Some(409),
                request_id: Some("v-1".to_owned()),
                millis: 12,
                meaning: Meaning::AddressTaken,
                user_id: None,
                detail: None,
            }),
            r#"{"seq":7,"at":"2026-11-22T12:34:56.700Z","kind":"outcome","of":6,"status":409,"request_id":"v-1","millis":12,"meaning":"address_taken","prev":"$PREV"}"#,
        );
        check(
            Body::End(End {
                reason: EndReason::Stopped,
                text: Some("401".to_owned()),
                counts: BTreeMap::from([(Meaning::Invited, 3), (Meaning::Refused, 1)]),
                changes: Some(5),
                done: Some(3),
            }),
            r#"{"seq":7,"at":"2026-11-22T12:34:56.700Z","kind":"end","reason":"stopped","text":"401","counts":{"invited":3,"refused":1},"changes":5,"done":3,"prev":"$PREV"}"#,
        );
    }

    #[test]
    fn a_newer_format_is_told_from_a_line_that_is_no_record() {
        let line = |kind: &str| {
            format!(
                r#"{{"seq":1,"at":"2026-11-22T12:34:56.700Z","kind":"{kind}","format_version":2,"prev":""}}"#
            )
        };
        assert_eq!(Record::from_line(&line("run")), Err(InvalidRecord::Newer(2)));
        let other = line("dance\\u001b").replace('2', "1");
        assert!(matches!(Record::from_line(&other), Err(InvalidRecord::Unreadable(_))), "{other}");
        assert!(matches!(Record::from_line("{}"), Err(InvalidRecord::Unreadable(_))));
    }

    #[test]
    fn a_line_holds_nothing_that_a_terminal_obeys_and_reads_back_the_same() {
        let intent = Intent {
            action: Action::Invite,
            method: "POST".to_owned(),
            path: "/".to_owned(),
            email: Email::as_received("a\u{202e}\u{9b}\u{1b}@example.com"),
            user_id: None,
            projects: Access::new(),
            from: None,
            again: false,
        };
        let record = Record { seq: 1, at: at(), body: Body::Intent(intent), prev: String::new() };
        let line = record.to_line();
        assert!(!line.contains(escape::must_escape), "{line}");
        assert_eq!(Record::from_line(&line), Ok(record));
    }

    #[test]
    fn who_is_one_inert_line() {
        let who = Who { user: Some("al\u{1b}ex".to_owned()), host: Some("box".to_owned()), ..Who::default() };
        assert_eq!(who.to_string(), "al\\u{1b}ex on box");
    }
}
