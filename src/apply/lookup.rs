//! Looks at a project's users when an answer leaves it open how things stand.

use crate::api;
use crate::identity::{Email, ProjectId, Role};
use crate::known::User;

use super::Apply;

/// How a person stands in a project.
pub(super) enum Standing {
    /// The person is not there.
    Absent,
    /// The person is there with that role.
    Has { user: User, role: Role, admins: usize },
}

impl Apply<'_> {
    /// Reads how `login` stands in `project` now.
    pub(super) async fn look(&self, project: &ProjectId, login: &Email) -> Result<Standing, api::Error> {
        let list = self.writer.reader().users(project).await?;
        let role_in = |user: &User| user.projects.get(project).cloned();
        let admins = list.users.values().filter(|user| role_in(user) == Some(Role::Admin)).count();
        let found = list.users.values().find(|user| user.login == *login);
        Ok(match found.and_then(|user| Some((user, role_in(user)?))) {
            Some((user, role)) => Standing::Has { user: user.clone(), role, admins },
            None => Standing::Absent,
        })
    }
}
