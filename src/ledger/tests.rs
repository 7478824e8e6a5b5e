//! The ledger as a whole, in a folder; and what the tests of its parts are built from.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::SignedDuration;

use super::*;
use crate::identity::{Access, Email, Endpoint, ProjectId, Role, UserId};
use crate::known::{Invitations, Member};

/// A clock that stands still until it is told to go on.
pub(super) struct SetClock(Arc<AtomicI64>);

impl SetClock {
    pub(super) fn at(text: &str) -> Self {
        Self::from(text.parse::<Timestamp>().unwrap())
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock())()
    }

    pub(super) fn clock(&self) -> Clock {
        let millis = Arc::clone(&self.0);
        Arc::new(move || Timestamp::from_millisecond(millis.load(Ordering::SeqCst)).unwrap())
    }
}

impl From<Timestamp> for SetClock {
    fn from(at: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(at.as_millisecond())))
    }
}

/// So many seconds after noon.
pub(super) fn time(seconds: u64) -> Timestamp {
    let noon: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    noon + SignedDuration::from_secs(i64::try_from(seconds).unwrap())
}

pub(super) fn who() -> Who {
    Who { user: Some("alex".to_owned()), host: Some("box".to_owned()), ..Who::default() }
}

pub(super) fn a_run(realm: &str) -> Run {
    Run { realm: realm.to_owned(), ..Run::new("apply", who(), Endpoint::sandbox(), None) }
}

pub(super) fn run(realm: &str) -> Body {
    Body::Run(a_run(realm))
}

pub(super) fn an_intent(email: &str) -> Intent {
    Intent {
        action: Action::Invite,
        method: "POST".to_owned(),
        path: "/management/v1/projects/users/invite".to_owned(),
        email: Email::as_received(email),
        user_id: None,
        projects: Access::from([(ProjectId::new("proj_1"), Role::User)]),
        from: None,
        again: false,
    }
}

pub(super) fn intent(email: &str) -> Body {
    Body::Intent(an_intent(email))
}

pub(super) fn an_outcome(of: Seq, meaning: Meaning) -> Outcome {
    Outcome { of, status: Some(204), request_id: None, millis: 12, meaning, detail: None }
}

pub(super) fn outcome(of: Seq, meaning: Meaning) -> Body {
    Body::Outcome(an_outcome(of, meaning))
}

/// The bytes of a run file with these records.
pub(super) fn file_of(bodies: impl IntoIterator<Item = Body>) -> Vec<u8> {
    let mut file = String::new();
    let mut prev = chain::FIRST.to_owned();
    for (seq, body) in (1..).zip(bodies) {
        let line = Record { seq, at: time(seq), body, prev }.to_line();
        prev = digest(&line);
        file.push_str(&line);
        file.push('\n');
    }
    file.into_bytes()
}

pub(super) fn ledger_in(folder: &Path) -> Ledger {
    Ledger::open(&LedgerLocation::Folder(folder.to_owned())).unwrap()
}

fn put_run(folder: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(folder.join("runs")).unwrap();
    fs::write(folder.join("runs").join(name), bytes).unwrap();
}

fn out(ledger: &Ledger) -> Vec<String> {
    let standing = ledger.standing("sandbox").unwrap();
    standing.invitations.out.values().map(|invitation| invitation.email.as_str().to_owned()).collect()
}

fn a_reading(read_at: Timestamp, logins: &[&str]) -> Reading {
    let member = |login: &&str| {
        let login = Email::as_received(login);
        let member = Member {
            id: UserId::new(format!("user_{}", login.as_str())),
            login: login.clone(),
            email: None,
            first_name: String::new(),
            last_name: String::new(),
            access: Access::new(),
            elsewhere: false,
            is_owner: false,
        };
        (login, member)
    };
    let members = logins.iter().map(member).collect();
    Reading { endpoint: Endpoint::sandbox(), read_at, projects: BTreeSet::new(), members }
}

#[tokio::test]
async fn a_run_is_recorded_and_read_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("new/.guestlist");
    let clock = SetClock::at("2026-11-22T12:34:56.789Z");
    let ledger = ledger_in(&folder);
    assert_eq!(ledger.standing("sandbox"), Ok(Standing::default()));
    assert!(!folder.exists());

    let lease = ledger.acquire(&who(), clock.clock()).unwrap();
    let writer = ledger.begin(a_run("sandbox"), &lease, clock.clock()).unwrap();
    let a = writer.intent(an_intent("a@example.com")).await.unwrap();
    let b = writer.intent(an_intent("b@example.com")).await.unwrap();
    assert_eq!((a, b), (2, 3));
    clock.pass(1);
    writer.outcome(an_outcome(a, Meaning::Invited)).await.unwrap();
    // Whoever reads meanwhile finds what is done so far.
    let standing = ledger.standing("sandbox").unwrap();
    assert_eq!(standing.invitations.out.len(), 1);
    assert_eq!(standing.invitations.in_flight.len(), 1);
    writer.end(EndReason::Interrupted, Some("Ctrl-C")).await.unwrap();
    drop(lease);

    let name = writer.name().unwrap().clone();
    let text = fs::read_to_string(folder.join("runs").join(name.as_str())).unwrap();
    let (log, warnings) = ledger.log().unwrap();
    let runs: Vec<_> = log.collect::<Result<_, _>>().unwrap();
    assert_eq!((runs.len(), warnings), (1, Vec::new()));
    let logged = &runs[0];
    let lines: Vec<_> = logged.records(None).into_iter().rev().map(|stored| stored.line.as_str()).collect();
    assert_eq!(lines, text.lines().collect::<Vec<_>>());
    assert_eq!(logged.run(), Some((clock.now() - SignedDuration::from_secs(1), &a_run("sandbox"))));
    assert_eq!(logged.end().unwrap().reason, EndReason::Interrupted);
    let told: Vec<_> = logged
        .entries(None)
        .into_iter()
        .map(|entry| (entry.intent.email.as_str(), entry.outcome.map(|(_, outcome)| outcome.meaning)))
        .collect();
    assert_eq!(told, [("b@example.com", None), ("a@example.com", Some(Meaning::Invited))]);
    let person = Email::as_received("A@Example.com");
    let seqs: Vec<_> = logged.records(Some(&person)).iter().map(|stored| stored.record.seq).collect();
    assert_eq!(seqs, [4, 2]);
    assert_eq!(logged.entries(Some(&person)).len(), 1);

    let summary =
        Summary { records: 5, calls: 2, unanswered: 1, ended: Some(EndReason::Interrupted), torn: None };
    assert_eq!(ledger.verify(), Ok((vec![Verified { name, result: Ok(summary) }], Vec::new())));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join(".guestlist");
    let clock = SetClock::at("2026-11-22T12:34:56.789Z");
    let ledger = ledger_in(&folder);
    let lease = ledger.acquire(&who(), clock.clock()).unwrap();
    let writer = ledger.begin(a_run("sandbox"), &lease, clock.clock()).unwrap();
    writer.intent(an_intent("a@example.com")).await.unwrap();
    ledger.keep_reading(a_reading(clock.now(), &["a@example.com"])).unwrap();
    let run_file = format!("runs/{}", writer.name().unwrap());
    for (name, mode) in
        [("", 0o700), ("runs", 0o700), (&run_file, 0o600), ("known.json", 0o600), ("lease.json", 0o600)]
    {
        let found = fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name}");
    }
}

#[tokio::test]
async fn a_file_that_is_removed_under_a_run_stops_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::at("2026-11-22T12:34:56.789Z");
    let ledger = ledger_in(folder.path());
    let lease = ledger.acquire(&who(), clock.clock()).unwrap();
    let writer = ledger.begin(a_run("sandbox"), &lease, clock.clock()).unwrap();
    writer.intent(an_intent("a@example.com")).await.unwrap();
    let path = folder.path().join("runs").join(writer.name().unwrap().as_str());
    fs::remove_file(&path).unwrap();
    let error = writer.intent(an_intent("b@example.com")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot write `{}` of the ledger: the file was removed while the run went on",
            path.display()
        )
    );
}

#[tokio::test]
async fn who_has_lost_the_lease_records_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::at("2026-11-22T12:34:56.789Z");
    let ledger = ledger_in(folder.path());
    let lease = ledger.acquire(&who(), clock.clock()).unwrap();
    let writer = ledger.begin(a_run("sandbox"), &lease, clock.clock()).unwrap();
    writer.intent(an_intent("a@example.com")).await.unwrap();
    let info = ledger.lease(clock.now()).unwrap().unwrap();
    assert_eq!(ledger.unlock(&info, clock.now()), Ok(true));
    let lost = LedgerError::LeaseLost(folder.path().join("lease.json"));
    assert_eq!(writer.intent(an_intent("b@example.com")).await, Err(lost));

    let lease = ledger.acquire(&who(), clock.clock()).unwrap();
    let writer = ledger.begin(a_run("sandbox"), &lease, clock.clock()).unwrap();
    drop(lease);
    assert!(writer.intent(an_intent("b@example.com")).await.is_err());
    assert_eq!(ledger.lease(clock.now()), Ok(None));
}

#[test]
fn torn_lines_and_strange_files_are_told_and_nothing_fails() {
    let folder = tempfile::tempdir().unwrap();
    let mut torn = file_of([run("sandbox"), intent("a@example.com"), outcome(2, Meaning::Invited)]);
    torn.extend_from_slice(br#"{"seq":4,"at":"2026"#);
    put_run(folder.path(), "2026-01-01T000000Z-000000.jsonl", &torn);
    put_run(folder.path(), "2026-01-02T000000Z-000000.jsonl", b"{");
    put_run(folder.path(), "2026-01-03T000000Z-000000.jsonl", b"");
    put_run(folder.path(), "notes.txt", b"mine");
    fs::create_dir(folder.path().join("runs/folder.jsonl")).unwrap();
    let ledger = ledger_in(folder.path());
    let standing = ledger.standing("sandbox").unwrap();
    let warnings: Vec<_> = standing.warnings.iter().map(ToString::to_string).collect();
    let died = "the process or the machine died while writing it; it is left aside";
    assert_eq!(
        warnings,
        [
            "`runs/folder.jsonl` of the ledger is not a file that guestlist wrote, so it is left aside"
                .to_owned(),
            format!("`runs/2026-01-01T000000Z-000000.jsonl` of the ledger, line 4, is torn: {died}"),
            format!("`runs/2026-01-02T000000Z-000000.jsonl` of the ledger, line 1, is torn: {died}"),
        ]
    );
    assert_eq!(out(&ledger), ["a@example.com"]);
    let (log, _) = ledger.log().unwrap();
    let logged: Vec<_> =
        log.map(|run| run.unwrap()).map(|run| (run.records.len(), run.warning.is_some())).collect();
    assert_eq!(logged, [(0, false), (0, true), (3, true)]);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_out_of_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, file_of([run("sandbox"), intent("a@example.com")])).unwrap();
    put_run(folder.path(), "x.txt", b"");
    std::os::unix::fs::symlink(&elsewhere, folder.path().join("runs/x.jsonl")).unwrap();
    let standing = ledger_in(folder.path()).standing("sandbox").unwrap();
    assert_eq!((standing.invitations, standing.warnings.len()), (Invitations::default(), 1));
}

#[test]
fn what_is_damaged_or_newer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let name = "2026-01-01T000000Z-000000.jsonl";
    let path = folder.path().join("runs").join(name);
    let ledger = ledger_in(folder.path());
    let check = |bytes: &[u8], expected: &str| {
        put_run(folder.path(), name, bytes);
        let expected = expected.replace("$PATH", &path.to_string_lossy());
        assert_eq!(ledger.standing("sandbox").unwrap_err().to_string(), expected);
    };
    let good = String::from_utf8(file_of([run("sandbox"), intent("a@example.com"), intent("b@example.com")]))
        .unwrap();
    check(
        good.replacen("\"kind\":\"intent\"", "\"kind\":\"\u{1b}\"", 1).as_bytes(),
        "`$PATH` of the ledger, line 2, cannot be read: control character (\\u0000-\\u001F) found while parsing a string at column 50; restore that file from a copy, or move it away",
    );
    check(
        good.replace("\"format_version\":1", "\"format_version\":9").as_bytes(),
        "`$PATH` of the ledger has format version 9, and this guestlist knows up to 1; use the newer guestlist that wrote it",
    );
    check(
        good.split_once('\n').unwrap().1.as_bytes(),
        "`$PATH` of the ledger, line 1, cannot be read: the file does not begin with its `run`; restore that file from a copy, or move it away",
    );
    fs::File::options().write(true).open(&path).unwrap().set_len((64 << 20) + 1).unwrap();
    let too_large = ledger.standing("sandbox").unwrap_err();
    assert_eq!(too_large, LedgerError::TooLarge(path));
}

#[test]
fn a_file_in_place_of_the_folder_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Ledger::open(&LedgerLocation::Folder(file.path().to_owned())).unwrap_err();
    assert_eq!(error, LedgerError::NotAFolder(file.path().to_owned()));
}

#[test]
fn the_last_reading_is_kept_and_who_was_ever_seen() {
    let folder = tempfile::tempdir().unwrap();
    let invited = file_of([
        run("sandbox"),
        intent("a@example.com"),
        outcome(2, Meaning::Invited),
        intent("b@example.com"),
        outcome(4, Meaning::Invited),
    ]);
    put_run(folder.path(), "2026-11-22T120000Z-000000.jsonl", &invited);
    let ledger = ledger_in(folder.path());
    assert_eq!(out(&ledger), ["a@example.com", "b@example.com"]);

    ledger.keep_reading(a_reading(time(60), &["A@example.com"])).unwrap();
    let last = a_reading(time(120), &["c@example.com"]);
    ledger.keep_reading(last.clone()).unwrap();
    // A slower process that read earlier takes nothing back.
    ledger.keep_reading(a_reading(time(90), &[])).unwrap();
    assert_eq!(ledger.standing("sandbox").unwrap().reading, Some(last));
    assert_eq!(out(&ledger), ["b@example.com"]);
    assert_eq!(ledger.standing("https://api.voucherify.io").unwrap().reading, None);
    assert_eq!(
        fs::read_to_string(folder.path().join("known.json")).unwrap(),
        r#"{
  "format_version": 1,
  "readings": {
    "sandbox": {
      "endpoint": "sandbox",
      "read_at": "2026-11-22T12:02:00Z",
      "projects": [],
      "members": {
        "c@example.com": {
          "id": "user_c@example.com",
          "login": "c@example.com",
          "first_name": "",
          "last_name": "",
          "access": {},
          "elsewhere": false,
          "is_owner": false
        }
      },
      "seen": {
        "A@example.com": "2026-11-22T12:01:00Z",
        "c@example.com": "2026-11-22T12:02:00Z"
      }
    }
  }
}
"#
    );
}

#[test]
fn a_known_json_that_cannot_be_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known.json");
    let ledger = ledger_in(folder.path());
    fs::write(&path, r#"{"format_version":2,"readings":[]}"#).unwrap();
    assert_eq!(ledger.standing("sandbox"), Err(LedgerError::Newer { path: path.clone(), format_version: 2 }));
    fs::write(&path, "").unwrap();
    let why = "EOF while parsing a value at line 1 column 0".to_owned();
    assert_eq!(ledger.standing("sandbox"), Err(LedgerError::Unreadable { path, line: None, why }));
}
