//! Object stores for ledgers in a bucket: an S3 server in Python (moto), an Azure Blob server in JavaScript (Azurite),
//! and an S3 server that ignores conditions (s3rver). They end with the process of the tests.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use guestlist::ledger::StoreVariables;
use tempfile::TempDir;

use crate::kills::wait_until;
use crate::programs::{find, folder_of_binary, scrubbed};

/// The account and the key that every Azurite has; its documentation names them.
const AZURITE: [&str; 2] = [
    "devstoreaccount1",
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
];

/// Starts moto on a port, with one request at a time: its own server checks the condition of a write and then writes,
/// in threads, so two writes at the same moment can both pass.
const MOTO: &str = "
import sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

moto, turn = DomainDispatcherApplication(create_backend_app), threading.Lock()

def one_at_a_time(environ, start_response):
    with turn:
        return list(moto(environ, start_response))

run_simple('127.0.0.1', int(sys.argv[1]), one_at_a_time, threaded=True)
";

/// Creates a container in Azurite at a port, with a request that is signed with the key of the account.
const CONTAINER: &str = r#"
const [port, account, key, name] = process.argv.slice(1);
const path = `/${account}/${name}`, date = new Date().toUTCString(), version = "2021-12-02";
const signed = `PUT${"\n".repeat(12)}x-ms-date:${date}\nx-ms-version:${version}\n/${account}${path}\nrestype:container`;
const signature = require("crypto").createHmac("sha256", Buffer.from(key, "base64")).update(signed).digest("base64");
const headers = {"x-ms-date": date, "x-ms-version": version, Authorization: `SharedKey ${account}:${signature}`};
fetch(`http://127.0.0.1:${port}${path}?restype=container`, {method: "PUT", headers})
  .then((answer) => process.exit(answer.status === 201 ? 0 : 1));
"#;

/// A server of object stores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Engine {
    Moto,
    Azurite,
    /// Ignores the conditions of writes.
    S3rver,
}

impl Engine {
    /// The program, where `.ci/tools` installs it or in `PATH`, if it is there with what it needs.
    fn program(self) -> Option<PathBuf> {
        let (name, folder) = match self {
            Self::Moto => ("moto_server", "python/bin"),
            Self::Azurite => ("azurite-blob", "engines/node_modules/.bin"),
            Self::S3rver => ("s3rver", "engines/node_modules/.bin"),
        };
        if self != Self::Moto {
            find(&["node"])?;
        }
        let installed = folder_of_binary().parent()?.join("example-tools").join(folder).join(name);
        if installed.is_file() { Some(installed) } else { find(&[name]) }
    }

    /// The arguments of a shell that start the program at a port: its own, or those of the Python that it is in.
    fn arguments(self, program: &Path, port: u16, folder: &Path) -> Vec<String> {
        let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let port = port.to_string();
        if self == Self::Moto {
            let python = program.with_file_name("python3");
            let python = if python.is_file() { path(&python) } else { "python3".to_owned() };
            return vec![python, "-c".to_owned(), MOTO.to_owned(), port];
        }
        let (port_option, options) = match self {
            Self::Azurite => ("--blobPort", "--skipApiVersionCheck --disableTelemetry --silent -l"),
            _ => ("-p", "-a 127.0.0.1 --configure-bucket ledgers -d"),
        };
        let mut arguments = vec![path(program), port_option.to_owned(), port];
        arguments.extend(options.split(' ').map(str::to_owned));
        arguments.push(path(folder));
        arguments
    }
}

/// Where a ledger in a bucket is, and how to get there.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    /// Its URL for `--ledger`.
    pub(crate) url: String,
    /// The address of the server.
    pub(crate) address: String,
    engine: Engine,
}

impl Bucket {
    /// The environment variables that a command needs.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let [account, key] = AZURITE;
        let s3 = |id: &str, secret: &str| {
            vec![
                ("AWS_ENDPOINT_URL", format!("http://{}", self.address)),
                ("AWS_REGION", "us-east-1".to_owned()),
                ("AWS_ACCESS_KEY_ID", id.to_owned()),
                ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
            ]
        };
        match self.engine {
            Engine::Moto => s3("AKIAEXAMPLE", "the-secret-key"),
            Engine::S3rver => s3("S3RVER", "S3RVER"),
            Engine::Azurite => vec![
                ("AZURE_STORAGE_ENDPOINT", format!("http://{}/{account}", self.address)),
                ("AZURE_STORAGE_ACCOUNT_NAME", account.to_owned()),
                ("AZURE_STORAGE_ACCOUNT_KEY", key.to_owned()),
            ],
        }
    }

    /// The same for the library.
    pub(crate) fn store_variables(&self) -> StoreVariables {
        self.variables().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Creates another bucket on its server.
    pub(crate) fn create(&self, name: &str) {
        request(&self.address, "PUT", &format!("/{name}"), "");
    }

    /// The root of another bucket on its server, which is created.
    pub(crate) fn root(&self, name: &str) -> Self {
        self.create(name);
        Self { url: format!("s3://{name}"), ..self.clone() }
    }

    /// The XML that lists all objects of all ledgers.
    pub(crate) fn list(&self) -> String {
        request(&self.address, "GET", "/ledgers?list-type=2&max-keys=100000", "")
    }
}

/// A server of its own, for tests that stop it.
pub(crate) struct Server {
    engine: Engine,
    address: String,
    process: Child,
    _folder: TempDir,
}

impl Server {
    /// Starts a server with the bucket `ledgers`. None, with a line that says so, if there is no such program.
    pub(crate) fn start(engine: Engine) -> Option<Self> {
        let program = engine.program()?;
        let folder = tempfile::tempdir().expect("a folder");
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let address = format!("127.0.0.1:{port}");
        // The shell ends the server when its own input ends, which it does with the process of the tests.
        let mut command = scrubbed("sh");
        command.args(["-c", "\"$0\" \"$@\" >/dev/null 2>&1 & read -r _; kill $!"]);
        command.args(engine.arguments(&program, port, folder.path()));
        let process = command.stdin(Stdio::piped()).spawn().expect("a shell");
        wait_until("the server", || TcpStream::connect(&address).is_ok());
        match engine {
            Engine::Moto => {
                request(&address, "PUT", "/ledgers", "");
            }
            Engine::Azurite => create_container(port),
            Engine::S3rver => {}
        }
        Some(Self { engine, address, process, _folder: folder })
    }

    /// A place for a ledger that nothing else uses.
    pub(crate) fn bucket(&self) -> Bucket {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let scheme = if self.engine == Engine::Azurite { "az" } else { "s3" };
        Bucket {
            url: format!("{scheme}://ledgers/team-{number}"),
            address: self.address.clone(),
            engine: self.engine,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn create_container(port: u16) {
    let mut command: Command = scrubbed("node");
    command.args(["-e", CONTAINER, &port.to_string()]).args(AZURITE).arg("ledgers");
    assert!(command.status().expect("node").success(), "the container is not created");
}

/// A place in S3, on the server that all tests share.
pub(crate) fn bucket() -> Option<Bucket> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    shared(&SHARED, Engine::Moto)
}

/// A place in Azure Blob Storage, on the server that all tests share.
pub(crate) fn container() -> Option<Bucket> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    shared(&SHARED, Engine::Azurite)
}

fn shared(server: &OnceLock<Option<Server>>, engine: Engine) -> Option<Bucket> {
    // Each test says that it is skipped.
    engine.program()?;
    server.get_or_init(|| Server::start(engine)).as_ref().map(Server::bucket)
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
