//! What is wrong with a team file, and where. All problems of all files are collected before any is
//! shown; there is a bound, so that a hostile file cannot fill the memory with them.

use super::location::Location;
use crate::escape;

/// How many problems are kept. Reading stops once so many are found.
pub const MAX_PROBLEMS: usize = 1_000;

/// How much of a name is repeated in a message.
const SHOWN: usize = 80;

/// Something that is wrong with a team file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The culprit.
    pub at: Location,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that one has to see, and what is there.
    pub also: Vec<(Location, String)>,
}

impl Problem {
    /// A problem at a place. What the message quotes must have gone through [`shown`].
    pub fn new(at: Location, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None, also: Vec::new() }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, with what to do about it where that is known.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// The same, with another place to see.
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
    /// Adds one, unless there are too many already.
    pub fn push(&mut self, problem: Problem) {
        if !self.is_full() {
            self.found.push(problem);
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether there are so many that nobody needs more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.found.len() >= MAX_PROBLEMS
    }

    /// The problems in the order of files and places.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Problem> {
        let mut sorted: Vec<_> = self.found.iter().collect();
        sorted.sort_by_key(|problem| problem.at);
        sorted
    }
}

/// `text` as a message quotes it: in backticks, inert, without credentials, and cut where it is long.
#[must_use]
pub fn shown(text: &str) -> String {
    let (text, more) = match text.char_indices().nth(SHOWN) {
        Some((end, _)) => (&text[..end], "…"),
        None => (text, ""),
    };
    format!("`{}{more}`", escape::line(&without_credentials(text)))
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
