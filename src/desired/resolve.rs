//! Resolves the team file and what it includes. Every rule about what names mean is checked here,
//! and all problems come together with those of reading.

use super::access::Groups;
use super::names::Names;
use super::people::{FileNames, People};
use super::{Desired, Provenance, Team, policy};
use crate::model::Email;
use crate::team_file::{Group, IncludedFile, Person, Problems, Sources, TeamFile};

/// Works out what the team file and the included files ask for.
///
/// # Errors
/// All problems, those that reading found among them.
pub fn resolve(root: &TeamFile, included: &[IncludedFile], mut problems: Problems) -> Result<Team, Problems> {
    // Of a file that could not be read to its end nobody can say what it lacks.
    if !root.whole {
        return Err(problems);
    }
    let endpoint = policy::endpoint(root.cluster.as_ref(), &mut problems);
    let ledger = policy::ledger(root.ledger.as_ref(), &mut problems);
    let policy = policy::resolve(&root.policy, &mut problems);
    let names = Names::resolve(root, &mut problems);
    let groups = Groups::resolve(group_lists(root, included), &names, &mut problems);
    let mut people = People::new(&names, &groups, &root.policy.protect);
    for person in all_people(root, included) {
        if problems.is_full() || people.are_too_many() {
            break;
        }
        people.add(person, &mut problems);
    }
    let Some(endpoint) = endpoint.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    let people = people.into_resolved();
    let (projects, roles) = names.into_parts();
    let desired = Desired { projects, roles, people, policy };
    Ok(Team { desired, provenance: Provenance::new(), endpoint, ledger })
}

/// Which line gives each role, of everyone or of `who` alone, in a team file that [`resolve`] found nothing
/// wrong in.
#[must_use]
pub fn provenance(
    sources: &Sources,
    root: &TeamFile,
    included: &[IncludedFile],
    who: Option<&Email>,
) -> Provenance {
    // What is wrong in the files was reported when they were resolved.
    let mut problems = Problems::default();
    let names = Names::resolve(root, &mut problems);
    let groups = Groups::resolve(group_lists(root, included), &names, &mut problems);
    let people = People::new(&names, &groups, &[]);
    let mut files = FileNames::new(sources);
    let mut provenance = Provenance::new();
    for person in all_people(root, included) {
        let Some(email) = person.email.as_ref().map(|text| Email::as_received(&text.value)) else { continue };
        if who.is_none_or(|who| *who == email) {
            let given = people.given(person, &mut files, &mut problems);
            provenance.extend(given.into_iter().map(|(project, given)| ((email.clone(), project), given)));
        }
    }
    provenance
}

fn all_people<'a>(root: &'a TeamFile, included: &'a [IncludedFile]) -> impl Iterator<Item = &'a Person> {
    root.people.iter().chain(included.iter().flat_map(|file| &file.people))
}

fn group_lists<'a>(
    root: &'a TeamFile,
    included: &'a [IncludedFile],
) -> impl Iterator<Item = &'a Option<Vec<Group>>> {
    std::iter::once(&root.groups).chain(included.iter().map(|file| &file.groups))
}
