//! Decides who is worked on when: grants before reductions, so many people at a time, one at a time while
//! the service seems to be down.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::outage::Outage;
use super::quorum::AdminQuorum;
use super::readings::Readings;
use super::{Apply, Ending, Stopped};
use crate::api;
use crate::api::Cause;
use crate::model::Email;
use crate::plan::Change;

/// How long nobody is tried when the service seems to be down.
const PAUSE: Duration = Duration::from_secs(5);

/// So many people who wait for a reading are not made to wait for the others.
const MANY_WAITING: usize = 500;

/// A plan that is being carried out. All of it runs on one task.
pub(super) struct Scheduler<'a> {
    pub(super) apply: &'a Apply<'a>,
    pub(super) quorum: AdminQuorum,
    pub(super) readings: Readings,
    pub(super) outage: Outage,
    endings: RefCell<Vec<Ending>>,
    /// People for whom a grant failed.
    short: RefCell<BTreeSet<Email>>,
}

/// Why a change did not come about.
pub(super) enum StepError {
    /// For a reason that is this person's alone.
    Person { reason: String, request_id: Option<String> },
    /// Nothing was done for this person, because the run stopped.
    Stopped,
    /// It stops the run.
    Run {
        /// Why.
        why: Stopped,
        /// Whether a call for this person was made that may have had an effect, or was refused.
        sent: bool,
    },
}

impl StepError {
    pub(super) fn person(reason: impl Into<String>) -> Self {
        Self::Person { reason: reason.into(), request_id: None }
    }

    fn call(error: &api::Error) -> Self {
        Self::Person { reason: error.to_string(), request_id: error.request_id().map(str::to_owned) }
    }
}

pub(super) type Step<T> = Result<T, StepError>;

/// What a failed call means for the run.
pub(super) fn step_error(error: api::Error) -> StepError {
    match error.cause {
        // The run stops already, for a reason of which it knows.
        Cause::Stopped | Cause::NotPermitted if !error.may_have_been_processed() => StepError::Stopped,
        Cause::Stopped | Cause::NotPermitted => StepError::call(&error),
        _ if error.is_fatal() => {
            let sent = was_sent(&error);
            StepError::Run { why: Stopped::Service(Box::new(error)), sent }
        }
        _ => StepError::call(&error),
    }
}

/// Whether the person has to be told of: a call that only met the rate limit or a stop did nothing.
pub(super) fn was_sent(error: &api::Error) -> bool {
    match error.cause {
        Cause::RateLimited { .. } | Cause::Stopped | Cause::NotPermitted => error.may_have_been_processed(),
        _ => error.attempts > 0,
    }
}

/// Changes of one person, by their index in the plan, in order.
struct Task<'a> {
    email: &'a Email,
    changes: VecDeque<usize>,
    are_reductions: bool,
}

/// What has not been started.
struct Queue<'a> {
    /// Grants, and after them reductions, of people for whom that was not tried yet.
    untried: [VecDeque<Task<'a>>; 2],
    /// The rest of the changes of people at whom the run paused, likewise.
    rest: [VecDeque<Task<'a>>; 2],
    grants_in_flight: usize,
}

impl<'a> Queue<'a> {
    fn new(changes: &'a [Change]) -> Self {
        let mut people: [BTreeMap<&Email, VecDeque<usize>>; 2] = Default::default();
        for (index, change) in changes.iter().enumerate() {
            let phase = usize::from(change.is_reduction());
            people[phase].entry(change.email()).or_default().push_back(index);
        }
        let mut are_reductions = [false, true].into_iter();
        let untried = people.map(|people| {
            let are_reductions = are_reductions.next().unwrap_or_default();
            people.into_iter().map(|(email, changes)| Task { email, changes, are_reductions }).collect()
        });
        Self { untried, rest: Default::default(), grants_in_flight: 0 }
    }

    fn is_empty(&self) -> bool {
        self.untried.iter().chain(&self.rest).all(VecDeque::is_empty)
    }

    /// The next person while all is well: every grant is over before the first reduction.
    fn next(&mut self) -> Option<Task<'a>> {
        let ([grants, reductions], [other_grants, other_reductions]) = (&mut self.untried, &mut self.rest);
        let grant = grants.pop_front().or_else(|| other_grants.pop_front());
        if grant.is_some() || self.grants_in_flight > 0 {
            return grant;
        }
        reductions.pop_front().or_else(|| other_reductions.pop_front())
    }

    /// The next person to find out if the service is back: first those who were not tried yet. A person
    /// loses nothing before all grants to them were tried.
    fn probe(&mut self) -> Option<Task<'a>> {
        let ([grants, reductions], [other_grants, other_reductions]) = (&mut self.untried, &mut self.rest);
        grants
            .pop_front()
            .or_else(|| {
                let waits = |task: &Task<'_>| other_grants.iter().any(|other| other.email == task.email);
                let index = reductions.iter().position(|task| !waits(task))?;
                reductions.remove(index)
            })
            .or_else(|| other_grants.pop_front())
            .or_else(|| other_reductions.pop_front())
    }

    fn put_back(&mut self, task: Task<'a>) {
        self.rest[usize::from(task.are_reductions)].push_back(task);
    }
}

impl<'a> Scheduler<'a> {
    pub(super) fn new(apply: &'a Apply<'a>) -> Self {
        Self {
            apply,
            quorum: AdminQuorum::new(apply.desired, apply.known),
            readings: Readings::default(),
            outage: Outage::default(),
            endings: RefCell::new(vec![Ending::NotStarted; apply.plan.changes.len()]),
            short: RefCell::default(),
        }
    }

    /// Works until everything was tried or the run stops. Returns how each change ended.
    pub(super) async fn carry_out(self) -> Vec<Ending> {
        let mut queue = Queue::new(&self.apply.plan.changes);
        let mut tasks = FuturesUnordered::new();
        let mut readings = FuturesUnordered::new();
        // How many calls had failed when the probe under way began, if there is one.
        let mut probe = None;
        let mut has_paused = false;
        loop {
            let is_paused = self.outage.is_paused();
            has_paused &= is_paused;
            while !is_paused && !self.apply.stop.is_asked() {
                // Whoever waits for a reading makes no calls, and keeps nobody from it.
                if tasks.len() - self.readings.waiting() >= self.apply.concurrency.max(1) {
                    break;
                }
                let Some(task) = queue.next() else { break };
                queue.grants_in_flight += usize::from(!task.are_reductions);
                tasks.push(self.one_person(task, false));
            }
            let all_wait = tasks.len() == self.readings.waiting();
            if readings.is_empty()
                && self.readings.is_asked()
                && (all_wait || self.readings.waiting() >= MANY_WAITING)
            {
                readings.push(self.read_for_all());
            }
            if tasks.is_empty() {
                if self.apply.stop.is_asked() || queue.is_empty() {
                    break;
                }
                if !has_paused {
                    has_paused = true;
                    self.apply.writer.pause(PAUSE).await;
                } else if let Some(task) = queue.probe() {
                    queue.grants_in_flight += usize::from(!task.are_reductions);
                    probe = Some(self.outage.failed_calls());
                    tasks.push(self.one_person(task, true));
                }
                continue;
            }
            tokio::select! {
                biased;
                Some(rest) = tasks.next() => {
                    queue.grants_in_flight -= usize::from(!rest.are_reductions);
                    if !rest.changes.is_empty() {
                        queue.put_back(rest);
                    }
                    if let Some(why) = probe.take().and_then(|before| self.outage.probed(before)) {
                        self.apply.stop.ask(why);
                    }
                }
                Some(()) = readings.next(), if !readings.is_empty() => {}
                () = self.readings.changed.notified() => {}
            }
        }
        drop((tasks, readings));
        self.endings.into_inner()
    }

    /// Makes the changes of one person in order. Returns those that are left because the run paused or
    /// stopped.
    async fn one_person(&self, mut task: Task<'a>, is_probe: bool) -> Task<'a> {
        let mut is_first = true;
        while let Some(&index) = task.changes.front() {
            let goes_on = !self.outage.is_paused() || (is_probe && is_first);
            if self.apply.stop.is_asked() || !goes_on {
                break;
            }
            is_first = false;
            task.changes.pop_front();
            let change = &self.apply.plan.changes[index];
            let ending = match self.hold(change) {
                Some(reason) => Ending::Held { reason },
                None => self.one_change(change).await,
            };
            if !change.is_reduction() && !matches!(ending, Ending::Done(_)) {
                self.short.borrow_mut().insert(change.email().clone());
            }
            if ending != Ending::NotStarted {
                (self.apply.watch)(change, &ending);
            }
            self.endings.borrow_mut()[index] = ending;
        }
        task
    }

    /// Why `change` may not be made now.
    fn hold(&self, change: &Change) -> Option<String> {
        if !change.is_reduction() {
            return None;
        }
        if self.short.borrow().contains(change.email()) {
            return Some("a role that was to be given first could not be given".to_owned());
        }
        let project = change.admin_lost_in()?;
        // A reduction that fails may have been made all the same, so it counts as made.
        (!self.quorum.release(project, change.email())).then(|| {
            format!("{} would be left with too few ADMINs", self.apply.desired.project_name(project))
        })
    }
}
