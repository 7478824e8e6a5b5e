//! What holds for every plan, of whatever team file and organization.

use std::collections::{BTreeMap, BTreeSet};

use guestlist::desired::{
    Desired, Limit, ManagedProject, OnDay, Person, Policy, Prune, Rule, Schedule, Span,
};
use guestlist::known::{AppliedAccess, Evidence, EvidenceSource, Invitation, Known, Member, RecentWrites};
use guestlist::model::{Access, Email, ProjectId, Role, RoleId, UserId};
use guestlist::plan::{Change, Guard, Plan, PlanOptions, applied};
use guestlist::render::{self, Paint, View};
use jiff::civil::Date;
use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;

use super::{TODAY, options};

const PROJECTS: [&str; 3] = ["p1", "p2", "p3"];

fn project() -> impl Strategy<Value = ProjectId> {
    prop::sample::select(PROJECTS.map(ProjectId::new).to_vec())
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![
        3 => Just(Role::Admin),
        2 => Just(Role::User),
        1 => Just(Role::Viewer),
        1 => Just(Role::Custom(RoleId::new("role_1"))),
    ]
}

fn access() -> impl Strategy<Value = Access> {
    btree_map(project(), role(), 1..=3).prop_map(Access::from)
}

/// Few addresses, so that those in the file and those known often meet.
fn email() -> impl Strategy<Value = Email> {
    (0..9_u8).prop_map(|n| Email::as_received(&format!("{}@example.com", char::from(b'a' + n))))
}

fn day() -> impl Strategy<Value = Option<Date>> {
    option::weighted(0.2, (-20..20_i64).prop_map(|days| TODAY + jiff::Span::new().days(days)))
}

/// Mostly one role, and now and then one until or from some day, with another one after or before.
fn schedule() -> impl Strategy<Value = Schedule> {
    let days = (-20..20_i64).prop_map(|days| TODAY + jiff::Span::new().days(days));
    let dated = (role(), role(), days, 0..4_u8).prop_map(|(first, next, until, parts)| {
        let first = Span { from: None, until: Some(until), role: first };
        let next = Span { from: until.tomorrow().ok(), until: None, role: next };
        let spans = match parts {
            0 => vec![first],
            1 => vec![next],
            _ => vec![first, next],
        };
        Schedule::Dated(spans.into())
    });
    prop_oneof![3 => role().prop_map(Schedule::Always), 1 => dated]
}

fn person() -> impl Strategy<Value = Person> {
    (btree_map(project(), schedule(), 1..=3), day(), day()).prop_map(|(access, one, other)| {
        let (from, until) = match (one, other) {
            (Some(one), Some(other)) if one > other => (Some(other), Some(one)),
            both => both,
        };
        let email = Email::as_received("");
        Person {
            access: access.into(),
            from,
            until,
            ..Person::new(email, "F".to_owned(), "L".to_owned(), Access::new())
        }
    })
}

prop_compose! {
    pub(super) fn desired()(
        people in btree_map(email(), person(), 0..7),
        prune in prop::sample::select(vec![Prune::None, Prune::Dropped, Prune::Roles, Prune::People]),
        max_removals in prop_oneof![(0..=100_u8).prop_map(Limit::Percent), (0..9_u32).prop_map(Limit::Count)],
        keep_admins in 0..3_u32,
    ) -> Desired {
        let projects = PROJECTS.map(|id| (ProjectId::new(id), ManagedProject { alias: id.to_owned(), name: None }));
        let people = people.into_iter().map(|(email, person)| (email.clone(), Person { email, ..person }));
        Desired {
            projects: projects.into(),
            roles: BTreeMap::new(),
            people: people.collect(),
            policy: Policy { prune, max_removals, keep_admins, max_new_admins: 1_000, ..Policy::default() },
        }
    }
}

prop_compose! {
    pub(super) fn known()(
        members in btree_map(email(), (access(), prop::bool::weighted(0.3), prop::bool::weighted(0.1)), 0..7),
        invited in btree_map(email(), (access(), 0..30_i64), 0..3),
        applied in option::of(btree_map(email(), access(), 0..7)),
    ) -> Known {
        let read_at = "2026-12-10T09:30:00Z".parse().expect("a time");
        let members: BTreeMap<_, _> = members.into_iter().map(|(login, (access, elsewhere, is_owner))| {
            let id = UserId::new(format!("user_{login}"));
            let names = ("F".to_owned(), "L".to_owned());
            (login.clone(), Member { id, login, email: None, first_name: names.0, last_name: names.1, access, elsewhere, is_owner })
        }).collect();
        let invitations = invited.into_iter().filter(|(email, _)| !members.contains_key(email)).map(|(email, (access, days))| {
            let sent_at = read_at - jiff::SignedDuration::from_hours(24 * days);
            (email.clone(), Invitation { email, sent_at, access })
        }).collect();
        let projects = PROJECTS.map(ProjectId::new);
        let applied = applied.map(|people| AppliedAccess { projects: projects.into(), people });
        Known {
            evidence: Evidence { source: EvidenceSource::Live, read_at },
            members, invitations, in_flight: BTreeMap::new(), recent: RecentWrites::new(), applied, doubts: Vec::new(),
        }
    }
}

/// What is known after the service has done as `change` says.
fn after(mut known: Known, change: &Change) -> Known {
    let sent_at = known.evidence.read_at;
    match change.clone() {
        Change::Invite { email, projects, .. } => {
            known.invitations.insert(email.clone(), Invitation { email, sent_at, access: projects });
        }
        Change::Assign { email, project, role } => {
            let before = known.members.get_mut(&email).expect("a member").access.insert(project, role);
            assert_eq!(before, None, "assigned to a project of theirs");
        }
        Change::ChangeRole { email, user_id, project, from, to } => {
            let member = known.members.get_mut(&email).expect("a member");
            assert_eq!((&member.id, member.is_owner), (&user_id, false));
            assert_eq!(member.access.insert(project, to), Some(from));
        }
        Change::Unassign { email, user_id, project, role } => {
            let member = known.members.get_mut(&email).expect("a member");
            assert_eq!((&member.id, member.is_owner), (&user_id, false));
            assert_eq!(member.access.remove(&project), Some(role));
            assert!(!member.access.is_empty() || member.elsewhere, "the API keeps the last project");
        }
    }
    known
}

fn text(desired: &Desired, known: &Known, plan: &Plan) -> String {
    let view = View::new(plan, desired, known, None);
    let paint = Paint::PLAIN;
    [render::text(&view, paint), render::diff(&view, paint), render::json(&view)].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_same_input_gives_the_same_bytes(desired in desired(), known in known()) {
        let [one, other] = [0, 1].map(|_| {
            let plan = Plan::between(&desired.clone(), &known.clone(), &options());
            (text(&desired, &known, &plan), plan)
        });
        prop_assert_eq!(one, other);
    }

    #[test]
    fn once_all_is_done_there_is_nothing_to_do(desired in desired(), mut known in known()) {
        let plan = Plan::between(&desired, &known, &options());
        for change in &plan.changes {
            known = after(known, change);
        }
        let again = Plan::between(&desired, &known, &options());
        prop_assert_eq!(&again.changes, &[]);
        prop_assert!(!again.refused.iter().any(|refusal| matches!(refusal.guard(), Guard::KeepAdmins | Guard::MaxRemovals)));
    }

    #[test]
    fn no_prefix_leaves_a_project_without_admins_or_a_person_with_nothing(
        desired in desired(), mut known in known(),
    ) {
        let plan = Plan::between(&desired, &known, &options());
        prop_assume!(plan.refused.is_empty());
        let keep = desired.policy.keep_admins as usize;
        let floors: BTreeMap<_, _> =
            desired.projects.keys().map(|project| (project, keep.min(known.admins(project).count()))).collect();
        for change in &plan.changes {
            known = after(known, change);
            for (project, floor) in &floors {
                prop_assert!(known.admins(project).count() >= *floor, "{} after {:?}", project, change);
            }
            for (email, person) in &desired.people {
                let keeps = person.until.is_none_or(|until| until >= TODAY) && !person.access_on(TODAY).is_empty();
                if let Some(member) = known.members.get(email).filter(|_| keeps) {
                    prop_assert!(!member.access.is_empty(), "{} has nothing after {:?}", email, change);
                }
            }
        }
    }

    #[test]
    fn grants_come_first_and_each_person_and_project_once(desired in desired(), known in known()) {
        let plan = Plan::between(&desired, &known, &options());
        let order = |change: &Change| (change.is_reduction(), change.email().clone(), change.project().cloned());
        let keys: Vec<_> = plan.changes.iter().map(order).collect();
        prop_assert!(keys.is_sorted());
        let once: BTreeSet<_> = keys.iter().map(|(_, email, project)| (email, project)).collect();
        prop_assert_eq!(once.len(), plan.changes.len());
    }

    #[test]
    fn no_plan_makes_more_calls_than_the_api_asks_for(desired in desired(), known in known()) {
        let plan = Plan::between(&desired, &known, &options());
        let mut end = known.clone();
        for change in &plan.changes {
            end = after(end, change);
        }
        // One call a new person, one a membership that is not what it was.
        let invited = end.invitations.len() - known.invitations.len();
        let changed: usize = end.members.iter().map(|(email, member)| {
            let before = &known.members[email].access;
            let projects: BTreeSet<_> = before.keys().chain(member.access.keys()).collect();
            projects.into_iter().filter(|project| before.get(*project) != member.access.get(*project)).count()
        }).sum();
        prop_assert_eq!(plan.summary().calls, invited + changed);
    }

    #[test]
    fn adding_people_trips_no_guard(desired in desired(), known in known(), people in btree_map(email(), access(), 1..5)) {
        let plan = Plan::between(&desired, &known, &options());
        prop_assume!(plan.refused.is_empty());
        let mut more = desired.clone();
        for (email, access) in people {
            // Somebody who is known already is not added but listed.
            if known.members.contains_key(&email) || known.invitations.contains_key(&email) { continue; }
            let person = Person::new(email.clone(), "N".to_owned(), "N".to_owned(), access);
            more.people.entry(email).or_insert(person);
        }
        prop_assert_eq!(Plan::between(&more, &known, &options()).refused, vec![]);
    }

    #[test]
    fn prune_none_takes_only_what_the_file_itself_says(mut desired in desired(), known in known()) {
        desired.policy.prune = Prune::None;
        for change in Plan::between(&desired, &known, &options()).changes {
            if change.is_reduction() {
                let person = desired.people.get(change.email());
                let ended = person.is_some_and(|person| {
                    let schedule = change.project().and_then(|project| person.access.get(project));
                    person.until.is_some_and(|until| until < TODAY)
                        || matches!(schedule.map(|it| it.on(TODAY)), Some(OnDay::Ended { .. }))
                });
                prop_assert!(ended || matches!(change, Change::ChangeRole { .. }), "{:?}", change);
            }
        }
    }

    #[test]
    fn dropped_removes_what_a_file_gave_and_nothing_else(mut desired in desired(), known in known()) {
        let mut plan = |prune| {
            desired.policy.prune = prune;
            Plan::between(&desired, &known, &options()).changes
        };
        let (kept, dropped) = (plan(Prune::None), plan(Prune::Dropped));
        prop_assert!(kept.iter().all(|change| dropped.contains(change)));
        for change in dropped.iter().filter(|change| !kept.contains(change)) {
            let member = &known.members[change.email()];
            let project = change.project().expect("a removal");
            prop_assert!(known.applied.as_ref().is_some_and(|applied| applied.gave(member, project)), "{:?}", change);
            let person = desired.people.get(change.email());
            prop_assert!(!person.is_some_and(|person| person.access.contains_key(project)), "{:?}", change);
        }
    }

    #[test]
    fn after_an_apply_only_a_later_file_drops_anything(desired in desired(), known in known(), less in desired()) {
        let plan = Plan::between(&desired, &known, &options());
        let mut then = plan.changes.iter().fold(known.clone(), after);
        let rest = Plan { changes: Vec::new(), ..plan };
        then.applied = Some(applied(known.applied.clone(), &desired, &known, &rest, &[]));
        prop_assert_eq!(&Plan::between(&desired, &then, &options()).changes, &vec![]);
        // Whatever the next file drops was in this one, or could not be removed before.
        let mut next = less;
        let mut plan = |prune| {
            next.policy.prune = prune;
            Plan::between(&next, &then, &options()).changes
        };
        let (kept, dropped) = (plan(Prune::None), plan(Prune::Dropped));
        for change in dropped.iter().filter(|change| !kept.contains(change)) {
            let project = change.project().expect("a removal");
            let was_given = desired.people.get(change.email()).is_some_and(|it| it.access.contains_key(project));
            let was_kept = rest.notes.iter().any(|note| note.email.as_ref() == Some(change.email()));
            prop_assert!(was_given || was_kept, "{:?}", change);
        }
    }

    #[test]
    fn everything_that_is_left_alone_is_shown(desired in desired(), known in known()) {
        let plan = Plan::between(&desired, &known, &options());
        for (email, member) in &known.members {
            for (project, role) in &member.access {
                let person = desired.people.get(email);
                let agreed = person.is_some_and(|person| person.access_on(TODAY).get(project) == Some(role));
                let changed = plan.changes.iter().any(|change| change.email() == email && change.project() == Some(project));
                let noted = plan.notes.iter().any(|note| {
                    note.email.as_ref() == Some(email) && note.project.as_ref().is_none_or(|noted| noted == project)
                });
                prop_assert!(agreed || changed || noted, "{} in {} is hidden", email, project);
            }
        }
    }

    #[test]
    fn a_wave_after_the_other_invites_everybody(desired in desired(), mut known in known(), most in 1..4_usize) {
        let whole = Plan::between(&desired, &known, &options());
        let wave = PlanOptions { max_invites: Some(most), ..options() };
        let mut made = Vec::new();
        for _ in 0..10 {
            let plan = Plan::between(&desired, &known, &wave);
            prop_assert!(plan.summary().invite <= most);
            for change in &plan.changes {
                known = after(known, change);
            }
            made.extend(plan.changes);
        }
        prop_assert_eq!(made.len(), whole.changes.len());
        prop_assert!(whole.changes.iter().all(|change| made.contains(change)));
    }

    #[test]
    fn one_after_the_other_ends_where_all_at_once_ends(desired in desired(), known in known()) {
        let everyone: BTreeSet<_> = desired.people.keys().chain(known.members.keys()).cloned().collect();
        let (mut apart, mut left_out) = (known.clone(), Vec::new());
        for email in everyone {
            let only = PlanOptions { only: vec![email.clone()], ..options() };
            let plan = Plan::between(&desired, &apart, &only);
            prop_assert!(plan.changes.iter().all(|change| *change.email() == email));
            left_out.push(plan.only.expect("a limit").left_out);
            for change in &plan.changes {
                apart = after(apart, change);
            }
        }
        let all = Plan::between(&desired, &known, &options()).changes;
        prop_assert!(left_out.is_sorted_by(|one, next| one >= next) && left_out.iter().all(|n| *n <= all.len()));
        let at_once = all.iter().fold(known, after);
        prop_assert_eq!(apart, at_once);
    }

    #[test]
    fn a_new_rule_removes_nobody(desired in desired(), known in known(), roles in proptest::collection::btree_set(role(), 0..3)) {
        let before = Plan::between(&desired, &known, &options());
        let mut ruled = desired;
        let rule = Rule { pattern: "*@*".to_owned(), projects: None, roles: Some(roles), days: Some(1) };
        ruled.policy.addresses = Some(vec![rule.clone()]);
        ruled.policy.files = Some(vec![rule]);
        let plan = Plan::between(&ruled, &known, &options());
        prop_assert_eq!((plan.changes, plan.notes, plan.refused), (before.changes, before.notes, before.refused));
    }
}
