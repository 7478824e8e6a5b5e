//! The commands, one file each. Only this module reads arguments and the environment, and prints.

mod after_help;
mod apply;
mod args;
mod audit;
mod candidates;
mod command;
mod completions;
mod connection;
mod doctor;
mod environment;
mod events;
mod explain;
mod failure;
mod filter;
mod final_report;
mod github;
mod global;
mod history;
mod import;
mod ledger;
mod ledger_args;
mod load;
mod log;
mod logging;
mod man;
mod mixup;
mod moment;
mod observe;
mod output;
mod plan;
mod progress;
mod prompt;
mod report;
mod resend;
#[cfg(feature = "sandbox")]
mod sandbox;
#[cfg(feature = "sandbox")]
mod sandbox_args;
mod schema;
mod session;
mod signals;
mod situation;
mod status;
mod target;
mod terminal;
mod unlock;
mod usage;
mod validate;
mod verification;
mod waiting;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use args::{Cli, Command};
use command::Parsed;
use failure::Failure;
use terminal::Terminal;

/// Runs guestlist with the arguments of the process. Returns its exit status.
#[must_use]
pub fn main() -> ExitCode {
    if completions::answer() {
        return ExitCode::SUCCESS;
    }
    let Parsed { cli, ignored } = match command::parse() {
        Ok(parsed) => parsed,
        Err(error) => {
            let args = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
            let error = usage::harmless(error, &args.collect::<Vec<_>>());
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    let terminal = Terminal::new(&cli.global);
    for sentence in &ignored {
        terminal.warn(sentence);
    }
    report_panics(terminal);
    logging::start(&cli.global, terminal);
    // Calls take turns on this thread, which costs less than waking others for each. Large answers are decoded on
    // other threads.
    let result = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let run = AssertUnwindSafe(|| runtime.block_on(run(cli, terminal)));
            let result = std::panic::catch_unwind(run).unwrap_or(Err(Failure::AlreadyReported));
            // Do not wait for anything in the background.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(Failure::new(format!("could not start threads: {error}"))),
    };
    let Err(failure) = result else { return ExitCode::SUCCESS };
    match &failure {
        Failure::Message(text) | Failure::Blocked(text) | Failure::Locked(text) => terminal.error(text),
        Failure::Problems(text) => terminal.rendered_errors(text.trim_end()),
        Failure::AlreadyReported | Failure::HasChanges | Failure::Signal(_) => {}
    }
    ExitCode::from(failure.status())
}

/// Reports a panic, which is a bug of guestlist, in one line without any data of the process.
fn report_panics(terminal: Terminal) {
    std::panic::set_hook(Box::new(move |panic| {
        let at = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
        terminal.error(&format!(
            "guestlist panicked{at}; please report this bug. Everything that was done is in the ledger"
        ));
    }));
}

async fn run(cli: Cli, terminal: Terminal) -> Result<(), Failure> {
    let global = &cli.global;
    match cli.command {
        Command::Validate(args) => validate::run(&args, terminal),
        Command::Plan(args) => plan::run(&args, global, terminal).await,
        Command::Apply(args) => apply::run(&args, global, terminal).await,
        Command::Import(args) => import::run(&args, global, terminal).await,
        Command::Explain(args) => explain::run(&args, global, terminal).await,
        Command::Log(args) => log::run(&args, global, terminal),
        Command::Resend(args) => resend::run(&args, global, terminal).await,
        Command::Report(args) => report::run(&args, global, terminal).await,
        Command::Doctor(args) => doctor::run(&args, global, terminal).await,
        Command::Status(args) => status::run(&args, global, terminal),
        Command::Unlock(args) => unlock::run(&args, global, terminal).await,
        Command::Ledger(args) => ledger::run(&args, terminal),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args, terminal),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(args) => sandbox::run(&args, terminal).await,
    }
}
