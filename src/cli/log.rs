//! `guestlist log`: the ledger, newest run first, and the check of it.

use std::fmt::{self, Write as _};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::{GlobalArgs, Log as Args, LogRecordFormat};
use super::failure::Failure;
use super::situation::target_of;
use super::terminal::Terminal;
use crate::escape;
use crate::ledger::{Action, ChainState, EndReason, Entry, LoggedRun, RunSummary, Verification};
use crate::model::Email;
use crate::words::count;

pub(crate) fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<(), Failure> {
    let ledger = target_of(&args.file.team_file, global, terminal)?.ledger()?;
    ledger.must_exist().map_err(Failure::new)?;
    let verification = ledger.verify().map_err(Failure::new)?;
    if args.verify {
        return match args.format {
            LogRecordFormat::Json => verified_json(&verification),
            LogRecordFormat::Text => verified_text(&verification, terminal),
        };
    }
    for finding in findings(&verification) {
        terminal.warn(&finding.to_string());
    }
    let person = args.person.as_deref().map(Email::as_received);
    let mut shown = 0;
    for run in ledger.log().map_err(Failure::new)? {
        // A run that cannot be read is one of the findings, and does not hide the others.
        let Ok(run) = run else { continue };
        let page = match args.format {
            LogRecordFormat::Json => json(&run, person.as_ref()),
            LogRecordFormat::Text => text(&run, person.as_ref(), terminal),
        };
        shown += page.len();
        Terminal::print(&page)?;
    }
    if shown == 0 && args.format == LogRecordFormat::Text {
        let nothing = match person {
            Some(person) => format!("The ledger has no calls for {person}.\n"),
            None => "The ledger is empty.\n".to_owned(),
        };
        Terminal::print(&nothing)?;
    }
    Ok(())
}

/// The records as stored, except that control characters are escaped.
fn json(run: &LoggedRun, person: Option<&Email>) -> String {
    run.records(person).into_iter().fold(String::new(), |mut page, stored| {
        let _ = writeln!(page, "{}", escape::json(&stored.line));
        page
    })
}

fn text(run: &LoggedRun, person: Option<&Email>, terminal: Terminal) -> String {
    let entries = run.entries(person);
    let Some((at, began)) = run.run() else { return String::new() };
    let released = began.released.as_ref().filter(|_| person.is_none());
    if entries.is_empty() && released.is_none() {
        return String::new();
    }
    let paint = terminal.out;
    let ended = match run.end() {
        None => "no end recorded".to_owned(),
        Some(ended) => match ended.reason {
            EndReason::Completed => "completed".to_owned(),
            EndReason::Interrupted => "interrupted".to_owned(),
            EndReason::Stopped => {
                format!("stopped: {}", escape::line(ended.text.as_deref().unwrap_or_default()))
            }
        },
    };
    let heading = format!(
        "{} {} to {} by {} ({ended})",
        time(at),
        escape::line(&began.command),
        began.endpoint,
        began.who
    );
    let mut page = format!("{}\n", paint.bold(&heading));
    if let Some(released) = released {
        let _ = writeln!(page, "  released the lock of {}", escape::line(released));
    }
    for entry in entries {
        let _ = writeln!(page, "  {}", line(&entry));
    }
    page
}

fn line(entry: &Entry) -> String {
    let Entry { at, intent, outcome, .. } = entry;
    let action = match (intent.action, intent.again) {
        (Action::Invite, false) => "invite",
        (Action::Invite, true) => "invite again",
        (Action::Assign, _) => "assign",
        (Action::ChangeRole, _) => "change role",
        (Action::Unassign, _) => "unassign",
    };
    let roles: Vec<_> = intent.projects.iter().map(|(project, role)| format!("{project} {role}")).collect();
    let from = intent.from.as_ref().map(|role| format!(" (was {role})")).unwrap_or_default();
    let came = match outcome {
        None => "no outcome recorded: it may have been done or not".to_owned(),
        Some((_, outcome)) => {
            let mut came = outcome.meaning.as_str().replace('_', " ");
            if let Some(status) = outcome.status {
                let _ = write!(came, ", {status}");
            }
            let _ = write!(came, ", {} ms", outcome.millis);
            if let Some(id) = &outcome.request_id {
                let _ = write!(came, ", request_id {}", escape::line(id));
            }
            came
        }
    };
    format!("{} {action} {}: {}{from} → {came}", time(*at), intent.email, roles.join(", "))
}

fn time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `12 records, 5 calls, completed`.
fn said(summary: &RunSummary) -> String {
    let RunSummary { records, calls, unanswered, ended, torn } = summary;
    let number = |n: u64, noun: &str| count(usize::try_from(n).unwrap_or(usize::MAX), noun);
    let mut said = format!("{}, {}", number(*records, "record"), number(*calls, "call"));
    if *unanswered > 0 {
        let _ = write!(said, ", {} without an outcome", number(*unanswered, "call"));
    }
    said.push_str(match ended {
        Some(EndReason::Completed) => ", completed",
        Some(EndReason::Interrupted) => ", interrupted",
        Some(EndReason::Stopped) => ", stopped",
        None => ", no end recorded",
    });
    if let Some(line) = torn {
        let _ = write!(said, ", line {line} is incomplete");
    }
    said
}

/// A problem of the ledger.
struct Finding {
    file: Option<String>,
    line: Option<u64>,
    is_damage: bool,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "`{file}`, line {line} {}", self.what),
            (Some(file), None) => write!(f, "`{file}` {}", self.what),
            (None, _) => f.write_str(&self.what),
        }
    }
}

fn findings(verification: &Verification) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &verification.files {
        let name = Some(file.name.to_string());
        match &file.result {
            Err(broken) => findings.push(Finding {
                file: name,
                line: Some(broken.line),
                is_damage: true,
                what: broken.what.clone(),
            }),
            Ok(summary) => {
                let finding = |line, what: &str| Finding {
                    file: name.clone(),
                    line,
                    is_damage: false,
                    what: what.to_owned(),
                };
                if summary.torn.is_some() {
                    let what = "is incomplete (the process was interrupted while writing it)";
                    findings.push(finding(summary.torn, what));
                } else if file.may_be_cut() {
                    let what = "has no end: the run is in progress, was interrupted, or its last records were removed";
                    findings.push(finding(None, what));
                }
            }
        }
    }
    let whole = |is_damage, what| Finding { file: None, line: None, is_damage, what };
    findings.extend(verification.breaks.iter().map(|one| whole(true, one.to_string())));
    findings.extend(verification.forks.iter().map(|one| whole(false, one.to_string())));
    findings
}

/// Fails if the ledger is damaged.
fn verdict(verification: &Verification) -> Result<(), Failure> {
    if verification.chain() != ChainState::Damaged {
        return Ok(());
    }
    let damages = findings(verification).iter().filter(|finding| finding.is_damage).count();
    Err(Failure::new(format!("the ledger was modified: {}", count(damages, "problem"))))
}

fn verified_json(verification: &Verification) -> Result<(), Failure> {
    let problem = |finding: &Finding| {
        let mut problem = serde_json::json!({
            "level": if finding.is_damage { "error" } else { "warning" },
            "text": finding.to_string(),
        });
        if let Some(file) = &finding.file {
            problem["file"] = file.as_str().into();
        }
        if let Some(line) = finding.line {
            problem["line"] = line.into();
        }
        problem
    };
    let problems: Vec<_> = findings(verification).iter().map(problem).collect();
    let object = serde_json::json!({ "chain": verification.chain().as_str(), "problems": problems });
    Terminal::print(&format!("{}\n", escape::json(object.to_string())))?;
    verdict(verification)
}

fn verified_text(verification: &Verification, terminal: Terminal) -> Result<(), Failure> {
    if verification.files.is_empty() {
        return Terminal::print("The ledger has no runs: nothing to check.\n");
    }
    let paint = terminal.out;
    let mut page = String::new();
    for file in &verification.files {
        let _ = match &file.result {
            Err(error) => writeln!(page, "{} {}: {error}", paint.red("broken"), file.name),
            Ok(summary) if file.may_be_cut() || summary.torn.is_some() => {
                writeln!(page, "{} {}: {}", paint.yellow("incomplete"), file.name, said(summary))
            }
            Ok(summary) => writeln!(page, "{} {}: {}", paint.green("ok"), file.name, said(summary)),
        };
    }
    for one in &verification.breaks {
        let _ = writeln!(page, "{} {one}", paint.red("broken"));
    }
    Terminal::print(&page)?;
    for finding in findings(verification).iter().filter(|finding| !finding.is_damage) {
        terminal.warn(&finding.to_string());
    }
    verdict(verification)?;
    let checked = count(verification.files.len(), "file");
    Terminal::print(&format!("{checked} checked: all records intact.\n"))
}
