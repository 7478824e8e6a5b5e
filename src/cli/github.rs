//! What GitHub Actions shows besides the log: annotations at the lines of a team file, and the summary
//! of a job.

use std::fs::OpenOptions;
use std::io::Write as _;

use super::args::PlanFormat;
use super::load::Loaded;
use super::terminal::Terminal;

/// Whether GitHub Actions runs this.
fn is_here() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Puts the problems of a team file at their lines in the change. Standard error will do: GitHub reads both.
pub(crate) fn annotate(loaded: &Loaded) {
    if is_here() {
        Terminal::complain(loaded.problems.github(&loaded.sources).trim_end());
    }
}

/// Whether this plan belongs in the summary of the job: it goes to the log of the job, or is Markdown. What is
/// written to a file, or for programs, is for somebody who chose where it goes.
pub(crate) fn has_summary(format: PlanFormat, terminal: Terminal) -> bool {
    let is_shown = match format {
        PlanFormat::Markdown => true,
        PlanFormat::Text | PlanFormat::Diff => !Terminal::prints_to_a_file(),
        PlanFormat::Json => false,
    };
    is_here() && is_shown && !terminal.quiet
}

/// Adds Markdown to the summary of the job.
pub(crate) fn summarize(markdown: &str, terminal: Terminal) {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else { return };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(format!("{markdown}\n\n").as_bytes()));
    if let Err(error) = written {
        terminal.warn(&format!("cannot write the summary of the job (GITHUB_STEP_SUMMARY): {error}"));
    }
}
