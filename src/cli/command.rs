//! The command line: each command shows the options that mean something there, and its examples.

use clap::error::{Error, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::after_help::AfterHelp;
use super::args::Cli;
use super::candidates;
use super::global::without_effect;

/// The arguments of the process.
pub(super) struct Parsed {
    /// The arguments.
    pub(super) cli: Cli,
    /// A sentence for each option that has no effect on the command.
    pub(super) ignored: Vec<String>,
}

/// Parses the arguments of the process.
pub(super) fn parse() -> Result<Parsed, Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    #[cfg(feature = "sandbox")]
    if cli.global.endpoint.is_some() && cli.global.sandbox.is_some() {
        // clap does not compare global options given before and after the command.
        let conflict = "the argument '--endpoint <URL>' cannot be used with '--sandbox[=<FILE>]'";
        return Err(command.error(ErrorKind::ArgumentConflict, conflict));
    }
    #[cfg(not(feature = "sandbox"))]
    let _ = ErrorKind::ArgumentConflict;
    Ok(Parsed { cli, ignored: ignored(&matches) })
}

/// The command line, complete.
pub(super) fn command() -> Command {
    let command = Cli::command();
    let global: Vec<_> = command.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    let mut command = command.mut_subcommands(|subcommand| {
        let without_effect = without_effect(subcommand.get_name());
        let hidden = global.iter().filter(|arg| without_effect.contains(&arg.get_id().as_str()));
        let hidden: Vec<_> = hidden.map(|arg| arg.clone().hide(true)).collect();
        AfterHelp::of(subcommand.get_name()).add_to(subcommand.args(hidden).mut_args(candidates::add_to))
    });
    command = AfterHelp::of("guestlist").add_to(command);
    let pages = command.get_subcommands();
    let pages: Vec<_> = pages.map(|page| (page.get_name().to_owned(), page.get_about().cloned())).collect();
    command = command.mut_subcommand("man", |man| {
        let candidates = move || {
            let pages = pages.iter().cloned();
            pages.map(|(name, about)| CompletionCandidate::new(name).help(about)).collect()
        };
        man.mut_arg("page", |page| page.add(ArgValueCandidates::new(candidates)))
    });
    // `help` is in every list of commands otherwise, and is not one that does anything.
    command.build();
    command.mut_subcommand("help", |help| help.hide(true))
}

/// What is said about options that do not apply. Only those that someone may rely on are mentioned:
/// `--endpoint` is like its variable, which is often set for every command.
fn ignored(matches: &ArgMatches) -> Vec<String> {
    let Some((command, given)) = matches.subcommand() else { return Vec::new() };
    let ids = without_effect(command).iter().filter(|id| matches!(**id, "ledger" | "sandbox"));
    ids.filter(|id| given.try_contains_id(id).is_ok_and(|known| known))
        .filter(|id| given.value_source(id) == Some(ValueSource::CommandLine))
        .map(|id| format!("`--{id}` does not apply to `guestlist {command}` and is ignored"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn options_without_effect_are_named_as_they_are_defined() {
        let command = command();
        for subcommand in command.get_subcommands() {
            for id in without_effect(subcommand.get_name()) {
                let is_defined =
                    subcommand.get_arguments().any(|arg| arg.get_id() == id && arg.is_hide_set());
                assert!(is_defined || (cfg!(not(feature = "sandbox")) && *id == "sandbox"), "{id}");
            }
        }
    }
}
