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
    /// Starts `command` and waits for its question.
    fn start(command: &mut Command) -> Self {
        let asked = Self::open(command);
        wait_until("the question", || asked.said().contains("Type `yes` to confirm: "));
        asked
    }

    /// Starts `command` with standard input and standard error on a terminal.
    fn open(command: &mut Command) -> Self {
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
        Self { child, terminal, said }
    }

    /// The line with the question, up to where the answer is typed.
    fn question(&self) -> String {
        let said = self.said();
        let (before, _) = said.split_once("Type `yes` to confirm: ").expect("a question");
        before.lines().last().unwrap_or_default().to_owned()
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

#[test]
fn the_question_names_the_stakes_and_the_guards_that_are_lifted() {
    let policy = "policy: {prune: roles, max_removals: 1}\n";
    let people = "\
people:
  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: ADMIN}}
  - {email: cy@example.com, first_name: Cy, last_name: Elm, projects: {loyalty: USER}}
  - {email: di@example.com, first_name: Di, last_name: Elm, projects: {loyalty: USER}}
  - {email: eva@example.com, first_name: Eva, last_name: Elm, projects: {storefront: USER, loyalty: USER}}
";
    let scenario = Scenario::new()
        .team(&format!("{HEAD}{policy}{people}"))
        .member("cy@example.com", &[("storefront", "USER"), ("loyalty", "USER")])
        .member("di@example.com", &[("storefront", "USER"), ("loyalty", "USER")]);
    let endpoint = scenario.sandbox().base_url();
    let asked = |args: &[&str]| {
        let asked = Asked::start(scenario.command(args).args(["--color", "never"]));
        let question = asked.question();
        send("INT", &asked.child);
        assert_eq!(asked.end().0, Some(130));
        question
    };
    assert_eq!(
        asked(&["apply", "--allow-removals", "2"]),
        format!(
            "Apply these 4 changes to {endpoint}, lifting max_removals: 1 invited, 1 becomes ADMIN, 2 lose access? "
        )
    );
    // A flag that lifts nothing is not mentioned.
    scenario.write("team.yaml", &format!("{HEAD}{people}"));
    assert_eq!(
        asked(&["apply", "--allow-removals", "0"]),
        format!("Apply these 2 changes to {endpoint}: 1 invited, 1 becomes ADMIN? ")
    );
}

#[test]
fn a_dumb_terminal_has_no_colors() {
    let scenario = Scenario::new().team(&format!("{HEAD}{ONE}"));
    for (term, is_bold) in [("xterm", true), ("dumb", false)] {
        let asked = Asked::start(scenario.command(&["apply"]).env("TERM", term));
        assert_eq!(asked.question().contains('\u{1b}'), is_bold, "{term}: {:?}", asked.question());
        send("INT", &asked.child);
        assert_eq!(asked.end().0, Some(130));
    }
}

#[test]
fn a_terminal_shows_what_is_waited_for_on_one_line() {
    let is_shown = |args: &[&str], fault: &str, shown: &str| {
        let scenario = Scenario::new().team(&format!("{HEAD}{ONE}"));
        scenario.faults(&[fault]);
        let mut asked = Asked::open(scenario.command(args).env("TERM", "xterm"));
        wait_until("the wait", || asked.said().contains(shown));
        asked.child.kill().and_then(|()| asked.child.wait().map(drop)).expect("its end");
        assert!(!asked.said().contains('\n'), "{}", asked.said());
    };
    for args in [&["plan"][..], &["apply", "--yes"]] {
        is_shown(args, "429,retry-after=590,at=1", " rate limit: 10 min");
    }
    is_shown(&["apply", "--yes"], "429,retry-after=590,method=POST", " 0/1 changes, rate limit: 10 min");
}
