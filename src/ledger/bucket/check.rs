//! The check of an object store before the first write of a ledger: whether it keeps the conditions that the
//! protocol relies on. The result is kept in `store.json`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::error::LedgerError;
use super::objects::{ETag, Failure, Object, Objects, PutFailure, write, write_id};

/// The key of the result.
pub(super) const KEY: &str = "store.json";

/// What the keys of the objects start with that the check writes to.
pub(super) const FOLDER: &str = "check/";

/// The version of its format.
const FORMAT_VERSION: u64 = 1;

/// How often a request is repeated to a store that is busy.
const ATTEMPTS: u32 = 4;

/// The wait before that.
const PAUSE: Duration = Duration::from_millis(200);

/// What a store did that loses objects.
const NOT_FOUND: &str = "an object that was just written is not found";

/// The content of `store.json`.
#[derive(Serialize, Deserialize)]
struct Passed {
    format_version: u64,
    /// Whether conditions name e-tags without quotation marks.
    unquoted_etags: bool,
    write_id: String,
}

/// Checks the store, unless the result for this ledger is there already. Returns whether conditions name e-tags
/// without quotation marks, which these connections do from then on.
pub(super) fn check(objects: &dyn Objects) -> Result<bool, LedgerError> {
    let unquoted_etags = match kept(objects)? {
        Some(passed) => passed.unquoted_etags,
        None => keep(objects, Experiment::new(objects).run()?)?,
    };
    if unquoted_etags {
        objects.unquote_etags();
    }
    Ok(unquoted_etags)
}

/// Whether the store has passed the check for this ledger. Writes nothing.
pub(super) fn is_passed(objects: &dyn Objects) -> Result<bool, LedgerError> {
    Ok(kept(objects)?.is_some())
}

/// The result of an earlier check.
fn kept(objects: &dyn Objects) -> Result<Option<Passed>, LedgerError> {
    let url = || objects.url(KEY);
    let found = objects.get(KEY).map_err(|failure| failure.when("read ledger object", url()))?;
    let Some(found) = found else { return Ok(None) };
    let passed: Passed = serde_json::from_slice(&found.bytes).map_err(|_| {
        let why = "it is not the result of a check by guestlist".to_owned();
        LedgerError::Unreadable { file: url(), line: None, why }
    })?;
    if passed.format_version > FORMAT_VERSION {
        return Err(LedgerError::Newer { file: url(), format_version: passed.format_version });
    }
    Ok(Some(passed))
}

/// Keeps the result of a check. If another process was faster, its result is as good.
fn keep(objects: &dyn Objects, unquoted_etags: bool) -> Result<bool, LedgerError> {
    let passed = Passed { format_version: FORMAT_VERSION, unquoted_etags, write_id: write_id() };
    // Strings, numbers and booleans always have a JSON form.
    write(objects, KEY, &serde_json::to_vec(&passed).unwrap_or_default(), None)?;
    Ok(unquoted_etags)
}

/// Writes to an object that nothing else uses.
struct Experiment<'a> {
    objects: &'a dyn Objects,
    key: String,
}

impl<'a> Experiment<'a> {
    fn new(objects: &'a dyn Objects) -> Self {
        Self { objects, key: format!("{FOLDER}{}.json", write_id()) }
    }

    /// Returns whether e-tags must not be quoted.
    fn run(&self) -> Result<bool, LedgerError> {
        self.one_wins()?;
        self.is_kept(None, "an object that exists was created again despite If-None-Match")?;
        let first = self.etag()?;
        let is_unquoted = !self.is_replaced(&first)?;
        if is_unquoted {
            // Some stores compare e-tags without their quotation marks.
            self.objects.unquote_etags();
            if !self.is_replaced(&first)? {
                return Err(self.refused("it does not replace an object under its own e-tag with If-Match"));
            }
        }
        self.is_kept(
            Some(&first),
            "an object was replaced under an e-tag that it no longer has, despite If-Match",
        )?;
        let second = self.etag()?;
        if second == first {
            return Err(self.refused("an object has the same e-tag after it was replaced"));
        }
        Ok(is_unquoted)
    }

    fn body() -> Vec<u8> {
        format!("{{\"write_id\":\"{}\"}}\n", write_id()).into_bytes()
    }

    /// Whether the object can be replaced under its e-tag. A store that is busy may need to be asked again.
    fn is_replaced(&self, etag: &ETag) -> Result<bool, LedgerError> {
        for _ in 0..ATTEMPTS {
            let body = Self::body();
            if let Err(PutFailure::Refused(failure)) = self.objects.put(&self.key, &body, Some(etag)) {
                return Err(self.failed(failure));
            }
            if self.read()? == body {
                return Ok(true);
            }
            self.objects.pause(PAUSE);
        }
        Ok(false)
    }

    /// A write whose condition is not met must change nothing and report no success.
    fn is_kept(&self, over: Option<&ETag>, otherwise: &'static str) -> Result<(), LedgerError> {
        let before = self.read()?;
        let is_accepted = match self.objects.put(&self.key, &Self::body(), over) {
            Ok(_) => true,
            Err(PutFailure::Unclear(_)) => false,
            Err(PutFailure::Refused(failure)) => return Err(self.failed(failure)),
        };
        if is_accepted || self.read()? != before { Err(self.refused(otherwise)) } else { Ok(()) }
    }

    /// Of two objects created at the same moment, at most one may be accepted, and it must be what is read.
    fn one_wins(&self) -> Result<(), LedgerError> {
        let bodies = [Self::body(), Self::body()];
        let (mut accepted, mut unclear) = (Vec::new(), None);
        let results = self.objects.put_at_once(&self.key, &bodies.each_ref().map(Vec::as_slice), None);
        for (body, result) in bodies.iter().zip(results) {
            match result {
                Ok(_) => accepted.push(body),
                Err(PutFailure::Unclear(failure)) => unclear = Some(failure),
                Err(PutFailure::Refused(failure)) => return Err(self.failed(failure)),
            }
        }
        let read = match (self.object()?, unclear) {
            (Some(found), _) => found.bytes,
            // Neither has arrived, which says nothing about conditions.
            (None, Some(failure)) if accepted.is_empty() => return Err(self.failed(failure)),
            (None, _) => return Err(self.refused(NOT_FOUND)),
        };
        match accepted.as_slice() {
            [] if bodies.contains(&read) => Ok(()),
            [one] if **one == read => Ok(()),
            [] => Err(self.refused("it accepts no object created with If-None-Match")),
            [_] => Err(self.refused("a read does not return what was written last")),
            _ => Err(self.refused("of two objects created at once with If-None-Match, both were accepted")),
        }
    }

    fn etag(&self) -> Result<ETag, LedgerError> {
        Ok(self.written()?.etag)
    }

    fn read(&self) -> Result<Vec<u8>, LedgerError> {
        Ok(self.written()?.bytes)
    }

    fn written(&self) -> Result<Object, LedgerError> {
        self.object()?.ok_or_else(|| self.refused(NOT_FOUND))
    }

    /// The object. It is asked for again if it is not there.
    fn object(&self) -> Result<Option<Object>, LedgerError> {
        for _ in 0..ATTEMPTS {
            match self.objects.get(&self.key) {
                Ok(None) => self.objects.pause(PAUSE),
                found => return found.map_err(|failure| self.failed(failure)),
            }
        }
        Ok(None)
    }

    fn failed(&self, failure: Failure) -> LedgerError {
        failure.when("check the object store with", self.objects.url(&self.key))
    }

    fn refused(&self, why: &'static str) -> LedgerError {
        LedgerError::UnsafeStore { store: self.objects.url(""), why }
    }
}
