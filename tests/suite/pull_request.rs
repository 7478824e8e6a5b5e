//! `guestlist plan` for reviewers: against a base, as a comment, and without names.

use guestlist::sandbox::Behaviour;
use serde_json::{Value, json};

use crate::scenario::{HEAD, Scenario};

const ALEX: &str =
    "  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {storefront: USER}}\n";
const KIM: &str =
    "  - {email: kim@example.com, first_name: Kim, last_name: Ray, projects: {loyalty: VIEWER}}\n";
const NEW: &str =
    "  - {email: new@example.com, first_name: Nel, last_name: Poe, projects: {loyalty: ADMIN}}\n";

/// Alex accepted and was made ADMIN by hand; Kim is in the base and was never invited; the pull request
/// brings another.
fn scenario() -> Scenario {
    let scenario = Scenario::new().team(&format!("{HEAD}people:\n{ALEX}"));
    scenario.run("apply --yes").ok();
    scenario.organization(|organization| {
        assert!(organization.accept("alex@example.com"));
        let alex = organization.person("alex@example.com").map(|person| person.id.clone());
        let by_hand = json!({"role": "ADMIN"});
        organization
            .change_role("proj_9KeAhZB1", &alex.expect("Alex"), &by_hand, Behaviour::default())
            .expect("a change by hand");
    });
    scenario.write("base.yaml", &format!("{HEAD}people:\n{ALEX}{KIM}"));
    scenario.write("team.yaml", &format!("{HEAD}people:\n{ALEX}{KIM}{NEW}"));
    scenario.calls();
    scenario
}

#[test]
fn each_change_is_told_apart_by_where_it_comes_from() {
    let scenario = scenario();
    scenario.run("plan --base base.yaml").assert(
        0,
        "\
Plan for $ENDPOINT on $TODAY
members read live at $TIME UTC

Taken away (1)
  - alex@example.com   storefront ADMIN → USER [manual]

Becomes ADMIN (1)
  ! new@example.com    loyalty (by invitation) [pull request]

Invited (2)
  + kim@example.com    loyalty VIEWER  (Kim Ray) [drift]
  + new@example.com    loyalty ADMIN  (Nel Poe) [pull request]

Left alone (1)
  · owner@example.com  an owner whom the file does not list; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan: 2 to invite, 0 to assign, 1 to change, 0 to unassign: 3 calls, less than a second.
Against the base: 1 from this pull request, 1 there before (drift), 1 made by hand against it (manual).
Plan id: $DIGEST
",
        "",
    );
    let origins = |args: &str| {
        let document: Value = serde_json::from_str(&scenario.run(args).ok().stdout).expect("JSON");
        let changes = document["changes"].as_array().expect("changes").clone();
        changes.iter().map(|change| [change["email"].clone(), change["origin"].clone()]).collect::<Vec<_>>()
    };
    assert_eq!(
        origins("plan --format json --base base.yaml"),
        [
            [json!("kim@example.com"), json!("drift")],
            [json!("new@example.com"), json!("pull_request")],
            [json!("alex@example.com"), json!("manual")],
        ]
    );
    assert!(origins("plan --format json").iter().all(|[_, origin]| origin.is_null()));
    let diff = scenario.run("plan --format diff --base base.yaml").ok().stdout.clone();
    assert!(
        diff.starts_with(
            "\
# taken away: alex@example.com: storefront ADMIN → USER [manual]
# becomes ADMIN: new@example.com: loyalty (by invitation) [pull request]
# drift: invite kim@example.com: loyalty VIEWER
# manual: change alex@example.com: storefront ADMIN → USER
# against the base: 1 from this pull request, 1 there before (drift), 1 made by hand against it (manual).
--- known
"
        ),
        "{diff}"
    );
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn a_base_that_is_wrong_is_reported_like_any_team_file() {
    let scenario = scenario();
    scenario.write("base.yaml", &format!("{HEAD}people:\n  - {{email: alex}}\n"));
    let ended = scenario.run("plan --base base.yaml");
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains(" --> base.yaml:5:13"), "{}", ended.stderr);
    assert_eq!(scenario.calls().len(), 0);
}

#[test]
fn a_comment_opens_with_what_must_not_be_missed() {
    let scenario = scenario();
    scenario.run("plan --format markdown --base base.yaml").assert(
        0,
        "\
<!-- guestlist -->
### guestlist: 3 changes

**Taken away (1)**

```diff
- alex@example.com   storefront ADMIN → USER [manual]
```

**Becomes ADMIN (1)**

```diff
! new@example.com    loyalty (by invitation) [pull request]
```

**Invited (2)**

```diff
+ kim@example.com    loyalty VIEWER  (Kim Ray) [drift]
+ new@example.com    loyalty ADMIN  (Nel Poe) [pull request]
```

<details><summary>1 note, nothing to apply</summary>

```text
Left alone (1)
  owner@example.com  an owner whom the file does not list; owners are never changed (loyalty ADMIN,
                     storefront ADMIN)
```

</details>

**2 to invite, 0 to assign, 1 to change, 0 to unassign: 3 calls, less than a second.**

Against the base: 1 from this pull request, 1 there before (drift), 1 made by hand against it (manual).

For ` $ENDPOINT ` on $TODAY; members read live at $TIME UTC. Plan id: ` $DIGEST `
",
        "",
    );
}

#[test]
fn a_refusal_stands_at_the_top_of_a_comment() {
    let scenario = scenario();
    scenario.write("team.yaml", &format!("{HEAD}people:\n{ALEX}policy: {{keep_admins: 2}}\n"));
    let ended = scenario.run("plan --format markdown");
    assert_eq!(ended.status, Some(1));
    assert!(
        ended.stdout.starts_with(
            "\
<!-- guestlist -->
### guestlist: refused

> [!CAUTION]
> **A guard refuses this plan. Nothing of it will be applied.**
>
> ```text
> × storefront would be left with 1 ADMIN and `keep_admins: 2` asks for more: alex@example.com would
> lose ADMIN there; give it to somebody else first
> ```

**Taken away (1)**
"
        ),
        "{}",
        ended.stdout
    );
}

#[test]
fn redacted_plans_name_nobody_and_keep_their_id() {
    let scenario = scenario();
    let plan_id = |text: &str| {
        let document: Value = serde_json::from_str(text).expect("JSON");
        document["plan_id"].clone()
    };
    for format in ["text", "diff", "markdown", "json"] {
        let ended = scenario.run(&format!("plan --redact --base base.yaml --format {format}"));
        let text = ended.ok().stdout.replace("@@", "");
        for name in ["alex", "Alex", "kim", "Kim", "Ray", "new@", "Nel", "Poe", "owner@", "@"] {
            assert!(!text.contains(name), "{name} in {text}");
        }
        assert!(text.contains("person-"), "{text}");
    }
    let command = |args: &[&str]| {
        let output = scenario.command(args).output().expect("the binary runs");
        plan_id(&String::from_utf8(output.stdout).expect("UTF-8"))
    };
    assert_eq!(command(&["plan", "--format", "json", "--redact"]), command(&["plan", "--format", "json"]));
}
