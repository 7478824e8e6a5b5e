//! Aliases for things that have none yet: short, plain and unique.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization as _;

/// The longest slug.
const LONGEST: usize = 40;

/// `text` as lower-case ASCII with hyphens, such as `loyalty-eu` for `Loyalty EU`; `None` if nothing is left.
#[must_use]
pub fn slug(text: &str) -> Option<String> {
    let mut slug = String::new();
    for c in text.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)) {
        if slug.len() >= LONGEST {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') && c != '\'' {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    (!slug.is_empty()).then_some(slug)
}

/// Picks unique aliases.
#[derive(Debug, Default)]
pub struct Aliases {
    taken: BTreeSet<String>,
    /// The next number of each stem.
    numbers: BTreeMap<String, u64>,
}

impl Aliases {
    /// Never picks any of `reserved`.
    pub fn without(reserved: impl IntoIterator<Item = String>) -> Self {
        Self { taken: reserved.into_iter().collect(), numbers: BTreeMap::new() }
    }

    /// `stem`, or the first of `stem-2`, `stem-3` and so on that was not picked before.
    pub fn pick(&mut self, stem: &str) -> String {
        let number = self.numbers.entry(stem.to_owned()).or_insert(1);
        loop {
            let name = if *number == 1 { stem.to_owned() } else { format!("{stem}-{number}") };
            *number += 1;
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_plain() {
        let made = |text| slug(text);
        assert_eq!(made("Loyalty EU").as_deref(), Some("loyalty-eu"));
        assert_eq!(made("  Crème brûlée — d'Été (2026)! ").as_deref(), Some("creme-brulee-dete-2026"));
        assert_eq!(made("ﬁve ½ stars 🎉").as_deref(), Some("five-1-2-stars"));
        assert_eq!(made("東京 🎉"), None);
        assert_eq!(made(&"ab ".repeat(100)).expect("a name").len(), LONGEST);
    }

    #[test]
    fn no_name_is_given_twice() {
        let mut aliases = Aliases::without(["b".to_owned()]);
        assert_eq!(
            ["a", "a", "b", "a-2", "a"].map(|stem| aliases.pick(stem)),
            ["a", "a-2", "b-2", "a-2-2", "a-3"]
        );
    }
}
