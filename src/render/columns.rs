//! Two columns, who and what, within a width: what is too long goes on under itself.

/// The widest column of emails.
const WIDEST: usize = 44;

/// Where the second column begins, and where it must end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    first: usize,
    width: Option<usize>,
}

impl Columns {
    /// As wide as the longest of `firsts`, within reason. Without a width nothing is folded.
    pub(super) fn fitting<'a>(firsts: impl Iterator<Item = &'a str>, width: Option<usize>) -> Self {
        // The second column is to have the larger half.
        let most = width.map_or(WIDEST, |width| WIDEST.min(width * 2 / 5));
        let longest = firsts.map(|first| first.chars().count()).max().unwrap_or_default();
        Self { first: longest.min(most), width }
    }

    /// A row as lines. A first that is too long for its column has a line of its own where lines fold.
    pub(super) fn row(self, first: &str, second: &str) -> Vec<String> {
        let indent = self.first + 2;
        let Some(width) = self.width else { return vec![format!("{first:0$}  {second}", self.first)] };
        let mut folded = fold(second, width.saturating_sub(indent).max(16));
        if first.chars().count() > self.first {
            folded.insert(0, String::new());
        }
        folded
            .into_iter()
            .enumerate()
            .map(|(n, part)| {
                let first = if n == 0 { first } else { "" };
                format!("{first:0$}  {part}", self.first).trim_end().to_owned()
            })
            .collect()
    }
}

/// `text` in lines of at most `width` characters, broken after a comma if possible, else at a space. A
/// word that is longer is cut, since nothing else would bound a line.
pub(super) fn fold(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut room = width;
    for item in text.split_inclusive(", ") {
        let long = item.trim_end().chars().count() > width;
        let words: Vec<&str> = if long { item.split_inclusive(' ').collect() } else { vec![item] };
        for word in words {
            let mut word = word;
            if word.trim_end().chars().count() > room && room < width {
                lines.push(String::new());
                room = width;
            }
            while word.trim_end().chars().count() > width {
                let cut = word.char_indices().nth(width).map_or(word.len(), |(at, _)| at);
                put(&mut lines, &word[..cut]);
                lines.push(String::new());
                word = &word[cut..];
            }
            put(&mut lines, word);
            room = room.saturating_sub(word.chars().count());
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
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

    proptest! {
        #[test]
        fn folding_loses_nothing_but_spaces_and_keeps_within_the_width(
            text in "([a-zé]{0,30}[, ]{1,2}){0,12}", width in 1_usize..40
        ) {
            let folded = fold(&text, width);
            prop_assert!(folded.iter().all(|line| line.chars().count() <= width), "{folded:?}");
            let bare = |text: &str| text.replace(' ', "");
            prop_assert_eq!(bare(&folded.concat()), bare(&text));
        }
    }
}
