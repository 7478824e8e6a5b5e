//! Whole reconciliations against a service that misbehaves, over real HTTP, with a virtual clock.
//!
//! A seed decides on an organization, a team file and faults at certain calls. The invariants are checked
//! after every call that the service processed. A failure prints the command that repeats it.

mod clock;
mod convergence;
mod damaged;
mod history;
mod judge;
mod lock;
mod lookups;
mod outage;
mod pacing;
mod patience;
#[path = "../../src/samples.rs"]
#[expect(dead_code, reason = "the unit tests use the rest")]
mod samples;
mod scene;
mod schedule;
mod side_by_side;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use guestlist::api::Settings;
use schedule::{Conditions, Figures};

/// The number of schedules, unless `GUESTLIST_SCHEDULES` names another one.
const SCHEDULES: u64 = 1000;

#[test]
fn repeated_apply_converges_whatever_goes_wrong() {
    let conditions = Conditions { settings: Settings::default(), faults: scene::faults };
    run("repeated_apply_converges_whatever_goes_wrong", SCHEDULES, &conditions);
}

#[expect(clippy::print_stdout, reason = "the figures are for whoever asks with --nocapture")]
/// Runs the schedules of a test on all processors, or the one that `GUESTLIST_SEED` names.
fn run(test: &str, schedules: u64, conditions: &Conditions) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seeds = match number("GUESTLIST_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("GUESTLIST_SCHEDULES").unwrap_or(schedules),
    };
    let next = AtomicU64::new(seeds.start);
    let failures = Mutex::new(Vec::new());
    let figures = Mutex::new(Figures::default());
    // Most of the time is spent waiting for the disk and the network.
    let workers = 4 * std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(seed) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < seeds.end)
                {
                    match catch_unwind(AssertUnwindSafe(|| schedule::run(seed, conditions))) {
                        Ok(Ok(seen)) => figures.lock().expect("no panic").add(&seen),
                        Ok(Err(why)) => failures.lock().expect("no panic").push((seed, why)),
                        Err(_) => failures.lock().expect("no panic").push((seed, "panicked".to_owned())),
                    }
                }
            });
        }
    });
    println!("{:?}", figures.into_inner().expect("no panic"));
    let failures = failures.into_inner().expect("no panic");
    // The whole report if one seed was requested, otherwise its first line.
    let shown =
        |why: &str| if seeds.end - seeds.start == 1 { why.to_owned() } else { why.lines().take(1).collect() };
    let lines: Vec<_> = failures
        .iter()
        .map(|(seed, why)| {
            format!("GUESTLIST_SEED={seed} cargo test --test simulation {test}\n  {}", shown(why))
        })
        .collect();
    assert!(
        lines.is_empty(),
        "{} of {seeds:?} failed; each is repeated by its line\n{}",
        lines.len(),
        lines.join("\n")
    );
}
