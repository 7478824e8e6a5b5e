//! What must hold at every call of a run, for its report, and when nothing is left to do.

use std::collections::{BTreeMap, BTreeSet};

use guestlist::apply::Ending;
use guestlist::desired::{Desired, Limit, Person, Prune};
use guestlist::ledger::{Ledger, Meaning};
use guestlist::model::{Email, ProjectId};
use guestlist::plan::{Change, NoteKind, Plan, Refusal};
use guestlist::sandbox::{Account, Behaviour, LoggedCall, Organization, UserStatus};
use jiff::civil::Date;
use serde_json::Value;

use crate::world::Turn;

type Verdict = Result<(), String>;

/// Returns an error with a message unless the condition holds.
macro_rules! must {
    ($holds:expr, $($sentence:tt)+) => {
        if !$holds { return Err(format!($($sentence)+)); }
    };
}

/// Everything that must hold for one run.
pub(crate) fn turn(turn: &Turn, desired: &Desired, behaviour: Behaviour, after: &Organization) -> Verdict {
    calls(turn, desired, behaviour, after)?;
    // The run may have believed a wrong list for a moment. The calls that followed are judged above anyway.
    if !turn.calls.iter().any(lied) {
        notes(turn, desired)?;
        report(turn, behaviour, after)?;
    }
    Ok(())
}

/// What a turn did. What it says is left out: a service that refused without a reason was believed, and the ledger
/// keeps that for later turns.
pub(crate) fn calls(turn: &Turn, desired: &Desired, behaviour: Behaviour, after: &Organization) -> Verdict {
    let after_writes = every_call(turn, desired, behaviour)?;
    must!(after_writes == *after, "the logged calls do not lead to the present organization");
    managed_projects_alone(turn, desired)?;
    only_a_plan_writes(turn)?;
    recorded(turn)?;
    nobody_twice(turn)?;
    removals(turn, desired)
}

fn lied(call: &LoggedCall) -> bool {
    let lies = ["lag", "short-list", "empty-list"];
    call.fault.as_ref().is_some_and(|fault| {
        // "There is no such user" is correct for a removal, and for an assign after a 409 invite.
        lies.iter().any(|lie| fault.starts_with(lie))
            || (call.writes() && matches!(call.status, Some(400 | 404)))
    })
}

/// No call names an unmanaged project, not even to read it.
fn managed_projects_alone(turn: &Turn, desired: &Desired) -> Verdict {
    for call in &turn.calls {
        let in_path =
            call.path.strip_prefix("/management/v1/projects/").and_then(|rest| rest.split('/').next());
        let in_body = call.body["projects"].as_object().into_iter().flat_map(|projects| projects.keys());
        let named = in_path.into_iter().filter(|id| *id != "users").chain(in_body.map(String::as_str));
        for id in named {
            must!(
                desired.projects.contains_key(&ProjectId::new(id)),
                "call {} `{} {}` names {id}, which is not managed",
                call.seq,
                call.method,
                call.path
            );
        }
    }
    Ok(())
}

/// Reading and planning write nothing. Neither does a plan without changes or a blocked one.
fn only_a_plan_writes(turn: &Turn) -> Verdict {
    let is_carried_out = turn.plan.as_ref().is_some_and(|it| it.refused.is_empty() && !it.changes.is_empty());
    let write = turn.calls.iter().find(|call| call.writes());
    must!(is_carried_out || write.is_none(), "{write:?} although there was no plan to carry out");
    Ok(())
}

/// Repeats the writes one by one, and checks the organization after each.
fn every_call(turn: &Turn, desired: &Desired, behaviour: Behaviour) -> Result<Organization, String> {
    let mut organization = turn.before.clone();
    let keep = desired.policy.keep_admins as usize;
    let managed: Vec<&str> = desired.projects.keys().map(ProjectId::as_str).collect();
    let floors: BTreeMap<&str, usize> =
        managed.iter().map(|id| (*id, admins(&organization, id, behaviour).min(keep))).collect();
    let keepers = keepers(turn, desired, behaviour);
    for call in turn.calls.iter().filter(|call| call.applied) {
        let what = format!("call {} `{} {}` {}", call.seq, call.method, call.path, call.body);
        let before = organization.clone();
        repeat(&mut organization, call, behaviour)?;
        for (project, floor) in &floors {
            let now = admins(&organization, project, behaviour);
            must!(now >= *floor, "{project} has {now} admins and must have {floor} after {what}");
        }
        for keeper in &keepers {
            let person = organization.person(keeper.as_str());
            let has_some =
                person.is_some_and(|person| managed.iter().any(|id| person.projects.contains_key(*id)));
            must!(has_some, "{keeper} is left without any managed project after {what}");
        }
        for person in before.people() {
            let now = organization.person_by_id(&person.id);
            if now == Some(person) {
                continue;
            }
            let protected = desired.policy.protect.iter().any(|pattern| pattern.matches(&person.login));
            must!(!protected && !person.is_owner, "{} was changed by {what}", person.login);
            if person.status != UserStatus::Member {
                // An invitation that was sent by hand is replaced if the service sends it again.
                continue;
            }
            must!(
                now.is_some_and(|now| outside(now, &managed) == outside(person, &managed)),
                "an unmanaged project of {} was changed by {what}",
                person.login
            );
        }
    }
    Ok(organization)
}

fn outside<'a>(person: &'a Account, managed: &[&str]) -> Vec<(&'a String, &'a String)> {
    person.projects.iter().filter(|(id, _)| !managed.contains(&id.as_str())).collect()
}

/// The members with ADMIN in a project. Invited people count only if the service lists them as members.
fn admins(organization: &Organization, project: &str, behaviour: Behaviour) -> usize {
    let all = organization.people().filter(|person| is_listed(person, behaviour));
    all.filter(|person| person.projects.get(project).is_some_and(|role| role == "ADMIN")).count()
}

/// Whether the service lists the person as a member.
fn is_listed(person: &Account, behaviour: Behaviour) -> bool {
    match person.status {
        UserStatus::Member => true,
        UserStatus::Invited(_) => behaviour.pending_shows,
        UserStatus::Elsewhere => false,
    }
}

/// The people in the team file with access that has not ended.
fn keepers(turn: &Turn, desired: &Desired, behaviour: Behaviour) -> Vec<Email> {
    let listed = turn.before.people().filter(|person| is_listed(person, behaviour));
    let keepers = listed.filter(|user| {
        let stays = desired
            .people
            .get(&user.login)
            .is_some_and(|person| person.until.is_none_or(|until| until >= today(turn)));
        stays && user.projects.keys().any(|id| desired.projects.contains_key(&ProjectId::new(id)))
    });
    keepers.map(|user| user.login.clone()).collect()
}

fn today(turn: &Turn) -> Date {
    turn.plan.as_ref().map_or(Date::MAX, |plan| plan.date)
}

fn is_active(person: &Person, today: Date) -> bool {
    person.from.is_none_or(|from| from <= today) && person.until.is_none_or(|until| until >= today)
}

/// Repeats a logged call.
fn repeat(organization: &mut Organization, call: &LoggedCall, behaviour: Behaviour) -> Verdict {
    let rest = call.path.strip_prefix("/management/v1/projects/").unwrap_or_default();
    let parts: Vec<_> = rest.split('/').collect();
    let (method, body): (&str, &Value) = (&call.method, &call.body);
    let answer = match (method, parts.as_slice()) {
        ("POST", ["users", "invite"]) => organization.invite(body, behaviour),
        ("POST", [project, "users"]) => organization.assign(project, body, behaviour),
        ("PUT", [project, "users", user]) => organization.change_role(project, user, body, behaviour),
        ("DELETE", [project, "users", user]) => organization.unassign(project, user, behaviour),
        _ => return Err(format!("`{method} {}` writes", call.path)),
    };
    answer.map(|_| ()).map_err(|_| format!("call {} cannot be repeated", call.seq))
}

/// Every request that writes is in the ledger.
fn recorded(turn: &Turn) -> Verdict {
    for call in turn.calls.iter().filter(|call| call.writes()) {
        let is_it = |email: &Email| call.email().is_none_or(|named| Email::as_received(named) == *email);
        let intent = turn
            .intents
            .iter()
            .any(|intent| intent.method == call.method && intent.path == call.path && is_it(&intent.email));
        must!(intent, "call {} `{} {}` is not in the ledger", call.seq, call.method, call.path);
    }
    Ok(())
}

/// No one is invited whose invitation was known to be pending, or was answered with 204.
fn nobody_twice(turn: &Turn) -> Verdict {
    let mut sent = BTreeSet::new();
    for call in turn.calls.iter().filter(|call| call.path.ends_with("/users/invite")) {
        let email = Email::as_received(call.email().unwrap_or_default());
        must!(
            !turn.out.contains(&email),
            "{email} is invited although the ledger knew the invitation to be out"
        );
        must!(!sent.contains(&email), "{email} is invited again although the first invitation was answered");
        if turn.patient && call.status == Some(204) {
            sent.insert(email);
        }
    }
    Ok(())
}

/// There are no more removals than the policy, or the exact number given for this run, allows.
fn removals(turn: &Turn, desired: &Desired) -> Verdict {
    let Some(plan) = turn.plan.as_ref().filter(|_| turn.report.is_some()) else { return Ok(()) };
    let undated: Vec<_> = plan
        .changes
        .iter()
        .zip(plan.effects())
        .filter(|(_, effect)| effect.is_removal())
        .map(|(change, _)| change)
        .filter(|change| desired.people.get(change.email()).is_none_or(|person| is_active(person, plan.date)))
        .collect();
    if turn.allowed == Some(undated.len()) {
        return Ok(());
    }
    let members = |project: &str| {
        // With wrong lists the plan counted differently, so nothing can be checked here.
        turn.before.members().filter(|member| member.projects.contains_key(project)).count()
    };
    if turn.calls.iter().any(lied) || turn.before.invited().next().is_some() {
        return Ok(());
    }
    let most = |base: usize| match desired.policy.max_removals {
        Limit::Count(most) => most as usize,
        Limit::Percent(0) => 0,
        Limit::Percent(percent) => (base * usize::from(percent) / 100).max(1),
    };
    let all = desired.projects.keys().map(|id| members(id.as_str())).sum();
    must!(undated.len() <= most(all), "{} removals, and {} are allowed", undated.len(), most(all));
    for project in desired.projects.keys() {
        let here = undated.iter().filter(|change| change.project() == Some(project)).count();
        must!(here <= most(members(project.as_str())), "{here} removals in {project}");
    }
    Ok(())
}

/// Everyone who is reported as invited has a pending invitation. Someone who accepted an invitation to
/// unmanaged projects is in no list that is read.
fn notes(turn: &Turn, desired: &Desired) -> Verdict {
    let Some(plan) = &turn.plan else { return Ok(()) };
    for note in plan.notes.iter().filter(|note| {
        use NoteKind::{CannotCancel, ExcessInvitation, Invited, Stale};
        matches!(note.kind(), Invited | Stale | CannotCancel | ExcessInvitation)
    }) {
        let Some(email) = &note.email else { continue };
        let is_true = turn.before.person(email.as_str()).is_some_and(|user| match user.status {
            UserStatus::Invited(_) => true,
            UserStatus::Member => {
                !user.projects.keys().any(|id| desired.projects.contains_key(&ProjectId::new(id)))
            }
            UserStatus::Elsewhere => false,
        });
        must!(is_true, "`{email} {:?}` is not true", note.fact);
    }
    Ok(())
}

/// Everything that is reported as done is in place.
fn report(turn: &Turn, behaviour: Behaviour, after: &Organization) -> Verdict {
    for (change, ending) in turn.report.iter().flat_map(|report| &report.endings) {
        let Ending::Done(meaning) = ending else { continue };
        let person = after.person(change.email().as_str());
        let has = |project: &ProjectId| person.and_then(|person| person.projects.get(project.as_str()));
        let is_so = match (change, meaning) {
            (Change::Invite { .. }, Meaning::Invited | Meaning::AlreadyInvited) => {
                person.is_some_and(|person| matches!(person.status, UserStatus::Invited(_)))
            }
            (Change::Invite { projects, .. }, _) => {
                person.is_some_and(|person| person.status == UserStatus::Member || behaviour.pending_shows)
                    && projects
                        .iter()
                        .all(|(project, role)| has(project).is_some_and(|has| has == role.as_str()))
            }
            (Change::Assign { project, role, .. } | Change::ChangeRole { project, to: role, .. }, _) => {
                has(project).is_some_and(|has| has == role.as_str())
            }
            (Change::Unassign { project, .. }, _) => has(project).is_none(),
        };
        must!(is_so, "{change:?} is said to be {meaning:?}, and is not");
    }
    Ok(())
}

/// The number that lifts `max_removals`, if no other guard blocks the plan.
pub(crate) fn way_out(plan: &Plan) -> Option<usize> {
    let numbers: Option<Vec<usize>> = plan
        .refused
        .iter()
        .map(|refusal| match refusal {
            Refusal::MaxRemovals { removals, .. } => Some(*removals),
            _ => None,
        })
        .collect();
    numbers?.first().copied()
}

/// No record is missing or edited, every run has an end, and every call has an outcome.
pub(crate) fn ledger(ledger: &Ledger) -> Verdict {
    let verification = ledger.verify().map_err(|error| error.to_string())?;
    must!(verification.breaks.is_empty() && verification.forks.is_empty(), "{verification:?}");
    for run in verification.files {
        let whole =
            run.result.as_ref().is_ok_and(|it| it.unanswered == 0 && it.ended.is_some() && it.torn.is_none());
        must!(whole, "{:?}", run);
    }
    Ok(())
}

/// After everyone has accepted and apply has nothing left to do, the organization matches the file.
pub(crate) fn at_rest(organization: &Organization, desired: &Desired, today: Date) -> Verdict {
    let managed = |user: &Account| -> BTreeMap<String, String> {
        let inside =
            user.projects.iter().filter(|(id, _)| desired.projects.contains_key(&ProjectId::new(*id)));
        inside.map(|(id, role)| (id.clone(), role.clone())).collect()
    };
    for (email, person) in desired.people.iter().filter(|(_, person)| is_active(person, today)) {
        let Some(user) = organization.person(email.as_str()).filter(|user| user.status == UserStatus::Member)
        else {
            return Err(format!("{email} is listed and no member"));
        };
        if user.is_owner {
            continue;
        }
        let desired_access: BTreeMap<String, String> = person
            .access_on(today)
            .iter()
            .map(|(id, role)| (id.to_string(), role.as_str().to_owned()))
            .collect();
        let mut access = managed(user);
        if desired.policy.prune < Prune::Roles {
            access.retain(|id, _| desired_access.contains_key(id));
        }
        must!(access == desired_access, "{email} has {access:?} and the file gives {desired_access:?}");
    }
    for user in organization.members().filter(|user| !user.is_owner) {
        let ended =
            desired.people.get(&user.login).map(|person| person.until.is_some_and(|until| until < today));
        let protected = desired.policy.protect.iter().any(|pattern| pattern.matches(&user.login));
        let goes = ended.unwrap_or(desired.policy.prune == Prune::People && !protected);
        let left = managed(user).len();
        let most = usize::from(left == user.projects.len());
        must!(!goes || left <= most, "{} should be gone and has {left} managed projects", user.login);
        let powerful = managed(user).values().any(|role| ["ADMIN", "USER"].contains(&role.as_str()));
        must!(!goes || !powerful, "{} should be gone and has more than VIEWER", user.login);
    }
    Ok(())
}
