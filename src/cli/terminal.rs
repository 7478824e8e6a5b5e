//! The two streams: data goes to standard output, everything else to standard error.

use std::io::{self, IsTerminal as _, Write as _};

use jiff::Timestamp;
use serde::Serialize;

use super::failure::Failure;
use super::global::{Color, GlobalArgs, TextOrJson};
use crate::escape;
use crate::render::Paint;

/// How output is written: colors, format and verbosity.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says one thing of one stream, whatever the others say"
)]
pub(crate) struct Terminal {
    /// Colors on standard output.
    pub(crate) out: Paint,
    /// Colors on standard error.
    pub(crate) err: Paint,
    /// Whether to print only errors.
    pub(crate) quiet: bool,
    /// Whether standard error has one JSON object per line.
    pub(crate) is_json: bool,
    /// Whether standard output has events, one JSON object per line, and nothing else.
    pub(crate) has_events: bool,
    /// Whether a progress bar can be drawn on standard error.
    pub(crate) can_draw: bool,
}

/// How important a message on standard error is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Level {
    Info,
    Warning,
    Error,
}

/// A message, in the form of the log lines.
#[derive(Serialize)]
struct LogLine<'a> {
    timestamp: Timestamp,
    level: &'static str,
    fields: LogFields<'a>,
    target: &'static str,
}

#[derive(Serialize)]
struct LogFields<'a> {
    message: &'a str,
}

impl Terminal {
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        let is_set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let is_dumb = is_set("TERM").is_some_and(|term| term == "dumb");
        let is_forced = is_set("FORCE_COLOR").is_some_and(|value| value != "0");
        let paint = |is_terminal: bool| Paint {
            color: match global.color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => is_set("NO_COLOR").is_none() && (is_forced || (is_terminal && !is_dumb)),
            },
        };
        let is_json = global.log_format == TextOrJson::Json;
        let err = paint(io::stderr().is_terminal());
        Self {
            out: paint(io::stdout().is_terminal()),
            err: Paint { color: err.color && !is_json },
            quiet: global.quiet,
            is_json,
            has_events: false,
            // With -v, lines are printed at any time, which would tear a bar apart.
            can_draw: io::stderr().is_terminal()
                && !is_dumb
                && !is_json
                && !global.quiet
                && global.verbose == 0,
        }
    }

    /// The width of standard output in columns, if it is a terminal.
    pub(crate) fn width() -> Option<usize> {
        let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
        Some(usize::from(width.0)).filter(|width| *width > 0)
    }

    /// Whether standard output was redirected to a file.
    #[cfg(unix)]
    pub(crate) fn prints_to_a_file() -> bool {
        use std::os::fd::AsFd as _;
        let file = io::stdout().as_fd().try_clone_to_owned().map(std::fs::File::from);
        file.and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.is_file())
    }

    /// Whether standard output was redirected to a file; not detected on this platform.
    #[cfg(not(unix))]
    pub(crate) fn prints_to_a_file() -> bool {
        false
    }

    /// Writes data to standard output. A closed pipe is not a failure.
    pub(crate) fn print(text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(format!("cannot write to standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Prints progress, unless quiet.
    pub(crate) fn say(self, text: &str) {
        if !self.quiet {
            self.message(Level::Info, text);
        }
    }

    /// Prints a warning, unless quiet.
    pub(crate) fn warn(self, text: &str) {
        if !self.quiet {
            self.message(Level::Warning, text);
        }
    }

    /// Prints a message even if quiet.
    pub(crate) fn tell(self, text: &str) {
        self.message(Level::Info, text);
    }

    /// Prints an error.
    pub(crate) fn error(self, text: &str) {
        self.message(Level::Error, text);
    }

    /// Prints errors that are rendered already, as those of a team file.
    pub(crate) fn rendered_errors(self, text: &str) {
        if self.is_json { self.message(Level::Error, text) } else { Self::line(text) }
    }

    fn message(self, level: Level, text: &str) {
        if self.is_json {
            return Self::line(&Self::json(level, text));
        }
        match level {
            Level::Info => Self::line(text),
            Level::Warning => Self::line(&format!("{} {text}", self.err.yellow("warning:"))),
            Level::Error => Self::line(&format!("{} {text}", self.err.red("error:"))),
        }
    }

    fn json(level: Level, text: &str) -> String {
        let level = match level {
            Level::Info => "INFO",
            Level::Warning => "WARN",
            Level::Error => "ERROR",
        };
        let line = LogLine {
            timestamp: Timestamp::now(),
            level,
            fields: LogFields { message: text },
            target: "guestlist",
        };
        escape::json(serde_json::to_string(&line).unwrap_or_default()).into_owned()
    }

    /// Writes a line to standard error as it is; a failure to do so is ignored.
    pub(crate) fn line(text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}
