//! The distinct rows of all lists. A user is in the list of each of their projects, nearly always with the same row,
//! so most work is done once a user and once an access, not once a row.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::{User, UserList};
use crate::model::{Access, ProjectId};

/// A row, and the lists that have it.
pub(super) struct Row<'a> {
    /// The user that it is.
    pub(super) user: &'a Arc<User>,
    /// The lists, by their number.
    pub(super) lists: Vec<usize>,
    managed: Rc<Managed>,
}

/// The part of an access that is about projects whose lists were read.
struct Managed {
    access: Access,
    /// The numbers of their lists.
    lists: Vec<usize>,
}

impl Row<'_> {
    /// Whether exactly the lists of the projects that it names have it.
    pub(super) fn is_consistent(&self) -> bool {
        self.lists == self.managed.lists
    }

    /// Whether it names projects whose lists were not read.
    pub(super) fn has_other_projects(&self) -> bool {
        self.managed.access.len() < self.user.projects.len()
    }

    /// The roles in the projects whose lists have it.
    pub(super) fn access(&self, lists: &BTreeMap<ProjectId, UserList>) -> Access {
        if self.is_consistent() {
            return self.managed.access.clone();
        }
        let listed = lists.keys().enumerate().filter(|(number, _)| self.lists.contains(number));
        let role = |(_, project): (usize, &ProjectId)| {
            self.user.projects.get(project).map(|role| (project.clone(), role.clone()))
        };
        listed.filter_map(role).collect()
    }
}

/// The distinct rows, in the order in which the lists first have them.
pub(super) fn of(lists: &BTreeMap<ProjectId, UserList>) -> Vec<Row<'_>> {
    // Equal rows are one value where the reader shares them. Rows that are equal and not shared are told apart,
    // which costs time and changes nothing.
    let mut by_address: BTreeMap<*const User, usize> = BTreeMap::new();
    let mut managed: BTreeMap<_, Rc<Managed>> = BTreeMap::new();
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (number, list) in lists.values().enumerate() {
        for user in list.users.values() {
            let row = *by_address.entry(Arc::as_ptr(user)).or_insert_with(|| {
                let managed = managed
                    .entry(user.projects.address())
                    .or_insert_with(|| Rc::new(managed_part(&user.projects, lists)));
                rows.push(Row { user, lists: Vec::new(), managed: Rc::clone(managed) });
                rows.len() - 1
            });
            rows[row].lists.push(number);
        }
    }
    rows
}

fn managed_part(access: &Access, lists: &BTreeMap<ProjectId, UserList>) -> Managed {
    let named = lists.keys().enumerate().filter(|(_, project)| access.contains_key(*project));
    let (lists, projects): (Vec<_>, Vec<_>) = named.unzip();
    let access = if projects.len() == access.len() {
        access.clone()
    } else {
        projects.into_iter().map(|project| (project.clone(), access[project].clone())).collect()
    };
    Managed { access, lists }
}
