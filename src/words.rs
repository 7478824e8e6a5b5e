//! How numbers, lists, days and digests are written.

use std::fmt::{Display, Write as _};

/// `1 member`, `2 members`; words that end in `y` get their `ies`.
#[must_use]
pub fn count(n: usize, noun: &str) -> String {
    match (n, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) if !noun.ends_with("ay") => format!("{n} {stem}ies"),
        _ => format!("{n} {noun}s"),
    }
}

/// `1 person`, `2 people`.
#[must_use]
pub fn people(n: usize) -> String {
    if n == 1 { "1 person".to_owned() } else { format!("{n} people") }
}

/// Bytes as hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn list<T: Display>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [only] => only.to_string(),
        [most @ .., last] => {
            let most: Vec<_> = most.iter().map(ToString::to_string).collect();
            format!("{} and {last}", most.join(", "))
        }
    }
}

/// `today`, `yesterday`, `3 days ago`.
#[must_use]
pub fn days_ago(days: i32) -> String {
    match days {
        ..=0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        _ => format!("{days} days ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_read_as_english() {
        assert_eq!([count(0, "member"), count(1, "day"), count(2, "day")], ["0 members", "1 day", "2 days"]);
        assert_eq!([count(1, "membership"), count(2, "entry")], ["1 membership", "2 entries"]);
        assert_eq!([people(1), people(2)], ["1 person", "2 people"]);
        assert_eq!(hex(&[0, 255, 10]), "00ff0a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list(&["a", "b"]), "a and b");
        assert_eq!([days_ago(0), days_ago(1), days_ago(9)], ["today", "yesterday", "9 days ago"]);
    }
}
