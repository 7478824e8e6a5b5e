//! Converts the tree of a file into typed content. Reports every problem, and reads as much as possible.

use super::include;
use super::location::{FileId, Located, Text};
use super::node::{Entry, Kind, Node};
use super::problem::{Problem, Problems, shown};
use super::problem_id::ProblemId;
use super::shape::{self, Fields};
use super::source::Sources;
use super::tree;
use super::written::{
    IncludedFile, TeamFile, WrittenGrant, WrittenGroup, WrittenPerson, WrittenPolicy, WrittenProject,
    WrittenRole, WrittenRule, WrittenTerms, keys,
};

/// The most `include` patterns: each costs a file system lookup.
const MAX_INCLUDES: usize = 1_000;

/// Reads the team file itself.
pub fn parse_root(sources: &Sources, file: FileId, problems: &mut Problems) -> TeamFile {
    let Some(Document { root, people }) = document(sources, file, problems) else {
        return TeamFile::default();
    };
    let Some(fields) = shape::fields(&root, "a team file", &keys::TEAM_FILE, &[], problems) else {
        return TeamFile::default();
    };
    let file = team_file(&fields, problems);
    TeamFile { people: people.read(&fields, problems), ..file }
}

/// Reads a file that the team file includes.
pub fn parse_included(sources: &Sources, file: FileId, problems: &mut Problems) -> IncludedFile {
    let Some(Document { root, people }) = document(sources, file, problems) else {
        return IncludedFile::default();
    };
    let fields = shape::fields(&root, "an included file", &keys::INCLUDED_FILE, &keys::TEAM_FILE, problems);
    let Some(fields) = fields else { return IncludedFile::default() };
    let groups = groups(&fields, problems);
    IncludedFile { groups, people: people.read(&fields, problems), ..IncludedFile::default() }
}

/// A file that could be read to its end.
struct Document<'a> {
    root: Node<'a>,
    people: People,
}

/// The people of a file, each read as soon as the entry ends, so no tree of a large file is ever in memory.
#[derive(Default)]
struct People {
    read: Vec<WrittenPerson>,
    /// Reported only if the file can be read to its end.
    problems: Problems,
}

impl People {
    fn add(&mut self, node: &Node<'_>) {
        if !self.problems.is_full() {
            self.read.extend(person(node, &mut self.problems));
        }
    }

    fn read(self, fields: &Fields<'_>, problems: &mut Problems) -> Vec<WrittenPerson> {
        if let Some(node) = fields.get("people") {
            // Reports that it is not a list.
            let _ = shape::list(node, "`people`", problems);
        }
        problems.append(self.problems);
        self.read
    }
}

fn document<'a>(sources: &'a Sources, file: FileId, problems: &mut Problems) -> Option<Document<'a>> {
    let source = sources.get(file);
    if !source.is_text {
        return None;
    }
    let mut people = People::default();
    let root = tree::build(file, &source.text, problems, &mut |node| people.add(node))?;
    Some(Document { root, people })
}

fn team_file(fields: &Fields<'_>, problems: &mut Problems) -> TeamFile {
    if let Some(version) = fields.require("version", problems)
        && let Some(version) = shape::number(version, "`version`", problems)
        && version.value != "1"
    {
        let problem = Problem::new(
            version.at,
            ProblemId::UnsupportedVersion,
            format!("unknown version {}", shown(&version.value)),
        );
        problems
            .push(problem.help("use `version: 1`, or upgrade guestlist if the file needs a newer version"));
    }
    let projects = fields.require("projects", problems);
    TeamFile {
        whole: true,
        cluster: optional_text(fields, "cluster", "`cluster`", problems),
        ledger: optional_text(fields, "ledger", "`ledger`", problems),
        projects: projects.and_then(|node| self::projects(node, problems)),
        roles: roles(fields, problems),
        groups: groups(fields, problems),
        people: Vec::new(),
        policy: fields.get("policy").and_then(|node| policy(node, problems)).unwrap_or_default(),
        include: include(fields, problems),
    }
}

fn optional_text(fields: &Fields<'_>, key: &str, what: &str, problems: &mut Problems) -> Option<Text> {
    fields.get(key).and_then(|node| shape::text(node, what, problems))
}

fn projects(node: &Node<'_>, problems: &mut Problems) -> Option<Vec<WrittenProject>> {
    let entries = shape::entries(node, "`projects`", problems)?;
    if entries.is_empty() {
        let problem = Problem::new(node.at, ProblemId::NoProjects, "`projects` is empty");
        problems.push(problem.help("add `alias: project id` for each project to manage"));
        return None;
    }
    let read = |entry: &Entry<'_>| {
        let alias = Located { value: entry.key.clone().into_owned(), at: entry.key_at };
        if !matches!(entry.value.kind, Kind::Mapping(_)) {
            return WrittenProject {
                alias,
                id: shape::text(&entry.value, "the project id", problems),
                name: None,
            };
        }
        let fields = shape::fields(&entry.value, "a project", &keys::PROJECT, &[], problems);
        let (id, name) = fields.map_or((None, None), |fields| {
            let id = fields.require("id", problems);
            let id = id.and_then(|id| shape::text(id, "the project id", problems));
            (id, optional_text(&fields, "name", "the project name", problems))
        });
        WrittenProject { alias, id, name }
    };
    Some(entries.iter().map(read).collect())
}

fn roles(fields: &Fields<'_>, problems: &mut Problems) -> Option<Vec<WrittenRole>> {
    let Some(node) = fields.get("roles") else {
        return fields.is_whole_without(&["roles"]).then(Vec::new);
    };
    let entries = shape::entries(node, "`roles`", problems)?;
    let read = |entry: &Entry<'_>| WrittenRole {
        alias: Located { value: entry.key.clone().into_owned(), at: entry.key_at },
        id: shape::text(&entry.value, "the role id", problems),
    };
    Some(entries.iter().map(read).collect())
}

fn groups(fields: &Fields<'_>, problems: &mut Problems) -> Option<Vec<WrittenGroup>> {
    let Some(node) = fields.get("groups") else {
        return fields.is_whole_without(&["groups"]).then(Vec::new);
    };
    let entries = shape::entries(node, "`groups`", problems)?;
    let read = |entry: &Entry<'_>| WrittenGroup {
        name: Located { value: entry.key.clone().into_owned(), at: entry.key_at },
        grants: grants(&entry.value, "a group", problems),
    };
    Some(entries.iter().map(read).collect())
}

fn grants(node: &Node<'_>, what: &str, problems: &mut Problems) -> Option<Vec<WrittenGrant>> {
    let entries = shape::entries(node, what, problems)?;
    Some(entries.iter().map(|entry| grant(entry, problems)).collect())
}

fn grant(entry: &Entry<'_>, problems: &mut Problems) -> WrittenGrant {
    let project = Located { value: entry.key.clone().into_owned(), at: entry.key_at };
    if !matches!(entry.value.kind, Kind::Mapping(_)) {
        return WrittenGrant { project, role: shape::text(&entry.value, "a role", problems), terms: None };
    }
    let Some(fields) = shape::fields(&entry.value, "a role", &keys::ROLE, &[], problems) else {
        return WrittenGrant { project, role: None, terms: None };
    };
    let role = fields.require("role", problems).and_then(|node| shape::text(node, "`role`", problems));
    let terms = WrittenTerms {
        from: optional_text(&fields, "from", "`from`", problems),
        until: optional_text(&fields, "until", "`until`", problems),
        then: optional_text(&fields, "then", "`then`", problems),
        reason: optional_text(&fields, "reason", "`reason`", problems),
    };
    WrittenGrant { project, role, terms: Some(Box::new(terms)) }
}

fn person(node: &Node<'_>, problems: &mut Problems) -> Option<WrittenPerson> {
    let fields = shape::fields(node, "a person", &keys::PERSON, &[], problems)?;
    let mut required = |key: &'static str, what: &str| {
        fields.require(key, problems).and_then(|node| shape::text(node, what, problems))
    };
    let email = required("email", "`email`");
    let first_name = required("first_name", "`first_name`");
    let last_name = required("last_name", "`last_name`");
    let (groups, groups_whole) = fields
        .get("groups")
        .map_or((Vec::new(), true), |node| texts(node, "`groups`", "a group name", problems));
    let grants = match fields.get("projects") {
        Some(node) => grants(node, "`projects`", problems),
        None => Some(Vec::new()),
    };
    Some(WrittenPerson {
        at: node.at,
        email,
        first_name,
        last_name,
        access_whole: fields.is_whole_without(&["groups", "projects"]) && groups_whole && grants.is_some(),
        groups,
        grants: grants.unwrap_or_default(),
        from: optional_text(&fields, "from", "`from`", problems),
        until: optional_text(&fields, "until", "`until`", problems),
        reason: optional_text(&fields, "reason", "`reason`", problems),
        review_by: optional_text(&fields, "review_by", "`review_by`", problems),
    })
}

/// The texts of a list, and whether every item was one.
fn texts(node: &Node<'_>, what: &str, item: &str, problems: &mut Problems) -> (Vec<Text>, bool) {
    let Some(nodes) = shape::list(node, what, problems) else { return (Vec::new(), false) };
    let texts: Vec<_> = nodes.iter().filter_map(|node| shape::text(node, item, problems)).collect();
    let whole = texts.len() == nodes.len();
    (texts, whole)
}

fn policy(node: &Node<'_>, problems: &mut Problems) -> Option<WrittenPolicy> {
    let fields = shape::fields(node, "`policy`", &keys::POLICY, &[], problems)?;
    let protect = fields.get("protect").map(|node| texts(node, "`protect`", "a pattern", problems).0);
    Some(WrittenPolicy {
        prune: optional_text(&fields, "prune", "`prune`", problems),
        max_removals: fields
            .get("max_removals")
            .and_then(|node| shape::text_or_number(node, "`max_removals`", problems)),
        max_new_admins: fields
            .get("max_new_admins")
            .and_then(|node| shape::number(node, "`max_new_admins`", problems)),
        keep_admins: fields
            .get("keep_admins")
            .and_then(|node| shape::number(node, "`keep_admins`", problems)),
        protect: protect.unwrap_or_default(),
        addresses: rules(&fields, "addresses", "an entry of `addresses`", &keys::ADDRESS_RULE, problems),
        files: rules(&fields, "files", "an entry of `files`", &keys::FILE_RULE, problems),
    })
}

/// The rules under `key`; `None` if the key is missing.
fn rules(
    fields: &Fields<'_>,
    key: &'static str,
    what: &'static str,
    known: &[&'static str],
    problems: &mut Problems,
) -> Option<Vec<WrittenRule>> {
    let node = fields.get(key)?;
    let nodes = shape::list(node, &format!("`{key}`"), problems).unwrap_or_default();
    Some(nodes.iter().map(|node| rule(node, what, known, problems)).collect())
}

fn rule(node: &Node<'_>, what: &'static str, known: &[&'static str], problems: &mut Problems) -> WrittenRule {
    let nothing = WrittenRule { at: node.at, pattern: None, projects: None, roles: None, until: None };
    let Some(fields) = shape::fields(node, what, known, &[], problems) else { return nothing };
    let mut whole = fields.is_whole_without(known);
    let mut names = |key: &str, list: &str, item: &str| {
        let (names, all) = texts(fields.get(key)?, list, item, problems);
        whole &= all;
        Some(names)
    };
    let projects = names("projects", "`projects`", "a project");
    let roles = names("roles", "`roles`", "a role");
    let pattern = fields.require("match", problems);
    WrittenRule {
        projects,
        roles,
        pattern: pattern.and_then(|node| shape::text(node, "`match`", problems)).filter(|_| whole),
        until: fields.get("until").and_then(|node| shape::text_or_number(node, "`until`", problems)),
        ..nothing
    }
}

fn include(fields: &Fields<'_>, problems: &mut Problems) -> Vec<Text> {
    let patterns = fields.get("include").map(|node| texts(node, "`include`", "a pattern", problems).0);
    let mut patterns = patterns.unwrap_or_default();
    if let Some(pattern) = patterns.get(MAX_INCLUDES) {
        problems.push(Problem::new(
            pattern.at,
            ProblemId::TooManyIncludes,
            format!("`include` has more than {MAX_INCLUDES} patterns"),
        ));
        patterns.truncate(MAX_INCLUDES);
    }
    patterns.retain(|pattern| match include::refused_path(&pattern.value) {
        None => true,
        Some((message, help)) => {
            problems.push(Problem::new(pattern.at, ProblemId::InvalidInclude, message).help(help));
            false
        }
    });
    patterns
}
