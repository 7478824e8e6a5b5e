//! How numbers, lists, days, times and digests are written.

use std::fmt::{Display, Write as _};
use std::time::Duration;

/// `1 member`, `2 members`, `2 entries`.
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

/// The first `most` of `items`, then `3 more`.
#[must_use]
pub fn first<T: ToString>(items: impl IntoIterator<Item = T>, most: usize) -> Vec<String> {
    let mut items = items.into_iter();
    let mut first: Vec<_> = items.by_ref().take(most).map(|item| item.to_string()).collect();
    match items.count() {
        0 => {}
        more => first.push(format!("{more} more")),
    }
    first
}

/// `text`, cut after `most` characters.
#[must_use]
pub fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
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

/// `less than a second`, `about 40 seconds`, `about 3 minutes`, `about 5 days`.
#[must_use]
pub fn about(time: Duration) -> String {
    let about = if time.as_secs() == 0 { "" } else { "about " };
    format!("{about}{}", duration(time))
}

/// `less than a second`, `40 seconds`, `3 minutes`, `5 days`.
#[must_use]
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (number, unit) = match seconds {
        0 => return "less than a second".to_owned(),
        1..=90 => (seconds, "second"),
        91..=5400 => (seconds.div_ceil(60), "minute"),
        5401..=172_800 => (seconds.div_ceil(3600), "hour"),
        _ => (seconds / 86_400, "day"),
    };
    count(usize::try_from(number).unwrap_or(usize::MAX), unit)
}

/// What is left of a wait, rounded up: `6 s`, `4 min`, `2 h`.
#[must_use]
pub fn countdown(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    match seconds {
        ..=120 => format!("{seconds} s"),
        121..=7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
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
        assert_eq!(first([1, 2, 3], 3), ["1", "2", "3"]);
        assert_eq!(first([1, 2, 3], 1), ["1", "2 more"]);
        assert_eq!(["éé", "ééé"].map(|text| clipped(text, 2)), ["éé", "éé…"]);
        let seconds = Duration::from_secs;
        assert_eq!(
            [0, 4, 100].map(|s| about(seconds(s))),
            ["less than a second", "about 4 seconds", "about 2 minutes"]
        );
        assert_eq!(
            [0, 4, 5401].map(|s| duration(seconds(s))),
            ["less than a second", "4 seconds", "2 hours"]
        );
        assert_eq!(countdown(Duration::from_millis(5_020)), "6 s");
        assert_eq!([0, 120, 121, 7201].map(|s| countdown(seconds(s))), ["0 s", "120 s", "3 min", "3 h"]);
        assert_eq!([days_ago(0), days_ago(1), days_ago(9)], ["today", "yesterday", "9 days ago"]);
    }
}
