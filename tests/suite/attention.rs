//! What asks a person to act: it comes first in every format, and `--detailed-exitcode` says so.

use std::fmt::Write as _;

use guestlist::plan::NoteKind;
use serde_json::{Value, json};

use crate::scenario::{Ended, HEAD, Scenario};

const ANA: &str =
    "  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: USER}}\n";

/// Ana is as the file says.
fn scenario(policy: &str) -> Scenario {
    Scenario::new()
        .team(&format!("{HEAD}people:\n{ANA}policy: {{{policy}}}\n"))
        .member("ana@example.com", &[("storefront", "USER")])
}

fn plan(scenario: &Scenario) -> Value {
    let ended = scenario.run("plan --format json --detailed-exitcode");
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(2), ""), "{}", ended.stdout);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

/// The notes that need attention, and that they come first.
#[track_caller]
fn attention(plan: &Value) -> Vec<(NoteKind, String, String)> {
    let notes = plan["notes"].as_array().expect("notes");
    let (asking, rest): (Vec<_>, Vec<_>) = notes.iter().partition(|note| note["attention"] == json!(true));
    assert!(notes.starts_with(&asking.iter().map(|note| (*note).clone()).collect::<Vec<_>>()), "{notes:?}");
    assert!(rest.iter().all(|note| note["attention"] == json!(false)), "{notes:?}");
    assert_eq!(plan["summary"]["attention"], json!(asking.len()));
    let text = |note: &Value, key: &str| note[key].as_str().unwrap_or_default().to_owned();
    let kind = |note: &Value| serde_json::from_value(note["kind"].clone()).expect("a kind");
    asking.into_iter().map(|note| (kind(note), text(note, "email"), text(note, "text"))).collect()
}

#[test]
fn an_admin_outside_the_file_needs_attention_in_every_format() {
    for prune in ["none", "roles"] {
        let scenario = scenario(&format!("prune: {prune}"))
            .member("by.hand@example.com", &[("storefront", "ADMIN"), ("loyalty", "USER")])
            .member("other@example.com", &[("loyalty", "USER")]);
        let sentence = format!("not in the file (loyalty USER, storefront ADMIN); kept by `prune: {prune}`");
        assert_eq!(
            attention(&plan(&scenario)),
            [(NoteKind::Unlisted, "by.hand@example.com".to_owned(), sentence.clone())]
        );
        scenario.run("plan --detailed-exitcode").assert(
            2,
            &format!(
                "\
No changes · 1 needs attention
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Needs attention (1)
  ! by.hand@example.com  {sentence}

Not changed (2)
  · other@example.com    not in the file (loyalty USER); kept by `prune: {prune}`
  · owner@example.com    owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
"
            ),
            "",
        );
        let diff = scenario.run("plan --format diff --detailed-exitcode");
        assert_eq!(
            diff.stdout,
            format!(
                "# No changes · 1 needs attention\n# Needs attention (1)\n#   by.hand@example.com: {sentence}\n"
            )
        );
        let markdown = scenario.run("plan --format markdown --detailed-exitcode");
        assert_eq!(diff.status, Some(2));
        let markdown = Ended { stdout: markdown.stdout.replace(&sentence, "$SENTENCE"), ..markdown };
        let markdown =
            Ended { stdout: markdown.stdout.replace(&format!("`prune: {prune}`"), "$PRUNE"), ..markdown };
        markdown.assert(
            2,
            "\
<!-- guestlist -->
### guestlist: No changes · 1 needs attention

**Needs attention (1)**

```text
by.hand@example.com  $SENTENCE
```

<details><summary>Not changed (2)</summary>

```text
other@example.com    not in the file (loyalty USER); kept by $PRUNE
owner@example.com    owner, not in the file; owners are never changed (loyalty ADMIN,
                     storefront ADMIN)
```

</details>

For `$ENDPOINT` on $TODAY; members read live at $TIME UTC. Plan id: `$DIGEST`
",
            "",
        );
    }
}

#[test]
fn every_kind_of_attention_gives_exit_2_and_a_clean_plan_exit_0() {
    let clean = scenario("");
    clean.run("plan --detailed-exitcode").ok();

    // Invited and then taken out of the file.
    let gone = scenario("");
    gone.write("team.yaml", &format!("{HEAD}people:\n{ANA}  - {{email: ben@example.com, first_name: B, last_name: E, projects: {{loyalty: ADMIN}}}}\n"));
    gone.run("apply --yes").ok();
    gone.write("team.yaml", &format!("{HEAD}people:\n{ANA}"));
    let ben = "ben@example.com".to_owned();
    let text = "invited today, not in the file (loyalty ADMIN); cancel it in Team settings".to_owned();
    assert_eq!(attention(&plan(&gone)), [(NoteKind::CannotCancel, ben.clone(), text)]);

    // Lowered in the file: on acceptance they would be ADMIN until the next apply.
    gone.write("team.yaml", &format!("{HEAD}people:\n{ANA}  - {{email: ben@example.com, first_name: B, last_name: E, projects: {{loyalty: USER}}}}\n"));
    let text = "invited today with more than the file gives (loyalty ADMIN); cancel it in Team settings";
    assert_eq!(attention(&plan(&gone)), [(NoteKind::ExcessInvitation, ben, text.to_owned())]);

    // Someone the API cannot remove.
    let last =
        scenario("prune: people, max_removals: 100%").member("zoe@example.com", &[("loyalty", "VIEWER")]);
    let text = "keeps VIEWER in loyalty: the API cannot remove a user's last project; delete the user in Team settings";
    assert_eq!(
        attention(&plan(&last)),
        [(NoteKind::LastProject, "zoe@example.com".to_owned(), text.to_owned())]
    );
    assert!(last.organization(|organization| organization.delete_user("zoe@example.com")));
    last.run("plan --detailed-exitcode").ok();
}

#[test]
fn the_same_drift_has_the_same_id_on_every_day() {
    let scenario = scenario("").member("by.hand@example.com", &[("storefront", "ADMIN")]);
    let tomorrow = jiff::Zoned::now().date().tomorrow().expect("a day").tomorrow().expect("a day");
    let ids = |args: &str| {
        let args: Vec<_> = "plan --format json".split(' ').chain(args.split_whitespace()).collect();
        let output = scenario.command(&args).output().expect("the binary runs");
        let plan: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (plan["plan_id"].clone(), plan["drift_id"].clone())
    };
    let (today, later) = (ids(""), ids(&format!("--at {tomorrow}")));
    assert_eq!(today.1, later.1);
    assert_ne!(today.0, later.0);
    scenario.organization(|it| {
        assert!(it.add_member(
            "more@example.com",
            "M",
            "O",
            [("proj_npnFzPr9".to_owned(), "ADMIN".to_owned())]
        ));
    });
    assert_ne!(ids("").1, today.1);
}

#[test]
fn a_day_that_has_passed_is_refused() {
    let scenario = scenario("");
    let ended = scenario.run("plan --at 2020-01-31");
    ended.assert(1, "", "error: --at 2020-01-31 is in the past; today is $TODAY (UTC)\n");
    assert_eq!(scenario.calls().len(), 0);
}

#[test]
fn many_who_become_admin_are_blocked_and_let_through_by_their_exact_number_alone() {
    let mut people = String::new();
    for n in 1..=6 {
        let person = format!("email: p{n}@example.com, first_name: P, last_name: N, groups: [everyone]");
        let _ = writeln!(people, "  - {{{person}}}");
    }
    let scenario = Scenario::new().team(&format!(
        "{HEAD}groups: {{everyone: {{storefront: ADMIN, loyalty: USER}}}}\npeople:\n{people}"
    ));
    let blocked = scenario.run("apply --yes");
    blocked.assert(1, "\
Blocked by 1 guard · 6 become ADMIN · 6 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Blocked: 6 people become ADMIN, and `max_new_admins: 5` allows 5: p1@example.com, p2@example.com, p3@example.com, p4@example.com, p5@example.com and p6@example.com; to allow this once, run the pipeline on the default branch with `allow_new_admins: 6` and this plan's id, or pass --allow-new-admins 6

Becomes ADMIN (6)
  ! p1@example.com     loyalty USER, storefront ADMIN  (P N, by invitation)
  ! p2@example.com     loyalty USER, storefront ADMIN  (P N, by invitation)
  ! p3@example.com     loyalty USER, storefront ADMIN  (P N, by invitation)
  ! p4@example.com     loyalty USER, storefront ADMIN  (P N, by invitation)
  ! p5@example.com     loyalty USER, storefront ADMIN  (P N, by invitation)
  ! p6@example.com     loyalty USER, storefront ADMIN  (P N, by invitation)

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
", "error: plan blocked by 1 guard; nothing will be applied\n");
    let (way_out, blocked_by) = (
        "to allow this once, run the pipeline on the default branch with `allow_new_admins: 6` and this plan's id, or pass --allow-new-admins 6",
        &blocked.stderr,
    );
    for number in [5, 7] {
        let why = format!("--allow-new-admins {number} does not match: the number is 6");
        let expected = blocked.stdout.replace(way_out, &why);
        scenario.run(&format!("apply --yes --allow-new-admins {number}")).assert(1, &expected, blocked_by);
    }
    assert_eq!(scenario.writes(), [""; 0]);
    // Five at a time need no flag; the saved plan of six keeps what was allowed.
    scenario.run("plan --allow-new-admins 6 --out plan.json").ok();
    scenario.run("apply --plan plan.json --yes").ok();
    assert_eq!(scenario.writes().len(), 6);
}

#[test]
fn unlisted_members_are_folded_into_a_count_but_no_admin_is() {
    let mut scenario = scenario("");
    for n in 10..40 {
        scenario = scenario.member(&format!("m{n}@example.com"), &[("loyalty", "USER")]);
    }
    scenario = scenario.member("zz.admin@example.com", &[("loyalty", "ADMIN")]);
    scenario.run("plan").assert(
        0,
        "\
No changes · 1 needs attention
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Needs attention (1)
  ! zz.admin@example.com  not in the file (loyalty ADMIN); kept by `prune: none`

Not changed (31)
  · m10@example.com       not in the file (loyalty USER); kept by `prune: none`
  · m11@example.com       not in the file (loyalty USER); kept by `prune: none`
  · m12@example.com       not in the file (loyalty USER); kept by `prune: none`
  · m13@example.com       not in the file (loyalty USER); kept by `prune: none`
  · m14@example.com       not in the file (loyalty USER); kept by `prune: none`
  · m15@example.com       not in the file (loyalty USER); kept by `prune: none`
  · m16@example.com       not in the file (loyalty USER); kept by `prune: none`
  · m17@example.com       not in the file (loyalty USER); kept by `prune: none`
  · m18@example.com       not in the file (loyalty USER); kept by `prune: none`
  · owner@example.com     owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)
  · … and 21 more that `prune` keeps

Plan id: $DIGEST
",
        "",
    );
    let plan: Value = serde_json::from_str(&scenario.run("plan --format json").ok().stdout).expect("JSON");
    assert_eq!(plan["notes"].as_array().expect("notes").len(), 32);
}
