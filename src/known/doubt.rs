//! When a reading is not the truth. The judgement is made once, from all the lists together.

use std::collections::BTreeMap;
use std::fmt;

use super::{Member, Reading};
use crate::model::{Email, ProjectId, UserId};

/// Why a list is not to be believed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Doubt {
    /// Fewer users came than the service says there are.
    Short {
        /// Whose list.
        project: ProjectId,
        /// How many came.
        got: u64,
        /// How many there are said to be.
        total: u64,
    },
    /// The pages of a list named different totals: it changed while it was read.
    Moving {
        /// Whose list.
        project: ProjectId,
    },
    /// Nobody came, where there were members before.
    Empty {
        /// Whose list.
        project: ProjectId,
        /// How many members it had.
        before: usize,
    },
    /// A user stands in a list, and the user's own projects say otherwise, or the other way round.
    Inconsistent {
        /// Whose list.
        project: ProjectId,
        /// Which user.
        login: Email,
    },
    /// Two users have the address, as their login or their email.
    TwoUsers {
        /// The address.
        login: Email,
    },
    /// One user id came with two logins.
    TwoLogins {
        /// The user.
        user: UserId,
        /// The login that came first.
        login: Email,
        /// The other.
        other: Email,
    },
}

impl Doubt {
    /// Replaces everyone it names.
    pub fn rename(&mut self, rename: impl Fn(&Email) -> Email) {
        match self {
            Self::Short { .. } | Self::Moving { .. } | Self::Empty { .. } => {}
            Self::Inconsistent { login, .. } | Self::TwoUsers { login } => *login = rename(login),
            Self::TwoLogins { login, other, .. } => {
                *login = rename(login);
                *other = rename(other);
            }
        }
    }

    /// The project that should be read once more; none means all.
    #[must_use]
    pub fn project(&self) -> Option<&ProjectId> {
        match self {
            Self::Short { project, .. } | Self::Moving { project } | Self::Empty { project, .. } => {
                Some(project)
            }
            Self::Inconsistent { .. } | Self::TwoUsers { .. } | Self::TwoLogins { .. } => None,
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { project, got, total } => {
                write!(
                    f,
                    "List Users of {project} gave {} and says there are {total}",
                    crate::words::count(usize::try_from(*got).unwrap_or(usize::MAX), "user")
                )
            }
            Self::Moving { project } => {
                write!(
                    f,
                    "List Users of {project} changed while it was read: its pages name different totals"
                )
            }
            Self::Empty { project, before } => write!(
                f,
                "List Users of {project} came back empty, and the project had {} before; if that is true, give one person a role there by hand, then run again",
                crate::words::count(*before, "member")
            ),
            Self::Inconsistent { project, login } => {
                write!(f, "the lists disagree on whether {login} has a role in {project}, or which")
            }
            Self::TwoUsers { login } => write!(f, "two users match the address {login}"),
            Self::TwoLogins { user, login, other } => {
                write!(f, "the lists have the user {user} with two logins, {login} and {other}")
            }
        }
    }
}

/// Everything about the lists that cannot be true, or was not true a moment ago.
pub(super) fn in_reading(all: &Reading, last: &BTreeMap<Email, Member>) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let mut ids: BTreeMap<&Email, &UserId> = BTreeMap::new();
    let mut logins: BTreeMap<&UserId, &Email> = BTreeMap::new();
    for (project, list) in &all.lists {
        let got = list.users.len() as u64;
        match list.total {
            Some(total) if got < total => doubts.push(Doubt::Short { project: project.clone(), got, total }),
            _ => {}
        }
        if list.totals_differ {
            doubts.push(Doubt::Moving { project: project.clone() });
        }
        if list.users.is_empty() {
            let before = last.values().filter(|member| member.access.contains_key(project)).count();
            if before > 0 {
                doubts.push(Doubt::Empty { project: project.clone(), before });
            }
        }
        for user in list.users.values() {
            for address in std::iter::once(&user.login).chain(&user.email) {
                if *ids.entry(address).or_insert(&user.id) != &user.id {
                    doubts.push(Doubt::TwoUsers { login: address.clone() });
                }
            }
            // As two members they would be judged apart, and what one is to lose the other would.
            let login = *logins.entry(&user.id).or_insert(&user.login);
            if *login != user.login {
                let (user, other) = (user.id.clone(), user.login.clone());
                doubts.push(Doubt::TwoLogins { user, login: login.clone(), other });
            }
            if !user.projects.contains_key(project) {
                doubts.push(Doubt::Inconsistent { project: project.clone(), login: user.login.clone() });
            }
            // What a user's row says of another managed project must be what that project's list says.
            for (other, role) in &user.projects {
                let Some(its_list) = all.lists.get(other).filter(|_| other != project) else { continue };
                if its_list.users.get(&user.id).and_then(|row| row.projects.get(other)) != Some(role) {
                    doubts.push(Doubt::Inconsistent { project: other.clone(), login: user.login.clone() });
                }
            }
        }
    }
    doubts.sort();
    doubts.dedup();
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::{User, UserList};
    use crate::model::Role;

    /// A user of both projects, as the list of one of them shows it.
    fn user(login: &str, is_owner: bool) -> User {
        let projects = ["p", "q"].map(|id| (ProjectId::new(id), Role::User));
        User {
            id: UserId::new("user_1"),
            login: Email::as_received(login),
            email: None,
            first_name: String::new(),
            last_name: String::new(),
            projects: projects.into(),
            is_owner,
        }
    }

    fn reading(p: User, q: User) -> Reading {
        let list = |user: User| UserList {
            users: [(user.id.clone(), user)].into(),
            total: Some(1),
            totals_differ: false,
        };
        let lists = [(ProjectId::new("p"), list(p)), (ProjectId::new("q"), list(q))];
        Reading { read_at: jiff::Timestamp::UNIX_EPOCH, lists: lists.into() }
    }

    #[test]
    fn one_user_with_two_logins_cannot_be() {
        let doubts =
            |p: &str, q: &str| in_reading(&reading(user(p, false), user(q, false)), &BTreeMap::new());
        let text =
            doubts("ana@example.com", "ben@example.com").iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            text,
            ["the lists have the user user_1 with two logins, ana@example.com and ben@example.com"]
        );
        assert_eq!(doubts("ana@example.com", "Ana@example.com"), []);
    }

    #[test]
    fn an_address_that_matches_two_users_is_a_doubt() {
        let zoe = user("zoe.sso@id.example", false);
        let other = |login: &str, email: Option<&str>| User {
            id: UserId::new("user_2"),
            email: email.map(Email::as_received),
            ..user(login, false)
        };
        let told = |first: User, second: User| {
            let users = [(first.id.clone(), first), (second.id.clone(), second)];
            let list = UserList { users: users.into(), total: Some(2), totals_differ: false };
            let lists = ["p", "q"].map(|id| (ProjectId::new(id), list.clone()));
            let reading = Reading { read_at: jiff::Timestamp::UNIX_EPOCH, lists: lists.into() };
            let doubts = in_reading(&reading, &BTreeMap::new());
            doubts.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let with_email = User { email: Some(Email::as_received("Zoe@agency.example")), ..zoe.clone() };
        assert_eq!(told(with_email.clone(), other("ben@example.com", None)), [""; 0]);
        let two = ["two users match the address zoe@agency.example"];
        assert_eq!(told(with_email.clone(), other("zoe@agency.example", None)), two);
        assert_eq!(told(with_email, other("ben@example.com", Some("zoe@agency.example"))), two);
    }

    #[test]
    fn a_list_whose_total_changes_is_a_doubt_of_its_project() {
        let list = UserList { totals_differ: true, total: Some(0), ..UserList::default() };
        let reading =
            Reading { read_at: jiff::Timestamp::UNIX_EPOCH, lists: [(ProjectId::new("p"), list)].into() };
        let doubts = in_reading(&reading, &BTreeMap::new());
        assert_eq!(doubts, [Doubt::Moving { project: ProjectId::new("p") }]);
        assert_eq!(doubts[0].project(), Some(&ProjectId::new("p")));
    }

    #[test]
    fn whom_one_list_calls_the_owner_is_an_owner() {
        for (p, q) in [(true, false), (false, true), (true, true), (false, false)] {
            let reading = reading(user("ana@example.com", p), user("ana@example.com", q));
            let members = reading.members();
            assert_eq!(members[&Email::as_received("ana@example.com")].is_owner, p || q);
        }
    }
}
