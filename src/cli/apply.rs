//! `guestlist apply`: plan, confirm, do.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use jiff::Timestamp;

use super::args::{Apply as Args, GlobalArgs, PlanFlags};
use super::failure::Failure;
use super::final_report;
use super::load;
use super::session::{RunOptions, RunResult, Session};
use super::situation::{estimate, must_not_be_blocked, plan_options, today};
use super::target::Target;
use super::terminal::Terminal;
use crate::desired::Desired;
use crate::escape;
use crate::files;
use crate::known::Known;
use crate::ledger::Superseded;
use crate::model::Endpoint;
use crate::plan::{Change, Guard, Plan, SavedPlan, Unlisted};
use crate::render::{self, View};
use crate::team_file::MAX_BYTES;
use crate::words;

/// What is to be applied, and where.
struct Task {
    desired: Desired,
    target: Target,
    saved: Option<SavedPlan>,
    terms: PlanFlags,
}

pub(crate) async fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<(), Failure> {
    let task = match &args.plan {
        Some(path) => saved_task(path, args.terms, global)?,
        None => file_task(args, global, terminal)?,
    };
    let Task { desired, target, .. } = &task;
    let mut session = Session::open(target, desired, global, terminal).await?;
    let known = session.observe().await?;
    let made_at = task.saved.as_ref().map_or_else(Timestamp::now, |saved| saved.made_at);
    let plan = task.plan(&known, &session, terminal)?;
    let expected = estimate(&plan, session.pace().as_ref());
    let view = View { width: Terminal::width(), ..View::new(&plan, desired, &known, expected) };
    Terminal::print(&render::text(&view, terminal.out))?;
    must_not_be_blocked(&plan)?;
    if plan.changes.is_empty() {
        return session.close().await;
    }
    session.confirm(args.yes, question(&view, args.terms)).await?;
    let options =
        RunOptions { command: "apply", concurrency: usize::from(args.concurrency), again: false, made_at };
    let RunResult { report, signal, closed } = session.run(&plan, &known, options).await?;
    let told = final_report::print(&report, desired, terminal);
    match signal {
        Some(signal) => Err(signal),
        None if report.is_success() => closed.and(told),
        None => closed.and(told).and(Err(Failure::AlreadyReported)),
    }
}

/// What is asked before anything is done: what is at stake, and which guards were lifted.
fn question(view: &View, lifted: PlanFlags) -> String {
    let these = match view.plan.changes.len() {
        1 => "this change".to_owned(),
        n => format!("these {n} changes"),
    };
    let flags =
        [("--allow-removals", lifted.allow_removals), ("--allow-new-admins", lifted.allow_new_admins)];
    let lifted: Vec<_> = flags.into_iter().filter_map(|(flag, n)| Some(format!("{flag} {}", n?))).collect();
    let lifted = match lifted.as_slice() {
        [] => String::new(),
        lifted => format!(", with {}", words::list(lifted)),
    };
    format!("Apply {these} to {}: {}{lifted}?", view.plan.endpoint, render::at_stake(view))
}

impl Task {
    /// What is to be done now. A saved plan is made again from what is known now: what holds already
    /// falls out, and what it does not list is refused.
    fn plan(&self, known: &Known, session: &Session<'_>, terminal: Terminal) -> Result<Plan, Failure> {
        let options = plan_options(&self.target, today(), self.terms);
        let Some(saved) = &self.saved else {
            return Ok(Plan::between(&self.desired, known, &options));
        };
        let now = saved.again(known, &options);
        let left = match &now {
            Ok(now) => &now.changes,
            Err(Unlisted(changes)) => changes,
        };
        if let Some(superseded) = superseded(saved, left, known, session) {
            return Err(Failure::new(format!("the saved plan is not applied: {superseded}")));
        }
        let now = now.map_err(|unlisted| {
            Failure::new(format!(
                "the saved plan does not list what would now be done, so nothing was done; make a new plan.\n{}",
                difference(&self.desired, &unlisted)
            ))
        })?;
        let skipped = saved.changes.len() - now.changes.len();
        // In doubt nothing is taken away, which does not say that it holds.
        if skipped > 0 && !now.is_refused_by(Guard::DoubtfulReading) {
            let (hold, are) = if skipped == 1 { ("holds", "is") } else { ("hold", "are") };
            let changes = words::count(skipped, "change");
            terminal.say(&format!("{changes} of the saved plan {hold} already and {are} skipped."));
        }
        terminal.say(&format!("Applying the saved plan {}", saved.plan_id));
        Ok(now)
    }
}

/// Whether a later plan, or all of this one, was applied to the people whom it would now change.
fn superseded(
    saved: &SavedPlan,
    left: &[Change],
    known: &Known,
    session: &Session<'_>,
) -> Option<Superseded> {
    if left.is_empty() {
        return None;
    }
    let mut people: BTreeSet<_> = left.iter().map(|change| change.email().clone()).collect();
    // The calls of another plan may have named them by their other address.
    for member in known.members.values() {
        if member.addresses().any(|address| people.contains(address)) {
            people.extend(member.addresses().cloned());
        }
    }
    session.applied_plans().superseding(saved.plan_id.as_str(), saved.made_at, &people)
}

fn file_task(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<Task, Failure> {
    let path = &args.file.team_file;
    let team = load::team(path, terminal)?;
    let target = Target::of_team(global, path, &team)?;
    Ok(Task { desired: team.desired, target, saved: None, terms: args.terms })
}

fn saved_task(path: &Path, terms: PlanFlags, global: &GlobalArgs) -> Result<Task, Failure> {
    let shown = escape::path(path);
    let unreadable = |why: &str| {
        Failure::new(format!(
            "the saved plan `{shown}` cannot be read: {why}; make one with `guestlist plan --out {shown}`"
        ))
    };
    let read = files::open(path).and_then(|file| files::read_at_most(file, MAX_BYTES));
    let bytes = read.map_err(|error| match error.kind() {
        ErrorKind::NotFound => unreadable("there is no such file"),
        ErrorKind::IsADirectory => unreadable("it is a folder"),
        _ => unreadable(&error.to_string()),
    })?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8"))?;
    let refused = |error| Failure::new(format!("the saved plan `{shown}` is not applied: {error}"));
    let saved = SavedPlan::from_json(&text).map_err(refused)?;
    let from_plan: (&Endpoint, Option<&str>) = (&saved.endpoint, Some(&saved.ledger));
    let target = Target::new(global, Path::new("."), Some(from_plan))?;
    saved.check(&target.endpoint, today()).map_err(refused)?;
    Ok(Task { desired: saved.desired.clone(), target, saved: Some(saved), terms })
}

fn difference(desired: &Desired, Unlisted(changes): &Unlisted) -> String {
    let lines =
        changes.iter().map(|change| format!("  not listed: {}", render::change_line(desired, change)));
    lines.collect::<Vec<_>>().join("\n")
}
