//! The team file resolved and checked: groups, aliases and dates worked out, so the rest of the program can trust
//! it. The types as written, before that, are in `team_file`.

mod access;
mod alias;
mod binding;
mod dates;
mod deadlines;
mod email_pattern;
mod grouping;
mod judge;
mod names;
mod people;
mod policy;
mod resolve;
mod rule;
mod schedule;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::escape;
use crate::model::{Access, Email, Endpoint, ProjectId, Role, RoleId};

pub use alias::{Aliases, slug};
pub use binding::{PolicyChange, PolicyValue};
pub use deadlines::SOON_DAYS;
pub use email_pattern::EmailPattern;
pub use judge::Terms;
pub use names::{LONGEST_NAME, refused_id, refused_name};
pub use resolve::{provenance, resolve};
pub use rule::{Rule, Rules};
pub use schedule::{OnDay, Schedule, Span};
pub use write::write;

/// The default folder of the ledger.
pub const LEDGER: &str = ".guestlist";

/// The folder of the ledger with `--sandbox`. No team file can name it, so a rehearsal never touches the audit
/// trail.
pub const SANDBOX_LEDGER: &str = ".guestlist/sandbox";

/// What the team file asks for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Desired {
    /// The managed projects. No other project is ever read, shown or changed.
    pub projects: BTreeMap<ProjectId, ManagedProject>,
    /// The aliases of the custom roles.
    pub roles: BTreeMap<RoleId, String>,
    /// Everyone who is listed under `people`.
    pub people: BTreeMap<Email, Person>,
    /// The limits on what guestlist may change.
    pub policy: Policy,
}

/// A managed project.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ManagedProject {
    /// Its name in the team file.
    pub alias: String,
    /// The display name, if `{id, name}` was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A person and their desired access.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Person {
    /// The address to invite, sent as written.
    pub email: Email,
    /// The given name.
    pub first_name: String,
    /// The family name.
    pub last_name: String,
    /// The access from groups and from the person's own entry. The days of the person bound it. Shared by
    /// everyone with the same access.
    pub access: Arc<BTreeMap<ProjectId, Schedule>>,
    /// Not invited before this day (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last day of access (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Why the person has access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// The day by which the access has to be confirmed (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_by: Option<Date>,
    /// Why the person has a role, where a reason is given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<ProjectId, Arc<str>>,
}

/// The limits on what guestlist may change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Policy {
    /// The access to remove besides what the file itself says.
    pub prune: Prune,
    /// The most removals in one plan, per project and in total.
    pub max_removals: Limit,
    /// The most people who become ADMIN in one plan.
    pub max_new_admins: u32,
    /// The fewest ADMINs that every managed project keeps.
    pub keep_admins: u32,
    /// The patterns of people who are never changed and never removed.
    pub protect: Vec<EmailPattern>,
    /// Who may be listed, and with what access; anyone if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<Rule>>,
    /// What included files may grant; anything if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<Rule>>,
    /// The policy on the base branch, if it differs. Both apply, and the stricter one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Box<Policy>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            prune: Prune::None,
            max_removals: Limit::Percent(10),
            max_new_admins: 5,
            keep_admins: 1,
            protect: Vec::new(),
            addresses: None,
            files: None,
            base: None,
        }
    }
}

/// The access to remove besides what the team file itself says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prune {
    /// Nothing.
    #[default]
    None,
    /// What the file of the last apply gave and this file does not give.
    Dropped,
    /// Roles of listed people in managed projects that are not in the file.
    Roles,
    /// These, and all roles in managed projects of people who are not in the file.
    People,
}

/// The most removals that are allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// A percentage of the members, from 0 to 100.
    Percent(u8),
    /// A number of removals.
    Count(u32),
}

/// A line of a file that grants a role to a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoleSource {
    /// The role.
    pub role: Role,
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
    /// Why.
    pub reason: Option<Arc<str>>,
    /// The group that grants it; `None` for the person's own entry.
    pub group: Option<Arc<str>>,
    /// The path of the file, as the user would write it.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
}

/// Every line that grants a role, by person and project. Of those whose days have a day, the first one is effective.
pub type Provenance = BTreeMap<(Email, ProjectId), Vec<RoleSource>>;

/// A team file without problems.
#[derive(Clone, PartialEq, Debug)]
pub struct Team {
    /// The desired state.
    pub desired: Desired,
    /// The lines that grant it. Empty unless filled with [`provenance()`]: it is large, and few commands need it.
    pub provenance: Provenance,
    /// The endpoint of the organization.
    pub endpoint: Endpoint,
    /// The location of the ledger as written, if there is one.
    pub ledger: Option<String>,
    /// The rules of the policy, to judge a pull request by.
    pub rules: Rules,
}

impl Person {
    /// Someone with the same access on every day.
    #[must_use]
    pub fn new(email: Email, first_name: String, last_name: String, access: Access) -> Self {
        let access = access.into_iter().map(|(project, role)| (project, Schedule::Always(role)));
        let access = Arc::new(access.collect());
        let (from, until, reason, review_by) = (None, None, None, None);
        Self {
            email,
            first_name,
            last_name,
            access,
            from,
            until,
            reason,
            review_by,
            reasons: BTreeMap::new(),
        }
    }

    /// Why the person has access to a project, if the file says so.
    #[must_use]
    pub fn reason_in(&self, project: &ProjectId) -> Option<&str> {
        self.reasons.get(project).or(self.reason.as_ref()).map(AsRef::as_ref)
    }

    /// The roles that are due on `day`, whether or not it is one of the person's days.
    #[must_use]
    pub fn access_on(&self, day: Date) -> Access {
        let due = |(project, schedule): (&ProjectId, &Schedule)| {
            Some((project.clone(), schedule.role_on(day)?.clone()))
        };
        self.access.iter().filter_map(due).collect()
    }

    /// The last day of access, if it is before `day` and no role starts later.
    #[must_use]
    pub fn ended_on(&self, day: Date) -> Option<Date> {
        let ended = |schedule: &Schedule| match schedule.on(day) {
            OnDay::Ended { until, .. } => Some(until),
            OnDay::Due { .. } | OnDay::Ahead { .. } => None,
        };
        let of_roles = || self.access.values().map(ended).collect::<Option<Vec<_>>>()?.into_iter().max();
        self.until.filter(|until| *until < day).or_else(of_roles)
    }

    /// The first day of access, if it is after `day` and no role is due on `day`.
    #[must_use]
    pub fn starts_on(&self, day: Date) -> Option<Date> {
        if let Some(from) = self.from.filter(|from| *from > day) {
            return Some(from);
        }
        let starts = self.access.values().filter_map(|schedule| match schedule.on(day) {
            OnDay::Ahead { from, .. } => Some(from),
            OnDay::Due { .. } | OnDay::Ended { .. } => None,
        });
        starts.min().filter(|_| self.access_on(day).is_empty())
    }
}

impl RoleSource {
    /// Whether it grants the role on `day`.
    #[must_use]
    pub fn is_on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

impl Desired {
    /// The alias of a project, as in the team file; its id if it has none.
    pub(crate) fn project_alias<'a>(&'a self, id: &'a ProjectId) -> &'a str {
        project_alias(&self.projects, id)
    }

    /// The name of a role, as in the team file: predefined, an alias, or the id.
    pub(crate) fn role_alias<'a>(&'a self, role: &'a Role) -> &'a str {
        role_alias(&self.roles, role)
    }

    /// The alias of a project, escaped for display; its id if it has none.
    #[must_use]
    pub fn project_name(&self, project: &ProjectId) -> String {
        escape::line(self.project_alias(project)).into_owned()
    }

    /// The name of a role, escaped for display: predefined, an alias, or the id.
    #[must_use]
    pub fn role_name(&self, role: &Role) -> String {
        escape::line(self.role_alias(role)).into_owned()
    }

    /// `storefront ADMIN, loyalty USER`, by alias.
    #[must_use]
    pub fn access_names(&self, access: &Access) -> String {
        let mut named: Vec<_> = access
            .iter()
            .map(|(project, role)| {
                [&escape::line(self.project_alias(project)), " ", &escape::line(self.role_alias(role))]
                    .concat()
            })
            .collect();
        named.sort();
        named.join(", ")
    }
}

fn project_alias<'a>(projects: &'a BTreeMap<ProjectId, ManagedProject>, id: &'a ProjectId) -> &'a str {
    projects.get(id).map_or(id.as_str(), |project| &project.alias)
}

fn role_alias<'a>(roles: &'a BTreeMap<RoleId, String>, role: &'a Role) -> &'a str {
    match role {
        Role::Custom(id) => roles.get(id).map_or(id.as_str(), String::as_str),
        predefined => predefined.as_str(),
    }
}

#[cfg(test)]
mod tests;
