//! The people of all files: their addresses, names, dates and access.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::access::{self, Grants, Groups};
use super::names::{Names, check_name};
use super::{EmailPattern, Person, RoleSource};
use crate::model::{Access, Email, ProjectId, Role, SharedAccess};
use crate::team_file::{FileId, Location, Problem, ProblemId, Problems, Sources, Text, WrittenPerson, shown};

/// The most roles that groups and people grant in total. Groups multiply, so a small file could describe more than
/// fits into memory. 30,000 people with 10 projects each have 300,000.
const MAX_GRANTS: usize = 1_000_000;

/// The people resolved so far, and the data to check further ones against.
pub(super) struct People<'a> {
    names: &'a Names<'a>,
    groups: &'a Groups<'a>,
    protected: Vec<(EmailPattern, Location)>,
    places: BTreeMap<Email, Location>,
    resolved: BTreeMap<Email, Person>,
    /// The number of roles granted so far.
    granted: usize,
    /// Many people have the same access.
    shared: SharedAccess,
}

/// A role that a group grants to a person, and its location.
struct GroupGrant<'a> {
    group: &'a Text,
    role: Option<&'a Role>,
    at: Location,
}

/// Everything that grants access to a person: their own entry, and groups.
struct AccessSources<'a> {
    own: Grants,
    from_groups: BTreeMap<&'a ProjectId, Vec<GroupGrant<'a>>>,
    /// Whether no part of it was rejected.
    whole: bool,
}

/// The names of files and groups, each allocated once for all people.
pub(super) struct FileNames<'a> {
    sources: &'a Sources,
    files: BTreeMap<FileId, Arc<str>>,
    groups: BTreeMap<&'a str, Arc<str>>,
}

impl<'a> FileNames<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, files: BTreeMap::new(), groups: BTreeMap::new() }
    }

    fn file(&mut self, file: FileId) -> Arc<str> {
        let name = || Arc::from(self.sources.get(file).name.as_str());
        Arc::clone(self.files.entry(file).or_insert_with(name))
    }

    fn group(&mut self, name: &'a str) -> Arc<str> {
        Arc::clone(self.groups.entry(name).or_insert_with(|| Arc::from(name)))
    }
}

impl<'a> People<'a> {
    /// An empty list.
    pub(super) fn new(names: &'a Names<'a>, groups: &'a Groups<'a>, protect: &[Text]) -> Self {
        let protected = protect.iter().map(|text| (EmailPattern::new(&text.value), text.at)).collect();
        Self {
            names,
            groups,
            protected,
            places: BTreeMap::new(),
            resolved: BTreeMap::new(),
            granted: 0,
            shared: SharedAccess::default(),
        }
    }

    /// Checks a person and adds it.
    pub(super) fn add(&mut self, written: &WrittenPerson, problems: &mut Problems) {
        let email = written.email.as_ref().and_then(|text| self.email(text, problems));
        let name = |text: &Option<Text>, what, problems: &mut Problems| {
            let text = text.as_ref().filter(|text| check_name(text, what, problems))?;
            Some(text.value.clone())
        };
        let first_name = name(&written.first_name, "`first_name`", problems);
        let last_name = name(&written.last_name, "`last_name`", problems);
        let (from, until) = days(written, problems);
        let access = self.access(written, problems);
        let (Some(email), Some(first_name), Some(last_name)) = (email, first_name, last_name) else {
            return;
        };
        let person = Person { email: email.clone(), first_name, last_name, access, from, until };
        self.resolved.insert(email, person);
    }

    /// Whether the limit is exceeded, which is reported once.
    pub(super) fn are_too_many(&self) -> bool {
        self.granted > MAX_GRANTS
    }

    /// Everyone.
    pub(super) fn into_resolved(self) -> BTreeMap<Email, Person> {
        self.resolved
    }

    /// Every line that grants a role to a person; the effective one comes first.
    pub(super) fn role_sources<'b>(
        &'b self,
        written: &'b WrittenPerson,
        files: &mut FileNames<'b>,
        problems: &mut Problems,
    ) -> BTreeMap<ProjectId, Vec<RoleSource>> {
        let AccessSources { own, from_groups, .. } = self.access_sources(written, problems);
        let mut sources: BTreeMap<ProjectId, Vec<RoleSource>> = BTreeMap::new();
        let mut add = |project: &ProjectId, role: Option<&Role>, group: Option<&'b str>, at: Location| {
            let Some(role) = role else { return };
            let sources = sources.entry(project.clone()).or_default();
            sources.reserve_exact(1);
            sources.push(RoleSource {
                role: role.clone(),
                group: group.map(|group| files.group(group)),
                file: files.file(at.file),
                line: at.line,
            });
        };
        for (project, grant) in &own {
            add(project, grant.value.as_ref(), None, grant.at);
        }
        for (project, grants) in &from_groups {
            for GroupGrant { group, role, at } in grants {
                add(project, *role, Some(group.value.as_str()), *at);
            }
        }
        sources
    }

    fn email(&mut self, text: &Text, problems: &mut Problems) -> Option<Email> {
        let email = match Email::parse(&text.value) {
            Ok(email) => email,
            Err(reason) => {
                let message = format!("{} is not a valid email address: {reason}", shown(&text.value));
                problems.push(Problem::new(text.at, ProblemId::InvalidEmail, message));
                return None;
            }
        };
        if let Some(first) = self.places.get(&email) {
            let problem = Problem::new(
                text.at,
                ProblemId::DuplicatePerson,
                format!("{} is listed twice", shown(&text.value)),
            );
            problems.push(problem.also(*first, "first listed here"));
            return None;
        }
        self.places.insert(email.clone(), text.at);
        if let Some((pattern, at)) = self.protected.iter().find(|(pattern, _)| pattern.matches(&email)) {
            let message = format!("{} is protected and cannot be listed", shown(&text.value));
            let label = format!("protected by {}", shown(pattern.as_str()));
            problems.push(
                Problem::new(text.at, ProblemId::ProtectedPerson, message)
                    .help("remove this person, or change the pattern under `protect`")
                    .also(*at, label),
            );
        }
        Some(email)
    }

    /// The access from groups and from the person's own entry, which wins.
    fn access(&mut self, written: &WrittenPerson, problems: &mut Problems) -> Access {
        // Count first: groups multiply, and nothing is allocated for a file that is too large.
        for group in &written.groups {
            self.granted += self.groups.get(group).map_or(0, |found| found.grants.len());
            if self.refuse_too_many(group.at, problems) {
                return Access::new();
            }
        }
        self.granted += written.grants.len();
        let at = written.email.as_ref().map_or(written.at, |email| email.at);
        if self.refuse_too_many(at, problems) {
            return Access::new();
        }
        let AccessSources { own, from_groups, whole } = self.access_sources(written, problems);
        if own.is_empty() && from_groups.is_empty() && whole {
            let problem = Problem::new(at, ProblemId::NoProject, "this person has no access to any project");
            problems.push(problem.help("add `projects` or `groups`, or remove this person"));
        }
        self.refuse_conflicts(&own, &from_groups, problems);
        let first = |(project, grants): (&&ProjectId, &Vec<GroupGrant<'_>>)| {
            let role = grants.iter().find_map(|grant| grant.role)?;
            Some(((*project).clone(), role.clone()))
        };
        let mut access: Access = from_groups.iter().filter_map(first).collect();
        access.extend(own.into_iter().filter_map(|(project, grant)| Some((project, grant.value?))));
        self.shared.share(access)
    }

    fn refuse_too_many(&self, at: Location, problems: &mut Problems) -> bool {
        if self.are_too_many() {
            problems.push(Problem::new(
                at,
                ProblemId::TooManyRoles,
                format!("groups and people grant more than {MAX_GRANTS} roles in total"),
            ));
        }
        self.are_too_many()
    }

    fn access_sources<'b>(
        &'b self,
        written: &'b WrittenPerson,
        problems: &mut Problems,
    ) -> AccessSources<'b> {
        let (own, own_whole) = access::grants(&written.grants, self.names, problems);
        let mut whole = own_whole && written.access_whole;
        let mut from_groups: BTreeMap<&ProjectId, Vec<GroupGrant<'_>>> = BTreeMap::new();
        for group in &written.groups {
            let Some(found) = self.groups.find(group, problems) else {
                whole = false;
                continue;
            };
            whole &= found.whole;
            for (project, grant) in &found.grants {
                let grant = GroupGrant { group, role: grant.value.as_ref(), at: grant.at };
                from_groups.entry(project).or_default().push(grant);
            }
        }
        AccessSources { own, from_groups, whole }
    }

    /// Two groups must not grant different roles in a project, unless the person's own entry decides.
    fn refuse_conflicts(
        &self,
        own: &Grants,
        from_groups: &BTreeMap<&ProjectId, Vec<GroupGrant<'_>>>,
        problems: &mut Problems,
    ) {
        for (project, grants) in from_groups.iter().filter(|(project, _)| !own.contains_key(project)) {
            let mut known = grants.iter().filter_map(|grant| grant.role.map(|role| (grant, role)));
            let Some((first, first_role)) = known.next() else { continue };
            let Some((other, other_role)) = known.find(|(_, role)| *role != first_role) else { continue };
            let [one, two] = [&first.group.value, &other.group.value].map(|name| shown(name));
            let alias = shown(self.names.project_alias(project));
            let message = format!("groups {one} and {two} grant different roles in {alias}");
            problems.push(
                Problem::new(other.group.at, ProblemId::ConflictingGroups, message)
                    .help("set the role under this person's `projects`")
                    .also(first.at, format!("{one} grants {}", shown(self.names.role_alias(first_role))))
                    .also(other.at, format!("{two} grants {}", shown(self.names.role_alias(other_role)))),
            );
        }
    }
}

/// The days between which a person has access.
fn days(written: &WrittenPerson, problems: &mut Problems) -> (Option<Date>, Option<Date>) {
    let mut day = |text: &Option<Text>| text.as_ref().and_then(|text| self::day(text, problems));
    let (from, until) = (day(&written.from), day(&written.until));
    if let (Some(from), Some(until), Some(start), Some(end)) = (from, until, &written.from, &written.until)
        && until < from
    {
        let problem = Problem::new(
            end.at,
            ProblemId::UntilBeforeFrom,
            format!("`until` {until} is before `from` {from}"),
        );
        problems.push(problem.also(start.at, "`from` is set here"));
    }
    (from, until)
}

/// A date as `YYYY-MM-DD`; no other form is accepted.
fn day(text: &Text, problems: &mut Problems) -> Option<Date> {
    let bytes = text.value.as_bytes();
    let in_form = bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let day = text.value.parse::<Date>().ok().filter(|_| in_form);
    if day.is_none() {
        let month = in_form.then(|| text.value.get(..7)).flatten();
        let first = month.and_then(|month| format!("{month}-01").parse::<Date>().ok());
        let help = match first {
            Some(first) => format!("{} has {} days", first.strftime("%B %Y"), first.days_in_month()),
            None if in_form => "months go from `01` to `12`".to_owned(),
            None => "use the form `YYYY-MM-DD`, such as `2026-12-01`".to_owned(),
        };
        let message = format!("{} is not a valid date", shown(&text.value));
        problems.push(Problem::new(text.at, ProblemId::InvalidDate, message).help(help));
    }
    day
}
