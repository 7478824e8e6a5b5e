//! `guestlist validate`: checks the team file, offline.

use super::args::{ProblemFormat, Validate};
use super::failure::{Ended, Failure};
use super::github;
use super::load;
use super::terminal::Terminal;
use crate::words::{count, people};

pub(crate) fn run(args: &Validate, terminal: Terminal) -> Ended {
    let loaded = load::load(&args.file.team_file)?;
    match args.format {
        ProblemFormat::Json => Terminal::print(&format!("{}\n", loaded.problems.json(&loaded.sources)))?,
        ProblemFormat::Github => Terminal::print(&loaded.problems.github(&loaded.sources))?,
        ProblemFormat::Text => {}
    }
    let Some(team) = &loaded.team else {
        return Err(match args.format {
            ProblemFormat::Text => loaded.refusal(terminal),
            ProblemFormat::Json => {
                github::annotate(&loaded.problems, &loaded.sources);
                Failure::Said
            }
            ProblemFormat::Github => Failure::Said,
        });
    };
    if args.format == ProblemFormat::Text {
        let desired = &team.desired;
        let sentence = format!(
            "{} is valid ({}, {}).",
            crate::escape::path(&args.file.team_file),
            people(desired.people.len()),
            count(desired.projects.len(), "project")
        );
        Terminal::print(&format!("{}\n", terminal.out.green(&sentence)))?;
    }
    Ok(())
}
