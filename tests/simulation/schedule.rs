//! One schedule: runs of apply with faults and outside changes, then quiet runs until nothing is left to do.

use std::time::Duration;

use fastrand::Rng;
use guestlist::api::Settings;
use guestlist::sandbox::Fault;

use crate::judge;
use crate::scene::{self, pick};
use crate::world::{Turn, World};

/// The number of quiet runs that must be enough: for open changes, for changes that follow an acceptance, for
/// changes that guards allow step by step, and one with nothing to do.
const QUIET_RUNS: usize = 8;

/// The totals of all schedules.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    schedules: u64,
    runs: u64,
    calls: u64,
    writes: u64,
    faults: u64,
    runs_without_plan: u64,
    refused_plans: u64,
    stopped_runs: u64,
    at_rest_by_guard: u64,
}

impl Figures {
    pub(crate) fn add(&mut self, more: &Self) {
        let Self {
            schedules,
            runs,
            calls,
            writes,
            faults,
            runs_without_plan,
            refused_plans,
            stopped_runs,
            at_rest_by_guard,
        } = more;
        self.schedules += schedules;
        self.runs += runs;
        self.calls += calls;
        self.writes += writes;
        self.faults += faults;
        self.runs_without_plan += runs_without_plan;
        self.refused_plans += refused_plans;
        self.stopped_runs += stopped_runs;
        self.at_rest_by_guard += at_rest_by_guard;
    }

    fn count(&mut self, turn: &Turn) {
        self.runs += 1;
        self.calls += turn.calls.len() as u64;
        self.writes += turn.calls.iter().filter(|call| call.applied).count() as u64;
        self.faults += turn.calls.iter().filter(|call| call.fault.is_some()).count() as u64;
        self.runs_without_plan += u64::from(turn.plan.is_none());
        self.refused_plans += u64::from(turn.plan.as_ref().is_some_and(|plan| !plan.refused.is_empty()));
        self.stopped_runs += u64::from(turn.report.as_ref().is_some_and(|report| report.stopped.is_some()));
    }
}

/// The settings of the client, and the faults.
pub(crate) struct Conditions {
    pub(crate) settings: Settings,
    pub(crate) faults: fn(&mut Rng) -> Vec<Fault>,
}

/// Runs the schedule of a seed.
pub(crate) fn run(seed: u64, conditions: &Conditions) -> Result<Figures, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let result = runtime.block_on(run_all(seed, conditions));
    runtime.shutdown_background();
    result
}

async fn run_all(seed: u64, conditions: &Conditions) -> Result<Figures, String> {
    let random = &mut Rng::with_seed(seed);
    let (organization, behaviour, limit) =
        (scene::organization(random), scene::behaviour(random), scene::limit(random));
    let mut world = World::new(organization, behaviour, limit, conditions.settings.clone()).await;
    let mut figures = Figures { schedules: 1, ..Figures::default() };
    let (mut text, mut desired) = scene::team(random);
    let at = |run: &str, turn: &Turn, text: &str, why: String| {
        let calls = turn.calls.iter().map(|call| {
            format!(
                "    {} {} {} {} -> {:?}{}{}",
                call.seq,
                call.method,
                call.path,
                call.body,
                call.status,
                if call.applied { " applied" } else { "" },
                call.fault.as_ref().map_or_else(String::new, |fault| format!(" !{fault}"))
            )
        });
        format!(
            "{run}: {why}\n{text}  plan {:#?}\n  report {:?}\n  error {:?}\n{}\n  before {}",
            turn.plan,
            turn.report,
            turn.error,
            calls.collect::<Vec<_>>().join("\n"),
            serde_json::to_string(&turn.before).unwrap_or_default()
        )
    };

    for number in 0..random.usize(1..5) {
        world.set_faults((conditions.faults)(random));
        let concurrency = pick(random, [1, 1, 2, 8]);
        let interrupted = Some(random.usize(1..6)).filter(|_| random.u8(..5) == 0);
        let mut turn = world.apply(&desired, None, concurrency, interrupted).await;
        let run = format!("run {number}");
        judge::turn(&turn, &desired, world.behaviour, &world.organization())
            .map_err(|why| at(&run, &turn, &text, why))?;
        figures.count(&turn);
        let way_out = turn.plan.as_ref().and_then(judge::way_out).filter(|_| random.bool());
        if let Some(removals) = way_out {
            turn = world.apply(&desired, Some(removals), concurrency, interrupted).await;
            judge::turn(&turn, &desired, world.behaviour, &world.organization())
                .map_err(|why| at(&run, &turn, &text, why))?;
            figures.count(&turn);
        }
        world.sandbox.with_organization(|organization| scene::meanwhile(random, organization));
        world.clock.pass(Duration::from_secs(60 * pick(random, [0, 1, 20, 60 * 24 * 15])));
        if random.u8(..3) == 0 {
            (text, desired) = scene::team(random);
        }
    }

    world.set_faults(Vec::new());
    world.use_default_settings();
    let mut allowed = None;
    for number in 0..QUIET_RUNS {
        let turn = world.apply(&desired, allowed, pick(random, [1, 8]), None).await;
        let run = format!("quiet run {number}");
        judge::turn(&turn, &desired, world.behaviour, &world.organization())
            .map_err(|why| at(&run, &turn, &text, why))?;
        figures.count(&turn);
        let Some(plan) = turn.plan.as_ref().filter(|_| turn.error.is_none()) else {
            return Err(at(&run, &turn, &text, "no plan although nothing goes wrong".to_owned()));
        };
        if let Some(report) = turn.report.as_ref().filter(|report| !report.is_success()) {
            return Err(at(
                &run,
                &turn,
                &text,
                format!("not all was done although nothing goes wrong: {report:?}"),
            ));
        }
        allowed = judge::way_out(plan);
        let waiting: Vec<_> = world.organization().invited().map(|person| person.login.clone()).collect();
        if plan.changes.is_empty() && plan.refused.is_empty() && waiting.is_empty() {
            judge::ledger(&world.ledger("ledger"))?;
            let rest = judge::at_rest(&world.organization(), &desired, plan.date);
            return rest.map(|()| figures).map_err(|why| at(&run, &turn, &text, why));
        }
        if !plan.refused.is_empty() && allowed.is_none() && waiting.is_empty() {
            figures.at_rest_by_guard += 1;
            return Ok(figures);
        }
        for login in waiting {
            world.sandbox.with_organization(|organization| organization.accept(login.as_str()));
        }
        world.clock.pass(Duration::from_secs(60));
    }
    Err(format!("not at rest after {QUIET_RUNS} quiet runs\n  {text}"))
}
