//! `guestlist doctor`: read-only checks of a set-up, each passed, failed or unknown, and what to do about it.

mod service;

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::args::{Doctor as Args, GlobalArgs, TEAM_FILE, TextOrJson};
use super::failure::Failure;
use super::load;
use super::target::Target;
use super::terminal::Terminal;
use crate::desired::Team;
use crate::escape;
use crate::files::folder_of;
use crate::ledger::{ChainState, Ledger, LedgerError};
use crate::words::{count, people};

/// The check of the object store with the ledger.
const STORE: &str = "ledger store";

/// The result of a check.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Passed,
    Failed,
    Unknown,
}

/// One check, and what was found.
#[derive(Serialize)]
struct Check {
    #[serde(rename = "check")]
    name: &'static str,
    status: Status,
    text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// The checks so far, in order.
#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, name: &'static str, status: Status, text: impl Into<String>, advice: Option<&str>) {
        self.0.push(Check { name, status, text: text.into(), advice: advice.map(str::to_owned) });
    }

    fn passed(&mut self, check: &'static str, text: impl Into<String>) {
        self.add(check, Status::Passed, text, None);
    }

    fn failed(&mut self, check: &'static str, text: impl Into<String>, advice: &str) {
        self.add(check, Status::Failed, text, Some(advice));
    }

    fn unknown(&mut self, check: &'static str, text: impl Into<String>, advice: Option<&str>) {
        self.add(check, Status::Unknown, text, advice);
    }

    fn failures(&self) -> usize {
        self.0.iter().filter(|check| check.status == Status::Failed).count()
    }
}

pub(crate) async fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<(), Failure> {
    let mut checks = Checks::default();
    let path = &args.file.team_file;
    let team = team(path, &mut checks);
    let target = match &team {
        Some(team) => Target::of_team(global, path, team)?,
        None => Target::new(global, &folder_of(path), None)?,
    };
    let desired = team.as_ref().map(|team| &team.desired);
    service::check(&target, desired, global, terminal, &mut checks).await?;
    ledger(&target, &mut checks);
    let page = match args.format {
        TextOrJson::Text => text(&checks, terminal),
        TextOrJson::Json => {
            format!("{}\n", escape::json(serde_json::json!({"checks": checks.0}).to_string()))
        }
    };
    Terminal::print(&page)?;
    match checks.failures() {
        0 => Ok(()),
        failures => Err(Failure::new(format!("{} failed", count(failures, "check")))),
    }
}

/// The team file, if there is a valid one.
fn team(path: &Path, checks: &mut Checks) -> Option<Team> {
    const CHECK: &str = "team file";
    let shown = escape::path(path);
    if path == Path::new(TEAM_FILE) && !path.exists() {
        let advice = "Pass its path, or write one with `guestlist import --out team.yaml`.";
        checks.unknown(CHECK, format!("there is no {shown}; every project is checked"), Some(advice));
        return None;
    }
    let loaded = match load::load(path) {
        Ok(loaded) => loaded,
        Err(failure) => {
            checks.failed(CHECK, reason(&failure), "Pass the path of the team file.");
            return None;
        }
    };
    match &loaded.team {
        Some(team) => {
            let (listed, projects) = (people(team.desired.people.len()), team.desired.projects.len());
            checks.passed(CHECK, format!("{shown}: {listed}, {}", count(projects, "project")));
        }
        None => checks.failed(CHECK, format!("{shown} has errors"), "Run `guestlist validate`."),
    }
    loaded.team
}

/// The store of the ledger, without writing to it.
fn ledger(target: &Target, checks: &mut Checks) {
    const CHECK: &str = "ledger";
    let name = escape::line(&target.ledger_name).into_owned();
    let ledger = match target.ledger() {
        Ok(ledger) => ledger,
        Err(failure) => return checks.failed(CHECK, reason(&failure), "Check `ledger:` or --ledger."),
    };
    let exists = ledger.must_exist();
    if let Err(error) = store(&ledger, exists.as_ref().err(), &name, checks) {
        let advice = "Check `ledger:` or --ledger, and the variables and permissions of its store.";
        return checks.failed(STORE, error.to_string(), advice);
    }
    if exists.is_err() {
        let advice = "The first apply creates it. If there was one, check `ledger:` or --ledger.";
        checks.unknown(CHECK, format!("there is no ledger at `{name}` yet"), Some(advice));
        return;
    }
    chain(&ledger, &name, checks);
    match ledger.lock() {
        Ok(None) => checks.passed("lock", "no run is in progress"),
        // Without its holder, who may be a person.
        Ok(Some(_)) => checks.passed("lock", "held by a run; `guestlist status` says whose"),
        Err(error) => checks.failed("lock", error.to_string(), "Check the permissions of the ledger."),
    }
}

/// Whether an object store can be reached, and keeps the conditions of writes as far as that is known: only a write
/// can tell.
fn store(
    ledger: &Ledger,
    missing: Option<&LedgerError>,
    name: &str,
    checks: &mut Checks,
) -> Result<(), LedgerError> {
    const CHECK: &str = "conditional writes";
    if let Some(error) = missing.filter(|error| !matches!(error, LedgerError::NoLedger(_))) {
        return Err(error.clone());
    }
    let Some(is_checked) = ledger.is_store_checked()? else { return Ok(()) };
    checks.passed(STORE, format!("`{name}` can be listed and read"));
    if is_checked {
        checks.passed(CHECK, "honored, according to the recorded check of the store");
    } else {
        let advice = "The first apply checks the store, and refuses one that does not honor them before it calls the service.";
        checks.unknown(CHECK, "the store has not been checked yet", Some(advice));
    }
    Ok(())
}

fn chain(ledger: &Ledger, name: &str, checks: &mut Checks) {
    const CHECK: &str = "ledger";
    match ledger.verify() {
        Ok(verification) => {
            let runs = count(verification.files.len(), "run");
            match verification.chain() {
                ChainState::Intact => checks.passed(CHECK, format!("`{name}`: {runs}, all records intact")),
                ChainState::Fork => {
                    checks.passed(
                        CHECK,
                        format!("`{name}`: {runs}, all records intact, two branches were merged"),
                    );
                }
                ChainState::Damaged => {
                    checks.failed(
                        CHECK,
                        format!("`{name}`: {runs}, modified"),
                        "Run `guestlist log --verify`.",
                    );
                }
            }
        }
        Err(error) => checks.failed(CHECK, error.to_string(), "Check the permissions of the ledger."),
    }
}

fn text(checks: &Checks, terminal: Terminal) -> String {
    let paint = terminal.out;
    let width = checks.0.iter().map(|check| check.name.len()).max().unwrap_or(0);
    checks.0.iter().fold(String::new(), |mut page, Check { name, status, text, advice }| {
        let status = match status {
            Status::Passed => paint.green("passed "),
            Status::Failed => paint.red("failed "),
            Status::Unknown => paint.yellow("unknown"),
        };
        let _ = writeln!(page, "{status}  {name:width$}  {text}");
        if let Some(advice) = advice {
            let _ = writeln!(page, "{:9}{:width$}  {advice}", "", "");
        }
        page
    })
}

/// Why a step failed, for people.
fn reason(failure: &Failure) -> String {
    failure.text().unwrap_or_default()
}
