//! What completions offer for a value, by its name in the help: the people, projects and roles of `team.yaml` in the
//! current folder. No network, and nothing if that file has problems.

use std::ffi::OsStr;
use std::path::Path;

use clap::Arg;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::args::TEAM_FILE;
use super::load;
use crate::desired::Desired;
use crate::escape;
use crate::model::Role;

/// Adds the candidates that fit the name of the value.
pub(super) fn add_to(arg: Arg) -> Arg {
    let names = arg.get_value_names().unwrap_or_default();
    let candidates = match names {
        [name] if name == "EMAIL" => people,
        [name] if name == "PROJECT" => projects,
        [name] if name == "ROLE" => roles,
        _ => return arg,
    };
    arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_string_lossy().to_lowercase();
        let team = load::load(Path::new(TEAM_FILE)).ok().and_then(|loaded| loaded.team);
        let all = team.map(|team| candidates(&team.desired)).unwrap_or_default();
        let fitting = all.into_iter().filter(|(value, _)| value.to_lowercase().starts_with(&typed));
        fitting.filter(|(value, _)| is_inert(value)).map(candidate).collect()
    }))
}

/// A value and its description.
type Candidate = (String, String);

fn candidate((value, description): Candidate) -> CompletionCandidate {
    let description = escape::line(&description).into_owned();
    CompletionCandidate::new(value).help(Some(description.into()))
}

fn people(desired: &Desired) -> Vec<Candidate> {
    let people = desired.people.values();
    people
        .map(|person| (person.email.to_string(), format!("{} {}", person.first_name, person.last_name)))
        .collect()
}

fn projects(desired: &Desired) -> Vec<Candidate> {
    let projects = desired.projects.iter();
    projects
        .map(|(id, project)| (project.alias.clone(), project.name.clone().unwrap_or_else(|| id.to_string())))
        .collect()
}

fn roles(desired: &Desired) -> Vec<Candidate> {
    let predefined =
        Role::PREDEFINED.iter().map(|role| (role.as_str().to_owned(), "predefined role".to_owned()));
    let custom = desired.roles.iter().map(|(id, alias)| (alias.clone(), id.to_string()));
    predefined.chain(custom).collect()
}

/// Whether every shell takes it for plain text: it comes from a file, and ends up on a command line.
fn is_inert(value: &str) -> bool {
    value.chars().all(|c| c.is_alphanumeric() || ".-_+@".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProjectId, RoleId};

    #[test]
    fn projects_and_roles_are_offered_by_the_names_that_the_file_gives_them() {
        let mut desired = Desired::default();
        desired.projects.insert(
            ProjectId::new("proj_1"),
            crate::desired::ManagedProject { alias: "shop".to_owned(), name: Some("The Shop".to_owned()) },
        );
        desired.roles.insert(RoleId::new("role_1"), "campaign-manager".to_owned());
        assert_eq!(projects(&desired), [("shop".to_owned(), "The Shop".to_owned())]);
        let names: Vec<_> = roles(&desired).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["ADMIN", "USER", "VIEWER", "MERCHANT", "USER_RESTRICTED", "campaign-manager"]);
    }

    #[test]
    fn a_value_that_a_shell_would_not_take_as_text_is_not_offered() {
        assert!(
            is_inert("alex.doe+test@example.com")
                && is_inert("zoé@exämple.com")
                && is_inert("USER_RESTRICTED")
        );
        for active in
            ["a`id`@example.com", "$(id)", "a b", "a;b", "~", "a\n", "\u{1b}[2J", "a'b", "a\\b", "*"]
        {
            assert!(!is_inert(active), "{active:?}");
        }
    }
}
