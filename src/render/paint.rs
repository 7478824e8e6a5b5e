//! Colours, which never carry a meaning alone.

use anstyle::{AnsiColor, Style};

/// Whether to colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Paint {
    /// Colours serve here.
    pub color: bool,
}

impl Paint {
    /// No colours.
    pub const PLAIN: Self = Self { color: false };

    /// For what is granted, and for good news.
    #[must_use]
    pub fn green(self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    /// For what is taken away, and for refusals.
    #[must_use]
    pub fn red(self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default(), text)
    }

    /// For what changes.
    #[must_use]
    pub fn yellow(self, text: &str) -> String {
        self.styled(AnsiColor::Yellow.on_default(), text)
    }

    /// For headings.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    /// For what may be passed over.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    fn styled(self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
