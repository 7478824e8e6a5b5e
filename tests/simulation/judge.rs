//! What must hold at every call of a run, of what it said, and when all has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use guestlist::apply::Ending;
use guestlist::desired::{Desired, Limit, Person, Prune};
use guestlist::ledger::{Ledger, Meaning};
use guestlist::model::{Email, ProjectId};
use guestlist::plan::{Change, NoteKind, Plan, Refusal};
use guestlist::sandbox::{Behaviour, LoggedCall, Organization, Person as User, UserStatus};
use jiff::civil::Date;
use serde_json::Value;

use crate::world::Turn;

type Verdict = Result<(), String>;

/// Fails with a sentence unless that holds.
macro_rules! must {
    ($holds:expr, $($sentence:tt)+) => {
        if !$holds { return Err(format!($($sentence)+)); }
    };
}

/// Everything that must hold of one run.
pub(crate) fn turn(turn: &Turn, desired: &Desired, behaviour: Behaviour, after: &Organization) -> Verdict {
    let after_writes = every_call(turn, desired, behaviour)?;
    must!(after_writes == *after, "the log of calls does not lead to the organization as it is");
    recorded(turn)?;
    nobody_twice(turn)?;
    removals(turn, desired)?;
    // A list that was not the truth may have been believed for a moment; what was done on it is judged
    // above all the same.
    if !turn.calls.iter().any(lied) {
        notes(turn)?;
        report(turn, behaviour, after)?;
    }
    Ok(())
}

fn lied(call: &LoggedCall) -> bool {
    let lies = ["lag", "short-list", "empty-list"];
    call.fault.as_ref().is_some_and(|fault| lies.iter().any(|lie| fault.starts_with(lie)))
}

/// Makes the writes again, one by one, and looks at the organization after each.
fn every_call(turn: &Turn, desired: &Desired, behaviour: Behaviour) -> Result<Organization, String> {
    let mut organization = turn.before.clone();
    let keep = desired.policy.keep_admins as usize;
    let managed: Vec<&str> = desired.projects.keys().map(ProjectId::as_str).collect();
    let floors: BTreeMap<&str, usize> =
        managed.iter().map(|id| (*id, admins(&organization, id, behaviour).min(keep))).collect();
    let keepers = keepers(turn, desired);
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
            if person.standing != UserStatus::Member {
                // An invitation that somebody sent by hand is replaced where the service sends again.
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

fn outside<'a>(person: &'a User, managed: &[&str]) -> Vec<(&'a String, &'a String)> {
    person.projects.iter().filter(|(id, _)| !managed.contains(&id.as_str())).collect()
}

/// The members with ADMIN in a project; who waits counts only where the service lists them as members.
fn admins(organization: &Organization, project: &str, behaviour: Behaviour) -> usize {
    let counts = |person: &&User| person.standing == UserStatus::Member || behaviour.pending_shows;
    let all = organization.people().filter(counts);
    all.filter(|person| person.projects.get(project).is_some_and(|role| role == "ADMIN")).count()
}

/// The members who are listed today and have access to begin with.
fn keepers(turn: &Turn, desired: &Desired) -> Vec<Email> {
    let members = turn.before.members().filter(|member| {
        let is_active =
            desired.people.get(&member.login).is_some_and(|person| must_escape(person, today(turn)));
        is_active && member.projects.keys().any(|id| desired.projects.contains_key(&ProjectId::new(id)))
    });
    members.map(|member| member.login.clone()).collect()
}

fn today(turn: &Turn) -> Date {
    turn.plan.as_ref().map_or(Date::MAX, |plan| plan.date)
}

fn must_escape(person: &Person, today: Date) -> bool {
    person.from.is_none_or(|from| from <= today) && person.until.is_none_or(|until| until >= today)
}

/// Carries out what the log says was carried out.
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
    answer.map(|_| ()).map_err(|_| format!("call {} cannot be made again", call.seq))
}

/// Every request that writes stands in the ledger.
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

/// Nobody is invited whose invitation the ledger knew to be out, and nobody again after a 204 that came.
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

/// No more is taken away than the policy, or the exact number given for this run, allows.
fn removals(turn: &Turn, desired: &Desired) -> Verdict {
    let Some(plan) = turn.plan.as_ref().filter(|_| turn.report.is_some()) else { return Ok(()) };
    let undated: Vec<_> = plan
        .changes
        .iter()
        .zip(plan.effects())
        .filter(|(_, effect)| effect.is_removal())
        .map(|(change, _)| change)
        .filter(|change| {
            desired.people.get(change.email()).is_none_or(|person| must_escape(person, plan.date))
        })
        .collect();
    if turn.allowed == Some(undated.len()) {
        return Ok(());
    }
    let members = |project: &str| {
        // Lists that were not the truth made the tool count otherwise; then nothing is claimed here.
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

/// Who is said to be invited has an invitation that waits.
fn notes(turn: &Turn) -> Verdict {
    let Some(plan) = &turn.plan else { return Ok(()) };
    for note in plan.notes.iter().filter(|note| {
        use NoteKind::{CannotCancel, ExcessInvitation, Invited, Stale};
        matches!(note.kind(), Invited | Stale | CannotCancel | ExcessInvitation)
    }) {
        let Some(email) = &note.email else { continue };
        let waits = turn
            .before
            .person(email.as_str())
            .is_some_and(|it| matches!(it.standing, UserStatus::Invited(_)));
        must!(waits, "`{email} {:?}` is not true", note.fact);
    }
    Ok(())
}

/// What is said to be done is so.
fn report(turn: &Turn, behaviour: Behaviour, after: &Organization) -> Verdict {
    for (change, ending) in turn.report.iter().flat_map(|report| &report.endings) {
        let Ending::Done(meaning) = ending else { continue };
        let person = after.person(change.email().as_str());
        let has = |project: &ProjectId| person.and_then(|person| person.projects.get(project.as_str()));
        let is_so = match (change, meaning) {
            (Change::Invite { .. }, Meaning::Invited | Meaning::AlreadyInvited) => {
                person.is_some_and(|person| matches!(person.standing, UserStatus::Invited(_)))
            }
            (Change::Invite { projects, .. }, _) => {
                person.is_some_and(|person| person.standing == UserStatus::Member || behaviour.pending_shows)
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

/// The number that lifts `max_removals`, where that alone stands in the way.
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

/// No record is missing or changed, every run came to its end, and every call has its outcome.
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

/// Everybody has accepted, and apply has run until it had nothing to do: the organization is as the
/// file says.
pub(crate) fn at_rest(organization: &Organization, desired: &Desired, today: Date) -> Verdict {
    let managed = |user: &User| -> BTreeMap<String, String> {
        let inside =
            user.projects.iter().filter(|(id, _)| desired.projects.contains_key(&ProjectId::new(*id)));
        inside.map(|(id, role)| (id.clone(), role.clone())).collect()
    };
    for (email, person) in desired.people.iter().filter(|(_, person)| must_escape(person, today)) {
        let Some(user) =
            organization.person(email.as_str()).filter(|user| user.standing == UserStatus::Member)
        else {
            return Err(format!("{email} is listed and no member"));
        };
        if user.is_owner {
            continue;
        }
        let desired_access: BTreeMap<String, String> =
            person.access.iter().map(|(id, role)| (id.to_string(), role.as_str().to_owned())).collect();
        let mut access = managed(user);
        if desired.policy.prune == Prune::None {
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
