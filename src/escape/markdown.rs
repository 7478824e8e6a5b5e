//! Text in a Markdown comment, in which mentions, links and tags must have no effect.
//!
//! Escaping is not enough: GitHub and GitLab look for `@name`, `#123` and commits in the rendered text, where
//! `&#64;` is an `@` again. They do not look inside code. So text from outside is always code, inline or in a
//! fence.

use std::fmt::Write as _;

use super::line;

/// `text` as a code span.
#[must_use]
pub fn code(text: &str) -> String {
    let text = line(text);
    if text.trim().is_empty() {
        return "`-`".to_owned();
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    // The renderer removes one space on each side, so text that begins or ends with one needs another.
    let is_padded = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let space = if is_padded { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

/// `lines` as a fenced block. `language` is a constant: `diff` or `text`.
#[must_use]
pub fn fence<S: AsRef<str>>(language: &str, lines: &[S]) -> String {
    let longest = lines.iter().map(|line| longest_run(line.as_ref())).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let mut block = format!("{fence}{language}\n");
    for text in lines {
        let _ = writeln!(block, "{}", line(text.as_ref()));
    }
    block + &fence + "\n"
}

/// The length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticks_around_are_more_than_any_inside() {
        assert_eq!(code("proj_1"), "`proj_1`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!([code("`a"), code("a`"), code(" a")], ["`` `a ``", "`` a` ``", "`  a `"]);
        assert_eq!(code(" "), "`-`");
        assert_eq!(code("a\nb"), "`a\\nb`");
        assert_eq!(fence("text", &["a", "```"]), "````text\na\n```\n````\n");
        assert_eq!(fence("diff", &["+ a\n- b"]), "```diff\n+ a\\n- b\n```\n");
    }
}
