//! The YAML parser's errors in words for somebody who edits a team file.

use granit_parser::ErrorKind;

/// What is wrong, and what to do about it where that can be said.
pub(super) fn words(kind: &ErrorKind) -> (String, Option<&'static str>) {
    let (what, help) = match kind {
        ErrorKind::RecursionLimitExceeded => return (super::tree::too_deep(), None),
        ErrorKind::DirectiveDisallowed => {
            return (
                "directives (`%…`) are not for team files".to_owned(),
                Some("leave the line out; a team file is plain YAML"),
            );
        }
        ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => {
            ("a tab where only spaces may stand", Some("indent with spaces"))
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry => (
            "this line does not fit the lines above it",
            Some("keys of one mapping, and the dashes of one list, stand in the same column"),
        ),
        ErrorKind::MappingValueNotAllowed => (
            "a `:` where none may stand",
            Some("put text that holds `: ` in quotes, or check the indentation of this line"),
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("a key without a `:` after it", Some("write `key: value`"))
        }
        ErrorKind::UnclosedQuotedScalar => ("a quote that is never closed", None),
        ErrorKind::UnclosedFlowCollection { open: '[' } | ErrorKind::UnexpectedEofFlowSequence => {
            ("a `[` that is never closed", None)
        }
        ErrorKind::UnclosedFlowCollection { .. } | ErrorKind::UnexpectedEofFlowMapping => {
            ("a `{` that is never closed", None)
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("a `{open}` that is closed by `{close}`"), None);
        }
        ErrorKind::ExpectedFlowSequenceSeparator => ("a `,` or `]` is missing before this", None),
        ErrorKind::ExpectedFlowMappingSeparator => ("a `,` or `}` is missing before this", None),
        ErrorKind::UnexpectedCharacter { character } if crate::inert::is_active(*character) => {
            return (format!("a control character (U+{:04X})", u32::from(*character)), Some("take it out"));
        }
        ErrorKind::UnexpectedCharacter { character } => {
            return (format!("no value may begin with `{character}`"), Some("put the text in quotes"));
        }
        ErrorKind::UnknownQuotedScalarEscape => (
            "no such escape sequence",
            Some("in double quotes write `\\\\` for a backslash, or use single quotes"),
        ),
        ErrorKind::BomInsideDocument => ("a byte-order mark inside the file", Some("take it out")),
        other => return (format!("this is not YAML: {}", crate::inert::line(&other.to_string())), None),
    };
    (what.to_owned(), help)
}
