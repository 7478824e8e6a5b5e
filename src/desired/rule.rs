//! The rules of `addresses` and `files`: what the people or files that a pattern matches may be given.

use std::collections::BTreeSet;

use glob::{MatchOptions, Pattern};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::EmailPattern;
use super::names::{Names, check_name};
use super::policy::{MAX_PATTERNS, is_pattern};
use crate::model::{Email, ProjectId, Role};
use crate::team_file::{
    Location, Problem, ProblemId, Problems, Text, WrittenPolicy, WrittenRule, refused_path, shown,
};

/// The most digits of a number of days.
const MAX_DAY_DIGITS: usize = 5;

/// A rule of `addresses` or `files`. Of several that match, the first counts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// The pattern as written: of addresses, or of paths relative to the team file.
    #[serde(rename = "match")]
    pub pattern: String,
    /// The projects that may be given; any if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projects: Option<BTreeSet<ProjectId>>,
    /// The roles that may be given; any if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<BTreeSet<Role>>,
    /// How many days after its first day access may last; no limit if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

impl Rule {
    /// Whether the role may be given in the project.
    #[must_use]
    pub fn allows(&self, project: &ProjectId, role: &Role) -> bool {
        self.allows_project(project) && self.roles.as_ref().is_none_or(|roles| roles.contains(role))
    }

    /// Whether any role may be given in the project.
    #[must_use]
    pub fn allows_project(&self, project: &ProjectId) -> bool {
        self.projects.as_ref().is_none_or(|projects| projects.contains(project))
    }

    /// The last day that access from `start` on may have.
    #[must_use]
    pub fn last_day(&self, start: Date) -> Option<Date> {
        let days = jiff::Span::new().try_days(self.days?);
        Some(days.map_or(Date::MAX, |days| start.saturating_add(days)))
    }

    /// Whether it allows nothing that `base`, a rule with the same pattern, does not.
    pub(super) fn is_within(&self, base: &Self) -> bool {
        fn within<T: Ord>(own: Option<&BTreeSet<T>>, base: Option<&BTreeSet<T>>) -> bool {
            base.is_none_or(|base| own.is_some_and(|own| own.is_subset(base)))
        }
        within(self.projects.as_ref(), base.projects.as_ref())
            && within(self.roles.as_ref(), base.roles.as_ref())
            && base.days.is_none_or(|base| self.days.is_some_and(|days| days <= base))
    }
}

/// A rule that can be matched, and the place of its entry in the file that has it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct PlacedRule {
    pub(super) rule: Rule,
    matcher: Matcher,
    pub(super) at: Location,
}

#[derive(Clone, PartialEq, Debug)]
enum Matcher {
    Address(EmailPattern),
    Path(Pattern),
}

/// The rules of a team file. A pull request is judged by those of its base as well.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Rules {
    /// Who may be listed, and with what; `None` if nothing says so.
    pub(super) addresses: Option<Vec<PlacedRule>>,
    /// What included files may grant; `None` if nothing says so.
    pub(super) files: Option<Vec<PlacedRule>>,
}

impl Rules {
    /// The rules as written. If one of them has a problem, its list is not applied.
    pub(super) fn resolve(written: &WrittenPolicy, names: &Names<'_>, problems: &mut Problems) -> Self {
        let mut resolve = |key, rules: &Option<Vec<WrittenRule>>, matcher: fn(&Text, &mut Problems) -> _| {
            let rules = rules.as_ref()?;
            if let Some(rule) = rules.get(MAX_PATTERNS) {
                let message = format!("`{key}` has more than {MAX_PATTERNS} entries");
                problems.push(Problem::new(rule.at, ProblemId::TooManyPatterns, message));
                return None;
            }
            let resolved: Vec<_> = rules.iter().map(|rule| placed(rule, matcher, names, problems)).collect();
            resolved.into_iter().collect()
        };
        Self {
            addresses: resolve("addresses", &written.addresses, address),
            files: resolve("files", &written.files, path),
        }
    }

    /// `addresses` of the policy.
    pub(super) fn written_addresses(&self) -> Option<Vec<Rule>> {
        of_policy(self.addresses.as_deref())
    }

    /// `files` of the policy.
    pub(super) fn written_files(&self) -> Option<Vec<Rule>> {
        of_policy(self.files.as_deref())
    }
}

fn of_policy(rules: Option<&[PlacedRule]>) -> Option<Vec<Rule>> {
    Some(rules?.iter().map(|placed| placed.rule.clone()).collect())
}

impl PlacedRule {
    /// Whether an address matches.
    pub(super) fn matches_address(&self, email: &Email) -> bool {
        matches!(&self.matcher, Matcher::Address(pattern) if pattern.matches(email))
    }

    /// Whether the path of an included file matches.
    pub(super) fn matches_path(&self, path: &str) -> bool {
        let options = MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        matches!(&self.matcher, Matcher::Path(pattern) if pattern.matches_with(path, options))
    }
}

fn placed(
    written: &WrittenRule,
    matcher: fn(&Text, &mut Problems) -> Option<Matcher>,
    names: &Names<'_>,
    problems: &mut Problems,
) -> Option<PlacedRule> {
    let pattern = written.pattern.as_ref()?;
    let matcher = matcher(pattern, problems);
    let projects = resolved(written.projects.as_deref(), |name| names.project(name, problems));
    let roles = resolved(written.roles.as_deref(), |name| names.role(name, problems));
    let days = match &written.until {
        Some(text) => Some(days(text, problems)?),
        None => None,
    };
    let rule = Rule { pattern: pattern.value.clone(), projects: projects.ok()?, roles: roles.ok()?, days };
    Some(PlacedRule { rule, matcher: matcher?, at: pattern.at })
}

/// A name under a rule has a problem, which was reported.
struct Reported;

/// The ids of `names`.
fn resolved<T: Ord>(
    names: Option<&[Text]>,
    id: impl FnMut(&Text) -> Option<T>,
) -> Result<Option<BTreeSet<T>>, Reported> {
    let Some(names) = names else { return Ok(None) };
    let ids: Vec<_> = names.iter().map(id).collect();
    ids.into_iter().collect::<Option<_>>().map(Some).ok_or(Reported)
}

fn address(text: &Text, problems: &mut Problems) -> Option<Matcher> {
    let has_domain = text.value.matches('@').count() == 1;
    if !has_domain {
        let message = format!("{} is not a valid address pattern", shown(&text.value));
        let problem = Problem::new(text.at, ProblemId::InvalidPattern, message);
        problems.push(problem.help("use an address, or a pattern such as `*@partner.example`"));
    }
    (has_domain && is_pattern(text, problems)).then(|| Matcher::Address(EmailPattern::new(&text.value)))
}

fn path(text: &Text, problems: &mut Problems) -> Option<Matcher> {
    if let Some((message, help)) = refused_path(&text.value) {
        let message = message.replace("`include`", "`match`");
        problems.push(Problem::new(text.at, ProblemId::InvalidPattern, message).help(help));
        return None;
    }
    let pattern = Pattern::new(&text.value).ok()?;
    check_name(text, "a pattern", problems).then_some(Matcher::Path(pattern))
}

/// A number of days, such as `180d`.
fn days(text: &Text, problems: &mut Problems) -> Option<u32> {
    let digits = text.value.strip_suffix('d').filter(|digits| {
        digits.len() <= MAX_DAY_DIGITS
            && !digits.starts_with('0')
            && digits.bytes().all(|it| it.is_ascii_digit())
    });
    let days = digits.and_then(|digits| digits.parse().ok());
    if days.is_none() {
        let message = format!("{} is not a valid number of days", shown(&text.value));
        problems.push(
            Problem::new(text.at, ProblemId::InvalidDuration, message).help("use a form such as `180d`"),
        );
    }
    days
}
