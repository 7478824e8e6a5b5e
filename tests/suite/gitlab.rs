//! The example for GitLab, copied into an empty repository: its pipelines as gitlab-ci-local runs them with the shell, a
//! Git remote in a folder, and stand-ins for GitLab and Voucherify.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::engine::bucket;
use crate::programs::{BINARY, are_installed, modules_of_node, path_with, scrubbed};
use crate::scenario::{Ended, Scenario};

const INVITE: &str = "POST /management/v1/projects/users/invite";

/// Makes a release in a folder, a remote and a clone with the example, `$1` being the folder of this project.
const SETUP: &str = r#"
    root=$1 binary=$2 releases=$PWD/releases/releases/download/v0.1.0
    mkdir -p bin build state "$releases"
    echo '[]' | tee state/comments.json >state/issues.json
    echo '[{"iid": 5, "state": "merged"}]' >state/merged.json
    cp "$root/tests/suite/curl.sh" bin/curl
    printf '#!/usr/bin/env bash\nexec %s "$@"\n' "$binary" >build/guestlist
    chmod +x bin/curl build/guestlist
    archive=guestlist-0.1.0-$(uname -m)-unknown-linux-musl.tar.gz
    tar -czf "$releases/$archive" -C build guestlist
    digest=$(sha256sum "$releases/$archive" | cut -c 1-64)
    git init --quiet --bare remote.git
    git init --quiet clone
    cp -r "$root/examples/gitlab/." "$root/examples/github/team.yaml" "$root/examples/github/people" clone
    cd clone
    sed -i "s,GUESTLIST_URL=\"\",GUESTLIST_URL=\"file://$OLDPWD/releases\",
            s,\(SHA256_.*\)=\"\",\1=\"$digest\"," ci/source.env
    git checkout --quiet -b main
    git add .
    git commit --quiet --message Example
    git push --quiet ../remote.git main
    git remote add origin git@gitlab.example:example/team.git
    git fetch --quiet ../remote.git main:refs/remotes/origin/main
    git remote set-head origin main
"#;

struct Project {
    scenario: Scenario,
    runner: PathBuf,
}

impl Project {
    fn new() -> Option<Self> {
        let runner = modules_of_node(&["gitlab-ci-local"])?.join(".bin/gitlab-ci-local");
        if !are_installed(&["bash", "curl", "git", "jq", "node", "rsync", "sha256sum", "tar"]) {
            return None;
        }
        let project = Self { scenario: Scenario::new(), runner };
        project.shell(&format!("set -- '{}' '{BINARY}'\n{SETUP}", env!("CARGO_MANIFEST_DIR")));
        Some(project)
    }

    fn shell(&self, script: &str) -> String {
        let mut bash = scrubbed("bash");
        bash.args(["-e", "-c", script]).current_dir(self.scenario.path("."));
        for person in ["AUTHOR", "COMMITTER"] {
            bash.env(format!("GIT_{person}_NAME"), "Tester");
            bash.env(format!("GIT_{person}_EMAIL"), "tester@example.com");
        }
        self.scenario.finish(&mut bash).ok().stdout.clone()
    }

    /// Commits the team file in the clone to a branch, and pushes it. Returns the commit.
    fn commit(&self, branch: &str, push_to: &str) -> String {
        let commit = self.shell(&format!(
            "cd clone; git checkout --quiet -B {branch}; git add people; git commit --quiet --message Change
             git push --quiet ../remote.git {branch}:{push_to}; git rev-parse --short=12 HEAD"
        ));
        commit.trim().to_owned()
    }

    /// Adds people to the included file of the example.
    fn people(&self, people: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let example =
            fs::read_to_string(root.join("examples/github/people/support.yaml")).expect("the example");
        self.scenario.write("clone/people/support.yaml", &format!("{example}{people}"));
    }

    /// Runs a pipeline, with the protected variables or without them, and its manual job if there is one.
    fn pipeline(&self, source: &str, is_protected: bool, variables: &[(&str, &str)]) -> Ended {
        self.jobs(&["--manual", "apply"], source, is_protected, variables)
    }

    /// Runs those jobs of a pipeline that are named; if there are none, all but the manual one.
    fn jobs(&self, jobs: &[&str], source: &str, is_protected: bool, variables: &[(&str, &str)]) -> Ended {
        let credentials = self.scenario.sandbox().credentials();
        let (id, token) = (credentials.id.as_str(), credentials.token.as_str());
        let endpoint = self.scenario.sandbox().base_url();
        let [state, remote] =
            ["state", "remote.git"].map(|path| self.scenario.path(path).display().to_string());
        let mut all = vec![
            ("CI_PIPELINE_SOURCE", source),
            ("CI_API_V4_URL", "http://gitlab.example/api/v4"),
            ("CI_PROJECT_ID", "3"),
            ("CI_MERGE_REQUEST_IID", "5"),
            ("CI_MERGE_REQUEST_PROJECT_PATH", "example/team"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("GUESTLIST_GITLAB_TOKEN", "token-of-the-job"),
            ("GIT_REMOTE", &remote),
            ("GH_STATE", &state),
            ("VOUCHERIFY_ENDPOINT", &endpoint),
        ];
        if is_protected {
            all.extend([("VOUCHERIFY_MANAGEMENT_ID", id), ("VOUCHERIFY_MANAGEMENT_TOKEN", token)]);
        }
        let mut command = scrubbed(&self.runner);
        // The jobs share the clone.
        command.args(["--concurrency", "1"]);
        command.args(["--force-shell-executor", "--evaluate-rule-changes=false"]).args(jobs);
        for (name, value) in all.iter().chain(variables) {
            command.args(["--variable", &format!("{name}={value}")]);
        }
        command
            .current_dir(self.scenario.path("clone"))
            .env("PATH", path_with(&self.scenario.path("bin")))
            .env("HOME", self.scenario.path("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1");
        self.scenario.finish(&mut command)
    }

    /// How many issues are open.
    fn open_issues(&self) -> usize {
        let issues: Vec<Value> =
            serde_json::from_str(&self.scenario.read("state/issues.json")).expect("a list");
        issues.iter().filter(|issue| issue["open"] == true).count()
    }

    fn drift(&self) {
        self.pipeline("schedule", true, &[]).ok();
    }

    fn notes(&self) -> Vec<String> {
        let notes: Vec<Value> =
            serde_json::from_str(&self.scenario.read("state/comments.json")).expect("a list");
        notes.iter().map(|note| note["body"].as_str().expect("text").to_owned()).collect()
    }
}

fn person(name: &str, role: &str) -> String {
    format!(
        "  - {{email: {name}@example.com, first_name: {name}, last_name: Lee, projects: {{loyalty: {role}}}}}\n"
    )
}

#[test]
fn the_gitlab_example_goes_from_the_first_run_to_an_override() {
    let Some(project) = Project::new() else { return };
    let sandbox = &project.scenario;
    // The first schedule checks the set-up, records the first reading, and opens an issue.
    let ended = project.pipeline("schedule", true, &[]);
    assert!(
        ended.ok().stdout.contains("passed   credentials          accepted by the service"),
        "{}",
        ended.stdout
    );
    assert!(sandbox.read("state/issues.json").contains("\"open\": true"));
    assert_eq!(sandbox.writes(), [""; 0]);

    // What is on the default branch is applied by the manual job, with a note on what was merged.
    project.pipeline("push", true, &[]).ok();
    assert_eq!(sandbox.writes(), [INVITE; 2]);
    assert_eq!(project.notes(), ["**Applied** 2 changes.\n"]);

    // A merge request of a branch has no keys: its plan is from the recorded reading. Nothing is applied.
    sandbox.calls();
    let kim = person("kim", "USER");
    project.people(&kim);
    project.commit("kim", "kim");
    project.pipeline("merge_request_event", false, &[]).ok();
    let plan = &project.notes()[1];
    assert!(plan.contains("kim@example.com") && plan.contains("; offline, snapshot from "), "{plan}");
    assert_eq!(sandbox.calls().len(), 0);
    assert!(sandbox.path("clone/gl-code-quality-report.json").exists());

    // A blocked plan is not applied, and its note says how to allow it. The override is for that plan.
    let admins: String = (1..=6).map(|n| person(&format!("p{n}"), "ADMIN")).collect();
    project.people(&format!("{kim}{admins}"));
    project.commit("main", "main");
    project.pipeline("push", true, &[]).assert_status(1);
    let blocked = project.notes()[2].replace("\n> ", " ");
    assert!(blocked.contains("`allow_new_admins: 6`"), "{blocked}");
    let id = blocked.split("Plan id: `").nth(1).and_then(|rest| rest.get(..64)).expect("an id");
    let allow = ("allow_new_admins", "6");
    project.pipeline("web", true, &[allow, ("plan_id", &"0".repeat(64))]).assert_status(1);
    assert_eq!(sandbox.writes(), [""; 0]);
    project.pipeline("web", true, &[allow, ("plan_id", id)]).ok();
    assert_eq!(sandbox.writes(), [INVITE; 7]);
    assert_eq!(project.notes().last().map(String::as_str), Some("**Applied** 7 changes.\n"));
    assert!(!sandbox.read("state/calls").contains("token-of-the-job"));
}

#[test]
fn the_gitlab_example_goes_from_a_blocked_merge_request_to_the_repair_of_drift() {
    let Some(project) = Project::new() else { return };
    let sandbox = &project.scenario;
    let last = || project.notes().pop();

    // The first reading, the example, and no drift any more.
    project.drift();
    assert_eq!(project.open_issues(), 1);
    project.pipeline("push", true, &[]).ok();
    assert_eq!(sandbox.writes(), [INVITE; 2]);
    project.drift();
    assert_eq!(project.open_issues(), 0);

    // A merge request with too many new ADMINs fails, and its note says why. With fewer, the note is replaced.
    let admins: String = (1..=6).map(|n| person(&format!("p{n}"), "ADMIN")).collect();
    project.people(&admins);
    project.commit("change", "change");
    sandbox.calls();
    project.pipeline("merge_request_event", false, &[]).assert_status(1);
    let blocked = last().expect("a note").replace("\n> ", " ");
    assert!(
        blocked.starts_with("<!-- guestlist -->") && blocked.contains("`allow_new_admins: 6`"),
        "{blocked}"
    );
    let kim = person("kim", "USER");
    project.people(&kim);
    project.commit("change", "change");
    project.pipeline("merge_request_event", false, &[]).ok();
    let notes = project.notes();
    assert!(notes.len() == 2 && notes[1].contains("kim@") && !notes[1].contains("p1@"), "{notes:?}");
    assert_eq!(sandbox.calls().len(), 0);

    // Merged: nothing is written before the manual job is started.
    project.shell("cd clone; git checkout --quiet -B main; git push --quiet ../remote.git main");
    project.jobs(&[], "push", true, &[]).ok();
    assert_eq!(sandbox.writes(), [""; 0]);
    project.jobs(&["apply"], "push", true, &[]).ok();
    assert_eq!(sandbox.writes(), [INVITE]);
    assert_eq!(last().as_deref(), Some("**Applied** 1 change.\n"));

    // One of two people fails: the note says who, why, and what to do. The other is applied.
    let bad = format!("{}{}", person("ned", "role_unknown"), person("ona", "USER"));
    project.people(&format!("{kim}{bad}"));
    project.commit("main", "main");
    project.pipeline("push", true, &[]).assert_status(1);
    let result = last().expect("a note");
    let said = "**Applied 1 of 2 changes.** Fix what is named below, then run this job again for the rest.\n\nFailed (1):\n\n```text\nned@example.com: ";
    assert!(result.starts_with(said) && !result.contains("ona@"), "{result}");

    // The manual job of the correction is started when the next change is merged: its plan is superseded.
    let repaired = bad.replace("role_unknown", "USER");
    project.people(&format!("{kim}{repaired}"));
    project.commit("main", "main");
    project.jobs(&[], "push", true, &[]).ok();
    project.people(&format!("{kim}{repaired}{}", person("pia", "USER")));
    let newer = project.commit("next", "main");
    project.shell("cd clone; git checkout --quiet main");
    sandbox.calls();
    project.jobs(&["apply"], "push", true, &[]).ok();
    let superseded = format!("**Not applied:** superseded by {newer}, whose plan includes this change.\n");
    assert_eq!((last(), sandbox.calls().len()), (Some(superseded), 0));
    project.shell("cd clone; git checkout --quiet -B main next");
    project.pipeline("push", true, &[]).ok();
    assert_eq!(sandbox.writes(), [INVITE; 2]);

    drift_is_repaired_by_a_pipeline_without_variables(&project);
}

/// Everyone accepts, and one role is changed by hand.
fn drift_is_repaired_by_a_pipeline_without_variables(project: &Project) {
    let sandbox = &project.scenario;
    let invited: Vec<_> =
        sandbox.organization(|it| it.invited().map(|person| person.login.clone()).collect::<Vec<_>>());
    for email in invited {
        assert!(sandbox.organization(|it| it.accept(email.as_str())));
    }
    project.drift();
    assert_eq!(project.open_issues(), 0);
    assert!(sandbox.organization(|it| it.set_role("kim@example.com", "proj_npnFzPr9", "VIEWER")));
    project.drift();
    project.drift();
    assert_eq!(project.open_issues(), 1);
    sandbox.calls();
    project.pipeline("web", true, &[]).ok();
    assert_eq!(sandbox.writes().len(), 1);
    project.drift();
    assert_eq!(project.open_issues(), 0);

    // With nothing to do, the manual job does nothing, and writes no note.
    let notes = project.notes();
    project.pipeline("web", true, &[]).ok();
    assert_eq!((sandbox.writes().len(), project.notes()), (0, notes));
}

/// Nothing is pushed to a branch. The server in place of AWS does not exchange id tokens: that it is asked to is seen in
/// its answer, and the rest has keys.
#[test]
fn the_gitlab_example_keeps_its_ledger_in_a_bucket() {
    let Some(bucket) = bucket() else { return };
    let Some(project) = Project::new() else { return };
    let server = format!("http://{}", bucket.address);
    let identity = [
        ("GUESTLIST_LEDGER", bucket.url.as_str()),
        ("GUESTLIST_AWS_ROLE", "arn:aws:iam::123456789012:role/guestlist"),
        ("AWS_ID_TOKEN", "id-token-of-the-job"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", &server),
        ("AWS_ENDPOINT_URL_STS", &server),
    ];
    let ended = project.pipeline("schedule", true, &identity);
    let unlike =
        format!("`{}` answered 200, and not as an object store or its token service does", bucket.address);
    assert!(ended.stderr.contains(&unlike), "{}", ended.stderr);
    let variables = bucket.variables();
    let mut protected: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    protected.push(identity[0]);
    project.pipeline("schedule", true, &protected).ok();
    project.pipeline("push", true, &protected).ok();
    assert_eq!(project.scenario.writes(), [INVITE; 2]);
    project.scenario.calls();
    project.pipeline("merge_request_event", false, &protected).ok();
    assert_eq!(project.scenario.calls().len(), 0);
    let notes = project.notes();
    assert_eq!(notes[0], "**Applied** 2 changes.\n");
    assert!(notes[1].contains("This pull request changes no access."), "{notes:?}");

    let prefix = bucket.url.strip_prefix("s3://ledgers/").expect("the bucket");
    assert!(bucket.list().contains(&format!("<Key>{prefix}/known.json</Key>")), "{}", bucket.list());
    assert!(!project.scenario.path("remote.git/refs/heads/guestlist-ledger").exists());
}
