//! Random histories of an organization and its ledgers: applies that are interrupted or killed, answers that are
//! lost, changes by hand, accepted invitations, and ledgers that are copied and merged. Whatever happened, the
//! ledger tells who had which access at every reading, and between two readings contains it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use fastrand::Rng;
use guestlist::api::Settings;
use guestlist::apply::Stop;
use guestlist::clock::Clock as _;
use guestlist::desired::Desired;
use guestlist::history::History;
use guestlist::ledger::{EndReason, Ledger, ReadingFacts, Run};
use guestlist::model::{Email, ProjectId, Role};
use guestlist::observe::Observer;
use guestlist::render::{AccessAt, Question};
use guestlist::sandbox::Behaviour;
use jiff::Timestamp;

use crate::scene::{self, MANAGED, pick};
use crate::world::{World, who};

/// The number of histories, and of steps in each.
const HISTORIES: u64 = 48;
const STEPS: usize = 14;

/// The two ledgers, which share their history up to the last merge.
const LEDGERS: [&str; 2] = ["ledger", "other"];

/// Calls fail before or after they were processed; the lists are always right.
const FAULTS: [&str; 6] = [
    "503,applied,method=POST,at=1,times=6",
    "503,applied,probability=0.3,seed=7",
    "close-after,method=POST,at=2,times=5",
    "close-after,method=DELETE,times=5",
    "close-before,probability=0.2,seed=3",
    "418,method=POST,at=1",
];

type Truth = BTreeMap<(Email, ProjectId), Role>;

/// Who really had which access.
struct Sample {
    at: Timestamp,
    truth: Truth,
}

/// A history, and what really happened in it.
struct Story {
    world: World,
    desired: Desired,
    samples: Vec<Sample>,
    /// The readings that each ledger recorded since the last merge.
    readings: [Vec<Sample>; 2],
    /// The readings before it.
    earlier: Vec<Sample>,
    /// The roles that were changed by hand while there were two ledgers: neither knows what the other one read.
    by_hand: BTreeSet<(Email, ProjectId)>,
}

impl Story {
    fn truth(&self) -> Truth {
        let organization = self.world.organization();
        let mut truth = Truth::new();
        for member in organization.members() {
            for (project, role) in member.projects.iter().filter(|(id, _)| MANAGED.contains(&id.as_str())) {
                let key = (member.login.clone(), ProjectId::new(project));
                truth.insert(key, Role::from(role.clone()));
            }
        }
        truth
    }

    /// Remembers the present truth, some time after what happened last.
    fn sample(&mut self) {
        self.world.clock.pass(Duration::from_secs(1));
        let sample = Sample { at: self.world.clock.timestamp(), truth: self.truth() };
        self.samples.push(sample);
        self.world.clock.pass(Duration::from_secs(1));
    }

    /// A run that records what it reads and, with `applies`, makes the changes of a plan. It may end at any call.
    async fn run(&mut self, random: &mut Rng, which: usize, applies: bool) {
        let ledger = self.world.ledger(LEDGERS[which]);
        let client = self.world.client();
        let reader = client.reader();
        let clock = self.world.clock.for_ledger();
        let view = ledger.view(self.world.endpoint().realm()).expect("a ledger");
        let observer = Observer {
            endpoint: self.world.endpoint(),
            reader: &reader,
            desired: &self.desired,
            clock: &*clock,
        };
        let Ok(live) = observer.live(view).await else { return };
        let (known, Some(snapshot)) = (live.known, live.snapshot) else { return };
        let read_at = known.evidence.read_at;
        let truth = self.truth();
        let lock = ledger.acquire(&who()).expect("a lock");
        let command = if applies { "apply" } else { "plan" };
        let run = Run::new(command, who(), self.world.endpoint().clone(), None);
        let unrecorded = snapshot.unrecorded(&ledger).expect("a ledger");
        let run = ledger.begin_with(run, unrecorded, &lock).await.expect("a run");
        if random.u8(..8) == 0 {
            // Killed before the reading was saved.
            return;
        }
        snapshot.keep(&ledger, &ReadingFacts { is_recorded: true, finding: None }).expect("a snapshot");
        self.readings[which].push(Sample { at: read_at, truth });
        if applies {
            let plan = self.world.plan(&self.desired, &known, Some(100));
            let stop = Stop::default();
            let (writer, ended) = (client.writer(), std::sync::atomic::AtomicUsize::new(0));
            let last = random.usize(..12);
            let watch = |_: &guestlist::plan::Change, _: &guestlist::apply::Ending| {
                if ended.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == last {
                    stop.ask(guestlist::apply::Stopped::Interrupted);
                    client.writer().stop();
                }
            };
            let apply = guestlist::apply::Apply {
                plan: &plan,
                desired: &self.desired,
                known: &known,
                writer: &writer,
                run: &run,
                concurrency: 4,
                again: false,
                stop: &stop,
                watch: &watch,
            };
            if plan.refused.is_empty() {
                apply.carry_out().await;
            }
        }
        if random.u8(..4) != 0 {
            run.end(EndReason::Completed, None, None).await.expect("an end");
        }
    }

    /// Gives both ledgers the runs of both, as a merge of two branches does.
    fn merge(&mut self, random: &mut Rng) {
        let [one, other] = LEDGERS.map(|name| self.world.path(name));
        for (from, to) in [(&one, &other), (&other, &one)] {
            fs::create_dir_all(to.join("runs")).expect("a folder");
            for file in fs::read_dir(from.join("runs")).into_iter().flatten() {
                let file = file.expect("a file");
                fs::copy(file.path(), to.join("runs").join(file.file_name())).expect("a copy");
            }
        }
        let (kept, replaced) = if random.bool() { (one, other) } else { (other, one) };
        let _ = fs::copy(kept.join("known.json"), replaced.join("known.json"));
        self.earlier.extend(self.readings.iter_mut().flat_map(std::mem::take));
    }

    fn history(&self, ledger: &Ledger) -> History {
        ledger.access_history(self.world.endpoint().realm()).expect("a history")
    }

    /// Compares what each ledger says with what was so.
    fn check(&self) -> usize {
        let mut checked = 0;
        for (which, name) in LEDGERS.iter().enumerate() {
            let history = self.history(&self.world.ledger(name));
            let question = Question {
                history: &history,
                desired: &self.desired,
                endpoint: self.world.endpoint(),
                projects: None,
                role: None,
                known_until: None,
                chain: "intact",
            };
            for reading in &self.readings[which] {
                let access = AccessAt::new(&question, reading.at);
                let open: Vec<_> = access.lines.iter().filter(|line| !line.open.is_empty()).collect();
                assert!(open.is_empty(), "{name} at {}: {open:?}", reading.at);
                let told: Truth = access
                    .lines
                    .iter()
                    .filter_map(|line| {
                        Some(((line.email.clone(), line.project.clone()), line.role()?.clone()))
                    })
                    .collect();
                assert_eq!(told, reading.truth, "{name} at {}", reading.at);
                checked += 1;
            }
            for earlier in &self.earlier {
                contains(&question, earlier, &self.by_hand);
            }
            // After the last reading nothing is known, and what changed twice between two readings is not seen.
            for (before, after) in self.readings[which].iter().zip(self.readings[which].iter().skip(1)) {
                let between = |sample: &&Sample| before.at < sample.at && sample.at < after.at;
                let course: Vec<_> = std::iter::once(before)
                    .chain(self.samples.iter().filter(between))
                    .chain([after])
                    .collect();
                let mut changes: BTreeMap<&(Email, ProjectId), usize> = BTreeMap::new();
                for pair in course.windows(2) {
                    let keys: BTreeSet<_> = pair[0].truth.keys().chain(pair[1].truth.keys()).collect();
                    for key in keys.into_iter().filter(|key| pair[0].truth.get(key) != pair[1].truth.get(key))
                    {
                        *changes.entry(key).or_default() += 1;
                    }
                }
                let unseen =
                    changes.into_iter().filter(|(_, n)| *n > 1).map(|(key, _)| key.clone()).collect();
                for sample in self.samples.iter().filter(between) {
                    contains(&question, sample, &unseen);
                    checked += 1;
                }
            }
        }
        checked
    }
}

/// Fails unless what is told about that time contains what was so, except for roles whose change was not seen.
fn contains(question: &Question, sample: &Sample, unseen: &BTreeSet<(Email, ProjectId)>) {
    let access = AccessAt::new(question, sample.at);
    let told: BTreeMap<_, _> = access
        .lines
        .iter()
        .map(|line| ((line.email.clone(), line.project.clone()), line.possible()))
        .collect();
    for key in sample.truth.keys().chain(told.keys()).filter(|key| !unseen.contains(key)) {
        let really = sample.truth.get(key);
        let possible = told.get(key).cloned().unwrap_or_else(|| vec![None]);
        assert!(possible.contains(&really), "{key:?} at {}: {really:?}, told {possible:?}", sample.at);
    }
}

/// One history. Returns how many times were compared.
async fn story(seed: u64) -> usize {
    let mut random = Rng::with_seed(seed);
    let organization = scene::organization(&mut random);
    let world = World::new(organization, Behaviour::default(), None, Settings::default()).await;
    let (_, desired) = scene::team(&mut random);
    let (samples, earlier) = (Vec::new(), Vec::new());
    let mut story =
        Story { world, desired, samples, readings: Default::default(), earlier, by_hand: BTreeSet::new() };
    story.run(&mut random, 0, false).await;
    story.merge(&mut random);
    for _ in 0..STEPS {
        let which = usize::from(random.u8(..4) == 0);
        match random.u8(..10) {
            0..4 => {
                story.desired = scene::team(&mut random).1;
                if random.bool() {
                    story.world.set_faults(vec![pick(&mut random, FAULTS).parse().expect("a fault")]);
                }
                story.run(&mut random, which, true).await;
                story.world.set_faults(Vec::new());
            }
            4..6 => story.run(&mut random, which, false).await,
            6..9 => {
                let before = story.truth();
                let deleted = (random.u8(..3) == 0).then(|| random.usize(..9));
                story.world.sandbox.with_organization(|organization| {
                    scene::meanwhile(&mut random, organization);
                    let members: Vec<_> = organization.members().map(|it| it.login.clone()).collect();
                    if let Some(login) = deleted.and_then(|number| members.get(number)) {
                        organization.delete_user(login.as_str());
                    }
                });
                let after = story.truth();
                let keys = before.keys().chain(after.keys()).filter(|key| before.get(key) != after.get(key));
                story.by_hand.extend(keys.cloned());
            }
            _ => story.merge(&mut random),
        }
        // A lock that was left behind expires.
        story.world.clock.pass(Duration::from_secs(61));
        story.sample();
    }
    story.check()
}

#[test]
fn the_ledger_tells_who_had_which_access_at_every_reading_and_contains_it_in_between() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seeds = match number("GUESTLIST_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("GUESTLIST_SCHEDULES").unwrap_or(HISTORIES),
    };
    let one = |seed| {
        let checked = catch_unwind(AssertUnwindSafe(|| runtime.block_on(story(seed))));
        checked.unwrap_or_else(|_| panic!("GUESTLIST_SEED={seed} repeats it"))
    };
    let checked: Vec<usize> = seeds.map(one).collect();
    // Most histories have several readings and times between them.
    assert!(checked.iter().sum::<usize>() >= 3 * checked.len(), "{checked:?}");
}
