//! The difference that a live reading shows, in numbers and with an id.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A difference between the organization and the team file, or something that needs attention.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Drift {
    /// The `drift_id` of the plan: the same on every day for the same difference.
    pub id: String,
    /// When a live reading first found it.
    pub since: Timestamp,
    /// The number of changes that would close it.
    pub changes: usize,
    /// The number of notes that need attention.
    pub attention: usize,
}
