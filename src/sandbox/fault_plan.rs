//! The faults ordered, and how often each has struck: decides what goes wrong with a call.

use super::call::{Endpoint, LoggedCall};
use super::fault::{Fault, FaultKind};

/// Faults with their counters.
#[derive(Debug, Default)]
pub(super) struct FaultPlan(Vec<Ordered>);

#[derive(Debug)]
struct Ordered {
    fault: Fault,
    seen: u64,
    struck: u64,
    random: fastrand::Rng,
}

/// What goes wrong with one call.
#[derive(Debug, Default)]
pub(super) struct Misfortune {
    /// The fault that takes the place of the answer, or spoils it: the first that strikes.
    pub(super) loud: Option<Fault>,
    /// Those that change what the answer says.
    pub(super) quiet: Vec<Fault>,
}

impl FaultPlan {
    pub(super) fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self(
            faults
                .into_iter()
                .map(|fault| Ordered {
                    random: fastrand::Rng::with_seed(fault.trigger.seed.unwrap_or(0)),
                    fault,
                    seen: 0,
                    struck: 0,
                })
                .collect(),
        )
    }

    /// The longest lag that any fault asks for, in calls.
    pub(super) fn longest_lag(&self) -> u64 {
        let lags = self.0.iter().map(|ordered| match ordered.fault.kind {
            FaultKind::Lag { calls } => calls,
            _ => 0,
        });
        lags.max().unwrap_or(0)
    }

    /// What goes wrong with this call.
    pub(super) fn strike(&mut self, call: &LoggedCall, endpoint: &Endpoint) -> Misfortune {
        let mut misfortune = Misfortune::default();
        for ordered in &mut self.0 {
            if !ordered.fault.concerns(call, endpoint) || !ordered.is_due() {
                continue;
            }
            if ordered.fault.kind.is_quiet() {
                ordered.struck += 1;
                misfortune.quiet.push(ordered.fault.clone());
            } else if misfortune.loud.is_none() {
                ordered.struck += 1;
                misfortune.loud = Some(ordered.fault.clone());
            }
        }
        misfortune
    }
}

impl Ordered {
    /// Counts a call, and says whether this is one to strike.
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
        in_turn && drawn && self.struck < times
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::Call;
    use super::*;

    fn struck(order: &str, calls: u64) -> Vec<u64> {
        let mut plan = FaultPlan::new([order.parse().unwrap()]);
        let call = Call { method: "GET".to_owned(), ..Call::default() };
        (1..=calls)
            .filter(|&seq| plan.strike(&LoggedCall::new(seq, &call), &Endpoint::ListProjects).loud.is_some())
            .collect()
    }

    #[test]
    fn triggers_pick_calls() {
        assert_eq!(struck("503", 4), [1, 2, 3, 4]);
        assert_eq!(struck("503,times=2", 4), [1, 2]);
        assert_eq!(struck("503,at=3", 9), [3]);
        assert_eq!(struck("503,at=3,times=2", 9), [3, 4]);
        assert_eq!(struck("503,every=3", 9), [3, 6, 9]);
        assert_eq!(struck("503,at=2,every=3", 9), [2, 5, 8]);
        assert_eq!(struck("503,at=2,every=3,times=2", 9), [2, 5]);
        assert_eq!(struck("503,method=POST", 9), [0; 0]);
        assert_eq!(struck("503,probability=0", 50), [0; 0]);
        assert_eq!(struck("503,probability=1", 3), [1, 2, 3]);
    }

    #[test]
    fn a_probability_is_repeatable_and_about_right() {
        let first = struck("429,probability=0.1,seed=7", 1000);
        assert_eq!(first, struck("429,probability=0.1,seed=7", 1000));
        assert_ne!(first, struck("429,probability=0.1,seed=8", 1000));
        assert!((50..200).contains(&first.len()), "{} of 1000", first.len());
    }
}
