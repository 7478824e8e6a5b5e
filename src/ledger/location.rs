//! The location of a ledger: a folder. Object stores have URLs, and are not supported yet.

use std::fmt;
use std::path::{Path, PathBuf};

use super::error::{LedgerError, shown};
use crate::escape;

/// The location of a ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LedgerLocation {
    /// A folder on this machine.
    Folder(PathBuf),
}

impl LedgerLocation {
    /// Parses the location that the team file or `--ledger` names. A relative path starts at `base_folder`.
    ///
    /// # Errors
    /// If it is a URL, or not a path.
    pub fn parse(text: &str, base_folder: &Path) -> Result<Self, LedgerError> {
        let refused = |what| Err(LedgerError::Location { text: text.to_owned(), what });
        match text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
            Some("s3" | "az") => {
                return refused("object stores are not supported yet; name a folder");
            }
            Some("file") => return refused("write the path of the folder without `file://`"),
            Some(_) => return refused("expected a folder or the URL of an object store"),
            None => {}
        }
        if text.trim().is_empty() {
            return refused("the path is empty");
        }
        if text.contains('\0') {
            return refused("the path contains a NUL character");
        }
        Ok(Self::Folder(base_folder.join(text)))
    }
}

impl fmt::Display for LedgerLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => f.write_str(&escape::line(&shown(path))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_relative_to_the_team_file() {
        let check = |text: &str, expected: &str| {
            let location = LedgerLocation::parse(text, Path::new("/teams"));
            assert_eq!(location, Ok(LedgerLocation::Folder(PathBuf::from(expected))));
        };
        check(".guestlist", "/teams/.guestlist");
        check("/var/ledger", "/var/ledger");
        check("../ledger", "/teams/../ledger");
    }

    #[test]
    fn anything_but_a_folder_is_refused_with_a_reason() {
        let check = |text: &str, expected: &str| {
            let error = LedgerLocation::parse(text, Path::new("/teams")).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(
            "S3://bucket/team",
            "invalid ledger `S3://bucket/team`: object stores are not supported yet; name a folder",
        );
        check("file:///x", "invalid ledger `file:///x`: write the path of the folder without `file://`");
        check("ftp://x", "invalid ledger `ftp://x`: expected a folder or the URL of an object store");
        check(" ", "invalid ledger ` `: the path is empty");
        check("a\0b", "invalid ledger `a\\u{0}b`: the path contains a NUL character");
    }
}
