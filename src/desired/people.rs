//! The people of all files: their addresses, names, dates and access.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::access::{self, GrantedRole, Grants, GroupGrant, Groups};
use super::dates::{day, days};
use super::judge::{Judge, JudgedPerson};
use super::names::{Names, check_name};
use super::schedule::conflict;
use super::{EmailPattern, Person, RoleSource, Schedule, Span};
use crate::model::{Email, ProjectId};
use crate::team_file::{FileId, Location, Problem, ProblemId, Problems, Sources, Text, WrittenPerson, shown};

/// The most roles that groups and people grant in total. Groups multiply, so a small file could describe more than
/// fits into memory. 30,000 people with 10 projects each have 300,000.
const MAX_GRANTS: usize = 1_000_000;

/// The people resolved so far, and the data to check further ones against.
pub(super) struct People<'a> {
    names: &'a Names<'a>,
    groups: &'a Groups<'a>,
    /// None where the people were judged before.
    judge: Option<&'a Judge<'a>>,
    protected: Vec<(EmailPattern, Location)>,
    places: BTreeMap<Email, Location>,
    resolved: BTreeMap<Email, Person>,
    /// The number of roles granted so far.
    granted: usize,
    /// Many people have the same access.
    shared: BTreeSet<Arc<BTreeMap<ProjectId, Schedule>>>,
}

/// The roles of a person by project, and the reasons for them.
type Access = (BTreeMap<ProjectId, Schedule>, BTreeMap<ProjectId, Arc<str>>);

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
    pub(super) fn new(
        names: &'a Names<'a>,
        groups: &'a Groups<'a>,
        judge: Option<&'a Judge<'a>>,
        protect: &[Text],
    ) -> Self {
        let protected = protect.iter().map(|text| (EmailPattern::new(&text.value), text.at)).collect();
        let (places, resolved) = (BTreeMap::new(), BTreeMap::new());
        Self { names, groups, judge, protected, places, resolved, granted: 0, shared: BTreeSet::new() }
    }

    /// Checks a person and adds it. `file` is the path of an included file.
    pub(super) fn add(&mut self, written: &WrittenPerson, file: Option<&str>, problems: &mut Problems) {
        let email = written.email.as_ref().and_then(|text| self.email(text, problems));
        let name = |text: &Option<Text>, what, problems: &mut Problems| {
            let text = text.as_ref().filter(|text| check_name(text, what, problems))?;
            Some(text.value.clone())
        };
        let first_name = name(&written.first_name, "`first_name`", problems);
        let last_name = name(&written.last_name, "`last_name`", problems);
        let reason = name(&written.reason, "`reason`", problems).map(Arc::from);
        let review_by = written.review_by.as_ref().and_then(|text| day(text, problems));
        let (from, until) = days(written.from.as_ref(), written.until.as_ref(), problems);
        let at = written.email.as_ref().map(|text| text.at);
        let until_at = until.and_then(|_| Some(written.until.as_ref()?.at));
        let judged = JudgedPerson { email: email.as_ref().zip(at), file, from, until, until_at };
        let (access, reasons) = self.access(written, &judged, problems);
        let (Some(email), Some(first_name), Some(last_name)) = (email, first_name, last_name) else {
            return;
        };
        let person = Person {
            email: email.clone(),
            first_name,
            last_name,
            access: self.share(access),
            from,
            until,
            reason,
            review_by,
            reasons,
        };
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
        let mut add = |project: &ProjectId, granted: Option<&GrantedRole>, group: Option<&'b str>| {
            let Some(granted) = granted else { return };
            let sources = sources.entry(project.clone()).or_default();
            let then = granted.then.as_ref().map(|(role, at)| (role, *at));
            let all = [Some((&granted.role, granted.at)), then];
            sources.reserve_exact(1 + usize::from(then.is_some()));
            for (n, (role, at)) in all.into_iter().flatten().enumerate() {
                let last = granted.until.map(|(day, _)| day);
                let after = || last.and_then(|last| last.tomorrow().ok());
                sources.push(RoleSource {
                    role: role.clone(),
                    from: if n == 0 { granted.from() } else { after() },
                    until: last.filter(|_| n == 0),
                    reason: granted.reason.clone(),
                    group: group.map(|group| files.group(group)),
                    file: files.file(at.file),
                    line: at.line,
                });
            }
        };
        for (project, grant) in &own {
            add(project, grant.role.as_ref(), None);
        }
        for (project, grants) in &from_groups {
            for GroupGrant { group, role, .. } in grants {
                add(project, *role, Some(group.value.as_str()));
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

    /// `access`, shared with anyone who has the same.
    fn share(&mut self, access: BTreeMap<ProjectId, Schedule>) -> Arc<BTreeMap<ProjectId, Schedule>> {
        if let Some(shared) = self.shared.get(&access) {
            return Arc::clone(shared);
        }
        let access = Arc::new(access);
        self.shared.insert(Arc::clone(&access));
        access
    }

    /// The access from groups and from the person's own entry, which wins.
    fn access(
        &mut self,
        written: &WrittenPerson,
        judged: &JudgedPerson<'_>,
        problems: &mut Problems,
    ) -> Access {
        // Count first: groups multiply, and nothing is allocated for a file that is too large.
        for group in &written.groups {
            self.granted += self.groups.get(group).map_or(0, |found| found.grants.len());
            if self.refuse_too_many(group.at, problems) {
                return Access::default();
            }
        }
        self.granted += written.grants.len();
        let at = written.email.as_ref().map_or(written.at, |email| email.at);
        if self.refuse_too_many(at, problems) {
            return Access::default();
        }
        let AccessSources { own, from_groups, whole } = self.access_sources(written, problems);
        if own.is_empty() && from_groups.is_empty() && whole {
            let problem = Problem::new(at, ProblemId::NoProject, "this person has no access to any project");
            problems.push(problem.help("add `projects` or `groups`, or remove this person"));
        }
        self.refuse_conflicts(&own, &from_groups, problems);
        if let Some(judge) = self.judge.filter(|judge| judge.has_rules()) {
            let each =
                from_groups.iter().flat_map(|(project, all)| all.iter().map(move |one| (*project, one)));
            judge.person(judged, &own, &each.collect::<Vec<_>>(), problems);
        }
        let (mut access, mut reasons) = Access::default();
        for (project, grants) in &from_groups {
            let mut roles = grants.iter().filter_map(|grant| grant.role);
            let reason = roles.clone().find_map(|role| role.reason.clone());
            reasons.extend(reason.map(|reason| ((*project).clone(), reason)));
            let Some(first) = roles.next() else { continue };
            // Mostly there is one group, or all say the same, and its schedule is shared.
            let schedule = if roles.clone().all(|role| role.schedule == first.schedule) {
                first.schedule.clone()
            } else {
                let others = roles.flat_map(|role| role.schedule.spans());
                Schedule::new(first.schedule.spans().into_iter().chain(others).collect())
            };
            access.insert((*project).clone(), schedule);
        }
        for (project, grant) in own {
            let Some(granted) = grant.role else { continue };
            reasons.extend(granted.reason.map(|reason| (project.clone(), reason)));
            let schedule = match access.remove(&project) {
                Some(groups) => granted.schedule.over(&groups),
                None => granted.schedule,
            };
            access.insert(project, schedule);
        }
        (access, reasons)
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
                let grant = GroupGrant { group, file: found.file, role: grant.role.as_ref() };
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
        for (project, grants) in from_groups.iter().filter(|(_, grants)| grants.len() > 1) {
            let decided = own.get(*project);
            // A role that was rejected would have decided.
            if decided.is_some_and(|grant| grant.role.is_none()) {
                continue;
            }
            let decided = decided.and_then(|grant| Some(&grant.role.as_ref()?.schedule));
            let known = grants.iter().filter_map(|grant| Some((grant.group, grant.role?)));
            // Mostly all say the same.
            let mut schedules = grants.iter().filter_map(|grant| Some(&grant.role?.schedule));
            let Some(first) = schedules.next() else { continue };
            if schedules.all(|schedule| schedule == first) {
                continue;
            }
            let spans = known.flat_map(|(group, granted)| {
                let left = granted.schedule.outside(decided);
                left.into_iter().map(move |span| (span, (group, granted)))
            });
            let spans: Vec<_> = spans.collect();
            let Some([(one_span, (first, granted)), (other_span, (other, other_granted))]) = conflict(&spans)
            else {
                continue;
            };
            let [one, two] = [&first.value, &other.value].map(|name| shown(name));
            let alias = shown(self.names.project_alias(project));
            let message = format!("groups {one} and {two} grant different roles in {alias}");
            let mut problem = Problem::new(other.at, ProblemId::ConflictingGroups, message)
                .help("set the role under this person's `projects`");
            for (group, granted, Span { role, .. }) in
                [(one, granted, one_span), (two, other_granted, other_span)]
            {
                let label = format!("{group} grants {}", shown(self.names.role_alias(role)));
                problem = problem.also(granted.place_of(role), label);
            }
            problems.push(problem);
        }
    }
}
