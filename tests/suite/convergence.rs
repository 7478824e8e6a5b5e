//! For any organization and any team file: apply does what the file says, safely at every call, and then
//! there is nothing to do. Over real HTTP, against the sandbox, with whatever the service may do where
//! its documents are silent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use guestlist::api::{Client, Credentials, Settings};
use guestlist::apply::{Apply, Ending, Report, Stop};
use guestlist::desired::{self, Desired};
use guestlist::known::{Known, Reading};
use guestlist::ledger::{self, EndReason, Ledger, LedgerLocation, Run, Who};
use guestlist::model::{Email, Endpoint, ProjectId, TrustedEndpoint};
use guestlist::plan::{Plan, PlanOptions};
use guestlist::sandbox::{
    AssignAgain, AssignPending, Behaviour, Fault, Handle, LoggedCall, Options, Organization, Paging, Sandbox,
    SecondInvitation, UserStatus,
};
use guestlist::team_file::{self, Problems, Sources};
use jiff::Timestamp;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;

/// Three projects of the file, and one that is none of its business.
const MANAGED: [&str; 3] = ["proj_a", "proj_b", "proj_c"];
const UNMANAGED: &str = "proj_unmanaged";
const ROLES: [&str; 5] = ["ADMIN", "ADMIN", "USER", "VIEWER", "role_custom"];

/// Somebody in the organization, or known to the service.
#[derive(Clone, Debug)]
struct Someone {
    standing: UserStatus,
    projects: BTreeMap<&'static str, &'static str>,
}

/// An organization, a team file, and how the service behaves.
#[derive(Clone, Debug)]
struct Case {
    someone: BTreeMap<u8, Someone>,
    team: String,
    behaviour: Behaviour,
    concurrency: usize,
    faults: Vec<Fault>,
}

fn projects(of: &'static [&'static str]) -> impl Strategy<Value = BTreeMap<&'static str, &'static str>> {
    btree_map(select(of), select(&ROLES[..]), 1..=of.len())
}

fn someone() -> impl Strategy<Value = Someone> {
    static ALL: [&str; 4] = [MANAGED[0], MANAGED[1], MANAGED[2], UNMANAGED];
    let standing = prop_oneof![
        6 => Just(UserStatus::Member), 1 => Just(UserStatus::Invited(1)), 1 => Just(UserStatus::Elsewhere)
    ];
    (standing, projects(&ALL)).prop_map(|(standing, projects)| Someone { standing, projects })
}

prop_compose! {
    fn team()(
        people in btree_map(0..7_u8, (projects(&MANAGED), select(vec!["", "", "", ", until: 2020-01-01", ", from: 2999-01-01"])), 0..8),
        prune in select(vec!["none", "roles", "people"]),
        keep_admins in 0..3,
    ) -> String {
        let mut text = "version: 1\nprojects: {a: proj_a, b: proj_b, c: proj_c}\nroles: {custom: role_custom}\npeople:\n".to_owned();
        for (n, (projects, date)) in &people {
            let projects: Vec<_> = projects.iter().map(|(project, role)| format!("{project}: {role}")).collect();
            let _ = writeln!(text, "  - {{email: {}, first_name: F, last_name: L, projects: {{{}}}{date}}}", email(*n), projects.join(", "));
        }
        if people.is_empty() {
            text.truncate(text.len() - "people:\n".len());
        }
        let _ = writeln!(text, "policy: {{prune: {prune}, keep_admins: {keep_admins}, max_removals: 100%}}");
        text
    }
}

prop_compose! {
    fn behaviour()(
        pending_shows in any::<bool>(),
        second_invitation in select(vec![SecondInvitation::Refused, SecondInvitation::SentAgain]),
        paging in select(vec![Paging::Honoured, Paging::Ignored]),
        assign_again in select(vec![AssignAgain::Refused, AssignAgain::KeepsRole, AssignAgain::TakesRole]),
        assign_pending in select(vec![AssignPending::NotFound, AssignPending::NotActive]),
    ) -> Behaviour {
        Behaviour { pending_shows, second_invitation, paging, assign_again, assign_pending }
    }
}

/// Refusals of calls that write: nothing that would be tried again.
fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let fault = (select(vec!["POST", "PUT", "DELETE"]), select(vec![400, 404, 422]), any::<u16>());
    vec(fault, 0..3).prop_map(|faults| {
        let order =
            |(method, status, seed)| format!("status={status},method={method},probability=0.7,seed={seed}");
        faults.into_iter().map(|fault| order(fault).parse().expect("a fault")).collect()
    })
}

prop_compose! {
    fn case(faulty: bool)(
        someone in btree_map(0..7_u8, someone(), 0..8),
        team in team(),
        behaviour in behaviour(),
        concurrency in 1..9_usize,
        faults in faults(),
    ) -> Case {
        Case { someone, team, behaviour, concurrency, faults: if faulty { faults } else { Vec::new() } }
    }
}

fn email(n: u8) -> String {
    format!("person{n}@example.com")
}

fn organization(case: &Case) -> Organization {
    let projects = MANAGED.iter().chain([&UNMANAGED]).map(|id| ((*id).to_owned(), (*id).to_owned()));
    let mut organization = Organization::for_team(projects, ["role_custom".to_owned()]);
    for (n, Someone { standing, projects }) in &case.someone {
        let access = projects.iter().map(|(project, role)| ((*project).to_owned(), (*role).to_owned()));
        let address = email(*n);
        match standing {
            UserStatus::Member => assert!(organization.add_member(&address, "F", "L", access)),
            UserStatus::Elsewhere => assert!(organization.add_elsewhere(&address, "F", "L")),
            UserStatus::Invited(_) => {
                let body = serde_json::json!({
                    "email": address, "first_name": "F", "last_name": "L", "projects": projects,
                });
                assert!(organization.invite(&body, Behaviour::default()).is_ok());
            }
        }
    }
    organization
}

fn desired(team: &str) -> Desired {
    let mut sources = Sources::default();
    let mut problems = Problems::default();
    let id = sources.add("team.yaml", team.as_bytes().to_vec(), &mut problems);
    let root = team_file::parse_root(&sources, id, &mut problems);
    match desired::resolve(&root, &[], problems) {
        Ok(team) => team.desired,
        Err(problems) => panic!("{}", problems.text(&sources, false)),
    }
}

/// Everything that a run needs, put together as the commands do.
struct Bench {
    desired: Desired,
    sandbox: Handle,
    endpoint: Endpoint,
    client: Client,
    ledger: Ledger,
    concurrency: usize,
}

impl Bench {
    async fn new(case: &Case, folder: &Path) -> Self {
        let organization = organization(case);
        let options =
            Options { organization, behaviour: case.behaviour, rate_limit: None, ..Options::default() };
        let sandbox = Sandbox::start(options).await.expect("a sandbox");
        let endpoint: Endpoint = sandbox.base_url().parse().expect("an endpoint");
        let trusted = TrustedEndpoint::named_by_operator(endpoint.clone());
        let given = sandbox.credentials();
        let credentials = Credentials::parse(&given.id, &given.token).expect("credentials");
        Self {
            desired: desired(&case.team),
            client: Client::new(&trusted, &credentials, Settings::default()).expect("a client"),
            ledger: Ledger::open(&LedgerLocation::Folder(folder.to_owned())).expect("a ledger"),
            endpoint,
            sandbox,
            concurrency: case.concurrency,
        }
    }

    async fn known(&self) -> Known {
        let standing = self.ledger.view(self.endpoint.realm()).expect("a standing");
        let projects: Vec<ProjectId> = self.desired.projects.keys().cloned().collect();
        let lists = self.client.reader().users_of(&projects, 8).await.expect("lists");
        let reading = Reading { read_at: Timestamp::now(), lists };
        let recent = standing.writes.since(Timestamp::UNIX_EPOCH);
        let known = reading.live(standing.invitations(None), recent, &BTreeMap::new());
        assert_eq!(known.doubts, []);
        let (endpoint, read_at, members) = (self.endpoint.clone(), reading.read_at, known.members.clone());
        let kept = ledger::Snapshot::new(endpoint, read_at, projects.into_iter().collect(), members);
        self.ledger.keep_snapshot(kept, standing).expect("a reading that is kept");
        known
    }

    async fn plan(&self) -> (Plan, Known) {
        let known = self.known().await;
        let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        (Plan::between(&self.desired, &known, &PlanOptions::new(self.endpoint.clone(), today)), known)
    }

    async fn apply(&self, plan: &Plan, known: &Known) -> Report {
        let lease = self.ledger.acquire(&Who::default()).expect("a lease");
        let run = Run::new("apply", Who::default(), self.endpoint.clone(), Some(plan.id.to_string()));
        let run = self.ledger.begin(run, &lease).expect("a run");
        let apply = Apply {
            plan,
            desired: &self.desired,
            known,
            writer: &self.client.writer(),
            run: &run,
            concurrency: self.concurrency,
            again: false,
            stop: &Stop::default(),
            watch: &|_, _| {},
        };
        let report = apply.carry_out().await;
        run.end(EndReason::Completed, None, None).await.expect("an end");
        report
    }

    /// The calls since the last time that was asked. None of them is about a project that is not managed.
    fn calls(&self) -> Vec<LoggedCall> {
        let calls = self.sandbox.log();
        self.sandbox.clear_log();
        for call in &calls {
            let text = format!("{} {}", call.path, call.body);
            assert!(!text.contains(UNMANAGED), "{text}");
        }
        calls
    }

    /// Who has what now, as lists show it: login → project → role.
    fn access(&self, behaviour: Behaviour) -> BTreeMap<String, BTreeMap<String, String>> {
        self.sandbox.with_organization(|organization| {
            let shown = organization.people().filter(|person| match person.status {
                UserStatus::Member => true,
                UserStatus::Invited(_) => behaviour.pending_shows,
                UserStatus::Elsewhere => false,
            });
            shown.map(|person| (person.id.clone(), person.projects.clone())).collect()
        })
    }

    fn logins(&self) -> BTreeMap<String, Email> {
        self.sandbox.with_organization(|organization| {
            organization.people().map(|person| (person.id.clone(), person.login.clone())).collect()
        })
    }
}

/// Goes through the calls that were carried out, one by one: no project falls under its ADMINs, and nobody
/// who keeps access is without any on the way.
fn check_every_call(
    bench: &Bench,
    mut access: BTreeMap<String, BTreeMap<String, String>>,
    calls: &[LoggedCall],
) {
    let logins = bench.logins();
    let admins = |access: &BTreeMap<String, BTreeMap<String, String>>, project: &str| {
        access.values().filter(|projects| projects.get(project).is_some_and(|role| role == "ADMIN")).count()
    };
    let managed = |projects: &BTreeMap<String, String>| MANAGED.iter().any(|id| projects.contains_key(*id));
    let keep = bench.desired.policy.keep_admins as usize;
    let floors: BTreeMap<_, _> = MANAGED.iter().map(|id| (id, keep.min(admins(&access, id)))).collect();
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let stays: BTreeSet<String> = access
        .iter()
        .filter(|(id, projects)| {
            let person = bench.desired.people.get(&logins[*id]);
            managed(projects) && person.is_some_and(|person| person.until.is_none_or(|until| until >= today))
        })
        .map(|(id, _)| id.clone())
        .collect();
    for call in calls.iter().filter(|call| call.applied) {
        let parts: Vec<_> = call.path.trim_start_matches("/management/v1/projects/").split('/').collect();
        match (call.method.as_str(), &parts[..]) {
            ("POST", ["users", "invite"]) => {}
            ("POST", [project, "users"]) => {
                let login = Email::as_received(call.email().expect("a login"));
                let (id, _) = logins.iter().find(|(_, known)| **known == login).expect("a person");
                let role = call.body["role"].as_str().expect("a role").to_owned();
                access.entry(id.clone()).or_default().entry((*project).to_owned()).or_insert(role);
            }
            ("PUT", [project, "users", id]) => {
                let role = call.body["role"].as_str().expect("a role").to_owned();
                access.get_mut(*id).expect("a member").insert((*project).to_owned(), role);
            }
            ("DELETE", [project, "users", id]) => {
                access.get_mut(*id).expect("a member").remove(*project);
            }
            other => panic!("{other:?}"),
        }
        for (project, floor) in &floors {
            assert!(admins(&access, project) >= *floor, "{project} has too few ADMINs after {call:?}");
        }
        for id in &stays {
            assert!(managed(&access[id]), "{} has nothing after {call:?}", logins[id]);
        }
    }
}

async fn check(case: &Case) {
    let folder = tempfile::tempdir().expect("a folder");
    let bench = Bench::new(case, folder.path()).await;
    let round = async |faulty: bool| {
        let (plan, known) = bench.plan().await;
        assert!(bench.calls().iter().all(|call| !call.writes()));
        if !plan.refused.is_empty() {
            return false;
        }
        let before = bench.access(case.behaviour);
        let report = bench.apply(&plan, &known).await;
        let calls = bench.calls();
        check_every_call(&bench, before, &calls);
        assert!(faulty || report.is_success(), "{report:#?}");
        true
    };
    if !case.faults.is_empty() {
        bench.sandbox.set_faults(case.faults.clone());
        round(true).await;
        bench.sandbox.set_faults(Vec::new());
    }
    for _ in 0..2 {
        if !round(false).await {
            return;
        }
        let (plan, known) = bench.plan().await;
        assert_eq!((&plan.changes[..], &plan.refused[..]), (&[][..], &[][..]), "after an apply");
        assert!(bench.apply(&plan, &known).await.is_success());
        assert!(bench.calls().iter().all(|call| !call.writes()));
        check_access(&bench, &known);
        // Everybody accepts, and what an invitation did not carry follows.
        bench.sandbox.with_organization(|organization| {
            let invited: Vec<_> = organization.invited().map(|person| person.email.clone()).collect();
            assert!(invited.iter().all(|email| organization.accept(email)));
        });
    }
    assert_eq!(bench.plan().await.0.changes, []);
}

/// Whoever is listed and a member has what the file gives, owners aside; whoever is none was invited.
fn check_access(bench: &Bench, known: &Known) {
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for (email, person) in &bench.desired.people {
        if person.from.is_some_and(|from| from > today) || person.until.is_some_and(|until| until < today) {
            continue;
        }
        match known.members.get(email) {
            Some(member) => {
                for (project, role) in &person.access {
                    assert_eq!(member.access.get(project), Some(role), "{email} in {project}");
                }
            }
            None => assert!(known.invitations.contains_key(email), "{email} is not invited"),
        }
    }
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn after_an_apply_there_is_nothing_to_do(case in case(false)) {
        RUNTIME.block_on(check(&case));
    }

    #[test]
    fn what_is_refused_leaves_nobody_without_access_and_the_next_run_goes_on(case in case(true)) {
        RUNTIME.block_on(check(&case));
    }
}

/// A case of nobody but those who are given, under a policy.
fn case_of(someone: &[(u8, &[(&'static str, &'static str)])], people: &str, behaviour: Behaviour) -> Case {
    let member = |projects: &[(&'static str, &'static str)]| Someone {
        standing: UserStatus::Member,
        projects: projects.iter().copied().collect(),
    };
    Case {
        someone: someone.iter().map(|(n, projects)| (*n, member(projects))).collect(),
        team: format!(
            "version: 1\nprojects: {{a: proj_a, b: proj_b, c: proj_c}}\npeople:\n{people}policy: {{prune: roles, max_removals: 100%}}\n"
        ),
        behaviour,
        concurrency: 1,
        faults: Vec::new(),
    }
}

/// Plans, lets `meanwhile` happen, applies, and gives the report and the calls of the apply.
async fn apply_after(case: &Case, meanwhile: impl FnOnce(&mut Organization)) -> (Report, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let bench = Bench::new(case, folder.path()).await;
    let (plan, known) = bench.plan().await;
    bench.sandbox.with_organization(meanwhile);
    bench.calls();
    let report = bench.apply(&plan, &known).await;
    let user = bench.logins().into_iter().find(|(_, login)| login.as_str() == email(0)).expect("a user").0;
    let shown = |call: LoggedCall| {
        format!(
            "{} {}",
            call.method,
            call.path.replace("/management/v1/projects/", "").replace(&user, "USER")
        )
    };
    (report, bench.calls().into_iter().map(shown).collect())
}

#[test]
fn a_role_that_somebody_was_given_meanwhile_is_changed() {
    let person =
        format!("  - {{email: {}, first_name: F, last_name: L, projects: {{a: USER, b: USER}}}}\n", email(0));
    for (assign_again, expected) in [
        (AssignAgain::Refused, &["POST proj_b/users", "GET proj_b/users", "PUT proj_b/users/USER"][..]),
        (AssignAgain::KeepsRole, &["POST proj_b/users", "PUT proj_b/users/USER"]),
        (AssignAgain::TakesRole, &["POST proj_b/users"]),
    ] {
        let behaviour = Behaviour { assign_again, ..Behaviour::default() };
        let case = case_of(&[(0, &[("proj_a", "USER")])], &person, behaviour);
        let (report, calls) = RUNTIME.block_on(apply_after(&case, |organization| {
            let body = serde_json::json!({"login": email(0), "role": "VIEWER"});
            organization.assign("proj_b", &body, behaviour).expect("an assignment");
        }));
        assert!(report.is_success(), "{report:?}");
        assert_eq!(calls, expected);
    }
}

#[test]
fn an_admin_of_whom_no_guard_knew_stays() {
    let person =
        format!("  - {{email: {}, first_name: F, last_name: L, projects: {{a: USER, b: USER}}}}\n", email(0));
    for assign_again in [AssignAgain::Refused, AssignAgain::KeepsRole] {
        let behaviour = Behaviour { assign_again, ..Behaviour::default() };
        let mut case = case_of(&[(0, &[("proj_a", "USER")])], &person, behaviour);
        case.team = case.team.replace("policy: {", "policy: {keep_admins: 2, ");
        let (report, calls) = RUNTIME.block_on(apply_after(&case, |organization| {
            let body = serde_json::json!({"login": email(0), "role": "ADMIN"});
            organization.assign("proj_b", &body, behaviour).expect("an assignment");
        }));
        let endings: Vec<_> = report.endings.into_iter().map(|(_, ending)| ending).collect();
        let reason =
            "became ADMIN in b after the plan was made, and b would be left with too few ADMINs".to_owned();
        assert_eq!(endings, [Ending::Failed { reason }]);
        assert_eq!(calls, ["POST proj_b/users", "GET proj_b/users"]);
    }
}

#[test]
fn of_two_who_became_admin_at_once_one_stays() {
    let person = |n| {
        format!("  - {{email: {}, first_name: F, last_name: L, projects: {{a: USER, b: USER}}}}\n", email(n))
    };
    let people = format!("{}{}", person(0), person(1));
    for assign_again in [AssignAgain::Refused, AssignAgain::KeepsRole] {
        let behaviour = Behaviour { assign_again, ..Behaviour::default() };
        let mut case = case_of(&[(0, &[("proj_a", "USER")]), (1, &[("proj_a", "USER")])], &people, behaviour);
        case.concurrency = 8;
        // The owner is one of the two who must remain.
        case.team = case.team.replace("policy: {", "policy: {keep_admins: 2, ");
        let (report, calls) = RUNTIME.block_on(apply_after(&case, |organization| {
            for n in 0..2 {
                let body = serde_json::json!({"login": email(n), "role": "ADMIN"});
                organization.assign("proj_b", &body, behaviour).expect("an assignment");
            }
        }));
        let changed = calls.iter().filter(|call| call.starts_with("PUT")).count();
        assert_eq!((report.done(), changed), (1, 1), "{calls:?}: {report:?}");
        assert_eq!(calls.iter().filter(|call| call.starts_with("GET")).count(), 1, "{calls:?}");
    }
}

#[test]
fn a_project_that_was_taken_meanwhile_is_done() {
    let person = format!("  - {{email: {}, first_name: F, last_name: L, projects: {{a: USER}}}}\n", email(0));
    let case = case_of(&[(0, &[("proj_a", "USER"), ("proj_b", "USER")])], &person, Behaviour::default());
    let (report, calls) = RUNTIME.block_on(apply_after(&case, |organization| {
        let id = organization.person(&email(0)).expect("a person").id.clone();
        organization.unassign("proj_b", &id, Behaviour::default()).expect("a removal");
    }));
    assert!(report.is_success(), "{report:?}");
    assert_eq!(report.counts().into_keys().collect::<Vec<_>>(), [ledger::Meaning::AlreadySo]);
    assert_eq!(calls, ["DELETE proj_b/users/USER"]);
}

#[test]
fn somebody_who_is_gone_meanwhile_fails_alone() {
    let people = [0, 1].map(|n| {
        format!("  - {{email: {}, first_name: F, last_name: L, projects: {{a: USER, b: ADMIN}}}}\n", email(n))
    });
    let case = case_of(
        &[(0, &[("proj_a", "USER"), ("proj_b", "USER")]), (1, &[("proj_a", "USER")])],
        &people.concat(),
        Behaviour::default(),
    );
    let (report, calls) = RUNTIME.block_on(apply_after(&case, |organization| {
        let id = organization.person(&email(0)).expect("a person").id.clone();
        organization.unassign("proj_b", &id, Behaviour::default()).expect("a removal");
    }));
    assert_eq!((report.done(), report.endings.len()), (1, 2), "{report:?}");
    assert_eq!(calls, ["PUT proj_b/users/USER", "POST proj_b/users"]);
}
