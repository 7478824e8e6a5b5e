//! Typed access to the tree: each function reports what it expected, and returns `None` where it found
//! something else.

use super::location::{Located, Location, Text};
use super::node::{Entry, Kind, Mapping, Node};
use super::problem::{Problem, Problems, listed, shown};
use super::problem_id::ProblemId;
use super::suggest;

const TEXT: &str = "text";
const NUMBER: &str = "a number";
const LIST: &str = "a list (`- item` lines)";
const MAPPING: &str = "a mapping (`key: value` lines)";

/// A mapping whose unknown keys were reported.
pub(super) struct Fields<'n> {
    at: Location,
    mapping: &'n Mapping<'n>,
    /// The likely intended keys of misspelled ones.
    meant: Vec<&'static str>,
    /// What it is, as messages call it.
    what: &'static str,
}

/// Reads a mapping with the keys `known`. The `foreign` ones belong in the team file itself.
pub(super) fn fields<'n>(
    node: &'n Node<'_>,
    what: &'static str,
    known: &[&'static str],
    foreign: &[&'static str],
    problems: &mut Problems,
) -> Option<Fields<'n>> {
    let mapping = mapping(node, what, problems)?;
    let mut meant = Vec::new();
    for entry in mapping.entries.iter().filter(|entry| !known.contains(&entry.key.as_ref())) {
        if problems.is_full() {
            break;
        }
        if foreign.contains(&entry.key.as_ref()) {
            let problem = Problem::new(
                entry.key_at,
                ProblemId::MisplacedKey,
                format!("`{}` is only allowed in the team file", entry.key),
            );
            problems.push(
                problem
                    .help(format!("move it there; the keys of {what} are {}", listed(known.iter().copied()))),
            );
            continue;
        }
        let suggestion = suggest::closest(&entry.key, known.iter().copied());
        let help = match suggestion {
            Some(key) => format!("did you mean {}?", shown(key)),
            None => format!("the keys of {what} are {}", listed(known.iter().copied())),
        };
        meant.extend(known.iter().find(|key| suggestion == Some(key)));
        problems.push(
            Problem::new(entry.key_at, ProblemId::UnknownKey, format!("unknown key {}", shown(&entry.key)))
                .help(help),
        );
    }
    Some(Fields { at: node.at, mapping, meant, what })
}

impl<'n> Fields<'n> {
    /// The value of an optional key.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node<'n>> {
        self.mapping.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The value of a required key.
    pub(super) fn require(&self, key: &'static str, problems: &mut Problems) -> Option<&'n Node<'n>> {
        let found = self.get(key);
        if found.is_none() && !self.mapping.refused && !self.meant.contains(&key) {
            problems.push(Problem::new(
                self.at,
                ProblemId::MissingKey,
                format!("{} must have `{key}`", self.what),
            ));
        }
        found
    }

    /// Whether none of `keys` could be missing because of a rejected (misspelled) key.
    pub(super) fn is_whole_without(&self, keys: &[&str]) -> bool {
        !self.mapping.refused && !self.meant.iter().any(|key| keys.contains(key))
    }
}

/// The entries of a mapping whose keys are names.
pub(super) fn entries<'n>(
    node: &'n Node<'_>,
    what: &str,
    problems: &mut Problems,
) -> Option<&'n [Entry<'n>]> {
    mapping(node, what, problems).map(|mapping| mapping.entries.as_slice())
}

fn mapping<'n>(node: &'n Node<'_>, what: &str, problems: &mut Problems) -> Option<&'n Mapping<'n>> {
    match &node.kind {
        Kind::Mapping(mapping) => Some(mapping),
        _ => wrong(node, what, MAPPING, problems),
    }
}

/// The items of a list.
pub(super) fn list<'n>(node: &'n Node<'_>, what: &str, problems: &mut Problems) -> Option<&'n [Node<'n>]> {
    match &node.kind {
        Kind::List(items) => Some(items),
        _ => wrong(node, what, LIST, problems),
    }
}

/// Text that is not empty. Numbers and booleans need quotes: other readers of YAML do not take them for text.
pub(super) fn text(node: &Node<'_>, what: &str, problems: &mut Problems) -> Option<Text> {
    if let Kind::Scalar { text, plain: true } = &node.kind
        && let Some(other) = other_type(text)
    {
        let problem =
            Problem::new(node.at, ProblemId::WrongType, format!("{what} must be text, not {other}"));
        problems.push(problem.help(format!("put it in quotes: {}", shown(&format!("\"{text}\"")))));
        return None;
    }
    scalar(node, what, TEXT, problems)
}

/// Text or a number that is not empty, as text.
pub(super) fn text_or_number(node: &Node<'_>, what: &str, problems: &mut Problems) -> Option<Text> {
    scalar(node, what, TEXT, problems)
}

/// A number: an unquoted scalar, as text.
pub(super) fn number(node: &Node<'_>, what: &str, problems: &mut Problems) -> Option<Text> {
    if let Kind::Scalar { text, plain: false } = &node.kind {
        let problem =
            Problem::new(node.at, ProblemId::WrongType, format!("{what} must be a number, not quoted text"));
        problems.push(problem.help(format!("remove the quotes: {}", shown(text))));
        return None;
    }
    scalar(node, what, NUMBER, problems)
}

fn scalar(node: &Node<'_>, what: &str, expected: &str, problems: &mut Problems) -> Option<Text> {
    match &node.kind {
        Kind::Scalar { text, .. } if !node.is_null() => {
            if text.trim().is_empty() {
                problems.push(Problem::new(node.at, ProblemId::MissingValue, format!("{what} is empty")));
                return None;
            }
            Some(Located { value: text.clone().into_owned(), at: node.at })
        }
        _ => wrong(node, what, expected, problems),
    }
}

/// The type that YAML 1.2 gives to unquoted `text`, if it is a boolean or a number. A sign before a base is
/// taken for a number too, as other readers do.
fn other_type(text: &str) -> Option<&'static str> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let has_base = |prefix: &str, base: u32| {
        unsigned
            .strip_prefix(prefix)
            .is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_digit(base)))
    };
    match text {
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Some("a boolean"),
        ".nan" | ".NaN" | ".NAN" => Some(NUMBER),
        _ if matches!(unsigned, ".inf" | ".Inf" | ".INF") => Some(NUMBER),
        _ if has_base("0x", 16) || has_base("0o", 8) => Some(NUMBER),
        _ if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            unsigned.parse::<f64>().ok().map(|_| NUMBER)
        }
        _ => None,
    }
}

fn wrong<T>(node: &Node<'_>, what: &str, expected: &str, problems: &mut Problems) -> Option<T> {
    let problem = |id, message| Problem::new(node.at, id, message);
    problems.push(match &node.kind {
        Kind::Refused => return None,
        Kind::Scalar { text, .. } if node.is_null() => {
            let word = text.len() > 1 && expected == TEXT;
            problem(ProblemId::MissingValue, format!("{what} has no value"))
                .maybe_help(word.then(|| format!("put it in quotes (\"{text}\") if you mean the text")))
        }
        Kind::Scalar { .. } => problem(ProblemId::WrongType, format!("{what} must be {expected}, not text")),
        Kind::List(_) => problem(ProblemId::WrongType, format!("{what} must be {expected}, not a list")),
        Kind::Mapping(_) => {
            problem(ProblemId::WrongType, format!("{what} must be {expected}, not a mapping"))
        }
    });
    None
}
