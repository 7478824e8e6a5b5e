//! Starts the binary and other programs, with an environment of their own, and says which are missing.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// The binary under test, for scripts that call it.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_guestlist");

/// A command that inherits `PATH` and nothing else: no variable of a CI system, of the terminal, of a proxy or a cloud,
/// no certificates and no credentials. Whatever a test needs, it sets.
pub(crate) fn scrubbed(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", path()).stdin(Stdio::null());
    command
}

/// Whether all of `programs` are in `PATH`. Where one is missing, says which test is skipped, and why, on standard error as
/// it is: what the test harness captures of a test that succeeds is never shown.
pub(crate) fn are_installed(programs: &[&str]) -> bool {
    let is_missing =
        |program: &&&str| !std::env::split_paths(&path()).any(|folder| folder.join(program).is_file());
    let Some(missing) = programs.iter().find(is_missing) else { return true };
    let test = std::thread::current();
    let name = test.name().unwrap_or("a test");
    writeln!(std::io::stderr(), "skipped: {name}, because `{missing}` is not in PATH")
        .expect("standard error");
    false
}

fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
