//! Which ADMINs each project has while the plan is carried out, so that none is left with too few.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use crate::desired::Desired;
use crate::identity::{Email, ProjectId};
use crate::known::Known;

/// The ADMINs of every managed project, as the calls succeed.
pub(super) struct Rails {
    projects: Mutex<BTreeMap<ProjectId, Admins>>,
}

struct Admins {
    /// Those of whom it is sure: nobody whom guestlist has just taken it from, whatever a list says.
    sure: BTreeSet<Email>,
    /// What may not be fallen below: `keep_admins`, or the number in the lists where that is less.
    floor: usize,
}

impl Rails {
    pub(super) fn new(desired: &Desired, known: &Known) -> Self {
        let keep = desired.policy.keep_admins as usize;
        let admins = |project: &ProjectId| {
            let sure = known.admins(project).map(|member| member.login.clone()).collect();
            (project.clone(), Admins { sure, floor: keep.min(known.listed_admins(project).count()) })
        };
        Self { projects: Mutex::new(desired.projects.keys().map(admins).collect()) }
    }

    /// An ADMIN more.
    pub(super) fn give(&self, project: &ProjectId, email: &Email) {
        if let Ok(mut projects) = self.projects.lock()
            && let Some(admins) = projects.get_mut(project)
        {
            admins.sure.insert(email.clone());
        }
    }

    /// Whether there are enough ADMINs without this one, who counts as gone then.
    pub(super) fn take(&self, project: &ProjectId, email: &Email) -> bool {
        let Ok(mut projects) = self.projects.lock() else { return false };
        let Some(admins) = projects.get_mut(project) else { return false };
        let others = admins.sure.len() - usize::from(admins.sure.contains(email));
        if others < admins.floor {
            return false;
        }
        admins.sure.remove(email);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn someone(name: &str) -> Email {
        Email::as_received(&format!("{name}@example.com"))
    }

    fn rails(sure: &[&str], floor: usize) -> (Rails, ProjectId) {
        let project = ProjectId::new("p");
        let sure = sure.iter().map(|name| someone(name)).collect();
        (Rails { projects: Mutex::new(BTreeMap::from([(project.clone(), Admins { sure, floor })])) }, project)
    }

    #[test]
    fn the_last_admins_stay_until_there_are_more() {
        let (rails, project) = rails(&["a", "b"], 1);
        assert!(rails.take(&project, &someone("a")));
        assert!(!rails.take(&project, &someone("b")));
        rails.give(&project, &someone("c"));
        assert!(rails.take(&project, &someone("b")));
        assert!(!rails.take(&ProjectId::new("unmanaged"), &someone("a")));
    }

    #[test]
    fn an_admin_of_whom_nobody_is_sure_goes_only_if_there_are_enough_others() {
        let (rails, project) = rails(&["a", "b"], 2);
        assert!(rails.take(&project, &someone("doubtful")));
        assert!(!rails.take(&project, &someone("a")));
        let (rails, project) = self::rails(&[], 1);
        assert!(!rails.take(&project, &someone("doubtful")));
    }
}
