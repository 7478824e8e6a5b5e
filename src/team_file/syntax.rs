//! The YAML parser's errors, reworded for the author of a team file.

use granit_parser::ErrorKind;

use super::problem_id::ProblemId;
use crate::escape;

/// The deepest nesting of lists and mappings.
pub(super) const MAX_DEPTH: usize = 32;

/// The id, the message, and a help text if there is one.
pub(super) fn message(kind: &ErrorKind) -> (ProblemId, String, Option<&'static str>) {
    match kind {
        ErrorKind::RecursionLimitExceeded => (ProblemId::NestedTooDeep, too_deep(), None),
        ErrorKind::DirectiveDisallowed => {
            let message = "directives (`%…`) are not supported in team files".to_owned();
            (ProblemId::DirectivesNotSupported, message, Some("remove this line"))
        }
        ErrorKind::UnexpectedCharacter { character } if escape::must_escape(*character) => {
            let message = format!("control character U+{:04X} is not allowed", u32::from(*character));
            (ProblemId::ControlCharacter, message, Some("remove it"))
        }
        _ => {
            let (message, help) = invalid(kind);
            (ProblemId::InvalidYaml, message, help)
        }
    }
}

/// The message for text that is not YAML, and a help text if there is one.
fn invalid(kind: &ErrorKind) -> (String, Option<&'static str>) {
    let (what, help) = match kind {
        ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => {
            ("tabs are not allowed here", Some("indent with spaces"))
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry => (
            "inconsistent indentation",
            Some("align the keys of a mapping, or the dashes of a list, in one column"),
        ),
        ErrorKind::MappingValueNotAllowed => (
            "unexpected `:`",
            Some("put text that contains `: ` in quotes, or check the indentation of this line"),
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("expected `:` after this key", Some("write `key: value`"))
        }
        ErrorKind::UnclosedQuotedScalar => ("unclosed quote", None),
        ErrorKind::UnclosedFlowCollection { open: '[' } | ErrorKind::UnexpectedEofFlowSequence => {
            ("unclosed `[`", None)
        }
        ErrorKind::UnclosedFlowCollection { .. } | ErrorKind::UnexpectedEofFlowMapping => {
            ("unclosed `{`", None)
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("`{open}` is closed by `{close}`"), None);
        }
        ErrorKind::ExpectedFlowSequenceSeparator => ("expected `,` or `]` before this", None),
        ErrorKind::ExpectedFlowMappingSeparator => ("expected `,` or `}` before this", None),
        ErrorKind::UnexpectedCharacter { character } => {
            return (format!("a value cannot start with `{character}`"), Some("put the text in quotes"));
        }
        ErrorKind::UnknownQuotedScalarEscape => (
            "unknown escape sequence",
            Some("use `\\\\` for a backslash in double quotes, or use single quotes"),
        ),
        ErrorKind::BomInsideDocument => ("byte-order mark inside the file", Some("remove it")),
        other => return (format!("invalid YAML: {}", escape::line(&other.to_string())), None),
    };
    (what.to_owned(), help)
}

/// The message about nesting that is too deep.
pub(super) fn too_deep() -> String {
    format!("lists and mappings are nested more than {MAX_DEPTH} levels deep")
}
