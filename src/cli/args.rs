//! The command line as clap reads it. Nothing is decided here.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

/// Keeps the members of a Voucherify organization in Git: a YAML file lists people and their role in each
/// project; `plan` previews the changes and `apply` makes them.
#[derive(Debug, Parser)]
#[command(name = "guestlist", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Credentials come from VOUCHERIFY_MANAGEMENT_ID and VOUCHERIFY_MANAGEMENT_TOKEN, or from \
the files named in VOUCHERIFY_MANAGEMENT_ID_FILE and VOUCHERIFY_MANAGEMENT_TOKEN_FILE; never from an argument.\n\n\
Exit status: 0 success, or nothing to do; 1 failed or blocked; 2 (only with --detailed-exitcode) the plan has changes or needs attention.\n\n\
Example: guestlist apply team.yaml --sandbox"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Global options.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Cluster (api, us1, as1) or base URL of the Management API; overrides `VOUCHERIFY_ENDPOINT` and the team
    /// file
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Ledger folder; overrides the team file
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) ledger: Option<String>,
    /// Use a simulated organization inside this process, stored in FILE; needs no credentials and has its own
    /// ledger
    #[cfg(feature = "sandbox")]
    #[expect(
        clippy::option_option,
        reason = "not given, given alone, and given with a file are three things"
    )]
    #[arg(long, global = true, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) sandbox: Option<Option<PathBuf>>,
    /// When to use color [auto: on a terminal, unless `NO_COLOR` is set]
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// Format of log lines on standard error
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// Increase verbosity (up to -vvv)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check the team file, offline
    #[command(after_help = "Example: guestlist validate team.yaml --format json")]
    Validate(Validate),
    /// Preview the changes that apply would make; never writes to the service
    #[command(after_help = "Example: guestlist plan team.yaml --format diff")]
    Plan(Plan),
    /// Apply the plan after confirmation
    #[command(after_help = "Example: guestlist apply team.yaml --yes")]
    Apply(Apply),
    /// Generate a team file from an existing organization
    #[command(after_help = "Example: guestlist import --out team.yaml")]
    Import(Import),
    /// Explain where a person's access comes from
    #[command(after_help = "Example: guestlist explain alex.doe@example.com team.yaml")]
    Explain(Explain),
    /// Show the ledger, newest run first
    #[command(after_help = "Example: guestlist log --person alex.doe@example.com")]
    Log(Log),
    /// Send an invitation again
    #[command(after_help = "Example: guestlist resend alex.doe@example.com team.yaml --yes")]
    Resend(Resend),
    /// Write the access review: who has which role in which project, and why
    #[command(after_help = "Example: guestlist report team.yaml --out access.html")]
    Report(Report),
    /// Release a stale lock on the ledger
    #[command(after_help = "Example: guestlist unlock team.yaml --yes")]
    Unlock(Unlock),
    /// Print the JSON Schema of the team file, for editors
    #[command(after_help = "Example: guestlist schema > guestlist.schema.json")]
    Schema(Schema),
    /// Generate shell completions
    #[command(after_help = "Example: guestlist completions bash > /etc/bash_completion.d/guestlist")]
    Completions(Completions),
    /// Print the manual page
    #[command(after_help = "Example: guestlist man | man -l -")]
    Man,
    /// Serve a simulated organization over HTTP, for testing
    #[cfg(feature = "sandbox")]
    #[command(after_help = "\
Faults: 503, 429,retry-after=2 or any status from 200 to 299 or 400 to 599 (with body=json|html|empty), truncate, not-json, \
other-user, no-role, endless, trickle, hang, close-before, close-after, redirect, short-list, empty-list, lag, second-invite-ok, hostile-names. \
When: at=K, every=K, times=K, probability=P, seed=N, method=…, path=…, email=….\n\n\
Example: guestlist sandbox --seed-members 40 --fault 503,every=5 --fault close-after,method=POST,at=3")]
    Sandbox(Sandbox),
}

/// The default path of the team file.
pub(crate) const TEAM_FILE: &str = "team.yaml";

/// The team file.
#[derive(Clone, Debug, Args)]
pub(crate) struct TeamFileArg {
    /// The team file
    #[arg(value_name = "TEAM_FILE", default_value = TEAM_FILE)]
    pub(crate) team_file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    #[command(flatten)]
    pub(crate) file: TeamFileArg,
    /// Output format of the errors
    #[arg(long, value_enum, default_value_t = ProblemFormat::Text)]
    pub(crate) format: ProblemFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) file: TeamFileArg,
    /// Output format of the plan
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    pub(crate) format: PlanFormat,
    /// Save the plan to FILE for `apply --plan`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with 2 if the plan has changes or a note that needs attention
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Use the last saved snapshot instead of calling the API
    #[arg(long)]
    pub(crate) offline: bool,
    /// Preview the plan for DATE, today or later (UTC)
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(crate) at: Option<Date>,
    /// Team file on the base branch; separates this pull request's changes from drift
    #[arg(long, value_name = "FILE")]
    pub(crate) base: Option<PathBuf>,
    /// Replace emails and names with stable pseudonyms (not anonymous: a known address can be matched)
    #[arg(long)]
    pub(crate) redact: bool,
    #[command(flatten)]
    pub(crate) terms: PlanFlags,
}

/// Limits and overrides for one run.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PlanFlags {
    /// Override `max_removals` for this run; N is the number that the guard shows
    #[arg(long, value_name = "N")]
    pub(crate) allow_removals: Option<usize>,
    /// Override `max_new_admins` for this run; N is the number that the guard shows
    #[arg(long, value_name = "N")]
    pub(crate) allow_new_admins: Option<usize>,
    /// Send at most N invitations
    #[arg(long, value_name = "N")]
    pub(crate) max_invites: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) file: TeamFileArg,
    /// Skip confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Apply a saved plan (from `plan --out`) without a team file; run it from the directory where it was
    /// made
    #[arg(long, value_name = "FILE", conflicts_with_all = ["team_file", "max_invites"])]
    pub(crate) plan: Option<PathBuf>,
    /// Maximum number of people to process in parallel
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) concurrency: u16,
    #[command(flatten)]
    pub(crate) terms: PlanFlags,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Import only these projects (comma-separated project ids)
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    pub(crate) projects: Vec<String>,
    /// Write to FILE instead of standard output; FILE must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Email address of the person
    #[arg(value_name = "EMAIL")]
    pub(crate) email: String,
    #[command(flatten)]
    pub(crate) file: TeamFileArg,
    /// Use the last saved snapshot instead of calling the API
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    #[command(flatten)]
    pub(crate) file: TeamFileArg,
    /// Show only records about this person
    #[arg(long, value_name = "EMAIL")]
    pub(crate) person: Option<String>,
    /// Output format of the records
    #[arg(long, value_enum, default_value_t = LogRecordFormat::Text)]
    pub(crate) format: LogRecordFormat,
    /// Check that no record and no run was edited, removed or added
    #[arg(long)]
    pub(crate) verify: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Resend {
    /// Email address of the person
    #[arg(value_name = "EMAIL")]
    pub(crate) email: String,
    #[command(flatten)]
    pub(crate) file: TeamFileArg,
    /// Skip confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) file: TeamFileArg,
    /// Output format
    #[arg(long, value_enum, default_value_t = ReportFormat::Html)]
    pub(crate) format: ReportFormat,
    /// Write to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Use the last saved snapshot instead of calling the API
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Unlock {
    #[command(flatten)]
    pub(crate) file: TeamFileArg,
    /// Skip confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Print the schema of an included file
    #[arg(long)]
    pub(crate) included: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Shell to generate completions for
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(feature = "sandbox")]
#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: std::net::SocketAddr,
    /// Store the organization in FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Start with N members
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed_members: usize,
    /// Limit to CALLS/SECONDS, such as `100/60`; `none` for no limit
    #[arg(long, value_name = "LIMIT", default_value = "2000/60", value_parser = rate_limit)]
    pub(crate) rate_limit: RateLimitArg,
    /// Inject a fault, such as `503,every=5`; repeat for more faults
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Vec<String>,
}

fn date(text: &str) -> Result<Date, &'static str> {
    let is_written_so = text.len() == 10 && text.is_ascii();
    text.parse().ok().filter(|_| is_written_so).ok_or("expected a date as YYYY-MM-DD")
}

/// The rate limit of a sandbox: calls, and seconds.
#[cfg(feature = "sandbox")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimitArg(pub(crate) Option<(u64, u64)>);

#[cfg(feature = "sandbox")]
fn rate_limit(text: &str) -> Result<RateLimitArg, String> {
    if text == "none" {
        return Ok(RateLimitArg(None));
    }
    let limit =
        text.split_once('/').and_then(|(calls, seconds)| Some((calls.parse().ok()?, seconds.parse().ok()?)));
    match limit {
        Some((calls @ 1.., seconds @ 1..)) => Ok(RateLimitArg(Some((calls, seconds)))),
        _ => Err("expected CALLS/SECONDS, such as `100/60`, or `none`".to_owned()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ProblemFormat {
    Text,
    Json,
    Github,
    Gitlab,
    Sarif,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum PlanFormat {
    Text,
    Diff,
    Markdown,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ReportFormat {
    Html,
    Csv,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum LogRecordFormat {
    Text,
    Json,
}
