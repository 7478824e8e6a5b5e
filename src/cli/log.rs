//! `guestlist log`: the ledger, newest run first, and the check of it.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::{GlobalArgs, Log as Args, TextOrJson};
use super::audit::AuditTrail;
use super::failure::Failure;
use super::filter;
use super::moment::Moment;
use super::terminal::Terminal;
use super::verification::{verified_json, verified_text};
use crate::desired::Desired;
use crate::escape;
use crate::ledger::{Action, EndReason, Entry, LoggedRun, Observed, Selection};
use crate::model::{Email, Role, UserId};

pub(crate) fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<(), Failure> {
    let trail = AuditTrail::open(&args.file.team_file, global, terminal)?;
    if args.verify {
        return match args.format {
            TextOrJson::Json => verified_json(&trail.verification),
            TextOrJson::Text => verified_text(&trail.verification, terminal),
        };
    }
    trail.warn(terminal);
    let AuditTrail { desired, ledger, .. } = trail;
    let selection = Selection {
        person: args.person.as_deref().map(Email::as_received),
        project: args.access.project.as_deref().map(|name| filter::project(&desired, name)).transpose()?,
        role: args.access.role.as_deref().map(|name| filter::role(&desired, name)).transpose()?,
        since: args.since.map(Moment::start),
        until: args.until.map(Moment::end),
    };
    let mut shown = 0;
    for run in ledger.log().map_err(Failure::new)? {
        // A run that cannot be read is one of the findings, and does not hide the others.
        let Ok(run) = run else { continue };
        let page = match args.format {
            TextOrJson::Json => json(&run, &selection),
            TextOrJson::Text => text(&run, &selection, &desired, terminal),
        };
        shown += page.len();
        Terminal::print(&page)?;
    }
    if shown == 0 && args.format == TextOrJson::Text {
        Terminal::print(&nothing(&selection, &desired))?;
    }
    Ok(())
}

fn nothing(selection: &Selection, desired: &Desired) -> String {
    let Selection { person, project, role, since, until } = selection;
    if *selection == Selection::default() {
        return "The ledger is empty.\n".to_owned();
    }
    let mut text = "The ledger has no ".to_owned();
    text.push_str(if selection.is_about_access() { "records" } else { "runs" });
    for (word, name) in [
        ("for", person.as_ref().map(ToString::to_string)),
        ("with role", role.as_ref().map(|role| desired.role_name(role))),
        ("in", project.as_ref().map(|project| desired.project_name(project))),
        ("since", since.map(time)),
        ("until", until.map(time)),
    ] {
        if let Some(name) = name {
            let _ = write!(text, " {word} {name}");
        }
    }
    text.push_str(".\n");
    text
}

/// The records as stored, except that control characters are escaped.
fn json(run: &LoggedRun, selection: &Selection) -> String {
    run.records(selection).into_iter().fold(String::new(), |mut page, stored| {
        let _ = writeln!(page, "{}", escape::json(&stored.line));
        page
    })
}

fn text(run: &LoggedRun, selection: &Selection, desired: &Desired, terminal: Terminal) -> String {
    let entries = run.entries(Some(selection));
    let observed: Vec<_> = run.observed(Some(selection)).collect();
    let Some((at, began)) = run.run() else { return String::new() };
    if entries.is_empty() && observed.is_empty() && (selection.is_about_access() || !selection.covers(at)) {
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
    if let Some(plan) = &began.plan_id {
        let _ = writeln!(page, "  {}", paint.dim(&format!("plan {}", escape::line(plan))));
    }
    if let Some(released) = &began.released {
        let _ = writeln!(page, "  released the lock of {}", escape::line(released));
    }
    // They are the result of the reading with which the run started.
    for observed in observed {
        let _ = writeln!(page, "  {}", seen(observed, desired));
    }
    for entry in entries {
        let _ = writeln!(page, "  {}", line(&entry, desired));
    }
    page
}

fn line(entry: &Entry, desired: &Desired) -> String {
    let Entry { at, intent, outcome, .. } = entry;
    let action = match (intent.action, intent.again) {
        (Action::Invite, false) => "invite",
        (Action::Invite, true) => "invite again",
        (Action::Assign, _) => "assign",
        (Action::ChangeRole, _) => "change role",
        (Action::Unassign, _) => "unassign",
    };
    let roles = desired.access_names(&intent.projects);
    let from = intent.from.as_ref().map(|role| format!(" (was {})", desired.role_name(role)));
    let from = from.unwrap_or_default();
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
    format!("{} {action} {}: {roles}{from} → {came}", time(*at), intent.email)
}

/// What a live reading showed that the ledger did not know.
fn seen(observed: &Observed, desired: &Desired) -> String {
    let Observed { email, user_id, project, from, to, after, by } = observed;
    let role = |role: &Option<Role>| role.as_ref().map_or("none".to_owned(), |role| desired.role_name(role));
    let project = desired.project_name(project);
    match after {
        None => format!("{} found {email}: {project} {}, in the first reading", time(*by), role(to)),
        Some(_) if from == to => {
            let id = user_id.as_ref().map_or("", UserId::as_str);
            format!("{} observed {email}: the new login of user {}", time(*by), escape::line(id))
        }
        Some(after) => format!(
            "{} observed {email}: {project} {} → {}, since the reading of {}",
            time(*by),
            role(from),
            role(to),
            time(*after)
        ),
    }
}

fn time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
