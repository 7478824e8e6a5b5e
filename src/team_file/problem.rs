//! Problems in a team file and their locations. The problems of all files are collected before any is shown, up
//! to a limit, so a hostile file cannot fill the memory with them.

use super::location::Location;
use super::problem_id::ProblemId;
use crate::escape;
use crate::words;

/// The most problems that are kept. Reading stops there.
pub(super) const MAX_PROBLEMS: usize = 1_000;

/// The most characters of a name in a message.
const SHOWN: usize = 80;

/// The most names in a list.
const LISTED: usize = 10;

/// A problem in a team file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The location that is marked.
    pub at: Location,
    /// The rule that is broken.
    pub id: ProblemId,
    /// What is wrong: lower case, without a full stop.
    pub message: String,
    /// How to fix it.
    pub help: Option<String>,
    /// Other locations that matter, each with a label.
    pub also: Vec<(Location, String)>,
}

impl Problem {
    /// A problem at a location. Text from the file must be quoted with [`shown`].
    pub fn new(at: Location, id: ProblemId, message: impl Into<String>) -> Self {
        Self { at, id, message: message.into(), help: None, also: Vec::new() }
    }

    /// Adds how to fix it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Replaces the help if there is a better one.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Adds another location that matters.
    #[must_use]
    pub fn also(mut self, at: Location, label: impl Into<String>) -> Self {
        self.also.push((at, label.into()));
        self
    }
}

/// The problems found so far.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    found: Vec<Problem>,
}

impl Problems {
    /// Adds a problem, unless the limit is reached.
    pub fn push(&mut self, problem: Problem) {
        if !self.is_full() {
            self.found.push(problem);
        }
    }

    /// Adds the problems of a part that was read on its own, up to the limit.
    pub(super) fn append(&mut self, more: Self) {
        more.found.into_iter().for_each(|problem| self.push(problem));
    }

    /// Whether there are no problems.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether the limit is reached.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.found.len() >= MAX_PROBLEMS
    }

    /// The problems by file and location.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Problem> {
        let mut sorted: Vec<_> = self.found.iter().collect();
        sorted.sort_by_key(|problem| problem.at);
        sorted
    }
}

/// `text` as messages quote it: in backticks, escaped, without credentials, and cut if it is long.
#[must_use]
pub fn shown(text: &str) -> String {
    format!("`{}`", escape::line(&words::clipped(&without_credentials(text), SHOWN)))
}

/// Names as messages list them: `a`, `b` and 3 more.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    words::list(&words::first(names.into_iter().map(shown), LISTED))
}

/// `text` with an asterisk for each character of credentials in a URL: `https://***@host`.
pub(super) fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let end = after.find(|c: char| c.is_whitespace() || "/\"'`".contains(c)).unwrap_or(after.len());
        let secret = after[..end].rfind('@').unwrap_or(0);
        shown.push_str(before);
        shown.push_str("://");
        shown.extend(after[..secret].chars().map(|_| '*'));
        rest = &after[secret..];
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_hidden_before_a_text_is_cut() {
        let url = format!("https://id:{}@host.example", "t".repeat(100));
        assert_eq!(shown(&url), format!("`https://{}…`", "*".repeat(72)));
    }
}
