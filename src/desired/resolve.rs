//! Resolves the team file and the files that it includes: looks up every name, checks every rule, and returns
//! all problems together with those of parsing.

use super::access::Groups;
use super::names::Names;
use super::people::{FileNames, People};
use super::{Desired, Provenance, Team, policy};
use crate::model::Email;
use crate::team_file::{IncludedFile, Problems, Sources, TeamFile, WrittenGroup, WrittenPerson};

/// The team that the team file and the included files describe.
///
/// # Errors
/// All problems, including those found while parsing.
pub fn resolve(root: &TeamFile, included: &[IncludedFile], mut problems: Problems) -> Result<Team, Problems> {
    // Nothing can be said to be missing from a file that was not read to its end.
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

/// The lines that grant each role, for everyone or only for `who`. Call it for files that [`resolve`] found no
/// problems in.
#[must_use]
pub fn provenance(
    sources: &Sources,
    root: &TeamFile,
    included: &[IncludedFile],
    who: Option<&Email>,
) -> Provenance {
    // There are none: the files were resolved before.
    let mut problems = Problems::default();
    let names = Names::resolve(root, &mut problems);
    let groups = Groups::resolve(group_lists(root, included), &names, &mut problems);
    let people = People::new(&names, &groups, &[]);
    let mut files = FileNames::new(sources);
    let mut provenance = Provenance::new();
    for person in all_people(root, included) {
        let Some(email) = person.email.as_ref().map(|text| Email::as_received(&text.value)) else { continue };
        if who.is_none_or(|who| *who == email) {
            let sources = people.role_sources(person, &mut files, &mut problems);
            provenance
                .extend(sources.into_iter().map(|(project, sources)| ((email.clone(), project), sources)));
        }
    }
    provenance
}

fn all_people<'a>(
    root: &'a TeamFile,
    included: &'a [IncludedFile],
) -> impl Iterator<Item = &'a WrittenPerson> {
    root.people.iter().chain(included.iter().flat_map(|file| &file.people))
}

fn group_lists<'a>(
    root: &'a TeamFile,
    included: &'a [IncludedFile],
) -> impl Iterator<Item = &'a Option<Vec<WrittenGroup>>> {
    std::iter::once(&root.groups).chain(included.iter().map(|file| &file.groups))
}
