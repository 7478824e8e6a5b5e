//! Escapes text from files and servers, so a terminal, a Markdown or HTML renderer or a spreadsheet shows it
//! and never interprets it.

mod csv;
mod html;
mod markdown;
mod yaml;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

pub use csv::cell;
pub use html::html;
pub use markdown::{code, fence};
pub use yaml::yaml;

/// Whether `c` could move the cursor, change colors, or reorder or hide text when printed, or is a
/// noncharacter, which YAML does not allow even in a comment.
#[must_use]
pub fn must_escape(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Whether `text` has only characters that need no closer look, as nearly all text does.
fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// `text` on one line, with every such character written as `\u{…}`, for messages and tables.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    if is_printable_ascii(text) || !text.contains(must_escape) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if must_escape(c) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// `path` on one line, like [`line()`]. Bytes that are not UTF-8 are replaced.
#[must_use]
pub fn path(path: &Path) -> String {
    line(&path.to_string_lossy()).into_owned()
}

/// JSON without such characters: in strings, each is written as a JSON escape.
#[must_use]
pub fn json<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let text = text.into();
    if is_printable_ascii(&text) || !text.contains(|c| must_escape(c) && c != '\n') {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if must_escape(c) && c != '\n' {
            // The serializer has escaped control characters below U+0020, so this one is inside a string.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{line, path};

    #[test]
    fn escape_sequences_and_direction_overrides_are_spelled_out() {
        assert_eq!(
            line("a\u{1b}[31mb\u{9b}c\u{202e}d\ne\u{7f}"),
            "a\\u{1b}[31mb\\u{9b}c\\u{202e}d\\ne\\u{7f}"
        );
        // No YAML may have these in it, not even in a comment.
        assert_eq!(line("\u{fffe}\u{ffff}"), "\\u{fffe}\\u{ffff}");
        assert_eq!(line("Zoë 東京 🎉"), "Zoë 東京 🎉");
        assert_eq!(line("\u{fffe}\u{ffff}\u{fffd}"), "\\u{fffe}\\u{ffff}\u{fffd}");
        assert_eq!(path(Path::new("a/\u{1b}[2J.yaml")), "a/\\u{1b}[2J.yaml");
    }
}
