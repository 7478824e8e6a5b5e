//! `guestlist report --at` and `--since`: answers from the history in the ledger alone.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::args::{GlobalArgs, Report as Args, ReportFormat};
use super::audit::AuditTrail;
use super::failure::Failure;
use super::filter;
use super::output::{keep_apart, save};
use super::target::Target;
use super::terminal::Terminal;
use crate::desired::Desired;
use crate::escape;
use crate::ledger::{Action, Meaning};
use crate::model::Email;
use crate::render::{self, AccessAt, Changes, Paint, Question, SentInvitation};
use crate::words::{count, people};

pub(crate) fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<(), Failure> {
    let path = &args.file.team_file;
    keep_apart(args.out.as_deref(), path)?;
    let now = Timestamp::now();
    for (flag, moment) in [("--at", args.at), ("--since", args.since)] {
        if moment.is_some_and(|moment| moment.start() > now) {
            return Err(Failure::new(format!("{flag} is in the future; the ledger knows only the past")));
        }
    }
    let at = args.at.map_or(now, |at| at.end().min(now));
    let trail = AuditTrail::open(path, global, terminal)?;
    trail.warn(terminal);
    let desired = &trail.desired;
    let project = args.access.project.as_deref().map(|name| filter::project(desired, name)).transpose()?;
    let role = args.access.role.as_deref().map(|name| filter::role(desired, name)).transpose()?;
    let history = trail.ledger.access_history(trail.realm()).map_err(Failure::new)?;
    let projects = project.map_or_else(|| trail.managed(), |project| Some([project].into()));
    let question = Question {
        history: &history,
        desired,
        endpoint: &trail.target.endpoint,
        known_until: trail.ledger.recorded_at(trail.realm(), projects.as_ref()).map_err(Failure::new)?,
        projects,
        role,
        chain: trail.verification.chain().as_str(),
    };
    let paint = if args.out.is_some() { Paint::PLAIN } else { terminal.out };
    let (text, written) = match args.since {
        None => {
            let access = AccessAt::new(&question, at);
            let text = match args.format {
                ReportFormat::Html => render::access_at_html(&access),
                ReportFormat::Csv => render::access_at_csv(&access),
                ReportFormat::Text => render::access_at_text(&access, paint),
                ReportFormat::Json => render::access_at_json(&access),
            };
            let who: BTreeSet<_> = access.lines.iter().map(|line| line.email).collect();
            (text, format!("{}, {}", people(who.len()), count(access.lines.len(), "role")))
        }
        Some(since) => {
            let changes = Changes::new(&question, since.end(), at);
            let text = match args.format {
                ReportFormat::Html => render::changes_html(&changes),
                ReportFormat::Csv => render::changes_csv(&changes),
                ReportFormat::Text => render::changes_text(&changes, paint),
                ReportFormat::Json => render::changes_json(&changes),
            };
            (text, count(changes.changes.len(), "change"))
        }
    };
    let Some(out) = &args.out else { return Terminal::print(&text) };
    save(out, &text)?;
    terminal.say(&format!("Wrote {}: {written}.", escape::path(out)));
    Ok(())
}

/// What the ledger knows about one person, oldest first; empty if it knows nothing.
pub(super) fn of_person(
    target: &Target,
    emails: BTreeSet<Email>,
    desired: &Desired,
    paint: Paint,
) -> Result<String, Failure> {
    let (ledger, realm) = (target.ledger()?, target.endpoint.realm());
    let history = ledger.access_history(realm).map_err(Failure::new)?;
    let emails = history.all_logins(emails);
    let mut invitations = Vec::new();
    for run in ledger.log().map_err(Failure::new)? {
        let run = run.map_err(Failure::new)?;
        let Some((_, began)) = run.run().filter(|(_, began)| began.realm == realm) else { continue };
        for entry in run.entries(None) {
            let meaning = entry.outcome.map_or(Meaning::Unknown, |(_, outcome)| outcome.meaning);
            let is_confirmed = meaning == Meaning::Invited;
            let is_sent =
                entry.intent.action == Action::Invite && (is_confirmed || meaning == Meaning::Unknown);
            if is_sent && emails.contains(&entry.intent.email) {
                invitations.push(SentInvitation {
                    at: entry.outcome.map_or(entry.at, |(at, _)| at),
                    access: entry.intent.projects.clone(),
                    again: entry.intent.again,
                    is_confirmed,
                    run: run.name.as_str().to_owned(),
                    by: began.who.to_string(),
                });
            }
        }
    }
    Ok(render::person_history(&history, &invitations, &emails, desired, paint))
}
