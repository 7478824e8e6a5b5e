//! Several runners on one ledger in an object store that loses, delays and repeats requests, answers with errors,
//! lists what is out of date, and puts runners to sleep; some are killed, some release the lock of others by hand.
//!
//! Every runner has a thread, and one of them goes on at a time: whoever wakes first, in simulated time. So a
//! schedule depends on its seed alone. A judge looks at every call.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use super::super::lock_object::{self, LockObject};
use super::super::memory_objects::{Content, Fault};
use super::super::objects::{ETag, Failure, Object, Objects, PutFailure, SharedObjects};
use super::super::{BucketStore, segments};
use super::{NOW, key};
use crate::clock::Clock;
use crate::ledger::chain::ChainWriter;
use crate::ledger::line::LineParser;
use crate::ledger::record::Body;
use crate::ledger::store::RunLog;
use crate::ledger::tests::{a_run, an_intent, an_outcome};
use crate::ledger::{ChainState, End, EndReason, Ledger, LedgerError, Lock, Meaning, Who, runs};

/// How many schedules the tests run.
const SCHEDULES: u64 = 1_000;

/// How long after its lock was released by hand a runner may still begin a call.
const BELIEF: Duration = Duration::from_secs(25);

/// The longest call.
const CALL: Duration = Duration::from_secs(30);

const PEOPLE: usize = 6;

#[derive(Clone)]
struct World(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    random: Rng,
    content: Content,
    time: Duration,
    /// The runner that goes on.
    turn: Option<usize>,
    /// When each of the others wakes.
    wakes: BTreeMap<usize, Duration>,
    /// The runners that have not ended.
    running: usize,
    is_faulty: bool,
    /// Whether half of the listings are out of date.
    lists_lag: bool,
    /// Who had the lock from when on: its token, and whether it was taken by hand.
    holders: Vec<(Duration, Option<(String, bool)>)>,
    /// The calls that may still be in flight: the token of the lock, and until when.
    calls: Vec<(String, Duration)>,
    /// The records that were reported as durable.
    durable: Vec<String>,
    /// Who has access.
    provisioned: BTreeSet<String>,
    trace: String,
    findings: Vec<String>,
}

impl World {
    fn new(seed: u64, runners: usize) -> Self {
        let state = State {
            random: Rng::with_seed(seed),
            content: Content::default(),
            time: Duration::ZERO,
            turn: None,
            wakes: BTreeMap::new(),
            running: runners,
            is_faulty: true,
            lists_lag: seed.is_multiple_of(2),
            holders: vec![(Duration::ZERO, None)],
            calls: Vec::new(),
            durable: Vec::new(),
            provisioned: BTreeSet::new(),
            trace: String::new(),
            findings: Vec::new(),
        };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    /// Lets others go on for some time.
    fn pause(&self, runner: usize, time: Duration) {
        let mut state = self.state();
        let wakes = state.time + time;
        state.wakes.insert(runner, wakes);
        if state.turn == Some(runner) {
            state.turn = None;
        }
        self.next(&mut state);
        while state.turn != Some(runner) {
            state = self.0.changed.wait(state).unwrap();
        }
    }

    /// Wakes the runner that wakes first, if all of them wait.
    fn next(&self, state: &mut State) {
        if state.turn.is_none() && state.wakes.len() == state.running {
            let first = state.wakes.iter().min_by_key(|(runner, wakes)| (**wakes, **runner));
            let Some((runner, wakes)) = first.map(|(runner, wakes)| (*runner, *wakes)) else { return };
            state.wakes.remove(&runner);
            state.time = state.time.max(wakes);
            state.turn = Some(runner);
            self.0.changed.notify_all();
        }
    }

    fn end(&self, runner: usize) {
        let mut state = self.state();
        state.running -= 1;
        if state.turn == Some(runner) {
            state.turn = None;
        }
        self.next(&mut state);
    }

    fn roll<T>(&self, roll: impl FnOnce(&mut Rng) -> T) -> T {
        roll(&mut self.state().random)
    }
}

impl State {
    /// How long a request or its response takes.
    fn delay(&mut self, what: &str) -> Duration {
        let random = &mut self.random;
        Duration::from_millis(match random.u32(..200) {
            // Long enough for others to take over while a record is under way.
            3..=9 if self.is_faulty && what.starts_with("PUT log/") => random.u64(50_000..130_000),
            _ if !self.is_faulty => 20,
            0..=2 => random.u64(20_000..150_000),
            3..=6 => random.u64(1_000..9_000),
            _ => random.u64(5..200),
        })
    }

    fn fault(&mut self, faults: &[Fault]) -> Option<Fault> {
        let is_struck = self.is_faulty && self.random.u32(..10) < 2;
        is_struck.then(|| faults[self.random.usize(..faults.len())])
    }

    /// Notes who has the lock now.
    fn note_holder(&mut self) {
        let object = self.content.objects.get(lock_object::KEY);
        let object = object.map(|(bytes, _)| Object { bytes: bytes.clone(), etag: ETag(String::new()) });
        let lock = object.and_then(|object| LockObject::parse(&object, String::new).ok());
        let token = lock.and_then(|lock| lock.holder).map(|holder| (holder.token, holder.unlocking));
        if self.holders.last().is_none_or(|(_, last)| *last != token) {
            self.holders.push((self.time, token));
        }
    }

    /// Since when that lock is lost, and whether it was released by hand.
    fn lost_since(&self, token: &str) -> Option<(Duration, bool)> {
        let is_it = |holder: &Option<(String, bool)>| holder.as_ref().is_some_and(|(it, _)| it == token);
        match self.holders.iter().rposition(|(_, holder)| is_it(holder)) {
            Some(had) => {
                let (since, next) = self.holders.get(had + 1)?;
                Some((*since, next.as_ref().is_some_and(|(_, by_hand)| *by_hand)))
            }
            None => Some((Duration::ZERO, false)),
        }
    }

    fn find(&mut self, what: String) {
        let _ = writeln!(self.trace, "FOUND {what}");
        self.findings.push(what);
    }

    fn log_has(&self, record: &str) -> bool {
        let mut segments = self.content.objects.iter().filter(|(key, _)| key.starts_with(segments::FOLDER));
        segments.any(|(_, (bytes, _))| String::from_utf8_lossy(bytes).contains(record))
    }
}

/// The objects as one process sees them.
#[derive(Clone)]
struct Connection {
    world: World,
    runner: usize,
    /// The number of requests until the process is killed.
    lives: Arc<Mutex<Option<u32>>>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "runner {}", self.runner)
    }
}

impl Connection {
    fn is_dead(&self) -> bool {
        *self.lives.lock().unwrap() == Some(0)
    }

    /// A request takes its time, and the process may be killed while it waits for it.
    fn request<T>(&self, what: &str, act: impl FnOnce(&mut State) -> T, dead: T) -> T {
        if self.is_dead() {
            return dead;
        }
        let delay = self.world.state().delay(what);
        self.world.pause(self.runner, delay);
        let result = {
            let mut state = self.world.state();
            if state.random.u32(..20) == 0 {
                state.content.deliver();
            }
            let result = act(&mut state);
            state.note_holder();
            let line = format!("{:>8.3} {} {what}\n", state.time.as_secs_f64(), self.runner);
            state.trace.push_str(&line);
            result
        };
        let delay = self.world.state().delay(what);
        self.world.pause(self.runner, delay);
        let mut lives = self.lives.lock().unwrap();
        *lives = lives.map(|lives| lives.saturating_sub(1));
        if *lives == Some(0) { dead } else { result }
    }
}

const FAULTS: [Fault; 8] = [
    Fault::Lost,
    Fault::Unanswered,
    Fault::Unanswered,
    Fault::Late,
    Fault::Twice,
    Fault::Status(409),
    Fault::Status(412),
    Fault::Status(500),
];

impl Objects for Connection {
    fn url(&self, key: &str) -> String {
        format!("s3://b/p/{key}")
    }

    fn get(&self, key: &str) -> Result<Option<Object>, Failure> {
        let get = |state: &mut State| {
            let fault = state.fault(&[Fault::Lost, Fault::Status(500)]).filter(|_| state.random.bool());
            state.content.get(key, fault)
        };
        self.request(&format!("GET {key}"), get, Err(Failure("killed".to_owned())))
    }

    fn put(&self, key: &str, body: &[u8], over: Option<&ETag>) -> Result<ETag, PutFailure> {
        let put = |state: &mut State| {
            let fault = state.fault(&FAULTS);
            state.content.put(key, body, over, fault)
        };
        let killed = Err(PutFailure::Unclear(Failure("killed".to_owned())));
        let result = self.request(&format!("PUT {key}"), put, killed);
        let line = format!("         {} → {result:?}\n", self.runner);
        self.world.state().trace.push_str(&line);
        result
    }

    fn list(&self, folder: &str, after: &str, _: usize) -> Result<Vec<String>, Failure> {
        let list = |state: &mut State| {
            let is_stale = state.is_faulty && state.lists_lag && state.random.bool();
            let fault = if is_stale {
                Some(Fault::Stale)
            } else {
                state.fault(&[Fault::Stale, Fault::Stale, Fault::Lost])
            };
            state.content.list(folder, after, fault)
        };
        self.request(&format!("LIST {folder}"), list, Err(Failure("killed".to_owned())))
    }

    fn unquote_etags(&self) {}

    fn pause(&self, time: Duration) {
        if !self.is_dead() {
            self.world.pause(self.runner, time);
        }
    }
}

/// The clock of one machine, which is ahead of that of others.
struct MachineClock {
    world: World,
    runner: usize,
    ahead: SignedDuration,
}

impl Clock for MachineClock {
    fn instant(&self) -> Instant {
        Instant::now()
    }

    fn timestamp(&self) -> Timestamp {
        NOW.parse::<Timestamp>().unwrap() + self.ahead + self.uptime()
    }

    fn uptime(&self) -> Duration {
        self.world.state().time
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.world.pause(self.runner, duration);
        Box::pin(std::future::ready(()))
    }
}

/// One process: what `apply` does, request by request.
struct Process {
    world: World,
    runner: usize,
    connection: Connection,
    clock: Arc<MachineClock>,
    ledger: Ledger,
}

impl Process {
    fn start(world: &World, runner: usize, ahead: SignedDuration, lives: Option<u32>) -> Self {
        let connection = Connection { world: world.clone(), runner, lives: Arc::new(Mutex::new(lives)) };
        let clock = Arc::new(MachineClock { world: world.clone(), runner, ahead });
        let shared: SharedObjects = Arc::new(connection.clone());
        let store = BucketStore::new(
            Arc::clone(&shared),
            Box::new(move || Ok(Arc::clone(&shared))),
            Arc::default(),
            clock.clone(),
        );
        let ledger = Ledger { store: Arc::new(store), clock: clock.clone() };
        Self { world: world.clone(), runner, connection, clock, ledger }
    }

    fn who(&self) -> Who {
        Who { user: Some(format!("runner {}", self.runner)), ..Who::default() }
    }

    fn unlock(&self) -> Result<(), LedgerError> {
        if let Some(lock) = self.ledger.lock()? {
            self.ledger.unlock(&lock, a_run("x"))?;
        }
        Ok(())
    }

    fn apply(&self) -> Result<(), LedgerError> {
        let acquired = self.ledger.acquire_watching(&self.who(), |_| {}).now_or_never();
        let lock = acquired.expect("sleeps end at once")?;
        self.run(&lock)
    }

    fn run(&self, lock: &Lock) -> Result<(), LedgerError> {
        let token = lock.held().token();
        let result = self.provision(lock, &token);
        if let Err(LedgerError::LockLost { .. }) = result {
            let mut state = self.world.state();
            if state.lost_since(&token).is_none() {
                state.find(format!("{} says that it has lost its lock, and has it", self.runner));
            }
        }
        result
    }

    fn provision(&self, lock: &Lock, token: &str) -> Result<(), LedgerError> {
        let mut done = BTreeSet::new();
        for run in self.ledger.log()? {
            for entry in run?.entries(None) {
                if entry.outcome.is_some() {
                    done.insert(entry.intent.email.to_string());
                }
            }
        }
        // Reading the members takes time, too.
        self.world.pause(self.runner, Duration::from_millis(self.world.roll(|random| random.u64(..40_000))));
        let mut run = a_run("x");
        run.prev_run = Some(runs::head(&*self.ledger.store)?);
        let mut log = self.ledger.store.create_run(self.clock.timestamp())?.1;
        let mut chain = ChainWriter::default();
        let mut lines = String::new();
        chain.append(self.clock.timestamp(), Body::Run(run), &mut lines);
        for person in (0..PEOPLE).map(|number| format!("p{number}@example.com")) {
            if done.contains(&person) {
                continue;
            }
            let of = chain.append(self.clock.timestamp(), Body::Intent(an_intent(&person)), &mut lines);
            let intent = lines.lines().last().unwrap_or_default().to_owned();
            self.append(lock, &mut *log, &mut lines)?;
            // The service loses answers, too.
            loop {
                lock.held().ensure()?;
                if self.connection.is_dead() {
                    return Err(LedgerError::Contended);
                }
                let took = self.call(token, &person, &intent);
                self.world.pause(self.runner, took);
                if self.world.roll(|random| random.u32(..5)) > 0 {
                    break;
                }
                self.world
                    .pause(self.runner, Duration::from_secs(self.world.roll(|random| random.u64(1..20))));
            }
            let outcome = Body::Outcome(an_outcome(of, Meaning::Invited));
            chain.append(self.clock.timestamp(), outcome, &mut lines);
            if self.world.roll(Rng::bool) {
                // As the thread does that renews it.
                lock.held().renew()?;
            }
        }
        let end =
            End { reason: EndReason::Completed, text: None, counts: [].into(), changes: None, done: None };
        chain.append(self.clock.timestamp(), Body::End(end), &mut lines);
        self.append(lock, &mut *log, &mut lines)
    }

    fn append(&self, lock: &Lock, log: &mut dyn RunLog, lines: &mut String) -> Result<(), LedgerError> {
        let lines = std::mem::take(lines);
        lock.held().ensure()?;
        log.append(lines.as_bytes(), true)?;
        self.world.state().durable.extend(lines.lines().map(str::to_owned));
        Ok(())
    }

    /// Calls the service. This is where a runner that should have stopped does harm.
    /// Returns how long the call takes.
    fn call(&self, token: &str, person: &str, intent: &str) -> Duration {
        let mut state = self.world.state();
        let (time, runner) = (state.time, self.runner);
        let _ = writeln!(state.trace, "{:>8.3} {runner} CALL {person}", time.as_secs_f64());
        if !state.log_has(intent) {
            state.find(format!("{runner} calls for {person} without an intent in the ledger"));
        }
        match state.lost_since(token) {
            Some((since, by_hand)) if !by_hand || time > since + BELIEF => {
                state.find(format!("{runner} calls for {person}, and lost its lock at {since:?}"));
            }
            _ => {}
        }
        let others = state.calls.clone().into_iter().filter(|(other, end)| other != token && *end > time);
        for (other, _) in others {
            if state.lost_since(&other).is_some_and(|(_, by_hand)| !by_hand) {
                state.find(format!(
                    "{runner} calls for {person} while a call of the holder before is under way"
                ));
            }
        }
        let took = CALL.mul_f32(state.random.f32().powi(4));
        state.calls.push((token.to_owned(), time + took));
        let is_settled = settled(&state.content).contains(person);
        if is_settled {
            state.find(format!("{runner} calls for {person}, whose outcome is in the ledger"));
        }
        state.provisioned.insert(person.to_owned());
        took
    }
}

/// The people with an outcome in the ledger.
fn settled(content: &Content) -> BTreeSet<String> {
    let mut intents: BTreeMap<(String, u64), String> = BTreeMap::new();
    let (mut settled, mut parser) = (BTreeSet::new(), LineParser::default());
    for (_, (bytes, _)) in content.objects.iter().filter(|(key, _)| key.starts_with(segments::FOLDER)) {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.lines();
        let header: serde_json::Value = serde_json::from_str(lines.next().unwrap_or_default()).unwrap();
        let run = header["run"].to_string();
        for record in lines.filter_map(|line| parser.parse(line).ok()) {
            match record.body {
                Body::Intent(intent) => {
                    intents.insert((run.clone(), record.seq), intent.email.to_string());
                }
                Body::Outcome(outcome) => settled.extend(intents.get(&(run.clone(), outcome.of)).cloned()),
                _ => {}
            }
        }
    }
    settled
}

/// Runs a schedule. Returns what is wrong with it, and what happened.
fn run_schedule(seed: u64) -> (Vec<String>, String) {
    let runners = 2 + usize::try_from(seed % 2).unwrap();
    let world = World::new(seed, runners);
    // The check of the store has tests of its own.
    let passed = br#"{"format_version":1,"unquoted_etags":false,"write_id":""}"#;
    world.state().content.put("store.json", passed, None, None).unwrap();
    std::thread::scope(|scope| {
        for runner in 0..runners {
            let world = world.clone();
            scope.spawn(move || {
                world.pause(runner, Duration::from_millis(u64::try_from(runner).unwrap()));
                let ahead = world.roll(|random| [-3600, -61, -2, 0, 2, 61, 3600][random.usize(..7)]);
                for _ in 0..3 {
                    let lives = world.roll(|random| random.bool().then(|| random.u32(1..40)));
                    let process = Process::start(&world, runner, SignedDuration::from_secs(ahead), lives);
                    let is_by_hand = world.roll(|random| random.u32(..10) == 0);
                    let result = if is_by_hand { process.unlock() } else { process.apply() };
                    let line = format!("         {runner} ended: {result:?}\n");
                    world.state().trace.push_str(&line);
                    world.pause(runner, Duration::from_secs(world.roll(|random| random.u64(..90))));
                }
                world.end(runner);
            });
        }
    });
    finish(&world);
    let mut state = world.state();
    (std::mem::take(&mut state.findings), std::mem::take(&mut state.trace))
}

/// The store works again, and one more run ends what is left.
fn finish(world: &World) {
    {
        let mut state = world.state();
        state.content.deliver();
        state.note_holder();
        state.is_faulty = false;
        state.time += Duration::from_secs(3600);
        state.running = 1;
    }
    world.pause(9, Duration::ZERO);
    let process = Process::start(world, 9, SignedDuration::from_secs(1), None);
    let mut result = process.apply();
    if let Err(LedgerError::InUse(_)) = result {
        // By the clock of its machine, the lock could be fresh. A minute later, it no longer can.
        world.pause(9, Duration::from_secs(60));
        result = process.apply();
    }
    let verified = process.ledger.verify();
    world.end(9);
    let mut state = world.state();
    if let Err(error) = result {
        state.find(format!("the last run failed: {error}"));
    }
    match verified {
        Ok(verification) if verification.chain() == ChainState::Intact => {}
        other => state.find(format!("the ledger is not intact: {other:?}")),
    }
    if state.provisioned.len() != PEOPLE {
        let found = format!("only these have access: {:?}", state.provisioned);
        state.find(found);
    }
    let lost: Vec<_> = state.durable.iter().filter(|record| !state.log_has(record)).cloned().collect();
    for record in lost {
        state.find(format!("a record that was durable is not there: {record}"));
    }
    let segments =
        state.content.objects.keys().filter(|key| key.starts_with(segments::FOLDER)).count() as u64;
    if (1..=segments).any(|number| !state.content.objects.contains_key(&key(number))) {
        state.find("there is a hole among the segments".to_owned());
    }
}

#[test]
fn runners_on_one_ledger_do_no_harm_whatever_the_store_does() {
    let only = std::env::var("GUESTLIST_SEED").ok().map(|seed| seed.parse::<u64>().expect("a number"));
    let count = std::env::var("GUESTLIST_SCHEDULES").ok().map(|count| count.parse().expect("a number"));
    let seeds = only.map_or(0..count.unwrap_or(SCHEDULES), |seed| seed..seed + 1);
    for seed in seeds {
        let (findings, trace) = run_schedule(seed);
        assert!(findings.is_empty(), "seed {seed}:\n{trace}\n{findings:#?}");
    }
}
