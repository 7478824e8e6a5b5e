//! The objects of a ledger in S3, a store compatible with it, or Azure Blob Storage, through the `object_store`
//! crate.
//!
//! Requests run on a thread of their own, because the methods of a `Store` block. Reads are repeated by the
//! crate; a write is sent once, because only the ledger knows how to tell whether it arrived.

mod connector;
mod expiry;
mod provider;
mod seen;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{
    Error, Extensions, GetOptions, ObjectStore, PutMode, PutOptions, PutPayload, UpdateVersion,
};
use tokio::runtime::Runtime;

use super::super::error::LedgerError;
use super::super::store::MAX_BYTES;
use super::super::store_variables::StoreVariables;
use super::objects::{ETag, Failure, Object, Objects, PutFailure, SharedObjects, Small};
use super::patience::Patience;
use super::{check, lock_object};
use crate::model::BucketLocation;
use connector::SizeLimit;
use provider::{Failed, Stores};
use seen::Seen;

/// The longest that one read or write may take with everything that belongs to it, such as new credentials.
const LIMIT: Duration = Duration::from_secs(60);

/// How many objects are read at the same moment.
const READS_AT_ONCE: usize = 32;

/// The longest key under a prefix, in bytes. Stores limit whole keys to that.
const LONGEST_KEY: usize = 1024;

/// The size limit of objects that are read at the same moment, and of the lock, in bytes. Segments that are larger are
/// read one at a time.
const SMALL: u64 = 256 << 10;

/// Objects under one prefix of a bucket or a container.
struct Cloud {
    location: BucketLocation,
    /// The store for reads, which are repeated.
    reads: Arc<dyn ObjectStore>,
    /// The same store for writes, which are not.
    writes: Arc<dyn ObjectStore>,
    runtime: Option<Runtime>,
    patience: Arc<Patience>,
    are_etags_unquoted: AtomicBool,
    expires: Option<Timestamp>,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cloud").field(&self.location).finish()
    }
}

impl Drop for Cloud {
    /// A runtime that is dropped waits for its thread, which is not allowed everywhere.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Connects with connections and a thread of their own. Nothing is sent yet.
pub(super) fn connect(
    location: &BucketLocation,
    variables: &StoreVariables,
    patience: &Arc<Patience>,
) -> Result<SharedObjects, LedgerError> {
    let Stores { reads, writes, expires } = provider::stores(location, variables)
        .map_err(|why| LedgerError::StoreSettings { store: location.to_string(), why })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("store")
        .enable_all()
        .build()
        .map_err(|error| LedgerError::NoThread(error.to_string()))?;
    Ok(Arc::new(Cloud {
        location: location.clone(),
        reads,
        writes,
        runtime: Some(runtime),
        patience: Arc::clone(patience),
        are_etags_unquoted: AtomicBool::new(false),
        expires,
    }))
}

impl Cloud {
    /// Runs a request on the thread of this connection and waits for it.
    fn run<T: Send + 'static>(
        &self,
        request: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Failure> {
        let (sender, receiver) = sync_channel(1);
        let no_response = |limit| provider::no_response(&self.location, limit);
        let Some(runtime) = &self.runtime else { return Err(no_response(LIMIT)) };
        let patience = Arc::clone(&self.patience);
        runtime.spawn(async move {
            let _ = sender.send(patience.wait_for(LIMIT, request).await);
        });
        receiver.recv().unwrap_or(Err(LIMIT)).map_err(no_response)
    }

    /// A read of an object of at most `limit` bytes.
    fn read(&self, key: &str, limit: u64) -> impl Future<Output = Result<Object, Failed>> + use<> {
        let (store, path, location) = (Arc::clone(&self.reads), self.path(key), self.location.clone());
        seen::watch(async move {
            read(&*store, &path, limit)
                .await
                .map_err(|error| provider::failed(&location, &error, Seen::last()))
        })
    }

    /// What all keys start with.
    fn root(&self) -> String {
        match self.location.prefix() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        }
    }

    fn path(&self, key: &str) -> Path {
        Path::from(format!("{}{key}", self.root()))
    }

    fn condition(&self, over: Option<&ETag>) -> PutMode {
        let Some(ETag(etag)) = over else { return PutMode::Create };
        let is_unquoted = self.are_etags_unquoted.load(Ordering::Relaxed);
        let etag = if is_unquoted { etag.trim_matches('"').to_owned() } else { etag.clone() };
        PutMode::Update(UpdateVersion { e_tag: Some(etag), version: None })
    }
}

impl Objects for Cloud {
    fn url(&self, key: &str) -> String {
        if key.is_empty() { self.location.to_string() } else { format!("{}/{key}", self.location) }
    }

    fn get(&self, key: &str) -> Result<Option<Object>, Failure> {
        match self.run(self.read(key, largest(key)))? {
            Ok(object) => Ok(Some(object)),
            Err(Failed::NotFound) => Ok(None),
            Err(failed) => Err(failed.into()),
        }
    }

    fn get_small(&self, keys: &[String]) -> Vec<Result<Small, Failure>> {
        let reads: Vec<_> = keys.iter().map(|key| self.read(key, SMALL)).collect();
        let all = async move {
            let mut reads = stream::iter(reads).buffered(READS_AT_ONCE);
            let mut results = Vec::new();
            while let Some(read) = reads.next().await {
                let result = match read {
                    Ok(object) => Ok(Small::Object(object)),
                    Err(Failed::NotFound) => Ok(Small::None),
                    Err(Failed::TooLarge(_)) => Ok(Small::Large),
                    Err(Failed::Other(failure)) => Err(failure),
                };
                let is_last = result.is_err();
                results.push(result);
                if is_last {
                    break;
                }
            }
            results
        };
        self.run(all).unwrap_or_else(|failure| vec![Err(failure)])
    }

    fn put(&self, key: &str, body: &[u8], over: Option<&ETag>) -> Result<ETag, PutFailure> {
        self.put_at_once(key, &[body], over)
            .pop()
            .unwrap_or_else(|| Err(PutFailure::Unclear(Failure("no response".to_owned()))))
    }

    fn put_at_once(&self, key: &str, bodies: &[&[u8]], over: Option<&ETag>) -> Vec<Result<ETag, PutFailure>> {
        let (store, path, mode) = (Arc::clone(&self.writes), self.path(key), self.condition(over));
        let location = self.location.clone();
        let bodies: Vec<_> = bodies.iter().map(|body| PutPayload::from(body.to_vec())).collect();
        let count = bodies.len();
        let writes = join_all(bodies.into_iter().map(move |body| {
            let (store, path, location) = (Arc::clone(&store), path.clone(), location.clone());
            let options = PutOptions::from(mode.clone());
            seen::watch(async move {
                match store.put_opts(&path, body, options).await {
                    Ok(written) => Ok(ETag(written.e_tag.unwrap_or_default())),
                    Err(error) => Err(provider::put_failure(&location, &error, Seen::last())),
                }
            })
        }));
        self.run(writes)
            .unwrap_or_else(|failure| (0..count).map(|_| Err(PutFailure::Unclear(failure.clone()))).collect())
    }

    fn list(&self, folder: &str, after: &str, most: usize) -> Result<Vec<String>, Failure> {
        let (store, prefix) = (Arc::clone(&self.reads), self.path(folder));
        let after = (!after.is_empty()).then(|| self.path(after));
        let (root, location) = (self.root(), self.location.clone());
        let listed = seen::watch(async move {
            let listed = match &after {
                Some(after) => store.list_with_offset(Some(&prefix), after),
                None => store.list(Some(&prefix)),
            };
            let listed: Result<Vec<_>, _> = listed.take(most).try_collect().await;
            let listed = listed.map_err(|error| provider::failed(&location, &error, Seen::last()))?;
            let key = |object: object_store::ObjectMeta| {
                let path = String::from(object.location);
                let key = path.strip_prefix(&root).filter(|key| key.len() <= LONGEST_KEY).map(str::to_owned);
                key.ok_or_else(|| Failed::Other(provider::refuse_key(&location, &path)))
            };
            listed.into_iter().map(key).collect::<Result<_, _>>()
        });
        self.run(listed)?.map_err(Failed::into)
    }

    fn unquote_etags(&self) {
        self.are_etags_unquoted.store(true, Ordering::Relaxed);
    }

    fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn should_end(&self, began: Instant) -> bool {
        self.patience.ends(began)
    }
}

/// Reads an object of at most `limit` bytes.
async fn read(store: &dyn ObjectStore, path: &Path, limit: u64) -> Result<Object, Error> {
    let mut extensions = Extensions::new();
    extensions.insert(SizeLimit(limit));
    let got = store.get_opts(path, GetOptions { extensions, ..GetOptions::default() }).await?;
    let etag = ETag(got.meta.e_tag.clone().unwrap_or_default());
    Ok(Object { bytes: got.bytes().await?.into(), etag })
}

/// The size limit of an object, in bytes.
fn largest(key: &str) -> u64 {
    let is_small = key == lock_object::KEY || key == check::KEY || key.starts_with(check::FOLDER);
    if is_small { SMALL } else { MAX_BYTES }
}
