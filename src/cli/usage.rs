//! What clap says about a wrong command line, without advice that could do harm.

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use super::command::command;

/// The error to show. A flag that lifts a guard is never suggested: whoever mistypes another flag must not be
/// led to it. Habits from other tools are answered in a sentence.
pub(crate) fn harmless(mut error: Error, args: &[String]) -> Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    if let Some((arg, advice)) = args.iter().find_map(|arg| Some((arg, habit(arg)?))) {
        let sentence = format!("unexpected argument '{arg}'; {advice}");
        return called(args).error(ErrorKind::UnknownArgument, sentence);
    }
    let lifts_a_guard = |value: &ContextValue| match value {
        ContextValue::String(name) => name.contains("--allow-"),
        ContextValue::Strings(names) => names.iter().any(|name| name.contains("--allow-")),
        _ => false,
    };
    if error.get(ContextKind::SuggestedArg).is_some_and(lifts_a_guard) {
        error.remove(ContextKind::SuggestedArg);
        // The usage shows the suggested option as well.
        error.insert(ContextKind::Usage, ContextValue::StyledStr(called(args).render_usage()));
    }
    // "to pass '-f' as a value, use '-- -f'": no value starts with a dash here.
    error.remove(ContextKind::Suggested);
    error
}

/// The subcommand that is called or, without one, the whole command.
fn called(args: &[String]) -> Command {
    let command = command();
    let subcommand = args.iter().find_map(|arg| command.find_subcommand(arg));
    subcommand.unwrap_or(&command).clone()
}

/// What to use instead of an option of Terraform, kubectl or the like.
fn habit(arg: &str) -> Option<&'static str> {
    match arg.split_once('=').map_or(arg, |(name, _)| name) {
        "--auto-approve" | "-auto-approve" => Some("to skip confirmation, use --yes"),
        "--dry-run" | "-dry-run" => Some("`guestlist plan` is the dry run"),
        "-f" | "--file" | "--filename" => {
            Some("pass the team file without an option, as in `guestlist plan team.yaml`")
        }
        _ => None,
    }
}
