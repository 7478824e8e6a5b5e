//! What the calls of a client wait for, as data for whoever shows progress.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::sync::watch;

use super::cause::Cause;

/// What the calls of a client wait for at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Activity {
    /// When the rate limit ends, while all calls wait for it.
    pub rate_limit: Option<Timestamp>,
    /// When calls go on, during a pause because the service seems to be down.
    pub pause: Option<Timestamp>,
    /// The user lists that are being read, if any.
    pub lists: Option<Lists>,
    /// The calls that are being retried, by a number that tells them apart.
    pub retries: BTreeMap<u64, Retry>,
}

/// How many user lists have been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lists {
    /// Complete lists.
    pub read: usize,
    /// All lists, one for each project.
    pub all: usize,
}

/// A call that is being retried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retry {
    /// The next or present attempt; the first retry is attempt 2.
    pub attempt: u32,
    /// The maximum number of attempts.
    pub attempts: u32,
    /// When the attempt starts.
    pub at: Timestamp,
    /// Why the attempt before it failed.
    pub cause: Cause,
}

impl Activity {
    /// The call that has been retried most often, if any is being retried.
    #[must_use]
    pub fn retry(&self) -> Option<&Retry> {
        self.retries.values().max_by_key(|retry| retry.attempt)
    }
}

/// Tells watchers about the retries of one call. They are over when this is dropped.
pub(super) struct Retries<'a> {
    activity: &'a watch::Sender<Activity>,
    call: Option<u64>,
}

impl<'a> Retries<'a> {
    pub(super) fn new(activity: &'a watch::Sender<Activity>) -> Self {
        Self { activity, call: None }
    }

    pub(super) fn next(&mut self, retry: Retry) {
        self.activity.send_modify(|activity| {
            let next = activity.retries.last_key_value().map_or(0, |(call, _)| call + 1);
            activity.retries.insert(*self.call.get_or_insert(next), retry);
        });
    }
}

impl Drop for Retries<'_> {
    fn drop(&mut self) {
        let Some(call) = self.call else { return };
        self.activity.send_modify(|activity| {
            activity.retries.remove(&call);
        });
    }
}

/// Tells watchers how many user lists have been read. The reading is over when this is dropped.
pub(super) struct Reading<'a> {
    activity: &'a watch::Sender<Activity>,
}

impl<'a> Reading<'a> {
    pub(super) fn begin(activity: &'a watch::Sender<Activity>, all: usize) -> Self {
        activity.send_modify(|activity| activity.lists = Some(Lists { read: 0, all }));
        Self { activity }
    }

    pub(super) fn one_more(&self) {
        self.activity.send_modify(|activity| {
            if let Some(lists) = &mut activity.lists {
                lists.read += 1;
            }
        });
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.activity.send_modify(|activity| activity.lists = None);
    }
}
