//! `guestlist apply`: plans, asks for confirmation, and makes the changes.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;

use super::args::{Apply as Args, GlobalArgs, PlanFlags, TextOrJson};
use super::events::{Event, Finished};
use super::failure::Failure;
use super::final_report;
use super::load;
use super::observe;
use super::session::{RunOptions, RunResult, Session, run_of};
use super::situation::{estimate, must_mean_someone, must_not_be_blocked, plan_options, trace_plan};
use super::target::Target;
use super::terminal::Terminal;
use crate::clock::today;
use crate::desired::Desired;
use crate::escape;
use crate::files;
use crate::known::Known;
use crate::ledger::Superseded;
use crate::model::Endpoint;
use crate::plan::{Change, Guard, NoteKind, Plan, PlanOptions, SavedPlan, Unlisted};
use crate::render::{self, View};
use crate::team_file::MAX_BYTES;
use crate::words;

/// The desired state to apply, and where.
struct ApplyInput {
    desired: Desired,
    target: Target,
    saved: Option<SavedPlan>,
    terms: PlanFlags,
}

pub(crate) async fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<(), Failure> {
    let mut finished = Finished::default();
    match args.format {
        TextOrJson::Text => apply(args, global, terminal, &mut finished).await,
        TextOrJson::Json => {
            let terminal = Terminal { has_events: true, ..terminal };
            let result = apply(args, global, terminal, &mut finished).await;
            finished.print(result)
        }
    }
}

async fn apply(
    args: &Args,
    global: &GlobalArgs,
    terminal: Terminal,
    finished: &mut Finished,
) -> Result<(), Failure> {
    let input = match &args.plan {
        Some(path) => saved_input(path, args.terms.clone(), global)?,
        None => file_input(args, global, terminal)?,
    };
    let ApplyInput { desired, target, .. } = &input;
    let mut session = Session::open(target, desired, global, terminal).await?;
    let known = session.observe().await?;
    let made_at = input.saved.as_ref().map_or_else(Timestamp::now, |saved| saved.made_at);
    let plan = input.plan(&known, &session, terminal);
    let full = input.full_plan(&known, plan.as_ref().ok());
    let plan_id = match (&input.saved, &plan) {
        (Some(saved), _) => &saved.plan_id,
        (None, Ok(plan)) => &plan.id,
        (None, Err(_)) => &full.id,
    };
    session.record(run_of(target, "apply", plan_id.as_str(), made_at), observe::finding(&full)).await?;
    let plan = match plan {
        Ok(plan) => decide(&input, plan, &known, &mut session, args, finished).await,
        Err(failure) => Err(failure),
    };
    let plan = match plan {
        Ok(plan) if plan.changes.is_empty() => return session.close(&plan, &known, &full).await,
        Ok(plan) => plan,
        Err(failure) => {
            session.abandon(&failure).await;
            return Err(failure);
        }
    };
    if terminal.has_events {
        Event::started(&plan).print();
    }
    let options =
        RunOptions { command: "apply", concurrency: usize::from(args.concurrency), again: false, made_at };
    let result = session.run(&plan, &known, options, Some(&full)).await?;
    let RunResult { report, took, name, signal, closed } = result;
    let told = final_report::print(&report, &plan, took, desired, terminal);
    let is_success = report.is_success();
    finished.ran(name, report);
    match signal {
        Some(signal) => Err(signal),
        None if is_success => closed.and(told),
        None => closed.and(told).and(Err(Failure::AlreadyReported)),
    }
}

/// Shows the plan and, if it has changes, asks whether to make them.
async fn decide(
    input: &ApplyInput,
    plan: Plan,
    known: &Known,
    session: &mut Session<'_>,
    args: &Args,
    finished: &mut Finished,
) -> Result<Plan, Failure> {
    trace_plan(&plan);
    finished.planned(&plan);
    let expected = estimate(&plan, session.pace().as_ref());
    let view = View { width: Terminal::width(), ..View::new(&plan, &input.desired, known, expected) };
    show(&view, args, session.terminal())?;
    must_not_be_blocked(&plan)?;
    if !plan.changes.is_empty() {
        session.must_outlast(&plan)?;
        let question = || question(&view, &input.lifted(known, &plan));
        session.confirm(args.yes, question).await?;
        // The question may have waited for an answer for long.
        session.must_outlast(&plan)?;
    }
    Ok(plan)
}

/// Shows the plan. Where standard output has events, the plan is on standard error, if it needs confirmation.
fn show(view: &View, args: &Args, terminal: Terminal) -> Result<(), Failure> {
    if !terminal.has_events {
        return Terminal::print(&render::text(view, terminal.out));
    }
    if !args.yes {
        terminal.say(&render::text(view, terminal.err));
    }
    Ok(())
}

/// The question before an apply: what is at stake, and which guards are lifted.
fn question(view: &View, lifted: &[&str]) -> String {
    let these = match view.plan.changes.len() {
        1 => "this change".to_owned(),
        n => format!("these {n} changes"),
    };
    let lifted = match lifted {
        [] => String::new(),
        lifted => format!(", lifting {}", words::list(lifted)),
    };
    format!("Apply {these} to {}{lifted}: {}?", view.plan.endpoint, render::at_stake(view))
}

impl ApplyInput {
    /// The guards that would block `plan` without the flags of this command or of the saved plan.
    fn lifted(&self, known: &Known, plan: &Plan) -> Vec<&'static str> {
        let options = self.options(plan.date);
        let options = PlanOptions { allow_removals: None, allow_new_admins: None, ..options };
        let strict = Plan::between(&self.desired, known, &options);
        let guards = [(Guard::MaxRemovals, "max_removals"), (Guard::MaxNewAdmins, "max_new_admins")];
        let is_lifted = |guard| strict.is_refused_by(guard) && !plan.is_refused_by(guard);
        guards.into_iter().filter(|(guard, _)| is_lifted(*guard)).map(|(_, name)| name).collect()
    }

    /// Today's plan for everything that is desired, without the limits of this run: `plan`, if that has none.
    fn full_plan(&self, known: &Known, plan: Option<&Plan>) -> Plan {
        let options = PlanOptions::new(self.target.endpoint.clone(), today());
        let has_limits = self.saved.is_some() || self.options(options.date) != options;
        let plan = plan.filter(|plan| !has_limits && plan.date == options.date);
        plan.map_or_else(|| Plan::between(&self.desired, known, &options), Clone::clone)
    }

    /// The options of this command. A saved plan has its own `--only`.
    fn options(&self, date: Date) -> PlanOptions {
        let options = plan_options(&self.target, date, &self.terms);
        match &self.saved {
            Some(saved) => PlanOptions { only: saved.only.clone(), ..options },
            None => options,
        }
    }

    /// The plan to apply. A saved plan is compared with what is known now: changes that are in place are
    /// skipped, and changes that it does not list are refused.
    fn plan(&self, known: &Known, session: &Session<'_>, terminal: Terminal) -> Result<Plan, Failure> {
        let options = self.options(today());
        let Some(saved) = &self.saved else {
            must_mean_someone(&options.only, &self.desired, known)?;
            return Ok(Plan::between(&self.desired, known, &options));
        };
        let now = saved.again(known, &options);
        let left = match &now {
            Ok(now) => &now.changes,
            Err(Unlisted(changes)) => changes,
        };
        if let Some(superseded) = superseded(saved, left, known, session) {
            return Err(Failure::new(format!("the saved plan was not applied: {superseded}")));
        }
        let now = now.map_err(|unlisted| {
            Failure::new(format!(
                "the organization has changed since this plan was saved; nothing was applied. Create a new plan\n{}",
                difference(&self.desired, &unlisted)
            ))
        })?;
        let skipped = saved.changes.len() - now.changes.len();
        // A doubtful reading drops removals from the plan, which does not show that they are in place. Nor does a
        // ledger without an applied file.
        let is_dropped_unknown = now.notes.iter().any(|note| note.kind() == NoteKind::NothingDropped);
        if skipped > 0 && !now.is_refused_by(Guard::DoubtfulReading) && !is_dropped_unknown {
            let (changes, are) = (words::count(skipped, "change"), if skipped == 1 { "is" } else { "are" });
            terminal.say(&format!("Skipping {changes} that {are} already in place."));
        }
        terminal.say(&format!("Applying saved plan {}", saved.plan_id));
        Ok(now)
    }
}

/// The run that makes a saved plan obsolete: it applied all of it, or a later plan to one of its people.
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
    // Another plan may have used their other address.
    for member in known.members.values() {
        if member.addresses().any(|address| people.contains(address)) {
            people.extend(member.addresses().cloned());
        }
    }
    session.applied_plans().superseding(saved.plan_id.as_str(), saved.made_at, &people)
}

fn file_input(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<ApplyInput, Failure> {
    let path = &args.file.team_file;
    let team = load::team(path, terminal)?;
    let target = Target::of_team(global, path, &team)?;
    Ok(ApplyInput { desired: team.desired, target, saved: None, terms: args.terms.clone() })
}

fn saved_input(path: &Path, terms: PlanFlags, global: &GlobalArgs) -> Result<ApplyInput, Failure> {
    let shown = escape::path(path);
    let unreadable = |why: &str| {
        Failure::new(format!(
            "cannot read saved plan `{shown}`: {why}; create one with `guestlist plan --out {shown}`"
        ))
    };
    let read = files::open(path).and_then(|file| files::read_at_most(file, MAX_BYTES));
    let bytes = read.map_err(|error| match error.kind() {
        ErrorKind::NotFound => unreadable("file not found"),
        ErrorKind::IsADirectory => unreadable("it is a folder"),
        _ => unreadable(&error.to_string()),
    })?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable("it is not valid UTF-8"))?;
    let refused = |error| {
        let why = render::saved_plan_error(&error);
        Failure::new(format!("saved plan `{shown}` was not applied: {why}"))
    };
    let saved = SavedPlan::from_json(&text).map_err(refused)?;
    let from_plan: (&Endpoint, Option<&str>) = (&saved.endpoint, Some(&saved.ledger));
    let target = Target::new(global, Path::new("."), Some(from_plan))?;
    saved.check(&target.endpoint, today()).map_err(refused)?;
    Ok(ApplyInput { desired: saved.desired.clone(), target, saved: Some(saved), terms })
}

fn difference(desired: &Desired, Unlisted(changes): &Unlisted) -> String {
    let lines =
        changes.iter().map(|change| format!("  not listed: {}", render::change_line(desired, change)));
    lines.collect::<Vec<_>>().join("\n")
}
