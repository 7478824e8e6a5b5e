//! Where each role of a person comes from, the current state, and the planned changes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::person::{full_name, source_of};
use super::{Paint, View, sentences};
use crate::desired::{Person, Provenance, RoleSource};
use crate::escape;
use crate::known::{Invitation, Member};
use crate::model::{Email, ProjectId, Role};
use crate::plan::Change;
use crate::words;

/// Everything about one person, project by project.
#[must_use]
pub fn explain(view: &View, provenance: &Provenance, email: &Email, paint: Paint) -> String {
    let page = Explanation {
        view,
        provenance,
        email,
        person: view.desired.people.get(email),
        member: view.known.member(email),
        invitation: view.known.invitations.get(email),
        paint,
    };
    let mut text = page.person();
    for project in page.projects() {
        text.push('\n');
        text.push_str(&page.project(project));
    }
    text.push_str(&page.closing());
    text
}

struct Explanation<'a> {
    view: &'a View<'a>,
    provenance: &'a Provenance,
    email: &'a Email,
    person: Option<&'a Person>,
    member: Option<&'a Member>,
    invitation: Option<&'a Invitation>,
    paint: Paint,
}

impl Explanation<'_> {
    fn person(&self) -> String {
        let name = full_name(self.person, self.member);
        let name = if name.is_empty() { name } else { format!(" ({name})") };
        let desired = self.person.map(|person| &person.email);
        let email = desired.or(self.member.map(|member| &member.login)).unwrap_or(self.email);
        let mut text = format!("{}\n", self.paint.bold(&format!("{email}{name}")));
        row(&mut text, "team file", &self.listed());
        if let Some(reason) = self.person.and_then(|person| person.reason.as_ref()) {
            row(&mut text, "reason", &escape::line(reason));
        }
        if let Some(review_by) = self.person.and_then(|person| person.review_by) {
            row(&mut text, "review by", &review_by.to_string());
        }
        row(&mut text, "member", &self.membership());
        row(&mut text, "ledger", &self.invited());
        text
    }

    fn listed(&self) -> String {
        match self.person.map(|person| (person.from, person.until)) {
            None => "not listed".to_owned(),
            Some((None, None)) => "listed".to_owned(),
            Some((Some(from), None)) => format!("listed from {from}"),
            Some((None, Some(until))) => format!("listed until {until}"),
            Some((Some(from), Some(until))) => format!("listed from {from} until {until}"),
        }
    }

    fn membership(&self) -> String {
        let source = sentences::evidence(self.view.known.evidence);
        match self.member {
            // A member known only from the ledger has no id yet.
            Some(member) if member.id.as_str().is_empty() => format!("yes ({source})"),
            Some(member) if member.is_owner => format!("yes, and an owner: {} ({source})", member.id),
            Some(member) => format!("yes: {} ({source})", member.id),
            None => format!("not in a managed project ({source})"),
        }
    }

    fn invited(&self) -> String {
        let Some(invitation) = self.invitation else {
            return match self.view.known.in_flight.get(self.email) {
                Some(_) => "possibly invited: an earlier invite got no confirmed response".to_owned(),
                None => "no pending invitation".to_owned(),
            };
        };
        let days = invitation.days_out(self.view.plan.date);
        format!("invited {} ({}), not accepted yet", words::days_ago(days), invitation.sent_on())
    }

    /// All desired, known and invited projects, by name.
    fn projects(&self) -> Vec<&ProjectId> {
        let desired = self.person.into_iter().flat_map(|person| person.access.keys());
        let known = self.member.into_iter().flat_map(|member| member.access.keys());
        let invited = self.invitation.into_iter().flat_map(|invitation| invitation.access.keys());
        let projects: BTreeSet<_> = desired.chain(known).chain(invited).collect();
        let mut projects: Vec<_> = projects.into_iter().collect();
        projects.sort_by_key(|project| self.view.desired.project_name(project));
        projects
    }

    fn project(&self, project: &ProjectId) -> String {
        let heading = format!("{} ({project})", self.view.desired.project_name(project));
        let mut text = format!("{}\n", self.paint.bold(&heading));
        let given = self.provenance.get(&(self.email.clone(), project.clone()));
        let given = given.map(Vec::as_slice).unwrap_or_default();
        let today = self.view.plan.date;
        let effective = given.iter().position(|given| given.is_on(today));
        match effective {
            None => row(&mut text, "desired", &self.dropped(project)),
            Some(n) => row(&mut text, "desired", &self.given(&given[n], "")),
        }
        for (_, other) in given.iter().enumerate().filter(|(n, _)| Some(*n) != effective) {
            let fate = match effective.filter(|_| other.is_on(today)) {
                None => "",
                Some(n) if other.role == given[n].role => ", the same",
                Some(_) => ", overridden",
            };
            row(&mut text, "", &self.given(other, fate));
        }
        row(&mut text, "known", &self.role(self.member.and_then(|member| member.access.get(project))));
        if let Some(invitation) = self.invitation {
            row(&mut text, "invited as", &self.role(invitation.access.get(project)));
        }
        let changes: Vec<_> = self.changes().filter_map(|change| self.planned(change, project)).collect();
        let notes = self.notes(Some(project));
        let planned = changes.into_iter().chain(notes).collect::<Vec<_>>().join("; ");
        row(&mut text, "plan", if planned.is_empty() { "no change" } else { &planned });
        text
    }

    fn given(&self, given: &RoleSource, fate: &str) -> String {
        let RoleSource { role, from, until, reason, group: _, file, line } = given;
        let today = self.view.plan.date;
        let from = from.filter(|from| *from > today).map(|from| format!(", starts on {from}"));
        let until =
            until.map(
                |until| {
                    if until < today { format!(", ended on {until}") } else { format!(", until {until}") }
                },
            );
        let reason = reason.as_ref().map(|reason| format!(" ({})", escape::line(reason)));
        let extra = [from, until, reason].into_iter().flatten().collect::<String>();
        let role = self.view.desired.role_name(role);
        format!("{role}, from {} at {}:{line}{fate}{extra}", source_of(given), escape::line(file))
    }

    fn role(&self, role: Option<&Role>) -> String {
        role.map_or_else(|| "none".to_owned(), |role| self.view.desired.role_name(role))
    }

    /// The effect of a change in `project`, if any.
    fn planned(&self, change: &Change, project: &ProjectId) -> Option<String> {
        match change {
            Change::Invite { projects, .. } => {
                projects.get(project).map(|role| format!("invite as {}", self.role(Some(role))))
            }
            Change::Assign { project: at, role, .. } if at == project => {
                Some(format!("assign {}", self.role(Some(role))))
            }
            Change::ChangeRole { project: at, from, to, .. } if at == project => {
                Some(format!("change {} → {}", self.role(Some(from)), self.role(Some(to))))
            }
            Change::Unassign { project: at, role, .. } if at == project => {
                Some(format!("unassign {}", self.role(Some(role))))
            }
            _ => None,
        }
    }

    /// That the file gives no role, and the role that the last applied file gave, if `prune` depends on that.
    fn dropped(&self, project: &ProjectId) -> String {
        let mut addresses = self.member.into_iter().flat_map(Member::addresses).chain([self.email]);
        let applied = self.view.known.applied.as_ref();
        match addresses.find_map(|address| applied?.people.get(address)?.get(project)) {
            Some(role) => format!("none; the last applied file gave {}", self.role(Some(role))),
            None => "none".to_owned(),
        }
    }

    /// The notes on the person as a whole, and the reasons why the plan is blocked.
    fn closing(&self) -> String {
        let mut text = String::new();
        for note in self.notes(None) {
            let _ = writeln!(text, "{} {note}", self.paint.dim("note:"));
        }
        for refusal in &self.view.plan.refused {
            let _ =
                writeln!(text, "{} {}", self.paint.red("the plan is blocked:"), self.view.refusal(refusal));
        }
        if text.is_empty() { text } else { format!("\n{text}") }
    }

    /// Whether a change or note, which has the login, is about this person.
    fn is_about(&self, email: &Email) -> bool {
        email == self.email || self.member.is_some_and(|member| member.login == *email)
    }

    fn changes(&self) -> impl Iterator<Item = &Change> {
        self.view.plan.changes.iter().filter(|change| self.is_about(change.email()))
    }

    fn notes(&self, project: Option<&ProjectId>) -> Vec<String> {
        let notes = self.view.plan.notes.iter();
        notes
            .filter(|note| {
                note.email.as_ref().is_some_and(|email| self.is_about(email))
                    && note.project.as_ref() == project
            })
            .map(|note| self.view.note(note).text)
            .collect()
    }
}

fn row(text: &mut String, label: &str, value: &str) {
    let _ = writeln!(text, "  {label:10}  {value}");
}
