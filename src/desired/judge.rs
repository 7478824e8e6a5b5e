//! Judges what people and files are given: by the rules of the policy and, for a pull request, by those of
//! its base as well. A role is reported once for its address and once for its file, at the line that gives it.

use jiff::civil::Date;

use super::access::{Grants, GroupGrant, Groups};
use super::names::Names;
use super::rule::{PlacedRule, Rules};
use crate::model::{Email, ProjectId, Role};
use crate::team_file::{IncludedFile, Location, Problem, ProblemId, Problems, Text, closest, listed, shown};

/// What team files are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The day from which access without a first day counts (UTC).
    pub today: Date,
    /// The rules of the base of a pull request.
    pub base: Option<&'a Rules>,
}

impl Terms<'_> {
    /// Without a base.
    #[must_use]
    pub fn on(today: Date) -> Self {
        Self { today, base: None }
    }
}

/// The rules, and what is needed to name them.
pub(super) struct Judge<'a> {
    names: &'a Names<'a>,
    own: &'a Rules,
    terms: Terms<'a>,
}

/// A person as the file has it.
pub(super) struct JudgedPerson<'a> {
    pub(super) email: Option<(&'a Email, Location)>,
    /// The path of the included file that lists the person.
    pub(super) file: Option<&'a str>,
    pub(super) from: Option<Date>,
    pub(super) until: Option<Date>,
    /// Where `until` is written.
    pub(super) until_at: Option<Location>,
}

/// A role that is given to someone on some day.
struct GivenRole<'a> {
    project: &'a ProjectId,
    role: &'a Role,
    at: Location,
    /// The group that gives it, and the line there.
    group: Option<(&'a Text, Location)>,
    /// The path of the included file that defines the group.
    file: Option<&'a str>,
    from: Option<Date>,
    end: Option<Date>,
    is_reported: bool,
}

/// Whose rules are in question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    Base,
}

impl<'a> Judge<'a> {
    pub(super) fn new(names: &'a Names<'a>, own: &'a Rules, terms: Terms<'a>) -> Self {
        Self { names, own, terms }
    }

    fn all_rules(&self) -> impl Iterator<Item = (Whose, &'a Rules)> + use<'a> {
        [(Whose::Own, Some(self.own)), (Whose::Base, self.terms.base)]
            .into_iter()
            .filter_map(|(whose, rules)| Some((whose, rules?)))
    }

    /// Whether there is any rule for people and files.
    pub(super) fn has_rules(&self) -> bool {
        self.all_rules().any(|(_, rules)| rules.addresses.is_some() || rules.files.is_some())
    }

    /// Judges the groups that included files define.
    pub(super) fn groups(&self, groups: &Groups<'_>, problems: &mut Problems) {
        for group in groups.all() {
            let Some(file) = group.file else { continue };
            let mut given = own_roles(&group.grants);
            self.file(file, &mut given, problems);
        }
    }

    /// Judges a person.
    pub(super) fn person(
        &self,
        person: &JudgedPerson<'_>,
        own: &Grants,
        from_groups: &[(&ProjectId, &GroupGrant<'_>)],
        problems: &mut Problems,
    ) {
        let mut given = own_roles(own);
        given.extend(group_roles(own, from_groups));
        if let Some((email, at)) = person.email {
            self.address(person, email, at, &mut given, problems);
        }
        if let Some(file) = person.file {
            // The groups of the same file are judged where they are defined.
            given.retain(|given| given.file != Some(file));
            for given in &mut given {
                given.is_reported = false;
            }
            self.file(file, &mut given, problems);
        }
    }

    fn address(
        &self,
        person: &JudgedPerson<'_>,
        email: &Email,
        at: Location,
        given: &mut [GivenRole<'_>],
        problems: &mut Problems,
    ) {
        let mut is_end_reported = false;
        for (whose, rules) in self.all_rules() {
            let Some(rules) = &rules.addresses else { continue };
            let who = shown(email.as_str());
            let Some(rule) = rules.iter().find(|rule| rule.matches_address(email)) else {
                let message = format!("{who} matches no entry of `addresses`{}", whose.suffix());
                let problem = Problem::new(at, ProblemId::AddressNotAllowed, message);
                let help = "correct the address, or add an entry to `addresses` in the team file";
                problems.push(
                    with_first(problem, whose, rules)
                        .help(address_meant(email, rules).unwrap_or_else(|| help.to_owned())),
                );
                return;
            };
            for given in given.iter_mut().filter(|given| !rule.rule.allows(given.project, given.role)) {
                let message = format!("{} is not allowed for {who}", self.role_in_project(given, rule));
                self.report(given, rule, whose, ProblemId::RoleNotAllowedForAddress, message, problems);
            }
            if !is_end_reported {
                is_end_reported = self.end(person, &who, rule, whose, given, problems);
            }
        }
    }

    /// Reports, once each, the files that may grant nothing and do.
    pub(super) fn unmatched_files(&self, included: &[IncludedFile], problems: &mut Problems) {
        for IncludedFile { path, groups, people } in included {
            let unmatched = self.all_rules().find_map(|(whose, rules)| {
                let rules = rules.files.as_ref()?;
                let is_matched = rules.iter().any(|rule| rule.matches_path(path));
                (!is_matched).then_some((whose, rules))
            });
            let Some((whose, rules)) = unmatched else { continue };
            let granted = groups.iter().flatten().flat_map(|group| group.grants.iter().flatten());
            let granted = granted.chain(people.iter().flat_map(|person| &person.grants));
            let granted = granted.filter_map(|grant| Some(grant.role.as_ref()?.at));
            let groups = people.iter().flat_map(|person| &person.groups).map(|group| group.at);
            let Some(first) = granted.chain(groups).min() else { continue };
            let suffix = whose.suffix();
            let message =
                format!("{} cannot grant access: it matches no entry of `files`{suffix}", shown(path));
            let problem = Problem::new(first, ProblemId::FileNotAllowed, message);
            problems.push(
                with_first(problem, whose, rules).help("add an entry for it to `files` in the team file"),
            );
        }
    }

    fn file(&self, file: &str, given: &mut [GivenRole<'_>], problems: &mut Problems) {
        for (whose, rules) in self.all_rules() {
            let rules = rules.files.iter().flatten();
            // A file that no entry matches is reported as a whole.
            let Some(rule) = rules.into_iter().find(|rule| rule.matches_path(file)) else { continue };
            for given in given.iter_mut().filter(|given| !rule.rule.allows(given.project, given.role)) {
                let message =
                    format!("{} cannot be granted in {}", self.role_in_project(given, rule), shown(file));
                self.report(given, rule, whose, ProblemId::RoleNotAllowedInFile, message, problems);
            }
        }
    }

    fn role_in_project(&self, given: &GivenRole<'_>, rule: &PlacedRule) -> String {
        let project = shown(self.names.project_alias(given.project));
        if rule.rule.allows_project(given.project) {
            format!("{} in {project}", shown(self.names.role_alias(given.role)))
        } else {
            format!("access to {project}")
        }
    }

    fn report(
        &self,
        given: &mut GivenRole<'_>,
        rule: &PlacedRule,
        whose: Whose,
        id: ProblemId,
        message: String,
        problems: &mut Problems,
    ) {
        if std::mem::replace(&mut given.is_reported, true) {
            return;
        }
        let allowed = if rule.rule.allows_project(given.project) {
            let roles = rule.rule.roles.iter().flatten().map(|role| self.names.role_alias(role));
            names_or_none(roles, "role")
        } else {
            let projects =
                rule.rule.projects.iter().flatten().map(|project| self.names.project_alias(project));
            names_or_none(projects, "project")
        };
        let mut problem = Problem::new(given.at, id, message).help(format!(
            "the entry {} at {} allows {allowed}",
            shown(&rule.rule.pattern),
            whose.line(rule)
        ));
        if let Some((group, at)) = given.group {
            problem = problem.also(at, format!("group {} grants it here", shown(&group.value)));
        }
        problems.push(with_rule(problem, whose, rule));
    }

    /// Judges how long access lasts. Reports the first role without an end in time, for all of them.
    fn end(
        &self,
        person: &JudgedPerson<'_>,
        who: &str,
        rule: &PlacedRule,
        whose: Whose,
        given: &[GivenRole<'_>],
        problems: &mut Problems,
    ) -> bool {
        for given in given {
            let start = given.from.max(person.from);
            let Some(last) = rule.rule.last_day(start.unwrap_or(self.terms.today)) else { return false };
            let end = given.end.into_iter().chain(person.until).min();
            if end.is_some_and(|end| end <= last) {
                continue;
            }
            let message = match end {
                None => format!("access of {who} must have an end date, {last} or earlier"),
                Some(end) => format!("access of {who} ends on {end}, and must end on {last} or earlier"),
            };
            let from = start.map_or_else(|| "today".to_owned(), |start| start.to_string());
            let mut problem = Problem::new(given.at, ProblemId::EndDateRequired, message).help(format!(
                "set `until` on the person or on each role; the entry {} at {} allows {} days after {from}",
                shown(&rule.rule.pattern),
                whose.line(rule),
                rule.rule.days.unwrap_or_default(),
            ));
            if let Some(at) = person.until_at {
                problem = problem.also(at, "the person's last day");
            }
            problems.push(with_rule(problem, whose, rule));
            return true;
        }
        false
    }
}

impl Whose {
    fn suffix(self) -> &'static str {
        match self {
            Self::Own => "",
            Self::Base => " in the base's team file",
        }
    }

    fn line(self, rule: &PlacedRule) -> String {
        let whose = match self {
            Self::Own => "the team file",
            Self::Base => "the base's team file",
        };
        format!("line {} of {whose}", rule.at.line)
    }
}

/// The roles that a person's own entry, or a group, gives.
fn own_roles(grants: &Grants) -> Vec<GivenRole<'_>> {
    let mut all = Vec::new();
    for (project, grant) in grants {
        let Some(granted) = &grant.role else { continue };
        let then = granted.then.as_ref().map(|(role, at)| (role, *at));
        for (role, at) in [Some((&granted.role, granted.at)), then].into_iter().flatten() {
            let (from, end) = (granted.from(), granted.end());
            all.push(GivenRole { project, role, at, group: None, file: None, from, end, is_reported: false });
        }
    }
    all
}

/// The roles that groups give on days on which the person's own entry gives none.
fn group_roles<'a>(own: &Grants, from_groups: &[(&'a ProjectId, &GroupGrant<'a>)]) -> Vec<GivenRole<'a>> {
    let mut all = Vec::new();
    for (project, GroupGrant { group, file, role }) in from_groups {
        let Some(granted) = role else { continue };
        let decided = own.get(*project).and_then(|grant| grant.role.as_ref());
        let left = granted.schedule.outside(decided.map(|own| &own.schedule));
        let then = granted.then.as_ref().map(|(role, at)| (role, *at));
        for (role, at) in [Some((&granted.role, granted.at)), then].into_iter().flatten() {
            if left.iter().any(|span| span.role == *role) {
                all.push(GivenRole {
                    project,
                    role,
                    at: group.at,
                    group: Some((group, at)),
                    file: *file,
                    from: granted.from(),
                    end: granted.end(),
                    is_reported: false,
                });
            }
        }
    }
    all
}

/// The address with the domain that was probably meant.
fn address_meant(email: &Email, rules: &[PlacedRule]) -> Option<String> {
    let (local, domain) = email.as_str().rsplit_once('@')?;
    let domains = rules.iter().filter_map(|rule| rule.rule.pattern.rsplit_once('@'));
    let domains = domains.map(|(_, domain)| domain).filter(|domain| !domain.contains('*'));
    let meant = format!("{local}@{}", closest(domain, domains)?);
    let is_allowed = rules.iter().any(|rule| rule.matches_address(&Email::as_received(&meant)));
    is_allowed.then(|| format!("did you mean {}?", shown(&meant)))
}

fn names_or_none<'a>(names: impl Iterator<Item = &'a str>, what: &str) -> String {
    let names: Vec<_> = names.collect();
    match names.as_slice() {
        [] => format!("no {what}"),
        [name] => format!("only the {what} {}", shown(name)),
        _ => format!("only the {what}s {}", listed(names)),
    }
}

/// Marks the rule. A rule of the base is in another file, which is not shown.
fn with_rule(problem: Problem, whose: Whose, rule: &PlacedRule) -> Problem {
    match whose {
        Whose::Own => problem.also(rule.at, "the entry that matches"),
        Whose::Base => problem,
    }
}

/// Marks where the rules begin.
fn with_first(problem: Problem, whose: Whose, rules: &[PlacedRule]) -> Problem {
    match rules.first() {
        Some(rule) if whose == Whose::Own => problem.also(rule.at, "the first entry"),
        _ => problem,
    }
}
