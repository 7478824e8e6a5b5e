//! The ADMINs of each project while a plan is applied. No project may be left with too few.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::desired::Desired;
use crate::known::{Known, UserList};
use crate::model::{Email, ProjectId, Role};

/// Decides who may stop being ADMIN, by a reduction in the plan or because a role is replaced.
pub(super) struct AdminQuorum {
    /// `keep_admins` of the policy.
    keep: usize,
    projects: RefCell<BTreeMap<ProjectId, Admins>>,
}

#[derive(Default)]
struct Admins {
    /// Confirmed ADMINs. Excludes anyone guestlist has just demoted, even if a lagging list still shows them.
    confirmed: Vec<Admin>,
    /// Those who became ADMIN in this run, even if a lagging list does not show them yet.
    admitted: Vec<Admin>,
    /// Those who do not count any more, even if a lagging list still shows them.
    released: Vec<Admin>,
    /// The number that must remain: `keep_admins`, or the number that there were if that is lower.
    floor: usize,
}

/// A person, by login, and by address if that differs.
#[derive(Clone, PartialEq, Eq)]
struct Admin {
    login: Email,
    address: Option<Email>,
}

impl Admin {
    fn answers_to(&self, email: &Email) -> bool {
        self.login == *email || self.address.as_ref() == Some(email)
    }

    fn is(&self, other: &Self) -> bool {
        self.answers_to(&other.login) || other.address.as_ref().is_some_and(|email| self.answers_to(email))
    }
}

impl AdminQuorum {
    pub(super) fn new(desired: &Desired, known: &Known) -> Self {
        let keep = desired.policy.keep_admins();
        let admins = |project: &ProjectId| {
            let admin = |login: &Email, address: &Option<Email>| Admin {
                login: login.clone(),
                address: address.clone(),
            };
            let confirmed: Vec<_> =
                known.admins(project).map(|member| admin(&member.login, &member.email)).collect();
            let listed = known.listed_admins(project).map(|member| admin(&member.login, &member.email));
            let (admitted, mut released) = (Vec::new(), Vec::new());
            let mut count = 0;
            for admin in listed {
                count += 1;
                if !confirmed.contains(&admin) {
                    released.push(admin);
                }
            }
            (project.clone(), Admins { confirmed, admitted, released, floor: keep.min(count) })
        };
        Self { keep, projects: RefCell::new(desired.projects.keys().map(admins).collect()) }
    }

    /// Adds `email`, who has just become ADMIN, to the count.
    pub(super) fn admit(&self, project: &ProjectId, email: &Email) {
        if let Some(admins) = self.projects.borrow_mut().get_mut(project) {
            let admin = Admin { login: email.clone(), address: None };
            admins.released.retain(|other| !other.is(&admin));
            if !admins.confirmed.iter().any(|other| other.is(&admin)) {
                admins.confirmed.push(admin.clone());
            }
            admins.admitted.push(admin);
        }
    }

    /// Removes `email` from the count if enough ADMINs remain; returns whether it did.
    pub(super) fn release(&self, project: &ProjectId, email: &Email) -> bool {
        let mut projects = self.projects.borrow_mut();
        let Some(admins) = projects.get_mut(project) else { return false };
        let others = admins.confirmed.iter().filter(|admin| !admin.answers_to(email)).count();
        if others < admins.floor {
            return false;
        }
        let found = admins.confirmed.iter().find(|admin| admin.answers_to(email)).cloned();
        let admin = found.unwrap_or_else(|| Admin { login: email.clone(), address: None });
        admins.confirmed.retain(|other| !other.is(&admin));
        admins.admitted.retain(|other| !other.is(&admin));
        admins.released.push(admin);
        true
    }

    /// Replaces the count by a complete list of users that was just read.
    pub(super) fn observe(&self, project: &ProjectId, list: &UserList) {
        let mut projects = self.projects.borrow_mut();
        let Some(admins) = projects.get_mut(project) else { return };
        let listed = list.users.values().filter(|user| user.projects.get(project) == Some(&Role::Admin));
        let mut confirmed: Vec<_> = listed
            .map(|user| Admin { login: user.login.clone(), address: user.email.clone() })
            .filter(|admin| !admins.released.iter().any(|other| other.is(admin)))
            .collect();
        for admin in &admins.admitted {
            if !confirmed.iter().any(|other| other.is(admin)) {
                confirmed.push(admin.clone());
            }
        }
        // ADMINs who were added after the plan was made count from now on, for the floor as well.
        admins.floor = admins.floor.max(self.keep.min(confirmed.len()));
        admins.confirmed = confirmed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::User;
    use crate::model::{Access, UserId};

    fn someone(name: &str) -> Email {
        Email::as_received(&format!("{name}@example.com"))
    }

    fn p() -> ProjectId {
        ProjectId::new("p")
    }

    fn quorum(confirmed: &[&str], floor: usize, keep: usize) -> AdminQuorum {
        let confirmed = confirmed.iter().map(|name| Admin { login: someone(name), address: None }).collect();
        let admins = Admins { confirmed, floor, ..Admins::default() };
        AdminQuorum { keep, projects: RefCell::new(BTreeMap::from([(p(), admins)])) }
    }

    fn list(admins: &[(&str, Option<&str>)]) -> UserList {
        let user = |(login, address): &(&str, Option<&str>)| User {
            id: UserId::new(*login),
            login: someone(login),
            email: address.map(someone),
            first_name: String::new(),
            last_name: String::new(),
            projects: Access::from([(p(), Role::Admin)]),
            is_owner: false,
        };
        UserList::new(admins.iter().map(user), admins.len() as u64)
    }

    #[test]
    fn the_last_admins_stay_until_there_are_more() {
        let quorum = quorum(&["a", "b"], 1, 1);
        assert!(quorum.release(&p(), &someone("a")));
        assert!(!quorum.release(&p(), &someone("b")));
        quorum.admit(&p(), &someone("c"));
        assert!(quorum.release(&p(), &someone("b")));
        assert!(!quorum.release(&ProjectId::new("unmanaged"), &someone("a")));
    }

    #[test]
    fn an_unconfirmed_admin_is_released_only_if_there_are_enough_others() {
        let two = quorum(&["a", "b"], 2, 2);
        assert!(two.release(&p(), &someone("doubtful")));
        assert!(!two.release(&p(), &someone("a")));
        assert!(!quorum(&[], 1, 1).release(&p(), &someone("doubtful")));
    }

    #[test]
    fn of_two_who_became_admin_after_the_plan_one_stays() {
        let quorum = quorum(&[], 0, 1);
        quorum.observe(&p(), &list(&[("a", None), ("b", None)]));
        assert!(quorum.release(&p(), &someone("a")));
        // A second list may still show the first one.
        quorum.observe(&p(), &list(&[("a", None), ("b", None)]));
        assert!(!quorum.release(&p(), &someone("b")));
    }

    #[test]
    fn a_new_list_removes_whoever_is_gone_and_keeps_whoever_just_became_admin() {
        let quorum = quorum(&["a", "b"], 1, 1);
        quorum.admit(&p(), &someone("c"));
        quorum.observe(&p(), &list(&[("b", None)]));
        assert!(quorum.release(&p(), &someone("b")));
        assert!(!quorum.release(&p(), &someone("c")));
    }

    #[test]
    fn a_person_is_matched_by_login_and_by_address() {
        let quorum = quorum(&[], 0, 1);
        quorum.observe(&p(), &list(&[("sso", Some("a"))]));
        assert!(!quorum.release(&p(), &someone("a")));
        quorum.observe(&p(), &list(&[("sso", Some("a")), ("b", None)]));
        assert!(quorum.release(&p(), &someone("a")));
        quorum.observe(&p(), &list(&[("sso", Some("a")), ("b", None)]));
        assert!(!quorum.release(&p(), &someone("b")));
    }
}
