//! Questions, on a pseudo-terminal: who answers is heard, and a signal ends the run at once.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::kills::wait_until;
use crate::scenario::{HEAD, Scenario};
use crate::signals::send;

const ONE: &str =
    "people:\n  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: USER}}\n";

/// A command that talks to a terminal.
struct Asked {
    child: Child,
    terminal: File,
    said: Arc<Mutex<String>>,
}

impl Asked {
    /// Starts `command` with standard input and standard error on a terminal, and waits for its question.
    fn start(command: &mut Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&master).expect("the other side");
        unlockpt(&master).expect("the other side");
        let name = ptsname(&master, Vec::new()).expect("a name");
        let mut options = OpenOptions::new();
        let slave =
            options.read(true).write(true).open(OsStr::from_bytes(name.as_bytes())).expect("a terminal");
        let child = command
            .stdin(slave.try_clone().expect("a handle"))
            .stdout(Stdio::null())
            .stderr(slave)
            .spawn()
            .expect("the binary runs");
        // The command would keep the other side open.
        command.stdin(Stdio::null()).stderr(Stdio::null());
        let terminal = File::from(master);
        let said = Arc::new(Mutex::new(String::new()));
        let (mut screen, text) = (terminal.try_clone().expect("a handle"), Arc::clone(&said));
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            // Once the command is gone, reading is an error.
            while let Ok(read @ 1..) = screen.read(&mut bytes) {
                text.lock().expect("a text").push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        let asked = Self { child, terminal, said };
        wait_until("the question", || asked.said().contains("Type `yes` to confirm: "));
        asked
    }

    fn said(&self) -> String {
        self.said.lock().expect("a text").clone()
    }

    /// The exit status, which must come soon, and what was said after the question.
    fn end(mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                break status;
            }
            if start.elapsed() > Duration::from_secs(5) {
                self.child.kill().and_then(|()| self.child.wait().map(drop)).expect("its end");
                panic!("it goes on after the signal: {}", self.said());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let text = || self.said().replace('\r', "").split_once("confirm: ").expect("a question").1.to_owned();
        wait_until("the last line", || text().ends_with('\n'));
        (status.code(), text())
    }
}

/// An organization with one invitation that is out.
fn invited() -> Scenario {
    let scenario = Scenario::new().team(&format!("{HEAD}{ONE}"));
    scenario.run("apply --yes").ok();
    scenario.writes();
    scenario
}

/// A lock that nobody holds any more.
fn lock(scenario: &Scenario) -> String {
    let lock = scenario.command(&["apply", "--yes"]).stdout(Stdio::null()).spawn();
    let mut child = lock.expect("the binary runs");
    wait_until("the lock", || scenario.path(".guestlist/lease.json").exists());
    child.kill().and_then(|()| child.wait().map(drop)).expect("its end");
    scenario.read(".guestlist/lease.json")
}

#[test]
fn a_signal_at_a_question_ends_the_run_at_once() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let scenario = Scenario::new().team(&format!("{HEAD}{ONE}"));
        let asked = Asked::start(&mut scenario.command(&["apply"]));
        assert!(scenario.path(".guestlist/lease.json").exists());
        send(signal, &asked.child);
        assert_eq!(asked.end(), (Some(status), "\nCancelled. Nothing was changed.\n".to_owned()));
        assert!(!scenario.path(".guestlist/lease.json").exists(), "the lock is released");
        scenario.run("apply --yes").ok();

        let scenario = invited();
        let asked = Asked::start(&mut scenario.command(&["resend", "ana@example.com"]));
        send(signal, &asked.child);
        assert_eq!(asked.end(), (Some(status), "\nCancelled. Nothing was changed.\n".to_owned()));
        assert!(!scenario.path(".guestlist/lease.json").exists(), "the lock is released");
        assert_eq!(scenario.writes(), [""; 0]);

        let scenario = Scenario::new().team(&format!("{HEAD}{ONE}"));
        scenario.faults(&["hang"]);
        let held = lock(&scenario);
        let asked = Asked::start(&mut scenario.command(&["unlock"]));
        send(signal, &asked.child);
        assert_eq!(asked.end(), (Some(status), "\nCancelled. Nothing was changed.\n".to_owned()));
        assert_eq!(scenario.read(".guestlist/lease.json"), held);
    }
}

#[test]
fn an_answer_is_heard() {
    for (answer, status, said) in [
        ("yes\n", Some(0), "yes\ninvited ana@example.com: storefront USER\n"),
        ("y\n", Some(1), "y\nerror: not confirmed; nothing was changed\n"),
        // The end of the input.
        ("\u{4}", Some(1), "error: not confirmed; nothing was changed\n"),
    ] {
        let scenario = Scenario::new().team(&format!("{HEAD}{ONE}"));
        let mut asked = Asked::start(&mut scenario.command(&["apply", "--color", "never"]));
        asked.terminal.write_all(answer.as_bytes()).expect("an answer");
        let (ended, text) = asked.end();
        assert_eq!(ended, status, "{text}");
        if status == Some(1) {
            assert_eq!(text, said);
        }
        assert_eq!(scenario.writes().len(), usize::from(status == Some(0)));
    }
}
