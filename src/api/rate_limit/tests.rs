//! The budget against a simulated service, in virtual time: workers, windows, answers out of order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use proptest::prelude::*;

use super::*;

/// A simulated run. Times are milliseconds.
#[derive(Clone, Debug)]
struct World {
    calls: u64,
    workers: u64,
    /// Calls in a window, or no limit and no headers.
    limit: Option<u64>,
    /// How long a window is.
    period: u64,
    /// When the first window ends. Whole seconds where the service's windows are aligned.
    first_end: u64,
    /// How long a call travels each way at most.
    latency: u64,
    /// One call in so many gets no answer although it was counted.
    lost: Option<u64>,
    seed: u64,
}

/// What came of it.
#[derive(Debug, PartialEq)]
struct Outcome {
    took: u64,
    refused: u64,
    /// How often a worker was told to wait.
    waits: u64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum ServiceEvent {
    /// A call reaches the service.
    Arrives,
    /// An answer, or the news that there will be none, reaches the client.
    Answers,
    /// A worker asks for permit.
    Asks,
}

fn run(world: &World) -> Outcome {
    let start = Instant::now();
    let at = |millis: u64| start + Duration::from_millis(millis);
    let mut random = fastrand::Rng::with_seed(world.seed);
    let mut budget = Budget::default();
    let mut outcome = Outcome { took: 0, refused: 0, waits: 0 };
    let (mut left_to_make, mut left_to_answer) = (world.calls, world.calls);
    let (mut window_end, mut used) = (world.first_end, 0);
    let mut permits: Vec<Permit> = Vec::new();
    let mut responses: Vec<Option<RateHeaders>> = Vec::new();
    let mut queue = BinaryHeap::new();
    for _ in 0..world.workers {
        queue.push(Reverse((0, ServiceEvent::Asks, 0)));
    }
    let mut parked = 0;
    while left_to_answer > 0 {
        let Reverse((now, event, call)) = queue.pop().expect("the workers wait forever");
        assert!(now < 100_000_000, "the run does not end");
        match event {
            ServiceEvent::Asks if left_to_make == 0 => {}
            ServiceEvent::Asks => match budget.ask(at(now)) {
                Turn::Granted(permit) => {
                    left_to_make -= 1;
                    permits.push(permit);
                    responses.push(None);
                    let arrival = now + random.u64(0..=world.latency);
                    queue.push(Reverse((arrival, ServiceEvent::Arrives, permits.len() - 1)));
                }
                Turn::Closed(until) | Turn::Wait(Some(until)) => {
                    outcome.waits += 1;
                    let wait = until.saturating_duration_since(at(now)).as_millis();
                    queue.push(Reverse((now + u64::try_from(wait).expect("short"), ServiceEvent::Asks, 0)));
                }
                Turn::Wait(None) => {
                    outcome.waits += 1;
                    parked += 1;
                }
            },
            ServiceEvent::Arrives => {
                while now >= window_end {
                    window_end += world.period;
                    used = 0;
                }
                let refused = world.limit.is_some_and(|limit| used >= limit);
                used += u64::from(!refused);
                outcome.refused += u64::from(refused);
                let headers = world.limit.map_or(RateHeaders::default(), |limit| RateHeaders {
                    limit: Some(limit),
                    remaining: Some(limit - used),
                    resets_at: Some(at(window_end.next_multiple_of(1000))),
                    refused,
                    retry_at: None,
                });
                let lost = world.lost.is_some_and(|share| random.u64(0..share) == 0);
                responses[call] = (!lost).then_some(headers);
                queue.push(Reverse((now + random.u64(0..=world.latency), ServiceEvent::Answers, call)));
            }
            ServiceEvent::Answers => {
                let headers = responses[call].take();
                // A refused or lost call has to be made again.
                if headers.is_none_or(|headers| headers.refused) {
                    left_to_make += 1;
                } else {
                    left_to_answer -= 1;
                }
                budget.learn(permits[call], headers, at(now));
                outcome.took = now;
                for _ in 0..=parked {
                    queue.push(Reverse((now, ServiceEvent::Asks, 0)));
                }
                parked = 0;
            }
        }
    }
    outcome
}

#[test]
fn three_windows_of_work_take_two_waits_and_no_refusal() {
    for seed in 0..200 {
        let world = World {
            calls: 300,
            workers: 8,
            limit: Some(100),
            period: 6000,
            first_end: 6000,
            latency: 5,
            lost: None,
            seed,
        };
        let outcome = run(&world);
        assert!(outcome.took <= 12_600 && outcome.refused == 0, "{seed}: {outcome:?}");
    }
}

proptest! {
    #[test]
    fn the_limit_is_used_to_the_full_and_refusals_are_the_exception(
        calls in 1u64..600,
        workers in 1u64..32,
        limit in 5u64..200,
        period in 1u64..30,
        first_end in 1u64..30_000,
        latency in 0u64..200,
        seed: u64,
    ) {
        // Before the first answer nothing is known, so no more workers than the limit start at once.
        let workers = workers.min(limit);
        let period = period * 1000;
        // So that every window can be used up, and a call's way is short against it.
        prop_assume!(latency * 4 * (limit / workers + 3) < period);
        let first_end = first_end.min(period);
        let world = World { calls, workers, limit: Some(limit), period, first_end, latency, lost: None, seed };
        let outcome = run(&world);
        // All but those of the first window wait for a new one. One more where the first was too short.
        let windows = (calls - 1) / limit + 1;
        let work = latency * 2 * (calls / workers + 1);
        // Every window costs a second of rounding at most, a scout, and the calls that end it alone.
        let round_trips = 2 * latency * (workers + 2) + 1020;
        let bound = first_end + windows * (period + round_trips) + work;
        prop_assert!(outcome.refused <= 2, "{outcome:?}");
        prop_assert!(outcome.took <= bound, "{outcome:?} {bound}");
    }

    #[test]
    fn lost_answers_block_nobody(
        calls in 1u64..200,
        workers in 1u64..16,
        limit in 16u64..100,
        latency in 0u64..500,
        seed: u64,
    ) {
        let world =
            World { calls, workers, limit: Some(limit), period: 6000, first_end: 2500, latency, lost: Some(4), seed };
        run(&world);
    }

    #[test]
    fn without_headers_nobody_waits(calls in 1u64..500, workers in 1u64..64, latency in 0u64..500, seed: u64) {
        let world =
            World { calls, workers, limit: None, period: 1000, first_end: 1000, latency, lost: Some(5), seed };
        prop_assert_eq!(run(&world).waits, 0);
    }
}

/// Headers with `remaining` calls and the end of the window in `seconds`.
fn says(now: Instant, remaining: u64, seconds: u64) -> RateHeaders {
    let resets_at = Some(now + Duration::from_secs(seconds));
    RateHeaders { limit: Some(100), remaining: Some(remaining), resets_at, ..RateHeaders::default() }
}

fn go(budget: &mut Budget, now: Instant) -> Permit {
    match budget.ask(now) {
        Turn::Granted(permit) => permit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_that_was_overtaken_raises_nothing() {
    let now = Instant::now();
    let mut budget = Budget::default();
    let (first, second, third) = (go(&mut budget, now), go(&mut budget, now), go(&mut budget, now));
    budget.learn(third, Some(says(now, 0, 10)), now);
    budget.learn(first, Some(says(now, 2, 10)), now);
    budget.learn(second, Some(says(now, 1, 10)), now);
    assert_eq!(budget.ask(now), Turn::Closed(now + Duration::from_secs(10) + JUST_PAST));
}

#[test]
fn an_answer_from_an_earlier_window_lowers_nothing() {
    let now = Instant::now();
    let mut budget = Budget::default();
    let (first, second) = (go(&mut budget, now), go(&mut budget, now));
    budget.learn(second, Some(says(now, 99, 70)), now);
    budget.learn(first, Some(says(now, 0, 10)), now);
    assert_eq!(budget.remaining, Some(99));
}

#[test]
fn a_service_that_names_no_times_may_give_more_again() {
    let now = Instant::now();
    let mut budget = Budget::default();
    let left = |remaining| Some(RateHeaders { remaining: Some(remaining), ..RateHeaders::default() });
    let (first, second) = (go(&mut budget, now), go(&mut budget, now));
    budget.learn(second, left(1), now);
    budget.learn(first, left(50), now);
    assert_eq!(budget.remaining, Some(1));
    let third = go(&mut budget, now);
    budget.learn(third, left(50), now);
    assert_eq!(budget.remaining, Some(50));
}

#[test]
fn calls_in_flight_are_reserved() {
    let now = Instant::now();
    let mut budget = Budget::default();
    let permit = go(&mut budget, now);
    budget.learn(permit, Some(says(now, 2, 10)), now);
    go(&mut budget, now);
    go(&mut budget, now);
    assert!(matches!(budget.ask(now), Turn::Wait(Some(_))));
}

#[test]
fn a_new_window_is_tried_by_one_call_alone() {
    let now = Instant::now();
    let mut budget = Budget::default();
    let permit = go(&mut budget, now);
    budget.learn(permit, Some(says(now, 0, 10)), now);
    let later = now + Duration::from_secs(11);
    let scout = go(&mut budget, later);
    assert_eq!(budget.ask(later), Turn::Wait(None));
    budget.learn(scout, Some(says(later, 99, 9)), later);
    assert!(matches!(budget.ask(later), Turn::Granted(_)));
}

#[test]
fn a_refusal_without_a_time_stops_everybody_for_a_second() {
    let now = Instant::now();
    let mut budget = Budget::default();
    let (first, second) = (go(&mut budget, now), go(&mut budget, now));
    budget.learn(first, Some(RateHeaders { refused: true, ..RateHeaders::default() }), now);
    assert_eq!(budget.ask(now), Turn::Closed(now + UNNAMED_PAUSE + JUST_PAST));
    budget.learn(second, Some(RateHeaders::default()), now);
    let later = now + Duration::from_secs(2);
    let scout = go(&mut budget, later);
    budget.learn(scout, Some(RateHeaders::default()), later);
    assert_eq!(budget.remaining, None);
}

#[test]
fn an_estimate_says_no_more_than_the_headers_do() {
    let second = Duration::from_secs;
    let about = |seconds| Some(Estimate::About(second(seconds)));
    let at_least = |time, assumed| Some(Estimate::AtLeast { time: second(time), assumed: second(assumed) });
    // Calls in this window, and in the next: its end is named.
    let pace = Pace { limit: 100, remaining: 40, resets_in: second(20), period: None };
    assert_eq!([0, 40].map(|calls| estimate(calls, &pace)), [about(0); 2]);
    assert_eq!([41, 140].map(|calls| estimate(calls, &pace)), [about(20); 2]);
    // Later windows are at least as long as what is left of this one.
    assert_eq!([141, 241].map(|calls| estimate(calls, &pace)), [at_least(40, 80), at_least(60, 140)]);
    let long = Pace { resets_in: second(90), ..pace };
    assert_eq!(estimate(141, &long), at_least(180, 3690));
    let day = Pace { resets_in: second(7200), ..pace };
    assert_eq!(estimate(241, &day), at_least(3 * 7200, 7200 + 2 * 86_400));
    let hour = Pace { limit: 100, remaining: 0, resets_in: second(3000), period: None };
    assert_eq!(estimate(500, &hour), at_least(5 * 3000, 3000 + 4 * 3600));
    // The length of a window was seen.
    let six = Pace { resets_in: second(4), period: Some(second(6)), ..pace };
    assert_eq!(estimate(141, &six), about(10));
    assert_eq!(estimate(500, &Pace { resets_in: second(0), ..six }), about(5 * 6));
    // A window that lasts longer than what was seen.
    assert_eq!(estimate(141, &Pace { resets_in: second(90), ..six }), at_least(180, 3690));
    // Nothing was named.
    let unseen = Pace { resets_in: second(0), remaining: 98, ..hour };
    let windows = Estimate::Windows { windows: 5, calls: 100, assumed: second(5 * 60) };
    assert_eq!(estimate(500, &unseen), Some(windows));
    assert_eq!(windows.assumed(), second(5 * 60));
    assert_eq!(estimate(500, &Pace { period: Some(second(3600)), ..unseen }), about(5 * 3600));
    assert_eq!(estimate(41, &Pace { limit: 0, ..pace }), None);
    assert_eq!(estimate(u64::MAX, &pace), None);
}

#[test]
fn an_end_that_differs_by_rounding_is_that_of_the_same_window() {
    let now = Instant::now();
    let remaining = |seconds| {
        let mut budget = Budget::default();
        let permit = go(&mut budget, now);
        budget.learn(permit, Some(says(now, 5, 10)), now);
        let permit = go(&mut budget, now);
        budget.learn(permit, Some(says(now, 3, seconds)), now);
        budget.pace(now).expect("a rate limit").remaining
    };
    assert_eq!([8, 9, 10, 11, 12].map(remaining), [5, 3, 3, 3, 3], "only the first is of an earlier window");
}

#[test]
fn an_end_that_differs_by_rounding_shows_no_length_of_a_window() {
    let now = Instant::now();
    let period = |seconds| {
        let mut budget = Budget::default();
        let permit = go(&mut budget, now);
        budget.learn(permit, Some(says(now, 99, 10)), now);
        let later = now + Duration::from_secs(10);
        let permit = go(&mut budget, later);
        budget.learn(permit, Some(says(later, 98, seconds)), later);
        budget.pace(later).expect("a rate limit").period
    };
    assert_eq!([1, 2].map(period), [None, Some(Duration::from_secs(2))]);
}

#[test]
fn a_429_ends_no_wait_early_and_names_the_end_of_its_own() {
    let now = Instant::now();
    let second = |seconds| now + Duration::from_secs(seconds);
    let refused = RateHeaders { refused: true, retry_at: Some(second(2)), ..RateHeaders::default() };
    for (remaining, seconds, end) in [(5, 10, 2), (0, 10, 10), (0, 1, 2)] {
        let mut budget = Budget::default();
        let (first, last) = (go(&mut budget, now), go(&mut budget, now));
        budget.learn(first, Some(says(now, remaining, seconds)), now);
        budget.learn(last, Some(refused), now);
        assert_eq!(
            budget.ask(now),
            Turn::Closed(second(end) + JUST_PAST),
            "{remaining} left for {seconds} s"
        );
    }
}

#[test]
fn two_windows_show_how_long_one_is() {
    let now = Instant::now();
    let mut budget = Budget::default();
    let permit = go(&mut budget, now);
    budget.learn(permit, Some(says(now, 99, 6)), now);
    let later = now + Duration::from_secs(7);
    let permit = go(&mut budget, later);
    budget.learn(permit, Some(says(later, 99, 5)), later);
    let pace = Pace {
        limit: 100,
        remaining: 99,
        resets_in: Duration::from_secs(5),
        period: Some(Duration::from_secs(6)),
    };
    assert_eq!(budget.pace(later), Some(pace));
}

#[test]
fn a_listed_limit_has_the_length_of_a_window_if_it_is_the_one_in_the_headers() {
    let now = Instant::now();
    let listed = |calls, seconds| ListedLimit { calls, period: Duration::from_secs(seconds) };
    let period = |limits: &[ListedLimit], seen: Option<u64>| {
        let mut budget = Budget {
            listed: limits.iter().copied().collect(),
            period: seen.map(Duration::from_secs),
            ..Budget::default()
        };
        let permit = go(&mut budget, now);
        budget.learn(permit, Some(says(now, 99, 5)), now);
        budget.pace(now).expect("a rate limit").period
    };
    let second = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(period(&[], None), None);
    assert_eq!(period(&[listed(100, 3600), listed(2000, 60)], None), second(3600));
    assert_eq!(period(&[listed(2000, 60)], None), None);
    assert_eq!(period(&[listed(100, 60), listed(100, 3600)], None), None, "one of them");
    assert_eq!([60, 7200].map(|seen| period(&[listed(100, 3600)], Some(seen))), [second(60), second(3600)]);
}
