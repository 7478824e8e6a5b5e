//! Pseudonyms in place of emails and names, so a plan can be shown in public.
//!
//! A pseudonym is made from the SHA-256 of the address and the organization's endpoint, so a person has the
//! same one in every plan, and another one in another organization. It hides people from casual readers, but
//! not from anyone who can guess an address, because a guess can be checked. User ids, projects and roles
//! stay: without an account they identify no one.

use sha2::{Digest as _, Sha256};

use crate::desired::{PolicyChange, PolicyValue};
use crate::known::Known;
use crate::model::{Email, Endpoint};
use crate::plan::{Change, Fact, Plan, Refusal};

/// Enough hex digits to distinguish a hundred thousand people.
const DIGITS: usize = 10;

/// A plan and what is known, with pseudonyms. The plan keeps its id, so a reviewer can recognize it when it
/// is applied.
#[derive(Clone, Debug)]
pub struct Redacted {
    /// The plan.
    pub plan: Plan,
    /// What is known.
    pub known: Known,
    /// The differences to the base's policy.
    pub policy_changes: Vec<PolicyChange>,
}

impl Redacted {
    /// Replaces the people in `plan`, `known` and `policy_changes`.
    #[must_use]
    pub fn new(plan: &Plan, known: &Known, policy_changes: &[PolicyChange]) -> Self {
        let hide = Pseudonyms { endpoint: &plan.endpoint };
        Self {
            plan: hide.plan(plan.clone()),
            known: hide.known(known.clone()),
            policy_changes: policy_changes.iter().map(|change| hide.policy_change(change)).collect(),
        }
    }
}

const PREFIX: &str = "person-";

/// Makes pseudonyms for one organization.
struct Pseudonyms<'a> {
    endpoint: &'a Endpoint,
}

impl Pseudonyms<'_> {
    fn person(&self, email: &Email) -> Email {
        Email::as_received(&format!("{PREFIX}{}", self.hashed(email.key())))
    }

    fn pattern(&self, pattern: &str) -> String {
        format!("pattern-{}", self.hashed(pattern))
    }

    fn hashed(&self, text: &str) -> String {
        let digest = Sha256::digest(format!("guestlist redact\n{}\n{text}", self.endpoint));
        crate::words::hex(&digest[..DIGITS / 2])
    }

    fn people(&self, people: &mut [Email]) {
        for email in people {
            *email = self.person(email);
        }
    }

    fn plan(&self, mut plan: Plan) -> Plan {
        for change in &mut plan.changes {
            match change {
                Change::Invite { email, first_name, last_name, .. } => {
                    *email = self.person(email);
                    // The pseudonym of the address, so it reveals nothing more.
                    "Person".clone_into(first_name);
                    email.as_str().trim_start_matches(PREFIX).clone_into(last_name);
                }
                Change::Assign { email, .. }
                | Change::ChangeRole { email, .. }
                | Change::Unassign { email, .. } => *email = self.person(email),
            }
        }
        for note in &mut plan.notes {
            note.email = note.email.as_ref().map(|email| self.person(email));
            match &mut note.fact {
                Fact::Protected { pattern, .. } => *pattern = self.pattern(pattern),
                // A reason may name someone.
                Fact::ReasonChanged { from, to } => {
                    for reason in [from, to].into_iter().flatten() {
                        *reason = format!("reason-{}", self.hashed(reason)).into();
                    }
                }
                _ => {}
            }
        }
        if let Some(only) = &mut plan.only {
            self.people(&mut only.people);
        }
        for refusal in &mut plan.refused {
            match refusal {
                Refusal::DoubtfulReading(doubts) => {
                    for doubt in doubts {
                        doubt.rename(|email| self.person(email));
                    }
                }
                Refusal::EmptyPeople => {}
                Refusal::ListedTwice { first, other } => {
                    *first = self.person(first);
                    *other = self.person(other);
                }
                Refusal::KeepAdmins { losing: people, .. }
                | Refusal::MaxNewAdmins { people, .. }
                | Refusal::MaxRemovals { people, .. } => self.people(people),
            }
        }
        plan
    }

    fn known(&self, mut known: Known) -> Known {
        known.applied = None;
        known.members = known
            .members
            .into_values()
            .map(|mut member| {
                member.login = self.person(&member.login);
                member.email = None;
                "Person".clone_into(&mut member.first_name);
                member.login.as_str().trim_start_matches(PREFIX).clone_into(&mut member.last_name);
                (member.login.clone(), member)
            })
            .collect();
        for invitations in [&mut known.invitations, &mut known.in_flight] {
            *invitations = std::mem::take(invitations)
                .into_values()
                .map(|mut invitation| {
                    invitation.email = self.person(&invitation.email);
                    (invitation.email.clone(), invitation)
                })
                .collect();
        }
        known.recent =
            known.recent.into_iter().map(|((email, id), role)| ((self.person(&email), id), role)).collect();
        // The plan's refusal has the doubts.
        known.doubts.clear();
        known
    }

    /// A pattern may be an address, so each is replaced, and so is an entry of `addresses` as a whole.
    fn policy_change(&self, change: &PolicyChange) -> PolicyChange {
        let PolicyChange { key, from, to, loosened } = change;
        PolicyChange { key, from: self.policy_value(from), to: self.policy_value(to), loosened: *loosened }
    }

    fn policy_value(&self, value: &PolicyValue) -> PolicyValue {
        let hidden = |list: &[String]| list.iter().map(|it| self.pattern(it)).collect();
        match value {
            PolicyValue::Patterns(patterns) => PolicyValue::Patterns(hidden(patterns)),
            PolicyValue::AddressRules(rules) => PolicyValue::AddressRules(rules.as_deref().map(hidden)),
            PolicyValue::Plain(_) | PolicyValue::FileRules(_) => value.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
