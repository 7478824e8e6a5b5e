//! The review limited to one project, one role, or one role in one project.

use super::Review;
use crate::desired::Desired;
use crate::model::{ProjectId, Role};

impl Review<'_> {
    /// Keeps the memberships in `project` with `role` (current or pending; where there is neither, in the team
    /// file), and the people who have one.
    #[must_use]
    pub fn only(mut self, project: Option<&ProjectId>, role: Option<&Role>, desired: &Desired) -> Self {
        self.only = match (project, role) {
            (None, None) => return self,
            (Some(project), None) => Some(format!("Only {}.", desired.project_name(project))),
            (None, Some(role)) => Some(format!("Only {}.", desired.role_name(role))),
            (Some(project), Some(role)) => {
                Some(format!("Only {} in {}.", desired.role_name(role), desired.project_name(project)))
            }
        };
        for row in &mut self.people {
            row.memberships.retain(|id, membership| {
                let has = membership.has.as_ref().or(membership.desired.as_ref());
                project.is_none_or(|project| project == *id) && role.is_none_or(|role| has == Some(role))
            });
        }
        self.people.retain(|row| !row.memberships.is_empty());
        self.projects.retain(|(_, id)| project.is_none_or(|project| project == *id));
        self
    }
}
