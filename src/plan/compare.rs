//! The comparison itself: desired against known, person by person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::difference::Difference;
use super::due::DueAccess;
use super::note::Later;
use super::{Change, Fact, Note, STALE_DAYS};
use crate::desired::{Desired, OnDay, Person, Prune, SOON_DAYS};
use crate::known::{AppliedAccess, Invitation, Known, Member, days_between};
use crate::model::{Access, Email, ProjectId, Role};

pub(super) fn difference(desired: &Desired, known: &Known, date: Date) -> Difference {
    let mut comparison = Comparison {
        desired,
        applied: known.applied.as_ref(),
        date,
        due: DueAccess::new(desired, date),
        found: Difference::default(),
    };
    let by_address = known.by_address();
    let mut listed: BTreeMap<&Email, &Email> = BTreeMap::new();
    for (email, person) in &desired.people {
        let member = known.members.get(email).or_else(|| by_address.get(email).copied());
        if let Some(member) = member
            && let Some(first) = listed.insert(&member.login, email)
        {
            comparison.found.listed_twice.push((first.clone(), email.clone()));
            continue;
        }
        if let Some(review_by) =
            person.review_by.filter(|day| *day <= date && person.ended_on(date).is_none())
        {
            let email = member.map_or(email, |member| &member.login);
            comparison.note(email, None, Fact::ReviewDue { review_by });
        }
        let addresses = std::iter::once(email).chain(member.into_iter().flat_map(Member::addresses));
        if let Some(pattern) = desired.policy.protecting(addresses) {
            let access = member.map(|member| member.access.clone()).unwrap_or_default();
            let email = member.map_or(email, |member| &member.login);
            comparison.note(email, None, Fact::Protected { pattern: pattern.as_str().to_owned(), access });
            continue;
        }
        match (member, known.invitations.get(email)) {
            (Some(member), _) => comparison.listed_member(person, member),
            (None, Some(invitation)) => comparison.listed_invited(person, invitation),
            (None, None) => comparison.listed_unknown(person, known.in_flight.contains_key(email)),
        }
    }
    for member in known.members.values().filter(|member| !listed.contains_key(&member.login)) {
        comparison.unlisted_member(member);
    }
    let is_listed = |email: &Email| desired.people.contains_key(email);
    for invitation in known.invitations.values().filter(|invitation| !is_listed(&invitation.email)) {
        let (sent_on, access) = (invitation.sent_on(), invitation.access.clone());
        comparison.note(&invitation.email, None, Fact::CannotCancel { sent_on, access, until: None });
    }
    for invitation in known.in_flight.values().filter(|invitation| !is_listed(&invitation.email)) {
        comparison.note(&invitation.email, None, Fact::MaybeInvited { sent_on: invitation.sent_on() });
    }
    comparison.note_nothing_dropped();
    comparison.found
}

struct Comparison<'a> {
    desired: &'a Desired,
    applied: Option<&'a AppliedAccess>,
    date: Date,
    due: DueAccess<'a>,
    found: Difference,
}

impl Comparison<'_> {
    fn listed_member(&mut self, person: &Person, member: &Member) {
        let email = &member.login;
        if let Some(until) = person.until.filter(|until| *until < self.date) {
            self.note(email, None, Fact::Ended { until, member: true });
            let removed = self.remove_everything(member, true);
            self.found.dated.extend(removed.into_iter().map(|project| (email.clone(), project)));
            return;
        }
        if let Some(from) = person.from.filter(|from| *from > self.date) {
            self.note(email, None, Fact::Starts { from, member: true });
            return;
        }
        let mut removed = BTreeSet::new();
        for (project, schedule) in person.access.iter() {
            let known = member.access.get(project);
            let role = match schedule.on(self.date) {
                OnDay::Due { role, .. } => role,
                OnDay::Ahead { .. } => continue,
                OnDay::Ended { role, until } => {
                    if known.is_some() && !member.is_owner {
                        removed.insert(project);
                        self.found.dated.insert((email.clone(), project.clone()));
                        self.note(email, Some(project), Fact::RoleEnded { role: role.clone(), until });
                    }
                    continue;
                }
            };
            match known {
                Some(known) if known == role => {}
                Some(known) if member.is_owner => {
                    let fact = Fact::OwnerDiffers { has: known.clone(), desired: Some(role.clone()) };
                    self.note(email, Some(project), fact);
                }
                Some(known) => {
                    self.found.changes.push(change_role(member, project, known, role));
                    if let Some(until) = schedule.ended_on(known, self.date) {
                        self.found.dated.insert((email.clone(), project.clone()));
                        self.note(email, Some(project), Fact::RoleEnded { role: known.clone(), until });
                    }
                }
                None => self.found.changes.push(Change::Assign {
                    email: email.clone(),
                    project: project.clone(),
                    role: role.clone(),
                }),
            }
        }
        let prune = self.desired.policy.prune;
        let mut extra = Access::new();
        for (project, role) in &member.access {
            let is_extra = match person.access.get(project).map(|schedule| schedule.on(self.date)) {
                None => true,
                Some(OnDay::Due { .. }) => false,
                // It never starts.
                Some(OnDay::Ahead { from, .. }) => person.until.is_some_and(|until| until < from),
                Some(OnDay::Ended { .. }) => member.is_owner,
            };
            if !is_extra {
                continue;
            }
            if member.is_owner {
                self.note(email, Some(project), Fact::OwnerDiffers { has: role.clone(), desired: None });
            } else if prune >= Prune::Roles || self.is_dropped(member, project) {
                removed.insert(project);
            } else {
                extra.insert(project.clone(), role.clone());
            }
        }
        if !extra.is_empty() {
            self.note(email, None, Fact::ExtraRoles { access: extra, prune });
        }
        let keeps = member.elsewhere
            || person.access.values().any(|schedule| schedule.role_on(self.date).is_some())
            || member.access.keys().any(|project| !removed.contains(project));
        self.remove(member, &removed, keeps);
        self.note_dates(person, Some(member));
    }

    fn listed_invited(&mut self, person: &Person, invitation: &Invitation) {
        let sent_on = invitation.sent_on();
        let due = self.due.of(person);
        if let Some(until) = person.ended_on(self.date) {
            let access = invitation.access.clone();
            self.note(&person.email, None, Fact::CannotCancel { sent_on, access, until: Some(until) });
            return;
        }
        let mut given = due.clone();
        for (project, schedule) in person.access.iter() {
            // What is invited to already is left alone until its role starts, as for a member.
            if let OnDay::Ahead { role, .. } = schedule.on(self.date) {
                given.insert(project.clone(), role.clone());
            }
        }
        let excess = excess(&invitation.access, &given);
        let later = later(&invitation.access, &due);
        self.note(
            &person.email,
            None,
            if !excess.is_empty() {
                Fact::ExcessInvitation { sent_on, access: excess }
            } else if invitation.days_out(self.date) > STALE_DAYS {
                Fact::Stale { sent_on, later }
            } else {
                Fact::Invited { sent_on, later }
            },
        );
        self.note_dates(person, None);
    }

    fn listed_unknown(&mut self, person: &Person, in_flight: bool) {
        let email = &person.email;
        if let Some(until) = person.ended_on(self.date) {
            self.note(email, None, Fact::Ended { until, member: false });
        } else if let Some(from) = person.starts_on(self.date) {
            self.note(email, None, Fact::Starts { from, member: false });
        } else if let Some(invitation) = invitation(person, self.due.of(person)) {
            self.found.changes.push(invitation);
            if in_flight {
                self.note(email, None, Fact::InFlight);
            }
            self.note_dates(person, None);
        }
    }

    fn unlisted_member(&mut self, member: &Member) {
        let policy = &self.desired.policy;
        let email = &member.login;
        if member.access.is_empty() {
            return;
        }
        let access = member.access.clone();
        if let Some(pattern) = policy.protecting(member.addresses()) {
            self.note(email, None, Fact::Protected { pattern: pattern.as_str().to_owned(), access });
        } else if member.is_owner {
            self.note(email, None, Fact::OwnerKept { access, listed: false });
        } else {
            let prune = policy.prune;
            let is_dropped = |project: &ProjectId| prune == Prune::People || self.is_dropped(member, project);
            let dropped: Vec<_> = access.keys().filter(|project| is_dropped(project)).cloned().collect();
            let access: Access = access.into_iter().filter(|(project, _)| !is_dropped(project)).collect();
            if access.is_empty() {
                self.remove_everything(member, false);
                return;
            }
            self.found.changes.extend(dropped.iter().map(|project| unassign(member, project)));
            self.note(email, None, Fact::Unlisted { access, prune });
        }
    }

    /// Whether the last applied file gave the member a role there, and `prune` removes what this one does not.
    fn is_dropped(&self, member: &Member, project: &ProjectId) -> bool {
        let applied = self.applied.filter(|_| self.desired.policy.prune == Prune::Dropped);
        applied.is_some_and(|applied| applied.gave(member, project))
    }

    fn note_nothing_dropped(&mut self) {
        let known = self.applied.map(|applied| &applied.projects);
        let is_unknown = |project: &&ProjectId| known.is_none_or(|known| !known.contains(*project));
        let mut unknown: Vec<_> = self.desired.projects.keys().filter(is_unknown).cloned().collect();
        if self.desired.policy.prune == Prune::Dropped && !unknown.is_empty() {
            if unknown.len() == self.desired.projects.len() {
                unknown.clear();
            }
            let fact = Fact::NothingDropped { projects: unknown };
            self.found.notes.push(Note { email: None, project: None, fact });
        }
    }

    /// Removes every managed project, except one that the API cannot remove. Returns the projects with a
    /// change.
    fn remove_everything(&mut self, member: &Member, listed: bool) -> Vec<ProjectId> {
        let email = &member.login;
        if member.is_owner {
            self.note(email, None, Fact::OwnerKept { access: member.access.clone(), listed });
            return Vec::new();
        }
        self.remove(member, &member.access.keys().collect(), member.elsewhere)
    }

    /// Removes these projects, except one that the API cannot remove, if the member keeps no other. Returns the
    /// projects with a change.
    fn remove(
        &mut self,
        member: &Member,
        projects: &BTreeSet<&ProjectId>,
        keeps_another: bool,
    ) -> Vec<ProjectId> {
        let removed = || member.access.iter().filter(|(project, _)| projects.contains(project));
        let least = removed().min_by_key(|(project, role)| (role.power(), *project));
        let kept = least.filter(|_| !keeps_another);
        let mut touched = Vec::new();
        if let Some((project, role)) = kept {
            // The user stays, so the role should allow as little as possible.
            let role = match role {
                Role::Admin | Role::User => {
                    self.found.changes.push(change_role(member, project, role, &Role::Viewer));
                    touched.push(project.clone());
                    Role::Viewer
                }
                Role::Viewer | Role::Merchant | Role::UserRestricted | Role::Custom(_) => role.clone(),
            };
            self.note(&member.login, Some(project), Fact::LastProject { role });
        }
        for (project, _) in removed().filter(|(project, _)| Some(*project) != kept.map(|(id, _)| id)) {
            self.found.changes.push(unassign(member, project));
            touched.push(project.clone());
        }
        touched
    }

    /// What starts later, and what ends soon.
    fn note_dates(&mut self, person: &Person, member: Option<&Member>) {
        let email = member.map_or(&person.email, |member| &member.login);
        let is_soon = |day: &Date| days_between(self.date, *day) <= SOON_DAYS;
        let is_before_end = |day: Date| person.until.is_none_or(|until| day < until);
        let mut facts = Vec::new();
        for (project, schedule) in person.access.iter() {
            let fact = match schedule.on(self.date) {
                OnDay::Ahead { role, from } if person.until.is_none_or(|until| from <= until) => {
                    let has = member.and_then(|member| member.access.get(project)).cloned();
                    Fact::RoleStarts { role: role.clone(), from, has }
                }
                OnDay::Due { role, until: Some(until), then } if is_soon(&until) && is_before_end(until) => {
                    Fact::RoleEnds { role: role.clone(), until, then: then.cloned() }
                }
                _ => continue,
            };
            facts.push((Some(project), fact));
        }
        if let Some(until) = person.until.filter(is_soon) {
            facts.push((None, Fact::Ends { until }));
        }
        for (project, fact) in facts {
            self.note(email, project, fact);
        }
    }

    fn note(&mut self, email: &Email, project: Option<&ProjectId>, fact: Fact) {
        self.found.notes.push(Note { email: Some(email.clone()), project: project.cloned(), fact });
    }
}

/// What an invitation grants beyond the file: ADMIN, or a project that the file does not grant.
fn excess(invited: &Access, desired: &Access) -> Access {
    let is_more = |(project, role): &(&ProjectId, &Role)| match desired.get(*project) {
        None => true,
        Some(desired) => **role == Role::Admin && *desired != Role::Admin,
    };
    invited.iter().filter(is_more).map(|(project, role)| (project.clone(), role.clone())).collect()
}

/// What changes once the invitation is accepted, because the file has changed since.
fn later(invited: &Access, desired: &Access) -> Vec<Later> {
    let differs = desired.iter().filter(|(project, role)| invited.get(*project) != Some(role));
    differs
        .map(|(project, role)| Later {
            project: project.clone(),
            from: invited.get(project).cloned(),
            to: role.clone(),
        })
        .collect()
}

/// One call with all access of `person` that is due, if there is any.
pub(super) fn invitation(person: &Person, projects: Access) -> Option<Change> {
    (!projects.is_empty()).then(|| Change::Invite {
        email: person.email.clone(),
        first_name: person.first_name.clone(),
        last_name: person.last_name.clone(),
        projects,
    })
}

fn change_role(member: &Member, project: &ProjectId, from: &Role, to: &Role) -> Change {
    Change::ChangeRole {
        email: member.login.clone(),
        user_id: member.id.clone(),
        project: project.clone(),
        from: from.clone(),
        to: to.clone(),
    }
}

fn unassign(member: &Member, project: &ProjectId) -> Change {
    Change::Unassign {
        email: member.login.clone(),
        user_id: member.id.clone(),
        project: project.clone(),
        role: member.access[project].clone(),
    }
}
