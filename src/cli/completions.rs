//! `guestlist completions` and `guestlist man`: from the command line's own description.

use clap::CommandFactory as _;

use super::args::{Cli, Completions};
use super::failure::Failure;
use super::terminal::Terminal;

pub(crate) fn completions(args: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "guestlist", &mut script);
    Terminal::print(&String::from_utf8_lossy(&script))
}

pub(crate) fn man() -> Result<(), Failure> {
    let mut pages = Vec::new();
    let mut command = Cli::command();
    command.build();
    let failure = |error| Failure::new(format!("cannot generate the manual page: {error}"));
    clap_mangen::Man::new(command.clone()).render(&mut pages).map_err(failure)?;
    for subcommand in command.get_subcommands() {
        clap_mangen::Man::new(subcommand.clone()).render(&mut pages).map_err(failure)?;
    }
    Terminal::print(&String::from_utf8_lossy(&pages))
}
