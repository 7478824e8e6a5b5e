//! For any organization and team file, apply does what the file says, is safe at every call, and leaves
//! nothing to do. Over real HTTP, against the sandbox, with every behavior that the documentation leaves
//! open.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use guestlist::api::{Client, Settings};
use guestlist::apply::{Ending, Report};
use guestlist::desired::Desired;
use guestlist::known::Known;
use guestlist::ledger::{Ledger, Meaning};
use guestlist::plan::Plan;
use guestlist::sandbox::{
    AssignAgain, AssignPending, Behaviour, Fault, LoggedCall, Organization, Paging, SecondInvitation,
    UserStatus,
};
use jiff::civil::Date;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{Turn, World};
use crate::{judge, scene};

/// The managed projects.
const MANAGED: [&str; 3] = ["proj_a", "proj_b", "proj_c"];
const UNMANAGED: &str = "proj_unmanaged";
const ROLES: [&str; 5] = ["ADMIN", "ADMIN", "USER", "VIEWER", "role_custom"];

/// A person in the organization, or elsewhere in the service.
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
        prune in select(vec!["none", "dropped", "roles", "people"]),
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

/// Rejections of calls that write, which are not retried.
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

/// Everything that the runs of a case need.
struct Bench<'a> {
    case: &'a Case,
    world: World,
    desired: Desired,
    ledger: Ledger,
    client: Client,
}

impl<'a> Bench<'a> {
    async fn new(case: &'a Case) -> Self {
        let world = World::new(organization(case), case.behaviour, None, Settings::default()).await;
        let (ledger, client) = (world.ledger("ledger"), world.client());
        Self { case, desired: scene::read(&case.team), ledger, client, world }
    }

    /// Reads and plans, without a write and without a doubtful list.
    async fn plan(&self) -> (Plan, Known) {
        self.world.sandbox.clear_log();
        let known = self.world.observe(&self.ledger, &self.client, &self.desired).await.expect("an answer");
        assert_eq!(known.doubts, []);
        assert_eq!(self.writes(), [""; 0]);
        (self.world.plan(&self.desired, &known, None), known)
    }

    async fn carry_out(&self, plan: &Plan, known: &Known) -> Report {
        let of = (&self.desired, known, plan);
        let report = self.world.carry_out(of, &self.ledger, &self.client, self.case.concurrency, None).await;
        report.expect("a ledger")
    }

    /// One run of apply, judged at every call.
    async fn apply(&self) -> Turn {
        let turn = self.world.apply(&self.desired, None, self.case.concurrency, None).await;
        assert_eq!(turn.error, None);
        let judge = if self.case.faults.is_empty() { judge::turn } else { judge::calls };
        judge(&turn, &self.desired, self.case.behaviour, &self.world.organization())
            .unwrap_or_else(|why| panic!("{why}\n{:#?}", turn.calls));
        turn
    }

    /// The calls that write: method and path.
    fn writes(&self) -> Vec<String> {
        let log = self.world.sandbox.log();
        log.iter().filter(|call| call.writes()).map(|call| format!("{} {}", call.method, call.path)).collect()
    }
}

async fn check(case: &Case) {
    let bench = Bench::new(case).await;
    if !case.faults.is_empty() {
        bench.world.set_faults(case.faults.clone());
        bench.apply().await;
        bench.world.set_faults(Vec::new());
    }
    for _ in 0..2 {
        let turn = bench.apply().await;
        if turn.plan.is_some_and(|plan| !plan.refused.is_empty()) {
            return;
        }
        assert!(turn.report.as_ref().is_none_or(Report::is_success), "{:#?}", turn.report);
        let (plan, known) = bench.plan().await;
        assert_eq!((&plan.changes[..], &plan.refused[..]), (&[][..], &[][..]), "after an apply");
        assert!(bench.carry_out(&plan, &known).await.is_success());
        assert_eq!(bench.writes(), [""; 0]);
        check_access(&bench.desired, &known, plan.date);
        // Everyone accepts, and gets what the invitation did not have.
        bench.world.sandbox.with_organization(|organization| {
            let invited: Vec<_> = organization.invited().map(|person| person.email.clone()).collect();
            assert!(invited.iter().all(|email| organization.accept(email)));
        });
    }
    let (plan, _) = bench.plan().await;
    assert_eq!(plan.changes, []);
    judge::ledger(&bench.ledger).expect("a whole ledger");
}

/// Checks that every listed person has the access in the file, or a pending invitation.
fn check_access(desired: &Desired, known: &Known, today: Date) {
    for (email, person) in &desired.people {
        if person.from.is_some_and(|from| from > today) || person.until.is_some_and(|until| until < today) {
            continue;
        }
        match known.members.get(email) {
            Some(member) => {
                for (project, role) in person.access_on(today) {
                    assert_eq!(member.access.get(&project), Some(&role), "{email} in {project}");
                }
            }
            None => assert!(known.invitations.contains_key(email), "{email} is not invited"),
        }
    }
}

/// Runs a case on a runtime of its own.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn after_an_apply_there_is_nothing_to_do(case in case(false)) {
        block_on(check(&case));
    }

    #[test]
    fn what_is_refused_leaves_nobody_without_access_and_the_next_run_goes_on(case in case(true)) {
        block_on(check(&case));
    }
}

/// A case with these people alone, and a policy that removes roles.
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

/// Plans, lets `meanwhile` happen, applies, and returns the report and the calls of the apply.
async fn apply_after(case: &Case, meanwhile: impl FnOnce(&mut Organization)) -> (Report, Vec<String>) {
    let bench = Bench::new(case).await;
    let (plan, known) = bench.plan().await;
    bench.world.sandbox.with_organization(meanwhile);
    bench.world.sandbox.clear_log();
    let report = bench.carry_out(&plan, &known).await;
    let user = bench.world.organization().person(&email(0)).expect("a user").id.clone();
    let shown = |call: LoggedCall| {
        format!(
            "{} {}",
            call.method,
            call.path.replace("/management/v1/projects/", "").replace(&user, "USER")
        )
    };
    (report, bench.world.sandbox.log().into_iter().map(shown).collect())
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
        let (report, calls) = block_on(apply_after(&case, |organization| {
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
        let (report, calls) = block_on(apply_after(&case, |organization| {
            let body = serde_json::json!({"login": email(0), "role": "ADMIN"});
            organization.assign("proj_b", &body, behaviour).expect("an assignment");
        }));
        let endings: Vec<_> = report.endings.into_iter().map(|(_, ending)| ending).collect();
        let reason =
            "became ADMIN in b after the plan was made, and b would be left with too few ADMINs".to_owned();
        assert_eq!(endings, [Ending::Failed { reason, request_id: None }]);
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
        // The owner is one of the two ADMINs who must remain.
        case.team = case.team.replace("policy: {", "policy: {keep_admins: 2, ");
        let (report, calls) = block_on(apply_after(&case, |organization| {
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
    let (report, calls) = block_on(apply_after(&case, |organization| {
        let id = organization.person(&email(0)).expect("a person").id.clone();
        organization.unassign("proj_b", &id, Behaviour::default()).expect("a removal");
    }));
    assert!(report.is_success(), "{report:?}");
    assert_eq!(report.counts().into_keys().collect::<Vec<_>>(), [Meaning::AlreadySo]);
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
    let (report, calls) = block_on(apply_after(&case, |organization| {
        let id = organization.person(&email(0)).expect("a person").id.clone();
        organization.unassign("proj_b", &id, Behaviour::default()).expect("a removal");
    }));
    assert_eq!((report.done(), report.endings.len()), (1, 2), "{report:?}");
    assert_eq!(calls, ["PUT proj_b/users/USER", "POST proj_b/users"]);
}
