//! A small S3 server in this process: it keeps objects with their conditions, and a test decides which requests it
//! answers otherwise.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// A request, as far as it matters.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The key of the object after the prefix of the ledger, or `list`.
    pub(crate) key: String,
    /// What the keys of a listing start with, and what they come after.
    under: String,
    after: String,
    /// The first line, and the headers.
    head: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The first line.
    pub(crate) fn line(&self) -> &str {
        self.head.first().map_or("", |line| line.trim_end_matches(" HTTP/1.1"))
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.iter().filter_map(|line| line.split_once(": "));
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether it lists from the start.
    pub(crate) fn is_first(&self) -> bool {
        self.after.is_empty()
    }

    /// Whether it is the one with that method and a key that starts so.
    pub(crate) fn is(&self, method: &str, key: &str) -> bool {
        self.method == method && self.key.starts_with(key)
    }
}

/// What the server sends in place of the response that belongs there.
pub(crate) enum Answer {
    /// These bytes. Then the connection ends.
    Bytes(Vec<u8>),
    /// These bytes, then `x` until the client has enough.
    Endless(Vec<u8>),
    /// Nothing, until the client has enough.
    Nothing,
}

impl Answer {
    /// A whole response.
    pub(crate) fn response(status: u16, headers: &str, body: &str) -> Self {
        Self::Bytes(response(status, headers, body.as_bytes()))
    }

    /// A list of keys under the prefix of the ledger.
    pub(crate) fn listing<K: AsRef<str>>(keys: &[K]) -> Self {
        let keys: Vec<_> = keys.iter().map(|key| format!("{PREFIX}{}", key.as_ref())).collect();
        Self::response(200, "", &listing(keys.iter().map(String::as_str)))
    }

    /// A list of keys as they are.
    pub(crate) fn listing_of(keys: &[&str]) -> Self {
        Self::response(200, "", &listing(keys.iter().copied()))
    }
}

type Decide = dyn Fn(&Request) -> Option<Answer> + Send + Sync;

/// What the keys of the ledger start with.
const PREFIX: &str = "team/";

/// The headers of an object.
const OBJECT: &str = "ETag: \"e\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n";

/// The server. It ends with the process of the tests.
pub(crate) struct StoreServer {
    address: String,
    shared: Arc<Shared>,
}

struct Shared {
    objects: Mutex<BTreeMap<String, (Vec<u8>, u64)>>,
    requests: Mutex<Vec<String>>,
    decide: Box<Decide>,
}

impl StoreServer {
    /// Starts a server that answers as `decide` says, and otherwise as it should.
    pub(crate) fn start(decide: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let shared = Arc::new(Shared {
            objects: Mutex::default(),
            requests: Mutex::default(),
            decide: Box::new(decide),
        });
        let server = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = Arc::clone(&server);
                // Clients leave as they like.
                std::thread::spawn(move || server.serve(&client));
            }
        });
        Self { address, shared }
    }

    /// Where it is.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The environment variables and arguments of a command.
    pub(crate) fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", format!("http://{}", self.address)),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "the-secret-key".to_owned()),
        ]
    }

    /// The URL of the ledger.
    pub(crate) const URL: &'static str = "s3://ledgers/team";

    /// The requests so far, as `GET lock.json`.
    pub(crate) fn requests(&self) -> Vec<String> {
        lock(&self.shared.requests).clone()
    }
}

impl Shared {
    fn serve(&self, client: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(client);
        while let Some(request) = read(&mut reader) {
            lock(&self.requests).push(format!("{} {}", request.method, request.key));
            let answer = (self.decide)(&request);
            let mut client = client;
            match answer {
                None => client.write_all(&self.answer(&request)).ok()?,
                Some(Answer::Bytes(bytes)) => {
                    client.write_all(&bytes).ok()?;
                    let _ = client.shutdown(std::net::Shutdown::Write);
                    // Without this, what is not read yet would be lost with the connection.
                    let _ = client.read_to_end(&mut Vec::new());
                    return None;
                }
                Some(Answer::Endless(bytes)) => {
                    client.write_all(&bytes).ok()?;
                    loop {
                        client.write_all(&[b'x'; 1 << 14]).ok()?;
                    }
                }
                Some(Answer::Nothing) => {
                    let _ = client.read_to_end(&mut Vec::new());
                    return None;
                }
            }
        }
        None
    }

    /// The response that belongs there.
    fn answer(&self, request: &Request) -> Vec<u8> {
        let mut objects = lock(&self.objects);
        let found = objects.get(&request.key);
        let etag = |version: u64| format!("\"{version}\"");
        match request.method.as_str() {
            "GET" if request.key == "list" => {
                let keys = objects.keys().map(|key| format!("{PREFIX}{key}"));
                let keys: Vec<_> =
                    keys.filter(|key| key.starts_with(&request.under) && *key > request.after).collect();
                response(200, "", listing(keys.iter().map(String::as_str)).as_bytes())
            }
            "GET" => match found {
                Some((body, version)) => {
                    let headers = OBJECT.replace("\"e\"", &etag(*version));
                    response(200, &headers, body)
                }
                None => response(404, "", b"<Error><Code>NoSuchKey</Code></Error>"),
            },
            _ => {
                let is_met = match (request.header("if-match"), found) {
                    (None, found) => found.is_none(),
                    (Some(condition), found) => found.is_some_and(|(_, version)| condition == etag(*version)),
                };
                if !is_met {
                    return response(412, "", b"<Error><Code>PreconditionFailed</Code></Error>");
                }
                let version = found.map_or(1, |(_, version)| version + 1);
                objects.insert(request.key.clone(), (request.body.clone(), version));
                response(200, &format!("ETag: {}\r\n", etag(version)), b"")
            }
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let first = lines.first()?.clone();
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value.replace("%2F", "/"))
    };
    let key = match path.split_once(PREFIX) {
        _ if parameter("list-type").is_some() => "list",
        Some((_, key)) => key,
        None => path,
    };
    let mut request = Request {
        method,
        key: key.to_owned(),
        under: parameter("prefix").unwrap_or_default(),
        after: parameter("start-after").unwrap_or_default(),
        head: lines,
        body: Vec::new(),
    };
    let length = request.header("content-length").map_or(0, |length| length.parse().expect("a number"));
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// An object.
pub(crate) fn object(body: &str) -> Answer {
    Answer::response(200, OBJECT, body)
}

/// The start of an object that has this size, or no end.
pub(crate) fn object_of(bytes: Option<usize>) -> Vec<u8> {
    match bytes {
        Some(bytes) => format!("HTTP/1.1 200 -\r\nContent-Length: {bytes}\r\n{OBJECT}\r\n").into_bytes(),
        None => {
            format!("HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n{OBJECT}\r\nFFFFFFFFFF\r\n").into_bytes()
        }
    }
}

fn listing<'a>(keys: impl Iterator<Item = &'a str>) -> String {
    let mut body = "<?xml version=\"1.0\"?><ListBucketResult>".to_owned();
    for key in keys {
        let _ = write!(
            body,
            "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
             <ETag>\"e\"</ETag><Size>1</Size></Contents>"
        );
    }
    body + "</ListBucketResult>"
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
