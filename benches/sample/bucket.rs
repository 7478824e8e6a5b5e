//! A bucket in memory, behind the part of S3's interface that a ledger uses, with a delay before each response.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::http::{self, Request};

/// The bucket `ledgers`, which ends with the process.
pub(crate) struct Bucket {
    pub(crate) address: SocketAddr,
    content: Arc<Mutex<Content>>,
}

#[derive(Default)]
struct Content {
    /// Each object with the number of the write that it is from, by key.
    objects: BTreeMap<String, (usize, Vec<u8>)>,
    writes: usize,
    /// The first line and the headers of each request.
    heads: Vec<String>,
}

impl Bucket {
    pub(crate) fn start(delay: Duration) -> Self {
        let content = Arc::new(Mutex::new(Content::default()));
        let shared = Arc::clone(&content);
        let address = http::serve(move |request: &Request<'_>, response: &mut Vec<u8>| {
            shared.lock().expect("a lock").respond(request, response);
            if !delay.is_zero() {
                thread::sleep(delay);
            }
        });
        Self { address, content }
    }

    /// The requests so far, and how many of them wrote an object.
    pub(crate) fn requests(&self) -> (usize, usize) {
        let content = self.content.lock().expect("a lock");
        (content.heads.len(), content.writes)
    }

    /// The first line and the headers of each request so far, in lower case.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.content.lock().expect("a lock").heads.clone()
    }
}

impl Content {
    fn respond(&mut self, request: &Request<'_>, response: &mut Vec<u8>) {
        self.heads.push(request.head());
        let path = request.path.strip_prefix("/ledgers").unwrap_or_default();
        let (key, query) = path.split_once('?').unwrap_or((path, ""));
        let key = key.trim_start_matches('/');
        let (status, etag, body) = match request.method {
            "GET" if key.is_empty() => ("200 OK", 0, self.list(query).into_bytes()),
            "GET" => match self.objects.get(key) {
                Some((version, bytes)) => ("200 OK", *version, bytes.clone()),
                None => ("404 Not Found", 0, b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
            },
            "PUT" if self.may_write(key, request) => {
                self.writes += 1;
                self.objects.insert(key.to_owned(), (self.writes, request.body.to_vec()));
                ("200 OK", self.writes, Vec::new())
            }
            "PUT" => ("412 Precondition Failed", 0, Vec::new()),
            _ => ("405 Method Not Allowed", 0, Vec::new()),
        };
        write!(
            response,
            "HTTP/1.1 {status}\r\netag: \"{etag}\"\r\nlast-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        )
        .expect("memory");
        response.extend_from_slice(&body);
    }

    fn may_write(&self, key: &str, request: &Request<'_>) -> bool {
        let found = self.objects.get(key).map(|(version, _)| format!("\"{version}\""));
        match (request.header("if-none-match"), request.header("if-match")) {
            (Some(_), _) => found.is_none(),
            (None, Some(expected)) => found.as_deref() == Some(expected),
            (None, None) => true,
        }
    }

    fn list(&self, query: &str) -> String {
        let value = |name: &str| {
            let text = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            text.unwrap_or_default().replace("%2F", "/")
        };
        let (prefix, after) = (value("prefix"), value("start-after"));
        let mut text = "<ListBucketResult><Name>ledgers</Name><IsTruncated>false</IsTruncated>".to_owned();
        for (key, (version, bytes)) in &self.objects {
            if key.starts_with(&prefix) && *key > after {
                let _ = write!(
                    text,
                    "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00Z</LastModified>\
                     <ETag>\"{version}\"</ETag><Size>{}</Size></Contents>",
                    bytes.len()
                );
            }
        }
        text.push_str("</ListBucketResult>");
        text
    }
}
