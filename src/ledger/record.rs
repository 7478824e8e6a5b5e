//! The records of a run, and how they are written as lines.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::observed::Observed;
use super::time::{millis, some_millis, to_the_millisecond};
use crate::escape;
use crate::model::{Access, Email, Endpoint, ProjectId, Role, UserId};

/// The format version that is written, and the newest one that can be read.
pub const FORMAT_VERSION: u64 = 1;

/// The number of a record in its run, and of its line, from 1.
pub type Seq = u64;

/// One line of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its number.
    pub seq: Seq,
    /// When it was written, to the millisecond.
    pub at: Timestamp,
    /// Its content.
    pub body: Body,
    /// The digest of the line before it.
    pub prev: String,
}

/// The content of a record, by kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// The start of the run: the first record.
    Run(Run),
    /// A call is about to be made.
    Intent(Intent),
    /// The outcome of a call.
    Outcome(Outcome),
    /// Access that changed outside guestlist.
    Observed(Observed),
    /// The end of the run: the last record.
    End(End),
}

/// The start of a run: who runs guestlist, and against what.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The format version of its records.
    pub format_version: u64,
    /// The version of guestlist.
    pub version: String,
    /// The command, such as `apply`.
    pub command: String,
    /// Who runs it.
    pub who: Who,
    /// The endpoint of the service.
    pub endpoint: Endpoint,
    /// Tells the organizations in one ledger apart.
    pub realm: String,
    /// The id of the plan that is applied, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<String>,
    /// When that plan was made.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "some_millis")]
    pub plan_made_at: Option<Timestamp>,
    /// The lock that was released, in a run of `unlock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<String>,
    /// The run before this one. The first version of guestlist did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev_run: Option<PrevRun>,
}

/// The run that a run continues from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PrevRun {
    /// Its name. None in the first run of a ledger.
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

    /// Sets the time at which its plan was made.
    #[must_use]
    pub fn made_at(mut self, made_at: Timestamp) -> Self {
        self.plan_made_at = Some(to_the_millisecond(made_at));
        self
    }
}

/// Who runs guestlist: in CI its actor, commit and job, otherwise the user and host.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Who {
    /// Who triggered the CI job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The commit that the CI job runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The CI job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The user of the operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The host name of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.actor.as_deref().or(self.user.as_deref()).unwrap_or("someone");
        f.write_str(&escape::line(name))?;
        let commit = self.commit.as_deref().map(short_commit);
        for (word, text) in
            [("in job", self.job.as_deref()), ("at commit", commit), ("on", self.host.as_deref())]
        {
            if let Some(text) = text {
                write!(f, " {word} {}", escape::line(text))?;
            }
        }
        Ok(())
    }
}

/// A commit as Git abbreviates it. Anything that is not a whole digest is kept.
fn short_commit(commit: &str) -> &str {
    let is_digest = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { &commit[..7] } else { commit }
}

/// A call that is about to be made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Intent {
    /// Its purpose.
    pub action: Action,
    /// The HTTP method.
    pub method: String,
    /// The path, with ids.
    pub path: String,
    /// The person it is about.
    pub email: Email,
    /// The id of that user, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The roles that the call assigns or removes, by project.
    pub projects: Access,
    /// The role that is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Role>,
    /// Whether an invitation is sent again on purpose.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// Why the roles are given, where the team file says so, by project.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<ProjectId, String>,
}

/// The purpose of a call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Invite a person to all projects at once.
    Invite,
    /// Assign a role in a project to a user.
    Assign,
    /// Replace a role in a project.
    ChangeRole,
    /// Remove a role in a project.
    Unassign,
}

/// The outcome of a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The number of the intent.
    pub of: Seq,
    /// The HTTP status, if there was a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The request id, for Voucherify support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The duration, in milliseconds.
    pub millis: u64,
    /// How the response was interpreted.
    pub meaning: Meaning,
    /// The id of the user, if the response names it and the intent does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The message of the service or the network, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The interpretation of a response.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// The invitation was sent.
    Invited,
    /// The address is taken (409) by a pending invitation or a user. The assigns that follow show which.
    AddressTaken,
    /// An invitation that this call did not send is pending.
    AlreadyInvited,
    /// The role was assigned.
    Assigned,
    /// The role was replaced.
    RoleChanged,
    /// The role was removed.
    Unassigned,
    /// It was already in place before the call.
    AlreadySo,
    /// The service rejected the call; nothing has changed.
    Refused,
    /// The call was not sent; nothing has changed.
    NotMade,
    /// No reliable response: the call may have been processed.
    Unknown,
}

impl Meaning {
    /// The value in the record.
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

/// The end of a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct End {
    /// Why it ended.
    pub reason: EndReason,
    /// Details, such as the error that stopped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The number of calls by meaning.
    pub counts: BTreeMap<Meaning, u64>,
    /// The number of changes in the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<u64>,
    /// The number of changes that are in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
}

impl End {
    /// Whether every change of the plan is in place.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.reason == EndReason::Completed && self.done.is_some() && self.done == self.changes
    }
}

/// Why a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Every change was tried.
    Completed,
    /// A signal ended it.
    Interrupted,
    /// It could not continue.
    Stopped,
}

impl EndReason {
    /// The value in the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Interrupted => "interrupted",
            Self::Stopped => "stopped",
        }
    }
}

/// Why a line is not a valid record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InvalidRecord {
    /// It has a newer format, with this version.
    Newer(u64),
    /// It cannot be parsed, for this reason.
    Unreadable(String),
}

impl Record {
    /// The line of the record, without the newline.
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
        // Maps with string keys, strings and numbers always have a JSON form. Control characters are escaped,
        // so the file can be printed on a terminal.
        escape::json(serde_json::to_string(&line).unwrap_or_default()).into_owned()
    }

    /// Parses a line.
    ///
    /// # Errors
    /// If it is not a record, or has a newer format.
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
            "observed" => Body::Observed(json(line)?),
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
            Self::Observed(_) => "observed",
            Self::End(_) => "end",
        }
    }
}

fn json<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, InvalidRecord> {
    serde_json::from_str(line).map_err(|error| {
        // Each line is parsed on its own, as line 1.
        let why = error.to_string().replace(" at line 1 column ", " at column ");
        InvalidRecord::Unreadable(escape::line(&why).into_owned())
    })
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
                reasons: BTreeMap::new(),
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
        let promoted = Observed {
            email: Email::as_received("a@example.com"),
            user_id: Some(UserId::new("user_1")),
            project: ProjectId::new("proj_1"),
            from: Some(Role::User),
            to: Some(Role::Admin),
            after: Some("2026-11-21T12:00:00.0009Z".parse().unwrap()),
            by: "2026-11-22T12:00:00Z".parse().unwrap(),
        };
        let promoted = Observed { after: promoted.after.map(to_the_millisecond), ..promoted };
        check(
            Body::Observed(promoted.clone()),
            r#"{"seq":7,"at":"2026-11-22T12:34:56.700Z","kind":"observed","email":"a@example.com","user_id":"user_1","project":"proj_1","from":"USER","to":"ADMIN","after":"2026-11-21T12:00:00.000Z","by":"2026-11-22T12:00:00.000Z","prev":"$PREV"}"#,
        );
        check(
            Body::Observed(Observed { user_id: None, from: None, after: None, ..promoted }),
            r#"{"seq":7,"at":"2026-11-22T12:34:56.700Z","kind":"observed","email":"a@example.com","project":"proj_1","from":null,"to":"ADMIN","after":null,"by":"2026-11-22T12:00:00.000Z","prev":"$PREV"}"#,
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
    fn a_newer_format_is_distinguished_from_an_invalid_line() {
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
    fn a_line_has_no_control_characters_and_parses_to_the_same_record() {
        let intent = Intent {
            action: Action::Invite,
            method: "POST".to_owned(),
            path: "/".to_owned(),
            email: Email::as_received("a\u{202e}\u{9b}\u{1b}@example.com"),
            user_id: None,
            projects: Access::new(),
            from: None,
            again: false,
            reasons: BTreeMap::new(),
        };
        let record = Record { seq: 1, at: at(), body: Body::Intent(intent), prev: String::new() };
        let line = record.to_line();
        assert!(!line.contains(escape::must_escape), "{line}");
        assert_eq!(Record::from_line(&line), Ok(record));
    }

    #[test]
    fn who_is_one_escaped_line() {
        let who = Who { user: Some("al\u{1b}ex".to_owned()), host: Some("box".to_owned()), ..Who::default() };
        assert_eq!(who.to_string(), "al\\u{1b}ex on box");
        let commit = |commit: &str| Who { commit: Some(commit.to_owned()), ..Who::default() }.to_string();
        assert_eq!(commit("3f9a1c"), "someone at commit 3f9a1c");
        assert_eq!(commit(&"3f9a1c7d".repeat(5)), "someone at commit 3f9a1c7");
    }
}
