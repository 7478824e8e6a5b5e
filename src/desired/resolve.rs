//! Resolves the team file and what it includes. Every rule about what names mean is checked here,
//! and all problems come together with those of reading.

use super::access::Groups;
use super::names::Names;
use super::people::People;
use super::{Desired, Team, policy};
use crate::team_file::{IncludedFile, Problems, Sources, TeamFile};

/// Works out what the team file and the included files ask for.
///
/// # Errors
/// All problems, those that reading found among them.
pub fn resolve(
    sources: &Sources,
    root: &TeamFile,
    included: &[IncludedFile],
    mut problems: Problems,
) -> Result<Team, Problems> {
    // Of a file that could not be read to its end nobody can say what it lacks.
    if !root.whole {
        return Err(problems);
    }
    let endpoint = policy::endpoint(root.cluster.as_ref(), &mut problems);
    let ledger = policy::ledger(root.ledger.as_ref(), &mut problems);
    let policy = policy::resolve(&root.policy, &mut problems);
    let names = Names::resolve(root, &mut problems);
    let files = std::iter::once(&root.groups).chain(included.iter().map(|file| &file.groups));
    let groups = Groups::resolve(files, &names, &mut problems);
    let mut people = People::new(sources, &names, &groups, &root.policy.protect);
    for person in root.people.iter().chain(included.iter().flat_map(|file| &file.people)) {
        if problems.is_full() {
            break;
        }
        people.add(person, &mut problems);
    }
    let Some(endpoint) = endpoint.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    let (people, provenance) = people.into_parts();
    let (projects, roles) = names.into_parts();
    Ok(Team { desired: Desired { projects, roles, people, policy }, provenance, endpoint, ledger })
}
