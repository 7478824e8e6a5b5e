//! How a person relates to the organization.

use jiff::civil::Date;

use crate::known::{Invitation, Member};
use crate::plan::STALE_DAYS;
use crate::words;

/// How a person relates to the organization.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PersonStatus {
    /// A member with `is_owner`.
    Owner,
    /// Any other member.
    Member,
    /// An invitation is pending.
    Invited {
        /// How long ago it was sent.
        days: i32,
    },
    /// An invitation is pending for longer than [`STALE_DAYS`].
    Stale {
        /// How long ago it was sent.
        days: i32,
    },
    /// In the team file, and not invited yet.
    NotInvited,
    /// In the team file with a last day that has passed.
    Ended,
}

impl PersonStatus {
    pub(super) fn of(
        member: Option<&Member>,
        invitation: Option<&Invitation>,
        ended: Option<Date>,
        date: Date,
    ) -> Self {
        match (member, invitation) {
            (Some(member), _) if member.is_owner => Self::Owner,
            (Some(_), _) => Self::Member,
            (None, Some(invitation)) => {
                let days = invitation.days_out(date);
                if days > STALE_DAYS { Self::Stale { days } } else { Self::Invited { days } }
            }
            (None, None) if ended.is_some() => Self::Ended,
            (None, None) => Self::NotInvited,
        }
    }

    pub(super) fn is_member(self) -> bool {
        matches!(self, Self::Owner | Self::Member)
    }

    pub(super) fn is_invited(self) -> bool {
        matches!(self, Self::Invited { .. } | Self::Stale { .. })
    }

    /// Display text.
    pub(super) fn text(self) -> String {
        match self {
            Self::Owner => "owner".to_owned(),
            Self::Member => "member".to_owned(),
            Self::Invited { days } => format!("invited {}", words::days_ago(days)),
            Self::Stale { days } => format!("stale: invited {}", words::days_ago(days)),
            Self::NotInvited => "not invited yet".to_owned(),
            Self::Ended => "access ended".to_owned(),
        }
    }

    /// Identifier for filters, links and programs.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
            Self::Invited { .. } => "invited",
            Self::Stale { .. } => "stale",
            Self::NotInvited => "not_invited",
            Self::Ended => "ended",
        }
    }
}
