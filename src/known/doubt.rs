//! Why a reading may not be true, judged once from all lists together. `render` makes the sentences.

use std::collections::BTreeMap;

use super::Reading;
use super::rows::Row;
use crate::model::{Email, ProjectId, UserId};

/// A reason not to trust a reading.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Doubt {
    /// The list has fewer users than its `total`.
    Short {
        /// Whose list.
        project: ProjectId,
        /// How many users the list has.
        got: u64,
        /// Its `total`.
        total: u64,
    },
    /// The pages of a list have different totals: it changed while it was read.
    Moving {
        /// Whose list.
        project: ProjectId,
    },
    /// The list is empty, and the project had members before.
    Empty {
        /// Whose list.
        project: ProjectId,
        /// How many members it had.
        before: usize,
    },
    /// A project's list and the projects in a user's row contradict each other.
    Inconsistent {
        /// Whose list.
        project: ProjectId,
        /// Which user.
        login: Email,
    },
    /// Two users have this address, as their login or their email.
    TwoUsers {
        /// The address.
        address: Email,
    },
    /// One user id has two logins.
    TwoLogins {
        /// The user.
        user: UserId,
        /// The first login.
        login: Email,
        /// The other.
        other: Email,
    },
}

impl Doubt {
    /// Replaces every email in it.
    pub fn rename(&mut self, rename: impl Fn(&Email) -> Email) {
        match self {
            Self::Short { .. } | Self::Moving { .. } | Self::Empty { .. } => {}
            Self::Inconsistent { login: email, .. } | Self::TwoUsers { address: email } => {
                *email = rename(email);
            }
            Self::TwoLogins { login, other, .. } => {
                *login = rename(login);
                *other = rename(other);
            }
        }
    }

    /// The project whose list should be read again; none means all.
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

/// Inconsistencies within this reading, whose distinct rows are `rows`, and against the previous one,
/// in which a project had `members_before`.
pub(super) fn in_reading(
    all: &Reading,
    rows: &[Row<'_>],
    members_before: impl Fn(&ProjectId) -> usize,
) -> Vec<Doubt> {
    let mut doubts = Vec::new();
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
            let before = members_before(project);
            if before > 0 {
                doubts.push(Doubt::Empty { project: project.clone(), before });
            }
        }
    }
    let mut addresses: BTreeMap<&Email, &UserId> = BTreeMap::new();
    let mut logins: BTreeMap<&UserId, &Email> = BTreeMap::new();
    for row in rows {
        let user = row.user;
        for address in std::iter::once(&user.login).chain(&user.email) {
            if *addresses.entry(address).or_insert(&user.id) != &user.id {
                doubts.push(Doubt::TwoUsers { address: address.clone() });
            }
        }
        // Two logins for one id would become two members, and unassigning one would hit the other.
        let login = *logins.entry(&user.id).or_insert(&user.login);
        if *login != user.login {
            let (user, other) = (user.id.clone(), user.login.clone());
            doubts.push(Doubt::TwoLogins { user, login: login.clone(), other });
        }
        if !row.is_consistent() {
            disagreements(all, row, &mut doubts);
        }
    }
    doubts.sort();
    doubts.dedup();
    doubts
}

/// The projects in which a row and the lists contradict each other.
fn disagreements(all: &Reading, row: &Row<'_>, doubts: &mut Vec<Doubt>) {
    let user = row.user;
    let mut disagree = |project: &ProjectId| {
        doubts.push(Doubt::Inconsistent { project: project.clone(), login: user.login.clone() });
    };
    for (number, project) in all.lists.keys().enumerate() {
        let is_listed = row.lists.contains(&number);
        if is_listed && !user.projects.contains_key(project) {
            disagree(project);
        }
        // A user's row must agree with the lists of the other managed projects.
        let Some(role) = user.projects.get(project).filter(|_| !is_listed) else { continue };
        let other = all.lists[project].users.get(&user.id);
        if other.and_then(|other| other.projects.get(project)) != Some(role) {
            disagree(project);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::{User, UserList, rows};
    use crate::model::{Access, Role};

    /// A user of both projects, as the list of one of them shows it.
    fn user(login: &str, is_owner: bool) -> User {
        let projects = ["p", "q"].map(|id| (ProjectId::new(id), Role::User));
        User {
            id: UserId::new("user_1"),
            login: Email::as_received(login),
            email: None,
            first_name: String::new(),
            last_name: String::new(),
            projects: Access::from(projects),
            is_owner,
        }
    }

    fn reading(p: User, q: User) -> Reading {
        let lists =
            [(ProjectId::new("p"), UserList::new([p], 1)), (ProjectId::new("q"), UserList::new([q], 1))];
        Reading { read_at: jiff::Timestamp::UNIX_EPOCH, lists: lists.into() }
    }

    fn doubts(reading: &Reading) -> Vec<Doubt> {
        in_reading(reading, &rows::of(&reading.lists), |_| 0)
    }

    #[test]
    fn one_user_with_two_logins_is_a_doubt() {
        let doubts = |p: &str, q: &str| super::tests::doubts(&reading(user(p, false), user(q, false)));
        let [login, other] = ["ana@example.com", "ben@example.com"].map(Email::as_received);
        let twice = Doubt::TwoLogins { user: UserId::new("user_1"), login, other };
        assert_eq!(doubts("ana@example.com", "ben@example.com"), [twice]);
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
        let found = |first: User, second: User| {
            let list = UserList::new([first, second], 2);
            let lists = ["p", "q"].map(|id| (ProjectId::new(id), list.clone()));
            let reading = Reading { read_at: jiff::Timestamp::UNIX_EPOCH, lists: lists.into() };
            doubts(&reading)
        };
        let with_email = User { email: Some(Email::as_received("Zoe@agency.example")), ..zoe.clone() };
        assert_eq!(found(with_email.clone(), other("ben@example.com", None)), []);
        let two = [Doubt::TwoUsers { address: Email::as_received("zoe@agency.example") }];
        assert_eq!(found(with_email.clone(), other("zoe@agency.example", None)), two);
        assert_eq!(found(with_email, other("ben@example.com", Some("zoe@agency.example"))), two);
    }

    #[test]
    fn a_list_whose_total_changes_is_a_doubt_of_its_project() {
        let list = UserList { totals_differ: true, total: Some(0), ..UserList::default() };
        let reading =
            Reading { read_at: jiff::Timestamp::UNIX_EPOCH, lists: [(ProjectId::new("p"), list)].into() };
        let doubts = doubts(&reading);
        assert_eq!(doubts, [Doubt::Moving { project: ProjectId::new("p") }]);
        assert_eq!(doubts[0].project(), Some(&ProjectId::new("p")));
    }

    #[test]
    fn an_owner_in_one_list_is_an_owner() {
        for (p, q) in [(true, false), (false, true), (true, true), (false, false)] {
            let reading = reading(user("ana@example.com", p), user("ana@example.com", q));
            let members = reading.members();
            assert_eq!(members[&Email::as_received("ana@example.com")].is_owner, p || q);
        }
    }
}
