//! What clap says about a wrong command line, without advice that could do harm.

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use super::args::Cli;

/// The error to show. A flag that lifts a guard is never suggested: whoever mistypes another flag must not be
/// led to it. Habits from other tools are answered in a sentence.
pub(crate) fn harmless(mut error: Error, args: impl Iterator<Item = String>) -> Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let mut asked = args.filter(|arg| is_auto_approve(arg));
    if let Some(arg) = asked.next() {
        let sentence = format!("unexpected argument '{arg}'; to skip confirmation, use --yes");
        return Cli::command().error(ErrorKind::UnknownArgument, sentence);
    }
    let lifts_a_guard = |value: &ContextValue| match value {
        ContextValue::String(name) => name.contains("--allow-"),
        ContextValue::Strings(names) => names.iter().any(|name| name.contains("--allow-")),
        _ => false,
    };
    if error.get(ContextKind::SuggestedArg).is_some_and(lifts_a_guard) {
        error.remove(ContextKind::SuggestedArg);
    }
    // "to pass '-f' as a value, use '-- -f'": no value starts with a dash here.
    error.remove(ContextKind::Suggested);
    error
}

/// As Terraform spells it.
fn is_auto_approve(arg: &str) -> bool {
    let name = arg.split_once('=').map_or(arg, |(name, _)| name);
    matches!(name, "--auto-approve" | "-auto-approve")
}
