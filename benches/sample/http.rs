//! The part of a server that speaks HTTP: it reads requests, and writes what it is given, on a thread for each
//! connection.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// A request.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// The path, with its query.
    pub(crate) path: &'a str,
    headers: &'a str,
    pub(crate) body: &'a [u8],
}

impl<'a> Request<'a> {
    /// The method, the path and all headers, in lower case.
    pub(crate) fn head(&self) -> String {
        let Self { method, path, headers, .. } = self;
        format!("{method} {path}\n{}", headers.trim_end().replace('\r', "")).to_ascii_lowercase()
    }

    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// Serves until the process ends. `respond` writes a whole response, headers included.
pub(crate) fn serve(respond: impl Fn(&Request<'_>, &mut Vec<u8>) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let respond = Arc::new(respond);
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let respond = Arc::clone(&respond);
            // A client that goes away ends its thread.
            thread::spawn(move || drop(connected(&connection, &*respond)));
        }
    });
    address
}

fn connected(
    connection: &TcpStream,
    respond: &(impl Fn(&Request<'_>, &mut Vec<u8>) + ?Sized),
) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut input = BufReader::with_capacity(64 << 10, connection);
    let (mut line, mut headers) = (String::new(), String::new());
    let (mut body, mut response) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        headers.clear();
        while input.read_line(&mut headers)? > 2 {}
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let request = Request { method, path, headers: &headers, body: &[] };
        let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        body.resize(length, 0);
        input.read_exact(&mut body)?;
        response.clear();
        respond(&Request { body: &body, ..request }, &mut response);
        (&*connection).write_all(&response)?;
    }
}
