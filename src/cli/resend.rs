//! `guestlist resend`: sends an invitation again.

use jiff::Timestamp;

use super::args::{GlobalArgs, Resend as Args};
use super::failure::Failure;
use super::final_report;
use super::load;
use super::mixup::{must_not_be_swapped, person_meant};
use super::session::{RunOptions, RunResult, Session};
use super::target::Target;
use super::terminal::Terminal;
use crate::apply::Ending;
use crate::clock::today;
use crate::ledger::{Meaning, ReadingFacts};
use crate::model::Email;
use crate::plan::{Plan, PlanOptions};
use crate::render;

pub(crate) async fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<(), Failure> {
    let path = &args.file.team_file;
    must_not_be_swapped("resend", &args.email, path)?;
    let team = load::team(path, terminal)?;
    let desired = &team.desired;
    let email = Email::as_received(&args.email);
    let Some(person) = desired.people.get(&email) else {
        return Err(Failure::new(format!(
            "{email} is not in the team file, so there is nothing to invite them to{}",
            person_meant(email.as_str(), desired.people.keys().map(Email::as_str))
        )));
    };
    let day = today();
    if let Some(until) = person.ended_on(day) {
        return Err(Failure::new(format!(
            "access for {email} ended on {until}; no invitation was sent. Fix `until` if that is wrong"
        )));
    }
    if let Some(from) = person.starts_on(day) {
        return Err(Failure::new(format!(
            "{email} starts on {from}; invitations are not sent before that date. Fix `from` if that is wrong"
        )));
    }
    let target = Target::of_team(global, path, &team)?;
    let mut session = Session::open(&target, desired, global, terminal).await?;
    let known = session.observe().await?;
    session.keep(&ReadingFacts::default());
    if !known.doubts.is_empty() {
        return Err(Failure::new(render::incomplete(&known.doubts, "nothing was sent")));
    }
    if known.member(&email).is_some() {
        return Err(Failure::new(format!(
            "{email} is already a member; there is no invitation to send again"
        )));
    }
    let Some(invitation) = known.invitations.get(&email) else {
        return Err(Failure::new(format!(
            "the ledger has no invitation to {email}; `guestlist apply` sends the first one"
        )));
    };
    terminal.say(&format!("{email} was invited on {}.", invitation.sent_at.strftime("%Y-%m-%d")));
    session.confirm(args.yes, format!("Send the invitation to {email} again?")).await?;
    let made_at = Timestamp::now();
    let plan = Plan::inviting(person, desired, &known, &PlanOptions::new(target.endpoint.clone(), day));
    let options = RunOptions { command: "resend", concurrency: 1, again: true, made_at };
    let RunResult { report, signal, closed, .. } = session.run(&plan, &known, options, None).await?;
    final_report::print_failures(&report, desired, terminal);
    closed?;
    match (signal, report.endings.first().map(|(_, ending)| ending)) {
        (Some(signal), _) => Err(signal),
        (None, Some(Ending::Done(Meaning::Invited))) => {
            Terminal::print(&format!("Sent the invitation to {email} again.\n"))
        }
        (None, Some(Ending::Done(Meaning::AlreadyInvited))) => Err(Failure::new(format!(
            "the service did not send another invitation to {email} (409); resend it in Team settings"
        ))),
        (None, Some(Ending::Done(_))) => Terminal::print(&format!(
            "{email} already has a Voucherify account and was assigned the roles.\n"
        )),
        (None, _) => Err(Failure::AlreadyReported),
    }
}
