//! What a shell offers for an argument: the people of the team file, the commands.

use std::ffi::OsStr;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use super::args::{Cli, TEAM_FILE};
use super::load;
use crate::escape;

/// Completes an email to the people of `team.yaml` in the current folder.
pub(super) fn people() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let typed = typed.to_string_lossy().to_lowercase();
        let team = load::load(Path::new(TEAM_FILE)).ok().and_then(|loaded| loaded.team);
        let people = team.map(|team| team.desired.people).unwrap_or_default();
        let matching =
            people.values().filter(|person| person.email.as_str().to_lowercase().starts_with(&typed));
        matching
            .filter(|person| is_inert(person.email.as_str()))
            .map(|person| {
                let name = format!("{} {}", person.first_name, person.last_name);
                let name = escape::line(&name).into_owned();
                CompletionCandidate::new(person.email.as_str()).help(Some(name.into()))
            })
            .collect()
    })
}

/// Completes the name of a command.
pub(super) fn commands() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let command = Cli::command();
        let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
        shown
            .map(|shown| CompletionCandidate::new(shown.get_name()).help(shown.get_about().cloned()))
            .collect()
    })
}

/// Whether no shell sees more than text in it: what the file says ends up on a command line.
fn is_inert(email: &str) -> bool {
    email.chars().all(|c| c.is_alphanumeric() || ".-_+@".contains(c))
}
