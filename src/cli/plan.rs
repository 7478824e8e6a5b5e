//! `guestlist plan`: previews the changes that apply would make, with a client that cannot write.

use jiff::Timestamp;
use jiff::civil::Date;

use super::args::{GlobalArgs, Plan as Args, PlanFormat};
use super::failure::Failure;
use super::github;
use super::load;
use super::observe;
use super::output;
use super::session::{acquire, run_of};
use super::signals::Signals;
use super::situation::{
    Situation, estimate, must_mean_someone, must_not_be_blocked, plan_options, trace_plan,
};
use super::target::{Target, keep_to_base, sandbox_flag};
use super::terminal::Terminal;
use crate::clock::today;
use crate::desired::{Desired, PolicyChange};
use crate::escape;
use crate::ledger::{EndReason, Ledger, Lock, ReadingFacts, Run};
use crate::observe::NewSnapshot;
use crate::plan::{Origins, Plan, SavedPlan, origins};
use crate::render::{self, Base, Redacted, View};

pub(crate) async fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<(), Failure> {
    let path = &args.file.team_file;
    for read in [Some(path), args.base.as_ref()].into_iter().flatten() {
        output::keep_apart(args.out.as_deref(), read)?;
    }
    let date = day(args.at)?;
    let base = args.base.as_deref().map(|base| load::team(base, terminal)).transpose()?;
    let mut team = load::team_within(path, base.as_ref().map(|base| &base.rules), terminal)?;
    let target = Target::of_team(global, path, &team)?;
    if let Some(base) = &base {
        keep_to_base(global, &team, base)?;
    }
    let policy_changes = match &base {
        Some(base) => bind_policy(&mut team.desired, &base.desired),
        None => Vec::new(),
    };
    // Load this first: the live read below overwrites the stored reading.
    let past = base.as_ref().map(|_| observe::past(&target)).transpose()?;
    let recorder = if args.record { Some(Recorder::open(&target, terminal).await?) } else { None };
    let observing = Situation::observe(team, target, args.offline, global, terminal);
    let (mut situation, recorder) = match recorder {
        None => (observing.await?, None),
        Some(mut recorder) => {
            let observed = recorder.signals.or_stop(observing).await;
            (recorder.judge(observed)?, Some(recorder))
        }
    };
    let options = plan_options(&situation.target, date, &args.terms);
    let desired = &situation.team.desired;
    must_mean_someone(&options.only, desired, &situation.known)?;
    let mut plan = Plan::between(desired, &situation.known, &options);
    if let Some(base) = &base {
        plan.add_annotations(desired, &base.desired, &situation.known);
    }
    // Only today's plan of the whole file itself says whether the organization matches it.
    let is_whole = args.at.is_none()
        && args.base.is_none()
        && args.terms.max_invites.is_none()
        && args.terms.only.is_empty();
    let finding = is_whole.then(|| observe::finding(&plan));
    let made_at = Timestamp::now();
    if let Some(recorder) = &recorder {
        let run = run_of(&situation.target, "plan", plan.id.as_str(), made_at);
        recorder.record(run, situation.snapshot.as_ref()).await?;
    }
    situation.keep(&ReadingFacts { is_recorded: recorder.is_some(), finding }, terminal)?;
    if let Some(signal) = recorder.and_then(|recorder| recorder.signals.failure()) {
        return Err(signal);
    }
    let Situation { team, target, known, pace, .. } = &situation;
    let desired = &team.desired;
    trace_plan(&plan);
    let origins = match (&base, &past) {
        (Some(base), Some(past)) => origins(&plan, &base.desired, known, past),
        _ => Origins::default(),
    };
    let has_summary = github::has_summary(args.format, terminal);
    // Names in the job summary were asked for only if the plan itself is Markdown.
    let is_summary_redacted = args.redact || args.format != PlanFormat::Markdown;
    let is_redacted_used = args.redact || (has_summary && is_summary_redacted);
    let redacted = is_redacted_used.then(|| Redacted::new(&plan, known, &policy_changes));
    let expected = estimate(&plan, pace.as_ref());
    let view = |is_redacted: bool| {
        let (plan, known, policy_changes) = match redacted.as_ref().filter(|_| is_redacted) {
            Some(redacted) => (&redacted.plan, &redacted.known, &redacted.policy_changes),
            None => (&plan, known, &policy_changes),
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
        output::save(out, &saved.to_json())?;
        let shown = escape::path(out);
        terminal.say(&if !plan.refused.is_empty() {
            format!("Saved as {shown}, which apply will refuse.")
        } else if date > today() {
            format!("Saved as {shown}, which apply will refuse before {date} (UTC).")
        } else {
            format!("Saved as {shown}: guestlist apply --plan {shown}{}", sandbox_flag(global))
        });
    }
    let is_clean = plan.is_clean();
    let blocked = must_not_be_blocked(&plan);
    // The process is about to end, and what a large organization takes would be freed piece by piece.
    std::mem::forget((situation, plan));
    blocked?;
    if args.detailed_exitcode && !is_clean { Err(Failure::HasChanges) } else { Ok(()) }
}

/// Records what a reading shows (`--record`).
struct Recorder {
    ledger: Ledger,
    lock: Lock,
    signals: Signals,
    terminal: Terminal,
}

impl Recorder {
    /// Takes the lock. From here on, a signal releases it.
    async fn open(target: &Target, terminal: Terminal) -> Result<Self, Failure> {
        let ledger = target.ledger()?;
        let mut signals = Signals::listen(Some(&ledger), || {})?;
        let lock = acquire(&ledger, &mut signals, terminal).await?;
        Ok(Self { ledger, lock, signals, terminal })
    }

    fn judge<T>(&self, done: Result<T, Failure>) -> Result<T, Failure> {
        self.signals.judge(&self.ledger, self.terminal, done)
    }

    async fn record(&self, run: Run, snapshot: Option<&NewSnapshot>) -> Result<(), Failure> {
        let observed = observe::unrecorded(snapshot, &self.ledger)?;
        let recording = async {
            let run = self.ledger.begin_with(run, observed, &self.lock).await?;
            run.end(EndReason::Completed, None, None).await
        };
        self.judge(recording.await.map_err(Failure::new))
    }
}

/// The day of the plan: today or later, because the members of a past day are not known.
fn day(asked: Option<Date>) -> Result<Date, Failure> {
    let today = today();
    match asked {
        Some(day) if day < today => {
            Err(Failure::new(format!("--at {day} is in the past; today is {today} (UTC)")))
        }
        asked => Ok(asked.unwrap_or(today)),
    }
}

/// Makes the base's policy apply as well. Returns how the two differ.
fn bind_policy(desired: &mut Desired, base: &Desired) -> Vec<PolicyChange> {
    let changes = desired.policy_changes(base);
    desired.policy = std::mem::take(&mut desired.policy).bound_by(&base.policy);
    changes
}
