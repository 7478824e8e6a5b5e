//! The comparison itself: desired against known, person by person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::effect::{Effect, effects};
use super::note::Later;
use super::{COMING_DAYS, Change, Fact, Note, NoteKind, STALE_DAYS};
use crate::desired::{Desired, Person, Prune};
use crate::known::{AppliedAccess, Invitation, Known, Member, days_between};
use crate::model::{Access, Email, ProjectId, Role};

/// Changes and notes, not sorted yet.
#[derive(Default)]
pub(super) struct Difference {
    pub(super) changes: Vec<Change>,
    pub(super) notes: Vec<Note>,
    /// The removals that are due to a date in the file. `max_removals` does not count them.
    pub(super) dated: BTreeSet<(Email, ProjectId)>,
    /// Pairs of entries that are one user, one by login and one by address.
    pub(super) listed_twice: Vec<(Email, Email)>,
}

impl Difference {
    /// The effect of each change.
    pub(super) fn effects(&self) -> Vec<Effect> {
        effects(&self.changes, &self.notes)
    }

    /// Drops the changes that remove access, and the notes on what cannot be removed.
    pub(super) fn drop_removals(&mut self) {
        let mut effects = self.effects().into_iter();
        self.changes.retain(|_| effects.next().is_some_and(|effect| !effect.is_removal()));
        self.notes.retain(|note| note.kind() != NoteKind::LastProject);
    }
}

pub(super) fn difference(desired: &Desired, known: &Known, date: Date) -> Difference {
    let mut comparison =
        Comparison { desired, applied: known.applied.as_ref(), date, found: Difference::default() };
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

/// Keeps the first `most` invitations, and notes how many are left for a later run.
pub(super) fn hold_invitations(difference: &mut Difference, most: usize) {
    let mut invitations = 0;
    difference.changes.retain(|change| {
        invitations += usize::from(matches!(change, Change::Invite { .. }));
        !matches!(change, Change::Invite { .. }) || invitations <= most
    });
    if invitations > most {
        let fact = Fact::Wave { waiting: invitations - most, most };
        difference.notes.push(Note { email: None, project: None, fact });
    }
}

struct Comparison<'a> {
    desired: &'a Desired,
    applied: Option<&'a AppliedAccess>,
    date: Date,
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
        for (project, role) in &person.access {
            match member.access.get(project) {
                Some(known) if known == role => {}
                Some(known) if member.is_owner => {
                    let fact = Fact::OwnerDiffers { has: known.clone(), desired: Some(role.clone()) };
                    self.note(email, Some(project), fact);
                }
                Some(known) => {
                    let change = change_role(member, project, known, role);
                    self.found.changes.push(change);
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
        for (project, role) in
            member.access.iter().filter(|(project, _)| !person.access.contains_key(project))
        {
            if member.is_owner {
                self.note(email, Some(project), Fact::OwnerDiffers { has: role.clone(), desired: None });
            } else if prune >= Prune::Roles || self.is_dropped(member, project) {
                self.found.changes.push(unassign(member, project));
            } else {
                extra.insert(project.clone(), role.clone());
            }
        }
        if !extra.is_empty() {
            self.note(email, None, Fact::ExtraRoles { access: extra, prune });
        }
        self.note_near_end(person);
    }

    fn listed_invited(&mut self, person: &Person, invitation: &Invitation) {
        let sent_on = invitation.sent_on();
        if let Some(until) = person.until.filter(|until| *until < self.date) {
            let access = invitation.access.clone();
            self.note(&person.email, None, Fact::CannotCancel { sent_on, access, until: Some(until) });
            return;
        }
        let excess = excess(&invitation.access, &person.access);
        let later = later(&invitation.access, &person.access);
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
        self.note_near_end(person);
    }

    fn listed_unknown(&mut self, person: &Person, in_flight: bool) {
        if let Some(until) = person.until.filter(|until| *until < self.date) {
            self.note(&person.email, None, Fact::Ended { until, member: false });
        } else if let Some(from) = person.from.filter(|from| *from > self.date) {
            self.note(&person.email, None, Fact::Starts { from, member: false });
        } else {
            self.found.changes.push(invitation(person));
            if in_flight {
                self.note(&person.email, None, Fact::InFlight);
            }
            self.note_near_end(person);
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
            let (dropped, access): (Access, Access) = access
                .into_iter()
                .partition(|(project, _)| prune == Prune::People || self.is_dropped(member, project));
            if access.is_empty() {
                self.remove_everything(member, false);
                return;
            }
            self.found.changes.extend(dropped.keys().map(|project| unassign(member, project)));
            self.note(email, None, Fact::Unlisted { access, prune });
        }
    }

    /// Whether the last applied file gave the member a role there, and `prune` removes what this one does not.
    fn is_dropped(&self, member: &Member, project: &ProjectId) -> bool {
        let applied = self.applied.filter(|_| self.desired.policy.prune >= Prune::Dropped);
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
        let least = member.access.iter().min_by_key(|(project, role)| (role.power(), *project));
        let kept = least.filter(|_| !member.elsewhere);
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
            self.note(email, Some(project), Fact::LastProject { role });
        }
        for project in member.access.keys().filter(|project| Some(*project) != kept.map(|(id, _)| id)) {
            self.found.changes.push(unassign(member, project));
            touched.push(project.clone());
        }
        touched
    }

    fn note_near_end(&mut self, person: &Person) {
        if let Some(until) = person.until.filter(|until| days_between(self.date, *until) <= COMING_DAYS) {
            self.note(&person.email, None, Fact::Ends { until });
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

/// One call with all of `person`'s access.
pub(super) fn invitation(person: &Person) -> Change {
    Change::Invite {
        email: person.email.clone(),
        first_name: person.first_name.clone(),
        last_name: person.last_name.clone(),
        projects: person.access.clone(),
    }
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
