//! The file of an organization: replaced as a whole, and never overwritten if it cannot be read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::organization::{FORMAT_VERSION, Organization};
use crate::escape;
use crate::files;

/// The size limit of the file, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// Why a file could not be read or written.
#[derive(Debug)]
pub enum FileError {
    /// A system call failed.
    Io {
        /// The failed operation: `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// Written by a newer guestlist.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format version.
        version: u64,
    },
    /// Not a sandbox file, or an inconsistent one.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The inconsistency.
        reason: String,
    },
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { action, path, error } => {
                write!(f, "cannot {action} the sandbox file {}: {error}", escape::path(path))
            }
            Self::Newer { path, version } => write!(
                f,
                "the sandbox file {} has format version {version}; this guestlist supports {FORMAT_VERSION}. \
                 Use a newer guestlist or another file",
                escape::path(path)
            ),
            Self::Damaged { path, reason } => write!(
                f,
                "the sandbox file {} is damaged ({}); delete it to start over",
                escape::path(path),
                escape::line(reason)
            ),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::Newer { .. } | Self::Damaged { .. } => None,
        }
    }
}

/// The part that every version of the file has.
#[derive(Deserialize)]
struct Version {
    format_version: u64,
}

/// The organization in `path`; `None` if the file does not exist.
pub(super) fn load(path: &Path) -> Result<Option<Organization>, FileError> {
    let bytes = match files::open_regular(path).and_then(|file| files::read_at_most(file, MAX_BYTES)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FileError::Io { action: "read", path: path.to_owned(), error }),
    };
    let damaged =
        |error: serde_json::Error| FileError::Damaged { path: path.to_owned(), reason: error.to_string() };
    // The version is read first: the rest of a newer file may not be readable.
    let Version { format_version: version } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if version > FORMAT_VERSION {
        return Err(FileError::Newer { path: path.to_owned(), version });
    }
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

/// Replaces `path` atomically; only its owner can read it.
pub(super) fn save(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    std::fs::create_dir_all(files::folder_of(path))
        .and_then(|()| files::replace(path, bytes))
        .map_err(|error| FileError::Io { action: "write", path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_is_named_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.json");
        let name = path.display().to_string();
        assert!(load(&path).unwrap().is_none());
        for (content, message) in [
            (
                "{",
                format!(
                    "the sandbox file {name} is damaged (EOF while parsing an object at line 1 column 1); \
                     delete it to start over"
                ),
            ),
            (
                r#"{"format_version": 7, "galaxies": []}"#,
                format!(
                    "the sandbox file {name} has format version 7; this guestlist supports 1. \
                     Use a newer guestlist or another file"
                ),
            ),
            (
                r#"{"format_version": 0, "seed": 1, "ids_made": 0, "projects": [], "custom_roles": [], "people": {}}"#,
                format!(
                    "the sandbox file {name} is damaged (its format version is 0, not 1); \
                     delete it to start over"
                ),
            ),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(load(&path).unwrap_err().to_string(), message);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        }
        assert!(load(folder.path()).unwrap_err().to_string().starts_with("cannot read the sandbox file "));
    }

    #[cfg(unix)]
    #[test]
    fn a_saved_file_is_its_owners_alone_and_reads_back() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/folder/sandbox.json");
        let mut organization = Organization::example();
        organization.seed_members(20);
        organization.add_elsewhere("else@example.org", "Elsa", "Where");
        let text = serde_json::to_string(&organization).unwrap();
        assert!(
            text.contains(r#""is_owner":false,"standing":"elsewhere"}"#),
            "version 1 has this key: {text}"
        );
        save(&path, text.as_bytes()).unwrap();
        assert_eq!(load(&path).unwrap(), Some(organization));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let files: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(files.len(), 1);
    }
}
