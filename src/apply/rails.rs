//! How many ADMINs each project has while the plan is carried out, so that none falls too low.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::desired::Desired;
use crate::identity::ProjectId;
use crate::known::Known;

/// The ADMINs of every managed project, counted as the calls succeed.
pub(super) struct Rails {
    projects: Mutex<BTreeMap<ProjectId, Admins>>,
}

struct Admins {
    now: usize,
    /// What may not be fallen below: `keep_admins`, or the number at the beginning where that is less.
    floor: usize,
}

impl Rails {
    pub(super) fn new(desired: &Desired, known: &Known) -> Self {
        let keep = desired.policy.keep_admins as usize;
        let count = |project: &ProjectId| {
            let now = known.admins(project).count();
            (project.clone(), Admins { now, floor: keep.min(now) })
        };
        Self { projects: Mutex::new(desired.projects.keys().map(count).collect()) }
    }

    /// An ADMIN more.
    pub(super) fn give(&self, project: &ProjectId) {
        if let Ok(mut projects) = self.projects.lock()
            && let Some(admins) = projects.get_mut(project)
        {
            admins.now += 1;
        }
    }

    /// Whether there may be an ADMIN less; if so it counts as gone.
    pub(super) fn take(&self, project: &ProjectId) -> bool {
        let Ok(mut projects) = self.projects.lock() else { return false };
        let Some(admins) = projects.get_mut(project) else { return false };
        if admins.now <= admins.floor {
            return false;
        }
        admins.now -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_admins_stay_until_there_are_more() {
        let project = ProjectId::new("p");
        let rails =
            Rails { projects: Mutex::new(BTreeMap::from([(project.clone(), Admins { now: 2, floor: 1 })])) };
        assert!(rails.take(&project));
        assert!(!rails.take(&project));
        rails.give(&project);
        assert!(rails.take(&project));
        assert!(!rails.take(&ProjectId::new("unmanaged")));
    }
}
