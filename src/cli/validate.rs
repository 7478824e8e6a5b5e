//! `guestlist validate`: checks the team file, offline.

use super::args::{ProblemFormat, Validate};
use super::failure::Failure;
use super::github;
use super::load::{self, Loaded};
use super::terminal::Terminal;
use crate::words::{count, people};

pub(crate) fn run(args: &Validate, terminal: Terminal) -> Result<(), Failure> {
    let loaded = load::load(&args.file.team_file)?;
    let result = report(&loaded, args, terminal);
    // The process is about to end, and what a large file takes would be freed piece by piece.
    std::mem::forget(loaded);
    result
}

fn report(loaded: &Loaded, args: &Validate, terminal: Terminal) -> Result<(), Failure> {
    let Loaded { problems, sources, team, .. } = loaded;
    let report = match args.format {
        ProblemFormat::Text => None,
        ProblemFormat::Github => Some(problems.github(sources)),
        ProblemFormat::Json => Some(problems.json(sources) + "\n"),
        ProblemFormat::Gitlab => Some(problems.gitlab(sources) + "\n"),
        ProblemFormat::Sarif => Some(problems.sarif(sources) + "\n"),
    };
    match (report, team) {
        (Some(report), Some(_)) => Terminal::print(&report),
        (Some(report), None) => {
            Terminal::print(&report)?;
            if args.format != ProblemFormat::Github {
                github::annotate(problems, sources, terminal);
            }
            Err(Failure::AlreadyReported)
        }
        (None, None) => Err(loaded.refusal(terminal)),
        (None, Some(team)) => {
            let sentence = format!(
                "{} is valid ({}, {}).",
                crate::escape::path(&args.file.team_file),
                people(team.desired.people.len()),
                count(team.desired.projects.len(), "project")
            );
            Terminal::print(&format!("{}\n", terminal.out.green(&sentence)))
        }
    }
}
