//! Who has which access according to the ledger, and what a live reading shows that the ledger does not know.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::observed::Observed;
use super::time::to_the_millisecond;
use crate::known::Member;
use crate::model::{Access, Email, ProjectId, Role, UserId};

/// The access in one realm according to the ledger: the calls that succeeded and what was observed, folded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KnownAccess {
    people: BTreeMap<Email, BTreeMap<ProjectId, State>>,
    /// The logins of each user, the current one last.
    logins: BTreeMap<UserId, Vec<Email>>,
    /// When each project was last read, according to what was observed.
    read: BTreeMap<ProjectId, Timestamp>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct State {
    /// None: no access.
    role: Option<Role>,
    user: Option<UserId>,
    /// The last time at which this is known to have been so.
    at: Timestamp,
    /// The roles before, since guestlist last gave one.
    before: Vec<Option<Role>>,
}

impl KnownAccess {
    /// The access of everyone who has any.
    #[must_use]
    pub fn people(&self) -> BTreeMap<Email, Access> {
        let roles = |states: &BTreeMap<ProjectId, State>| -> Access {
            let known = states.iter().filter_map(|(id, state)| Some((id.clone(), state.role.clone()?)));
            known.collect()
        };
        let people = self.people.iter().map(|(email, states)| (email.clone(), roles(states)));
        people.filter(|(_, access)| !access.is_empty()).collect()
    }

    /// The role of a person in a project; none for no access.
    #[must_use]
    pub fn role(&self, email: &Email, project: &ProjectId) -> Option<&Role> {
        self.state(email, project)?.role.as_ref()
    }

    /// The last time at which the role of a person in a project is known to have been what it is.
    pub(super) fn known_at(&self, email: &Email, project: &ProjectId) -> Option<Timestamp> {
        self.state(email, project).map(|state| state.at)
    }

    fn state(&self, email: &Email, project: &ProjectId) -> Option<&State> {
        self.people.get(email)?.get(project)
    }

    /// Whether `user` is known to have a role in a project under this login.
    pub(super) fn is_of(&self, login: &Email, project: &ProjectId, user: &UserId) -> bool {
        let state = self.state(login, project).filter(|state| state.role.is_some());
        state.is_some_and(|state| state.user.as_ref() == Some(user))
    }

    /// The roles that each person had in each project since guestlist last gave one there.
    #[must_use]
    pub fn roles(&self) -> BTreeMap<(Email, ProjectId), Vec<Option<Role>>> {
        let states = self.people.iter().flat_map(|(email, states)| {
            states.iter().map(move |(project, state)| {
                let now = std::iter::once(state.role.clone());
                let roles = state.before.iter().cloned().chain(now).collect();
                ((email.clone(), project.clone()), roles)
            })
        });
        states.collect()
    }

    /// Notes that guestlist offered a person a role in an invitation that was sent at `at`.
    pub(super) fn offer(&mut self, email: &Email, project: &ProjectId, role: &Role, at: Timestamp) {
        // Anyone who can be invited has no access yet.
        if self.role(email, project).is_none() {
            self.set(email, None, project, None, at, vec![Some(role.clone())]);
        }
    }

    /// The roles before a change that guestlist did not make. `is_dated` tells a change from the starting
    /// inventory, which says nothing about the time before.
    pub(super) fn before(&self, email: &Email, project: &ProjectId, is_dated: bool) -> Vec<Option<Role>> {
        match self.state(email, project) {
            Some(state) => {
                let mut before = state.before.clone();
                before.push(state.role.clone());
                before.sort();
                before.dedup();
                before
            }
            None if is_dated => vec![None],
            None => Vec::new(),
        }
    }

    /// Sets a role as of `at`, and the roles before since guestlist last gave one. Returns the last role
    /// before.
    pub(super) fn set(
        &mut self,
        email: &Email,
        user: Option<&UserId>,
        project: &ProjectId,
        role: Option<Role>,
        at: Timestamp,
        before: Vec<Option<Role>>,
    ) -> Option<Role> {
        // Of equal ids, one is kept.
        let user = user.map(|user| self.logins.get_key_value(user).map_or(user, |(id, _)| id).clone());
        let project = self.read.get_key_value(project).map_or(project, |(id, _)| id).clone();
        let states = self.people.entry(email.clone()).or_default();
        states.insert(project, State { role, user, at, before })?.role
    }

    /// The login of a user, where another one than `email` is known.
    pub(super) fn login<'a>(&'a self, user: Option<&UserId>, email: &'a Email) -> &'a Email {
        user.and_then(|user| self.logins.get(user)?.last()).unwrap_or(email)
    }

    /// Notes the login of a user. Returns the user's earlier logins.
    pub(super) fn note_login(&mut self, user: Option<&UserId>, login: &Email) -> Vec<Email> {
        let Some(user) = user else { return Vec::new() };
        if !self.logins.contains_key(user) {
            self.logins.insert(user.clone(), vec![login.clone()]);
            return Vec::new();
        }
        let logins = self.logins.entry(user.clone()).or_default();
        if logins.last() != Some(login) {
            logins.retain(|other| other != login);
            logins.push(login.clone());
        }
        logins[..logins.len() - 1].to_vec()
    }

    /// When a project was last read, according to what was observed.
    pub(super) fn read_at(&self, project: &ProjectId) -> Option<Timestamp> {
        self.read.get(project).copied()
    }

    /// The projects that were read.
    pub(super) fn read_projects(&self) -> impl Iterator<Item = &ProjectId> {
        self.read.keys()
    }

    /// Notes that a project was read, and everything recorded that the reading showed.
    pub(super) fn note_reading(&mut self, project: &ProjectId, at: Timestamp) {
        self.read.insert(project.clone(), at);
    }

    /// What a reading of `projects` shows that is not known yet, by email and project. `members` are those of
    /// these projects alone. `confirmed` returns when the last reading was made in which a person had a role
    /// (none: no access).
    ///
    /// Once these are recorded, what is known equals the reading.
    #[must_use]
    pub fn unrecorded(
        &self,
        members: &BTreeMap<Email, Member>,
        projects: &BTreeSet<ProjectId>,
        read_at: Timestamp,
        confirmed: impl Fn(&Email, &ProjectId, Option<&Role>) -> Option<Timestamp>,
    ) -> Vec<Observed> {
        let by = to_the_millisecond(read_at);
        let mut found = Vec::new();
        let mut observe = |known_as: &Email, email: &Email, user_id: Option<&UserId>, project, to| {
            let from = self.role(known_as, project);
            let after = self.known_at(known_as, project).max(confirmed(known_as, project, from));
            let after = after.map(|after| to_the_millisecond(after).min(by));
            let (user_id, from, to) = (user_id.cloned(), from.cloned(), Option::<&Role>::cloned(to));
            found.push(Observed {
                email: email.clone(),
                user_id,
                project: project.clone(),
                from,
                to,
                after,
                by,
            });
        };
        let mut seen: BTreeSet<(&Email, &ProjectId)> = BTreeSet::new();
        for member in members.values() {
            let former: Vec<_> = self.logins.get(&member.id).into_iter().flatten().collect();
            for project in projects {
                let role = member.access.get(project);
                let is_former = |login: &&&Email| self.is_of(login, project, &member.id);
                let state = self.state(&member.login, project).filter(|state| state.role.is_some());
                let is_known = |state: &State| state.user.as_ref().is_none_or(|user| *user == member.id);
                let known_as = match state {
                    Some(_) => &member.login,
                    None => former.iter().find(is_former).copied().unwrap_or(&member.login),
                };
                seen.extend([(&member.login, project), (known_as, project)]);
                let is_recorded = match state {
                    Some(state) => state.role.as_ref() == role && is_known(state),
                    None => role.is_none() && *known_as == member.login,
                };
                // Lost access is recorded under the login that had it, unless another user has both by now.
                let login = if role.is_some() { &member.login } else { known_as };
                let has_it = |other: &Member| other.id != member.id && other.access.contains_key(project);
                if !is_recorded && !members.get(login).is_some_and(has_it) {
                    observe(known_as, login, Some(&member.id), project, role);
                }
            }
        }
        for (email, states) in &self.people {
            let roles = states.iter().filter(|(id, state)| state.role.is_some() && projects.contains(*id));
            for (project, state) in roles {
                if !seen.contains(&(email, project)) {
                    observe(email, email, state.user.as_ref(), project, None);
                }
            }
        }
        found.sort_by(|a, b| (&a.email, &a.project).cmp(&(&b.email, &b.project)));
        found
    }
}
