//! Where a ledger is: a folder. Object stores have their names, and are refused for now.

use std::fmt;
use std::path::{Path, PathBuf};

use super::error::{LedgerError, shown};

/// Where a ledger is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LedgerLocation {
    /// A folder on this machine.
    Folder(PathBuf),
}

impl LedgerLocation {
    /// The place that the team file or `--ledger` names; a relative path starts at `base_folder`.
    ///
    /// # Errors
    /// If it is an object store, another URL, or no path.
    pub fn parse(text: &str, base_folder: &Path) -> Result<Self, LedgerError> {
        let refused = |what| Err(LedgerError::Location { text: text.to_owned(), what });
        match text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
            Some("s3" | "az") => {
                return refused("this version keeps it in a folder only, not yet in an object store");
            }
            Some("file") => return refused("write the path of the folder, without `file://`"),
            Some(_) => return refused("it is neither a folder nor an object store"),
            None => {}
        }
        if text.trim().is_empty() {
            return refused("it names no folder");
        }
        if text.contains('\0') {
            return refused("it has a NUL in it");
        }
        Ok(Self::Folder(base_folder.join(text)))
    }
}

impl fmt::Display for LedgerLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => f.write_str(&shown(path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_taken_relative_to_the_team_file() {
        let check = |text: &str, expected: &str| {
            let location = LedgerLocation::parse(text, Path::new("/teams"));
            assert_eq!(location, Ok(LedgerLocation::Folder(PathBuf::from(expected))));
        };
        check(".guestlist", "/teams/.guestlist");
        check("/var/ledger", "/var/ledger");
        check("../ledger", "/teams/../ledger");
    }

    #[test]
    fn what_is_no_folder_is_refused_with_a_sentence() {
        let check = |text: &str, expected: &str| {
            let error = LedgerLocation::parse(text, Path::new("/teams")).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(
            "S3://bucket/team",
            "`S3://bucket/team` cannot be the ledger: this version keeps it in a folder only, not yet in an object store",
        );
        check(
            "file:///x",
            "`file:///x` cannot be the ledger: write the path of the folder, without `file://`",
        );
        check("ftp://x", "`ftp://x` cannot be the ledger: it is neither a folder nor an object store");
        check(" ", "` ` cannot be the ledger: it names no folder");
        check("a\0b", "`a\\u{0}b` cannot be the ledger: it has a NUL in it");
    }
}
