//! Resolves the team file and the files that it includes: looks up every name, checks every rule, and returns
//! all problems together with those of parsing.

use super::access::Groups;
use super::judge::{Judge, Terms};
use super::names::Names;
use super::people::{FileNames, People};
use super::{Desired, Policy, Provenance, Rules, Team, policy};
use crate::model::Email;
use crate::team_file::{IncludedFile, Problems, Sources, TeamFile, WrittenGroup, WrittenPerson};

/// The team that the team file and the included files describe, judged by `terms`.
///
/// # Errors
/// All problems, including those found while parsing.
pub fn resolve(
    root: &TeamFile,
    included: &[IncludedFile],
    terms: Terms<'_>,
    mut problems: Problems,
) -> Result<Team, Problems> {
    // Nothing can be said to be missing from a file that was not read to its end.
    if !root.whole {
        return Err(problems);
    }
    let endpoint = policy::endpoint(root.cluster.as_ref(), &mut problems);
    let ledger = policy::ledger(root.ledger.as_ref(), &mut problems);
    let policy = policy::resolve(&root.policy, &mut problems);
    let names = Names::resolve(root, &mut problems);
    let rules = Rules::resolve(&root.policy, &names, &mut problems);
    let judge = Judge::new(&names, &rules, terms);
    let groups = Groups::resolve(group_lists(root, included), &names, &mut problems);
    judge.unmatched_files(included, &mut problems);
    judge.groups(&groups, &mut problems);
    let mut people = People::new(&names, &groups, Some(&judge), &root.policy.protect);
    for (file, person) in all_people(root, included) {
        if problems.is_full() || people.are_too_many() {
            break;
        }
        people.add(person, file, &mut problems);
    }
    let Some(endpoint) = endpoint.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    let people = people.into_resolved();
    let (projects, custom) = names.into_parts();
    let policy = Policy { addresses: rules.written_addresses(), files: rules.written_files(), ..policy };
    let desired = Desired { projects, roles: custom, people, policy };
    Ok(Team { desired, provenance: Provenance::new(), endpoint, ledger, rules })
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
    let people = People::new(&names, &groups, None, &[]);
    let mut files = FileNames::new(sources);
    let mut provenance = Provenance::new();
    for (_, person) in all_people(root, included) {
        let Some(email) = person.email.as_ref().map(|text| Email::as_received(&text.value)) else { continue };
        if who.is_none_or(|who| *who == email) {
            let sources = people.role_sources(person, &mut files, &mut problems);
            provenance
                .extend(sources.into_iter().map(|(project, sources)| ((email.clone(), project), sources)));
        }
    }
    provenance
}

/// Everyone, with the path of the included file that lists them.
fn all_people<'a>(
    root: &'a TeamFile,
    included: &'a [IncludedFile],
) -> impl Iterator<Item = (Option<&'a str>, &'a WrittenPerson)> {
    let listed = |file: &'a IncludedFile| file.people.iter().map(|person| (Some(file.path.as_str()), person));
    root.people.iter().map(|person| (None, person)).chain(included.iter().flat_map(listed))
}

fn group_lists<'a>(
    root: &'a TeamFile,
    included: &'a [IncludedFile],
) -> impl Iterator<Item = (Option<&'a str>, &'a Option<Vec<WrittenGroup>>)> {
    let of_file = |file: &'a IncludedFile| (Some(file.path.as_str()), &file.groups);
    std::iter::once((None, &root.groups)).chain(included.iter().map(of_file))
}
