//! Colors. They never carry a meaning alone.

use anstyle::{AnsiColor, Style};

/// Whether to use color.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Paint {
    /// Whether the output supports color.
    pub color: bool,
}

impl Paint {
    /// No color.
    pub const PLAIN: Self = Self { color: false };

    /// For granted access, and success.
    #[must_use]
    pub fn green(self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    /// For removed access, and errors.
    #[must_use]
    pub fn red(self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default(), text)
    }

    /// For changes and warnings.
    #[must_use]
    pub fn yellow(self, text: &str) -> String {
        self.styled(AnsiColor::Yellow.on_default(), text)
    }

    /// For headings.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    /// For details.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    fn styled(self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
