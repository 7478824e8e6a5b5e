//! Whether a run can rely on the store of its ledger: its check, how long its credentials last, and whether it still
//! responds.

use std::time::Duration;

use super::Ledger;
use super::error::LedgerError;
use crate::escape;

/// How long the last call of a run, its record and the release of the lock may take.
const LAST_CALL: Duration = Duration::from_secs(60);

impl Ledger {
    /// Checks that the credentials for the ledger can be used until calls that wait for `wait` are recorded. `by` names
    /// the calls, such as `the 3 calls of this plan`.
    ///
    /// # Errors
    /// If it is known that they expire before, and they cannot be renewed.
    pub fn must_last(&self, wait: Duration, by: &str) -> Result<(), LedgerError> {
        let Some(expires) = self.store.expires() else { return Ok(()) };
        let left = expires.duration_since(self.clock.timestamp());
        let left = Duration::try_from(left).unwrap_or_default();
        let needed = wait.saturating_add(LAST_CALL);
        if left >= needed {
            return Ok(());
        }
        Err(LedgerError::ExpiresSoon { store: self.store.name(), expires, left, needed, by: by.to_owned() })
    }

    /// Whether the object store has passed the check of its conditional writes, which the first write to it makes. None
    /// for a folder, which needs none.
    ///
    /// # Errors
    /// If the store cannot be reached, or the result is not one.
    pub fn is_store_checked(&self) -> Result<Option<bool>, LedgerError> {
        self.store.is_checked()
    }

    /// Calls `say` with a sentence whenever a response of a store on the network is awaited for long.
    pub fn say_waiting(&self, say: impl Fn(&str) + Send + Sync + 'static) {
        let sentence =
            format!("Waiting for a response from the ledger `{}`.", escape::line(&self.store.name()));
        self.store.say_waiting(Box::new(move || say(&sentence)));
    }

    /// The process was asked to end. From now on, a store on the network that does not respond within a few seconds is
    /// given up.
    pub fn hurry(&self) {
        self.store.hurry();
    }

    /// The error if the store was given up, because it did not respond after [`Self::hurry`].
    #[must_use]
    pub fn given_up(&self) -> Option<LedgerError> {
        self.store.is_given_up().then(|| LedgerError::NoResponse(self.store.name()))
    }
}
