//! Pseudonyms in place of emails and names, so that a plan can be shown where others read it.
//!
//! A pseudonym is made of the SHA-256 of the address and the organization's endpoint: the same person has
//! the same one in every plan, and another in another organization's. It hides people from those who read
//! along. It does not hide them from somebody who can guess addresses, since a guess can be tried out.
//! User ids, projects and roles stay: they name nobody to those who have no account.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};
use sha2::{Digest as _, Sha256};

use crate::desired::Desired;
use crate::identity::{Email, Endpoint};
use crate::known::Known;
use crate::plan::{Change, Plan};

/// So many hex digits tell a hundred thousand people apart.
const DIGITS: usize = 10;

/// A plan and what is known, without a name of anybody.
///
/// The plan keeps its id, so that a reviewer can tell that it is the one which is applied.
#[derive(Clone, Debug)]
pub struct Redacted {
    /// The plan.
    pub plan: Plan,
    /// What is known.
    pub known: Known,
}

impl Redacted {
    /// Takes the people out of `plan` and `known`.
    #[must_use]
    pub fn new(plan: &Plan, desired: &Desired, known: &Known) -> Self {
        let texts = Texts::new(plan, desired, known);
        let endpoint = &plan.endpoint;
        let hide = |email: &Email| pseudonym(endpoint, email);
        let mut plan = plan.clone();
        for change in &mut plan.changes {
            match change {
                Change::Invite { email, first_name, last_name, .. } => {
                    *email = hide(email);
                    // The name is that of the address, so that it tells no more.
                    "Person".clone_into(first_name);
                    email.as_str().trim_start_matches(PREFIX).clone_into(last_name);
                }
                Change::Assign { email, .. }
                | Change::ChangeRole { email, .. }
                | Change::Unassign { email, .. } => *email = hide(email),
            }
        }
        for note in &mut plan.notes {
            note.email = note.email.as_ref().map(hide);
            note.text = texts.without_people(&note.text);
        }
        for refusal in &mut plan.refused {
            refusal.text = texts.without_people(&refusal.text);
        }
        let mut known = known.clone();
        known.members = known.members.into_iter().map(|(email, member)| (hide(&email), member)).collect();
        for (login, member) in &mut known.members {
            member.login = login.clone();
            "Person".clone_into(&mut member.first_name);
            login.as_str().trim_start_matches(PREFIX).clone_into(&mut member.last_name);
        }
        known.invitations = known.invitations.into_iter().map(|(email, out)| (hide(&email), out)).collect();
        for (email, invitation) in &mut known.invitations {
            invitation.email = email.clone();
        }
        known.in_flight = known.in_flight.into_iter().map(|(email, out)| (hide(&email), out)).collect();
        for (email, invitation) in &mut known.in_flight {
            invitation.email = email.clone();
        }
        known.recent =
            known.recent.into_iter().map(|((email, id), role)| ((hide(&email), id), role)).collect();
        // What was doubted stands in the refusal.
        known.doubts.clear();
        Self { plan, known }
    }
}

const PREFIX: &str = "person-";

fn pseudonym(endpoint: &Endpoint, email: &Email) -> Email {
    Email::as_received(&format!("{PREFIX}{}", hashed(endpoint, email.key())))
}

fn hashed(endpoint: &Endpoint, text: &str) -> String {
    let digest = Sha256::digest(format!("guestlist redact\n{endpoint}\n{text}"));
    crate::wording::hex(&digest[..DIGITS / 2])
}

/// Finds in sentences everyone whom they could name.
struct Texts {
    people: Option<AhoCorasick>,
    pseudonyms: Vec<String>,
}

impl Texts {
    fn new(plan: &Plan, desired: &Desired, known: &Known) -> Self {
        let endpoint = &plan.endpoint;
        let listed = desired.people.values().map(|person| &person.email);
        let members = known.members.values().map(|member| &member.login);
        let invited = known.invitations.values().map(|invitation| &invitation.email);
        let planned = plan.changes.iter().map(Change::email);
        let noted = plan.notes.iter().filter_map(|note| note.email.as_ref());
        // As a sentence shows them, in every spelling.
        let mut hidden: BTreeMap<String, String> = listed
            .chain(members)
            .chain(invited)
            .chain(planned)
            .chain(noted)
            .map(|email| (email.to_string(), pseudonym(endpoint, email).to_string()))
            .collect();
        for pattern in &desired.policy.protect {
            let shown = crate::inert::line(pattern.as_str()).into_owned();
            let hash = hashed(endpoint, pattern.as_str());
            hidden.entry(shown).or_insert_with(|| format!("pattern-{hash}"));
        }
        hidden.remove("");
        // An address may be the end of another. The longest that fits is meant. A sentence may spell one in
        // another case than any of these.
        let people = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(hidden.keys())
            .ok();
        Self { people, pseudonyms: hidden.into_values().collect() }
    }

    fn without_people(&self, text: &str) -> String {
        match &self.people {
            Some(people) => people.replace_all(text, &self.pseudonyms),
            // There are too many to look for them all: nothing is said rather than too much.
            None => "not shown, since too many people would have to be looked for in it".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
