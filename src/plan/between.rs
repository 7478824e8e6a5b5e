//! The comparison itself: desired against known, person by person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{COMING_DAYS, Change, Note, NoteKind, STALE_DAYS};
use crate::desired::{Desired, Person, Prune};
use crate::identity::{Access, Email, ProjectId};
use crate::known::{Invitation, Known, Member};
use crate::wording;

/// Changes and notes, not sorted yet.
#[derive(Default)]
pub(super) struct Difference {
    pub(super) changes: Vec<Change>,
    pub(super) notes: Vec<Note>,
    /// The removals that a date in the file asks for. `max_removals` does not count them.
    pub(super) dated: BTreeSet<(Email, ProjectId)>,
}

pub(super) fn difference(desired: &Desired, known: &Known, date: Date) -> Difference {
    let mut comparison = Comparison { desired, date, found: Difference::default() };
    for (email, person) in &desired.people {
        match (known.members.get(email), known.invitations.get(email)) {
            (Some(member), _) => comparison.listed_member(person, member),
            (None, Some(invitation)) => comparison.listed_invited(person, invitation),
            (None, None) => comparison.listed_nobody(person, known.in_flight.get(email)),
        }
    }
    for (_, member) in known.members.iter().filter(|(email, _)| !desired.people.contains_key(email)) {
        comparison.unlisted_member(member);
    }
    for (_, invitation) in known.invitations.iter().filter(|(email, _)| !desired.people.contains_key(email)) {
        comparison.unlisted_invited(invitation);
    }
    for (_, invitation) in known.in_flight.iter().filter(|(email, _)| !desired.people.contains_key(email)) {
        comparison.unlisted_in_flight(invitation);
    }
    comparison.found
}

/// Keeps the first `most` invitations and says how many wait.
pub(super) fn hold_invitations(difference: &mut Difference, most: usize) {
    let mut invitations = 0;
    difference.changes.retain(|change| {
        invitations += usize::from(matches!(change, Change::Invite { .. }));
        !matches!(change, Change::Invite { .. }) || invitations <= most
    });
    if invitations > most {
        difference.notes.push(Note {
            kind: NoteKind::Wave,
            email: None,
            project: None,
            text: format!(
                "{} for a later run: this wave takes at most {most}",
                match wording::count(invitations - most, "invitation") {
                    one if invitations - most == 1 => format!("{one} waits"),
                    more => format!("{more} wait"),
                }
            ),
        });
    }
}

struct Comparison<'a> {
    desired: &'a Desired,
    date: Date,
    found: Difference,
}

impl Comparison<'_> {
    fn listed_member(&mut self, person: &Person, member: &Member) {
        let email = &member.login;
        if let Some(until) = person.until.filter(|until| *until < self.date) {
            self.note(NoteKind::Ended, email, None, format!("access ended on {until}"));
            let taken = self.take_everything(member);
            self.found.dated.extend(taken.into_iter().map(|project| (email.clone(), project)));
            return;
        }
        if let Some(from) = person.from.filter(|from| *from > self.date) {
            let text = format!("starts on {from}; is a member already and is left as is until then");
            self.note(NoteKind::Starts, email, None, text);
            return;
        }
        for (project, role) in &person.access {
            match member.access.get(project) {
                Some(known) if known == role => {}
                Some(known) if member.is_owner => {
                    let text = format!(
                        "is an owner, and owners are never changed: stays {} in {}, where the file says {}",
                        self.desired.role_name(known),
                        self.desired.project_name(project),
                        self.desired.role_name(role)
                    );
                    self.note(NoteKind::Owner, email, Some(project), text);
                }
                Some(known) => self.found.changes.push(Change::ChangeRole {
                    email: email.clone(),
                    user_id: member.id.clone(),
                    project: project.clone(),
                    from: known.clone(),
                    to: role.clone(),
                }),
                None => self.found.changes.push(Change::Assign {
                    email: email.clone(),
                    project: project.clone(),
                    role: role.clone(),
                }),
            }
        }
        for (project, role) in
            member.access.iter().filter(|(project, _)| !person.access.contains_key(project))
        {
            let shown = format!("{} in {}", self.desired.role_name(role), self.desired.project_name(project));
            if member.is_owner {
                let text = format!("is an owner, and owners are never changed: stays {shown}");
                self.note(NoteKind::Owner, email, Some(project), text);
            } else if self.desired.policy.prune == Prune::None {
                let text = format!("is {shown}, which the file does not give; `prune: none` leaves it");
                self.note(NoteKind::ExtraRole, email, Some(project), text);
            } else {
                self.found.changes.push(unassign(member, project));
            }
        }
        self.note_near_end(person);
    }

    fn listed_invited(&mut self, person: &Person, invitation: &Invitation) {
        let days = self.days_since(invitation);
        let mut text = format!("invited {}", wording::days_ago(days));
        if let Some(until) = person.until.filter(|until| *until < self.date) {
            text = format!(
                "access ended on {until} and the invitation sent {} is still out; {CANCEL_BY_HAND}",
                wording::days_ago(days)
            );
            self.note(NoteKind::CannotCancel, &person.email, None, text);
            return;
        }
        let kind = if days > STALE_DAYS {
            text.push_str(" and not accepted yet; `guestlist resend ");
            text.push_str(&person.email.to_string());
            text.push_str("` sends it again");
            NoteKind::Stale
        } else {
            NoteKind::Invited
        };
        let later = self.on_acceptance(&invitation.access, &person.access);
        if !later.is_empty() {
            text.push_str("; on acceptance: ");
            text.push_str(&later.join(", "));
        }
        self.note(kind, &person.email, None, text);
        self.note_near_end(person);
    }

    fn listed_nobody(&mut self, person: &Person, in_flight: Option<&Invitation>) {
        if let Some(until) = person.until.filter(|until| *until < self.date) {
            self.note(NoteKind::Ended, &person.email, None, format!("access ended on {until}; not a member"));
        } else if let Some(from) = person.from.filter(|from| *from > self.date) {
            self.note(NoteKind::Starts, &person.email, None, format!("starts on {from}"));
        } else {
            self.found.changes.push(invitation(person));
            if let Some(invitation) = in_flight {
                let text = format!(
                    "a call to invite was under way {} and its answer is not in the ledger; it is made again, which is safe",
                    wording::days_ago(self.days_since(invitation))
                );
                self.note(NoteKind::InFlight, &person.email, None, text);
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
        let shown = self.desired.access_names(&member.access);
        if let Some(pattern) = policy.protect.iter().find(|pattern| pattern.matches(email)) {
            let text =
                format!("protected by `{}` and left alone ({shown})", crate::inert::line(pattern.as_str()));
            self.note(NoteKind::Protected, email, None, text);
        } else if member.is_owner {
            let text = format!("an owner whom the file does not list; owners are never changed ({shown})");
            self.note(NoteKind::Owner, email, None, text);
        } else if policy.prune == Prune::People {
            self.take_everything(member);
        } else {
            let prune = if policy.prune == Prune::None { "none" } else { "roles" };
            let text = format!("not in the file; `prune: {prune}` leaves them alone ({shown})");
            self.note(NoteKind::Unlisted, email, None, text);
        }
    }

    fn unlisted_invited(&mut self, invitation: &Invitation) {
        let text = format!(
            "invited {} and not in the file; {CANCEL_BY_HAND}",
            wording::days_ago(self.days_since(invitation))
        );
        self.note(NoteKind::CannotCancel, &invitation.email, None, text);
    }

    fn unlisted_in_flight(&mut self, invitation: &Invitation) {
        let text = format!(
            "perhaps invited {}, as the answer is not in the ledger, and not in the file; look in Team settings",
            wording::days_ago(self.days_since(invitation))
        );
        self.note(NoteKind::InFlight, &invitation.email, None, text);
    }

    /// Takes every managed project but the one that the API would not give up, and names those taken.
    fn take_everything(&mut self, member: &Member) -> Vec<ProjectId> {
        let email = &member.login;
        if member.is_owner {
            let text = format!(
                "is an owner, and owners are never changed ({})",
                self.desired.access_names(&member.access)
            );
            self.note(NoteKind::Owner, email, None, text);
            return Vec::new();
        }
        let least = member.access.iter().min_by_key(|(project, role)| (role.power(), *project));
        let kept = least.map(|(project, _)| project).filter(|_| !member.elsewhere);
        if let Some(project) = kept {
            let text = format!(
                "keeps {} in {}: the API does not take a user's last project; delete the user by hand in Team settings",
                self.desired.role_name(&member.access[project]),
                self.desired.project_name(project)
            );
            self.note(NoteKind::LastProject, email, Some(project), text);
        }
        let taken: Vec<_> = member.access.keys().filter(|project| Some(*project) != kept).cloned().collect();
        self.found.changes.extend(taken.iter().map(|project| unassign(member, project)));
        taken
    }

    fn note_near_end(&mut self, person: &Person) {
        if let Some(until) = person.until.filter(|until| days_between(self.date, *until) <= COMING_DAYS) {
            self.note(NoteKind::Ends, &person.email, None, format!("access ends after {until}"));
        }
    }

    /// What will have to be done once the invitation is accepted, since the file has changed meanwhile.
    fn on_acceptance(&self, invited: &Access, desired: &Access) -> Vec<String> {
        let mut both: BTreeMap<&ProjectId, (Option<_>, Option<_>)> = BTreeMap::new();
        for (project, role) in invited {
            both.entry(project).or_default().0 = Some(role);
        }
        for (project, role) in desired {
            both.entry(project).or_default().1 = Some(role);
        }
        both.into_iter()
            .filter_map(|(project, (before, after))| {
                let project = self.desired.project_name(project);
                match (before, after) {
                    (Some(before), Some(after)) if before != after => Some(format!(
                        "{project} {} → {}",
                        self.desired.role_name(before),
                        self.desired.role_name(after)
                    )),
                    (None, Some(after)) => Some(format!("{project} + {}", self.desired.role_name(after))),
                    (Some(before), None) => {
                        let role = self.desired.role_name(before);
                        let stays = self.desired.policy.prune == Prune::None;
                        Some(if stays {
                            format!("{project} keeps {role}")
                        } else {
                            format!("{project} − {role}")
                        })
                    }
                    _ => None,
                }
            })
            .collect()
    }

    fn days_since(&self, invitation: &Invitation) -> i32 {
        days_between(invitation.sent_at.to_zoned(TimeZone::UTC).date(), self.date)
    }

    fn note(&mut self, kind: NoteKind, email: &Email, project: Option<&ProjectId>, text: String) {
        self.found.notes.push(Note { kind, email: Some(email.clone()), project: project.cloned(), text });
    }
}

const CANCEL_BY_HAND: &str = "the API cannot cancel it: remove it by hand in Team settings";

/// Everything that `person` is to have, in one call.
pub(super) fn invitation(person: &Person) -> Change {
    Change::Invite {
        email: person.email.clone(),
        first_name: person.first_name.clone(),
        last_name: person.last_name.clone(),
        projects: person.access.clone(),
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

fn days_between(earlier: Date, later: Date) -> i32 {
    (later - earlier).get_days()
}
