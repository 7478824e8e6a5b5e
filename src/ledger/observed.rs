//! What a live reading shows that the ledger did not know: access that changed outside guestlist.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::time::{millis, some_millis};
use crate::model::{Email, ProjectId, Role, UserId};

/// Access that a live reading shows and that the ledger did not know: someone accepted an invitation, or was
/// added, changed or removed by hand.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The login of the person.
    pub email: Email,
    /// The id of that user, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The project.
    pub project: ProjectId,
    /// The role that the ledger knew; none for no access. Equal to `to` if only the login of the user changed.
    pub from: Option<Role>,
    /// The role now; none for no access.
    pub to: Option<Role>,
    /// The last time at which the ledger knew `from` to be right. None in the starting inventory, which says
    /// nothing about the time before.
    #[serde(serialize_with = "some_millis")]
    pub after: Option<Timestamp>,
    /// When the reading was made that shows `to`.
    #[serde(serialize_with = "millis")]
    pub by: Timestamp,
}
