//! The part of the client that writes.

use std::time::Duration;

use super::call::Call;
use super::client::{Admission, Answer, Client};
use super::error::Error;
use super::reader::Reader;
use super::response::Content;

/// Reads and writes.
#[derive(Clone)]
pub struct Writer {
    client: Client,
    reader: Reader,
}

impl Client {
    /// The part of the client that also writes.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer { reader: self.reader(), client: self.clone() }
    }
}

impl Writer {
    /// The part that reads.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Cancels every call that waits for the rate limit or for its next attempt. Attempts in flight finish.
    pub fn stop(&self) {
        self.client.0.stopped.send_replace(true);
    }

    /// Limits the time that all calls wait for the rate limit to `patience` from now. The first setting
    /// counts. Without one, each call waits as long as its retry policy allows.
    pub fn set_patience(&self, patience: Duration) {
        let client = &self.client.0;
        if let Some(deadline) = client.clock.instant().checked_add(patience) {
            client.deadline.get_or_init(|| deadline);
        }
    }

    /// Sleeps for `time`, or until the client is stopped.
    pub async fn pause(&self, time: Duration) {
        let client = &self.client.0;
        let until = client.time_after(time);
        client.activity.send_modify(|activity| activity.pause = Some(until));
        // The caller checks for a stop before every call anyway.
        let _ = client.unless_stopped(client.clock.sleep(time)).await;
        client.activity.send_modify(|activity| activity.pause = None);
    }

    /// Waits until the rate limit leaves room for the call, which must then be sent at once.
    ///
    /// # Errors
    /// If the call cannot be sent, would have to wait too long, or was cancelled. Nothing was sent.
    pub async fn admit<T>(&self, call: &Call<T>) -> Result<Admission, Error> {
        self.client.admit(call).await
    }

    /// Makes the call. `permit` is called right before every attempt, retries included; if it returns false,
    /// nothing more is sent.
    ///
    /// # Errors
    /// If it did not succeed.
    pub async fn send<T: Content>(
        &self,
        call: &Call<T>,
        admission: Admission,
        permit: &(dyn Fn() -> bool + Sync),
    ) -> Result<Answer<T>, Error> {
        self.client.send(call, admission, permit).await
    }
}
