//! Who is ADMIN of each project while the plan is carried out, so that none has too few.

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
    now: BTreeSet<Email>,
    /// What may not be fallen below: `keep_admins`, or the number at the beginning where that is less.
    floor: usize,
}

impl Rails {
    pub(super) fn new(desired: &Desired, known: &Known) -> Self {
        let keep = desired.policy.keep_admins as usize;
        let admins = |project: &ProjectId| {
            let now: BTreeSet<_> = known.admins(project).map(|member| member.login.clone()).collect();
            let floor = keep.min(now.len());
            (project.clone(), Admins { now, floor })
        };
        Self { projects: Mutex::new(desired.projects.keys().map(admins).collect()) }
    }

    /// `email` has become ADMIN.
    pub(super) fn give(&self, project: &ProjectId, email: &Email) {
        if let Ok(mut projects) = self.projects.lock()
            && let Some(admins) = projects.get_mut(project)
        {
            admins.now.insert(email.clone());
        }
    }

    /// Whether `email` may stop being ADMIN; if so they are not counted any more. Somebody who is not
    /// counted, such as one whom a list shows that lags behind, may go.
    pub(super) fn take(&self, project: &ProjectId, email: &Email) -> bool {
        let Ok(mut projects) = self.projects.lock() else { return false };
        let Some(admins) = projects.get_mut(project) else { return false };
        if !admins.now.contains(email) {
            return true;
        }
        if admins.now.len() <= admins.floor {
            return false;
        }
        admins.now.remove(email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_admins_stay_until_there_are_more() {
        let project = ProjectId::new("p");
        let [ana, ben, zoe] = ["ana", "ben", "zoe"].map(Email::as_received);
        let now = BTreeSet::from([ana.clone(), ben.clone()]);
        let rails =
            Rails { projects: Mutex::new(BTreeMap::from([(project.clone(), Admins { now, floor: 1 })])) };
        assert!(rails.take(&project, &ana));
        assert!(!rails.take(&project, &ben));
        assert!(rails.take(&project, &ana), "who is not counted can be taken without harm");
        rails.give(&project, &zoe);
        assert!(rails.take(&project, &ben));
        assert!(!rails.take(&project, &zoe));
        assert!(!rails.take(&ProjectId::new("unmanaged"), &zoe));
    }
}
