//! Who may say where credentials and records go: the person who runs the command, not a file that others write.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::kills::wait_until;
use crate::scenario::{Ended, HEAD, Scenario};

const ONE: &str =
    "people:\n  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: USER}}\n";

/// A server of somebody else.
struct Listener(TcpListener);

impl Listener {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener that does not wait");
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("an address"))
    }

    /// The heads of the requests that were sent to it. Connections wait in the queue of the listener until they are looked at.
    fn received(&self) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            match self.0.accept() {
                Ok((stream, _)) => all.push(head_of(stream)),
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                    return all;
                }
            }
        }
    }
}

fn head_of(stream: TcpStream) -> String {
    stream.set_nonblocking(false).expect("a stream that waits");
    // Whoever connects sends a whole head, or ends.
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Runs the command without the endpoint that scenarios usually name.
fn run(scenario: &Scenario, args: &str) -> Ended {
    let args: Vec<_> = args.split_whitespace().collect();
    scenario.finish(&mut scenario.bare_command(&args))
}

fn cluster(url: &str) -> String {
    format!("{HEAD}cluster: '{url}'\n{ONE}")
}

#[test]
fn a_host_that_only_a_file_names_gets_nothing() {
    let listener = Listener::new();
    let url = listener.url();
    let scenario = Scenario::new().team(&cluster(&url)).file("base.yaml", &cluster(&url));
    // Named by the command, it is called.
    let mut named = scenario.bare_command(&["plan", "--endpoint", &url]);
    let mut named = named.stderr(Stdio::null()).spawn().expect("the binary runs");
    wait_until("a call", || listener.received().iter().any(|call| call.contains("x-management-token")));
    named.kill().and_then(|()| named.wait().map(drop)).expect("its end");
    listener.received();

    let refused = format!(
        "error: credentials were not sent to {url}: it is not a voucherify.io host and only a file names it; if it is correct, pass --endpoint {url}\n"
    );
    for args in [
        "plan",
        "plan --base base.yaml",
        "plan team.yaml --out plan.json --detailed-exitcode",
        "--ledger elsewhere plan",
        "plan --ledger elsewhere --base base.yaml --redact",
        "apply --yes",
        "-q apply team.yaml --yes",
        "resend ana@example.com --yes",
        "report",
        "explain ana@example.com",
    ] {
        let ended = run(&scenario, args);
        assert_eq!((ended.status, &ended.stderr, ended.stdout.as_str()), (Some(1), &refused, ""), "{args}");
    }
    assert_eq!(listener.received(), [""; 0]);
    for made in [".guestlist", "elsewhere", "plan.json"] {
        assert!(!scenario.path(made).exists(), "{made}");
    }
}

#[test]
fn a_saved_plan_alone_names_no_foreign_host() {
    let scenario = Scenario::new().team(&format!("{HEAD}{ONE}"));
    scenario.run("plan --out plan.json").ok();
    let url = scenario.sandbox().base_url();
    scenario.calls();
    run(&scenario, "apply --plan plan.json --yes").assert(
        1,
        "",
        "error: credentials were not sent to $ENDPOINT: it is not a voucherify.io host and only a file names it; if it is correct, pass --endpoint $ENDPOINT\n",
    );
    assert_eq!(scenario.calls(), []);
    let mut named = scenario.bare_command(&["apply", "--plan", "plan.json", "--yes"]);
    scenario.finish(named.env("VOUCHERIFY_ENDPOINT", url)).ok();
    assert_eq!(scenario.writes(), ["POST /management/v1/projects/users/invite"]);
}

#[test]
fn the_environment_names_the_endpoint_and_the_flag_wins() {
    let listener = Listener::new();
    let scenario = Scenario::new().team(&cluster("us1"));
    let url = scenario.sandbox().base_url();
    let mut command = scenario.bare_command(&["plan"]);
    scenario.finish(command.env("VOUCHERIFY_ENDPOINT", &url)).ok();
    assert!(!scenario.calls().is_empty());
    let mut command = scenario.bare_command(&["plan", "--endpoint", &url]);
    scenario.finish(command.env("VOUCHERIFY_ENDPOINT", listener.url())).ok();
    let mut command = scenario.bare_command(&["plan", "--sandbox"]);
    scenario.finish(command.env("VOUCHERIFY_ENDPOINT", listener.url())).ok();
    assert_eq!(listener.received(), [""; 0]);
    let mut command = scenario.bare_command(&["plan"]);
    scenario.finish(command.env("VOUCHERIFY_ENDPOINT", "voucherify")).assert(
        1,
        "",
        "error: invalid VOUCHERIFY_ENDPOINT `voucherify`: it is not a URL such as `https://api.voucherify.io`\n",
    );
}

#[test]
fn an_endpoint_and_a_rehearsal_exclude_each_other() {
    let scenario = Scenario::new().team(&format!("{HEAD}{ONE}"));
    for args in
        ["plan --endpoint us1 --sandbox", "--endpoint us1 plan --sandbox", "--sandbox plan --endpoint us1"]
    {
        let ended = run(&scenario, args);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{args}");
        assert!(ended.stderr.contains("cannot be used with '--sandbox[=<FILE>]'"), "{}", ended.stderr);
    }
    assert!(!scenario.path(".guestlist").exists());
}

#[test]
fn what_differs_from_the_base_is_refused_unless_an_argument_names_it() {
    let listener = Listener::new();
    let scenario = Scenario::new()
        .team(&cluster(&listener.url()))
        .file("base.yaml", &format!("{HEAD}{ONE}"))
        .file("us1.yaml", &cluster("us1"))
        .file("ledger.yaml", &format!("{HEAD}ledger: records/ledger\n{ONE}"))
        .file("same.yaml", &format!("{HEAD}ledger: ./.guestlist/\n{ONE}"));
    for offline in ["", " --offline"] {
        let ended = run(&scenario, &format!("plan --base base.yaml{offline}"));
        ended.assert(1, "", &format!(
            "error: `cluster` differs from the base, so nothing was sent: https://api.voucherify.io → {}; to use one of them, pass --endpoint\n",
            listener.url()
        ));
    }
    // Between two of Voucherify's own, too.
    run(&scenario, "plan us1.yaml --base base.yaml --ledger x").assert(1, "",
        "error: `cluster` differs from the base, so nothing was sent: https://api.voucherify.io → https://us1.api.voucherify.io; to use one of them, pass --endpoint\n");
    scenario.run("plan ledger.yaml --base base.yaml").assert(1, "",
        "error: `ledger` differs from the base, so nothing was sent: `.guestlist` → `records/ledger`; to use one of them, pass --ledger\n");
    assert_eq!((listener.received().len(), scenario.calls()), (0, vec![]));
    assert!(!scenario.path(".guestlist").exists() && !scenario.path("records").exists());
    // An argument names them.
    scenario.run("plan --base base.yaml").ok();
    scenario.run("plan us1.yaml --base base.yaml").ok();
    scenario.run("plan same.yaml --base base.yaml").ok();
    scenario.run("plan ledger.yaml --base base.yaml --ledger records/ledger").ok();
    // A rehearsal goes to neither.
    scenario.run("plan ledger.yaml --base us1.yaml --sandbox").ok();
    assert_eq!(listener.received(), [""; 0]);
}

#[test]
fn a_ledger_outside_the_folder_is_named_by_an_argument_alone() {
    let scenario = Scenario::new();
    for (ledger, id, message, help) in [
        (
            "../ledger",
            "ledger-outside-folder",
            "ledger `../ledger` is outside the team file's folder",
            "use a relative path without `..`; pass `--ledger` for a folder elsewhere",
        ),
        (
            "/var/ledger",
            "ledger-outside-folder",
            "ledger `/var/ledger` is outside the team file's folder",
            "use a relative path without `..`; pass `--ledger` for a folder elsewhere",
        ),
        (
            "a/../../b",
            "ledger-outside-folder",
            "ledger `a/../../b` is outside the team file's folder",
            "use a relative path without `..`; pass `--ledger` for a folder elsewhere",
        ),
        (
            "x/.guestlist/sandbox",
            "invalid-ledger",
            "ledger `x/.guestlist/sandbox` is reserved for `--sandbox`",
            "choose another folder",
        ),
        (
            "gs://bucket/team",
            "invalid-ledger",
            "`gs://bucket/team` is not a supported ledger",
            "use a folder inside the team file's folder, `s3://bucket/prefix` or `az://container/prefix`",
        ),
    ] {
        scenario.write("team.yaml", &format!("{HEAD}ledger: {ledger}\n{ONE}"));
        for command in ["validate", "plan", "apply --yes", "log", "unlock"] {
            let ended = scenario.run(command);
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{command} {ledger}");
            let start = format!("error[{id}]: {message}\n --> team.yaml:4:9\n");
            assert!(ended.stderr.starts_with(&start), "{}", ended.stderr);
            assert!(ended.stderr.contains(&format!("help: {help}\n")), "{}", ended.stderr);
        }
    }
    assert_eq!(scenario.calls(), []);
    scenario.write("team.yaml", &format!("{HEAD}{ONE}"));
    scenario.write("folder/team.yaml", &format!("{HEAD}ledger: records\n{ONE}"));
    scenario.run("plan folder/team.yaml").ok();
    assert!(scenario.path("folder/records").is_dir());
    let elsewhere = tempfile::tempdir().expect("a folder");
    let ledger = elsewhere.path().to_str().expect("a path");
    scenario.finish(&mut scenario.command(&["plan", "--ledger", ledger])).ok();
    assert!(elsewhere.path().join("known.json").exists() && !scenario.path(".guestlist").exists());
}

#[cfg(unix)]
#[test]
fn a_link_leads_no_ledger_out_of_the_folder() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let scenario = Scenario::new().team(&format!("{HEAD}ledger: records/all\n{ONE}"));
    std::os::unix::fs::symlink(elsewhere.path(), scenario.path("records")).expect("a link");
    for command in ["validate", "plan", "apply --yes"] {
        scenario.run(command).assert(
            1,
            "",
            "\
error[ledger-outside-folder]: ledger `records/all` is a link to a location outside the team file's folder
 --> team.yaml:4:9
  |
4 | ledger: records/all
  |         ^^^^^^^^^^^
  |
help: remove this key and pass the link's target with `--ledger`

1 problem in team.yaml
",
        );
    }
    // Where the file does not name it, it is the same folder as ever.
    scenario.write("team.yaml", &format!("{HEAD}{ONE}"));
    std::os::unix::fs::symlink(elsewhere.path().join("not there yet"), scenario.path(".guestlist"))
        .expect("a link");
    scenario.run("plan").assert(
        1,
        "",
        "error: the ledger `.guestlist` is outside the folder of the file that names it; if it is correct, pass --ledger\n",
    );
    assert_eq!(scenario.calls(), []);
    assert_eq!(fs::read_dir(elsewhere.path()).expect("a folder").count(), 0);
    // A link to another place inside is nothing to worry about.
    fs::remove_file(scenario.path(".guestlist")).expect("a link");
    fs::create_dir(scenario.path("inside")).expect("a folder");
    std::os::unix::fs::symlink("inside", scenario.path(".guestlist")).expect("a link");
    scenario.run("plan").ok();
    assert!(scenario.path("inside/known.json").exists());
}

#[test]
fn a_saved_plan_keeps_its_ledger_inside_the_working_folder() {
    let scenario = Scenario::new().file("teams/team.yaml", &format!("{HEAD}{ONE}"));
    let team = scenario.path("teams/team.yaml");
    scenario.finish(scenario.command(&["plan", "--out", "plan.json"]).arg(&team)).ok();
    let saved = scenario.read("plan.json");
    assert!(saved.contains(r#""ledger": "teams/.guestlist""#), "{saved}");
    scenario.run("apply --plan plan.json --yes").ok();
    assert!(scenario.path("teams/.guestlist/runs").is_dir());
    // Made in one folder, applied in another: the ledger would be somewhere else.
    fs::create_dir(scenario.path("elsewhere")).expect("a folder");
    let within = |command: &mut Command, folder: &Path| scenario.finish(command.current_dir(folder));
    let elsewhere = scenario.path("elsewhere");
    within(scenario.command(&["plan", "--out", "p.json"]).arg("../teams/team.yaml"), &elsewhere).ok();
    within(&mut scenario.command(&["apply", "--plan", "p.json", "--yes"]), &elsewhere).assert(
        1,
        "",
        "error: the ledger `../teams/.guestlist` is outside the folder of the file that names it; if it is correct, pass --ledger\n",
    );
    let args = ["apply", "--plan", "p.json", "--yes", "--ledger", "../teams/.guestlist"];
    within(&mut scenario.command(&args), &elsewhere).ok();
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_name_is_not_utf_8_has_its_own_ledger() {
    use std::os::unix::ffi::OsStrExt as _;
    let scenario = Scenario::new();
    let folder = scenario.path("").join(std::ffi::OsStr::from_bytes(b"\xff"));
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("team.yaml"), format!("{HEAD}{ONE}")).expect("a file");
    let team = folder.join("team.yaml");
    let ended = scenario.finish(scenario.command(&["apply", "--yes"]).arg(&team));
    ended.ok();
    assert!(folder.join(".guestlist/runs").is_dir());
    let entries = fs::read_dir(scenario.path("")).expect("a folder").count();
    assert_eq!(entries, 1, "no other folder");
    let ended = scenario.finish(scenario.command(&["plan", "--out", "plan.json"]).arg(&team));
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("cannot save a plan with the ledger"), "{}", ended.stderr);
}
