//! Whether the organization matches the team file, as the last live readings found it: when it last did, and
//! since when it does not. It is kept in `known.json`, so a plan can update it without the lock.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chain::digest;
use crate::model::ProjectId;
use crate::plan::Drift;

/// Whether an organization matches its team file.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Convergence {
    /// When a live reading last had no change and no note with attention. None if that never happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_clean: Option<Timestamp>,
    /// The difference that the last live reading found, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
}

/// What a live reading means for the team file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// It has no change and no note that needs attention.
    Clean,
    /// It has. The time in it is that of the reading.
    Drift(Drift),
    /// It had, and a run has made every change since. The next reading shows whether the organization matches.
    Resolved,
}

/// The convergence of the projects that one team file manages.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct TeamConvergence {
    projects: BTreeSet<ProjectId>,
    #[serde(flatten)]
    convergence: Convergence,
}

/// Sets what a live reading at `at` found for the team file that manages these projects. Replaces what earlier
/// readings of any of these projects found.
pub(super) fn update(
    teams: &mut Vec<TeamConvergence>,
    projects: &BTreeSet<ProjectId>,
    at: Timestamp,
    finding: Finding,
) {
    let is_before = |team: &&TeamConvergence| !team.projects.is_disjoint(projects);
    let before = || teams.iter().filter(is_before).map(|team| &team.convergence);
    let mut last_clean = before().filter_map(|before| before.last_clean).max();
    let drift = match finding {
        Finding::Clean => {
            last_clean = Some(at);
            None
        }
        Finding::Resolved => None,
        Finding::Drift(drift) => {
            let same = before().filter_map(|before| before.drift.as_ref()).filter(|it| it.id == drift.id);
            let since = same.map(|it| it.since).min().unwrap_or(drift.since);
            Some(Drift { since, ..drift })
        }
    };
    teams.retain(|team| team.projects.is_disjoint(projects));
    teams
        .push(TeamConvergence { projects: projects.clone(), convergence: Convergence { last_clean, drift } });
}

/// The convergence of all teams of a ledger together: clean only if each is.
pub(super) fn of_all(teams: &[TeamConvergence]) -> Convergence {
    let all = || teams.iter().map(|team| &team.convergence);
    let is_known = all().all(|one| one.last_clean.is_some());
    let last_clean = all().filter_map(|one| one.last_clean).min().filter(|_| is_known);
    let drifts: Vec<_> = all().filter_map(|one| one.drift.as_ref()).collect();
    let drift = match drifts[..] {
        [] => None,
        [one] => Some(one.clone()),
        [first, ..] => {
            let mut ids: Vec<_> = drifts.iter().map(|drift| drift.id.as_str()).collect();
            ids.sort_unstable();
            Some(Drift {
                id: digest(ids.concat()),
                since: drifts.iter().map(|drift| drift.since).min().unwrap_or(first.since),
                changes: drifts.iter().map(|drift| drift.changes).sum(),
                attention: drifts.iter().map(|drift| drift.attention).sum(),
            })
        }
    };
    Convergence { last_clean, drift }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::time;

    fn drift(id: &str, at: u64) -> Drift {
        Drift { id: id.to_owned(), since: time(at), changes: 2, attention: 1 }
    }

    fn found(id: Option<&str>, at: u64) -> Finding {
        id.map_or(Finding::Clean, |id| Finding::Drift(drift(id, at)))
    }

    fn projects(ids: &[&str]) -> BTreeSet<ProjectId> {
        ids.iter().map(|id| ProjectId::new(*id)).collect()
    }

    #[test]
    fn drift_keeps_the_time_at_which_it_was_first_found_until_a_clean_reading() {
        let mut teams = Vec::new();
        let ours = projects(&["p", "q"]);
        let mut read = |at: u64, id: Option<&str>| {
            update(&mut teams, &ours, time(at), found(id, at));
            of_all(&teams)
        };
        assert_eq!(read(1, Some("a")), Convergence { last_clean: None, drift: Some(drift("a", 1)) });
        assert_eq!(read(2, Some("a")), Convergence { last_clean: None, drift: Some(drift("a", 1)) });
        assert_eq!(read(3, None), Convergence { last_clean: Some(time(3)), drift: None });
        assert_eq!(read(4, Some("a")), Convergence { last_clean: Some(time(3)), drift: Some(drift("a", 4)) });
        assert_eq!(read(5, Some("b")), Convergence { last_clean: Some(time(3)), drift: Some(drift("b", 5)) });
        // A run that made these changes is no reading.
        update(&mut teams, &ours, time(6), Finding::Resolved);
        assert_eq!(of_all(&teams), Convergence { last_clean: Some(time(3)), drift: None });
    }

    #[test]
    fn a_ledger_of_two_teams_is_clean_only_if_both_are() {
        let mut teams = Vec::new();
        assert_eq!(of_all(&teams), Convergence::default());
        update(&mut teams, &projects(&["p"]), time(1), Finding::Clean);
        update(&mut teams, &projects(&["q"]), time(2), found(Some("b"), 2));
        assert_eq!(of_all(&teams), Convergence { last_clean: None, drift: Some(drift("b", 2)) });
        update(&mut teams, &projects(&["q"]), time(3), Finding::Clean);
        assert_eq!(of_all(&teams), Convergence { last_clean: Some(time(1)), drift: None });
        update(&mut teams, &projects(&["p"]), time(4), found(Some("a"), 4));
        update(&mut teams, &projects(&["q"]), time(5), found(Some("b"), 5));
        let both = Drift { id: digest("ab"), since: time(4), changes: 4, attention: 2 };
        assert_eq!(of_all(&teams), Convergence { last_clean: Some(time(1)), drift: Some(both) });
        // One file manages both projects now.
        update(&mut teams, &projects(&["p", "q"]), time(6), found(Some("b"), 6));
        assert_eq!(of_all(&teams), Convergence { last_clean: Some(time(3)), drift: Some(drift("b", 5)) });
    }
}
