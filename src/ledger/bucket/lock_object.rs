//! The lock of a ledger in an object store: the object `lock.json`, which is only ever replaced under its e-tag.
//!
//! Each lock has an epoch, one more than that of the lock before it. A lock that was released stays, without a
//! holder.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::super::error::LedgerError;
use super::super::lock_info::LockInfo;
use super::super::store::{Current, OwnLock};
use super::Bucket;
use super::objects::{ETag, Object, POLITE, SharedObjects, Written, write, write_id, write_within};

/// The key of the lock.
pub(super) const KEY: &str = "lock.json";

/// The version of its format.
const FORMAT_VERSION: u64 = 1;

/// How long a call may rely on the last write or read that showed that the lock is still held.
const PROOF_LASTS: Duration = Duration::from_secs(2);

/// How often a renewal is sent again after an earlier one arrived late.
const RENEWALS: u32 = 3;

/// The content of `lock.json`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct LockObject {
    pub(super) epoch: u64,
    /// None if it was released.
    pub(super) holder: Option<LockInfo>,
}

impl LockObject {
    /// The bytes of the object, different each time.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let holder = self.holder.as_ref().map(|holder| serde_json::to_value(holder).unwrap_or_default());
        let mut fields = Map::new();
        fields.insert("format_version".to_owned(), FORMAT_VERSION.into());
        fields.insert("epoch".to_owned(), self.epoch.into());
        fields.insert("write_id".to_owned(), write_id().into());
        match holder {
            Some(Value::Object(holder)) => fields.extend(holder),
            _ => drop(fields.insert("holder".to_owned(), Value::Null)),
        }
        let mut bytes = Value::Object(fields).to_string().into_bytes();
        bytes.push(b'\n');
        bytes
    }

    /// Parses the object at `url`.
    pub(super) fn parse(object: &Object, url: impl FnOnce() -> String) -> Result<Self, LedgerError> {
        let fields: Value = serde_json::from_slice(&object.bytes).unwrap_or_default();
        let parsed = || {
            let epoch = fields.get("epoch")?.as_u64()?;
            let holder = match fields.get("holder")? {
                Value::Null => None,
                _ => Some(LockInfo::deserialize(&fields).ok()?),
            };
            Some(Self { epoch, holder })
        };
        match fields.get("format_version").and_then(Value::as_u64) {
            Some(format_version) if format_version > FORMAT_VERSION => {
                Err(LedgerError::Newer { file: url(), format_version })
            }
            _ => parsed().ok_or_else(|| LedgerError::Unreadable {
                file: url(),
                line: None,
                why: "it is not a lock of guestlist".to_owned(),
            }),
        }
    }
}

/// A lock that this process published. It has connections of its own, so that slow writes to the ledger do not
/// hold up its renewal.
pub(super) struct BucketLock {
    pub(super) bucket: Arc<Bucket>,
    pub(super) objects: SharedObjects,
    pub(super) epoch: u64,
    pub(super) token: String,
    pub(super) etag: ETag,
}

impl BucketLock {
    /// What an object in the place of the lock means. An own write that was believed lost can be there.
    fn judge(&mut self, found: Option<Object>) -> Result<Current, LedgerError> {
        let Some(found) = found else { return Ok(Current::None) };
        let lock = LockObject::parse(&found, || self.objects.url(KEY))?;
        match lock.holder {
            Some(holder) if holder.token == self.token && lock.epoch == self.epoch => {
                self.etag = found.etag;
                Ok(Current::Own)
            }
            Some(holder) => Ok(Current::Other(holder)),
            None => Ok(Current::None),
        }
    }
}

impl OwnLock for BucketLock {
    /// Right after a record was appended or the lock renewed, there is no need to ask: either fails if there is
    /// another lock.
    fn current(&mut self) -> Result<Current, LedgerError> {
        if self.bucket.is_proven_within(PROOF_LASTS) {
            return Ok(Current::Own);
        }
        let asked = self.bucket.clock.uptime();
        let found = self
            .objects
            .get(KEY)
            .map_err(|failure| failure.when("read ledger lock", self.objects.url(KEY)))?;
        let current = self.judge(found)?;
        if matches!(current, Current::Own) {
            self.bucket.prove(asked);
        }
        Ok(current)
    }

    fn renew(&mut self, lock: &LockInfo) -> Result<Current, LedgerError> {
        for _ in 0..RENEWALS {
            let asked = self.bucket.clock.uptime();
            let body = LockObject { epoch: self.epoch, holder: Some(lock.clone()) }.to_bytes();
            match write(&*self.objects, KEY, &body, Some(&self.etag))? {
                Written::Own(etag) => {
                    self.etag = etag;
                    self.bucket.prove(asked);
                    return Ok(Current::Own);
                }
                Written::Other(found) => match self.judge(found)? {
                    // An earlier renewal arrived late.
                    Current::Own => {}
                    lost => return Ok(lost),
                },
            }
        }
        Err(LedgerError::Contended)
    }

    /// After a write that may still happen, nothing is cleaned up: the lock expires instead.
    fn release(&mut self) {
        if self.bucket.has_unclear_writes() {
            return;
        }
        let body = LockObject { epoch: self.epoch, holder: None }.to_bytes();
        let _ = write_within(&*self.objects, KEY, &body, Some(&self.etag), POLITE);
    }
}
