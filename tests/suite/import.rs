//! `guestlist import`: the file it writes, and that a plan on it is empty.

use proptest::prelude::*;
use serde_json::{Value, json};

use guestlist::sandbox::{Behaviour, Fault, Options, Organization, Paging};

use crate::scenario::Scenario;

/// An organization with the given projects (id, name), custom roles and people, as a sandbox keeps it.
fn organization(projects: &[(&str, &str)], roles: &[&str], people: &[Value]) -> Organization {
    let projects: Vec<_> = projects
        .iter()
        .map(|(id, name)| json!({"id": id, "name": name, "is_sandbox": false, "cluster_id": "x"}))
        .collect();
    let people: serde_json::Map<_, _> = people
        .iter()
        .map(|person| (person["id"].as_str().expect("an id").to_owned(), person.clone()))
        .collect();
    let state = json!({"format_version": 1, "seed": 1, "ids_made": 1000, "projects": projects,
        "custom_roles": roles, "people": people});
    serde_json::from_value(state).expect("an organization")
}

fn person(number: usize, login: &str, name: (&str, &str), projects: &Value) -> Value {
    json!({"id": format!("user_{number}"), "login": login, "email": login, "first_name": name.0, "last_name": name.1,
        "projects": projects, "is_owner": number == 0, "standing": "member"})
}

fn scenario(organization: Organization) -> Scenario {
    Scenario::with(Options { organization, ..Options::default() })
}

#[test]
fn a_team_is_written_as_somebody_would_write_it() {
    let (shop, points, test) = ("proj_shop", "proj_points", "sand_shop");
    let marketing = json!({shop: "USER", points: "role_campaigns"});
    let scenario = scenario(organization(
        &[(shop, "Storefront"), (points, "Loyalty (EU)"), (test, "Storefront")],
        &["role_campaigns", "role_idle"],
        &[
            person(
                0,
                "zoe@example.com",
                ("Zoë", "Owner"),
                &json!({shop: "ADMIN", points: "ADMIN", test: "ADMIN"}),
            ),
            person(1, "Ben@example.com", ("Ben", "No"), &marketing),
            person(2, "ann@example.com", ("Ann", "O'Neil"), &marketing),
            person(3, "cy@example.com", ("Cy", "1e3"), &marketing),
            person(4, "dan@example.com", ("Dan", "Doe"), &json!({test: "VIEWER"})),
            person(5, "eve@example.com", ("Eve", "Doe"), &json!({test: "VIEWER"})),
        ],
    ));
    let file = "\
# The members of $ENDPOINT, as `guestlist import` found them.
# The API does not tell what custom roles are called: rename them to your liking.
version: 1
cluster: \"$ENDPOINT\"

projects:
  loyalty-eu: {id: proj_points, name: \"Loyalty (EU)\"}
  storefront: proj_shop
  storefront-2: {id: sand_shop, name: Storefront}

roles:
  role-1: role_campaigns

groups:
  team:
    loyalty-eu: role-1
    storefront: USER

people:
  - email: ann@example.com
    first_name: Ann
    last_name: O'Neil
    groups: [team]

  - email: Ben@example.com
    first_name: Ben
    last_name: \"No\"
    groups: [team]

  - email: cy@example.com
    first_name: Cy
    last_name: \"1e3\"
    groups: [team]

  - email: dan@example.com
    first_name: Dan
    last_name: Doe
    projects:
      storefront-2: VIEWER

  - email: eve@example.com
    first_name: Eve
    last_name: Doe
    projects:
      storefront-2: VIEWER

  - email: zoe@example.com
    first_name: Zoë
    last_name: Owner
    projects:
      loyalty-eu: ADMIN
      storefront: ADMIN
      storefront-2: ADMIN

policy:
  prune: none
";
    scenario.run("import").assert(0, file, "");
    scenario.run("import --out team.yaml").assert(0, "", "Wrote 6 people in 3 projects to team.yaml.\n");
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.run("plan").assert(
        0,
        "\
No changes
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Plan id: $DIGEST
",
        "",
    );
    scenario.run("import --out team.yaml").assert(
        1,
        "",
        "error: `team.yaml` is there already and is not overwritten: name another file, or leave --out out\n",
    );
}

#[test]
fn projects_can_be_chosen() {
    let scenario = Scenario::new();
    scenario.run("import --projects proj_npnFzPr9 --quiet").assert(
        0,
        "\
# The members of $ENDPOINT, as `guestlist import` found them.
version: 1
cluster: \"$ENDPOINT\"

projects:
  loyalty: proj_npnFzPr9

people:
  - email: owner@example.com
    first_name: Olivia
    last_name: Owner
    projects:
      loyalty: ADMIN

policy:
  prune: none
",
        "",
    );
    let calls: Vec<_> = scenario.calls().into_iter().map(|call| call.path).collect();
    assert_eq!(calls, ["/management/v1/projects", "/management/v1/projects/proj_npnFzPr9/users"]);
    scenario.run("import --projects proj_npnFzPr9,proj_other --out team.yaml").assert(
        1,
        "",
        "error: proj_other is not in the organization: it has proj_9KeAhZB1 and proj_npnFzPr9\n",
    );
    assert!(!scenario.path("team.yaml").exists());
}

#[test]
fn what_a_team_file_cannot_say_is_left_out_and_said() {
    let admin = json!({"proj_a": "ADMIN"});
    let scenario = scenario(organization(
        &[("proj_a", "東京"), ("proj b", "Blank")],
        &["role x"],
        &[
            person(0, "owner@example.com", ("", "\u{1b}[31m\n"), &admin),
            person(1, "scim:4711", ("Sam", "Lee"), &json!({"proj_a": "USER"})),
            person(2, "kim@example.com", (" ", &"x".repeat(300)), &json!({"proj_a": "role x"})),
            person(
                3,
                "lou@example.com",
                ("\u{202e}", "O\u{0}k"),
                &json!({"proj_a": "USER", "proj b": "USER"}),
            ),
        ],
    ));
    let remarks = [
        "left out: the project proj b: a team file cannot name it, it contains a space or a control character",
        "left out: the role role x: a team file cannot name it, it contains a space or a control character",
        "left out: kim@example.com: nothing of the access can be written",
        "lou@example.com has a first name that a team file cannot hold, it contains a control character: written as `-`",
        "lou@example.com has a last name that a team file cannot hold, it contains a control character: written as `Ok`",
        "owner@example.com has no first name: written as `-`",
        "owner@example.com has a last name that a team file cannot hold, it contains a control character: written as `[31m`",
        "left out: scim:4711: the login is no email address, it has no `@`",
    ];
    let comments = format!("# {}\n", remarks.join("\n# "));
    let warnings = format!("warning: {}\n", remarks.join("\nwarning: "));
    let expected = format!(
        "\
# The members of $ENDPOINT, as `guestlist import` found them.
{comments}version: 1
cluster: \"$ENDPOINT\"

projects:
  proj_a: {{id: proj_a, name: 東京}}

people:
  - email: lou@example.com
    first_name: \"-\"
    last_name: Ok
    projects:
      proj_a: USER

  - email: owner@example.com
    first_name: \"-\"
    last_name: \"[31m\"
    projects:
      proj_a: ADMIN

policy:
  prune: none
"
    );
    let ended = scenario.run("import");
    ended.assert(0, &expected, &warnings);
    scenario.write("team.yaml", &ended.stdout.replace("$ENDPOINT", &scenario.sandbox().base_url()));
    scenario.run("plan --detailed-exitcode").ok();
}

#[test]
fn nothing_is_written_from_a_doubtful_reading() {
    let fault: Fault = "short-list,path=users,every=1".parse().expect("a fault");
    let mut organization = Organization::example();
    organization.seed_members(30);
    let scenario = Scenario::with(Options { organization, faults: vec![fault], ..Options::default() });
    let ended = scenario.run("import --out team.yaml");
    assert_eq!(ended.status, Some(1));
    assert!(
        ended.stderr.starts_with(
            "error: the member list looks incomplete, so nothing was written: List Users of proj_9KeAhZB1 gave "
        ),
        "{}",
        ended.stderr
    );
    assert!(!scenario.path("team.yaml").exists());
}

/// Names as organizations and attackers choose them.
fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[A-Z][a-z]{1,8}",
        2 => prop::sample::select(vec![
            "no", "Yes", "on", "null", "~", "", " ", "1e3", "0o7", "12:30", "2026-12-01", "=", "<<", "- a", "? b", "a: b",
            "a #b", "&a", "*a", "!t", "|", ">-", "%YAML", "@team", "`x`", "'", "\"", "\\", "{a", "a, b", "---", "...",
            "🎉", "👩‍👩‍👧", "\u{1b}[2J", "\u{202e}x", "a\nb", "\u{feff}", "\u{fffe}", "\u{85}", "\u{2028}", "Zoë", "東京",
            "<script>", "ADMIN", "proj_0", "proj_1", "storefront", "Storefront", "storefront-2", "team", "role-1",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "\\PC{190,260}",
    ]
}

fn logins() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-z0-9*&!#%'=~^`|$?{}+-][a-z0-9.]{0,3}[a-z0-9]@[a-z]{1,3}\\.example",
        1 => names(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_on_an_import_of_any_organization_is_empty(
        projects in prop::collection::vec(names(), 1..5),
        roles in prop::collection::btree_set("role_[a-z]{1,2}|[a-z]{1,3}|Ω|role 1", 0..3),
        people in prop::collection::vec((logins(), names(), names(), prop::collection::btree_map(0..4_usize, 0..8_usize, 1..4)), 0..12),
        ignores_pages in any::<bool>(),
    ) {
        let ids: Vec<_> = (0..projects.len()).map(|number| format!("proj_{number}")).collect();
        let roles: Vec<_> = roles.iter().map(String::as_str).collect();
        let choices: Vec<&str> = ["ADMIN", "USER", "VIEWER", "MERCHANT", "USER_RESTRICTED"].into_iter().chain(roles.clone()).collect();
        let mut logins = std::collections::BTreeSet::new();
        let people: Vec<_> = people
            .iter()
            .filter(|(login, ..)| logins.insert(guestlist::identity::Email::as_received(login)))
            .enumerate()
            .map(|(number, (login, first, last, access))| {
                let access: serde_json::Map<_, _> = access
                    .iter()
                    .map(|(project, role)| (ids[project % ids.len()].clone(), choices[role % choices.len()].into()))
                    .collect();
                person(number, login, (first, last), &Value::Object(access))
            })
            .collect();
        let named: Vec<_> = ids.iter().map(String::as_str).zip(projects.iter().map(String::as_str)).collect();
        let behaviour = Behaviour {
            paging: if ignores_pages { Paging::Ignored } else { Paging::Honoured },
            ..Behaviour::default()
        };
        let scenario = Scenario::with(Options {
            organization: organization(&named, &roles, &people),
            behaviour,
            rate_limit: None,
            ..Options::default()
        });
        scenario.run("import --out team.yaml").ok();
        scenario.run("validate").ok();
        let plan = scenario.run("plan --format json");
        let plan: Value = serde_json::from_str(&plan.ok().stdout).expect("JSON");
        prop_assert_eq!(&plan["changes"], &json!([]), "{}", scenario.read("team.yaml"));
        prop_assert_eq!(&plan["refused"], &json!([]));
        prop_assert_eq!(scenario.writes(), Vec::<String>::new());
        scenario.stop();
    }
}
