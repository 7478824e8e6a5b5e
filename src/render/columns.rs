//! Two columns, who and what, within a width: what is too long goes on under itself. Widths are terminal
//! columns, of which a character may take none, one or two.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

/// The widest column of emails.
const WIDEST: usize = 44;

/// The narrowest second column.
const NARROWEST: usize = 16;

/// The space between the columns.
const GAP: usize = 2;

/// The width of the first column and of both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    first: usize,
    width: Option<usize>,
}

impl Columns {
    /// A first column for `firsts`, up to two fifths of `width`. Without a width nothing is folded.
    pub(super) fn fitting<'a>(firsts: impl Iterator<Item = &'a str>, width: Option<usize>) -> Self {
        let most = width.map_or(WIDEST, |width| WIDEST.min(width * 2 / 5));
        let longest = firsts.map(UnicodeWidthStr::width).max().unwrap_or_default();
        Self { first: longest.min(most), width }
    }

    /// A row as lines. A first that is too long for its column has a line of its own where lines fold.
    pub(super) fn row(self, first: &str, second: &str) -> Vec<String> {
        let line = |first: &str, second: &str| {
            // Padding by `format!` would count characters.
            let padding = " ".repeat(self.first.saturating_sub(first.width()) + GAP);
            format!("{first}{padding}{second}").trim_end().to_owned()
        };
        let Some(width) = self.width else { return vec![line(first, second)] };
        let mut folded = fold(second, width.saturating_sub(self.first + GAP).max(NARROWEST));
        if first.width() > self.first {
            folded.insert(0, String::new());
        }
        let firsts = std::iter::once(first).chain(std::iter::repeat(""));
        firsts.zip(folded).map(|(first, part)| line(first, &part)).collect()
    }
}

/// `text` in lines of at most `width` columns, broken after a comma if possible, else at a space. Only a
/// word that is longer is cut.
pub(super) fn fold(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut room = width;
    for item in text.split_inclusive(", ") {
        let long = item.trim_end().width() > width;
        let words: Vec<&str> = if long { item.split_inclusive(' ').collect() } else { vec![item] };
        for mut word in words {
            if word.trim_end().width() > room && room < width {
                lines.push(String::new());
                room = width;
            }
            while word.trim_end().width() > width {
                let (start, rest) = word.split_at(fitting(word, width));
                put(&mut lines, start);
                lines.push(String::new());
                word = rest;
            }
            put(&mut lines, word);
            room = room.saturating_sub(word.width());
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// How many bytes of `word` fit in `width` columns; at least one character.
fn fitting(word: &str, width: usize) -> usize {
    let mut columns = 0;
    let end = word.char_indices().skip(1).find(|(at, c)| {
        columns = word[..*at].width() + c.width().unwrap_or_default();
        columns > width
    });
    end.map_or(word.len(), |(at, _)| at)
}

fn put(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_lists_go_on_under_themselves() {
        let columns = Columns::fitting(["ann@example.com", "b@example.com"].into_iter(), Some(50));
        assert_eq!(
            columns.row("ann@example.com", "loyalty USER, storefront ADMIN, wholesale VIEWER  (Ann)"),
            ["ann@example.com  loyalty USER, storefront ADMIN,", "                 wholesale VIEWER  (Ann)"]
        );
        let columns = Columns::fitting(["a.very.long.name@example.com"].into_iter(), Some(40));
        assert_eq!(
            columns.row("a.very.long.name@example.com", "loyalty USER"),
            ["a.very.long.name@example.com", "                  loyalty USER"]
        );
        let columns = Columns::fitting(["b@example.com"].into_iter(), None);
        assert_eq!(columns.row("b@example.com", "a, b, c"), ["b@example.com  a, b, c"]);
    }

    #[test]
    fn columns_are_counted_as_a_terminal_counts_them() {
        // Two columns a character, one, and a mark that takes none.
        let firsts = ["東京@例え.jp", "🎉@example.com", "zoe\u{301}@example.com"];
        let columns = Columns::fitting(firsts.into_iter(), Some(40));
        let rows = firsts.map(|first| columns.row(first, "日本語の店 USER, loyalty VIEWER").join("\n"));
        assert_eq!(
            rows,
            [
                "東京@例え.jp     日本語の店 USER,\n                 loyalty VIEWER",
                "🎉@example.com   日本語の店 USER,\n                 loyalty VIEWER",
                "zoe\u{301}@example.com  日本語の店 USER,\n                 loyalty VIEWER",
            ]
        );
        assert_eq!(fold("東京東京東京", 5), ["東京", "東京", "東京"]);
    }

    proptest! {
        #[test]
        fn folding_loses_nothing_but_spaces_and_keeps_within_the_width(
            text in "([a-zé東🎉]{0,30}[, ]{1,2}){0,12}", width in 2_usize..40
        ) {
            let folded = fold(&text, width);
            prop_assert!(folded.iter().all(|line| line.width() <= width), "{folded:?}");
            let bare = |text: &str| text.replace(' ', "");
            prop_assert_eq!(bare(&folded.concat()), bare(&text));
        }
    }
}
