//! Whether a file is still the same one, and unchanged.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::super::store::Version;
use crate::files;

/// Tells a file from every other, and from itself before a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    #[cfg(unix)]
    file: (u64, u64),
    length: u64,
    modified: Option<std::time::SystemTime>,
}

impl Stamp {
    /// Of the file at `path`, if there is one.
    pub(super) fn at(path: &Path) -> io::Result<Option<Self>> {
        match fs::symlink_metadata(path) {
            Ok(found) => Ok(Some(Self::from(&found))),
            Err(error) if files::is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Of an open file.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|found| Self::from(&found))
    }

    /// The state of the file, for comparison.
    pub(super) fn version(&self) -> Version {
        Version(format!("{self:?}"))
    }

    /// Whether both are the same file, changed or not.
    #[cfg(unix)]
    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        self.file == other.file
    }

    /// Not known on this system.
    #[cfg(not(unix))]
    pub(super) fn is_same_file(&self, _: &Self) -> bool {
        true
    }
}

impl From<&fs::Metadata> for Stamp {
    fn from(found: &fs::Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Self {
            #[cfg(unix)]
            file: (found.dev(), found.ino()),
            length: found.len(),
            modified: found.modified().ok(),
        }
    }
}
