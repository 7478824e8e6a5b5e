//! Peak memory, bounded from outside: a process that needs more is ended, and the test fails.

use std::fs;
use std::path::Path;

use crate::programs::{BINARY, scrubbed};
use crate::sample::{self, server::Server};

const PROJECTS: usize = 20;

/// Runs guestlist in `folder`, with at most `mib` MiB of memory for data.
fn run(folder: &Path, server: Option<&Server>, mib: usize, args: &[&str]) {
    let mut command = scrubbed("sh");
    command
        .args(["-c", "ulimit -d \"$0\"; exec \"$@\"", &(mib << 10).to_string()])
        .arg(BINARY)
        .args(args)
        .current_dir(folder);
    if let Some(server) = server {
        command
            .env("VOUCHERIFY_MANAGEMENT_ID", "measured-id")
            .env("VOUCHERIFY_MANAGEMENT_TOKEN", "measured-token")
            .args(["--endpoint", &format!("http://{}", server.address)]);
    }
    let output = command.output().expect("a shell");
    let text = String::from_utf8_lossy(&output.stderr);
    let end = text.lines().last().unwrap_or_default();
    assert!(output.status.success(), "{args:?} within {mib} MiB: {:?}, {end}", output.status);
}

/// A folder in memory where there is one, because the durable writes of a ledger are not what is measured.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
}

/// The bounds for each command, in MiB.
struct Bounds {
    validate: usize,
    apply: usize,
    plan: usize,
}

fn check(people: usize, bounds: &Bounds) {
    let _alone = crate::alone();
    let folder = folder();
    fs::write(folder.path().join("team.yaml"), sample::team_file(people, PROJECTS)).expect("a team file");
    run(folder.path(), None, bounds.validate, &["validate"]);
    let empty = Server::start(sample::pages(0, PROJECTS));
    run(folder.path(), Some(&empty), bounds.apply, &["apply", "--yes"]);
    assert_eq!(empty.invitations(), people);
    let full = Server::start(sample::pages(people, PROJECTS));
    run(folder.path(), Some(&full), bounds.plan, &["plan", "--detailed-exitcode"]);
}

#[test]
fn ten_thousand_people_fit() {
    check(10_000, &Bounds { validate: 44, apply: 64, plan: 96 });
}

#[test]
fn thirty_thousand_people_fit() {
    check(30_000, &Bounds { validate: 104, apply: 160, plan: 256 });
}
