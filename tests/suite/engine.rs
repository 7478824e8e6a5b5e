//! An S3 server in Python (moto) for ledgers in a bucket. It ends with the process of the tests.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use guestlist::ledger::StoreVariables;

use crate::kills::wait_until;
use crate::programs::{scrubbed, tool};

/// Where a ledger in a bucket is, and how to get there.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    /// Its URL for `--ledger`.
    pub(crate) url: String,
    /// The address of the server.
    pub(crate) address: String,
}

impl Bucket {
    /// The environment variables that a command needs.
    pub(crate) fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", format!("http://{}", self.address)),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "the-secret-key".to_owned()),
        ]
    }

    /// The same for the library.
    pub(crate) fn store_variables(&self) -> StoreVariables {
        self.variables().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Creates another bucket on its server.
    pub(crate) fn create(&self, name: &str) {
        request(&self.address, "PUT", &format!("/{name}"), "");
    }

    /// The XML that lists all objects of all ledgers.
    pub(crate) fn list(&self) -> String {
        request(&self.address, "GET", "/ledgers?list-type=2&max-keys=100000", "")
    }
}

/// A server of its own, for tests that stop it.
pub(crate) struct Moto {
    address: String,
    process: Child,
}

impl Moto {
    /// Starts a server with the bucket `ledgers`. None, with a line that says so, if there is no such program.
    pub(crate) fn start() -> Option<Self> {
        let program = program()?;
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let address = format!("127.0.0.1:{port}");
        // The shell ends the server when its own input ends, which it does with the process of the tests.
        let script = "\"$0\" -H 127.0.0.1 -p \"$1\" >/dev/null 2>&1 & read -r _; kill $!";
        let mut command = scrubbed("sh");
        command.args(["-c", script]).arg(program).arg(port.to_string());
        let process = command.stdin(Stdio::piped()).spawn().expect("a shell");
        wait_until("the S3 server", || TcpStream::connect(&address).is_ok());
        request(&address, "PUT", "/ledgers", "");
        Some(Self { address, process })
    }

    /// A place for a ledger that nothing else uses.
    pub(crate) fn bucket(&self) -> Bucket {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Bucket { url: format!("s3://ledgers/team-{number}"), address: self.address.clone() }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// A place on the server that all tests share.
pub(crate) fn bucket() -> Option<Bucket> {
    static SHARED: OnceLock<Option<Moto>> = OnceLock::new();
    // Each test says that it is skipped.
    program()?;
    SHARED.get_or_init(Moto::start).as_ref().map(Moto::bucket)
}

/// The program that is the server.
fn program() -> Option<PathBuf> {
    tool("moto_server")
}

fn request(address: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the S3 server");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.split_once("\r\n\r\n").expect("headers").1.to_owned()
}

/// Passes requests on to a server, counts them, and withholds answers from some request on.
pub(crate) struct Relay {
    address: String,
    counts: Arc<Counts>,
}

struct Counts {
    requests: AtomicU64,
    /// The request whose answer and all later ones are withheld.
    held: AtomicU64,
    is_cut: AtomicBool,
}

impl Relay {
    /// A relay to the server of a bucket, which withholds the answers from request `held` on.
    pub(crate) fn start(bucket: &Bucket, held: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let counts = Arc::new(Counts {
            requests: AtomicU64::new(0),
            held: AtomicU64::new(held),
            is_cut: AtomicBool::new(false),
        });
        let (server, shared) = (bucket.address.clone(), Arc::clone(&counts));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.expect("a client"), TcpStream::connect(&server));
                let Ok(server) = server else { continue };
                let (from_client, to_server) = (client.try_clone(), server.try_clone());
                let counts = Arc::clone(&shared);
                std::thread::spawn(move || {
                    copy(&mut from_client.expect("a stream"), &mut to_server.expect("a stream"), |bytes| {
                        let lines = bytes.windows(11).filter(|line| *line == b" HTTP/1.1\r\n").count();
                        counts.requests.fetch_add(lines as u64, Ordering::Relaxed);
                        !counts.is_cut.load(Ordering::Relaxed)
                    });
                });
                let counts = Arc::clone(&shared);
                std::thread::spawn(move || copy(&mut { server }, &mut { client }, |_| counts.may_go_on()));
            }
        });
        Self { address, counts }
    }

    /// The same bucket through this relay.
    pub(crate) fn before(&self, bucket: &Bucket) -> Bucket {
        Bucket { address: self.address.clone(), ..bucket.clone() }
    }

    /// How many requests have come.
    pub(crate) fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::Relaxed)
    }

    /// Cuts all connections, and those that come.
    pub(crate) fn cut(&self) {
        self.counts.is_cut.store(true, Ordering::Relaxed);
    }

    /// Withholds nothing any more.
    pub(crate) fn let_go(&self) {
        self.counts.held.store(u64::MAX, Ordering::Relaxed);
    }
}

impl Counts {
    /// Waits while answers are withheld. Returns whether the connection is still there.
    fn may_go_on(&self) -> bool {
        while self.requests.load(Ordering::Relaxed) >= self.held.load(Ordering::Relaxed) {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        !self.is_cut.load(Ordering::Relaxed)
    }
}

/// Copies a stream to its end, or until `may_go_on` returns false.
fn copy(from: &mut TcpStream, to: &mut TcpStream, may_go_on: impl Fn(&[u8]) -> bool) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        if !may_go_on(&bytes[..length]) || to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
