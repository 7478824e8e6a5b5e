//! `guestlist apply`: plan, confirm, do.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use super::args::{Apply as Args, GlobalArgs, PlanFlags};
use super::connection::{Target, clock, today};
use super::failure::{Ended, Failure};
use super::load;
use super::plan::{expected_time, plan_options, refuse};
use super::run::{Carried, Manner, Run};
use super::terminal::Terminal;
use crate::apply::{Ending, Report};
use crate::desired::Desired;
use crate::escape;
use crate::files;
use crate::known::Known;
use crate::ledger::{Meaning, Superseded};
use crate::model::Endpoint;
use crate::plan::{Change, Effect, Guard, Plan, SavedPlan, Unlisted};
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

pub(crate) async fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Ended {
    let task = match &args.plan {
        Some(path) => saved_task(path, args.terms, global)?,
        None => file_task(args, global, terminal)?,
    };
    let Task { desired, target, .. } = &task;
    let mut run = Run::begin(target, desired, global, terminal).await?;
    let known = run.observe().await?;
    let made_at = task.saved.as_ref().map_or_else(|| clock()(), |saved| saved.made_at);
    let plan = task.plan(&known, &run, terminal)?;
    let expected = expected_time(&plan, run.connection.client.pace().as_ref());
    let view = View { width: Terminal::width(), ..View::new(&plan, desired, &known, expected) };
    Terminal::print(&render::text(&view, terminal.out))?;
    refuse(&plan)?;
    if plan.changes.is_empty() {
        return run.end().await;
    }
    run.confirm(args.yes, question(&view, args.terms)).await?;
    let manner =
        Manner { command: "apply", concurrency: usize::from(args.concurrency), again: false, made_at };
    let Carried { report, signal, closed } = run.carry_out(&plan, &known, manner).await?;
    let told = tell(&report, &plan, desired, terminal);
    match signal {
        Some(signal) => Err(signal),
        None if report.is_success() => closed.and(told),
        None => closed.and(told).and(Err(Failure::Said)),
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
    fn plan(&self, known: &Known, run: &Run<'_>, terminal: Terminal) -> Result<Plan, Failure> {
        let options = plan_options(&self.target, today(), self.terms);
        let Some(saved) = &self.saved else {
            return Ok(Plan::between(&self.desired, known, &options));
        };
        let now = saved.again(known, &options);
        let left = match &now {
            Ok(now) => &now.changes,
            Err(Unlisted(changes)) => changes,
        };
        if let Some(superseded) = superseded(saved, left, known, run)? {
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
    run: &Run<'_>,
) -> Result<Option<Superseded>, Failure> {
    if left.is_empty() {
        return Ok(None);
    }
    let mut people: BTreeSet<_> = left.iter().map(|change| change.email().clone()).collect();
    // The calls of another plan may have named them by their other address.
    for member in known.members.values() {
        if member.addresses().any(|address| people.contains(address)) {
            people.extend(member.addresses().cloned());
        }
    }
    Ok(run.applied_plans()?.supersede(saved.plan_id.as_str(), saved.made_at, &people))
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

/// Reports the result: what was done on standard output, what was not on standard error.
fn tell(report: &Report, plan: &Plan, desired: &Desired, terminal: Terminal) -> Ended {
    const ALREADY: [(Meaning, &str); 2] =
        [(Meaning::AlreadyInvited, "already invited"), (Meaning::AlreadySo, "already in place")];
    let all = report.endings.len();
    let done = report.endings.iter().zip(plan.effects()).filter_map(|((change, ending), effect)| {
        let effect = match ending {
            // The invited person was a user already.
            Ending::Done(Meaning::Assigned | Meaning::RoleChanged) if effect == Effect::Invited => {
                Effect::GainsAccess
            }
            Ending::Done(meaning) if !ALREADY.iter().any(|(already, _)| already == meaning) => effect,
            _ => return None,
        };
        Some((effect, change.email()))
    });
    let mut parts = render::results(done);
    let counts = report.counts();
    parts.extend(ALREADY.iter().filter_map(|(it, words)| Some(format!("{} {words}", counts.get(it)?))));
    let details = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    let sentence = format!("Applied {} of {}{details}.", report.done(), words::count(all, "change"));
    let painted =
        if report.is_success() { terminal.out.green(&sentence) } else { terminal.out.yellow(&sentence) };
    // Where standard output is full or gone, those who failed are named all the same.
    let told = Terminal::print(&format!("{painted}\n"));
    tell_setbacks(report, desired, terminal);
    told
}

/// Names what was not done, and why, on standard error.
pub(super) fn tell_setbacks(report: &Report, desired: &Desired, terminal: Terminal) {
    let why_stopped = report.stopped.as_ref().map(ToString::to_string);
    for (change, ending) in &report.endings {
        let line = render::change_line(desired, change);
        match ending {
            // Said once, below.
            Ending::Failed { reason } if Some(reason) == why_stopped.as_ref() => {
                terminal.error(&format!("{line}: failed, and the run stopped"));
            }
            Ending::Failed { reason } => terminal.error(&format!("{line}: {reason}")),
            Ending::Held { reason } => terminal.error(&format!("{line}: not done, because {reason}")),
            Ending::Done(_) | Ending::NotStarted => {}
        }
    }
    if let Some(stopped) = &why_stopped {
        let waiting = report.endings.iter().filter(|(_, ending)| *ending == Ending::NotStarted).count();
        terminal.error(&format!(
            "the run stopped: {stopped}; {} not begun, run again to go on",
            words::count(waiting, "change")
        ));
    }
}
