//! A server for measurements: it answers as fast as it can, from bodies that were made before.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::http::{self, Request};

/// The answers to the calls that read, and the number of invitations that came.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    invitations: Arc<AtomicUsize>,
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
        let invitations = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&invitations);
        let address = http::serve(move |request: &Request<'_>, response: &mut Vec<u8>| {
            let path = request.path.split('?').next().unwrap_or_default();
            if path.ends_with("/users/invite") {
                counted.fetch_add(1, Ordering::Relaxed);
                response.extend_from_slice(b"HTTP/1.1 204 No Content\r\n\r\n");
            } else {
                let project =
                    path.strip_prefix("/management/v1/projects/proj_").and_then(|rest| rest.get(..4));
                let users = project.and_then(|number| users.get(number.parse::<usize>().ok()?));
                let text = users.unwrap_or(&projects);
                write!(
                    response,
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
                    text.len()
                )
                .expect("memory");
            }
            if !delay.is_zero() {
                thread::sleep(delay);
            }
        });
        Self { address, invitations }
    }

    /// The invitations so far.
    pub(crate) fn invitations(&self) -> usize {
        self.invitations.load(Ordering::Relaxed)
    }
}
