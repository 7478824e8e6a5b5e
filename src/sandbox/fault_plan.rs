//! The configured faults and how often each was injected: decides which faults a call gets.

use super::call::{LoggedCall, Operation};
use super::fault::{Fault, FaultKind};

/// The configured faults with their counters.
#[derive(Debug, Default)]
pub(super) struct FaultPlan(Vec<Counted>);

#[derive(Debug)]
struct Counted {
    fault: Fault,
    seen: u64,
    hits: u64,
    random: fastrand::Rng,
}

/// The faults injected into one call.
#[derive(Debug, Default)]
pub(super) struct Injected {
    /// The first due fault that replaces or damages the response.
    pub(super) transport: Option<Fault>,
    /// The due faults that change the content of the response.
    pub(super) content: Vec<Fault>,
}

impl FaultPlan {
    pub(super) fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self(
            faults
                .into_iter()
                .map(|fault| Counted {
                    random: fastrand::Rng::with_seed(fault.trigger.seed.unwrap_or(0)),
                    fault,
                    seen: 0,
                    hits: 0,
                })
                .collect(),
        )
    }

    /// The longest configured lag, in calls.
    pub(super) fn longest_lag(&self) -> u64 {
        let lags = self.0.iter().map(|counted| match counted.fault.kind {
            FaultKind::Lag { calls } => calls,
            _ => 0,
        });
        lags.max().unwrap_or(0)
    }

    /// The faults due for this call.
    pub(super) fn due(&mut self, call: &LoggedCall, operation: &Operation) -> Injected {
        let mut injected = Injected::default();
        for counted in &mut self.0 {
            if !counted.fault.concerns(call, operation) || !counted.is_due() {
                continue;
            }
            if counted.fault.kind.is_content_fault() {
                counted.hits += 1;
                injected.content.push(counted.fault.clone());
            } else if injected.transport.is_none() {
                counted.hits += 1;
                injected.transport = Some(counted.fault.clone());
            }
        }
        injected
    }
}

impl Counted {
    /// Counts a call, and returns whether the fault is due.
    fn is_due(&mut self) -> bool {
        self.seen += 1;
        let trigger = &self.fault.trigger;
        let at = trigger.at.unwrap_or(0);
        let in_turn = match (trigger.at, trigger.every) {
            (_, Some(every)) => self.seen >= at && (self.seen - at).is_multiple_of(every.max(1)),
            (Some(at), None) => self.seen >= at,
            (None, None) => true,
        };
        let alone = trigger.at.is_some() && trigger.every.is_none() && trigger.probability.is_none();
        let times = trigger.times.unwrap_or(if alone { 1 } else { u64::MAX });
        let drawn = match trigger.probability {
            Some(probability) => self.random.f64() < probability,
            None => true,
        };
        in_turn && drawn && self.hits < times
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::ReceivedCall;
    use super::*;

    fn hits(order: &str, calls: u64) -> Vec<u64> {
        let mut plan = FaultPlan::new([order.parse().unwrap()]);
        let call = ReceivedCall { method: "GET".to_owned(), ..ReceivedCall::default() };
        (1..=calls)
            .filter(|&seq| {
                plan.due(&LoggedCall::new(seq, &call), &Operation::ListProjects).transport.is_some()
            })
            .collect()
    }

    #[test]
    fn triggers_pick_calls() {
        assert_eq!(hits("503", 4), [1, 2, 3, 4]);
        assert_eq!(hits("503,times=2", 4), [1, 2]);
        assert_eq!(hits("503,at=3", 9), [3]);
        assert_eq!(hits("503,at=3,times=2", 9), [3, 4]);
        assert_eq!(hits("503,every=3", 9), [3, 6, 9]);
        assert_eq!(hits("503,at=2,every=3", 9), [2, 5, 8]);
        assert_eq!(hits("503,at=2,every=3,times=2", 9), [2, 5]);
        assert_eq!(hits("503,method=POST", 9), [0; 0]);
        assert_eq!(hits("503,probability=0", 50), [0; 0]);
        assert_eq!(hits("503,probability=1", 3), [1, 2, 3]);
    }

    #[test]
    fn a_probability_is_repeatable_and_about_right() {
        let first = hits("429,probability=0.1,seed=7", 1000);
        assert_eq!(first, hits("429,probability=0.1,seed=7", 1000));
        assert_ne!(first, hits("429,probability=0.1,seed=8", 1000));
        assert!((50..200).contains(&first.len()), "{} of 1000", first.len());
    }
}
