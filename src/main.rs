//! The guestlist program.

use std::process::ExitCode;

fn main() -> ExitCode {
    guestlist::cli::main()
}
