//! The ledger as a whole, in a folder, and the records that other tests of the ledger are built from.

pub(super) mod memory;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::chain::FIRST;
use super::*;
use crate::clock::manual::ManualClock;
use crate::known::{Invitations, Member};
use crate::model::{Access, Email, Endpoint, ProjectId, Role, UserId};
use memory::Memory;

/// A number of seconds after noon.
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
        reasons: std::collections::BTreeMap::new(),
    }
}

pub(super) fn intent(email: &str) -> Body {
    Body::Intent(an_intent(email))
}

pub(super) fn an_outcome(of: Seq, meaning: Meaning) -> Outcome {
    Outcome { of, status: Some(204), request_id: None, millis: 12, meaning, user_id: None, detail: None }
}

pub(super) fn outcome(of: Seq, meaning: Meaning) -> Body {
    Body::Outcome(an_outcome(of, meaning))
}

/// The bytes of a run file with these records.
pub(super) fn file_of(bodies: impl IntoIterator<Item = Body>) -> Vec<u8> {
    let (mut chain, mut lines) = (ChainWriter::default(), String::new());
    for (second, body) in (1..).zip(bodies) {
        chain.append(time(second), body, &mut lines);
    }
    lines.into_bytes()
}

pub(super) fn ledger_in(folder: &Path) -> Ledger {
    Ledger::open(&LedgerLocation::Folder(folder.to_owned()), &StoreVariables::default()).unwrap()
}

pub(super) fn ledger_on(memory: &Memory) -> Ledger {
    Ledger { store: Arc::new(memory.clone()), clock: Arc::new(SystemClock) }
}

fn put_run(folder: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(folder.join("runs")).unwrap();
    fs::write(folder.join("runs").join(name), bytes).unwrap();
}

fn out(ledger: &Ledger) -> Vec<String> {
    let invitations = ledger.view("sandbox").unwrap().invitations(None);
    invitations.out.values().map(|invitation| invitation.email.as_str().to_owned()).collect()
}

/// Members with a role in each of these projects.
fn a_snapshot(read_at: Timestamp, projects: &[&str], logins: &[&str]) -> Snapshot {
    let member = |login: &&str| {
        let login = Email::as_received(login);
        let member = Member {
            id: UserId::new(format!("user_{}", login.as_str())),
            login: login.clone(),
            email: None,
            first_name: String::new(),
            last_name: String::new(),
            access: projects.iter().map(|id| (ProjectId::new(*id), Role::User)).collect(),
            elsewhere: false,
            is_owner: false,
        };
        (login, member)
    };
    let projects = projects.iter().map(|id| ProjectId::new(*id)).collect();
    Snapshot::new(Endpoint::sandbox(), read_at, projects, logins.iter().map(member).collect())
}

fn keep(ledger: &Ledger, snapshot: Snapshot) {
    let view = ledger.view("sandbox").unwrap();
    ledger.keep_snapshot(snapshot, view, &ReadingFacts::default()).unwrap();
}

/// The last members of some projects: `a@example.com p q`.
fn members(ledger: &Ledger, projects: &[&str]) -> Vec<String> {
    let projects = projects.iter().map(|id| ProjectId::new(*id)).collect();
    let members = ledger.view("sandbox").unwrap().members(&projects);
    let shown = members.values().map(|member| {
        let access: Vec<_> = member.access.keys().map(ProjectId::as_str).collect();
        format!("{} {}", member.login.as_str(), access.join(" "))
    });
    shown.collect()
}

#[tokio::test]
async fn a_run_is_recorded_and_read_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("new/.guestlist");
    let clock = ManualClock::at("2026-11-22T12:34:56.789Z");
    let ledger = ledger_in(&folder).with_clock(clock.clone());
    assert_eq!(ledger.view("sandbox").map(|view| view.invitations(None)), Ok(Invitations::default()));
    assert_eq!(ledger.must_exist(), Err(LedgerError::NoLedger(folder.display().to_string())));
    assert!(!folder.exists());

    let lock = ledger.acquire(&who()).unwrap();
    let writer = ledger.begin(a_run("sandbox"), &lock).unwrap();
    let a = writer.intent(an_intent("a@example.com")).await.unwrap();
    clock.pass(1);
    writer.outcome(an_outcome(a, Meaning::Invited)).unwrap();
    let b = writer.intent(an_intent("b@example.com")).await.unwrap();
    assert_eq!((a, b), (2, 4));
    // A reader in the meantime finds what was done so far.
    let invitations = ledger.view("sandbox").unwrap().invitations(None);
    assert_eq!((invitations.out.len(), invitations.in_flight.len()), (1, 1));
    writer.end(EndReason::Interrupted, Some("Ctrl-C"), None).await.unwrap();
    drop(lock);

    let name = writer.name().unwrap().clone();
    let text = fs::read_to_string(folder.join("runs").join(name.as_str())).unwrap();
    let runs: Vec<_> = ledger.log().unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(runs.len(), 1);
    let logged = &runs[0];
    let lines: Vec<_> =
        logged.records(&Selection::default()).into_iter().map(|stored| stored.line.as_str()).collect();
    assert_eq!(lines, text.lines().collect::<Vec<_>>());
    let first = PrevRun { run: None, digest: FIRST.to_owned() };
    let recorded = Run { prev_run: Some(first), ..a_run("sandbox") };
    assert_eq!(logged.run(), Some((clock.timestamp() - SignedDuration::from_secs(1), &recorded)));
    assert_eq!(logged.end().unwrap().reason, EndReason::Interrupted);
    let shown: Vec<_> = logged
        .entries(None)
        .into_iter()
        .map(|entry| (entry.intent.email.as_str(), entry.outcome.map(|(_, outcome)| outcome.meaning)))
        .collect();
    assert_eq!(shown, [("a@example.com", Some(Meaning::Invited)), ("b@example.com", None)]);
    let person = Some(Email::as_received("A@Example.com"));
    let selection = Selection { person, ..Selection::default() };
    let seqs: Vec<_> = logged.records(&selection).iter().map(|stored| stored.record.seq).collect();
    assert_eq!(seqs, [2, 3]);
    assert_eq!(logged.entries(Some(&selection)).len(), 1);

    let summary =
        RunSummary { records: 5, calls: 2, unanswered: 1, ended: Some(EndReason::Interrupted), torn: None };
    let file = Verified { name, result: Ok(summary), is_continued: false };
    let verification = Verification { files: vec![file], ..Verification::default() };
    assert_eq!(ledger.verify(), Ok(verification));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join(".guestlist");
    let clock = ManualClock::at("2026-11-22T12:34:56.789Z");
    let ledger = ledger_in(&folder).with_clock(clock.clone());
    let lock = ledger.acquire(&who()).unwrap();
    let writer = ledger.begin(a_run("sandbox"), &lock).unwrap();
    writer.intent(an_intent("a@example.com")).await.unwrap();
    keep(&ledger, a_snapshot(clock.timestamp(), &["p"], &["a@example.com"]));
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
    let clock = ManualClock::at("2026-11-22T12:34:56.789Z");
    let ledger = ledger_in(folder.path()).with_clock(clock.clone());
    let lock = ledger.acquire(&who()).unwrap();
    let writer = ledger.begin(a_run("sandbox"), &lock).unwrap();
    writer.intent(an_intent("a@example.com")).await.unwrap();
    let path = folder.path().join("runs").join(writer.name().unwrap().as_str());
    fs::remove_file(&path).unwrap();
    let error = writer.intent(an_intent("b@example.com")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot write ledger file `{}`: the file was removed during the run", path.display())
    );
}

#[tokio::test]
async fn whoever_lost_the_lock_records_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at("2026-11-22T12:34:56.789Z");
    let ledger = ledger_in(folder.path()).with_clock(clock.clone());
    let lock = ledger.acquire(&who()).unwrap();
    let writer = ledger.begin(a_run("sandbox"), &lock).unwrap();
    writer.intent(an_intent("a@example.com")).await.unwrap();
    let info = ledger.lock().unwrap().unwrap();
    assert_eq!(ledger.unlock(&info, a_run("sandbox")), Ok(true));
    let lost = LedgerError::LockLost { ledger: folder.path().display().to_string(), by: None };
    assert_eq!(writer.intent(an_intent("b@example.com")).await, Err(lost));

    let lock = ledger.acquire(&who()).unwrap();
    let writer = ledger.begin(a_run("sandbox"), &lock).unwrap();
    drop(lock);
    assert!(writer.intent(an_intent("b@example.com")).await.is_err());
    assert_eq!(ledger.lock(), Ok(None));
}

#[test]
fn incomplete_lines_are_reported_and_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let mut incomplete = file_of([run("sandbox"), intent("a@example.com"), outcome(2, Meaning::Invited)]);
    incomplete.extend_from_slice(br#"{"seq":4,"at":"2026"#);
    put_run(folder.path(), "2026-01-01T000000Z-000000.jsonl", &incomplete);
    put_run(folder.path(), "2026-01-02T000000Z-000000.jsonl", b"{");
    put_run(folder.path(), "2026-01-03T000000Z-000000.jsonl", b"");
    let ledger = ledger_in(folder.path());
    let view = ledger.view("sandbox").unwrap();
    let warnings: Vec<_> = view.warnings.iter().map(ToString::to_string).collect();
    let why = "is incomplete (the process was interrupted while writing it) and is ignored";
    assert_eq!(
        warnings,
        [
            format!("ledger file `runs/2026-01-02T000000Z-000000.jsonl`, line 1, {why}"),
            format!("ledger file `runs/2026-01-01T000000Z-000000.jsonl`, line 4, {why}"),
        ]
    );
    assert_eq!(out(&ledger), ["a@example.com"]);
    let logged: Vec<_> = ledger.log().unwrap().map(|run| run.unwrap().records.len()).collect();
    assert_eq!(logged, [3, 0, 0]);
}

#[test]
fn a_line_that_a_run_in_progress_is_writing_is_not_reported() {
    let folder = tempfile::tempdir().unwrap();
    let mut incomplete = file_of([run("sandbox"), intent("a@example.com")]);
    incomplete.extend_from_slice(b"{");
    put_run(folder.path(), "2026-11-22T120001Z-000000.jsonl", &incomplete);
    let ledger = ledger_in(folder.path());
    let warnings = || ledger.view("sandbox").unwrap().warnings.len();
    assert_eq!(warnings(), 1);
    let held = ledger.clone().with_clock(ManualClock::at("2026-11-22T12:00:01Z")).acquire(&who()).unwrap();
    assert_eq!(warnings(), 0);
    drop(held);
    // The run that was interrupted does not hold the lock now.
    let _held = ledger.clone().with_clock(ManualClock::at("2026-11-22T12:00:02Z")).acquire(&who()).unwrap();
    assert_eq!(warnings(), 1);
}

#[test]
fn anything_else_among_the_run_files_is_refused_by_name() {
    for name in ["notes.txt", ".hidden.jsonl", "folder.jsonl/x", "x.jsonl.bak"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"").unwrap();
        let ledger = ledger_in(folder.path());
        let other = folder.path().join("runs").join(name.split('/').next().unwrap());
        let refused = LedgerError::NotARun(other.display().to_string());
        assert_eq!(
            refused.to_string(),
            format!(
                "`{}` is not a run file of guestlist; move it out of the ledger, or restore the original file",
                other.display()
            )
        );
        assert_eq!(ledger.view("sandbox").map(drop), Err(refused.clone()));
        assert_eq!(ledger.log().map(drop), Err(refused.clone()));
        assert_eq!(ledger.verify().map(drop), Err(refused));
    }
}

#[cfg(unix)]
#[test]
fn a_link_among_the_run_files_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, file_of([run("sandbox"), intent("a@example.com")])).unwrap();
    let link = folder.path().join("runs/x.jsonl");
    fs::create_dir(folder.path().join("runs")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
    assert_eq!(
        ledger_in(folder.path()).view("sandbox").map(drop),
        Err(LedgerError::NotARun(link.display().to_string()))
    );
}

/// A run with one invitation.
async fn a_run_of(ledger: &Ledger, at: &str, email: &str) -> RunName {
    let ledger = ledger.clone().with_clock(ManualClock::at(at));
    let lock = ledger.acquire(&who()).unwrap();
    let writer = ledger.begin(a_run("sandbox"), &lock).unwrap();
    let of = writer.intent(an_intent(email)).await.unwrap();
    writer.outcome(an_outcome(of, Meaning::Invited)).unwrap();
    writer.end(EndReason::Completed, None, None).await.unwrap();
    writer.name().unwrap().clone()
}

#[tokio::test]
async fn each_run_names_the_one_before_it_whatever_the_clocks_say() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger_in(folder.path());
    // A run of the first version, which names no run before it.
    let old = RunName::of_file("2026-01-01T000000Z-000000.jsonl").unwrap();
    put_run(folder.path(), old.as_str(), &file_of([run("sandbox"), intent("x@example.com")]));
    let ahead = a_run_of(&ledger, "2026-11-25T12:00:00Z", "a@example.com").await;
    let right = a_run_of(&ledger, "2026-11-22T12:00:00Z", "b@example.com").await;
    let last = a_run_of(&ledger, "2026-11-22T12:00:01Z", "c@example.com").await;
    let verification = ledger.verify().unwrap();
    let names: Vec<_> = verification.files.iter().map(|file| file.name.clone()).collect();
    assert_eq!(names, [old.clone(), ahead.clone(), right.clone(), last.clone()]);
    assert_eq!(verification.chain(), ChainState::Intact);
    let cut: Vec<_> = verification.files.iter().map(Verified::may_be_cut).collect();
    // The old run has no end, and the next run shows that it never had one.
    assert_eq!(cut, [false; 4]);
    let logged: Vec<_> = ledger.log().unwrap().map(|run| run.unwrap().name).collect();
    assert_eq!(logged, [last.clone(), right.clone(), ahead.clone(), old]);

    let path = |name: &RunName| folder.path().join("runs").join(name.as_str());
    let whole = fs::read_to_string(path(&right)).unwrap();
    let shown = || {
        let verification = ledger.verify().unwrap();
        let breaks: Vec<_> = verification.breaks.iter().map(ToString::to_string).collect();
        (verification.chain().as_str(), breaks)
    };
    // Cut off at the end of a record: only the next run shows it.
    let (before_end, _) = whole.trim_end().rsplit_once('\n').unwrap();
    fs::write(path(&right), format!("{before_end}\n")).unwrap();
    let cut = format!(
        "`{right}` was replaced or truncated: it does not have the record that `{last}` continues from"
    );
    assert_eq!(shown(), ("damaged", vec![cut]));
    fs::remove_file(path(&right)).unwrap();
    assert_eq!(shown(), ("damaged", vec![format!("`{right}` is missing: `{last}` continues from it")]));
    fs::write(path(&right), whole).unwrap();
    assert_eq!(shown(), ("intact", vec![]));
}

#[tokio::test]
async fn two_merged_branches_are_a_fork() {
    let branches = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = [0, 1].map(|index: usize| ledger_in(branches[index].path()));
    let common = a_run_of(&one, "2026-11-22T12:00:00Z", "a@example.com").await;
    let runs = |index: usize| branches[index].path().join("runs");
    fs::create_dir(runs(1)).unwrap();
    fs::copy(runs(0).join(common.as_str()), runs(1).join(common.as_str())).unwrap();
    let here = a_run_of(&one, "2026-11-22T12:00:02Z", "b@example.com").await;
    let there = a_run_of(&other, "2026-11-22T12:00:01Z", "c@example.com").await;
    fs::copy(runs(1).join(there.as_str()), runs(0).join(there.as_str())).unwrap();
    let verification = one.verify().unwrap();
    assert_eq!(verification.chain(), ChainState::Fork);
    let forks: Vec<_> = verification.forks.iter().map(ToString::to_string).collect();
    assert_eq!(
        forks,
        [format!(
            "`{there}` and `{here}` all continue from `{common}`: two branches of the ledger were merged"
        )]
    );
    let order: Vec<_> = verification.files.into_iter().map(|file| file.name).collect();
    assert_eq!(order, [common, there, here]);
    a_run_of(&one, "2026-11-22T12:00:03Z", "d@example.com").await;
    assert_eq!(one.verify().unwrap().chain(), ChainState::Fork);
}

#[tokio::test]
async fn a_release_by_hand_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger_in(folder.path());
    let before = a_run_of(&ledger, "2026-11-22T12:00:00Z", "a@example.com").await;
    let clock = ManualClock::at("2026-11-22T13:00:00Z");
    let ledger = ledger.with_clock(clock.clone());
    let _held = ledger.acquire(&who()).unwrap();
    let info = ledger.lock().unwrap().unwrap();
    let kim = Who { user: Some("kim".to_owned()), ..Who::default() };
    let unlock = Run::new("unlock", kim, Endpoint::sandbox(), None);
    assert_eq!(ledger.unlock(&info, unlock.clone()), Ok(true));
    assert_eq!(ledger.unlock(&info, unlock), Ok(false));
    assert_eq!(ledger.lock(), Ok(None));
    let logged = ledger.log().unwrap().next().unwrap().unwrap();
    let (at, run) = logged.run().unwrap();
    assert_eq!(at, clock.timestamp());
    assert_eq!((run.command.as_str(), run.who.to_string().as_str()), ("unlock", "kim"));
    assert_eq!(
        run.released,
        Some(format!(
            "alex on box (process {}) since 2026-11-22T13:00:00Z, renewed 2026-11-22T13:00:00Z",
            std::process::id()
        ))
    );
    assert_eq!(run.prev_run.as_ref().unwrap().run.as_deref(), Some(before.as_str()));
    assert_eq!(ledger.verify().unwrap().chain(), ChainState::Intact);
}

#[test]
fn a_new_ledger_is_kept_out_of_git_unless_it_is_a_work_tree_of_its_own() {
    let parent = tempfile::tempdir().unwrap();
    for (name, expected) in [("new", Some("*\n")), ("work-tree", None)] {
        let folder = parent.path().join(name);
        if expected.is_none() {
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join(".git"), "gitdir: elsewhere\n").unwrap();
        }
        keep(&ledger_in(&folder), a_snapshot(time(0), &["p"], &[]));
        assert_eq!(fs::read_to_string(folder.join(".gitignore")).ok().as_deref(), expected);
    }
}

#[test]
fn damaged_and_newer_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let name = "2026-01-01T000000Z-000000.jsonl";
    let path = folder.path().join("runs").join(name);
    let ledger = ledger_in(folder.path());
    let check = |bytes: &[u8], expected: &str| {
        put_run(folder.path(), name, bytes);
        let expected = expected.replace("$PATH", &path.to_string_lossy());
        assert_eq!(ledger.view("sandbox").unwrap_err().to_string(), expected);
    };
    let good = String::from_utf8(file_of([run("sandbox"), intent("a@example.com"), intent("b@example.com")]))
        .unwrap();
    check(
        good.replacen("\"kind\":\"intent\"", "\"kind\":\"\u{1b}\"", 1).as_bytes(),
        "cannot read ledger file `$PATH`, line 2: control character (\\u0000-\\u001F) found while parsing a string at column 50; restore the file from a backup, or move it away",
    );
    check(
        good.replace("\"format_version\":1", "\"format_version\":9").as_bytes(),
        "ledger file `$PATH` has format version 9, and this version of guestlist supports up to 1; use a newer guestlist",
    );
    check(
        good.split_once('\n').unwrap().1.as_bytes(),
        "cannot read ledger file `$PATH`, line 1: the file does not start with a `run` record; restore the file from a backup, or move it away",
    );
    fs::File::options().write(true).open(&path).unwrap().set_len((64 << 20) + 1).unwrap();
    let too_large = ledger.view("sandbox").unwrap_err();
    assert_eq!(too_large, LedgerError::TooLarge(path.display().to_string()));
}

#[test]
fn a_file_in_place_of_the_folder_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Ledger::open(&LedgerLocation::Folder(file.path().to_owned()), &StoreVariables::default())
        .unwrap_err();
    assert_eq!(error, LedgerError::NotAFolder(file.path().display().to_string()));
}

#[test]
fn the_last_snapshot_made_counts_whatever_its_clock_says() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger_in(folder.path());
    keep(&ledger, a_snapshot(time(999_999), &["p"], &["a@example.com"]));
    keep(&ledger, a_snapshot(time(60), &["p"], &["c@example.com"]));
    assert_eq!(members(&ledger, &["p"]), ["c@example.com p"]);
    assert_eq!(ledger.view("https://api.voucherify.io").unwrap().projects(), BTreeSet::new());
    assert_eq!(
        fs::read_to_string(folder.path().join("known.json")).unwrap(),
        concat!(
            r#"{"format_version":3,"realms":{"sandbox":{"readings":[{"endpoint":"sandbox","#,
            r#""read_at":"2026-11-22T12:01:00Z","projects":["p"],"members":{"access":[{"p":"USER"}],"users":["#,
            r#"{"id":"user_c@example.com","login":"c@example.com","first_name":"","last_name":"","#,
            r#""access":0,"elsewhere":false,"is_owner":false}]},"organization":["p"],"after":null}],"#,
            r#""accepted":{}}}}"#,
            "\n"
        )
    );
}

#[test]
fn snapshots_of_two_team_files_do_not_replace_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger_in(folder.path());
    keep(&ledger, a_snapshot(time(0), &["p", "q"], &["a@example.com"]));
    keep(&ledger, a_snapshot(time(10), &["q", "r"], &["b@example.com"]));
    assert_eq!(members(&ledger, &["p"]), ["a@example.com p"]);
    assert_eq!(members(&ledger, &["p", "q", "r"]), ["a@example.com p", "b@example.com q r"]);
    let view = ledger.view("sandbox").unwrap();
    assert!(view.members(&[ProjectId::new("p")].into())[&Email::as_received("a@example.com")].elsewhere);
    keep(&ledger, a_snapshot(time(20), &["p"], &[]));
    assert_eq!(members(&ledger, &["p", "q", "r"]), ["b@example.com q r"]);
    // A plan of one file that started before the other's snapshot was saved does not undo it.
    let before = ledger.view("sandbox").unwrap();
    keep(&ledger, a_snapshot(time(30), &["q", "r"], &["c@example.com"]));
    ledger
        .keep_snapshot(a_snapshot(time(31), &["p"], &["a@example.com"]), before, &ReadingFacts::default())
        .unwrap();
    assert_eq!(members(&ledger, &["p", "q", "r"]), ["a@example.com p", "c@example.com q r"]);
}

#[tokio::test]
async fn an_invitation_from_a_clock_ahead_is_accepted_when_it_was_seen_and_the_next_one_counts() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger_in(folder.path());
    a_run_of(&ledger, "2026-11-25T12:00:00Z", "a@example.com").await;
    assert_eq!(out(&ledger), ["a@example.com"]);
    // A snapshot of another organization says nothing about it.
    keep(&ledger, a_snapshot(time(0), &["proj_2"], &["a@example.com"]));
    assert_eq!(out(&ledger), ["a@example.com"]);
    keep(&ledger, a_snapshot(time(1), &["proj_1"], &["A@example.com"]));
    assert_eq!(out(&ledger), [""; 0]);
    keep(&ledger, a_snapshot(time(2), &["proj_1"], &[]));
    assert_eq!(out(&ledger), [""; 0]);
    a_run_of(&ledger, "2026-11-22T12:00:03Z", "a@example.com").await;
    assert_eq!(out(&ledger), ["a@example.com"]);
}

/// A run with calls for `a@example.com` in `proj_1`, and their outcomes.
async fn a_run_with(ledger: &Ledger, at: &str, calls: &[(Action, Option<Meaning>)]) {
    let ledger = ledger.clone().with_clock(ManualClock::at(at));
    let lock = ledger.acquire(&who()).unwrap();
    let writer = ledger.begin(a_run("sandbox"), &lock).unwrap();
    for &(action, meaning) in calls {
        let intent = Intent { action, ..an_intent("a@example.com") };
        let of = writer.intent(intent).await.unwrap();
        if let Some(meaning) = meaning {
            let user_id = (action == Action::Assign).then(|| UserId::new("user_7"));
            writer.outcome(Outcome { user_id, ..an_outcome(of, meaning) }).unwrap();
        }
    }
    writer.end(EndReason::Interrupted, None, None).await.unwrap();
}

#[tokio::test]
async fn a_removal_without_a_known_answer_explains_an_empty_list() {
    for (meaning, certain) in [
        (None, 0),
        (Some(Meaning::Unknown), 0),
        (Some(Meaning::Unassigned), 0),
        (Some(Meaning::Refused), 1),
        (Some(Meaning::NotMade), 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let ledger = ledger_in(folder.path());
        // The clock of the machine that read the members was ahead.
        keep(&ledger, a_snapshot(time(999_999), &["proj_1"], &["a@example.com"]));
        a_run_with(&ledger, "2026-11-22T12:00:00Z", &[(Action::Unassign, meaning)]).await;
        let projects = [ProjectId::new("proj_1")].into();
        let view = ledger.view("sandbox").unwrap();
        assert_eq!(view.certain_members(&projects).len(), certain, "{meaning:?}");
        // Seen again since: an empty list would be a surprise.
        keep(&ledger, a_snapshot(time(5), &["proj_1"], &["a@example.com"]));
        assert_eq!(ledger.view("sandbox").unwrap().certain_members(&projects).len(), 1, "{meaning:?}");
    }
}

#[tokio::test]
async fn a_member_known_from_an_assign_has_the_id_of_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger_in(folder.path());
    keep(&ledger, a_snapshot(time(0), &["proj_1"], &[]));
    let calls = [(Action::Invite, Some(Meaning::AddressTaken)), (Action::Assign, Some(Meaning::Assigned))];
    a_run_with(&ledger, "2026-11-22T12:00:00Z", &calls).await;
    let members = ledger.view("sandbox").unwrap().members(&[ProjectId::new("proj_1")].into());
    let ids: Vec<_> = members.values().map(|member| member.id.as_str()).collect();
    assert_eq!(ids, ["user_7"]);
}

#[test]
fn a_known_json_of_another_format_is_distinguished_from_a_damaged_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known.json");
    let file = path.display().to_string();
    let ledger = ledger_in(folder.path());
    let view = || ledger.view("sandbox").map(|view| view.projects());
    fs::write(&path, r#"{"format_version":4,"readings":[]}"#).unwrap();
    assert_eq!(view(), Err(LedgerError::Newer { file: file.clone(), format_version: 4 }));
    // The next live list replaces an older format.
    for old in [r#"{"format_version":1,"readings":{}}"#, r#"{"format_version":2,"realms":{"x":1}}"#] {
        fs::write(&path, old).unwrap();
        assert_eq!(view(), Ok(BTreeSet::new()));
    }
    let snapshot = r#"{"endpoint":"sandbox","read_at":"2026-11-22T12:01:00Z","projects":["p"],"members":{"access":[],"users":[{"id":"u","login":"a@x.org","first_name":"","last_name":"","access":0,"elsewhere":false,"is_owner":false}]},"organization":["p"],"after":null}"#;
    let known = format!(
        r#"{{"format_version":3,"realms":{{"sandbox":{{"readings":[{snapshot}],"accepted":{{}}}}}}}}"#
    );
    fs::write(&path, known).unwrap();
    let why = "there is no access number 0 at line 1 column 264".to_owned();
    assert_eq!(view(), Err(LedgerError::Unreadable { file: file.clone(), line: None, why }));
    fs::write(&path, "").unwrap();
    let why = "EOF while parsing a value at line 1 column 0".to_owned();
    assert_eq!(view(), Err(LedgerError::Unreadable { file, line: None, why }));
}

#[test]
fn the_applied_access_is_kept_by_realm_and_only_under_the_lock() {
    let memory = Memory::default();
    let ledger = ledger_on(&memory);
    let access = |role: Role| AppliedAccess {
        projects: [ProjectId::new("p")].into(),
        people: [(Email::as_received("a@example.com"), [(ProjectId::new("p"), role)].into())].into(),
    };
    assert_eq!(ledger.applied("sandbox"), Ok(None));
    let lock = ledger.acquire(&who()).unwrap();
    ledger.keep_applied("sandbox", access(Role::User), &lock).unwrap();
    ledger.keep_applied("loopback", access(Role::Admin), &lock).unwrap();
    assert_eq!(ledger.applied("sandbox"), Ok(Some(access(Role::User))));
    assert_eq!(ledger.applied("loopback"), Ok(Some(access(Role::Admin))));
    let text = || String::from_utf8(memory.content().documents["applied.json"].1.clone()).unwrap();
    assert_eq!(
        text(),
        concat!(
            r#"{"format_version":1,"realms":{"loopback":{"projects":["p"],"people":{"a@example.com":{"p":"ADMIN"}}},"#,
            r#""sandbox":{"projects":["p"],"people":{"a@example.com":{"p":"USER"}}}}}"#,
            "\n"
        )
    );
    let before = text();
    memory.content().set_lock(None);
    let lost = ledger.keep_applied("sandbox", access(Role::Viewer), &lock);
    assert!(matches!(lost, Err(LedgerError::LockLost { .. })), "{lost:?}");
    assert_eq!(text(), before);
    let newer = before.replace("\"format_version\":1", "\"format_version\":2").into_bytes();
    memory.content().documents.get_mut("applied.json").unwrap().1 = newer;
    assert!(matches!(ledger.applied("sandbox"), Err(LedgerError::Newer { format_version: 2, .. })));
}

#[tokio::test]
async fn a_large_inventory_has_several_runs() {
    let memory = Memory::default();
    let ledger = ledger_on(&memory);
    let lock = ledger.acquire(&who()).unwrap();
    let observed = |n: usize| Observed {
        email: Email::as_received(&format!("p{n}@example.com")),
        user_id: None,
        project: ProjectId::new("p"),
        from: None,
        to: Some(Role::User),
        after: None,
        by: time(0),
    };
    let everyone: Vec<_> = (0..=MOST_OBSERVED).map(observed).collect();
    let run = ledger.begin_with(a_run("sandbox"), everyone, &lock).await.unwrap();
    run.end(EndReason::Completed, None, None).await.unwrap();
    assert_eq!(memory.content().runs.len(), 2);
    assert_eq!(ledger.access("sandbox").unwrap().people().len(), MOST_OBSERVED + 1);
    let verification = ledger.verify().unwrap();
    assert_eq!(verification.chain(), ChainState::Intact);
    assert!(verification.files.iter().all(|file| !file.may_be_cut()));
}
