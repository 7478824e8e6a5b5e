//! Decides when a failing service is down: first a pause, then probes, then the end of the run.
//!
//! The calls for some people may always fail, which must not hold up the others. So failed calls alone do not
//! stop the run: after a pause it tries one person at a time, and stops only if these fail as well.

use std::cell::{Cell, RefCell};

use super::stop::Stopped;
use crate::api::Error;

/// The number of failed calls in a row after which the run pauses.
const PAUSES_AFTER: u32 = 5;

/// The number of failed probes in a row after which the run stops.
const STOPS_AFTER: u32 = 3;

/// The people processed in parallel before the first response, so a service that is down is not tried for many.
const AT_FIRST: usize = 8;

/// The failed calls since the last response.
#[derive(Default)]
pub(super) struct Outage {
    has_responded: Cell<bool>,
    failed_calls: Cell<u32>,
    failed_probes: Cell<u32>,
    last: RefCell<Option<Box<Error>>>,
}

impl Outage {
    /// Counts the result of a call: a success, or this error.
    pub(super) fn note(&self, error: Option<&Error>) {
        match error {
            Some(error) if error.cause.is_outage() => {
                self.failed_calls.set(self.failed_calls.get().saturating_add(1));
                *self.last.borrow_mut() = Some(Box::new(error.clone()));
            }
            Some(error) if !error.cause.is_answer() => {}
            _ => {
                self.has_responded.set(true);
                self.failed_calls.set(0);
                self.failed_probes.set(0);
            }
        }
    }

    /// The number of people to process in parallel, of at most `most`.
    pub(super) fn people_at_once(&self, most: usize) -> usize {
        if self.has_responded.get() { most } else { most.min(AT_FIRST) }
    }

    /// The number of calls that failed since the last response.
    pub(super) fn failed_calls(&self) -> u32 {
        self.failed_calls.get()
    }

    /// Whether no calls are made except as a probe.
    pub(super) fn is_paused(&self) -> bool {
        self.failed_calls.get() >= PAUSES_AFTER
    }

    /// Counts a probe that started after `failed_before` failed calls and has ended. Returns the reason to
    /// stop once enough probes have failed.
    pub(super) fn probed(&self, failed_before: u32) -> Option<Stopped> {
        if self.failed_calls.get() <= failed_before {
            return None;
        }
        self.failed_probes.set(self.failed_probes.get() + 1);
        let last = self.last.borrow().clone().filter(|_| self.failed_probes.get() >= STOPS_AFTER)?;
        Some(Stopped::Down { calls: self.failed_calls.get(), last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Cause, Method, Rejection};

    fn failed(cause: Cause) -> Error {
        Error::unsent(Method::Get, "/", cause)
    }

    #[test]
    fn a_response_resets_the_count_of_failures() {
        let outage = Outage::default();
        let refused = failed(Cause::Refused(Rejection { status: 404, ..Rejection::default() }));
        for answer in [None, Some(&refused)] {
            for _ in 0..4 {
                outage.note(Some(&failed(Cause::TimedOut)));
            }
            // Neither a response nor an outage.
            outage.note(Some(&failed(Cause::Stopped)));
            assert!(!outage.is_paused());
            outage.note(Some(&failed(Cause::TimedOut)));
            assert!(outage.is_paused());
            outage.note(answer);
            assert!(!outage.is_paused());
        }
    }

    #[test]
    fn more_people_are_processed_once_the_service_has_responded() {
        let outage = Outage::default();
        outage.note(Some(&failed(Cause::TimedOut)));
        assert_eq!([outage.people_at_once(16), outage.people_at_once(3)], [8, 3]);
        outage.note(None);
        assert_eq!(outage.people_at_once(16), 16);
    }

    #[test]
    fn three_failed_probes_in_a_row_stop_the_run() {
        let outage = Outage::default();
        let failure = failed(Cause::TimedOut);
        let probe = |calls: &[Option<&Error>]| {
            let before = outage.failed_calls();
            for call in calls {
                outage.note(*call);
            }
            outage.probed(before).map(|stopped| stopped.to_string())
        };
        for _ in 0..5 {
            outage.note(Some(&failure));
        }
        let fails = [Some(&failure)];
        assert_eq!([probe(&fails), probe(&fails)], [None, None]);
        // A probe without a call shows nothing, and one with a response ends the outage.
        assert_eq!([probe(&[]), probe(&[None])], [None, None]);
        assert_eq!([probe(&fails), probe(&fails)], [None, None]);
        let stopped = probe(&fails).expect("a reason");
        assert!(stopped.starts_with("3 calls failed in a row, so the service seems to be down"), "{stopped}");
    }
}
