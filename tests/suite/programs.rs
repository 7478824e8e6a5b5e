//! Starts the binary and other programs, with an environment of their own, and says which are missing.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The binary under test, for scripts that call it.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_guestlist");

/// A command that inherits `PATH` and nothing else: no variable of a CI system, of the terminal, of a proxy or
/// a cloud, no certificates and no credentials. Whatever a test needs, it sets.
pub(crate) fn scrubbed(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", path()).stdin(Stdio::null());
    command
}

/// `PATH` with a folder in front.
pub(crate) fn path_with(folder: &Path) -> OsString {
    let path = path();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).expect("a path")
}

/// The folder of the binary.
pub(crate) fn folder_of_binary() -> &'static Path {
    Path::new(BINARY).parent().expect("a folder")
}

/// The first of these programs that is in `PATH`. Where there is none, says which test is skipped, as a whole or in
/// part, and why: on standard error as it is, because what the test harness captures of a test that succeeds is not shown.
pub(crate) fn find(programs: &[&str]) -> Option<PathBuf> {
    let path = path();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let mut files = programs.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = files.find(|file| file.is_file());
    if found.is_none() {
        let test = std::thread::current();
        let (name, programs) = (test.name().unwrap_or("a test"), programs.join("` or `"));
        writeln!(std::io::stderr(), "skipped: {name} needs `{programs}`, which is not in PATH")
            .expect("standard error");
    }
    found
}

/// Whether all of these programs are in `PATH`. Says which one is not, as [`find`] does.
pub(crate) fn are_installed(programs: &[&str]) -> bool {
    programs.iter().all(|program| find(&[program]).is_some())
}

/// A program that `.ci/tools` installs, or the one in `PATH`. Says that it is missing, as [`find`] does.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    // The binary under test is in target/PROFILE.
    let installed = folder_of_binary().parent()?.join("example-tools/python/bin").join(name);
    if installed.is_file() { Some(installed) } else { find(&[name]) }
}

/// The folder of the Node.js modules that `.ci/tools` installs, if it has all of these. Says which one it has not, as
/// [`find`] does.
pub(crate) fn modules_of_node(modules: &[&str]) -> Option<PathBuf> {
    // The binary under test is in target/PROFILE.
    let folder = folder_of_binary().parent()?.join("example-tools/node/node_modules");
    let missing = modules.iter().find(|module| !folder.join(module).is_dir());
    if let Some(missing) = missing {
        let test = std::thread::current();
        let name = test.name().unwrap_or("a test");
        writeln!(
            std::io::stderr(),
            "skipped: {name} needs the Node.js module `{missing}`, which `.ci/tools` installs"
        )
        .expect("standard error");
        return None;
    }
    Some(folder)
}

fn path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
