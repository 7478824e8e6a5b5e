//! Files that a command writes for its user: saved completely or not at all, and never over a team file.

use std::fs;
use std::io;
use std::path::Path;

use super::failure::Failure;
use crate::escape;
use crate::files;

/// Refuses to write over a team file that is read.
pub(crate) fn keep_apart(out: Option<&Path>, team_file: &Path) -> Result<(), Failure> {
    let Some(out) = out else { return Ok(()) };
    match (fs::canonicalize(out), fs::canonicalize(team_file)) {
        (Ok(one), Ok(other)) if one == other && one.is_file() => Err(Failure::new(format!(
            "`{}` is a team file and is not overwritten; choose another file for --out",
            escape::path(out)
        ))),
        _ => Ok(()),
    }
}

/// Writes a file that only its owner can read, completely or not at all.
pub(crate) fn save(path: &Path, text: &str) -> Result<(), Failure> {
    save_with(path, text, files::replace)
}

/// Writes a file that every user can read, completely or not at all.
pub(crate) fn save_for_all(path: &Path, text: &str) -> Result<(), Failure> {
    save_with(path, text, files::replace_for_all)
}

fn save_with(
    path: &Path,
    text: &str,
    replace: impl Fn(&Path, &[u8]) -> io::Result<()>,
) -> Result<(), Failure> {
    let failure = |error: io::Error| cannot_write(path, &error);
    // A link stays one, and its target is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        // A device or a pipe is written to: replacing it would remove it.
        return fs::write(path, text).map_err(failure);
    }
    replace(&target, text.as_bytes()).map_err(failure)
}

/// Writes a new file, completely or not at all.
pub(crate) fn create(path: &Path, text: &str) -> Result<(), Failure> {
    files::create_new(path, text.as_bytes()).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => already_exists(path),
        _ => cannot_write(path, &error),
    })
}

/// Refuses a path at which there is something, which [`create`] would not overwrite.
pub(crate) fn must_be_new(path: Option<&Path>) -> Result<(), Failure> {
    match path {
        Some(path) if fs::symlink_metadata(path).is_ok() => Err(already_exists(path)),
        _ => Ok(()),
    }
}

fn already_exists(path: &Path) -> Failure {
    Failure::new(format!("`{}` already exists; choose another file, or omit --out", escape::path(path)))
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let folder = files::folder_of(path);
    let why = if error.kind() == io::ErrorKind::NotFound && !folder.is_dir() {
        format!("the folder `{}` does not exist", escape::path(&folder))
    } else {
        error.to_string()
    };
    Failure::new(format!("cannot write `{}`: {why}", escape::path(path)))
}
