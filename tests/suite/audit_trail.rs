//! What the ledger records besides calls: access that changed outside guestlist, what an applied file gave, and
//! whether the organization matched.

use std::collections::BTreeMap;

use guestlist::ledger::{Convergence, Ledger, LedgerLocation, StoreVariables};
use guestlist::sandbox::Behaviour;
use serde_json::{Value, json};

use crate::scenario::{HEAD, Scenario};

const STOREFRONT: &str = "proj_9KeAhZB1";
const LOYALTY: &str = "proj_npnFzPr9";

const ALEX: &str =
    "  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {storefront: USER}}\n";
const KIM: &str =
    "  - {email: kim@example.com, first_name: Kim, last_name: Ray, projects: {loyalty: VIEWER}}\n";

fn file(policy: &str, people: &str) -> String {
    let people = if people.is_empty() { "people: []\n".to_owned() } else { format!("people:\n{people}") };
    format!("{HEAD}policy: {{{policy}}}\n{people}")
}

fn by_hand(scenario: &Scenario, login: &str, project: &str, role: &str) {
    scenario.organization(|organization| {
        let id = organization.person(login).map(|person| person.id.clone()).expect("a person");
        let role = json!({ "role": role });
        organization.change_role(project, &id, &role, Behaviour::default()).expect("a change by hand");
    });
}

/// The records of all runs, oldest first.
fn records(scenario: &Scenario) -> Vec<Value> {
    let lines = scenario.read_all(".guestlist/runs");
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// `alex@example.com proj_1 null→"USER"` for each observation, and whether it has a time before.
fn observed(scenario: &Scenario) -> Vec<String> {
    let records = records(scenario);
    let observed = records.iter().filter(|record| record["kind"] == "observed");
    let line = |record: &Value| {
        assert!(record["user_id"].is_string(), "{record}");
        let (after, by) = (record["after"].as_str(), record["by"].as_str().expect("a time"));
        assert!(after.is_none_or(|after| after <= by), "{record}");
        assert!(by <= record["at"].as_str().expect("a time"), "{record}");
        let dated = if after.is_some() { "" } else { ", before the ledger" };
        let (email, project) = (record["email"].as_str().expect("text"), record["project"].as_str());
        format!("{email} {} {}→{}{dated}", project.expect("text"), record["from"], record["to"])
    };
    observed.map(line).collect()
}

fn kinds(scenario: &Scenario) -> Vec<String> {
    records(scenario).iter().map(|record| record["kind"].as_str().expect("text").to_owned()).collect()
}

fn ledger(scenario: &Scenario) -> Ledger {
    let location = LedgerLocation::parse(".guestlist", &scenario.path("")).expect("a folder");
    Ledger::open(&location, &StoreVariables::default()).expect("a ledger")
}

#[test]
fn access_that_changes_outside_guestlist_leaves_a_dated_trace() {
    let scenario = Scenario::new()
        .member("eve@example.com", &[("storefront", "USER"), ("loyalty", "VIEWER")])
        .team(&file("prune: none", ALEX));
    scenario.run("apply --yes").ok();
    let inventory = [
        "eve@example.com proj_9KeAhZB1 null→\"USER\", before the ledger",
        "eve@example.com proj_npnFzPr9 null→\"VIEWER\", before the ledger",
        "owner@example.com proj_9KeAhZB1 null→\"ADMIN\", before the ledger",
        "owner@example.com proj_npnFzPr9 null→\"ADMIN\", before the ledger",
    ];
    assert_eq!(observed(&scenario), inventory);
    assert_eq!(
        kinds(&scenario),
        ["run", "observed", "observed", "observed", "observed", "intent", "outcome", "end"]
    );
    // Nothing has changed, so there is nothing to record.
    scenario.run("apply --yes").ok();
    scenario.run("plan --record").ok();
    assert_eq!(kinds(&scenario).len(), 8);

    scenario.organization(|organization| {
        assert!(organization.accept("alex@example.com"));
        let access = [(LOYALTY.to_owned(), "ADMIN".to_owned())];
        assert!(organization.add_member("new@example.com", "N", "N", access));
        assert!(organization.delete_user("eve@example.com"));
    });
    // A plan alone records nothing, and does not use up what there is to record.
    scenario.run("plan").ok();
    assert_eq!(kinds(&scenario).len(), 8);
    scenario.run("apply --yes").ok();
    let changes = [
        "alex@example.com proj_9KeAhZB1 null→\"USER\"",
        "eve@example.com proj_9KeAhZB1 \"USER\"→null",
        "eve@example.com proj_npnFzPr9 \"VIEWER\"→null",
        "new@example.com proj_npnFzPr9 null→\"ADMIN\"",
    ];
    assert_eq!(observed(&scenario)[4..], changes);
    assert_eq!(kinds(&scenario)[8..], ["run", "observed", "observed", "observed", "observed", "end"]);
    // The run before is the last one with a record.
    assert_eq!(records(&scenario)[8]["command"], "apply");
    scenario.run("log --verify").ok();
}

#[test]
fn plan_records_on_request_and_a_doubtful_reading_records_nothing() {
    let scenario = Scenario::new().team(&file("prune: none", ""));
    scenario.run("plan").ok();
    assert!(!scenario.path(".guestlist/runs").exists() || kinds(&scenario).is_empty());
    scenario.run("plan --record").ok();
    assert_eq!(kinds(&scenario), ["run", "observed", "observed", "end"]);
    assert_eq!(records(&scenario)[0]["command"], "plan");
    let before = kinds(&scenario).len();
    scenario.faults(&["empty-list,path=users"]);
    let doubtful = scenario.run("plan --record");
    doubtful.assert_status(1);
    scenario.run("apply --yes").assert_status(1);
    assert_eq!(kinds(&scenario).len(), before, "{}", doubtful.stderr);
    scenario.faults(&[]);
    scenario.run("plan --record --offline").assert_status(1);
    // It needs the lock, and releases it.
    let lock = ledger(&scenario).acquire(&guestlist::ledger::Who::default()).expect("the lock");
    let locked = scenario.run("plan --record");
    locked.assert_status(1);
    assert!(locked.stderr.contains("the ledger is locked by"), "{}", locked.stderr);
    drop(lock);
    scenario.run("plan --record").ok();
}

#[test]
fn a_blocked_apply_records_what_it_sees() {
    let scenario = Scenario::new()
        .member("a@example.com", &[("storefront", "USER")])
        .member("b@example.com", &[("storefront", "USER")])
        .team(&file("prune: people", ALEX));
    let blocked = scenario.run("apply --yes");
    blocked.assert_status(1);
    assert_eq!(observed(&scenario).len(), 4);
    let end = records(&scenario).pop().expect("an end");
    assert_eq!(end["reason"], "stopped");
    assert_eq!(end["text"], "plan blocked by 1 guard; nothing will be applied");
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn unmanaged_projects_are_never_recorded_and_two_team_files_share_a_ledger() {
    let head =
        |project: &str, alias: &str| format!("version: 1\nprojects: {{{alias}: {project}}}\npeople: []\n");
    let scenario = Scenario::new()
        .member("eve@example.com", &[("storefront", "USER"), ("loyalty", "VIEWER")])
        .team(&head(STOREFRONT, "storefront"))
        .file("loyalty.yaml", &head(LOYALTY, "loyalty"));
    scenario.run("apply --yes").ok();
    assert!(!scenario.read_all(".guestlist").contains(LOYALTY));
    by_hand(&scenario, "eve@example.com", LOYALTY, "ADMIN");
    scenario.run("apply --yes").ok();
    assert!(!scenario.read_all(".guestlist").contains(LOYALTY));
    scenario.run("apply loyalty.yaml --yes").ok();
    by_hand(&scenario, "eve@example.com", LOYALTY, "USER");
    scenario.run("apply --yes").ok();
    scenario.run("apply loyalty.yaml --yes").ok();
    let eve: Vec<_> = observed(&scenario).into_iter().filter(|line| line.starts_with("eve")).collect();
    assert_eq!(
        eve,
        [
            "eve@example.com proj_9KeAhZB1 null→\"USER\", before the ledger",
            "eve@example.com proj_npnFzPr9 null→\"ADMIN\", before the ledger",
            "eve@example.com proj_npnFzPr9 \"ADMIN\"→\"USER\"",
        ]
    );
}

/// What `applied.json` has for the organization: person, project, role.
fn applied(scenario: &Scenario) -> BTreeMap<String, BTreeMap<String, String>> {
    let document: Value = serde_json::from_str(&scenario.read(".guestlist/applied.json")).expect("JSON");
    let realms = document["realms"].as_object().expect("realms");
    assert_eq!(realms.len(), 1);
    let people = realms.values().next().expect("a realm")["people"].clone();
    serde_json::from_value(people).expect("people")
}

#[test]
fn what_an_applied_file_gave_and_the_next_one_does_not_is_removed() {
    let dropped = "prune: dropped, max_removals: 100%";
    let scenario = Scenario::new()
        .member("alex@example.com", &[("storefront", "USER"), ("loyalty", "USER")])
        .member("kim@example.com", &[("storefront", "VIEWER")])
        .team(&file(dropped, &format!("{ALEX}{KIM}")));
    let first = scenario.run("apply --yes");
    assert!(
        first.ok().stdout.contains("removes nothing: the ledger has no applied file yet"),
        "{}",
        first.stdout
    );
    let gave = |people: &[(&str, &str, &str)]| -> BTreeMap<String, BTreeMap<String, String>> {
        let one = |(email, project, role): &(&str, &str, &str)| {
            ((*email).to_owned(), BTreeMap::from([((*project).to_owned(), (*role).to_owned())]))
        };
        people.iter().map(one).collect()
    };
    let both = [("alex@example.com", STOREFRONT, "USER"), ("kim@example.com", LOYALTY, "VIEWER")];
    assert_eq!(applied(&scenario), gave(&both));
    scenario.calls();
    // Kim keeps what no file gave. With a base, the removal comes from the pull request.
    scenario.write("base.yaml", &scenario.read("team.yaml"));
    scenario.write("team.yaml", &file(dropped, ALEX));
    let plan: Value =
        serde_json::from_str(&scenario.run("plan --format json --base base.yaml").ok().stdout).expect("JSON");
    let change = &plan["changes"][0];
    assert_eq!(
        [&change["email"], &change["project"], &change["origin"]],
        ["kim@example.com", LOYALTY, "pull_request"]
    );
    let explained = scenario.run("explain kim@example.com");
    assert!(
        explained.ok().stdout.contains("desired     none; the last applied file gave VIEWER\n"),
        "{}",
        explained.stdout
    );
    scenario.run("plan --offline").ok();
    scenario.write("base.yaml", &file("prune: none, max_removals: 100%", ALEX));
    let loosened = scenario.run("plan --base base.yaml");
    assert!(loosened.ok().stdout.contains("prune: none → dropped (loosened)"), "{}", loosened.stdout);
    scenario.run("plan --out plan.json").ok();
    scenario.run("apply --yes --plan plan.json").ok();
    let kim = scenario.organization(|organization| {
        organization.person("kim@example.com").map(|person| person.projects.clone()).expect("Kim")
    });
    assert_eq!(kim.into_iter().collect::<Vec<_>>(), [(STOREFRONT.to_owned(), "VIEWER".to_owned())]);
    assert_eq!(applied(&scenario), gave(&both[..1]));
    let next = scenario.run("plan --detailed-exitcode");
    assert!(next.ok().stdout.starts_with("No changes"), "{}", next.stdout);
}

#[test]
fn a_person_for_whom_something_failed_is_not_forgotten() {
    let dropped = "prune: dropped, max_removals: 100%";
    let scenario = Scenario::new()
        .member("alex@example.com", &[("storefront", "USER")])
        .member("kim@example.com", &[("storefront", "USER"), ("loyalty", "VIEWER")])
        .team(&file(dropped, &format!("{ALEX}{KIM}")));
    scenario.run("apply --yes").ok();
    scenario.write("team.yaml", &file(dropped, ALEX));
    scenario.faults(&["status=422,method=DELETE"]);
    scenario.run("apply --yes").assert_status(1);
    assert!(applied(&scenario).contains_key("kim@example.com"));
    scenario.faults(&[]);
    scenario.run("apply --yes").ok();
    assert!(!applied(&scenario).contains_key("kim@example.com"));
    // The last project of a user cannot be removed, so it stays on the list of what is left to do.
    scenario.write("team.yaml", &file(dropped, ""));
    scenario.run("apply --yes").ok();
    assert!(applied(&scenario).contains_key("alex@example.com"));
    scenario.run("plan --detailed-exitcode").assert_status(2);
}

#[test]
fn whoever_was_dropped_while_invited_is_removed_after_accepting() {
    let dropped = "prune: dropped, max_removals: 100%";
    let scenario = Scenario::new().team(&file(dropped, &format!("{ALEX}{KIM}")));
    scenario.run("apply --yes").ok();
    scenario.write("team.yaml", &file(dropped, ALEX));
    // The API cannot cancel the invitation, so it stays on the list of what is left to do.
    scenario.run("apply --yes").ok();
    scenario.organization(|organization| {
        assert!(organization.accept("kim@example.com"));
        assert!(organization.accept("alex@example.com"));
    });
    let plan = scenario.run("plan");
    assert!(
        plan.ok().stdout.contains("! kim@example.com    keeps VIEWER in loyalty: the API cannot"),
        "{}",
        plan.stdout
    );
}

#[test]
fn a_change_by_hand_stays_manual_whoever_saw_it_first() {
    let scenario = Scenario::new().team(&file("prune: none", ALEX));
    scenario.run("apply --yes").ok();
    scenario.organization(|organization| assert!(organization.accept("alex@example.com")));
    scenario.run("apply --yes").ok();
    by_hand(&scenario, "alex@example.com", STOREFRONT, "ADMIN");
    scenario.write("base.yaml", &scenario.read("team.yaml"));
    let origin = || {
        let plan = scenario.run("plan --format json --base base.yaml");
        let plan: Value = serde_json::from_str(&plan.ok().stdout).expect("JSON");
        plan["changes"][0]["origin"].clone()
    };
    assert_eq!(origin(), "manual");
    scenario.run("plan").ok();
    assert_eq!(origin(), "manual");
    scenario.run("plan --record").ok();
    assert_eq!(origin(), "manual");
    std::fs::remove_file(scenario.path(".guestlist/known.json")).expect("a snapshot");
    assert_eq!(origin(), "manual");
}

#[test]
fn the_ledger_knows_when_the_organization_last_matched() {
    let scenario = Scenario::new().team(&file("prune: none", ALEX));
    let realm = || {
        let endpoint: guestlist::model::Endpoint = scenario.sandbox().base_url().parse().expect("a URL");
        endpoint.realm().to_owned()
    };
    let convergence = || ledger(&scenario).view(&realm()).expect("a ledger").convergence();
    let drift_id = || {
        // `run` hides digests.
        let output = scenario.command(&["plan", "--format", "json"]).output().expect("the binary runs");
        let plan: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        plan["drift_id"].as_str().expect("text").to_owned()
    };
    let id = drift_id();
    let first = convergence();
    assert_eq!(first.last_clean, None);
    let drift = first.drift.expect("a drift");
    assert_eq!((drift.id.as_str(), drift.changes, drift.attention), (id.as_str(), 1, 0));
    // The same drift keeps its time. Other plans than today's of the file itself do not count.
    scenario.run("plan").ok();
    scenario.write("base.yaml", &scenario.read("team.yaml"));
    scenario.write("team.yaml", &file("prune: none", &format!("{ALEX}{KIM}")));
    scenario.run("plan --base base.yaml").ok();
    scenario.run("plan --max-invites 0").ok();
    scenario.run("plan --offline").ok();
    assert_eq!(convergence().drift, Some(drift));
    // One of two is invited, so the other is still to do; then both are.
    scenario.run("apply --yes --max-invites 1").ok();
    let rest = convergence();
    assert_eq!(rest.drift.as_ref().map(|drift| drift.changes), Some(1));
    assert_eq!(rest.drift.map(|drift| drift.id), Some(drift_id()));
    scenario.run("apply --yes").ok();
    // The reading of this run had a change, so only the next one is clean.
    assert_eq!(convergence(), Convergence::default());
    scenario.run("plan").ok();
    let clean = convergence();
    assert!(clean.drift.is_none() && clean.last_clean.is_some(), "{clean:?}");
    scenario.run("apply --yes").ok();
    assert!(convergence().last_clean > clean.last_clean);
}
