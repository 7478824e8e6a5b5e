//! Decides who is processed when: grants before reductions, a number of people in parallel, and one person at
//! a time while the service seems to be down.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::outage::Outage;
use super::quorum::AdminQuorum;
use super::readings::Readings;
use super::{Apply, Ending};
use crate::model::Email;
use crate::plan::Change;

/// The pause when the service seems to be down.
const PAUSE: Duration = Duration::from_secs(5);

/// When this many people wait for a reading, it starts, even if others still make calls.
const MANY_WAITING: usize = 500;

/// A plan that is being applied. All of it runs on one task, so its parts use cells and no locks.
pub(super) struct Scheduler<'a> {
    pub(super) apply: &'a Apply<'a>,
    pub(super) quorum: AdminQuorum,
    pub(super) readings: Readings,
    pub(super) outage: Outage,
}

/// The grants or the reductions of one person.
struct Task<'a> {
    email: &'a Email,
    /// The changes that are left, as indices of the plan.
    changes: VecDeque<usize>,
    are_reductions: bool,
}

/// The tasks that are not in progress.
struct Queue<'a> {
    /// The grants, and then the reductions, that were not tried yet.
    untried: [VecDeque<Task<'a>>; 2],
    /// The rest of those that were interrupted by a pause, likewise.
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

    /// The next task while the service is up: every grant ends before the first reduction starts.
    fn next(&mut self) -> Option<Task<'a>> {
        let ([grants, reductions], [other_grants, other_reductions]) = (&mut self.untried, &mut self.rest);
        let grant = grants.pop_front().or_else(|| other_grants.pop_front());
        if grant.is_some() || self.grants_in_flight > 0 {
            return grant;
        }
        reductions.pop_front().or_else(|| other_reductions.pop_front())
    }

    /// The next task that finds out whether the service is up again: first those that were not tried yet. No
    /// one loses anything before all grants to them were tried.
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
        }
    }

    /// Works until everything was tried or the run stops. Returns how each change ended.
    pub(super) async fn carry_out(self) -> Vec<Ending> {
        let changes = &self.apply.plan.changes;
        let mut queue = Queue::new(changes);
        let mut endings = vec![Ending::NotStarted; changes.len()];
        // People with a grant that failed.
        let mut deprived = BTreeSet::new();
        let mut tasks = FuturesUnordered::new();
        let mut readings = FuturesUnordered::new();
        // The number of failed calls before the probe in progress, if there is one.
        let mut probe = None;
        let mut has_paused = false;
        loop {
            let is_paused = self.outage.is_paused();
            has_paused &= is_paused;
            while !is_paused && !self.apply.stop.is_asked() {
                // A person who waits for a reading makes no calls, and leaves room for others.
                if tasks.len() - self.readings.waiting()
                    >= self.outage.people_at_once(self.apply.concurrency.max(1))
                {
                    break;
                }
                let Some(task) = queue.next() else { break };
                queue.grants_in_flight += usize::from(!task.are_reductions);
                let is_deprived = deprived.contains(task.email);
                tasks.push(self.run_task(task, is_deprived, false));
            }
            let all_wait = tasks.len() == self.readings.waiting();
            if readings.is_empty()
                && self.readings.is_requested()
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
                    let is_deprived = deprived.contains(task.email);
                    tasks.push(self.run_task(task, is_deprived, true));
                }
                continue;
            }
            tokio::select! {
                biased;
                Some((rest, ended)) = tasks.next() => {
                    queue.grants_in_flight -= usize::from(!rest.are_reductions);
                    for (index, ending) in ended {
                        if !changes[index].is_reduction() && !matches!(ending, Ending::Done(_)) {
                            deprived.insert(rest.email);
                        }
                        endings[index] = ending;
                    }
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
        endings
    }

    /// Makes the changes of a task in order. Returns what is left of it because the run paused or stopped,
    /// and how the other changes ended. `is_deprived` says that a grant to the person failed.
    async fn run_task(
        &self,
        mut task: Task<'a>,
        is_deprived: bool,
        is_probe: bool,
    ) -> (Task<'a>, Vec<(usize, Ending)>) {
        let mut ended = Vec::new();
        while let Some(&index) = task.changes.front() {
            let may_start = !self.outage.is_paused() || (is_probe && ended.is_empty());
            if self.apply.stop.is_asked() || !may_start {
                break;
            }
            task.changes.pop_front();
            let change = &self.apply.plan.changes[index];
            let ending = match self.hold(change, is_deprived) {
                Some(reason) => Ending::Held { reason },
                None => self.one_change(change).await,
            };
            if ending != Ending::NotStarted {
                (self.apply.watch)(change, &ending);
            }
            ended.push((index, ending));
        }
        (task, ended)
    }

    /// Why `change` must not be made, if so.
    fn hold(&self, change: &Change, is_deprived: bool) -> Option<String> {
        if !change.is_reduction() {
            return None;
        }
        if is_deprived {
            return Some("a grant to this person failed".to_owned());
        }
        let project = change.admin_lost_in()?;
        // A reduction that fails may have been made anyway, so it counts as made.
        (!self.quorum.release(project, change.email())).then(|| {
            format!("{} would be left with too few ADMINs", self.apply.desired.project_name(project))
        })
    }
}
