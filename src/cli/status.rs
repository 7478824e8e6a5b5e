//! `guestlist status`: the state of the schedule and of the ledger, from the ledger alone.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::args::{GlobalArgs, Status as Args, StatusFormat};
use super::audit::AuditTrail;
use super::failure::Failure;
use super::moment::MaxAge;
use super::output::{keep_apart, save, save_for_all};
use super::terminal::Terminal;
use crate::clock::today;
use crate::escape;
use crate::ledger::{Ledger, LoggedRun};
use crate::model::{ProjectId, Role};
use crate::plan::STALE_DAYS;
use crate::render::{self, LastRun, Locked, Status};
use crate::words;

pub(crate) fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<(), Failure> {
    let path = &args.file.team_file;
    keep_apart(args.out.as_deref(), path)?;
    let trail = AuditTrail::open(path, global, terminal)?;
    trail.warn(terminal);
    let status = status_of(&trail)?;
    let text = match args.format {
        StatusFormat::Text => {
            let paint = if args.out.is_some() { render::Paint::PLAIN } else { terminal.out };
            render::status_text(&status, &trail.desired, paint)
        }
        StatusFormat::Json => render::status_json(&status),
        StatusFormat::Prometheus => render::status_prometheus(&status),
    };
    match (&args.out, args.format) {
        (None, _) => Terminal::print(&text)?,
        // It names no people, and whoever collects metrics is another user.
        (Some(out), StatusFormat::Prometheus) => save_for_all(out, &text)?,
        (Some(out), _) => save(out, &text)?,
    }
    match args.max_age {
        Some(max_age) => must_be_recent(&status, max_age),
        None => Ok(()),
    }
}

fn must_be_recent(status: &Status, max_age: MaxAge) -> Result<(), Failure> {
    let limit = words::duration(max_age.0);
    let Some(at) = status.last_clean else {
        return Err(Failure::new(format!("no clean convergence is recorded (--max-age {limit})")));
    };
    let age: Duration = status.now.duration_since(at).try_into().unwrap_or_default();
    if age <= max_age.0 {
        return Ok(());
    }
    let age = words::duration(age);
    Err(Failure::new(format!(
        "the last clean convergence was {age} ago, on {at:.0}, which is longer than --max-age {limit}"
    )))
}

fn status_of(trail: &AuditTrail) -> Result<Status<'_>, Failure> {
    let AuditTrail { desired, has_team, ledger, .. } = trail;
    let (now, today) = (Timestamp::now(), today());
    let view = ledger.view(trail.realm()).map_err(Failure::new)?;
    // Without a team file, those that the ledger has a reading of.
    let projects = trail.managed().unwrap_or_else(|| view.projects());
    let read = view.projects();
    let members = view.members(&projects);
    let admins = |project: &ProjectId| {
        let members = members.values();
        members.filter(|member| member.access.get(project) == Some(&Role::Admin)).count()
    };
    let organization: BTreeSet<_> =
        view.snapshots(&projects).flat_map(|snapshot| snapshot.organization.iter().cloned()).collect();
    let organization = Some(&organization).filter(|projects| !projects.is_empty());
    let mut invitations = view.invitations(organization).out;
    invitations.retain(|email, invitation| {
        let is_member = members.values().any(|member| member.answers_to(email));
        !is_member && invitation.access.keys().any(|project| projects.contains(project))
    });
    let stale = invitations.values().filter(|it| it.days_out(today) > STALE_DAYS);
    let mut stale: Vec<_> = stale.map(|it| (it.sent_on(), it.email.clone())).collect();
    stale.sort();
    let convergence = view.convergence();
    let lock = ledger.lock().map_err(Failure::new)?;
    Ok(Status {
        now,
        ledger: escape::line(&trail.target.ledger_name).into_owned(),
        last_run: last_run(ledger, trail.realm())?,
        last_clean: convergence.last_clean,
        drift: convergence.drift,
        open: invitations.len(),
        stale,
        reviews_due: has_team.then(|| desired.reviews_due(today)),
        ending_soon: has_team.then(|| desired.ending_soon(today)),
        admins: projects.iter().filter(|id| read.contains(*id)).map(|id| (id.clone(), admins(id))).collect(),
        lock: lock.map(|lock| Locked { by: lock.holder, since: lock.since, renewed: lock.renewed }),
        chain: trail.verification.chain().as_str(),
    })
}

/// The last run of a realm. One that cannot be read is damage, which has been reported.
fn last_run(ledger: &Ledger, realm: &str) -> Result<Option<LastRun>, Failure> {
    let of_realm = |run: &LoggedRun| run.run().is_some_and(|(_, began)| began.realm == realm);
    let last = ledger.log().map_err(Failure::new)?.filter_map(Result::ok).find(of_realm);
    Ok(last.as_ref().and_then(|run| {
        let (at, began) = run.run()?;
        Some(LastRun {
            run: run.name.to_string(),
            at,
            command: began.command.clone(),
            by: began.who.to_string(),
            actor: began.who.actor.clone().or_else(|| began.who.user.clone()),
            commit: began.who.commit.clone(),
            ended: run.end().map(|end| end.reason.as_str()),
        })
    }))
}
