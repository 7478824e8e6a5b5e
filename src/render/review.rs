//! The access review: who has which role in which project, and where it comes from.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::desired::{RoleSource, Team};
use crate::escape;
use crate::known::{EvidenceSource, Invitation, Known, Member};
use crate::model::{Email, Endpoint, ProjectId, Role};
use crate::plan::{Plan, PlanId, STALE_DAYS};
use crate::words;

/// Everyone who has, was invited to or should have a role in a managed project.
#[derive(Clone, Debug)]
pub struct Review<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) date: Date,
    pub(super) read_at: Timestamp,
    pub(super) source: EvidenceSource,
    pub(super) plan_id: &'a PlanId,
    /// The number of calls in the plan.
    pub(super) changes: usize,
    /// Why guards block the plan, one sentence each.
    pub(super) refused: Vec<String>,
    /// The projects with their display names.
    pub(super) projects: Vec<(String, &'a ProjectId)>,
    pub(super) rows: Vec<Row<'a>>,
}

/// One person.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    pub(super) email: &'a Email,
    pub(super) name: String,
    pub(super) standing: Standing,
    /// Whether the person is in the team file.
    pub(super) listed: bool,
    /// `None` if not in the future.
    pub(super) from: Option<Date>,
    pub(super) until: Option<Date>,
    pub(super) cells: BTreeMap<&'a ProjectId, Cell>,
}

/// The membership status of a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    Owner,
    Member,
    Invited { days: i32 },
    Stale { days: i32 },
    Expected,
}

/// The access of one person in one project, as text.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// The role of a member, or of a pending invitation.
    pub(super) role: Option<(Sort, String)>,
    /// The role in the team file, if different.
    pub(super) desired: Option<String>,
    /// The source of the role: a group, or the person's own entry.
    pub(super) given_by: String,
    /// The file and line of the source.
    pub(super) place: Option<String>,
}

/// The class of a role, shown by color and letter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Sort {
    Admin,
    User,
    Viewer,
    Merchant,
    Restricted,
    Custom,
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
        // A member whom the file lists by the address has the row of that entry.
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
        Self {
            endpoint: &plan.endpoint,
            date: plan.date,
            read_at: plan.evidence.read_at,
            source: plan.evidence.source,
            plan_id: &plan.id,
            changes: plan.changes.len(),
            refused: plan.refused.iter().map(|it| super::refusal(desired, it)).collect(),
            projects,
            rows: everyone
                .into_iter()
                .map(|email| {
                    let member = known.members.get(email).or_else(|| by_address.get(email).copied());
                    Row::new(email, team, member, known.invitations.get(email), plan.date)
                })
                .collect(),
        }
    }
}

impl<'a> Row<'a> {
    fn new(
        email: &'a Email,
        team: &'a Team,
        member: Option<&'a Member>,
        invitation: Option<&'a Invitation>,
        date: Date,
    ) -> Self {
        let person = team.desired.people.get(email);
        let name = match (person, member) {
            (Some(person), _) => format!("{} {}", person.first_name, person.last_name),
            (None, Some(member)) => format!("{} {}", member.first_name, member.last_name),
            (None, None) => String::new(),
        };
        let has = member.map(|member| &member.access).or(invitation.map(|out| &out.access));
        let projects: BTreeSet<_> = has
            .into_iter()
            .chain(person.map(|person| &person.access))
            .flat_map(BTreeMap::keys)
            .filter(|project| team.desired.projects.contains_key(*project))
            .collect();
        let ended = person.and_then(|person| person.until).is_some_and(|until| until < date);
        let cell = |project: &'a ProjectId| {
            let role = has.and_then(|access| access.get(project));
            let asked = person.filter(|_| !ended).and_then(|person| person.access.get(project));
            let given = team.provenance.get(&(email.clone(), project.clone()));
            (project, Cell::new(team, role, asked, given.and_then(|given| given.first())))
        };
        Self {
            email: person.map_or(email, |person| &person.email),
            name: escape::line(name.trim()).into_owned(),
            standing: Standing::of(member, invitation, date),
            listed: person.is_some(),
            from: person.and_then(|person| person.from).filter(|from| *from > date),
            until: person.and_then(|person| person.until),
            cells: projects.into_iter().map(cell).collect(),
        }
    }
}

impl Standing {
    fn of(member: Option<&Member>, invitation: Option<&Invitation>, date: Date) -> Self {
        match (member, invitation) {
            (Some(member), _) if member.is_owner => Self::Owner,
            (Some(_), _) => Self::Member,
            (None, Some(invitation)) => {
                let sent = invitation.sent_at.to_zoned(TimeZone::UTC).date();
                let days = (date - sent).get_days();
                if days > STALE_DAYS { Self::Stale { days } } else { Self::Invited { days } }
            }
            (None, None) => Self::Expected,
        }
    }

    /// Display text.
    pub(super) fn text(self) -> String {
        match self {
            Self::Owner => "owner".to_owned(),
            Self::Member => "member".to_owned(),
            Self::Invited { days } => format!("invited {}", words::days_ago(days)),
            Self::Stale { days } => format!("stale: invited {}", words::days_ago(days)),
            Self::Expected => "not invited yet".to_owned(),
        }
    }

    /// Identifier for filters and programs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
            Self::Invited { .. } => "invited",
            Self::Stale { .. } => "stale",
            Self::Expected => "expected",
        }
    }
}

impl Cell {
    fn new(team: &Team, role: Option<&Role>, asked: Option<&Role>, given: Option<&RoleSource>) -> Self {
        let name = |role: &Role| team.desired.role_name(role);
        let desired = match (role, asked) {
            (Some(role), Some(asked)) if role == asked => None,
            (_, Some(asked)) => Some(name(asked)),
            (_, None) => Some("none".to_owned()),
        };
        let given_by = match given {
            Some(RoleSource { group: Some(group), .. }) => format!("group {}", escape::line(group)),
            Some(RoleSource { group: None, .. }) => "own entry".to_owned(),
            None => "not in the team file".to_owned(),
        };
        Self {
            role: role.map(|role| (Sort::of(role), name(role))),
            desired,
            given_by,
            place: given.map(|given| format!("{}:{}", escape::line(&given.file), given.line)),
        }
    }
}

impl Sort {
    /// All, most powerful first.
    pub(super) const ALL: [Self; 6] =
        [Self::Admin, Self::User, Self::Viewer, Self::Merchant, Self::Restricted, Self::Custom];

    fn of(role: &Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::User => Self::User,
            Role::Viewer => Self::Viewer,
            Role::Merchant => Self::Merchant,
            Role::UserRestricted => Self::Restricted,
            Role::Custom(_) => Self::Custom,
        }
    }

    /// The letter shown, also its CSS class.
    pub(super) fn letter(self) -> char {
        match self {
            Self::Admin => 'A',
            Self::User => 'U',
            Self::Viewer => 'V',
            Self::Merchant => 'M',
            Self::Restricted => 'R',
            Self::Custom => 'C',
        }
    }

    /// The legend text of the letter.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::User => "USER",
            Self::Viewer => "VIEWER",
            Self::Merchant => "MERCHANT",
            Self::Restricted => "USER_RESTRICTED",
            Self::Custom => "a custom role",
        }
    }
}
