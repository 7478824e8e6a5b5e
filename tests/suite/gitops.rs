//! The shell of `examples/`, run as the pipelines run it: the real binary, the sandbox, a Git remote in a
//! folder, and stand-ins for `gh` and for GitLab.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::engine::bucket;
use crate::programs::{BINARY, are_installed, path_with, scrubbed};
use crate::scenario::{Ended, HEAD, Scenario};

const ALEX: &str =
    "  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {loyalty: USER}}\n";
const SAM: &str =
    "  - {email: sam@example.com, first_name: Sam, last_name: Lee, projects: {loyalty: VIEWER}}\n";

/// The folders of the scripts, below `examples`.
const GITHUB: &str = "github/.github/actions/guestlist";
const GITLAB: &str = "gitlab/ci";

const CREDENTIALS: [&str; 2] = ["VOUCHERIFY_MANAGEMENT_ID", "VOUCHERIFY_MANAGEMENT_TOKEN"];

/// A repository with the scripts of an example, its remote, and an organization.
struct Pipeline {
    scenario: Scenario,
    scripts: PathBuf,
}

impl Pipeline {
    /// None where a program is missing that the pipeline needs.
    fn github() -> Option<Self> {
        Self::new(GITHUB)
    }

    fn gitlab() -> Option<Self> {
        Self::new(GITLAB)
    }

    fn new(scripts: &str) -> Option<Self> {
        if !are_installed(&["bash", "git", "jq"]) {
            return None;
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let scenario = Scenario::new()
            .file("state/comments.json", "[]")
            .file("state/issues.json", "[]")
            .file("bin/guestlist", &guestlist());
        for (name, stand_in) in [("gh", "gh.sh"), ("curl", "curl.sh")] {
            fs::copy(root.join("tests/suite").join(stand_in), scenario.path(&format!("bin/{name}")))
                .expect("a stand-in");
        }
        fs::set_permissions(scenario.path("bin/guestlist"), fs::Permissions::from_mode(0o755))
            .expect("a mode");
        let pipeline = Self { scenario, scripts: examples().join(scripts) };
        pipeline.git(".", "init --quiet --bare remote.git");
        pipeline.git(".", "clone --quiet remote.git first");
        pipeline.write("first", ALEX);
        pipeline.git("first", "add team.yaml");
        pipeline.git("first", "commit --quiet --message Team");
        pipeline.git("first", "push --quiet origin HEAD:refs/heads/main");
        pipeline.git(".", "clone --quiet --branch main remote.git work");
        Some(pipeline)
    }

    /// Writes the team file of a clone.
    fn write(&self, clone: &str, people: &str) {
        let cluster = self.scenario.sandbox().base_url();
        let text = format!("{HEAD}cluster: {cluster}\npeople:\n{people}");
        self.scenario.write(&format!("{clone}/team.yaml"), &text);
    }

    fn git(&self, clone: &str, args: &str) -> String {
        let output = scrubbed("git")
            .args(["-c", "user.name=Tester", "-c", "user.email=tester@example.com"])
            .args(args.split_whitespace())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", self.scenario.path("home"))
            .current_dir(self.scenario.path(clone))
            .output()
            .expect("git");
        assert!(output.status.success(), "git {args}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs a script as a step of a job does.
    fn step(&self, clone: &str, script: &str, environment: &[(&str, &str)]) -> Ended {
        let mut words = script.split(' ');
        let mut command = scrubbed("bash");
        command
            .arg(self.scripts.join(words.next().expect("a script")))
            .args(words)
            .current_dir(self.scenario.path(clone))
            .env("PATH", path_with(&self.scenario.path("bin")))
            .env("HOME", self.scenario.path("home"))
            .env("GH_STATE", self.scenario.path("state"))
            .env("PLAN_MARKDOWN", self.scenario.path("plan.md"))
            .env("RESULT_MARKDOWN", self.scenario.path("result.md"))
            .env("VOUCHERIFY_ENDPOINT", self.scenario.sandbox().base_url())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(environment.iter().copied());
        self.scenario.finish(&mut command)
    }

    /// The credentials, as a job with secrets has them.
    fn secrets(&self) -> [(&'static str, String); 2] {
        let credentials = self.scenario.sandbox().credentials();
        [(CREDENTIALS[0], credentials.id.clone()), (CREDENTIALS[1], credentials.token.clone())]
    }

    fn step_with_secrets(&self, clone: &str, script: &str, environment: &[(&str, &str)]) -> Ended {
        let secrets = self.secrets();
        let mut all: Vec<_> = secrets.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend_from_slice(environment);
        self.step(clone, script, &all)
    }

    fn comment(&self) -> Ended {
        let environment =
            [("GH_TOKEN", "token-of-the-job"), ("GITHUB_REPOSITORY", "example/team"), ("PULL_REQUEST", "7")];
        let plan = self.scenario.path("plan.md").display().to_string();
        let environment: Vec<_> = environment.into_iter().chain([("MARKDOWN", plan.as_str())]).collect();
        self.step("work", "comment.sh plan", &environment)
    }

    fn state(&self, file: &str) -> Vec<Value> {
        serde_json::from_str(&self.scenario.read(&format!("state/{file}"))).expect("a list")
    }

    fn plan_id(&self) -> String {
        let plan: Value = serde_json::from_str(&self.scenario.read("plan.json")).expect("a saved plan");
        plan["plan_id"].as_str().expect("an id").to_owned()
    }

    fn plan_markdown(&self) -> String {
        self.scenario.read("plan.md")
    }

    /// Plans and applies what stands in a clone, and keeps the ledger, as the jobs after a merge do.
    fn apply(&self, clone: &str) {
        let plan = self.scenario.path("plan.json").display().to_string();
        let file = [("PLAN_FILE", plan.as_str())];
        self.step(clone, "ledger.sh fetch", &[]).ok();
        self.step_with_secrets(clone, "plan.sh", &file).ok();
        self.step_with_secrets(clone, "apply.sh", &file).ok();
        self.step(clone, "ledger.sh push", &[]).ok();
    }
}

/// What the pipelines call: the binary under test.
fn guestlist() -> String {
    format!("#!/usr/bin/env bash\nexec {BINARY} \"$@\"\n")
}

#[test]
fn the_comment_of_a_pull_request_is_updated_not_repeated() {
    let Some(pipeline) = Pipeline::github() else { return };
    let forged =
        "[{\"id\": 1, \"user\": {\"login\": \"mallory\"}, \"body\": \"<!-- guestlist -->\\nAll is well.\"}]";
    pipeline.scenario.write("state/comments.json", forged);
    pipeline.step("work", "ledger.sh fetch", &[]).ok();
    let base = [("BASE_REF", "main")];

    pipeline.step_with_secrets("work", "plan.sh", &base).ok();
    pipeline.comment().ok();
    let comment = |plan: String| json!({"id": 701, "user": {"login": "github-actions[bot]"}, "body": plan});
    let [forged]: [Value; 1] = serde_json::from_str(forged).expect("a comment");
    let first = pipeline.plan_markdown();
    assert_eq!(pipeline.state("comments.json"), [forged.clone(), comment(first.clone())]);
    pipeline.write("work", &format!("{ALEX}{SAM}"));
    pipeline.step_with_secrets("work", "plan.sh", &base).ok();
    pipeline.comment().ok();

    let second = pipeline.plan_markdown();
    assert_eq!((first.contains("sam@"), second.contains("sam@example.com")), (false, true), "{second}");
    assert_eq!(pipeline.state("comments.json"), [forged, comment(second)]);
    assert_eq!(pipeline.scenario.writes(), [""; 0]);
}

#[test]
fn a_public_repository_reads_pseudonyms() {
    let Some(pipeline) = Pipeline::github() else { return };
    pipeline.step("work", "ledger.sh fetch", &[]).ok();
    let environment = [("REDACT", "true"), ("BASE_REF", "main")];
    pipeline.step_with_secrets("work", "plan.sh", &environment).ok();
    let plan = pipeline.plan_markdown();
    assert!(plan.starts_with("<!-- guestlist -->\n"), "{plan}");
    for name in ["alex", "Alex", "Doe"] {
        assert!(!plan.contains(name), "{plan}");
    }
}

#[test]
fn a_team_file_with_errors_is_told_in_the_comment() {
    let Some(pipeline) = Pipeline::github() else { return };
    pipeline.step("work", "ledger.sh fetch", &[]).ok();
    pipeline.write("work", &ALEX.replace("loyalty", "shop"));
    let ended = pipeline.step_with_secrets("work", "plan.sh", &[("GITHUB_ACTIONS", "true")]);
    ended.assert(1, "", "\
::error file=team.yaml,line=6,col=76,title=unknown-project::unknown project `shop`%0Athe projects are `loyalty` and `storefront`
error[unknown-project]: unknown project `shop`
 --> team.yaml:6:76
  |
6 |   - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {shop: USER}}
  |                                                                            ^^^^
  |
help: the projects are `loyalty` and `storefront`

1 problem in team.yaml
");
    pipeline.comment().ok();
    let comments = pipeline.state("comments.json");
    assert_eq!(
        comments[0]["body"],
        "<!-- guestlist -->\n**The team file has errors:** 1.\n\n```text\nteam.yaml:6:76: unknown project `shop`\n  help: the projects are `loyalty` and `storefront`\n```\n"
    );
}

#[test]
fn what_was_planned_is_applied_and_recorded_on_a_branch_and_forks_plan_offline() {
    let Some(pipeline) = Pipeline::github() else { return };
    pipeline.apply("work");
    assert_eq!(pipeline.scenario.writes(), ["POST /management/v1/projects/users/invite"]);
    let files = pipeline.git("remote.git", "ls-tree -r --name-only guestlist-ledger");
    assert_eq!(files.lines().filter(|name| name.starts_with("runs/")).count(), 1, "{files}");
    assert!(files.contains("known.json") && !files.contains("lease.json"), "{files}");

    // The next pull request finds the ledger: nobody is invited twice. A fork has no credentials.
    pipeline.git(".", "clone --quiet --branch main remote.git fork");
    pipeline.write("fork", &format!("{ALEX}{SAM}"));
    pipeline.step("fork", "ledger.sh fetch", &[]).ok();
    pipeline.step("fork", "plan.sh", &[("BASE_REF", "main")]).ok();
    assert!(pipeline.plan_markdown().contains("sam@example.com"), "{}", pipeline.plan_markdown());
    assert_eq!(pipeline.scenario.calls().len(), 0, "an offline plan asks nobody");

    // Two jobs that keep their ledgers at once lose neither.
    pipeline.git(".", "clone --quiet --branch main remote.git slow");
    pipeline.step("slow", "ledger.sh fetch", &[]).ok();
    pipeline.scenario.write("slow/.guestlist/runs/slow.jsonl", "{}\n");
    pipeline.scenario.write("fork/.guestlist/runs/fork.jsonl", "{}\n");
    pipeline.step("fork", "ledger.sh push", &[]).ok();
    pipeline.step("slow", "ledger.sh push", &[]).ok();
    let files = pipeline.git("remote.git", "ls-tree -r --name-only guestlist-ledger");
    assert_eq!(files.lines().filter(|name| name.starts_with("runs/")).count(), 3, "{files}");
}

#[test]
fn a_ledger_that_cannot_be_fetched_is_not_taken_for_an_empty_one() {
    let Some(pipeline) = Pipeline::github() else { return };
    pipeline.git("work", "remote set-url origin ../gone.git");
    let ended = pipeline.step("work", "ledger.sh fetch", &[]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    let said = ended.stderr.lines().last();
    assert_eq!(said, Some("cannot check for the branch guestlist-ledger: git exited with 128"));
    assert!(!pipeline.scenario.path("work/.guestlist").exists());
}

#[test]
fn github_takes_no_command_from_the_output_of_an_apply() {
    let Some(pipeline) = Pipeline::github() else { return };
    let plan = pipeline.scenario.path("plan.json").display().to_string();
    pipeline.step("work", "ledger.sh fetch", &[]).ok();
    pipeline.step_with_secrets("work", "plan.sh", &[("PLAN_FILE", &plan)]).ok();
    let actions = [("PLAN_FILE", plan.as_str()), ("GITHUB_ACTIONS", "true")];
    let ended = pipeline.step_with_secrets("work", "apply.sh", &actions);
    let lines: Vec<_> = ended.ok().stdout.lines().collect();
    let token = lines[0].strip_prefix("::stop-commands::").expect("a token");
    assert_eq!(token.len(), 32);
    assert_eq!(lines[lines.len() - 1], format!("::{token}::"));
    Ended { stdout: ended.stdout.replace(token, "$TOKEN"), ..ended.clone() }.assert(
        0,
        "\
::stop-commands::$TOKEN
::$TOKEN::
",
        "\
Applying saved plan $DIGEST
invited alex@example.com: loyalty USER
Applied 1 of 1 change (1 invited).
",
    );
}

#[test]
fn a_ledger_in_a_bucket_needs_no_branch() {
    let Some(bucket) = bucket() else { return };
    let Some(pipeline) = Pipeline::github() else { return };
    let plan = pipeline.scenario.path("plan.json").display().to_string();
    let variables = bucket.variables();
    let mut environment: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    environment.extend([("LEDGER", bucket.url.as_str()), ("PLAN_FILE", plan.as_str())]);
    pipeline.step("work", "ledger.sh fetch", &environment).ok();
    pipeline.step_with_secrets("work", "doctor.sh", &environment).ok();
    pipeline.step_with_secrets("work", "plan.sh", &environment).ok();
    pipeline.step_with_secrets("work", "apply.sh", &environment).ok();
    pipeline.step("work", "ledger.sh push", &environment).ok();
    assert_eq!(pipeline.scenario.writes(), ["POST /management/v1/projects/users/invite"]);

    // A pull request, without keys of the service: its plan is from the reading in the bucket.
    pipeline.git(".", "clone --quiet --branch main remote.git review");
    pipeline.write("review", &format!("{ALEX}{SAM}"));
    environment.push(("BASE_REF", "main"));
    pipeline.step("review", "plan.sh", &environment).ok();
    let markdown = pipeline.plan_markdown();
    assert!(
        markdown.contains("sam@example.com") && markdown.contains("; offline, snapshot from "),
        "{markdown}"
    );
    assert_eq!(pipeline.scenario.calls().len(), 0);
    assert!(!pipeline.scenario.path("work/.guestlist").exists());
    assert!(!pipeline.scenario.path("remote.git/refs/heads/guestlist-ledger").exists());
}

/// What a blocked plan says is true: the pipeline has an input by that name, which the plan takes.
fn a_blocked_plan_is_let_through_by_the_input_it_names(pipeline: &Pipeline) {
    let people: String =
        (1..=6).map(|n| ALEX.replace("alex", &format!("p{n}")).replace("USER", "ADMIN")).collect();
    pipeline.write("work", &people);
    let plan = pipeline.scenario.path("plan.json").display().to_string();
    let file = ("PLAN_FILE", plan.as_str());
    pipeline.step("work", "ledger.sh fetch", &[]).ok();
    pipeline.step_with_secrets("work", "plan.sh", &[file]).assert_status(1);
    let said = "run the pipeline on the default branch with `allow_new_admins: 6` and this plan's id, or pass --allow-new-admins 6";
    // The block is folded at its width.
    let markdown = pipeline.plan_markdown().replace("\n> ", " ");
    assert!(markdown.contains(said), "{markdown}");
    pipeline.step_with_secrets("work", "apply.sh", &[file]).assert_status(1);
    assert_eq!(pipeline.scenario.writes(), [""; 0]);

    let id = pipeline.plan_id();
    let id = ("PLAN_ID", id.as_str());
    pipeline.step_with_secrets("work", "plan.sh", &[file, id, ("ALLOW_NEW_ADMINS", "5")]).assert_status(1);
    pipeline.step_with_secrets("work", "plan.sh", &[file, ("ALLOW_NEW_ADMINS", "6")]).assert_status(1);
    pipeline.step_with_secrets("work", "plan.sh", &[file, id, ("ALLOW_NEW_ADMINS", "6")]).ok();
    pipeline.step_with_secrets("work", "apply.sh", &[file]).ok();
    assert_eq!(pipeline.scenario.writes().len(), 6);

    // Everyone accepts and is demoted again: six removals where one is allowed.
    for n in 1..=6 {
        let email = format!("p{n}@example.com");
        assert!(pipeline.scenario.organization(|organization| organization.accept(&email)));
    }
    pipeline.write("work", &people.replace("ADMIN", "USER"));
    pipeline.step_with_secrets("work", "plan.sh", &[file]).assert_status(1);
    let markdown = pipeline.plan_markdown().replace("\n> ", " ");
    assert!(
        markdown.contains("run the pipeline on the default branch with `allow_removals: 6`"),
        "{markdown}"
    );
    pipeline.step_with_secrets("work", "plan.sh", &[file, id, ("ALLOW_REMOVALS", "6")]).assert_status(1);
    assert!(
        pipeline.plan_markdown().contains("not the one that was reviewed"),
        "{}",
        pipeline.plan_markdown()
    );
    // The plan that was refused is not there to be applied.
    assert!(!pipeline.scenario.path("plan.json").exists());
    pipeline.step_with_secrets("work", "plan.sh", &[file]).assert_status(1);
    let id = pipeline.plan_id();
    let id = ("PLAN_ID", id.as_str());
    pipeline.step_with_secrets("work", "plan.sh", &[file, id, ("ALLOW_REMOVALS", "6")]).ok();
    pipeline.step_with_secrets("work", "apply.sh", &[file]).ok();
    assert_eq!(pipeline.scenario.writes().len(), 6);
}

#[test]
fn github_lets_a_blocked_plan_through_by_the_input_it_names() {
    let Some(pipeline) = Pipeline::github() else { return };
    a_blocked_plan_is_let_through_by_the_input_it_names(&pipeline);
    let workflow = yaml("github/.github/workflows/guestlist.yml");
    let inputs = &workflow["on"]["workflow_dispatch"]["inputs"];
    let steps = workflow["jobs"]["plan"]["steps"].as_array().expect("steps");
    let plan = steps.iter().find(|step| step["name"] == "Plan").expect("the step");
    for (input, variable) in INPUTS {
        assert_eq!(inputs[input]["type"], "string");
        assert_eq!(plan["env"][variable], format!("${{{{ inputs.{input} }}}}"));
    }
}

#[test]
fn gitlab_lets_a_blocked_plan_through_by_the_variable_it_names() {
    let Some(pipeline) = Pipeline::gitlab() else { return };
    a_blocked_plan_is_let_through_by_the_input_it_names(&pipeline);
    let pipeline = yaml("gitlab/.gitlab-ci.yml");
    for (input, variable) in INPUTS {
        assert_eq!(pipeline["variables"][input]["value"], "");
        assert_eq!(pipeline["plan"]["variables"][variable], format!("${input}"));
    }
    for job in ["plan", "apply"] {
        let rules = pipeline[job]["rules"].as_array().expect("rules");
        let is_by_hand = |rule: &&Value| rule["if"].as_str().is_some_and(|rule| rule.contains("\"web\""));
        assert_eq!(rules.iter().filter(is_by_hand).count(), 1, "{job}");
    }
}

/// The inputs of both pipelines, and the variables that plan.sh reads.
const INPUTS: [(&str, &str); 3] =
    [("plan_id", "PLAN_ID"), ("allow_removals", "ALLOW_REMOVALS"), ("allow_new_admins", "ALLOW_NEW_ADMINS")];

#[test]
fn one_issue_tells_of_drift() {
    let Some(pipeline) = Pipeline::github() else { return };
    let environment = [("GH_TOKEN", "token-of-the-job"), ("GH_REPO", "example/team")];
    drift(&pipeline, &environment);
}

#[test]
fn gitlab_has_one_note_and_one_issue() {
    let Some(pipeline) = Pipeline::gitlab() else { return };
    let environment = [
        ("CI_API_V4_URL", "http://gitlab.example/api/v4"),
        ("CI_PROJECT_ID", "3"),
        ("CI_MERGE_REQUEST_IID", "5"),
        ("GUESTLIST_GITLAB_TOKEN", "token-of-the-job"),
    ];
    let forged = json!({"id": 1, "user": {"login": "mallory"}, "body": "<!-- guestlist -->"});
    // The note is found behind many others.
    pipeline.scenario.write("state/comments.json", &Value::from(vec![forged; 120]).to_string());
    pipeline.step("work", "ledger.sh fetch", &[]).ok();
    pipeline.step_with_secrets("work", "plan.sh", &[("BASE_REF", "main")]).ok();
    pipeline.step("work", "note.sh plan", &environment).ok();
    pipeline.write("work", &format!("{ALEX}{SAM}"));
    pipeline.step_with_secrets("work", "plan.sh", &[("BASE_REF", "main")]).ok();
    pipeline.step("work", "note.sh plan", &environment).ok();
    let plan = pipeline.plan_markdown();
    assert!(plan.contains("sam@example.com"), "{plan}");
    let bodies: Vec<_> = pipeline.state("comments.json").iter().map(|note| note["body"].clone()).collect();
    assert_eq!(bodies[119..], ["<!-- guestlist -->", &plan]);
    let calls = pipeline.scenario.read("state/calls");
    assert!(!calls.contains("token-of-the-job"), "the token is among the arguments: {calls}");
    drift(&pipeline, &environment);
}

/// No issue where all is as it should be; one where it is not, kept up to date, and closed in the end.
fn drift(pipeline: &Pipeline, environment: &[(&str, &str)]) {
    // Whether each issue is open, what it says, and its comments.
    let issues = || -> Vec<(bool, String, Vec<String>)> {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let comments = |issue: &Value| issue["notes"].as_array().into_iter().flatten().map(text).collect();
        let issues = pipeline.state("issues.json");
        issues.iter().map(|issue| (issue["open"] == true, text(&issue["body"]), comments(issue))).collect()
    };
    let look = || pipeline.step_with_secrets("scheduled", "drift.sh", environment);
    let clone = "drifting";
    pipeline.git(".", &format!("clone --quiet --branch main remote.git {clone}"));
    pipeline.apply(clone);
    pipeline.git(".", "clone --quiet --branch main remote.git scheduled");
    pipeline.step("scheduled", "ledger.sh fetch", &[]).ok();
    pipeline.write("scheduled", ALEX);
    look().ok();
    assert_eq!(issues(), []);

    // The same drift is said once, however often it is seen.
    pipeline.write("scheduled", &format!("{ALEX}{SAM}"));
    look().ok();
    let missing_sam = pipeline.plan_markdown();
    assert!(missing_sam.contains("sam@example.com"), "{missing_sam}");
    look().ok();
    look().ok();
    assert_eq!(issues(), [(true, missing_sam, vec![])]);

    // An ADMIN made by hand changes nothing in the plan, and is no reason to close the issue.
    pipeline.write("scheduled", ALEX);
    let access = [("proj_9KeAhZB1".to_owned(), "ADMIN".to_owned())];
    pipeline.scenario.organization(|it| assert!(it.add_member("by.hand@example.com", "By", "Hand", access)));
    look().ok();
    let made_by_hand = pipeline.plan_markdown();
    assert!(made_by_hand.contains("by.hand@example.com"), "{made_by_hand}");
    let changed = "The drift has changed; the description is up to date.".to_owned();
    look().ok();
    assert_eq!(issues(), [(true, made_by_hand.clone(), vec![changed.clone()])]);

    assert!(pipeline.scenario.organization(|it| it.delete_user("by.hand@example.com")));
    look().ok();
    let [(false, said, comments)] = &issues()[..] else { panic!("{:?}", issues()) };
    assert_eq!((said, &comments[0]), (&made_by_hand, &changed));
    assert!(comments.len() == 2 && comments[1].starts_with("No drift: "), "{comments:?}");
    let closed = issues();

    // Where there is no plan at all, the job fails and says nothing of drift.
    let ended = pipeline.step("scheduled", "drift.sh", environment);
    assert_eq!(ended.status, Some(1));
    assert_eq!(issues(), closed);

    // The ledger says what was found outside Git, and since when everything is in place.
    pipeline.step("scheduled", "ledger.sh push Drift", &[]).ok();
    let history = pipeline.git("scheduled/.guestlist", "log --format=%s");
    assert!(history.starts_with("Drift\n"), "{history}");
}

#[test]
fn both_examples_share_their_scripts() {
    for script in [
        "apply.sh",
        "doctor.sh",
        "fenced.jq",
        "git.sh",
        "install.sh",
        "ledger.sh",
        "plan.sh",
        "result.jq",
        "source.env",
    ] {
        let read = |folder: &str| fs::read_to_string(examples().join(folder).join(script)).expect("a script");
        assert_eq!(read(GITHUB), read(GITLAB), "{script}");
    }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn yaml(path: &str) -> Value {
    serde_yaml::from_str(&fs::read_to_string(examples().join(path)).expect("a file")).expect("YAML")
}

#[test]
fn workflows_run_scripts_alone_and_name_what_these_read() {
    let folder = "github/.github/";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/github");
    for workflow in ["guestlist.yml", "guestlist-drift.yml"] {
        let workflow = yaml(&format!("{folder}workflows/{workflow}"));
        assert_eq!(workflow["permissions"], Value::Object(serde_json::Map::new()));
        for (name, job) in workflow["jobs"].as_object().expect("jobs") {
            for step in job["steps"].as_array().expect("steps") {
                if let Some(uses) = step["uses"].as_str() {
                    let pinned = uses.rsplit_once('@').is_some_and(|(_, at)| at.len() == 40);
                    assert!(pinned || uses == "./.github/actions/guestlist", "{name}: {uses}");
                    continue;
                }
                let run = step["run"].as_str().expect("a script");
                if run == "echo \"Approved.\"" {
                    continue;
                }
                let script = root.join(run.split(' ').next().expect("a path"));
                let text = fs::read_to_string(&script).unwrap_or_else(|_| panic!("{run} is not there"));
                for line in text.lines().filter_map(|line| line.strip_prefix("#   ")) {
                    let required = line.split("  ").next().expect("a name");
                    let given = step["env"].get(required).is_some() || required.starts_with("GITHUB_");
                    let optional = line.contains("(optional)") || required == "TEAM_FILE";
                    assert!(given || optional, "{name}: {run} is not given {required}");
                }
            }
        }
    }
}

/// Runs the container of a cron job, with the credentials if it has them.
fn run_cron_job(scenario: &Scenario, file: &str) -> Ended {
    let job = yaml(&format!("kubernetes/{file}"));
    let container = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    let ledger = scenario.path("ledger").display().to_string();
    let args: Vec<String> = container["args"]
        .as_array()
        .expect("arguments")
        .iter()
        .map(|arg| arg.as_str().expect("text").replace("/ledger", &ledger))
        .collect();
    let mut command = scenario.command(&args);
    for variable in CREDENTIALS {
        command.env_remove(variable);
    }
    for variable in container["env"].as_array().into_iter().flatten() {
        let file = variable["value"].as_str().expect("a path").trim_start_matches("/credentials/");
        command.env(variable["name"].as_str().expect("a name"), scenario.path(file));
    }
    scenario.finish(&mut command)
}

#[test]
fn what_the_cron_jobs_run_works() {
    let scenario = Scenario::new();
    let credentials = scenario.sandbox().credentials();
    scenario.write("id", &credentials.id);
    scenario.write("token", &credentials.token);
    // A ConfigMap is mounted as links to links.
    for file in ["team.yaml", "people/support.yaml"] {
        let text = fs::read_to_string(examples().join("kubernetes").join(file)).expect("the example");
        scenario.write(&format!("..2026_11_28/{file}"), &text);
    }
    for (link, target) in
        [("..data", "..2026_11_28"), ("team.yaml", "..data/team.yaml"), ("people", "..data/people")]
    {
        std::os::unix::fs::symlink(target, scenario.path(link)).expect("a link");
    }

    // The check fails until a run has found everything in place.
    run_cron_job(&scenario, "check.yaml").assert_status(1);
    run_cron_job(&scenario, "cronjob.yaml").ok();
    assert_eq!(scenario.writes(), ["POST /management/v1/projects/users/invite"]);
    assert!(scenario.path("ledger/known.json").exists());
    run_cron_job(&scenario, "check.yaml").assert_status(1);
    run_cron_job(&scenario, "cronjob.yaml").ok();
    assert_eq!(scenario.writes(), [""; 0]);
    run_cron_job(&scenario, "check.yaml").ok();
}
