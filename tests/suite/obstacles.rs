//! `guestlist apply` where the service answers otherwise than hoped for: what it makes of it, call by call.

use std::fmt::Write as _;

use guestlist::sandbox::{Behaviour, Options, UserStatus};

use crate::scenario::{HEAD, Scenario};

const INVITE: &str = "POST /management/v1/projects/users/invite";
const ASSIGN_STOREFRONT: &str = "POST /management/v1/projects/proj_9KeAhZB1/users";
const ASSIGN_LOYALTY: &str = "POST /management/v1/projects/proj_npnFzPr9/users";
const LIST_STOREFRONT: &str = "GET /management/v1/projects/proj_9KeAhZB1/users";
const LIST_LOYALTY: &str = "GET /management/v1/projects/proj_npnFzPr9/users";

/// A team file with one person a line of arguments: name and projects.
fn people(people: &[(&str, &str)]) -> String {
    let lines = people.iter().map(|(name, projects)| {
        format!("  - {{email: {name}@example.com, first_name: F, last_name: L, projects: {{{projects}}}}}\n")
    });
    format!("{HEAD}people:\n{}", lines.collect::<String>())
}

/// The roles of somebody, however they stand.
fn roles(scenario: &Scenario, name: &str) -> Vec<(String, String)> {
    scenario.organization(|organization| {
        let person = organization.person(&format!("{name}@example.com")).expect("a person");
        person.projects.clone().into_iter().collect()
    })
}

fn pairs(roles: &[(&str, &str)]) -> Vec<(String, String)> {
    roles.iter().map(|(project, role)| ((*project).to_owned(), (*role).to_owned())).collect()
}

/// The calls after the reading with which every apply begins.
fn calls_after_reading(scenario: &Scenario) -> Vec<String> {
    let calls = scenario.calls().into_iter().map(|call| format!("{} {}", call.method, call.path));
    calls.skip(3).collect()
}

#[test]
fn a_user_elsewhere_gets_the_roles_in_the_same_run() {
    let scenario = Scenario::new().team(&people(&[("alex", "storefront: USER, loyalty: campaign-manager")]));
    scenario.organization(|organization| organization.add_elsewhere("Alex@example.com", "Alex", "Doe"));
    scenario.run("apply --yes").assert(
        0,
        "\
1 invited · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Invited (1)
  + alex@example.com   loyalty campaign-manager, storefront USER  (F L)

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 1 of 1 change (1 gained access).
",
        "\
assigned alex@example.com: loyalty campaign-manager, storefront USER
",
    );
    assert_eq!(calls_after_reading(&scenario), [INVITE, ASSIGN_STOREFRONT, ASSIGN_LOYALTY]);
    assert_eq!(
        roles(&scenario, "alex"),
        pairs(&[("proj_9KeAhZB1", "USER"), ("proj_npnFzPr9", "role_XyZ7aB9cD2eF4gH1iJ0kL5mN6oP8qR3s")])
    );
    scenario.run("apply --yes").ok();
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn somebody_who_was_invited_by_others_is_already_invited_and_no_failure() {
    let scenario = Scenario::new().team(&people(&[("alex", "storefront: USER, loyalty: USER")]));
    scenario.organization(|organization| {
        let body = serde_json::json!({
            "email": "alex@example.com", "first_name": "A", "last_name": "D", "projects": {"proj_9KeAhZB1": "VIEWER"},
        });
        organization.invite(&body, Behaviour::default()).expect("an invitation")
    });
    scenario.run("apply --yes").assert(
        0,
        "\
1 invited · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Invited (1)
  + alex@example.com   loyalty USER, storefront USER  (F L)

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 1 of 1 change (1 already invited).
",
        "\
already invited alex@example.com: loyalty USER, storefront USER
",
    );
    // The service knows no such user, in whichever project.
    assert_eq!(calls_after_reading(&scenario), [INVITE, ASSIGN_STOREFRONT, LIST_STOREFRONT]);
    scenario.run("apply --yes").assert(
        0,
        "\
No changes
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Waiting (1)
  · alex@example.com   invited today

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
",
        "",
    );
    assert_eq!(scenario.writes(), [""; 0]);
    // What the invitation did not carry follows on acceptance.
    assert!(scenario.organization(|organization| organization.accept("alex@example.com")));
    scenario.run("apply --yes").ok();
    assert_eq!(roles(&scenario, "alex"), pairs(&[("proj_9KeAhZB1", "USER"), ("proj_npnFzPr9", "USER")]));
}

#[test]
fn an_assignment_refused_and_there_all_the_same_is_done() {
    let scenario = Scenario::new()
        .team(&people(&[("alex", "storefront: USER, loyalty: USER")]))
        .member("alex@example.com", &[("loyalty", "USER")]);
    scenario.faults(&["status=400,method=POST,applied,times=1"]);
    scenario.run("apply --yes").assert(
        0,
        "\
1 gains access · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Gains access (1)
  + alex@example.com   storefront USER

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 1 of 1 change (1 already in place).
",
        "\
no change needed for alex@example.com: storefront USER
",
    );
    assert_eq!(calls_after_reading(&scenario), [ASSIGN_STOREFRONT, LIST_STOREFRONT]);
    assert_eq!(roles(&scenario, "alex"), pairs(&[("proj_9KeAhZB1", "USER"), ("proj_npnFzPr9", "USER")]));
}

#[test]
fn a_removal_that_was_made_already_is_done() {
    let scenario = Scenario::new()
        .team(&format!(
            "{}policy: {{prune: roles, max_removals: 100%}}\n",
            people(&[("alex", "storefront: USER")])
        ))
        .member("alex@example.com", &[("loyalty", "USER"), ("storefront", "USER")]);
    scenario.faults(&["status=404,method=DELETE,applied,times=1"]);
    scenario.run("apply --yes").assert(
        0,
        "\
1 loses access · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Loses access (1)
  - alex@example.com   loyalty USER → none

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 1 of 1 change (1 already in place).
",
        "\
no change needed for alex@example.com: loyalty USER → none
",
    );
    assert_eq!(roles(&scenario, "alex"), pairs(&[("proj_9KeAhZB1", "USER")]));
}

#[test]
fn one_person_who_fails_is_named_and_the_others_go_on() {
    let scenario = Scenario::new().team(&people(&[
        ("ana", "storefront: USER"),
        ("ben", "storefront: role_unknown"),
        ("eva", "loyalty: USER"),
    ]));
    scenario.run("apply --yes --concurrency 1").assert(1, "\
3 invited · 3 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Invited (3)
  + ana@example.com    storefront USER  (F L)
  + ben@example.com    storefront role_unknown  (F L)
  + eva@example.com    loyalty USER  (F L)

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 2 of 3 changes (2 invited).
", "\
invited ana@example.com: storefront USER
failed ben@example.com: storefront role_unknown
invited eva@example.com: loyalty USER
error: invite ben@example.com: storefront role_unknown: `POST /management/v1/projects/users/invite` was rejected (400 used_incorrect_role, Used incorrect role, The role 'role_unknown' is incorrect, request_id $REQUEST); fix the problem described here and run again
");
    assert_eq!(scenario.writes(), [INVITE; 3]);
    assert_eq!(roles(&scenario, "eva"), pairs(&[("proj_npnFzPr9", "USER")]));
    scenario.run("log --person ben@example.com").assert(
        0,
        "\
$TODAY $TIME UTC apply to $ENDPOINT by tester on $HOST (completed)
  plan $DIGEST
  $TODAY $TIME UTC invite ben@example.com: storefront role_unknown → refused, 400, $N ms, request_id $REQUEST
",
        "",
    );
}

#[test]
fn whatever_stops_the_run_stops_it_at_once() {
    for status in [401, 402, 403] {
        let scenario = Scenario::new().team(&people(&[
            ("ana", "storefront: USER"),
            ("ben", "storefront: USER"),
            ("eva", "loyalty: USER"),
        ]));
        scenario.faults(&[&format!("status={status},method=POST,at=2")]);
        let ended = scenario.run("apply --yes --concurrency 1");
        assert_eq!(ended.status, Some(1));
        assert_eq!(scenario.writes(), [INVITE; 2]);
        assert!(ended.stderr.contains("error: stopped: "), "{}", ended.stderr);
        assert!(
            ended.stderr.ends_with("; 1 change was not started. Run again to continue\n"),
            "{}",
            ended.stderr
        );
        if status == 401 {
            ended.assert(1, "\
3 invited · 3 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Invited (3)
  + ana@example.com    storefront USER  (F L)
  + ben@example.com    storefront USER  (F L)
  + eva@example.com    loyalty USER  (F L)

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 1 of 3 changes (1 invited).
", "\
invited ana@example.com: storefront USER
failed ben@example.com: storefront USER
error: invite ben@example.com: storefront USER: failed and stopped the run
error: stopped: `POST /management/v1/projects/users/invite` failed: invalid credentials (401 unauthorized, Unauthorized); check VOUCHERIFY_MANAGEMENT_ID and VOUCHERIFY_MANAGEMENT_TOKEN, and the cluster; 1 change was not started. Run again to continue
");
        }
        // The next run goes on where this one stopped.
        scenario.faults(&[]);
        scenario.run("apply --yes").ok();
        assert_eq!(scenario.organization(|organization| organization.invited().count()), 3);
        assert_eq!(scenario.writes(), [INVITE; 2]);
    }
}

#[test]
fn a_new_person_with_ten_projects_costs_one_call() {
    let ids = || (0..10).map(|n| (format!("proj_{n}"), format!("Project {n}")));
    let organization = guestlist::sandbox::Organization::for_team(ids(), []);
    let scenario = Scenario::with(Options { organization, ..Options::default() });
    let projects: Vec<_> = ids().map(|(id, _)| format!("p{}: {id}", &id[5..])).collect();
    let access: Vec<_> = (0..10).map(|n| format!("p{n}: USER")).collect();
    scenario.write("team.yaml", &format!(
        "version: 1\nprojects: {{{}}}\npeople:\n  - {{email: a@example.com, first_name: A, last_name: B, projects: {{{}}}}}\n",
        projects.join(", "), access.join(", ")
    ));
    scenario.run("apply --yes").ok();
    assert_eq!(scenario.writes(), [INVITE]);
    let projects =
        scenario.organization(|organization| organization.person("a@example.com").expect("A").projects.len());
    assert_eq!(projects, 10);
}

#[test]
fn an_unchanged_team_of_a_thousand_in_twenty_projects_costs_its_pages() {
    let ids = || (0..20).map(|n| (format!("proj_{n:02}"), format!("Project {n}")));
    let mut organization = guestlist::sandbox::Organization::for_team(ids(), []);
    let mut team = "version: 1\nprojects: {".to_owned();
    team.push_str(&ids().map(|(id, _)| format!("p{}: {id}", &id[5..])).collect::<Vec<_>>().join(", "));
    team.push_str("}\npeople:\n");
    let mut members = [1; 20]; // The owner is in each.
    for n in 0..1_000 {
        let access: Vec<_> = (0..=n % 3).map(|step| ((n + step * 7) % 20, "USER")).collect();
        let given = access.iter().map(|(project, role)| (format!("proj_{project:02}"), (*role).to_owned()));
        assert!(organization.add_member(&format!("m{n}@example.com"), "M", "N", given));
        for (project, _) in &access {
            members[*project] += 1;
        }
        let access: Vec<_> = access.iter().map(|(project, role)| format!("p{project:02}: {role}")).collect();
        let _ = writeln!(
            team,
            "  - {{email: m{n}@example.com, first_name: M, last_name: N, projects: {{{}}}}}",
            access.join(", ")
        );
    }
    let scenario = Scenario::with(Options { organization, ..Options::default() }).team(&team);
    for command in ["plan", "apply --yes"] {
        scenario.run(command).ok();
        let mut calls: Vec<_> = scenario
            .calls()
            .into_iter()
            .map(|call| {
                let page = call.query.iter().find(|(name, _)| name == "page").map(|(_, page)| page.clone());
                (call.path, page.unwrap_or_default())
            })
            .collect();
        let mut expected = vec![("/management/v1/projects".to_owned(), String::new())];
        for (project, members) in members.iter().enumerate() {
            for page in 1..=usize::div_ceil(*members, 100) {
                expected.push((format!("/management/v1/projects/proj_{project:02}/users"), page.to_string()));
            }
        }
        calls.sort();
        expected.sort();
        assert_eq!(calls, expected, "{command}");
    }
}

#[test]
fn what_only_reads_never_writes() {
    let scenario = Scenario::new()
        .team(&format!(
            "{}policy: {{prune: people, max_removals: 100%}}\n",
            people(&[("ana", "storefront: USER"), ("ben", "loyalty: ADMIN")])
        ))
        .member("ana@example.com", &[("loyalty", "USER")])
        .member("eva@example.com", &[("loyalty", "USER"), ("storefront", "ADMIN")]);
    for command in [
        "plan",
        "plan --format diff",
        "plan --format json",
        "plan --out plan.json",
        "plan --offline",
        "plan --at 2030-01-01",
        "validate",
        "validate --format json",
        "log",
        "log --format json",
        "log --verify",
        "explain ana@example.com",
        "explain eva@example.com --offline",
    ] {
        scenario.run(command).ok();
        assert_eq!(scenario.writes(), [""; 0], "{command}");
    }
}

#[test]
fn what_needs_nobody_asks_nobody() {
    let scenario = Scenario::new().team(&people(&[("ana", "storefront: USER")]));
    scenario.run("plan").ok();
    scenario.calls();
    for command in ["validate", "log", "plan --offline", "explain ana@example.com --offline", "unlock"] {
        scenario.run(command).ok();
        assert_eq!(scenario.calls(), [], "{command}");
    }
}

#[test]
fn a_project_that_is_not_managed_is_never_asked_about() {
    let mut organization = guestlist::sandbox::Organization::for_team(
        ["proj_9KeAhZB1", "proj_npnFzPr9", "proj_secret"].map(|id| (id.to_owned(), id.to_owned())),
        [],
    );
    let access = [("proj_9KeAhZB1", "USER"), ("proj_secret", "ADMIN")];
    let access = access.map(|(project, role)| (project.to_owned(), role.to_owned()));
    assert!(organization.add_member("zoe@example.com", "Z", "O", access));
    let scenario = Scenario::with(Options { organization, ..Options::default() }).team(&format!(
        "{}policy: {{prune: people, max_removals: 100%}}\n",
        people(&[("ana", "storefront: USER")])
    ));
    for command in
        ["plan", "plan --format json", "plan --format diff", "apply --yes", "log", "log --format json"]
    {
        let ended = scenario.run(command);
        let shown = format!("{}{}", ended.ok().stdout, ended.stderr);
        assert!(!shown.contains("proj_secret"), "{command}: {shown}");
    }
    for call in scenario.calls() {
        assert!(!format!("{} {}", call.path, call.body).contains("proj_secret"), "{call:?}");
    }
    assert_eq!(roles(&scenario, "zoe"), pairs(&[("proj_secret", "ADMIN")]));
    assert!(!scenario.read_all(".guestlist").contains("proj_secret"));
}

#[test]
fn without_yes_and_without_a_terminal_nothing_is_done() {
    let scenario = Scenario::new().team(&people(&[("ana", "storefront: USER")]));
    scenario.run("apply").assert(
        1,
        "\
1 invited · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Invited (1)
  + ana@example.com    storefront USER  (F L)

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
",
        "\
error: cannot ask for confirmation (not a terminal); pass --yes to proceed
",
    );
    assert_eq!(scenario.writes(), [""; 0]);
    assert_eq!(scenario.organization(|organization| organization.invited().count()), 0);
    // What was read is recorded all the same.
    scenario.run("log").assert(
        0,
        "\
$TODAY $TIME UTC apply to $ENDPOINT by tester on $HOST (stopped: cannot ask for confirmation (not a terminal); pass --yes to proceed)
  plan $DIGEST
  $TODAY $TIME UTC found owner@example.com: storefront ADMIN, in the first reading
  $TODAY $TIME UTC found owner@example.com: loyalty ADMIN, in the first reading
",
        "",
    );
}

#[test]
fn a_wave_sends_so_many_invitations_and_the_next_goes_on() {
    let scenario = Scenario::new().team(&people(&[
        ("a", "storefront: USER"),
        ("b", "storefront: USER"),
        ("c", "storefront: USER"),
    ]));
    scenario.run("apply --yes --max-invites 2 --concurrency 1").assert(
        0,
        "\
2 invited · 2 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Invited (2)
  + a@example.com      storefront USER  (F L)
  + b@example.com      storefront USER  (F L)

Waiting (1)
  · 1 invitation waits for a later run: this run sends at most 2

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 2 of 2 changes (2 invited).
",
        "\
invited a@example.com: storefront USER
invited b@example.com: storefront USER
",
    );
    let invited = || {
        scenario.organization(|organization| {
            organization
                .invited()
                .map(|person| person.email.clone())
                .collect::<std::collections::BTreeSet<_>>()
        })
    };
    assert_eq!(Vec::from_iter(invited()), ["a@example.com", "b@example.com"]);
    scenario.run("apply --yes --max-invites 2").ok();
    assert_eq!(Vec::from_iter(invited()), ["a@example.com", "b@example.com", "c@example.com"]);
    scenario.run("apply --yes --max-invites 2").ok();
    assert_eq!(scenario.writes(), [INVITE; 3]);
}

#[test]
fn everybody_is_invited_once_whatever_the_case_of_the_address() {
    let scenario = Scenario::new().team(&people(&[("Ana.Oak", "storefront: USER")]));
    scenario.run("apply --yes").ok();
    assert!(scenario.organization(|organization| organization.accept("ana.oak@example.com")));
    scenario.write("team.yaml", &people(&[("ana.oak", "storefront: USER")]));
    scenario.run("plan --detailed-exitcode").ok();
    let standing = scenario
        .organization(|organization| organization.person("ANA.OAK@example.com").map(|person| person.status));
    assert_eq!(standing, Some(UserStatus::Member));
}

/// After the invitations, no more than one call for each person and each page of each list once.
#[test]
fn people_who_are_pending_without_a_ledger_share_the_readings() {
    const PEOPLE: usize = 500;
    const PAGES: usize = 3;
    let names: Vec<_> = (0..PEOPLE).map(|number| format!("p{number:03}")).collect();
    let access = ["storefront: USER, loyalty: VIEWER", "loyalty: VIEWER"];
    let listed: Vec<_> =
        names.iter().enumerate().map(|(number, name)| (name.as_str(), access[number % 2])).collect();
    let scenario = Scenario::with(Options { rate_limit: None, ..Options::default() }).team(&people(&listed));
    scenario.organization(|organization| {
        for number in 0..PAGES * 100 - 1 {
            let email = format!("member{number:03}@example.com");
            let access = ["proj_9KeAhZB1", "proj_npnFzPr9"].map(|id| (id.to_owned(), "USER".to_owned()));
            assert!(organization.add_member(&email, "Mem", "Ber", access));
        }
    });
    scenario.run("apply --yes").ok();
    std::fs::remove_dir_all(scenario.path(".guestlist")).expect("a ledger");
    scenario.calls();
    scenario.run("apply --yes").ok();
    let mut calls = std::collections::BTreeMap::new();
    for call in scenario.calls() {
        *calls.entry(format!("{} {}", call.method, call.path)).or_insert(0) += 1;
    }
    // Both lists are read before the plan, and again for everyone whom an assign did not find.
    let expected = [
        ("GET /management/v1/projects", 1),
        (LIST_LOYALTY, 2 * PAGES),
        (LIST_STOREFRONT, 2 * PAGES),
        (ASSIGN_LOYALTY, PEOPLE / 2),
        (ASSIGN_STOREFRONT, PEOPLE / 2),
        (INVITE, PEOPLE),
    ];
    assert_eq!(calls, expected.map(|(call, count)| (call.to_owned(), count)).into());
}
