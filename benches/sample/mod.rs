//! Teams, organizations and ledgers of any size, for benchmarks and for the tests of memory and growth.

pub(crate) mod dimensions;
pub(crate) mod server;
#[path = "../../tests/suite/store_server.rs"]
pub(crate) mod store_server;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use guestlist::api::{Content as _, Page, Rows};
use guestlist::desired::{self, Team};
use guestlist::known::{Known, Reading, UserList};
use guestlist::ledger::{
    Action, Body, End, EndReason, Intent, LedgerView, Meaning, Outcome, PrevRun, Record, Run, Who,
};
use guestlist::model::{Access, Email, Endpoint, ProjectId, Role};
use guestlist::plan::PlanOptions;
use guestlist::team_file::{self, Problems, Sources};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// How many of the projects a person has.
const EACH: usize = 10;

const ROLES: [&str; 4] = ["USER", "VIEWER", "ADMIN", "MERCHANT"];

/// The projects of a person, with the roles: nearly every combination that people have is shared by many.
fn access(person: usize, projects: usize) -> impl Iterator<Item = (usize, &'static str)> {
    (0..EACH.min(projects)).map(move |number| ((person + number) % projects, ROLES[(person + number) % 4]))
}

fn email(person: usize) -> String {
    format!("person.{person:06}@example.com")
}

/// The part of a team file before `people`.
pub(crate) fn head(projects: usize) -> String {
    let mut text = "version: 1\nprojects:\n".to_owned();
    for project in 0..projects {
        let _ = writeln!(text, "  p{project:04}: proj_{project:04}");
    }
    text.push_str("policy: {keep_admins: 0, max_new_admins: 1000000}\n");
    text
}

/// People with their own access.
pub(crate) fn people(people: std::ops::Range<usize>, projects: usize) -> String {
    let mut text = "people:\n".to_owned();
    for person in people {
        let _ = write!(
            text,
            "  - email: {}\n    first_name: Ada\n    last_name: Lovelace\n    projects: {{",
            email(person)
        );
        for (number, (project, role)) in access(person, projects).enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}p{project:04}: {role}");
        }
        text.push_str("}\n");
    }
    text
}

/// A team file.
pub(crate) fn team_file(size: usize, projects: usize) -> String {
    head(projects) + &people(0..size, projects)
}

/// A team file in which all access is from groups.
pub(crate) fn team_file_with_groups(size: usize, projects: usize, groups: usize) -> String {
    let mut text = head(projects) + "groups:\n";
    for group in 0..groups {
        let _ = write!(text, "  g{group}: {{");
        for (number, (project, role)) in access(group, projects).enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}p{project:04}: {role}");
        }
        text.push_str("}\n");
    }
    text.push_str("people:\n");
    for person in 0..size {
        let _ = writeln!(
            text,
            "  - {{email: {}, first_name: Ada, last_name: Lovelace, groups: [g{}]}}",
            email(person),
            person % groups
        );
    }
    text
}

/// A parsed team file.
pub(crate) fn parse(text: &str) -> team_file::TeamFile {
    let (mut sources, mut problems) = (Sources::default(), Problems::default());
    let file = sources.add("team.yaml", text.as_bytes().to_vec(), &mut problems);
    team_file::parse_root(&sources, file, &mut problems)
}

/// What team files are judged by.
pub(crate) fn terms() -> desired::Terms<'static> {
    desired::Terms::on(jiff::civil::date(2026, 11, 22))
}

/// A resolved team file.
pub(crate) fn resolve(file: &team_file::TeamFile) -> Team {
    desired::resolve(file, &[], terms(), Problems::default()).expect("a team file without problems")
}

/// A row of List Users.
fn row(person: usize, projects: usize) -> String {
    let mut text = format!(
        r#"{{"id":"user_{person:032}","login":"{0}","email":"{0}","first_name":"Ada","last_name":"Lovelace","projects":{{"#,
        email(person)
    );
    for (number, (project, role)) in access(person, projects).enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(text, r#"{comma}"proj_{project:04}":"{role}""#);
    }
    text.push_str(r#"},"is_owner":false}"#);
    text
}

/// The answers to List Users of every project, in one page each, if `people` people are members.
pub(crate) fn pages(people: usize, projects: usize) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = vec![Vec::new(); projects];
    for person in 0..people {
        let row = row(person, projects);
        for (project, _) in access(person, projects) {
            rows[project].push(row.clone());
        }
    }
    let page = |rows: Vec<String>| {
        format!(r#"{{"object":"list","data_ref":"data","data":[{}],"total":{}}}"#, rows.join(","), rows.len())
    };
    rows.into_iter().map(page).collect()
}

/// What is known after reading these pages.
pub(crate) fn known(pages: &[String]) -> Known {
    let rows = Rows::default();
    let mut lists = BTreeMap::new();
    for (project, page) in pages.iter().enumerate() {
        let page = Page::read(page.as_bytes(), &rows).expect("a page");
        let users = page.users.into_iter().map(|user| (user.id.clone(), user)).collect();
        lists.insert(
            ProjectId::new(format!("proj_{project:04}")),
            UserList { users, total: page.total, totals_differ: false },
        );
    }
    let reading = Reading { read_at: Timestamp::UNIX_EPOCH, lists };
    reading.by_itself()
}

/// The options of a plan.
pub(crate) fn options() -> PlanOptions {
    PlanOptions::new(Endpoint::sandbox(), jiff::civil::date(2026, 11, 22))
}

/// Writes a ledger of runs that each invite `each` people, without waiting for the disk.
pub(crate) fn write_ledger(folder: &Path, runs: usize, each: usize, projects: usize) {
    fs::create_dir_all(folder.join("runs")).expect("a folder");
    let mut prev_run = PrevRun { run: None, digest: "0".repeat(64) };
    for run in 0..runs {
        let at =
            Timestamp::from_second(1_795_000_000 + i64::try_from(run).unwrap_or(0) * 3600).expect("a time");
        let start = Run {
            prev_run: Some(prev_run),
            ..Run::new("apply", Who::default(), Endpoint::sandbox(), Some(format!("{run:064}")))
        };
        let mut bodies = vec![Body::Run(start)];
        for number in 0..each {
            let person = run * each + number;
            let projects: Access = access(person, projects)
                .map(|(project, role)| (ProjectId::new(format!("proj_{project:04}")), Role::from(role)))
                .collect();
            bodies.push(Body::Intent(Intent {
                action: Action::Invite,
                method: "POST".to_owned(),
                path: "/management/v1/projects/users/invite".to_owned(),
                email: Email::as_received(&email(person)),
                user_id: None,
                projects,
                from: None,
                again: false,
                reasons: BTreeMap::new(),
            }));
            bodies.push(Body::Outcome(Outcome {
                of: bodies.len() as u64,
                status: Some(204),
                request_id: Some(format!("v-{person:030}")),
                millis: 12,
                meaning: Meaning::Invited,
                user_id: None,
                detail: None,
            }));
        }
        let counts = [(Meaning::Invited, each as u64)].into();
        let done = Some(each as u64);
        bodies.push(Body::End(End { reason: EndReason::Completed, text: None, counts, changes: done, done }));
        let (mut text, mut prev) = (String::new(), "0".repeat(64));
        for (seq, body) in (1..).zip(bodies) {
            let line = Record { seq, at, body, prev }.to_line();
            prev = Sha256::digest(line.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            text.push_str(&line);
            text.push('\n');
        }
        let name = format!("{}-{run:06x}.jsonl", at.strftime("%Y-%m-%dT%H%M%SZ"));
        fs::write(folder.join("runs").join(&name), text).expect("a run");
        prev_run = PrevRun { run: Some(name), digest: prev };
    }
}

/// Reads a ledger.
pub(crate) fn view(folder: &Path) -> LedgerView {
    let location = guestlist::ledger::LedgerLocation::Folder(folder.to_owned());
    let ledger = guestlist::ledger::Ledger::open(&location, &guestlist::ledger::StoreVariables::default())
        .expect("a ledger");
    ledger.view(Endpoint::sandbox().realm()).expect("a view")
}

/// The binary that `GUESTLIST` names, or the release, built if it is not up to date.
pub(crate) fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("GUESTLIST") {
        return named.into();
    }
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--release", "--locked"]).current_dir(package).status();
    assert!(built.expect("cargo runs").success(), "the release cannot be built");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| package.join("target"), PathBuf::from);
    target.join("release/guestlist")
}
