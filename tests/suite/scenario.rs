//! A folder, a simulated organization and the real binary: what every test of a command needs.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use guestlist::ledger::{Ledger, LedgerLocation, StoreVariables};
use guestlist::sandbox::{Handle, LoggedCall, Options, Organization, Sandbox};

use crate::engine::Bucket;
use crate::programs::{BINARY, scrubbed};

/// The team file of most scenarios: the example's organization with nobody listed yet.
pub(crate) const HEAD: &str = "\
version: 1
projects: {storefront: proj_9KeAhZB1, loyalty: proj_npnFzPr9}
roles: {campaign-manager: role_XyZ7aB9cD2eF4gH1iJ0kL5mN6oP8qR3s}
";

/// A folder with files, and an organization to work on.
pub(crate) struct Scenario {
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    sandbox: Option<Handle>,
    bucket: Option<Bucket>,
}

/// How a command ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ended {
    /// The exit status; none where a signal ended it.
    pub(crate) status: Option<i32>,
    /// Standard output, with times and ids replaced by placeholders.
    pub(crate) stdout: String,
    /// Standard error, likewise.
    pub(crate) stderr: String,
}

impl Scenario {
    /// The example's organization: two projects, a custom role, and an owner.
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    /// An organization with its own behaviour, faults and limits.
    pub(crate) fn with(options: Options) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let sandbox = runtime.block_on(Sandbox::start(options)).expect("a sandbox");
        Self { folder: tempfile::tempdir().expect("a folder"), runtime, sandbox: Some(sandbox), bucket: None }
    }

    /// With `text` as team.yaml.
    pub(crate) fn team(self, text: &str) -> Self {
        self.file("team.yaml", text)
    }

    /// With the ledger in a bucket.
    pub(crate) fn in_bucket(self, bucket: Bucket) -> Self {
        Self { bucket: Some(bucket), ..self }
    }

    /// The bucket with the ledger, if it is in one.
    pub(crate) fn bucket(&self) -> Option<&Bucket> {
        self.bucket.as_ref()
    }

    /// The ledger.
    pub(crate) fn ledger(&self) -> Ledger {
        let (name, variables) = match &self.bucket {
            Some(bucket) => (bucket.url.as_str(), bucket.store_variables()),
            None => (".guestlist", StoreVariables::default()),
        };
        let location = LedgerLocation::parse(name, self.folder.path()).expect("a location");
        Ledger::open(&location, &variables).expect("a ledger")
    }

    /// With a file.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        self.write(name, text);
        self
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// The path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text of a file in the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    /// The text of every file below a folder, one after the other.
    pub(crate) fn read_all(&self, name: &str) -> String {
        fn walk(path: &Path, text: &mut String) {
            if path.is_dir() {
                let mut entries: Vec<_> = fs::read_dir(path)
                    .expect("a folder")
                    .map(|entry| entry.expect("an entry").path())
                    .collect();
                entries.sort();
                for entry in &entries {
                    walk(entry, text);
                }
            } else if let Ok(bytes) = fs::read(path) {
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        let mut text = String::new();
        walk(&self.path(name), &mut text);
        text
    }

    /// The simulated organization.
    pub(crate) fn sandbox(&self) -> &Handle {
        self.sandbox.as_ref().expect("a running sandbox")
    }

    /// Changes or looks at the organization.
    pub(crate) fn organization<T>(&self, act: impl FnOnce(&mut Organization) -> T) -> T {
        self.sandbox().with_organization(act)
    }

    /// The calls since the last time that was asked.
    pub(crate) fn calls(&self) -> Vec<LoggedCall> {
        let calls = self.sandbox().log();
        self.sandbox().clear_log();
        calls
    }

    /// The calls that write, as `POST /management/v1/…`, since the last time that was asked.
    pub(crate) fn writes(&self) -> Vec<String> {
        let writes = self.calls().into_iter().filter(LoggedCall::writes);
        writes.map(|call| format!("{} {}", call.method, call.path)).collect()
    }

    /// The command, not started yet, with the sandbox's endpoint and credentials; a rehearsal has its own.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = self.bare_command(args);
        let is_sandboxed = |arg: &A| arg.as_ref().to_str().is_some_and(|arg| arg.starts_with("--sandbox"));
        if !args.iter().any(is_sandboxed) {
            command.args(["--endpoint", &self.sandbox().base_url()]);
        }
        command
    }

    /// The command with the sandbox's credentials, without an endpoint.
    pub(crate) fn bare_command<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = self.program(BINARY);
        command.args(args).env("RUST_BACKTRACE", "1").env("USER", "tester");
        if let Some(bucket) = &self.bucket {
            command.args(["--ledger", &bucket.url]).envs(bucket.variables());
        }
        command
    }

    /// Any program in the folder, with the sandbox's credentials and without an endpoint.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = scrubbed(program);
        let credentials = self.sandbox().credentials();
        command
            .current_dir(self.folder.path())
            .env("VOUCHERIFY_MANAGEMENT_ID", &credentials.id)
            .env("VOUCHERIFY_MANAGEMENT_TOKEN", &credentials.token);
        command
    }

    /// With a member of the organization, by the names that the team file uses.
    pub(crate) fn member(self, email: &str, access: &[(&str, &str)]) -> Self {
        let id = |alias: &str| match alias {
            "storefront" => "proj_9KeAhZB1".to_owned(),
            "loyalty" => "proj_npnFzPr9".to_owned(),
            id => id.to_owned(),
        };
        let access = access.iter().map(|(project, role)| (id(project), (*role).to_owned()));
        assert!(self.organization(|organization| organization.add_member(email, "Mem", "Ber", access)));
        self
    }

    /// What goes wrong from now on, written as `sandbox --fault` takes it.
    pub(crate) fn faults(&self, faults: &[&str]) {
        self.sandbox().set_faults(faults.iter().map(|fault| fault.parse().expect("a fault")).collect());
    }

    /// Runs guestlist with arguments split at spaces.
    pub(crate) fn run(&self, args: &str) -> Ended {
        let args: Vec<_> = args.split_whitespace().collect();
        self.finish(&mut self.command(&args))
    }

    /// Runs a command to its end.
    pub(crate) fn finish(&self, command: &mut Command) -> Ended {
        let output = command.output().expect("the binary runs");
        let text = |bytes: &[u8]| self.placeholders(std::str::from_utf8(bytes).expect("UTF-8"));
        Ended { status: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Stops the sandbox in order.
    pub(crate) fn stop(mut self) {
        if let Some(sandbox) = self.sandbox.take() {
            self.runtime.block_on(sandbox.shutdown()).expect("an orderly end");
        }
    }

    /// `text` with what differs from run to run replaced; how long a run took is left out.
    pub(crate) fn placeholders(&self, text: &str) -> String {
        let text = text.replace(&self.sandbox().base_url(), "$ENDPOINT");
        let text = text.replace(&jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(), "$TODAY");
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let text = text.replace(&format!(" on {} (", host.trim()), " on $HOST (");
        let text = text.replace(&format!(" on {}\n", host.trim()), " on $HOST\n");
        let text = text.replace(&format!(" on {} has ", host.trim()), " on $HOST has ");
        let mut shown = String::new();
        let mut rest = text.as_str();
        while let Some(c) = rest.chars().next() {
            if let Some(after) = strip_time(rest) {
                shown.push_str("$TIME");
                rest = after;
            } else if let Some(after) = strip_run(rest) {
                shown.push_str("$RUN");
                rest = after;
            } else if let Some(after) = strip_request_id(rest) {
                shown.push_str("$REQUEST");
                rest = after;
            } else if let Some(after) = strip_took(rest) {
                shown.push_str(", $N ms");
                rest = after;
            } else if let Some(after) = strip_duration(rest) {
                rest = after;
            } else if let Some(after) = strip_digest(rest) {
                shown.push_str("$DIGEST");
                rest = after;
            } else {
                shown.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        shown
    }
}

/// `12:34:56` at the beginning of `text`.
fn strip_time(text: &str) -> Option<&str> {
    let (time, rest) = text.split_at_checked(8)?;
    let is_time =
        time.bytes().enumerate().all(|(i, b)| if i % 3 == 2 { b == b':' } else { b.is_ascii_digit() });
    is_time.then_some(rest)
}

/// The name of a run of today at the beginning of `text`, without its ending.
fn strip_run(text: &str) -> Option<&str> {
    let (time, rest) = text.strip_prefix("$TODAYT")?.split_at_checked(6)?;
    let (id, rest) = rest.strip_prefix("Z-")?.split_at_checked(6)?;
    let is_run = time.bytes().all(|b| b.is_ascii_digit()) && id.bytes().all(|b| b.is_ascii_hexdigit());
    is_run.then_some(rest)
}

/// The `request_id` of an answer of the sandbox at the beginning of `text`.
fn strip_request_id(text: &str) -> Option<&str> {
    let (digits, rest) = text.strip_prefix("v-")?.split_at_checked(18)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(rest)
}

/// How long a call took, `, 12 ms`, at the beginning of `text`.
fn strip_took(text: &str) -> Option<&str> {
    let digits = text.strip_prefix(", ")?;
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() == digits.len() { None } else { rest.strip_prefix(" ms") }
}

/// How long a run took, ` in 4 seconds` after `changes`, at the beginning of `text`.
fn strip_duration(text: &str) -> Option<&str> {
    let time = text.strip_prefix(" in ")?;
    let rest = if let Some(rest) = time.strip_prefix("less than a second") {
        rest
    } else {
        let unit = time.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(" second")?;
        unit.strip_prefix('s').unwrap_or(unit)
    };
    (rest.starts_with(" (") || rest.starts_with(".\n")).then_some(rest)
}

/// 64 hex digits at the beginning of `text`.
fn strip_digest(text: &str) -> Option<&str> {
    let (digest, rest) = text.split_at_checked(64)?;
    digest.bytes().all(|b| b.is_ascii_hexdigit()).then_some(rest)
}

impl Ended {
    /// Fails unless the command ended so, to the letter.
    #[track_caller]
    pub(crate) fn assert(&self, status: i32, stdout: &str, stderr: &str) {
        let expected = Self { status: Some(status), stdout: stdout.to_owned(), stderr: stderr.to_owned() };
        assert!(
            *self == expected,
            "--- expected status {:?}\n--- stdout\n{}\n--- stderr\n{}\n=== got status {:?}\n--- stdout\n{}\n--- stderr\n{}",
            expected.status,
            expected.stdout,
            expected.stderr,
            self.status,
            self.stdout,
            self.stderr
        );
    }

    /// Fails unless the command ended with that status.
    #[track_caller]
    pub(crate) fn assert_status(&self, status: i32) {
        assert_eq!(self.status, Some(status), "--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
    }

    /// Fails unless the command succeeded.
    #[track_caller]
    pub(crate) fn ok(&self) -> &Self {
        assert_eq!(self.status, Some(0), "--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}
