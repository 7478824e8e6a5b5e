//! Objects in memory, which can lose, delay and repeat requests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::objects::{ETag, Failure, Object, Objects, PutFailure, SharedObjects};
use super::{BucketStore, Clock};
use crate::ledger::Ledger;

/// What happens to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// It does not arrive.
    Lost,
    /// It arrives, and its response is lost.
    Unanswered,
    /// It arrives later, and its sender has given up by then.
    Late,
    /// It arrives, and again later.
    Twice,
    /// The store answers with this status and does nothing.
    Status(u16),
    /// A listing lacks the last keys.
    Stale,
}

#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) objects: BTreeMap<String, (Vec<u8>, u64)>,
    version: u64,
    /// Writes that are still under way.
    late: Vec<Put>,
    /// The faults of the next requests.
    pub(super) faults: VecDeque<Option<Fault>>,
    /// Every request, as `PUT lock.json 1`.
    pub(super) requests: Vec<String>,
    /// Whether e-tags in conditions must not be quoted.
    pub(super) wants_unquoted: bool,
    /// Whether conditions name e-tags without quotation marks.
    sends_unquoted: bool,
}

#[derive(Clone, Debug)]
struct Put {
    key: String,
    body: Vec<u8>,
    over: Option<ETag>,
}

impl Content {
    fn apply(&mut self, put: &Put) -> Result<ETag, PutFailure> {
        let found = self.objects.get(&put.key).map(|(_, version)| etag(*version));
        let asked =
            put.over.clone().map(|ETag(over)| if self.wants_unquoted { format!("\"{over}\"") } else { over });
        if found.map(|ETag(found)| found) != asked {
            return Err(PutFailure::Unclear(Failure("`store` answered 412".to_owned())));
        }
        self.version += 1;
        self.objects.insert(put.key.clone(), (put.body.clone(), self.version));
        Ok(etag(self.version))
    }

    /// Everything that is under way arrives.
    pub(super) fn deliver(&mut self) {
        for put in std::mem::take(&mut self.late) {
            let _ = self.apply(&put);
        }
    }

    /// Makes a request with a fault.
    pub(super) fn put(
        &mut self,
        key: &str,
        body: &[u8],
        over: Option<&ETag>,
        fault: Option<Fault>,
    ) -> Result<ETag, PutFailure> {
        self.requests.push(format!("PUT {key}"));
        let put = Put { key: key.to_owned(), body: body.to_vec(), over: over.cloned() };
        let unclear = |why: &str| Err(PutFailure::Unclear(Failure(why.to_owned())));
        match fault {
            None | Some(Fault::Stale) => self.apply(&put),
            Some(Fault::Lost) => unclear("no response"),
            Some(Fault::Unanswered) => {
                let _ = self.apply(&put);
                unclear("no response")
            }
            Some(Fault::Late) => {
                self.late.push(put);
                unclear("no response")
            }
            Some(Fault::Twice) => {
                let result = self.apply(&put);
                self.late.push(put);
                result
            }
            Some(Fault::Status(status @ (401 | 403))) => {
                Err(PutFailure::Refused(Failure(format!("`store` answered {status}"))))
            }
            Some(Fault::Status(status)) => unclear(&format!("`store` answered {status}")),
        }
    }

    pub(super) fn get(&mut self, key: &str, fault: Option<Fault>) -> Result<Option<Object>, Failure> {
        self.requests.push(format!("GET {key}"));
        if let Some(Fault::Lost | Fault::Unanswered | Fault::Late | Fault::Status(_)) = fault {
            return Err(Failure("no response".to_owned()));
        }
        let found = self.objects.get(key);
        Ok(found.map(|(bytes, version)| Object { bytes: bytes.clone(), etag: etag(*version) }))
    }

    pub(super) fn list(
        &mut self,
        folder: &str,
        after: &str,
        fault: Option<Fault>,
    ) -> Result<Vec<String>, Failure> {
        self.requests.push(format!("LIST {folder}"));
        if let Some(Fault::Lost | Fault::Unanswered | Fault::Late | Fault::Status(_)) = fault {
            return Err(Failure("no response".to_owned()));
        }
        let keys = self.objects.keys().filter(|key| key.starts_with(folder) && key.as_str() > after);
        let mut keys: Vec<_> = keys.cloned().collect();
        if fault == Some(Fault::Stale) {
            keys.truncate(keys.len().saturating_sub(2));
        }
        Ok(keys)
    }
}

fn etag(version: u64) -> ETag {
    ETag(format!("\"{version}\""))
}

/// Clones share their content.
#[derive(Clone, Debug, Default)]
pub(in crate::ledger) struct MemoryObjects(Arc<Mutex<Content>>);

impl MemoryObjects {
    pub(super) fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap()
    }

    /// The faults of the next requests.
    pub(super) fn fail(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.content().faults.extend(faults);
    }

    /// The requests since the last time.
    pub(super) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.content().requests)
    }

    pub(super) fn text(&self, key: &str) -> String {
        String::from_utf8(self.content().objects[key].0.clone()).unwrap()
    }

    /// Puts an object there, or replaces it.
    pub(super) fn set(&self, key: &str, text: &str) {
        let mut content = self.content();
        content.version += 1;
        let version = content.version;
        content.objects.insert(key.to_owned(), (text.as_bytes().to_vec(), version));
    }
}

impl Objects for MemoryObjects {
    fn url(&self, key: &str) -> String {
        if key.is_empty() { "s3://b/p".to_owned() } else { format!("s3://b/p/{key}") }
    }

    fn get(&self, key: &str) -> Result<Option<Object>, Failure> {
        let mut content = self.content();
        let fault = content.faults.pop_front().flatten();
        content.get(key, fault)
    }

    fn put(&self, key: &str, body: &[u8], over: Option<&ETag>) -> Result<ETag, PutFailure> {
        let mut content = self.content();
        let fault = content.faults.pop_front().flatten();
        let unquoted = over.filter(|_| content.sends_unquoted);
        let unquoted = unquoted.map(|ETag(etag)| ETag(etag.trim_matches('"').to_owned()));
        content.put(key, body, unquoted.as_ref().or(over), fault)
    }

    fn list(&self, folder: &str, after: &str, most: usize) -> Result<Vec<String>, Failure> {
        let mut content = self.content();
        let fault = content.faults.pop_front().flatten();
        content.list(folder, after, fault).map(|keys| keys.into_iter().take(most).collect())
    }

    fn unquote_etags(&self) {
        self.content().sends_unquoted = true;
    }

    fn pause(&self, _: Duration) {}
}

/// A ledger in objects.
pub(in crate::ledger) fn ledger_of(objects: &MemoryObjects, clock: Arc<dyn Clock>) -> Ledger {
    let shared: SharedObjects = Arc::new(objects.clone());
    let store = BucketStore::new(
        Arc::clone(&shared),
        Box::new(move || Ok(Arc::clone(&shared))),
        Arc::default(),
        Arc::clone(&clock),
    );
    Ledger { store: Arc::new(store), clock }
}
