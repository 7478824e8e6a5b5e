//! What the reader should know and that leads to no call.

use serde::{Deserialize, Serialize};

use crate::identity::{Email, ProjectId};

/// Something the reader should know that leads to no call.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The sentence, without the email.
    pub text: String,
}

/// What a note is about. The order is that in which text shows them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The API will not take the last project: the user must be deleted by hand.
    LastProject,
    /// An invitation is out for somebody who should have none, and it cannot be cancelled.
    CannotCancel,
    /// An invitation is out for longer than [`STALE_DAYS`](super::STALE_DAYS).
    Stale,
    /// An invitation is out.
    Invited,
    /// An invitation may be out: the answer to the call is not recorded.
    InFlight,
    /// More people wait to be invited than this wave takes.
    Wave,
    /// `from` lies ahead.
    Starts,
    /// `until` is near.
    Ends,
    /// `until` has passed.
    Ended,
    /// A listed person has a role that the file does not give, and prune leaves it.
    ExtraRole,
    /// A member whom the file does not list, and prune leaves alone.
    Unlisted,
    /// A member under `protect`.
    Protected,
    /// An owner whose roles are not as the file would have them.
    Owner,
}
