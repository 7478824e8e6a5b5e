//! An auditor's questions: who had which access when, since when, by which run and commit, and what changed.

use std::process::Command;

use jiff::Timestamp;

use crate::scenario::{Ended, HEAD, Scenario};

const ALEX: &str =
    "  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {storefront: USER}}\n";
const KIM: &str =
    "  - {email: kim@example.com, first_name: Kim, last_name: Ray, projects: {loyalty: VIEWER}}\n";
const COMMIT: &str = "3f9a1c7d3f9a1c7d3f9a1c7d3f9a1c7d3f9a1c7d";
const STOREFRONT: &str = "proj_9KeAhZB1";

/// Runs the command in a CI job.
fn in_ci(scenario: &Scenario, args: &str) -> Ended {
    let args: Vec<_> = args.split_whitespace().collect();
    let mut command: Command = scenario.command(&args);
    command.env("GITHUB_ACTOR", "octocat").env("GITHUB_SHA", COMMIT);
    scenario.finish(&mut command)
}

/// Runs the command without credentials, and without a service to ask.
fn offline(scenario: &Scenario, args: &str) -> Ended {
    let args: Vec<_> = args.split_whitespace().collect();
    let mut command = scenario.bare_command(&args);
    command.env_remove("VOUCHERIFY_MANAGEMENT_ID").env_remove("VOUCHERIFY_MANAGEMENT_TOKEN");
    scenario.finish(&mut command)
}

/// Alex is invited, accepts, is made ADMIN by hand, and is put right by the next apply; a guest comes and goes.
/// Returns times between these.
fn story() -> (Scenario, Vec<Timestamp>) {
    let scenario = Scenario::new();
    // The ledger names the organization, so no command needs it.
    let cluster = scenario.sandbox().base_url();
    let team = |people: &str| format!("{HEAD}cluster: {cluster}\npeople:\n{people}");
    scenario.write("team.yaml", &team(&[ALEX, KIM].concat()));
    let mut times = vec![Timestamp::now()];
    let next = |times: &mut Vec<Timestamp>| times.push(Timestamp::now());
    in_ci(&scenario, "apply --yes").ok();
    next(&mut times);
    scenario.organization(|it| assert!(it.accept("alex@example.com")));
    scenario.run("plan --record").ok();
    next(&mut times);
    scenario.organization(|it| {
        assert!(it.set_role("alex@example.com", STOREFRONT, "ADMIN"));
        assert!(it.add_member(
            "guest@example.com",
            "Gu",
            "Est",
            [(STOREFRONT.to_owned(), "VIEWER".to_owned())]
        ));
    });
    next(&mut times);
    scenario.run("plan --record").ok();
    next(&mut times);
    in_ci(&scenario, "apply --yes").ok();
    scenario.organization(|it| assert!(it.delete_user("guest@example.com")));
    scenario.run("plan --record").ok();
    next(&mut times);
    scenario.calls();
    (scenario, times)
}

/// `guest@example.com storefront VIEWER` for each line of an answer in text.
fn lines(ended: &Ended) -> Vec<String> {
    let answer = ended.ok().stdout.split_once("\n\n").map_or("", |(_, lines)| lines);
    let words = |line: &str| {
        let (access, _) = ["  found in", "  observed", "  granted", "  changed", "  removed", "  possibly"]
            .iter()
            .find_map(|word| line.split_once(word))
            .unwrap_or((line, ""));
        access.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    answer.lines().map(words).collect()
}

#[test]
fn the_access_at_any_time_is_known_from_the_ledger_alone() {
    let (scenario, times) = story();
    let owner = ["owner@example.com loyalty ADMIN", "owner@example.com storefront ADMIN"];
    for (time, expected) in times.iter().zip([
        &[][..],
        // After a reading and before the next one, it is one of two.
        &["alex@example.com storefront none or USER", owner[0], owner[1]],
        &[
            "alex@example.com storefront USER or ADMIN",
            "guest@example.com storefront none or VIEWER",
            owner[0],
            owner[1],
        ],
        &[
            "alex@example.com storefront USER or ADMIN",
            "guest@example.com storefront none or VIEWER",
            owner[0],
            owner[1],
        ],
        // The apply that followed read the same, and changed one role itself.
        &["alex@example.com storefront ADMIN", "guest@example.com storefront VIEWER", owner[0], owner[1]],
        &["alex@example.com storefront USER", owner[0], owner[1]],
    ]) {
        let answer = offline(&scenario, &format!("report --at {time} --format text"));
        assert_eq!(lines(&answer), expected, "{time}\n{}", answer.stdout);
    }
    assert_eq!(scenario.calls(), []);
}

#[test]
fn the_auditors_first_question_is_answered_with_run_actor_and_commit() {
    let (scenario, times) = story();
    let at = times[4];
    let answer =
        offline(&scenario, &format!("report --at {at} --format text --project storefront --role ADMIN"));
    let answer = answer.ok().stdout.lines().skip(2).collect::<Vec<_>>().join("\n");
    assert_eq!(
        answer,
        "\
2 people with 2 roles in 1 project; 0 uncertain.

alex@example.com   storefront  ADMIN  observed between $TODAY $TIME UTC and $TODAY $TIME UTC: changed outside guestlist (recorded by run $RUN)
owner@example.com  storefront  ADMIN  found in the first reading, on $TODAY $TIME UTC (run $RUN); its origin is not known"
    );
    let answer = offline(&scenario, &format!("report --at {} --format text --role USER", times[5]));
    let (_, alex) = answer.ok().stdout.split_once("\n\n").expect("a line");
    assert_eq!(
        alex,
        "alex@example.com  storefront  USER  changed by run $RUN on $TODAY $TIME UTC by octocat at commit 3f9a1c7 on $HOST\n"
    );
    let json = offline(&scenario, "report --since 2026-01-01 --format json");
    let page: serde_json::Value = serde_json::from_str(&json.ok().stdout).expect("JSON");
    let kinds: Vec<_> = page["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|it| {
            [&it["kind"], &it["email"], &it["source"], &it["commit"]]
                .map(|it| it.as_str().unwrap_or("-"))
                .join(" ")
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "became_admin alex@example.com outside -".to_owned(),
            "gained guest@example.com outside -".to_owned(),
            format!("gained alex@example.com accepted {COMMIT}"),
            format!("changed alex@example.com call {COMMIT}"),
            "inventory owner@example.com inventory -".to_owned(),
            "inventory owner@example.com inventory -".to_owned(),
            "lost guest@example.com outside -".to_owned(),
        ]
    );
    assert_eq!(page["chain"], "intact");
}

#[test]
fn changes_since_a_time_are_riskiest_first_in_every_format() {
    let (scenario, times) = story();
    let since = format!("report --since {} --at {}", times[2], times[4]);
    let text = offline(&scenario, &format!("{since} --format text"));
    let (_, lists) = text.ok().stdout.split_once("\n\n").expect("lists");
    assert_eq!(
        lists,
        "\
Became ADMIN (1)
  alex@example.com  storefront  USER → ADMIN  observed between $TODAY $TIME UTC and $TODAY $TIME UTC: changed outside guestlist (recorded by run $RUN)

Gained access (1)
  guest@example.com  storefront  none → VIEWER  observed between $TODAY $TIME UTC and $TODAY $TIME UTC: granted outside guestlist (recorded by run $RUN)
"
    );
    let csv = offline(&scenario, &format!("{since} --format csv --out changes.csv"));
    csv.assert(0, "", "Wrote changes.csv: 2 changes.\n");
    assert_eq!(scenario.read("changes.csv").lines().count(), 3);
    let html = offline(&scenario, &since);
    assert!(html.ok().stdout.contains("<h2>Became ADMIN (1)</h2>"), "{}", html.stdout);
    assert!(!html.stdout.contains("<script"));
    // A day means its end: today has not ended.
    let today =
        offline(&scenario, &format!("report --since {} --format text", times[4].strftime("%Y-%m-%d")));
    assert!(today.ok().stdout.ends_with("0 lost access\n"), "{}", today.stdout);
    let tomorrow = times[4].to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow().expect("a day");
    for flag in ["--at", "--since"] {
        offline(&scenario, &format!("report {flag} {tomorrow}")).assert(
            1,
            "",
            &format!("error: {flag} is in the future; the ledger knows only the past\n"),
        );
    }
    offline(&scenario, "report --at 2026-01-01 --ledger mistyped").assert(
        1,
        "",
        "error: no ledger at `mistyped`; check the path, or pass another one with --ledger\n",
    );
}

#[test]
fn a_person_s_history_is_told_in_order_even_after_they_left() {
    let (scenario, _) = story();
    let (_, history) = scenario
        .run("explain alex@example.com")
        .ok()
        .stdout
        .split_once("\nHistory\n")
        .map(|(page, history)| (page.to_owned(), history.to_owned()))
        .expect("a history");
    let by = "by octocat at commit 3f9a1c7 on $HOST";
    let between = "observed between $TODAY $TIME UTC and $TODAY $TIME UTC";
    assert_eq!(
        history,
        format!(
            "  \
  $TODAY $TIME UTC  invited: storefront USER, in run $RUN {by}
  $TODAY $TIME UTC  storefront none → USER: {between}: accepted the invitation of run $RUN on $TODAY $TIME UTC {by}
  $TODAY $TIME UTC  storefront USER → ADMIN: {between}: changed outside guestlist (recorded by run $RUN)
  $TODAY $TIME UTC  storefront ADMIN → USER: changed by run $RUN on $TODAY $TIME UTC {by}
"
        )
        .trim_start_matches("  ")
        .replacen("$TODAY", "  $TODAY", 1)
    );
    let gone = scenario.run("explain guest@example.com");
    assert!(gone.ok().stdout.contains("  team file   not listed\n  member      not in a managed project"));
    let (_, history) = gone.stdout.split_once("\nHistory\n").expect("a history");
    assert_eq!(history.lines().count(), 2, "{history}");
}

#[test]
fn damage_is_named_before_any_answer() {
    let (scenario, times) = story();
    let runs = std::fs::read_dir(scenario.path(".guestlist/runs")).expect("runs");
    let mut runs: Vec<_> = runs.map(|run| run.expect("a run").path()).collect();
    runs.sort();
    let whole = std::fs::read_to_string(&runs[0]).expect("a run");
    let questions =
        [format!("report --at {} --format text", times[5]), "status".to_owned(), "log".to_owned()];
    let check = |what: &str| {
        for question in &questions {
            let answer = offline(&scenario, question);
            assert_eq!(answer.status, Some(0), "{question}: {}", answer.stderr);
            assert!(
                answer.stderr.starts_with("warning: `$RUN.jsonl`") && answer.stderr.contains(what),
                "{question}: {}",
                answer.stderr
            );
            let says_so =
                answer.stdout.contains("The ledger was modified") || answer.stdout.contains("damaged");
            assert!(says_so || question == "log", "{}", answer.stdout);
        }
        let json = offline(&scenario, "report --since 2026-01-01 --format json");
        assert!(json.ok().stdout.contains("\"chain\":\"damaged\""), "{}", json.stdout);
    };
    std::fs::write(&runs[0], whole.replace("kim@example.com", "eve@example.com")).expect("an edit");
    check("was edited");
    let mut swapped: Vec<_> = whole.lines().collect();
    swapped.swap(1, 2);
    std::fs::write(&runs[0], swapped.join("\n") + "\n").expect("an edit");
    check("was moved");
    let cut: Vec<_> = whole.lines().take(3).collect();
    std::fs::write(&runs[0], cut.join("\n") + "\n").expect("an edit");
    check("was replaced or truncated");
    std::fs::remove_file(&runs[0]).expect("a removal");
    check("is missing");
}

#[test]
fn the_reason_in_the_team_file_stays_with_what_it_explains() {
    let person = |name: &str, rest: &str| {
        format!("  - {{email: {name}@example.com, first_name: A, last_name: B, {rest}}}\n")
    };
    let people = [
        person("ana", "reason: 'spring, OPS-311', projects: {storefront: USER}"),
        person(
            "ben",
            "reason: audit, projects: {loyalty: {role: ADMIN, reason: on call}, storefront: VIEWER}",
        ),
    ];
    let scenario = Scenario::new()
        .member("ben@example.com", &[("storefront", "USER")])
        .team(&format!("{HEAD}people:\n{}", people.concat()));
    scenario.run("apply --yes").ok();
    scenario.organization(|it| assert!(it.accept("ana@example.com")));
    scenario.run("plan --record").ok();
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let json: serde_json::Value =
        serde_json::from_str(&scenario.run(&format!("report --at {today} --format json")).ok().stdout)
            .expect("JSON");
    let reasons: Vec<_> = json["access"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|role| {
            let text = |key: &str| role[key].as_str().unwrap_or("none").to_owned();
            [text("email"), text("project"), text("reason")].join(" ")
        })
        .collect();
    assert_eq!(
        reasons,
        [
            "ana@example.com proj_9KeAhZB1 spring, OPS-311",
            "ben@example.com proj_npnFzPr9 on call",
            "ben@example.com proj_9KeAhZB1 audit",
            "owner@example.com proj_npnFzPr9 none",
            "owner@example.com proj_9KeAhZB1 none",
        ]
    );
}
