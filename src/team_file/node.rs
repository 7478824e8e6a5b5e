//! The values of a YAML file, each with its location.

use std::borrow::Cow;

use super::location::Location;

/// A value and its location.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) at: Location,
    pub(super) kind: Kind<'a>,
}

#[derive(Debug)]
pub(super) enum Kind<'a> {
    /// Text as YAML reads it; `plain` means unquoted.
    Scalar {
        text: Cow<'a, str>,
        plain: bool,
    },
    List(Vec<Node<'a>>),
    Mapping(Mapping<'a>),
    /// A value that was reported already; report nothing more about it.
    Refused,
}

#[derive(Debug, Default)]
pub(super) struct Mapping<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    /// Whether an entry was rejected, so a missing key may not be missing.
    pub(super) refused: bool,
}

#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) key_at: Location,
    pub(super) value: Node<'a>,
}

impl Node<'_> {
    /// Whether the value is missing or null.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true }
            if matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL"))
    }
}
