//! Writes a team file that resolves to a given [`Desired`], as a starting point for people. A schedule that takes
//! more than one entry of a team file comes from groups, and is not written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::grouping::{self, GroupNames, Roles};
use super::{Desired, Limit, ManagedProject, Person, Policy, Rule, Schedule, Span};
use crate::escape::{self, yaml};
use crate::model::{Endpoint, ProjectId};

/// The first line, by which editors find the schema.
const SCHEMA: &str = "# yaml-language-server: $schema=./guestlist.schema.json";

/// The team file of `desired` at `endpoint`, with `remarks` as comments at its top.
#[must_use]
pub fn write(desired: &Desired, endpoint: &Endpoint, remarks: &[String]) -> String {
    written(desired, endpoint, remarks, &grouping::groups(desired))
}

pub(super) fn written(
    desired: &Desired,
    endpoint: &Endpoint,
    remarks: &[String],
    groups: &GroupNames<'_>,
) -> String {
    let mut file = File { desired, groups, text: String::new() };
    file.line(0, SCHEMA);
    for remark in remarks {
        file.line(0, &format!("# {}", escape::line(remark)));
    }
    file.line(0, "version: 1");
    file.cluster(endpoint);
    file.projects();
    file.roles();
    file.groups();
    file.people();
    file.policy();
    file.text
}

struct File<'a> {
    desired: &'a Desired,
    groups: &'a GroupNames<'a>,
    text: String,
}

impl File<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        let _ = writeln!(self.text, "{:width$}{text}", "", width = 2 * depth);
    }

    fn pair(&mut self, depth: usize, key: &str, value: &str) {
        self.line(depth, &format!("{}: {}", yaml(key), yaml(value)));
    }

    fn heading(&mut self, key: &str) {
        self.line(0, "");
        self.line(0, &format!("{key}:"));
    }

    /// Writes nothing for the default, and for a simulated organization, which has no URL.
    fn cluster(&mut self, endpoint: &Endpoint) {
        if *endpoint == Endpoint::default() || *endpoint == Endpoint::sandbox() {
            return;
        }
        let name =
            ["us1", "as1"].into_iter().find(|name| Endpoint::of_cluster(name).as_ref() == Some(endpoint));
        self.pair(0, "cluster", name.unwrap_or(endpoint.as_str()));
    }

    fn projects(&mut self) {
        self.heading("projects");
        let by_alias: BTreeMap<_, _> =
            self.desired.projects.iter().map(|(id, project)| (&project.alias, (id, project))).collect();
        for (alias, (id, ManagedProject { alias: _, name })) in by_alias {
            match name {
                None => self.pair(1, alias, id.as_str()),
                Some(name) => {
                    let (id, name) = (yaml(id.as_str()), yaml(name));
                    self.line(1, &format!("{}: {{id: {id}, name: {name}}}", yaml(alias)));
                }
            }
        }
    }

    fn roles(&mut self) {
        if self.desired.roles.is_empty() {
            return;
        }
        self.heading("roles");
        let by_alias: BTreeMap<_, _> = self.desired.roles.iter().map(|(id, alias)| (alias, id)).collect();
        for (alias, id) in by_alias {
            self.pair(1, alias, id.as_str());
        }
    }

    fn groups(&mut self) {
        if self.groups.is_empty() {
            return;
        }
        self.heading("groups");
        let by_name: BTreeMap<_, _> = self.groups.iter().map(|(access, name)| (name, *access)).collect();
        for (name, access) in by_name {
            self.line(1, &format!("{}:", yaml(name)));
            self.access(2, access, &BTreeMap::new());
        }
    }

    fn people(&mut self) {
        if self.desired.people.is_empty() {
            self.line(0, "");
            self.line(0, "people: []");
            return;
        }
        self.heading("people");
        for (index, person) in self.desired.people.values().enumerate() {
            if index > 0 {
                self.line(0, "");
            }
            self.person(person);
        }
    }

    fn person(&mut self, person: &Person) {
        let Person { email, first_name, last_name, access, from, until, reason, review_by, reasons } = person;
        self.line(1, &format!("- email: {}", yaml(email.as_str())));
        self.pair(2, "first_name", first_name);
        self.pair(2, "last_name", last_name);
        if let Some(group) = self.groups.get(&**access).filter(|_| reasons.is_empty()) {
            self.line(2, &format!("groups: [{}]", yaml(group)));
        } else {
            self.line(2, "projects:");
            self.access(3, access, reasons);
        }
        for (key, day) in [("from", from), ("until", until), ("review_by", review_by)] {
            if let Some(day) = day {
                self.line(2, &format!("{key}: {day}"));
            }
        }
        if let Some(reason) = reason {
            self.pair(2, "reason", reason);
        }
    }

    fn access(&mut self, depth: usize, access: &Roles, reasons: &BTreeMap<ProjectId, Arc<str>>) {
        let role = |(id, schedule)| {
            (self.desired.project_alias(id), self.role(schedule, reasons.get(id).map(AsRef::as_ref)))
        };
        let by_alias: BTreeMap<_, _> = access.iter().map(role).collect();
        for (project, role) in by_alias {
            self.line(depth, &format!("{}: {role}", yaml(project)));
        }
    }

    /// A role, as a mapping if it has dates or a reason.
    fn role(&self, schedule: &Schedule, reason: Option<&str>) -> String {
        let name = |role| yaml(self.desired.role_alias(role));
        let spans = match (schedule, reason) {
            (Schedule::Always(role), None) => return name(role).into_owned(),
            _ => schedule.spans(),
        };
        let Some(Span { from, until, role }) = spans.first() else { return "{}".to_owned() };
        let mut fields = vec![format!("role: {}", name(role))];
        fields.extend(from.map(|day| format!("from: {day}")));
        fields.extend(until.map(|day| format!("until: {day}")));
        fields.extend(spans.get(1).map(|then| format!("then: {}", name(&then.role))));
        fields.extend(reason.map(|reason| format!("reason: {}", yaml(reason))));
        format!("{{{}}}", fields.join(", "))
    }

    fn policy(&mut self) {
        let Policy { prune, max_removals, max_new_admins, keep_admins, protect, addresses, files, base: _ } =
            &self.desired.policy;
        let default = Policy::default();
        self.heading("policy");
        self.pair(1, "prune", prune.as_str());
        if *max_removals != default.max_removals {
            let limit = match max_removals {
                Limit::Percent(_) => yaml(&max_removals.to_string()).into_owned(),
                Limit::Count(_) => max_removals.to_string(),
            };
            self.line(1, &format!("max_removals: {limit}"));
        }
        if *max_new_admins != default.max_new_admins {
            self.line(1, &format!("max_new_admins: {max_new_admins}"));
        }
        if *keep_admins != default.keep_admins {
            self.line(1, &format!("keep_admins: {keep_admins}"));
        }
        if !protect.is_empty() {
            let patterns: Vec<_> = protect.iter().map(|pattern| yaml(pattern.as_str())).collect();
            self.line(1, &format!("protect: [{}]", patterns.join(", ")));
        }
        for (key, rules) in [("addresses", addresses), ("files", files)] {
            match rules.as_deref() {
                None => {}
                Some([]) => self.line(1, &format!("{key}: []")),
                Some(rules) => {
                    self.line(1, &format!("{key}:"));
                    for rule in rules {
                        self.line(2, &format!("- {}", self.desired.written_rule(rule)));
                    }
                }
            }
        }
    }
}

impl Desired {
    /// A rule as in a team file, with its aliases.
    pub(super) fn written_rule(&self, rule: &Rule) -> String {
        let Rule { pattern, projects, roles, days } = rule;
        let mut fields = vec![format!("match: {}", yaml(pattern))];
        let mut list = |key, names: Vec<&str>| {
            let names: Vec<_> = names.into_iter().map(yaml).collect();
            fields.push(format!("{key}: [{}]", names.join(", ")));
        };
        if let Some(projects) = projects {
            list("projects", projects.iter().map(|id| self.project_alias(id)).collect());
        }
        if let Some(roles) = roles {
            list("roles", roles.iter().map(|role| self.role_alias(role)).collect());
        }
        fields.extend(days.map(|days| format!("until: {days}d")));
        format!("{{{}}}", fields.join(", "))
    }
}
