//! Output for GitHub Actions besides the log: annotations on the lines of a team file, and the job summary.

use std::fs::OpenOptions;
use std::io::Write as _;

use super::args::PlanFormat;
use super::terminal::Terminal;
use crate::team_file::{Problems, Sources};

/// Whether this runs in GitHub Actions.
fn is_here() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Annotates the problems of a team file on their lines. Uses standard error, unless that has JSON; GitHub reads
/// both streams.
pub(crate) fn annotate(problems: &Problems, sources: &Sources, terminal: Terminal) {
    if is_here() && !terminal.is_json {
        Terminal::line(problems.github(sources).trim_end());
    }
}

/// Whether this plan belongs in the job summary: if it goes to the job log, or is Markdown. Output to a file or
/// for programs has a destination that the user chose.
pub(crate) fn has_summary(format: PlanFormat, terminal: Terminal) -> bool {
    let is_shown = match format {
        PlanFormat::Markdown => true,
        PlanFormat::Text | PlanFormat::Diff => !Terminal::prints_to_a_file(),
        PlanFormat::Json => false,
    };
    is_here() && is_shown && !terminal.quiet
}

/// Appends Markdown to the job summary.
pub(crate) fn summarize(markdown: &str, terminal: Terminal) {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else { return };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(format!("{markdown}\n\n").as_bytes()));
    if let Err(error) = written {
        terminal.warn(&format!("cannot write the job summary (GITHUB_STEP_SUMMARY): {error}"));
    }
}
