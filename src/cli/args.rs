//! The command line as clap reads it. Nothing is decided here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use jiff::civil::Date;

pub(crate) use super::global::{GlobalArgs, TextOrJson};
use super::ledger_args::LedgerCommand;
use super::moment::{MaxAge, Moment};
#[cfg(feature = "sandbox")]
pub(crate) use super::sandbox_args::Sandbox;

/// Keep the members of a Voucherify organization in Git
///
/// A YAML file, the team file, lists people and their role in each project. `guestlist plan` previews the
/// changes that would make the organization match the file, and `guestlist apply` makes them.
#[derive(Debug, Parser)]
#[command(name = "guestlist", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check the team file, offline
    ///
    /// Reports every problem of the team file and the files it includes, with line and column. Exits with 1 if
    /// there are any.
    Validate(Validate),
    /// Preview the changes that apply would make; never writes to the service
    ///
    /// Compares the team file with the members of its projects and the invitations in the ledger. Exits with 1
    /// if a guard blocks the plan.
    Plan(Plan),
    /// Apply the plan after confirmation
    ///
    /// Shows the plan, asks for confirmation, and makes exactly these changes. The ledger records every call
    /// before it is sent, and access that was changed by hand. If a run is interrupted, run it again to continue.
    Apply(Apply),
    /// Generate a team file from an existing organization
    ///
    /// The plan of the generated file is empty. Never overwrites a file.
    Import(Import),
    /// Explain where a person's access comes from
    ///
    /// For each role: the line of the file that grants it, the role in the organization, and what apply would
    /// change. Then the person's history in the ledger: each invitation and change, with its run and commit.
    Explain(Explain),
    /// Show the ledger, newest run first
    ///
    /// The ledger is the record of every call that guestlist made. The team file is read to find it, and for
    /// the names of projects and roles. A damaged or missing run is reported before anything is shown. Times are
    /// UTC.
    Log(Log),
    /// Send an invitation again
    ///
    /// For an invitation that the ledger knows and that is not accepted yet.
    Resend(Resend),
    /// Write the access review: who has which role in which project, and why
    ///
    /// Of today, from a live reading. With `--at` or `--since`, of the past, from the ledger alone and without
    /// credentials: each line says since when, by which run, actor and commit, and how sure it is.
    Report(Report),
    /// Check a set-up: credentials, service, member lists, ledger
    ///
    /// Each check passed, failed or is unknown, with what to do. Reads only. Exits with 1 if a check failed.
    Doctor(Doctor),
    /// Show the state of the schedule and of the ledger
    ///
    /// From the ledger alone, without credentials: the last run, the last clean convergence (a live reading
    /// without changes and attention), drift since then, invitations, dates in the team file, ADMINs, the lock,
    /// and whether the ledger is intact.
    Status(Status),
    /// Release a stale lock on the ledger
    ///
    /// One run at a time writes to the ledger. Its lock expires 60 seconds after the last renewal; release it
    /// earlier if its run is gone. The team file is only read to find the ledger.
    Unlock(Unlock),
    /// Copy a ledger between a folder and an object store
    ///
    /// Copies every run and document, and compares the copy. Refuses a target that is not empty, and a ledger that is
    /// damaged or in use.
    Ledger(LedgerCommand),
    /// Print the JSON Schema of the team file, for editors
    Schema(Schema),
    /// Generate shell completions
    ///
    /// Besides commands and options, they complete the people of `team.yaml` in the current folder. Load them
    /// when the shell starts, so they match the installed version.
    Completions(Completions),
    /// Print or install the manual pages
    ///
    /// Prints the page of guestlist, or of COMMAND.
    Man(Man),
    /// Serve a simulated organization over HTTP, for testing
    ///
    /// Prints its URL, and serves until Ctrl-C.
    #[cfg(feature = "sandbox")]
    Sandbox(Sandbox),
}

/// The default path of the team file.
pub(crate) const TEAM_FILE: &str = "team.yaml";

/// The team file.
#[derive(Clone, Debug, Args)]
pub(crate) struct TeamFileArg {
    /// The team file
    #[arg(value_name = "TEAM_FILE", default_value = TEAM_FILE, value_hint = ValueHint::FilePath)]
    pub(crate) team_file: PathBuf,
}

/// The team file of a command that needs only its ledger.
#[derive(Clone, Debug, Args)]
pub(crate) struct LedgerOfArg {
    /// The team file, for its `ledger` and its names; not needed if `--ledger` is given
    #[arg(value_name = "TEAM_FILE", default_value = TEAM_FILE, value_hint = ValueHint::FilePath)]
    pub(crate) team_file: PathBuf,
}

/// The access that is asked for.
#[derive(Clone, Debug, Args)]
pub(crate) struct AccessFilter {
    /// Show only this project (alias or id)
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// Show only this role (predefined, alias or id), in that project if one is given
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<String>,
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
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) file: TeamFileArg,
    /// Output format of the plan
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    pub(crate) format: PlanFormat,
    /// Save the plan to FILE for `apply --plan`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
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
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) base: Option<PathBuf>,
    /// Replace emails and names with stable pseudonyms (not anonymous: a known address can be matched)
    #[arg(long)]
    pub(crate) redact: bool,
    /// Record access that changed outside guestlist in the ledger, as apply does; needs the lock
    #[arg(long, conflicts_with = "offline")]
    pub(crate) record: bool,
    #[command(flatten)]
    pub(crate) terms: PlanFlags,
}

/// Limits and overrides for one run.
#[derive(Clone, Debug, Args)]
pub(crate) struct PlanFlags {
    /// Plan only for this person, whatever else is due; can be repeated
    #[arg(long, value_name = "EMAIL")]
    pub(crate) only: Vec<String>,
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
    /// Apply a saved plan (from `plan --out`) without a team file; run it in the directory where the plan
    /// was made
    #[arg(long, value_name = "FILE", conflicts_with_all = ["team_file", "max_invites", "only"])]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) plan: Option<PathBuf>,
    /// Maximum number of people to process in parallel
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) concurrency: u16,
    /// Output format; with `json`, prints one JSON object per line for each event
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
    #[command(flatten)]
    pub(crate) terms: PlanFlags,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Import only these projects (comma-separated ids or names)
    #[arg(long, value_name = "ID|NAME,…", value_delimiter = ',')]
    pub(crate) projects: Vec<String>,
    /// Write to FILE instead of standard output; FILE must not exist
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
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
    pub(crate) file: LedgerOfArg,
    /// Show only records about this person
    #[arg(long, value_name = "EMAIL")]
    pub(crate) person: Option<String>,
    #[command(flatten)]
    pub(crate) access: AccessFilter,
    /// Show only records from this day or time on (UTC)
    #[arg(long, value_name = "DATE|TIME")]
    pub(crate) since: Option<Moment>,
    /// Show only records up to this time, or to the end of this day (UTC)
    #[arg(long, value_name = "DATE|TIME")]
    pub(crate) until: Option<Moment>,
    /// Output format of the records
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
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
    #[command(flatten)]
    pub(crate) access: AccessFilter,
    /// Show who had access at the end of DATE (UTC) or at TIME, from the ledger alone
    #[arg(long, value_name = "DATE|TIME", conflicts_with = "offline")]
    pub(crate) at: Option<Moment>,
    /// Show what changed after the end of DATE (UTC) or after TIME, from the ledger alone; up to `--at` if given
    #[arg(long, value_name = "DATE|TIME", conflicts_with = "offline")]
    pub(crate) since: Option<Moment>,
    /// Write to FILE instead of standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    /// Use the last saved snapshot instead of calling the API
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) file: TeamFileArg,
    /// Output format
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) file: LedgerOfArg,
    /// Fail if the last clean convergence is older than DURATION, such as 36h or 2d, or there was none
    #[arg(long, value_name = "DURATION")]
    pub(crate) max_age: Option<MaxAge>,
    /// Output format
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    pub(crate) format: StatusFormat,
    /// Write to FILE instead of standard output; readers see the old or the new file, never a part of it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Unlock {
    #[command(flatten)]
    pub(crate) file: LedgerOfArg,
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

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Command whose page to print
    #[arg(value_name = "COMMAND")]
    pub(crate) page: Option<String>,
    /// Write all pages to FOLDER, one file each
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, conflicts_with = "page")]
    pub(crate) out: Option<PathBuf>,
}

fn date(text: &str) -> Result<Date, &'static str> {
    let is_written_so = text.len() == 10 && text.is_ascii();
    text.parse().ok().filter(|_| is_written_so).ok_or("expected a date as YYYY-MM-DD")
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
    Text,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum StatusFormat {
    Text,
    Json,
    Prometheus,
}
