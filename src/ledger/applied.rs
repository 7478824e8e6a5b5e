//! `applied.json`: the access that the last applied team file gave, by realm.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::LedgerError;
use super::record::InvalidRecord;
use super::snapshot::parse;
use super::store::{Store, Version, Versioned};
use crate::known::AppliedAccess;

/// The name of the document.
pub(super) const DOCUMENT: &str = "applied.json";

/// The version of its format.
const FORMAT_VERSION: u64 = 1;

/// The content of `applied.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Applied {
    format_version: u64,
    pub(super) realms: BTreeMap<String, AppliedAccess>,
}

impl Applied {
    /// Reads the document, and its version if there is one.
    pub(super) fn read(store: &dyn Store) -> Result<(Self, Option<Version>), LedgerError> {
        let Some(Versioned { value, version }) = store.read(DOCUMENT)? else {
            return Ok((Self { format_version: FORMAT_VERSION, realms: BTreeMap::new() }, None));
        };
        let file = || store.document_location(DOCUMENT);
        let applied = parse(&value, FORMAT_VERSION).map_err(|error| match error {
            InvalidRecord::Newer(format_version) => LedgerError::Newer { file: file(), format_version },
            InvalidRecord::Unreadable(why) => LedgerError::Unreadable { file: file(), line: None, why },
        })?;
        Ok((applied, Some(version)))
    }

    /// The bytes of the document.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Maps with string keys and strings always have a JSON form.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}
