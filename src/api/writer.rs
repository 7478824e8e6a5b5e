//! The part of the client that writes.

use std::time::Duration;

use super::call::Call;
use super::client::{Admission, Answer, Client};
use super::error::Error;
use super::rate_limit::Pace;
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

    /// Cancels every call that waits, as [`Client::stop`] does.
    pub fn stop(&self) {
        self.client.stop();
    }

    /// The rate limit in the last response, as [`Client::pace`] returns it.
    #[must_use]
    pub fn pace(&self) -> Option<Pace> {
        self.client.pace()
    }

    /// Limits the waits for the rate limit, as [`Client::set_patience`] does.
    pub fn set_patience(&self, patience: Duration) {
        self.client.set_patience(patience);
    }

    /// Sleeps for `time`, or until the client is stopped.
    pub async fn pause(&self, time: Duration) {
        self.client.pause(time).await;
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
