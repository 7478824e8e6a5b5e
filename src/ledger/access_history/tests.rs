//! The history of access from hand-made and from random ledgers.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::known::Member;
use crate::ledger::tests::{a_run, an_intent, an_outcome, time};
use crate::ledger::{End, EndReason};
use crate::model::Access;

const REALM: &str = "sandbox";
const PROJECTS: [&str; 3] = ["p", "q", "r"];

fn email(text: &str) -> Email {
    Email::as_received(&format!("{text}@example.com"))
}

fn project(id: &str) -> ProjectId {
    ProjectId::new(id)
}

fn fold(runs: &[Vec<Record>]) -> AccessFold {
    let mut fold = AccessFold::of(REALM, true);
    for (number, run) in runs.iter().enumerate() {
        let name = RunName::of_file(&format!("{number}.jsonl")).unwrap();
        for record in run {
            fold.take(&name, record);
        }
    }
    fold
}

/// The records of a run whose first record is written at `at`, and one each second from then on.
fn run_of(at: u64, bodies: Vec<Body>) -> Vec<Record> {
    let bodies = std::iter::once(Body::Run(a_run(REALM))).chain(bodies);
    let record = |(index, body)| Record { seq: index + 1, at: time(at + index), body, prev: String::new() };
    (0..).zip(bodies).map(record).collect()
}

fn call(person: &str, action: Action, role: Role) -> Body {
    let projects = Access::from([(project("p"), role)]);
    Body::Intent(Intent { action, projects, ..an_intent(email(person).as_str()) })
}

fn outcome(of: Seq, meaning: Meaning) -> Body {
    Body::Outcome(an_outcome(of, meaning))
}

fn end() -> Body {
    let counts = BTreeMap::new();
    Body::End(End { reason: EndReason::Completed, text: None, counts, changes: None, done: None })
}

fn members(people: &[(&str, &str, Role)]) -> BTreeMap<Email, Member> {
    let mut members = BTreeMap::new();
    for (user, id, role) in people {
        let access = Access::from([(project(id), role.clone())]);
        members.insert(email(user), member(user, email(user), access));
    }
    members
}

fn member(user: &str, login: Email, access: Access) -> Member {
    Member {
        id: UserId::new(user),
        login,
        email: None,
        first_name: String::new(),
        last_name: String::new(),
        access,
        elsewhere: false,
        is_owner: false,
    }
}

/// What a reading of project p at `at` shows, as records.
fn reading(runs: &[Vec<Record>], at: u64, people: &[(&str, Role)]) -> Vec<Observed> {
    let known = fold(runs).finish();
    let people: Vec<_> = people.iter().map(|(user, role)| (*user, "p", role.clone())).collect();
    let confirmed = |_: &Email, project: &ProjectId, _: Option<&Role>| known.read_at(project);
    known.unrecorded(&members(&people), &BTreeSet::from([project("p")]), time(at), confirmed)
}

fn recorded(at: u64, observed: Vec<Observed>) -> Vec<Record> {
    run_of(at, observed.into_iter().map(Body::Observed).chain([end()]).collect())
}

/// `0: a USER→ADMIN in p, after 10 by 20, invitation of run 0 at 3`
fn shown(runs: &[Vec<Record>]) -> Vec<String> {
    let second = |at: Timestamp| at.as_second() - time(0).as_second();
    let role = |role: &Option<Role>| role.as_ref().map_or("-".to_owned(), ToString::to_string);
    let history = fold(runs).history();
    let events = history.changes.iter().map(|change| {
        let AccessChange { email, project, from, to, run, source, .. } = change;
        let how = match source {
            ChangeSource::Call { at } => format!("at {}", second(*at)),
            ChangeSource::Observed { after, by, call } => {
                let after = after.map_or("-".to_owned(), |after| second(after).to_string());
                let call = call.map(|call| {
                    let what = if call.is_invitation { "invitation" } else { "call" };
                    format!(", {what} of run {} at {}", call.run, second(call.at))
                });
                format!("after {after} by {}{}", second(*by), call.unwrap_or_default())
            }
        };
        let person = email.as_str().split('@').next().unwrap_or_default();
        format!("{run}: {person} {}→{} in {project}, {how}", role(from), role(to))
    });
    events.collect()
}

#[test]
fn each_change_has_its_time_its_run_and_its_explanation() {
    let mut runs = vec![recorded(0, reading(&[], 0, &[("owner", Role::Admin), ("ann", Role::User)]))];
    runs.push(run_of(
        10,
        vec![
            call("ann", Action::ChangeRole, Role::Viewer),
            outcome(2, Meaning::RoleChanged),
            call("ben", Action::Invite, Role::User),
            outcome(4, Meaning::Invited),
            call("cat", Action::Assign, Role::User),
            outcome(6, Meaning::Unknown),
            call("dan", Action::Assign, Role::User),
        ],
    ));
    // Ben accepts, the call for Cat was processed and the one for Dan was not, and Ann is made ADMIN by hand.
    let people = [("owner", Role::Admin), ("ann", Role::Admin), ("ben", Role::User), ("cat", Role::User)];
    let observed = reading(&runs, 30, &people);
    runs.push(recorded(30, observed));
    // Nothing has changed.
    assert_eq!(reading(&runs, 40, &people), []);
    // Ben is removed by hand, and Dan added.
    let people = [("owner", Role::Admin), ("ann", Role::Admin), ("cat", Role::User), ("dan", Role::Viewer)];
    let observed = reading(&runs, 50, &people);
    runs.push(recorded(50, observed));
    // Someone else had removed Dan before the call.
    runs.push(run_of(60, vec![call("dan", Action::Unassign, Role::Viewer), outcome(2, Meaning::AlreadySo)]));
    assert_eq!(
        shown(&runs),
        [
            "0: ann -→USER in p, after - by 0",
            "0: owner -→ADMIN in p, after - by 0",
            "1: ann USER→VIEWER in p, at 12",
            "2: ann VIEWER→ADMIN in p, after 12 by 30",
            "2: ben -→USER in p, after 14 by 30, invitation of run 1 at 13",
            "2: cat -→USER in p, after 0 by 30, call of run 1 at 15",
            "3: ben USER→- in p, after 30 by 50",
            "3: dan -→VIEWER in p, after 30 by 50",
            "4: dan VIEWER→- in p, after 60 by 62, call of run 4 at 61",
        ]
    );
}

#[test]
fn an_inventory_that_was_interrupted_is_continued() {
    let mut observed = reading(&[], 0, &[("ann", Role::User), ("ben", Role::User)]);
    observed.truncate(1);
    let runs = [run_of(0, observed.into_iter().map(Body::Observed).collect())];
    let rest = reading(&runs, 10, &[("ann", Role::User), ("ben", Role::User)]);
    let shown: Vec<_> = rest.iter().map(|one| (one.email.clone(), one.after)).collect();
    assert_eq!(shown, [(email("ben"), None)]);
}

#[test]
fn a_login_that_changes_is_not_a_removal() {
    let runs = [recorded(0, reading(&[], 0, &[("ann", Role::User)]))];
    let known = fold(&runs).finish();
    let members = BTreeMap::from([(
        email("anna"),
        member("ann", email("anna"), Access::from([(project("p"), Role::User)])),
    )]);
    let observed = known.unrecorded(&members, &BTreeSet::from([project("p")]), time(9), |_, _, _| None);
    let expected = Observed {
        email: email("anna"),
        user_id: Some(UserId::new("ann")),
        project: project("p"),
        from: Some(Role::User),
        to: Some(Role::User),
        after: Some(time(0)),
        by: time(9),
    };
    assert_eq!(observed, [expected]);
    let runs = [runs[0].clone(), recorded(9, observed)];
    let known = fold(&runs).finish();
    assert_eq!(known.people().into_keys().collect::<Vec<_>>(), [email("anna")]);
    assert_eq!(known.unrecorded(&members, &BTreeSet::from([project("p")]), time(9), |_, _, _| None), []);
}

#[test]
fn other_realms_do_not_count() {
    let mut run = recorded(0, reading(&[], 0, &[("ann", Role::User)]));
    run[0].body = Body::Run(a_run("loopback"));
    assert_eq!(fold(&[run]).finish(), KnownAccess::default());
}

/// One step of a random history. Users, logins and projects are numbers.
#[derive(Clone, Debug)]
enum Step {
    /// A call by guestlist: whether the service processes it, and whether the answer is lost.
    Call { branch: usize, user: usize, project: usize, role: Option<Role>, processed: bool, lost: bool },
    /// A change by hand, or an invitation that is accepted.
    Hand { user: usize, project: usize, role: Option<Role> },
    /// A user gets another login, which may have been another user's.
    Rename { user: usize, login: usize },
    /// A reading of some projects, which is recorded, or killed after that many records.
    Read { branch: usize, projects: BTreeSet<usize>, killed_after: Option<usize> },
    /// One branch of the ledger is merged into the other, in either order.
    Merge { first: usize },
}

fn a_step() -> impl Strategy<Value = Step> {
    let role = || prop::option::of(prop::sample::select(vec![Role::Admin, Role::User, Role::Viewer]));
    let number = || 0..3_usize;
    let branch = || 0..2_usize;
    let projects = prop::collection::btree_set(number(), 1..4);
    prop_oneof![
        4 => (branch(), number(), number(), role(), any::<bool>(), any::<bool>()).prop_map(
            |(branch, user, project, role, processed, lost)|
                Step::Call { branch, user, project, role, processed, lost }
        ),
        4 => (number(), number(), role()).prop_map(|(user, project, role)| Step::Hand { user, project, role }),
        2 => (number(), number()).prop_map(|(user, login)| Step::Rename { user, login }),
        4 => (branch(), projects, prop::option::weighted(0.2, 0..4_usize)).prop_map(
            |(branch, projects, killed_after)| Step::Read { branch, projects, killed_after }
        ),
        1 => branch().prop_map(|first| Step::Merge { first }),
    ]
}

/// An organization of three users, and two branches of its ledger.
struct World {
    now: u64,
    /// The login and access of each user.
    users: Vec<(Email, Access)>,
    branches: [Vec<Vec<Record>>; 2],
}

impl World {
    fn new() -> Self {
        let users = (0..3).map(|user| (email(&format!("login{user}")), Access::new())).collect();
        Self { now: 0, users, branches: [Vec::new(), Vec::new()] }
    }

    fn id(user: usize) -> UserId {
        UserId::new(format!("user{user}"))
    }

    fn set(&mut self, user: usize, project: &ProjectId, role: Option<Role>) {
        match role {
            Some(role) => self.users[user].1.insert(project.clone(), role),
            None => self.users[user].1.remove(project),
        };
    }

    fn members(&self, projects: &BTreeSet<ProjectId>) -> BTreeMap<Email, Member> {
        let mut members = BTreeMap::new();
        for (user, (login, access)) in self.users.iter().enumerate() {
            let access: Access = access
                .iter()
                .filter(|(project, _)| projects.contains(*project))
                .map(|(project, role)| (project.clone(), role.clone()))
                .collect();
            if !access.is_empty() {
                members.insert(login.clone(), member(Self::id(user).as_str(), login.clone(), access));
            }
        }
        members
    }

    fn step(&mut self, step: Step) {
        self.now += 100;
        match step {
            Step::Call { branch, user, project, role, processed, lost } => {
                let project = ProjectId::new(PROJECTS[project]);
                let (action, meaning) = match role {
                    Some(_) => (Action::Assign, Meaning::Assigned),
                    None => (Action::Unassign, Meaning::Unassigned),
                };
                let projects = Access::from([(project.clone(), role.clone().unwrap_or(Role::User))]);
                let login = self.users[user].0.as_str().to_owned();
                let intent = Intent { action, projects, ..an_intent(&login) };
                let mut bodies = vec![Body::Intent(Intent { user_id: Some(Self::id(user)), ..intent })];
                if processed {
                    self.set(user, &project, role);
                }
                bodies.extend(match (lost, processed) {
                    (true, _) => None,
                    (false, true) => Some(outcome(2, meaning)),
                    (false, false) => Some(outcome(2, Meaning::Refused)),
                });
                self.branches[branch].push(run_of(self.now, bodies));
            }
            Step::Hand { user, project, role } => self.set(user, &ProjectId::new(PROJECTS[project]), role),
            Step::Rename { user, login } => {
                let login = email(&format!("login{login}"));
                if let Some(other) = self.users.iter().position(|(theirs, _)| *theirs == login) {
                    self.users[other].0 = self.users[user].0.clone();
                }
                self.users[user].0 = login;
            }
            Step::Read { branch, projects, killed_after } => {
                let projects: BTreeSet<_> =
                    projects.into_iter().map(|index| ProjectId::new(PROJECTS[index])).collect();
                let members = self.members(&projects);
                let known = fold(&self.branches[branch]).finish();
                let confirmed = |_: &Email, project: &ProjectId, _: Option<&Role>| known.read_at(project);
                let mut observed = known.unrecorded(&members, &projects, time(self.now), confirmed);
                if let Some(killed_after) = killed_after {
                    observed.truncate(killed_after);
                    let bodies = observed.into_iter().map(Body::Observed).collect();
                    self.branches[branch].push(run_of(self.now, bodies));
                    return;
                }
                self.branches[branch].push(recorded(self.now, observed));
                self.check(branch, &projects, &members);
            }
            Step::Merge { first } => {
                let other = self.branches[1 - first].clone();
                let merged: Vec<_> = self.branches[first].iter().cloned().chain(other).collect();
                self.branches = [merged.clone(), merged];
            }
        }
    }

    /// What the ledger knows of these projects is what was read, and its history ends there.
    fn check(&self, branch: usize, projects: &BTreeSet<ProjectId>, members: &BTreeMap<Email, Member>) {
        let expected: BTreeMap<Email, Access> =
            members.values().map(|member| (member.login.clone(), member.access.clone())).collect();
        let of_projects = |mut people: BTreeMap<Email, Access>| {
            for access in people.values_mut() {
                access.retain(|project, _| projects.contains(project));
            }
            people.retain(|_, access| !access.is_empty());
            people
        };
        let runs = &self.branches[branch];
        assert_eq!(of_projects(fold(runs).finish().people()), expected);
        let mut last: BTreeMap<Email, Access> = BTreeMap::new();
        for event in fold(runs).history().changes {
            let access = last.entry(event.email.clone()).or_default();
            assert_eq!(access.get(&event.project), event.from.as_ref(), "{event:?}");
            match event.to {
                Some(role) => access.insert(event.project, role),
                None => access.remove(&event.project),
            };
            if let ChangeSource::Observed { after: Some(after), by, .. } = event.source {
                assert!(after <= by);
            }
        }
        assert_eq!(of_projects(last), expected);
    }
}

proptest! {
    #[test]
    fn once_a_reading_is_recorded_the_ledger_knows_what_was_read(
        steps in prop::collection::vec(a_step(), 0..40)
    ) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
    }
}
