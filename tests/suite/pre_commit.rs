//! The hooks of `.pre-commit-hooks.yaml`, run by pre-commit itself from a tag.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::programs::{BINARY, are_installed, path_with, scrubbed, tool};
use crate::scenario::{Ended, HEAD, Scenario};

const ALEX: &str =
    "people:\n  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {loyalty: USER}}\n";

fn git(scenario: &Scenario, args: &str) {
    let mut git = scrubbed("git");
    git.args(["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]);
    let status = git.args(args.split(' ')).current_dir(scenario.path(".")).status().expect("git");
    assert!(status.success(), "git {args}");
}

fn executable(scenario: &Scenario, name: &str, text: &str) {
    scenario.write(name, text);
    fs::set_permissions(scenario.path(name), fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// A valid team file passes a hook and one with an error does not. `PATH` starts with the folder `bin`.
fn checks_the_team_file(hook: &str, program: (&str, &str)) {
    let Some(pre_commit) = tool("pre-commit") else { return };
    if !are_installed(&["bash", "git"]) {
        return;
    }
    let scenario = Scenario::new().team(&format!("{HEAD}{ALEX}"));
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    scenario.write("tool/.pre-commit-hooks.yaml", &fs::read_to_string(hooks).expect("the hooks"));
    executable(&scenario, &format!("bin/{}", program.0), program.1);
    git(&scenario, "init --quiet tool");
    git(&scenario, "-C tool add .");
    git(&scenario, "-C tool commit --quiet --message Release");
    git(&scenario, "-C tool tag v0.1.0");
    let repository = scenario.path("tool");
    scenario.write(
        ".pre-commit-config.yaml",
        &format!("repos:\n- repo: {}\n  rev: v0.1.0\n  hooks: [{{id: {hook}}}]\n", repository.display()),
    );
    git(&scenario, "init --quiet .");
    git(&scenario, "add team.yaml .pre-commit-config.yaml");

    let run = || -> Ended {
        let mut command = scrubbed(&pre_commit);
        command
            .args(["run", "--all-files", "--color", "never"])
            .current_dir(scenario.path("."))
            .env("PATH", path_with(&scenario.path("bin")))
            .env("HOME", scenario.path("home"))
            .env("PRE_COMMIT_HOME", scenario.path("cache"));
        scenario.finish(&mut command)
    };
    let passed = run();
    assert!(passed.ok().stdout.ends_with("Passed\n"), "{}", passed.stdout);
    scenario.write("team.yaml", &format!("{HEAD}{ALEX}").replace("loyalty: USER", "shop: USER"));
    let failed = run();
    assert_eq!(failed.status, Some(1), "{}", failed.stderr);
    assert!(failed.stdout.contains("error[unknown-project]: unknown project `shop`"), "{}", failed.stdout);
}

#[test]
fn the_installed_binary_checks_the_team_file() {
    let text = format!("#!/usr/bin/env bash\nexec {BINARY} \"$@\"\n");
    checks_the_team_file("guestlist-validate", ("guestlist", &text));
}

/// Only the build is not real: a stand-in for Cargo installs the binary under test.
#[test]
fn a_build_of_the_tag_checks_the_team_file() {
    let text = format!(
        "#!/usr/bin/env bash\n[[ $1 != --version ]] || exit 0\n[[ \"$1 $2 $3 $5 $6\" == 'install --bins --root --path .' && $# == 6 ]] || exit 1\n\
         mkdir -p \"$4/bin\" && ln -s {BINARY} \"$4/bin/guestlist\"\n"
    );
    checks_the_team_file("guestlist-validate-build", ("cargo", &text));
}
