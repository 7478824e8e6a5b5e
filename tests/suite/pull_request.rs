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
1 invited · 1 becomes ADMIN · 1 loses ADMIN · 3 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

This pull request: 1 becomes ADMIN

Becomes ADMIN (1)
  ! new@example.com    loyalty ADMIN  (Nel Poe, by invitation)

Already different before it: 1 invited · 1 loses ADMIN
The next apply makes these changes as well.
1 person was changed outside Git: alex@example.com. Ask why before merging.

Loses ADMIN (1)
  - alex@example.com   storefront ADMIN → USER (reverts a change outside Git)

Invited (1)
  + kim@example.com    loyalty VIEWER  (Kim Ray)

Notes

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

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
    scenario.run("plan --format diff --base base.yaml").assert(
        0,
        "\
# 1 invited · 1 becomes ADMIN · 1 loses ADMIN · 3 calls, no wait for the rate limit
# This pull request: 1 becomes ADMIN
# Becomes ADMIN (1)
#   new@example.com: loyalty ADMIN  (Nel Poe, by invitation)
--- base
+++ desired
@@ -0,0 +1,2 @@
+new@example.com:
+  loyalty: ADMIN
# Already different before it: 1 invited · 1 loses ADMIN
# The next apply makes these changes as well.
# 1 person was changed outside Git: alex@example.com. Ask why before merging.
# Loses ADMIN (1)
#   alex@example.com: storefront ADMIN → USER (reverts a change outside Git)
--- known
+++ base
@@ -1,2 +1,4 @@
 alex@example.com:
-  storefront: ADMIN
+  storefront: USER
+kim@example.com:
+  loyalty: VIEWER
",
        "",
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
### guestlist: 1 invited · 1 becomes ADMIN · 1 loses ADMIN · 3 calls, no wait for the rate limit

### This pull request: 1 becomes ADMIN

**Becomes ADMIN (1)**

```diff
! new@example.com    loyalty ADMIN  (Nel Poe, by invitation)
```

### Already different before it: 1 invited · 1 loses ADMIN

The next apply makes these changes as well. 1 person was changed outside Git: `alex@example.com`. Ask why before merging.

**Loses ADMIN (1)**

```diff
- alex@example.com   storefront ADMIN → USER (reverts a change outside Git)
```

**Invited (1)**

```diff
+ kim@example.com    loyalty VIEWER  (Kim Ray)
```

### Notes

<details><summary>Not changed (1)</summary>

```text
owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN,
                   storefront ADMIN)
```

</details>

For `$ENDPOINT` on $TODAY; members read live at $TIME UTC. Plan id: `$DIGEST`
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
### guestlist: Blocked by 1 guard · 1 loses ADMIN · 1 call, no wait for the rate limit

> [!CAUTION]
> **Plan blocked by 1 guard; nothing will be applied.**
>
> ```text
> × storefront would be left with 1 ADMIN, and `keep_admins: 2` requires more; ADMIN would be
> lost by alex@example.com; make someone else ADMIN first
> ```

**Loses ADMIN (1)**
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

#[test]
fn the_policy_of_the_base_binds_and_its_changes_come_first() {
    let scenario = scenario();
    let base = "max_removals: 0, keep_admins: 2, protect: ['kim@example.com', '*@agency.example']";
    scenario.write("base.yaml", &format!("{HEAD}people:\n{ALEX}policy: {{{base}}}\n"));
    // The pull request loosens every guard and uses it.
    let head = "max_removals: 100%, max_new_admins: 300, keep_admins: 0";
    scenario.write("team.yaml", &format!("{HEAD}people:\n{ALEX}{KIM}policy: {{{head}}}\n"));
    scenario.run("plan --detailed-exitcode").assert_status(2);
    let ended = scenario.run("plan --base base.yaml --detailed-exitcode");
    ended.assert(
        1,
        "\
Blocked by 2 guards · 1 loses ADMIN · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Blocked: storefront would be left with 1 ADMIN, and `keep_admins: 2` requires more; ADMIN would be lost by alex@example.com; make someone else ADMIN first; the limit is the base's, which also applies to the pull request
Blocked: `max_removals: 0` blocks 1 removal out of 3 memberships in all (0 allowed) and 1 removal out of 2 members of storefront (0 allowed): alex@example.com; to allow this once, run the pipeline on the default branch with `allow_removals: 1` and this plan's id, or pass --allow-removals 1; the limit is the base's, which also applies to the pull request

Policy changes (4)
  ! max_removals: 0 → 100% (loosened)
  ! max_new_admins: 5 → 300 (loosened)
  ! keep_admins: 2 → 0 (loosened)
  ! protect: [kim@example.com, *@agency.example] → [] (loosened)

This pull request: no changes

Already different before it: 1 loses ADMIN
1 person was changed outside Git: alex@example.com. Ask why before merging.

Loses ADMIN (1)
  - alex@example.com   storefront ADMIN → USER (reverts a change outside Git)

Notes

Not changed (2)
  · kim@example.com    protected by `kim@example.com`; not invited
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
",
        "error: plan blocked by 2 guards; nothing will be applied\n",
    );
    let json: Value =
        serde_json::from_str(&scenario.run("plan --base base.yaml --format json").stdout).expect("JSON");
    assert_eq!(
        json["policy_changes"][0],
        json!({"key": "max_removals", "from": "0", "to": "100%", "loosened": true})
    );
    let markdown = scenario.run("plan --base base.yaml --format markdown").stdout;
    let at = |text: &str| markdown.find(text).unwrap_or_else(|| panic!("{text} in {markdown}"));
    assert!(at("**Policy changes (4)**") < at("**Loses ADMIN (1)**"), "{markdown}");
    // A saved plan of the pull request is judged by both policies as well.
    scenario.run("plan --base base.yaml --out plan.json").assert_status(1);
    scenario.run("apply --plan plan.json --yes").assert_status(1);
    assert_eq!(scenario.writes(), [""; 0]);
}
