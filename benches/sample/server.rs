//! A server for measurements: it answers as fast as it can, from bodies that were made before.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// The answers to the calls that read, and the number of invitations that came.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    projects: String,
    /// List Users by project, each in one page.
    users: Vec<String>,
    /// How long each response takes.
    delay: Duration,
    invitations: AtomicUsize,
}

impl Server {
    /// Starts it. `users` has the answer to List Users of each project. It ends with the process.
    pub(crate) fn start(users: Vec<String>) -> Self {
        Self::start_slow(users, Duration::ZERO)
    }

    /// The same, and each response is `delay` late.
    pub(crate) fn start_slow(users: Vec<String>, delay: Duration) -> Self {
        let project = |number| format!(r#"{{"id":"proj_{number:04}","name":"Project {number}"}}"#);
        let projects: Vec<_> = (0..users.len()).map(project).collect();
        let projects = format!(
            r#"{{"object":"list","data_ref":"data","data":[{}],"total":{}}}"#,
            projects.join(","),
            users.len()
        );
        let shared = Arc::new(Shared { projects, users, delay, invitations: AtomicUsize::new(0) });
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = Arc::clone(&accepting);
                // A client that goes away ends its thread.
                thread::spawn(move || drop(serve(&connection, &shared)));
            }
        });
        Self { address, shared }
    }

    /// The invitations so far.
    pub(crate) fn invitations(&self) -> usize {
        self.shared.invitations.load(Ordering::Relaxed)
    }
}

fn serve(connection: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut input = BufReader::with_capacity(64 << 10, connection);
    let (mut line, mut body, mut answer) = (String::new(), Vec::new(), String::new());
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            input.read_line(&mut line)?;
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        body.resize(length, 0);
        input.read_exact(&mut body)?;
        let path = path.split('?').next().unwrap_or_default();
        answer.clear();
        if path.ends_with("/users/invite") {
            shared.invitations.fetch_add(1, Ordering::Relaxed);
            answer.push_str("HTTP/1.1 204 No Content\r\n\r\n");
        } else {
            let project = path.strip_prefix("/management/v1/projects/proj_").and_then(|rest| rest.get(..4));
            let users = project.and_then(|number| shared.users.get(number.parse::<usize>().ok()?));
            let text = users.unwrap_or(&shared.projects);
            answer.push_str("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ");
            answer.push_str(&text.len().to_string());
            answer.push_str("\r\n\r\n");
            answer.push_str(text);
        }
        if !shared.delay.is_zero() {
            thread::sleep(shared.delay);
        }
        (&*connection).write_all(answer.as_bytes())?;
    }
}
