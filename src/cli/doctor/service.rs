//! The checks of `guestlist doctor` that need the service. A check whose precondition failed is not made.

use std::collections::BTreeMap;

use super::super::args::GlobalArgs;
use super::super::failure::Failure;
use super::super::progress::Progress;
use super::super::target::Target;
use super::super::terminal::Terminal;
use super::{Checks, Status, reason};
use crate::api::{self, Cause, Pace, PagingSupport, Reader};
use crate::clock::SystemClock;
use crate::desired::Desired;
use crate::known::{ListedProject, Reading, UserList};
use crate::model::{Email, ProjectId, UserId};
use crate::observe;
use crate::words::{self, count, people};

/// Makes the checks.
pub(super) async fn check(
    target: &Target,
    desired: Option<&Desired>,
    global: &GlobalArgs,
    terminal: Terminal,
    checks: &mut Checks,
) -> Result<(), Failure> {
    let connection = match target.connect_to_read(global, desired, terminal).await {
        Ok(connection) => connection,
        Err(failure) => {
            checks.failed("credentials", reason(&failure), "See `guestlist help`, Environment.");
            return Ok(());
        }
    };
    let reader = &connection.client;
    let progress = Progress::reading(terminal, &target.endpoint);
    let read = async {
        let listed = match reader.projects().await {
            Ok(listed) => listed,
            Err(error) => {
                return no_service(target, &error, checks);
            }
        };
        checks.passed("credentials", "accepted by the service");
        checks.passed("service", format!("{} answers", target.endpoint));
        let projects = projects(&listed, desired, checks);
        if let Some(lists) = members(reader, &projects, checks).await {
            totals(&lists, checks);
            paging(reader, &lists, checks).await;
            rows(&lists, checks);
            pending(target, &lists, checks);
        }
        rate_limit(reader.pace(), checks);
        let text = "reading does not show whether the key may invite and change roles; the first apply does";
        checks.unknown(
            "permission to write",
            text,
            Some("If none has succeeded yet, apply a small change first, such as one invitation."),
        );
    };
    progress.during(reader.activity(), read).await;
    connection.close().await
}

/// The first call failed: is it the service, the cluster, the key or the plan?
fn no_service(target: &Target, error: &api::Error, checks: &mut Checks) {
    let endpoint = &target.endpoint;
    match &error.cause {
        Cause::Credentials(_) | Cause::Forbidden(_) => {
            checks.failed(
                "credentials",
                error.to_string(),
                "Both must be of one Management API key of this organization, and the key must not be bound to another IP address.",
            );
            checks.passed("service", format!("{endpoint} answers"));
        }
        Cause::NotInPlan(_) => {
            checks.unknown("credentials", "not known: the service did not check them", None);
            checks.add("service", Status::Failed, error.to_string(), None);
        }
        _ => {
            checks.unknown("credentials", "present; not known whether the service accepts them", None);
            checks.add("service", Status::Failed, error.to_string(), None);
        }
    }
}

/// The projects to check further: the managed ones that are there or, without a team file, all.
fn projects(listed: &[ListedProject], desired: Option<&Desired>, checks: &mut Checks) -> Vec<ProjectId> {
    const CHECK: &str = "projects";
    let is_listed = |id: &ProjectId| listed.iter().any(|project| project.id == *id);
    let Some(desired) = desired else {
        checks.passed(CHECK, count(listed.len(), "project"));
        return listed.iter().map(|project| project.id.clone()).collect();
    };
    let missing: Vec<_> = desired.projects.keys().filter(|id| !is_listed(id)).collect();
    let present = desired.projects.keys().filter(|id| is_listed(id)).cloned().collect();
    if missing.is_empty() {
        let managed = count(desired.projects.len(), "managed project");
        checks.passed(CHECK, format!("{managed} of {} in the organization", listed.len()));
    } else {
        let names: Vec<_> = missing.iter().map(|id| format!("{} ({id})", desired.project_name(id))).collect();
        let verb = if names.len() == 1 { "is" } else { "are" };
        let text = format!("{} {verb} not in the organization", words::list(&names));
        checks.failed(
            CHECK,
            text,
            "Check the ids under `projects`, and that the credentials are of this organization.",
        );
    }
    present
}

/// The member lists, if they can be read.
async fn members(
    reader: &Reader,
    projects: &[ProjectId],
    checks: &mut Checks,
) -> Option<BTreeMap<ProjectId, UserList>> {
    const CHECK: &str = "member lists";
    let (reading, known) = match observe::read(reader, projects, &SystemClock, Reading::by_itself).await {
        Ok(read) => read,
        Err(error) => {
            checks.add(CHECK, Status::Failed, error.to_string(), None);
            return None;
        }
    };
    match known.doubts.as_slice() {
        [] => {
            let members = count(known.members.len(), "member");
            checks.passed(CHECK, format!("{members} in {}, consistent", count(projects.len(), "project")));
        }
        doubts => {
            // What a doubt says may name people.
            let advice = "`guestlist plan` says which. Run `guestlist doctor` again later; if it stays so, ask Voucherify support.";
            checks.failed(CHECK, format!("doubtful: {}", count(doubts.len(), "contradiction")), advice);
        }
    }
    Some(reading.lists)
}

/// Whether the lists say how long they are, which shows that one is complete.
fn totals(lists: &BTreeMap<ProjectId, UserList>, checks: &mut Checks) {
    const CHECK: &str = "totals";
    let without = lists.values().filter(|list| list.total.is_none()).count();
    let differing = lists
        .values()
        .filter(|list| list.total.is_some_and(|total| total != list.users.len() as u64))
        .count();
    if without > 0 {
        let text = format!("{without} of {} without a total", count(lists.len(), "list"));
        checks.unknown(CHECK, text, Some("A list that is cut off cannot be told from a short one."));
    } else if differing > 0 {
        let text = format!("{differing} of {} with another total than users", count(lists.len(), "list"));
        checks.failed(CHECK, text, "Removals are not planned from such lists; ask Voucherify support.");
    } else {
        checks.passed(CHECK, "each list has as many users as its total");
    }
}

/// Whether the row of a user in one project's list has the other projects, too: only then is it known who would lose
/// the last one.
fn rows(lists: &BTreeMap<ProjectId, UserList>, checks: &mut Checks) {
    const CHECK: &str = "rows of users";
    let mut listed_in = BTreeMap::<&UserId, Vec<&ProjectId>>::new();
    for (project, list) in lists {
        for id in list.users.keys() {
            listed_in.entry(id).or_default().push(project);
        }
    }
    listed_in.retain(|_, projects| projects.len() > 1);
    let is_partial = |id: &UserId, projects: &[&ProjectId]| {
        let mut rows = projects.iter().map(|project| &lists[*project].users[id]);
        rows.any(|row| !projects.iter().all(|project| row.projects.contains_key(*project)))
    };
    let partial = listed_in.iter().filter(|(id, projects)| is_partial(id, projects)).count();
    match (listed_in.len(), partial) {
        (0, _) => checks.unknown(CHECK, "no user is in two of the lists", None),
        (_, 0) => checks.passed(CHECK, "each has all projects of the user"),
        (all, partial) => checks.failed(
            CHECK,
            format!("{partial} of {all} without a project whose list has the user"),
            "It is not known who would lose the last project; send this output to the maintainers.",
        ),
    }
}

/// Whether long lists can be read page by page.
async fn paging(reader: &Reader, lists: &BTreeMap<ProjectId, UserList>, checks: &mut Checks) {
    const CHECK: &str = "paging";
    let Some((project, longest)) =
        lists.iter().max_by_key(|(_, list)| list.users.len()).filter(|(_, list)| list.users.len() > 1)
    else {
        return checks.unknown(CHECK, "no project has two members to put on two pages", None);
    };
    match reader.paging(project).await {
        Ok(PagingSupport::Works) => {
            let longest = count(longest.users.len(), "user");
            checks.passed(CHECK, format!("`limit` and `page` are honored; the longest list has {longest}"));
        }
        Ok(PagingSupport::Whole) => checks.passed(CHECK, "the service returns whole lists"),
        Ok(PagingSupport::Repeats) => checks.failed(
            CHECK,
            "the second page repeats the first",
            "Lists of more than 100 members cannot be read completely; ask Voucherify support.",
        ),
        Err(error) => checks.unknown(CHECK, error.to_string(), None),
    }
}

/// Whether people with a pending invitation are in the member lists, which the documentation does not say.
fn pending(target: &Target, lists: &BTreeMap<ProjectId, UserList>, checks: &mut Checks) {
    const CHECK: &str = "pending invitations";
    let Ok(Ok(view)) = target.ledger().map(|ledger| ledger.view(target.endpoint.realm())) else {
        // The check of the ledger says why.
        return checks.unknown(CHECK, "the ledger cannot be read", None);
    };
    let invitations = view.invitations(None);
    let is_listed = |email: &Email| {
        lists.values().flat_map(|list| list.users.values()).any(|user| user.answers_to(email))
    };
    let (listed, unlisted) = invitations.out.keys().partition::<Vec<_>, _>(|email| is_listed(email));
    match (listed.len(), unlisted.len()) {
        (0, 0) => checks.unknown(CHECK, "the ledger has none to look for in the member lists", None),
        (0, unlisted) => {
            checks.passed(CHECK, format!("{} in the ledger, not in the member lists", people(unlisted)));
        }
        (listed, _) => checks.passed(CHECK, format!("{} of the ledger in the member lists", people(listed))),
    }
}

fn rate_limit(pace: Option<Pace>, checks: &mut Checks) {
    const CHECK: &str = "rate limit";
    let Some(pace) = pace else {
        return checks.unknown(
            CHECK,
            "the service sends no rate-limit headers",
            Some("A run learns the limit from refusals."),
        );
    };
    let period = match pace.period {
        Some(period) => format!(" per {}", words::about(period)),
        None => ", period not known yet".to_owned(),
    };
    checks.passed(CHECK, format!("{} calls{period}, {} left", pace.limit, pace.remaining));
}
