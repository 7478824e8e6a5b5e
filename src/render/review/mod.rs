//! The access review: who has which role in which project, and where it comes from.
//!
//! The review holds facts and their words; `text`, `page`, `csv` and `json` are its formats.

mod csv;
mod filter;
mod json;
mod membership;
mod page;
mod status;
mod tables;
mod text;
mod totals;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::desired::Team;
use crate::known::{EvidenceSource, Invitation, Known, Member};
use crate::model::{Email, Endpoint, ProjectId, Role, UserId};
use crate::plan::{Plan, PlanId};

use super::person::full_name;
use membership::{Membership, RoleKind};
use status::PersonStatus;

pub use csv::review_csv;
pub use json::review_json;
pub(super) use page::head;
pub use page::review_html;
pub use text::review_text;
pub(super) use text::table;

/// Everyone who has, was invited to or should have a role in a managed project.
#[derive(Clone, Debug)]
pub struct Review<'a> {
    endpoint: &'a Endpoint,
    date: Date,
    read_at: Timestamp,
    source: EvidenceSource,
    plan_id: &'a PlanId,
    /// The number of calls in the plan.
    calls: usize,
    /// Why guards block the plan, one sentence each.
    refused: Vec<String>,
    /// What the review is limited to, if anything: a sentence.
    only: Option<String>,
    /// The projects with their display names, by name.
    projects: Vec<(String, &'a ProjectId)>,
    /// Every role that the review can be asked about, most powerful first.
    roles: BTreeSet<(RoleKind, String)>,
    /// By email.
    people: Vec<ReviewedPerson<'a>>,
}

/// One person.
#[derive(Clone, Debug)]
struct ReviewedPerson<'a> {
    email: &'a Email,
    /// The id of a member; the API shows no other.
    user_id: Option<&'a UserId>,
    /// Empty if unknown.
    name: String,
    status: PersonStatus,
    /// Whether the person is in the team file.
    is_listed: bool,
    /// The first day of access, if it is in the future.
    from: Option<Date>,
    /// The last day of access.
    until: Option<Date>,
    /// Why the person has access.
    reason: Option<&'a str>,
    /// The day by which the access has to be confirmed.
    review_by: Option<Date>,
    memberships: BTreeMap<&'a ProjectId, Membership>,
}

impl<'a> Review<'a> {
    /// Builds the review from the inputs of `plan`.
    #[must_use]
    pub fn new(team: &'a Team, known: &'a Known, plan: &'a Plan) -> Self {
        let desired = &team.desired;
        let mut projects: Vec<_> =
            desired.projects.keys().map(|project| (desired.project_name(project), project)).collect();
        projects.sort();
        let by_address = known.by_address();
        // A member that the file lists by the address has the row of that entry.
        let is_listed = |member: &Member| {
            let address = member.email.as_ref();
            address.is_some_and(|address| desired.people.contains_key(address))
        };
        let members = known.members.values().filter(|member| !is_listed(member));
        let everyone: BTreeSet<&Email> = desired
            .people
            .keys()
            .chain(members.map(|member| &member.login))
            .chain(known.invitations.keys())
            .collect();
        let row = |email: &'a Email| {
            let member = known.members.get(email).or_else(|| by_address.get(email).copied());
            ReviewedPerson::new(email, team, member, known.invitations.get(email), plan.date)
        };
        let people: Vec<_> = everyone.into_iter().map(row).collect();
        let custom = desired.roles.keys().cloned().map(Role::Custom);
        let named = Role::PREDEFINED.into_iter().chain(custom);
        let named = named.map(|role| (RoleKind::of(&role), desired.role_name(&role)));
        let found = people.iter().flat_map(|row| row.memberships.values());
        let found = found.map(|membership| (membership.kind, membership.role.clone()));
        Self {
            endpoint: &plan.endpoint,
            date: plan.date,
            read_at: plan.evidence.read_at,
            source: plan.evidence.source,
            plan_id: &plan.id,
            calls: plan.changes.len(),
            refused: plan.refused.iter().map(|it| super::refusal(desired, it)).collect(),
            only: None,
            projects,
            roles: named.chain(found).collect(),
            people,
        }
    }

    /// The number of people in the review.
    #[must_use]
    pub fn people(&self) -> usize {
        self.people.len()
    }

    /// The number of managed projects.
    #[must_use]
    pub fn projects(&self) -> usize {
        self.projects.len()
    }
}

impl<'a> ReviewedPerson<'a> {
    fn new(
        email: &'a Email,
        team: &'a Team,
        member: Option<&'a Member>,
        invitation: Option<&'a Invitation>,
        date: Date,
    ) -> Self {
        let person = team.desired.people.get(email);
        let ended = person.and_then(|person| person.ended_on(date));
        let status = PersonStatus::of(member, invitation, ended, date);
        let has = member.map(|member| &member.access).or(invitation.map(|out| &out.access));
        let desired = person.filter(|_| ended.is_none()).map(|person| &person.access);
        let given = desired.into_iter().flat_map(|access| access.keys());
        let projects: BTreeSet<_> = has
            .into_iter()
            .flat_map(|access| access.keys())
            .chain(given)
            .filter(|project| team.desired.projects.contains_key(*project))
            .collect();
        let membership = |project: &'a ProjectId| {
            let role = has.and_then(|access| access.get(project));
            let asked = desired.and_then(|access| access.get(project)?.role_on(date));
            let given = team.provenance.get(&(email.clone(), project.clone()));
            let given =
                given.and_then(|given| given.iter().find(|given| given.is_on(date)).or(given.first()));
            Some((project, Membership::new(team, role, asked, member.is_some(), given)?))
        };
        Self {
            email: person.map_or(email, |person| &person.email),
            user_id: member.map(|member| &member.id),
            name: full_name(person, member),
            status,
            is_listed: person.is_some(),
            from: person.and_then(|person| person.from).filter(|from| *from > date),
            until: person.and_then(|person| person.until),
            reason: person.and_then(|person| person.reason.as_deref()),
            review_by: person.and_then(|person| person.review_by),
            memberships: projects.into_iter().filter_map(membership).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
