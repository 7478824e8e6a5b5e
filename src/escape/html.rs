//! Text in HTML, between tags or in a quoted attribute.

use super::line;

/// `text` in which nothing is a tag, an entity or the end of an attribute.
#[must_use]
pub fn html(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 16);
    for c in line(text).chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn no_character_of_markup_is_left() {
        assert_eq!(html("<b a=\"1\" c='2'>&amp;"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
        assert_eq!(html("a\u{0}\u{202e}b"), "a\\u{0}\\u{202e}b");
    }
}
