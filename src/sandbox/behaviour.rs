//! The possible behaviour of the service where its documentation is silent.

/// One choice for each open question. [`Behaviour::default`] is the strictest reading of the documentation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Behaviour {
    /// Whether List Users includes people who have not accepted yet. If so, they can be read, changed, assigned
    /// and unassigned like members.
    pub pending_shows: bool,
    /// The answer to a second invitation before the first is accepted.
    pub second_invitation: SecondInvitation,
    /// The handling of `limit` and `page`.
    pub paging: Paging,
    /// The answer to assigning a user to a project they are already in.
    pub assign_again: AssignAgain,
    /// The answer to assigning a person who has not accepted yet and is not listed.
    pub assign_pending: AssignPending,
}

/// The answer to a second invitation before the first is accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SecondInvitation {
    /// 409, as for any Voucherify user.
    #[default]
    Refused,
    /// 204: sent again, with the new projects in place of the previous ones.
    SentAgain,
}

/// The handling of `limit` and `page`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Paging {
    /// Honored.
    #[default]
    Honoured,
    /// Ignored: every answer is the whole list.
    Ignored,
}

/// The answer to assigning a user to a project they are already in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AssignAgain {
    /// 400.
    #[default]
    Refused,
    /// 200, and the role stays the same.
    KeepsRole,
    /// 200, and the role becomes the new one.
    TakesRole,
}

/// The answer to assigning a person who has not accepted yet and is not listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AssignPending {
    /// 404: no such user.
    #[default]
    NotFound,
    /// 400: the user is not active.
    NotActive,
}
