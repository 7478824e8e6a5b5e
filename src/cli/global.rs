//! The options of more than one command, and where they mean something.

#[cfg(feature = "sandbox")]
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum, ValueHint};

/// Global options.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Cluster (api, us1, as1) or base URL of the Management API; overrides `VOUCHERIFY_ENDPOINT` and the team
    /// file
    #[arg(long, global = true, value_name = "URL", hide_short_help = true)]
    pub(crate) endpoint: Option<String>,
    /// Ledger folder; overrides the team file
    #[arg(long, global = true, value_name = "URL", hide_short_help = true, value_hint = ValueHint::DirPath)]
    pub(crate) ledger: Option<String>,
    /// Use a simulated organization inside this process, without credentials and with its own ledger
    ///
    /// The organization is stored in FILE [default: .guestlist/sandbox/organization.json, next to the team
    /// file], and is created with the projects of the team file and one owner. Delete .guestlist/sandbox to
    /// start over.
    #[cfg(feature = "sandbox")]
    #[expect(
        clippy::option_option,
        reason = "not given, given alone, and given with a file are three things"
    )]
    #[arg(long, global = true, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) sandbox: Option<Option<PathBuf>>,
    /// When to use color [auto: on a terminal, or if `FORCE_COLOR` is set, unless `NO_COLOR` is set]
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    #[arg(hide_short_help = true)]
    pub(crate) color: Color,
    /// Format of standard error: progress, warnings, errors and log lines; with `json`, one object per line
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = TextOrJson::Text)]
    #[arg(hide_short_help = true)]
    pub(crate) log_format: TextOrJson,
    /// Increase verbosity: -v says what happens, -vv and -vvv are a trace
    #[arg(short, long, global = true, action = ArgAction::Count, hide_short_help = true)]
    pub(crate) verbose: u8,
    /// Print only errors
    #[arg(short, long, global = true, conflicts_with = "verbose", hide_short_help = true)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum TextOrJson {
    Text,
    Json,
}

/// The global options that a command accepts and does not use, by their ids. They are not in its help.
pub(super) fn without_effect(command: &str) -> &'static [&'static str] {
    match command {
        "validate" | "sandbox" => &["endpoint", "ledger", "sandbox"],
        "import" => &["ledger"],
        "log" => &["endpoint"],
        "schema" | "completions" | "man" => {
            &["endpoint", "ledger", "sandbox", "color", "log_format", "verbose", "quiet"]
        }
        _ => &[],
    }
}
