//! The two streams: data goes to standard output, everything else to standard error.

use std::io::{self, IsTerminal as _, Write as _};

use super::args::{Color, GlobalArgs};
use super::failure::Failure;
use crate::render::Paint;

/// How output is written: colors and verbosity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Colors on standard output.
    pub(crate) out: Paint,
    /// Colors on standard error.
    pub(crate) err: Paint,
    /// Whether to print only errors.
    pub(crate) quiet: bool,
}

impl Terminal {
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let paint = |is_terminal: bool| Paint {
            color: match global.color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => is_terminal && !no_color,
            },
        };
        Self {
            out: paint(io::stdout().is_terminal()),
            err: paint(io::stderr().is_terminal()),
            quiet: global.quiet,
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
            Self::complain(text);
        }
    }

    /// Prints a warning, unless quiet.
    pub(crate) fn warn(self, text: &str) {
        self.say(&format!("{} {text}", self.err.yellow("warning:")));
    }

    /// Prints an error.
    pub(crate) fn error(self, text: &str) {
        Self::complain(&format!("{} {text}", self.err.red("error:")));
    }

    /// Writes a line to standard error; a failure to do so is ignored.
    pub(crate) fn complain(text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}
