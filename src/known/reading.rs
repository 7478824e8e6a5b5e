//! A reading of all lists, and the members they describe.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;

use super::list::UserList;
use super::rows::{self, Row};
use super::{Member, RecentWrites};
use crate::model::{Access, Email, ProjectId, UserId};

/// The lists of all managed projects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// When the last list was read.
    pub read_at: Timestamp,
    /// List Users by managed project.
    pub lists: BTreeMap<ProjectId, UserList>,
}

impl Reading {
    /// The users of the managed projects by login, without their roles in other projects.
    #[must_use]
    pub fn members(&self) -> BTreeMap<Email, Member> {
        self.members_of(&rows::of(&self.lists))
    }

    pub(super) fn members_of(&self, rows: &[Row<'_>]) -> BTreeMap<Email, Member> {
        let mut members: BTreeMap<Email, Member> = BTreeMap::new();
        for row in rows {
            let user = row.user;
            let access = row.access(&self.lists);
            match members.entry(user.login.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(Member {
                        id: user.id.clone(),
                        login: user.login.clone(),
                        email: user.email.clone(),
                        first_name: user.first_name.clone(),
                        last_name: user.last_name.clone(),
                        access,
                        elsewhere: row.has_other_projects(),
                        is_owner: user.is_owner,
                    });
                }
                Entry::Occupied(mut entry) => {
                    let member = entry.get_mut();
                    member.access.extend(access);
                    // Owners are never changed, so one list that says so is enough.
                    member.is_owner |= user.is_owner;
                    member.elsewhere |= row.has_other_projects();
                }
            }
        }
        members
    }
}

/// The members after `writes`. Someone who is only in `writes` gets an empty user id.
#[must_use]
pub fn with_writes(mut members: BTreeMap<Email, Member>, writes: &RecentWrites) -> BTreeMap<Email, Member> {
    for ((email, project), role) in writes {
        match role {
            Some(role) => {
                let member = members.entry(email.clone()).or_insert_with(|| Member {
                    id: UserId::new(""),
                    login: email.clone(),
                    email: None,
                    first_name: String::new(),
                    last_name: String::new(),
                    access: Access::new(),
                    elsewhere: false,
                    is_owner: false,
                });
                member.access.insert(project.clone(), role.clone());
            }
            None => {
                if let Some(member) = members.get_mut(email) {
                    member.access.remove(project);
                }
            }
        }
    }
    members.retain(|_, member| !member.access.is_empty());
    members
}

/// The members of the projects that `is_kept` accepts. That they have other projects is kept in `elsewhere`.
#[must_use]
pub fn members_within(
    mut members: BTreeMap<Email, Member>,
    is_kept: impl Fn(&ProjectId) -> bool,
) -> BTreeMap<Email, Member> {
    for member in members.values_mut() {
        member.keep_only(&is_kept);
    }
    members.retain(|_, member| !member.access.is_empty());
    members
}
