//! The location of a ledger: a folder or an object store.

use std::fmt;
use std::path::{Path, PathBuf};

use super::error::{LedgerError, shown};
use crate::escape;
use crate::model::BucketLocation;

/// The location of a ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LedgerLocation {
    /// A folder on this machine.
    Folder(PathBuf),
    /// A prefix in an object store.
    Bucket(BucketLocation),
}

impl LedgerLocation {
    /// Parses the location that the team file or `--ledger` names. A relative path starts at `base_folder`.
    ///
    /// # Errors
    /// If it is neither a path nor the URL of an object store.
    pub fn parse(text: &str, base_folder: &Path) -> Result<Self, LedgerError> {
        let refused = |what| LedgerError::Location { text: without_credentials(text), what };
        if BucketLocation::is_url(text) {
            return text.parse().map(Self::Bucket).map_err(refused);
        }
        if text.trim().is_empty() {
            return Err(refused("the path is empty"));
        }
        if text.contains('\0') {
            return Err(refused("the path contains a NUL character"));
        }
        Ok(Self::Folder(base_folder.join(text)))
    }
}

/// A URL as it may be shown.
fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        Some((credentials, host)) => {
            format!("{scheme}://{}@{host}{path}", "*".repeat(credentials.chars().count()))
        }
        None => text.to_owned(),
    }
}

impl fmt::Display for LedgerLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => f.write_str(&escape::line(&shown(path))),
            Self::Bucket(location) => location.fmt(f),
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
    fn anything_else_is_an_object_store_or_refused_with_a_reason() {
        let location = LedgerLocation::parse("S3://bucket/team", Path::new("/teams")).unwrap();
        assert_eq!(location.to_string(), "s3://bucket/team");
        let check = |text: &str, expected: &str| {
            let error = LedgerLocation::parse(text, Path::new("/teams")).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check("file:///x", "invalid ledger `file:///x`: write the path of the folder without `file://`");
        check(
            "ftp://x",
            "invalid ledger `ftp://x`: expected a folder, `s3://bucket/prefix` or `az://container/prefix`",
        );
        check(
            "s3://id:secret@bucket/x",
            "invalid ledger `s3://*********@bucket/x`: credentials do not belong in a URL; pass them in the \
             environment",
        );
        check(" ", "invalid ledger ` `: the path is empty");
        check("a\0b", "invalid ledger `a\\u{0}b`: the path contains a NUL character");
    }
}
