//! How a text is written so that every reader of YAML, old or new, takes it for that text.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::escape;

/// Words that some version of YAML takes for something else than text, in lower case.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// `text` as a key or value, in a line of its own or between braces.
pub(crate) fn scalar(text: &str) -> Cow<'_, str> {
    if is_plain(text) { Cow::Borrowed(text) } else { Cow::Owned(quoted(text)) }
}

/// Whether `text` needs no quotes. What begins with a letter is no number, date, time or indicator; the
/// few other characters that are let through mean nothing within a text.
fn is_plain(text: &str) -> bool {
    text.starts_with(char::is_alphabetic)
        && text.chars().all(|c| c.is_alphanumeric() || "-_.@+'/ ".contains(c))
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_lowercase().as_str())
}

/// `text` in double quotes, with everything escaped that could not be seen or may not stand there.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if escape::must_escape(c) || (u32::from(c) & 0xfffe) == 0xfffe => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_another_reader_would_take_for_something_else_is_quoted() {
        for text in [
            "no",
            "Yes",
            "ON",
            "off",
            "y",
            "N",
            "true",
            "False",
            "null",
            "~",
            "",
            " ",
            "1e3",
            "0o7",
            "0x1F",
            "1_000",
            "12:30",
            "190:20:30",
            "2026-12-01",
            "-1",
            "+1",
            ".5",
            ".inf",
            ".NaN",
            "=",
            "<<",
            "<",
            "-",
            "- a",
            "? a",
            ": a",
            "a: b",
            "a #b",
            "#a",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "'a",
            "\"a",
            "[a",
            "{a",
            "a, b",
            "a]",
            "a ",
            " a",
            "a\nb",
            "a\u{1b}b",
            "a\u{2028}b",
            "---",
            "...",
        ] {
            assert!(scalar(text).starts_with('"'), "{text:?} is written without quotes");
        }
    }

    #[test]
    fn names_of_every_day_stay_as_they_are() {
        for text in
            ["Alex", "O'Neil", "Anna-Lena", "d'Arc de la Tour", "Zoë", "東京", "alex@example.com", "proj_9Ke"]
        {
            assert_eq!(scalar(text), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in prop_oneof![any::<String>(), "\\PC{0,12}", "[-0-9:.eE_+xo ]{0,8}"]) {
            for document in [scalar(&text).into_owned(), quoted(&text)] {
                let value: serde_yaml::Value = serde_yaml::from_str(&document).expect("YAML");
                prop_assert_eq!(value, serde_yaml::Value::String(text.clone()));
            }
        }
    }
}
