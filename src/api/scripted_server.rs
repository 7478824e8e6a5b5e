//! A scripted HTTP/1.1 server on loopback.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

use crate::model::Endpoint;

/// What the server does with a request.
pub(super) enum Reply {
    /// Sends the bytes and keeps the connection.
    Whole(String),
    /// Sends the bytes once as many requests as the barrier counts have come.
    Together(Arc<Barrier>, String),
    /// Sends the bytes and closes the connection.
    Cut(String),
    /// Sends the head, then the chunk again and again.
    Endless(String, String),
    /// Sends the head, then a byte of a chunk every few milliseconds.
    Trickle(String),
    /// Sends nothing and keeps the connection.
    Silence,
}

/// Makes a reply.
pub(super) type Script = fn() -> Reply;

/// A response with this status, further header lines and this body.
pub(super) fn answer(status: &str, headers: &[&str], body: &str) -> Reply {
    let mut text = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    Reply::Whole(format!("{text}\r\n{body}"))
}

/// A successful response.
pub(super) fn ok(body: &str) -> Reply {
    answer("200 OK", &[], body)
}

/// A request as received.
#[derive(Clone)]
pub(super) struct ReceivedRequest {
    /// Method, path and body, if there is one.
    pub(super) line: String,
    /// The header lines, in lower case.
    pub(super) headers: String,
}

/// The server. It stops when it is dropped.
pub(super) struct Server {
    pub(super) endpoint: Endpoint,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts a server that answers each request with `reply`.
    pub(super) async fn start(reply: impl FnMut(&ReceivedRequest) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::default();
        let log = Arc::clone(&requests);
        let reply = Arc::new(Mutex::new(reply));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, reply) = (Arc::clone(&log), Arc::clone(&reply));
                tokio::spawn(async move { serve(stream, &log, &*reply).await });
            }
        });
        Self { endpoint: endpoint.parse().expect("a URL"), requests, task }
    }

    /// Starts a server that sends these replies in turn, and then repeats the last one.
    pub(super) async fn script(replies: impl IntoIterator<Item = Script>) -> Self {
        let replies: Vec<_> = replies.into_iter().collect();
        let mut next = 0;
        Self::start(move |_| {
            next += 1;
            replies[(next - 1).min(replies.len() - 1)]()
        })
        .await
    }

    /// The requests so far.
    pub(super) fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().expect("no panic").clone()
    }

    /// Method, path and body of the requests so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.line).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<F: FnMut(&ReceivedRequest) -> Reply>(
    mut stream: TcpStream,
    log: &Mutex<Vec<ReceivedRequest>>,
    reply: &Mutex<F>,
) {
    while let Some(request) = read(&mut stream).await {
        log.lock().expect("no panic").push(request.clone());
        let reply = reply.lock().expect("no panic")(&request);
        let written = match reply {
            Reply::Whole(text) => stream.write_all(text.as_bytes()).await.is_ok(),
            Reply::Together(requests, text) => {
                requests.wait().await;
                stream.write_all(text.as_bytes()).await.is_ok()
            }
            Reply::Cut(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.shutdown().await;
                false
            }
            Reply::Endless(head, chunk) => {
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(chunk.as_bytes()).await.is_ok() {}
                false
            }
            Reply::Trickle(head) => {
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(b"1\r\n \r\n").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                false
            }
            Reply::Silence => {
                let _ = stream.read(&mut [0]).await;
                false
            }
        };
        if !written {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<ReceivedRequest> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).expect("a head in ASCII");
    let (first, headers) = head.split_once("\r\n").expect("headers");
    let headers = headers.to_lowercase();
    let length = headers.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse().expect("a length"));
    let mut body = bytes.split_off(head_end + 4);
    while body.len() < length {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        body.extend_from_slice(&buffer[..count]);
    }
    let body = String::from_utf8(body).expect("a body in UTF-8");
    let line = format!("{} {body}", first.trim_end_matches(" HTTP/1.1"));
    Some(ReceivedRequest { line: line.trim_end().to_owned(), headers })
}
