//! What the service may do where its documents are silent: every choice is an option, to be tried.

/// The choices. [`Behaviour::default`] is the least kind reading of the documents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Behaviour {
    /// Whether people who have not accepted yet show in List Users. If they do, they can be read, changed,
    /// assigned and unassigned like anybody else.
    pub pending_shows: bool,
    /// What a second invitation to somebody who has not accepted yet gets.
    pub second_invitation: SecondInvitation,
    /// What becomes of `limit` and `page`.
    pub paging: Paging,
    /// What assigning somebody to a project they are in already does.
    pub assign_again: AssignAgain,
    /// What assigning somebody who has not accepted yet (and does not show) gets.
    pub assign_pending: AssignPending,
}

/// What a second invitation to somebody who has not accepted yet gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SecondInvitation {
    /// 409, as for any Voucherify user.
    #[default]
    Refused,
    /// 204: it is sent once more, and its projects take the place of the first one's.
    SentAgain,
}

/// What becomes of `limit` and `page`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Paging {
    /// They are honoured.
    #[default]
    Honoured,
    /// They are ignored: every answer is the whole list.
    Ignored,
}

/// What assigning somebody to a project they are in already does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AssignAgain {
    /// 400.
    #[default]
    Refused,
    /// 200, and the role stays as it was.
    KeepsRole,
    /// 200, and the role becomes the new one.
    TakesRole,
}

/// What assigning somebody who has not accepted yet gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AssignPending {
    /// 404: there is no such user.
    #[default]
    NotFound,
    /// 400: the user is not active.
    NotActive,
}
