//! Apply killed at every call and in between, run again: nothing is lost, and nobody is invited twice.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use guestlist::ledger::{ChainState, Intent, Ledger};
use guestlist::model::{Email, Endpoint};
use guestlist::sandbox::{Behaviour, LoggedCall, Options, Organization, SecondInvitation, UserStatus};
use serde_json::json;

use crate::engine::{self, Bucket, Relay};
use crate::scenario::{HEAD, Scenario};

/// Every kind of change: invitations, one to somebody invited by hand, one to a user from elsewhere, an
/// assignment, changes of role in both directions, and a removal.
const PEOPLE: &str = "\
policy: {prune: roles, max_removals: 100}
people:
  - {email: elsewhere@example.com, first_name: E, last_name: E, projects: {storefront: USER, loyalty: VIEWER}}
  - {email: lower@example.com, first_name: L, last_name: L, projects: {storefront: USER}}
  - {email: mover@example.com, first_name: M, last_name: M, projects: {loyalty: USER}}
  - {email: new1@example.com, first_name: N, last_name: N, projects: {storefront: ADMIN, loyalty: USER}}
  - {email: new2@example.com, first_name: N, last_name: N, projects: {loyalty: VIEWER}}
  - {email: pending@example.com, first_name: P, last_name: P, projects: {storefront: VIEWER}}
  - {email: raise@example.com, first_name: R, last_name: R, projects: {storefront: ADMIN}}
";
const STOREFRONT: &str = "proj_9KeAhZB1";

fn organization() -> Organization {
    let mut organization = Organization::example();
    for (name, role) in [("lower", "ADMIN"), ("mover", "USER"), ("raise", "VIEWER")] {
        let access = [(STOREFRONT.to_owned(), role.to_owned())];
        assert!(organization.add_member(&format!("{name}@example.com"), name, name, access));
    }
    assert!(organization.add_elsewhere("elsewhere@example.com", "E", "E"));
    let invitation = json!({
        "email": "pending@example.com", "first_name": "P", "last_name": "P", "projects": {STOREFRONT: "VIEWER"},
    });
    organization.invite(&invitation, Behaviour::default()).expect("an invitation");
    organization
}

/// With the ledger in that bucket, if there is one.
fn scenario(second_invitation: SecondInvitation, bucket: Option<Bucket>) -> Scenario {
    let behaviour = Behaviour { second_invitation, ..Behaviour::default() };
    let scenario = Scenario::with(Options { organization: organization(), behaviour, ..Options::default() })
        .team(&format!("{HEAD}{PEOPLE}"));
    match bucket {
        Some(bucket) => scenario.in_bucket(bucket),
        None => scenario,
    }
}

/// Whether each person is a member, and what they have or wait for.
type Accesses = BTreeMap<String, (bool, BTreeMap<String, String>)>;

fn access(scenario: &Scenario) -> Accesses {
    scenario.organization(|organization| {
        let everybody = organization.people();
        let access = everybody.map(|person| {
            (person.login.to_string(), (person.status == UserStatus::Member, person.projects.clone()))
        });
        access.collect()
    })
}

/// The organization that an apply leads to when nobody kills it, and the number of its calls.
fn undisturbed(second_invitation: SecondInvitation) -> (Accesses, u64) {
    let scenario = scenario(second_invitation, None);
    scenario.run("apply --yes --concurrency 1").ok();
    (access(&scenario), scenario.calls().len() as u64)
}

fn intents(ledger: &Ledger) -> Vec<Intent> {
    let runs = ledger.log().expect("a ledger");
    runs.flat_map(|run| {
        let run = run.expect("a run");
        run.entries(None).into_iter().map(|entry| entry.intent.clone()).collect::<Vec<_>>()
    })
    .collect()
}

fn start(scenario: &Scenario, args: &[&str]) -> Child {
    let mut command = scenario.command(args);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs")
}

/// Looks again and again until it is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} does not come");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// What must hold after a kill, whenever it came: of what lies there, and of the run after it.
fn recovers(scenario: &Scenario, expected: &Accesses, when: &str) {
    let ledger = scenario.ledger();
    let recorded = intents(&ledger);
    for call in scenario.calls().iter().filter(|call| call.writes()) {
        assert!(recorded.iter().any(|intent| is_of(intent, call)), "{when}: {call:?} is not recorded");
    }
    let verification = ledger.verify().expect("a ledger");
    assert_eq!(verification.chain(), ChainState::Intact, "{when}: {verification:?}");
    let endpoint: Endpoint = scenario.sandbox().base_url().parse().expect("a URL");
    let out: BTreeSet<Email> =
        ledger.view(endpoint.realm()).expect("a ledger").invitations(None).out.into_keys().collect();

    scenario.sandbox().set_faults(Vec::new());
    expire_lock(scenario);
    scenario.run("apply --yes").ok();
    for call in scenario.calls().iter().filter(|call| call.path.ends_with("/invite")) {
        let email = Email::as_received(call.email().expect("an address"));
        assert!(
            !out.contains(&email),
            "{when}: {email} is invited although the invitation was known to be out"
        );
    }
    let access = access(scenario);
    assert_eq!(access, *expected, "{when}");
    // Who has which access is known from the ledger alone.
    let members = access.into_iter().filter(|(_, (is_member, _))| *is_member);
    let members: BTreeMap<String, BTreeMap<String, String>> =
        members.map(|(login, (_, projects))| (login, projects)).filter(|(_, it)| !it.is_empty()).collect();
    let known = ledger.access(endpoint.realm()).expect("a ledger").people();
    let known: BTreeMap<_, BTreeMap<_, _>> = known
        .into_iter()
        .map(|(login, access)| {
            let access =
                access.into_iter().map(|(id, role)| (id.as_str().to_owned(), role.as_str().to_owned()));
            (login.as_str().to_owned(), access.collect())
        })
        .collect();
    assert_eq!(known, members, "{when}");
    scenario.run("plan --detailed-exitcode").ok();
}

/// Lets the lock of a run that was killed expire: no one waits a minute for it.
pub(crate) fn expire_lock(scenario: &Scenario) {
    if scenario.bucket().is_some() {
        // The lock of a bucket is watched for a minute before it counts as expired.
        if scenario.ledger().lock().expect("a ledger").is_some() {
            scenario.run("unlock --yes").ok();
        }
        return;
    }
    let path = scenario.path(".guestlist/lease.json");
    let Ok(text) = std::fs::read_to_string(&path) else { return };
    let mut lock: serde_json::Value = serde_json::from_str(&text).expect("a lock");
    lock["renewed"] = (jiff::Timestamp::now() - jiff::SignedDuration::from_secs(60)).to_string().into();
    std::fs::write(&path, lock.to_string()).expect("a lock");
}

fn is_of(intent: &Intent, call: &LoggedCall) -> bool {
    let named = call.email().map(Email::as_received);
    intent.method == call.method
        && intent.path == call.path
        && named.is_none_or(|named| named == intent.email)
}

/// Does something for each number, several at a time.
fn for_each(numbers: std::ops::RangeInclusive<u64>, act: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(*numbers.start());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(number) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| numbers.contains(number))
                {
                    act(number);
                }
            });
        }
    });
}

/// Kills apply while call `at` waits for an answer that never comes.
fn kill_at(at: u64, fault: &str, concurrency: &str, scenario: &Scenario) {
    scenario.sandbox().set_faults(vec![format!("{fault},at={at}").parse().expect("a fault")]);
    let mut child = start(scenario, &["apply", "--yes", "--concurrency", concurrency]);
    wait_until("the call", || scenario.sandbox().log().iter().any(|call| call.fault.is_some()));
    child.kill().expect("a process");
    child.wait().expect("its end");
}

/// Kills apply at every call, with the ledger in the bucket that `bucket` returns.
fn kill_at_every_call(fault: &str, bucket: impl Fn() -> Option<Bucket> + Sync) {
    let (expected, calls) = undisturbed(SecondInvitation::Refused);
    for_each(1..=calls, |at| {
        let scenario = scenario(SecondInvitation::Refused, bucket());
        kill_at(at, fault, "1", &scenario);
        recovers(&scenario, &expected, &format!("killed at call {at} with {fault}"));
    });
}

#[test]
fn killed_before_any_call_is_processed_apply_recovers() {
    kill_at_every_call("hang", || None);
}

#[test]
fn killed_after_any_call_is_processed_apply_recovers() {
    kill_at_every_call("hang,applied", || None);
}

#[test]
fn killed_with_many_calls_under_way_apply_recovers() {
    let (expected, calls) = undisturbed(SecondInvitation::SentAgain);
    for_each(4..=calls, |at| {
        // The service that would send a second invitation must not be asked to by those that are known.
        let scenario = scenario(SecondInvitation::SentAgain, None);
        kill_at(at, "hang,applied", "8", &scenario);
        recovers(&scenario, &expected, &format!("killed at call {at} of many"));
    });
}

#[test]
fn killed_between_any_two_records_apply_recovers() {
    let (expected, calls) = undisturbed(SecondInvitation::Refused);
    for_each(1..=2 * calls, |lines| {
        let scenario = scenario(SecondInvitation::Refused, None);
        let mut child = start(&scenario, &["apply", "--yes", "--concurrency", "1"]);
        let written = || scenario.read_all(".guestlist/runs").lines().count() as u64;
        wait_until("the record", || written() >= lines || child.try_wait().expect("a process").is_some());
        child.kill().expect("a process");
        child.wait().expect("its end");
        recovers(&scenario, &expected, &format!("killed when {lines} records were written"));
    });
}

#[test]
fn any_answer_may_be_lost() {
    let (expected, calls) = undisturbed(SecondInvitation::Refused);
    for_each(1..=calls, |at| {
        let scenario = scenario(SecondInvitation::Refused, None);
        scenario.sandbox().set_faults(vec![format!("close-after,at={at}").parse().expect("a fault")]);
        scenario.run("apply --yes --concurrency 1").ok();
        recovers(&scenario, &expected, &format!("the answer to call {at} was lost"));
    });
}

#[test]
fn killed_before_any_call_is_processed_apply_recovers_from_a_bucket() {
    if engine::bucket().is_some() {
        kill_at_every_call("hang", engine::bucket);
    }
}

#[test]
fn killed_after_any_call_is_processed_apply_recovers_from_a_bucket() {
    if engine::bucket().is_some() {
        kill_at_every_call("hang,applied", engine::bucket);
    }
}

#[test]
fn killed_at_some_calls_apply_recovers_from_a_container_of_azure() {
    if engine::container().is_none() {
        return;
    }
    let (expected, calls) = undisturbed(SecondInvitation::Refused);
    // The first calls read, the last one is a change of the last person.
    for_each(1..=3, |part| {
        let (at, scenario) =
            (calls - 3 * (part - 1), scenario(SecondInvitation::Refused, engine::container()));
        kill_at(at, "hang,applied", "1", &scenario);
        recovers(&scenario, &expected, &format!("killed at call {at} on Azure"));
    });
}

#[test]
fn killed_after_any_request_to_the_bucket_apply_recovers() {
    let Some(bucket) = engine::bucket() else { return };
    let (expected, _) = undisturbed(SecondInvitation::Refused);
    let start_at = |held: u64, bucket: &Bucket| {
        let relay = Relay::start(bucket, held);
        let scenario = scenario(SecondInvitation::Refused, Some(relay.before(bucket)));
        let child = start(&scenario, &["apply", "--yes", "--concurrency", "1"]);
        (relay, scenario, child)
    };
    let (relay, _scenario, mut whole) = start_at(u64::MAX, &bucket);
    assert!(whole.wait().expect("its end").success());
    for_each(1..=relay.requests(), |held| {
        let bucket = engine::bucket().expect("the server is there");
        let (relay, scenario, mut child) = start_at(held, &bucket);
        // A run that never had to wait for a second makes one request less.
        let has_ended = |child: &mut Child| child.try_wait().expect("a process").is_some();
        wait_until("the request", || relay.requests() >= held || has_ended(&mut child));
        child.kill().expect("a process");
        child.wait().expect("its end");
        relay.let_go();
        recovers(&scenario, &expected, &format!("killed after request {held} to the bucket"));
    });
}
