//! The example for GitHub, copied into an empty repository, from the first run to the repair of drift: its workflows as
//! GitHub runs them, with a Git remote in a folder, and stand-ins for `gh` and Voucherify.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::programs::{BINARY, are_installed, modules_of_node, path_with, scrubbed};
use crate::scenario::Scenario;

const INVITE: &str = "POST /management/v1/projects/users/invite";

/// A repository with the example, its remote, an organization and a release to install.
struct Walk {
    scenario: Scenario,
    modules: PathBuf,
}

impl Walk {
    fn new() -> Option<Self> {
        let modules = modules_of_node(&["@actions/expressions", "yaml"])?;
        if !are_installed(&["bash", "curl", "git", "jq", "node", "sha256sum", "tar"]) {
            return None;
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let scenario = Scenario::new()
            .file("state/issues.json", "[]")
            .file("state/pulls.json", "{}")
            .file("build/guestlist", &format!("#!/usr/bin/env bash\nexec {BINARY} \"$@\"\n"))
            .file("bin/gh", &fs::read_to_string(root.join("tests/suite/gh.sh")).expect("a stand-in"));
        for program in ["build/guestlist", "bin/gh"] {
            let executable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(scenario.path(program), executable).expect("a mode");
        }
        let walk = Self { scenario, modules };
        let releases = "releases/releases/download/v0.1.0";
        fs::create_dir_all(walk.scenario.path(releases)).expect("a folder");
        let archive =
            format!("{releases}/guestlist-0.1.0-{}-unknown-linux-musl.tar.gz", std::env::consts::ARCH);
        walk.run("tar", &format!("-czf {archive} -C build guestlist"));
        let digest = walk.run("sha256sum", &archive);
        let digest = digest.split(' ').next().expect("a digest");

        walk.git(".", "init --quiet --bare remote.git");
        walk.git("remote.git", "config uploadpack.allowAnySHA1InWant true");
        walk.git(".", "clone --quiet remote.git clone");
        walk.run("cp", &format!("-r {}/. clone", root.join("examples/github").display()));
        let source = ".github/actions/guestlist/source.env";
        let text = walk.scenario.read(&format!("clone/{source}"));
        let url = format!("GUESTLIST_URL=\"file://{}\"", walk.scenario.path("releases").display());
        let text = text.replace("GUESTLIST_URL=\"\"", &url);
        let text = text.replace("SHA256_X86_64=\"\"", &format!("SHA256_X86_64=\"{digest}\""));
        let text = text.replace("SHA256_AARCH64=\"\"", &format!("SHA256_AARCH64=\"{digest}\""));
        walk.scenario.write(&format!("clone/{source}"), &text);
        walk.commit("main", "The example");
        Some(walk)
    }

    fn run(&self, program: &str, args: &str) -> String {
        let output = scrubbed(program)
            .args(args.split(' '))
            .current_dir(self.scenario.path("."))
            .output()
            .expect("the program runs");
        assert!(output.status.success(), "{program} {args}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn git(&self, folder: &str, args: &str) -> String {
        let settings = "-c user.name=Tester -c user.email=tester@example.com -c init.defaultBranch=main";
        let folder = self.scenario.path(folder);
        self.run("git", &format!("-C {} {settings} {args}", folder.display()))
    }

    /// Commits everything in the clone, and pushes it to a branch. Returns the commit.
    fn commit(&self, branch: &str, message: &str) -> String {
        self.git("clone", "add --all");
        self.git("clone", &format!("commit --quiet --message {}", message.replace(' ', "_")));
        self.git("clone", &format!("push --quiet origin HEAD:refs/heads/{branch}"));
        self.git("clone", "rev-parse HEAD").trim().to_owned()
    }

    /// Adds people to the included file of the example.
    fn people(&self, people: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let example =
            fs::read_to_string(root.join("examples/github/people/support.yaml")).expect("the example");
        self.scenario.write("clone/people/support.yaml", &format!("{example}{people}"));
    }

    /// Runs a workflow, and returns the state after it.
    fn workflow(&self, name: &str, event: Value) -> Value {
        let credentials = self.scenario.sandbox().credentials();
        let keys = json!({
            "VOUCHERIFY_MANAGEMENT_ID": credentials.id,
            "VOUCHERIFY_MANAGEMENT_TOKEN": credentials.token,
        });
        let mut run = json!({
            "workflow": self.scenario.path(&format!("clone/.github/workflows/{name}.yml")),
            "folder": self.scenario.path("."),
            "remote": self.scenario.path("remote.git"),
            "ref_name": "main",
            "sha": self.git("remote.git", "rev-parse main").trim(),
            "secrets": {"guestlist": keys},
            "environment": {
                "PATH": path_with(&self.scenario.path("bin")).to_str().expect("text"),
                "HOME": self.scenario.path("home"),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GH_STATE": self.scenario.path("state"),
                "VOUCHERIFY_ENDPOINT": self.scenario.sandbox().base_url(),
            },
        });
        let Value::Object(event) = event else { panic!("an object") };
        run.as_object_mut().expect("an object").extend(event);
        let mut child = scrubbed("node")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/workflow.mjs"))
            .env("NODE_MODULES", &self.modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("node");
        let text = serde_json::to_vec(&run).expect("JSON");
        child.stdin.take().expect("a pipe").write_all(&text).expect("it is read");
        let output = child.wait_with_output().expect("an end");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn drift(&self) -> Value {
        self.workflow("guestlist-drift", json!({"event_name": "schedule"}))
    }

    /// A pull request with what is in the clone, and its check. GitHub checks out its merge with the base.
    fn pull_request(&self, number: u32) -> Value {
        let branch = format!("pull-{number}");
        let sha = self.commit(&branch, &format!("Pull request {number}"));
        self.workflow(
            "guestlist",
            json!({
                "event_name": "pull_request",
                "sha": sha,
                "ref_name": format!("{number}/merge"),
                "base_ref": "main",
                "event": {"pull_request": {"number": number, "head": {"repo": {"full_name": "example/team"}}}},
            }),
        )
    }

    /// Merges what is in the clone as a pull request.
    fn merge(&self, number: u32) -> Value {
        self.git("clone", "push --quiet origin HEAD:refs/heads/main");
        let sha = self.git("remote.git", "rev-parse main").trim().to_owned();
        let mut pulls: Value = serde_json::from_str(&self.scenario.read("state/pulls.json")).expect("JSON");
        pulls[&sha] = number.into();
        self.scenario.write("state/pulls.json", &pulls.to_string());
        json!({"event_name": "push", "sha": sha})
    }

    fn comments(&self, number: u32) -> Vec<String> {
        let file = if number == 7 { "comments.json".to_owned() } else { format!("comments-{number}.json") };
        let comments: Vec<Value> =
            serde_json::from_str(&self.scenario.read(&format!("state/{file}"))).expect("JSON");
        comments.iter().map(|comment| comment["body"].as_str().expect("text").to_owned()).collect()
    }

    fn open_issues(&self) -> usize {
        let issues: Vec<Value> =
            serde_json::from_str(&self.scenario.read("state/issues.json")).expect("JSON");
        issues.iter().filter(|issue| issue["open"] == true).count()
    }
}

/// How each job ended.
#[track_caller]
fn assert_jobs(state: &Value, expected: &[(&str, &str)]) {
    let results: Vec<_> = expected
        .iter()
        .map(|(job, _)| (*job, state["results"][job]["result"].as_str().unwrap_or("not run")))
        .collect();
    assert_eq!(results, expected, "{state:#}");
}

const APPLIED: [(&str, &str); 4] =
    [("review", "skipped"), ("plan", "success"), ("approve", "success"), ("apply", "success")];

fn person(name: &str, role: &str) -> String {
    format!(
        "  - {{email: {name}@example.com, first_name: {name}, last_name: Lee, projects: {{loyalty: {role}}}}}\n"
    )
}

#[test]
fn the_github_example_goes_from_the_first_run_to_the_repair_of_drift() {
    let Some(walk) = Walk::new() else { return };
    let sandbox = &walk.scenario;

    // The first run checks the set-up and records the first reading. Nobody of the file is there yet: that is drift.
    let state = walk.workflow("guestlist-drift", json!({"event_name": "workflow_dispatch"}));
    assert_jobs(&state, &[("drift", "success")]);
    let summary = state["results"]["drift"]["summary"].as_str().expect("text");
    assert!(summary.starts_with("```text\npassed   team file"), "{summary}");
    let ledger = walk.git("remote.git", "ls-tree -r --name-only guestlist-ledger");
    assert!(ledger.lines().any(|file| file == "known.json"), "{ledger}");
    assert_eq!((walk.open_issues(), sandbox.writes().len()), (1, 0));

    // The example is applied after approval, and the issue is closed.
    let state = walk.workflow("guestlist", json!({"event_name": "push"}));
    assert_jobs(&state, &APPLIED);
    assert_eq!(sandbox.writes(), [INVITE; 2]);
    walk.drift();
    assert_eq!(walk.open_issues(), 0);

    // A pull request has no keys: its plan is made from the recorded reading, and no call is made.
    sandbox.calls();
    let kim = person("kim", "USER");
    walk.people(&kim);
    assert_jobs(&walk.pull_request(1), &[("review", "success"), ("plan", "skipped"), ("apply", "skipped")]);
    let [plan] = &walk.comments(1)[..] else { panic!("one comment") };
    assert!(plan.contains("kim@example.com") && plan.contains("; offline, snapshot from "), "{plan}");
    assert_eq!(sandbox.calls().len(), 0);
    let push = walk.merge(1);
    assert_jobs(&walk.workflow("guestlist", push), &APPLIED);
    assert_eq!(walk.comments(1)[1..], ["**Applied** 1 change.\n"]);

    // One that changes no access passes without a comment.
    sandbox.write("clone/README.md", "# Our team\n");
    assert_jobs(&walk.pull_request(2), &[("review", "success")]);
    assert!(!sandbox.path("state/comments-2.json").exists());
    walk.merge(2);

    // Six new ADMINs are blocked, in the pull request and after the merge. The comment says how to allow them.
    let admins: String = (1..=6).map(|n| person(&format!("p{n}"), "ADMIN")).collect();
    walk.people(&format!("{kim}{admins}"));
    assert_jobs(&walk.pull_request(3), &[("review", "failure")]);
    let push = walk.merge(3);
    sandbox.calls();
    assert_jobs(
        &walk.workflow("guestlist", push),
        &[("plan", "failure"), ("approve", "skipped"), ("apply", "skipped")],
    );
    let comments = walk.comments(3);
    let blocked = comments[1].replace("\n> ", " ");
    assert!(blocked.contains("`allow_new_admins: 6`") && !blocked.starts_with("<!--"), "{blocked}");
    let id = blocked.split("Plan id: `").nth(1).and_then(|rest| rest.get(..64)).expect("an id").to_owned();
    let dispatch = |id: &str, allow: &str| json!({"event_name": "workflow_dispatch", "inputs": {"plan_id": id, "allow_new_admins": allow}});

    // An override is for that plan alone, and its approval can be refused.
    for other in ["", &"0".repeat(64)] {
        let state = walk.workflow("guestlist", dispatch(other, "6"));
        assert_jobs(&state, &[("plan", "failure"), ("apply", "skipped")]);
    }
    let mut refused = dispatch(&id, "6");
    refused["reject"] = json!(["guestlist-approval"]);
    let state = walk.workflow("guestlist", refused);
    assert_jobs(&state, &[("plan", "success"), ("approve", "failure"), ("apply", "skipped")]);
    assert_eq!(sandbox.writes(), [""; 0]);
    assert_jobs(&walk.workflow("guestlist", dispatch(&id, "6")), &APPLIED);
    assert_eq!(sandbox.writes(), [INVITE; 6]);

    // One of two people fails: the comment says who, why, and what to do. The others are applied.
    let bad = format!("{}{}", person("ned", "role_unknown"), person("ona", "USER"));
    walk.people(&format!("{kim}{admins}{bad}"));
    walk.pull_request(4);
    let push = walk.merge(4);
    let state = walk.workflow("guestlist", push);
    assert_jobs(&state, &[("plan", "success"), ("approve", "success"), ("apply", "failure")]);
    let result = &walk.comments(4)[1];
    let said = "**Applied 1 of 2 changes.** Fix what is named below, then run this job again for the rest.\n\nFailed (1):\n\n```text\nned@example.com: ";
    assert!(result.starts_with(said) && !result.contains("ona@"), "{result}");
    assert_eq!(state["results"]["apply"]["summary"], Value::String(result.clone()));

    // Two merges, and the second is approved first: the plan of the first is superseded.
    let repaired = bad.replace("role_unknown", "USER");
    walk.people(&format!("{kim}{admins}{repaired}"));
    walk.pull_request(5);
    let first = walk.merge(5);
    let mut held = first.clone();
    held["hold"] = "approve".into();
    let state = walk.workflow("guestlist", held);
    assert_eq!(state["held"], true);
    walk.people(&format!("{kim}{admins}{repaired}{}", person("pia", "USER")));
    walk.pull_request(6);
    let push = walk.merge(6);
    assert_jobs(&walk.workflow("guestlist", push), &APPLIED);
    sandbox.calls();
    let mut late = first;
    late["state"] = state;
    assert_jobs(&walk.workflow("guestlist", late), &APPLIED);
    let newer = walk.git("remote.git", "rev-parse --short=12 main");
    let superseded =
        format!("**Not applied:** superseded by {}, whose plan includes this change.\n", newer.trim());
    assert_eq!(walk.comments(5)[1..], [superseded]);
    assert_eq!(sandbox.calls().len(), 0);

    drift_is_repaired_by_a_run_without_inputs(&walk);
}

/// Everyone accepts, and one role is changed by hand.
fn drift_is_repaired_by_a_run_without_inputs(walk: &Walk) {
    let sandbox = &walk.scenario;
    let invited: Vec<_> =
        sandbox.organization(|it| it.invited().map(|person| person.login.clone()).collect::<Vec<_>>());
    for email in invited {
        assert!(sandbox.organization(|it| it.accept(email.as_str())));
    }
    walk.drift();
    assert_eq!(walk.open_issues(), 0);
    assert!(sandbox.organization(|it| it.set_role("kim@example.com", "proj_npnFzPr9", "VIEWER")));
    walk.drift();
    walk.drift();
    assert_eq!(walk.open_issues(), 1);
    sandbox.calls();
    assert_jobs(&walk.workflow("guestlist", json!({"event_name": "workflow_dispatch"})), &APPLIED);
    assert_eq!(sandbox.writes().len(), 1);
    walk.drift();
    assert_eq!(walk.open_issues(), 0);

    // With nothing to do, nobody is asked to approve anything.
    let state = walk.workflow("guestlist", json!({"event_name": "workflow_dispatch"}));
    assert_jobs(&state, &[("plan", "success"), ("approve", "skipped"), ("apply", "skipped")]);
}
