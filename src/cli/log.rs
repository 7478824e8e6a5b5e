//! `guestlist log`: the ledger, newest first.

use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::{Everywhere, Log as Args, LogRecordFormat, TEAM_FILE};
use super::connection::Place;
use super::failure::{Ended, Failure};
use super::load::{self, folder_of};
use super::terminal::Terminal;
use crate::identity::Email;
use crate::inert;
use crate::ledger::{Action, EndReason, Entry, Ledger, LoggedRun, Summary};
use crate::wording::count;

pub(crate) fn run(args: &Args, everywhere: &Everywhere, terminal: Terminal) -> Ended {
    let ledger = place_of(&args.file.team_file, everywhere, terminal)?.ledger()?;
    if args.verify {
        return verify(&ledger, terminal);
    }
    let person = args.person.as_deref().map(Email::as_received);
    let (runs, warnings) = ledger.log().map_err(Failure::new)?;
    for warning in warnings {
        terminal.warn(&warning.to_string());
    }
    let mut shown = 0;
    for run in runs {
        let run = run.map_err(Failure::new)?;
        if let Some(warning) = &run.warning {
            terminal.warn(&warning.to_string());
        }
        let page = match args.format {
            LogRecordFormat::Json => json(&run, person.as_ref()),
            LogRecordFormat::Text => text(&run, person.as_ref(), terminal),
        };
        shown += page.len();
        Terminal::print(&page)?;
    }
    if shown == 0 && args.format == LogRecordFormat::Text {
        let nothing = match person {
            Some(person) => format!("The ledger has no call about {person}.\n"),
            None => "The ledger is empty.\n".to_owned(),
        };
        Terminal::print(&nothing)?;
    }
    Ok(())
}

/// The place of a command that can do without a team file, unless one is named: what it says counts.
pub(crate) fn place_of(path: &Path, everywhere: &Everywhere, terminal: Terminal) -> Result<Place, Failure> {
    let is_default = path == Path::new(TEAM_FILE);
    if everywhere.ledger.is_some() || (is_default && !path.exists()) {
        return Place::new(everywhere, &folder_of(path), None);
    }
    let team = load::team(path, terminal)?;
    Place::of_team(everywhere, path, &team)
}

/// The records as stored, but for characters that a terminal would obey.
fn json(run: &LoggedRun, person: Option<&Email>) -> String {
    run.records(person).into_iter().fold(String::new(), |mut page, stored| {
        let _ = writeln!(page, "{}", inert::json(&stored.line));
        page
    })
}

fn text(run: &LoggedRun, person: Option<&Email>, terminal: Terminal) -> String {
    let entries = run.entries(person);
    let Some((at, began)) = run.run() else { return String::new() };
    if entries.is_empty() {
        return String::new();
    }
    let paint = terminal.out;
    let ended = match run.end() {
        None => "no end recorded".to_owned(),
        Some(ended) => match ended.reason {
            EndReason::Completed => "completed".to_owned(),
            EndReason::Interrupted => "interrupted".to_owned(),
            EndReason::Stopped => {
                format!("stopped: {}", inert::line(ended.text.as_deref().unwrap_or_default()))
            }
        },
    };
    let heading = format!(
        "{} {} to {} by {} ({ended})",
        time(at),
        inert::line(&began.command),
        began.endpoint,
        began.who
    );
    let mut page = format!("{}\n", paint.bold(&heading));
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
                let _ = write!(came, ", request_id {}", inert::line(id));
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
fn said(summary: &Summary) -> String {
    let Summary { records, calls, unanswered, ended, torn } = summary;
    let number = |n: u64, noun: &str| count(usize::try_from(n).unwrap_or(usize::MAX), noun);
    let mut said = format!("{}, {}", number(*records, "record"), number(*calls, "call"));
    if *unanswered > 0 {
        let _ = write!(said, ", {} without an outcome", number(*unanswered, "call"));
    }
    said.push_str(match ended {
        Some(EndReason::Completed) => ", completed",
        Some(EndReason::Interrupted) => ", interrupted",
        Some(EndReason::Stopped) => ", stopped",
        None => ", no end recorded: the run was cut short, or its last records were taken away",
    });
    if let Some(line) = torn {
        let _ = write!(said, ", line {line} torn by the death of the process");
    }
    said
}

fn verify(ledger: &Ledger, terminal: Terminal) -> Ended {
    let (files, warnings) = ledger.verify().map_err(Failure::new)?;
    for warning in warnings {
        terminal.warn(&warning.to_string());
    }
    if files.is_empty() {
        return Terminal::print("The ledger has no runs: there is nothing to check.\n");
    }
    let (mut broken, mut open) = (0, 0);
    let mut page = String::new();
    for file in &files {
        match &file.result {
            Ok(summary) => {
                open += usize::from(summary.ended.is_none());
                let _ = writeln!(page, "{} {}: {}", terminal.out.green("ok"), file.name, said(summary));
            }
            Err(error) => {
                broken += 1;
                let _ = writeln!(page, "{} {}: {error}", terminal.out.red("broken"), file.name);
            }
        }
    }
    Terminal::print(&page)?;
    if broken > 0 {
        let (are, them) = if broken == 1 { ("is", "it") } else { ("are", "them") };
        let files = count(broken, "file");
        return Err(Failure::new(format!("{files} of the ledger {are} not as guestlist wrote {them}")));
    }
    let checked = count(files.len(), "file");
    Terminal::print(&match open {
        0 => format!("{checked} checked: every record is as it was written.\n"),
        _ => format!(
            "{checked} checked: every record is as it was written; {open} without an end, so that later records may be missing.\n"
        ),
    })
}
