//! `guestlist plan`: shows what apply would do, with a client that cannot write.

use std::fs;
use std::path::Path;

use jiff::civil::Date;

use super::args::{GlobalArgs, Plan as Args, PlanFlags, PlanFormat};
use super::connection::{Target, clock, today};
use super::failure::{Ended, Failure};
use super::github;
use super::load;
use super::observe;
use super::target::keep_to_base;
use super::terminal::Terminal;
use crate::api::{Pace, estimate};
use crate::desired::{Policy, PolicyChange};
use crate::escape;
use crate::files;
use crate::model::Estimate;
use crate::plan::{Origins, Plan, PlanOptions, SavedPlan, origins};
use crate::render::{self, Base, Redacted, View};
use crate::team_file;
use crate::words;

pub(crate) async fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Ended {
    let path = &args.file.team_file;
    for read in [Some(path), args.base.as_ref()].into_iter().flatten() {
        keep_apart(args.out.as_deref(), read)?;
    }
    let date = day(args.at)?;
    let mut team = load::team(path, terminal)?;
    let target = Target::of_team(global, path, &team)?;
    let base = args.base.as_deref().map(|base| load::team(base, terminal)).transpose()?;
    if let Some(base) = &base {
        keep_to_base(global, &team, base)?;
    }
    let policy_changes = match &base {
        Some(base) => bind_policy(&mut team.desired.policy, &base.desired.policy),
        None => Vec::new(),
    };
    let desired = &team.desired;
    // Taken before the reading, which becomes the last one by being made.
    let past = base.as_ref().map(|_| observe::past(&target)).transpose()?;
    let (known, rate) = observe::live_or_offline(args.offline, global, &target, desired, terminal).await?;
    let options = plan_options(&target, date, args.terms);
    let plan = Plan::between(desired, &known, &options);
    let made_at = clock()();
    let origins = match (&base, &past) {
        (Some(base), Some(past)) => origins(&plan, &base.desired, &known, past),
        _ => Origins::default(),
    };
    let has_summary = github::has_summary(args.format, terminal);
    // Names in the summary were asked for only where the page itself is Markdown.
    let is_summary_redacted = args.redact || args.format != PlanFormat::Markdown;
    let is_redacted_used = args.redact || (has_summary && is_summary_redacted);
    let redacted = is_redacted_used.then(|| Redacted::new(&plan, &known, &policy_changes));
    let expected = expected_time(&plan, rate.as_ref());
    let view = |is_redacted: bool| {
        let (plan, known, policy_changes) = match redacted.as_ref().filter(|_| is_redacted) {
            Some(redacted) => (&redacted.plan, &redacted.known, &redacted.policy_changes),
            None => (&plan, &known, &policy_changes),
        };
        let base = base.as_ref().map(|_| Base { origins: &origins, policy_changes });
        View { base, width: Terminal::width(), ..View::new(plan, desired, known, expected) }
    };
    let shown = view(args.redact);
    Terminal::print(&match args.format {
        PlanFormat::Text => render::text(&shown, terminal.out),
        PlanFormat::Diff => render::diff(&shown, terminal.out),
        PlanFormat::Markdown => render::markdown(&shown),
        PlanFormat::Json => render::json(&shown),
    })?;
    if has_summary {
        github::summarize(&render::markdown(&view(is_summary_redacted)), terminal);
    }
    if let Some(out) = &args.out {
        let saved = SavedPlan::new(&plan, made_at, desired, target.ledger_in_plan()?, &options);
        save(out, &saved.to_json())?;
        let shown = escape::path(out);
        terminal.say(&if plan.refused.is_empty() {
            format!("Saved as {shown}: guestlist apply --plan {shown}")
        } else {
            format!("Saved as {shown}, which apply will refuse.")
        });
    }
    refuse(&plan)?;
    if args.detailed_exitcode && !plan.is_clean() { Err(Failure::HasChanges) } else { Ok(()) }
}

/// The day of the plan. The members of a day that has passed are not known, so it is today or later.
fn day(asked: Option<Date>) -> Result<Date, Failure> {
    let today = today();
    match asked {
        Some(day) if day < today => {
            Err(Failure::new(format!("--at {day} is in the past; today is {today} (UTC)")))
        }
        asked => Ok(asked.unwrap_or(today)),
    }
}

/// Makes the base's policy bind as well, and tells how the two differ.
fn bind_policy(policy: &mut Policy, base: &Policy) -> Vec<PolicyChange> {
    let changes = policy.changes_from(base);
    *policy = std::mem::take(policy).bound_by(base);
    changes
}

/// What this run allows.
pub(crate) fn plan_options(target: &Target, date: Date, args: PlanFlags) -> PlanOptions {
    PlanOptions {
        endpoint: target.endpoint.clone(),
        date,
        allow_removals: args.allow_removals,
        allow_new_admins: args.allow_new_admins,
        max_invites: args.max_invites,
    }
}

/// How long the calls of `plan` will take under the rate limit last seen.
pub(crate) fn expected_time(plan: &Plan, pace: Option<&Pace>) -> Option<Estimate> {
    estimate(plan.changes.len() as u64, pace?)
}

/// A plan that a guard refuses is a failure.
pub(crate) fn refuse(plan: &Plan) -> Ended {
    if plan.refused.is_empty() {
        return Ok(());
    }
    let guards = words::count(plan.refused.len(), "guard");
    Err(Failure::new(format!("plan blocked by {guards}; nothing will be applied")))
}

/// A team file that is read is not written over.
pub(crate) fn keep_apart(out: Option<&Path>, team_file: &Path) -> Ended {
    let Some(out) = out else { return Ok(()) };
    match (fs::canonicalize(out), fs::canonicalize(team_file)) {
        (Ok(one), Ok(other)) if one == other && one.is_file() => Err(Failure::new(format!(
            "{} is a team file and is not overwritten: name another file with --out",
            team_file::shown(&out.display().to_string())
        ))),
        _ => Ok(()),
    }
}

/// Writes a file that nobody else reads, whole or not at all.
pub(crate) fn save(path: &Path, text: &str) -> Ended {
    let failure =
        |error: std::io::Error| Failure::new(format!("`{}` cannot be written: {error}", escape::path(path)));
    // A link stays one, and what it leads to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        // A device or a pipe is written to: replaced, it would be gone.
        return fs::write(path, text).map_err(failure);
    }
    files::replace(&target, text.as_bytes()).map_err(failure)
}
