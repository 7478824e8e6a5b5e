//! `guestlist explain`: where each role of a person comes from, and how things stand.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::args::{Everywhere, Explain as Args};
use super::connection::{Place, today};
use super::failure::{Ended, Failure};
use super::load::{self, folder_of};
use super::survey;
use super::terminal::Terminal;
use crate::desired::Team;
use crate::identity::{Email, ProjectId};
use crate::inert;
use crate::known::Known;
use crate::plan::{Change, Plan, Terms};
use crate::render::{Paint, change_line};

pub(crate) async fn run(args: &Args, everywhere: &Everywhere, terminal: Terminal) -> Ended {
    let path = &args.file.team_file;
    let team = load::team(path, terminal)?;
    let place = Place::new(everywhere, &folder_of(path), Some((&team.endpoint, team.ledger.as_deref())))?;
    let ledger = place.ledger()?;
    let known = if args.offline {
        survey::offline(&place, &ledger, &team.desired, terminal)?
    } else {
        let connection = place.connect(everywhere, Some(&team.desired), terminal).await?;
        let reader = connection.client.reader();
        let known = survey::live(&place, &ledger, &reader, &team.desired, terminal).await?;
        connection.close().await?;
        known
    };
    let email = Email::as_received(&args.email);
    let plan = Plan::between(&team.desired, &known, &Terms::new(place.endpoint.clone(), today()));
    Terminal::print(&page(&team, &known, &plan, &email, terminal.out))?;
    let is_known = known.members.contains_key(&email) || known.invitations.contains_key(&email);
    if team.desired.people.contains_key(&email) || is_known {
        Ok(())
    } else {
        Err(Failure::new(format!("{email} is neither in the team file nor in a managed project")))
    }
}

fn page(team: &Team, known: &Known, plan: &Plan, email: &Email, paint: Paint) -> String {
    let desired = &team.desired;
    let mut page = String::new();
    let person = desired.people.get(email);
    let member = known.members.get(email);
    let invitation = known.invitations.get(email);
    let title = match person {
        Some(person) => {
            format!("{email} ({} {})", inert::line(&person.first_name), inert::line(&person.last_name))
        }
        None => email.to_string(),
    };
    let _ = writeln!(page, "{}", paint.bold(&title));
    let _ = writeln!(
        page,
        "  team file: {}",
        match person {
            None => "not listed".to_owned(),
            Some(person) => match (person.from, person.until) {
                (None, None) => "listed".to_owned(),
                (Some(from), None) => format!("listed from {from}"),
                (None, Some(until)) => format!("listed until {until}"),
                (Some(from), Some(until)) => format!("listed from {from} until {until}"),
            },
        }
    );
    let _ = writeln!(
        page,
        "  live: {}",
        match member {
            Some(member) if member.is_owner => format!("a member and an owner, {}", member.id),
            Some(member) => format!("a member, {}", member.id),
            None => "no member of a managed project".to_owned(),
        }
    );
    let _ = writeln!(
        page,
        "  ledger: {}",
        match invitation {
            Some(invitation) => {
                format!(
                    "invited on {} as {}",
                    invitation.sent_at.strftime("%Y-%m-%d"),
                    desired.access_names(&invitation.access)
                )
            }
            None => "no invitation is out".to_owned(),
        }
    );
    let mut projects: BTreeSet<&ProjectId> =
        person.into_iter().flat_map(|person| person.access.keys()).collect();
    projects.extend(member.into_iter().flat_map(|member| member.access.keys()));
    for project in projects {
        let _ = writeln!(page, "\n{} ({project})", paint.bold(&desired.project_name(project)));
        let wanted = person.and_then(|person| person.access.get(project));
        let _ =
            writeln!(page, "  desired: {}", wanted.map_or("none".to_owned(), |role| desired.role_name(role)));
        let given =
            team.provenance.get(&(email.clone(), project.clone())).map(Vec::as_slice).unwrap_or_default();
        for (rank, given) in given.iter().enumerate() {
            let by = match &given.group {
                Some(group) => format!("the group {}", inert::line(group)),
                None => "the person's own entry".to_owned(),
            };
            let overridden =
                if rank > 0 && given.role != team_role(team, email, project) { ", overridden" } else { "" };
            let _ = writeln!(
                page,
                "    {} by {by}, {}:{}{overridden}",
                desired.role_name(&given.role),
                inert::line(&given.file),
                given.line
            );
        }
        let live = member.and_then(|member| member.access.get(project));
        let _ = writeln!(page, "  live: {}", live.map_or("none".to_owned(), |role| desired.role_name(role)));
    }
    let changes: Vec<&Change> = plan.changes.iter().filter(|change| change.email() == email).collect();
    let notes = plan.notes.iter().filter(|note| note.email.as_ref() == Some(email));
    let _ = writeln!(page, "\n{}", paint.bold("The plan"));
    for change in &changes {
        let _ = writeln!(page, "  would {}", change_line(desired, change));
    }
    for note in notes {
        let _ = writeln!(page, "  note: {}", note.text);
    }
    for refusal in &plan.refused {
        let _ = writeln!(page, "  {} {}", paint.red("refused:"), refusal.text);
    }
    if changes.is_empty() {
        let _ = writeln!(page, "  would change nothing");
    }
    page
}

fn team_role(team: &Team, email: &Email, project: &ProjectId) -> crate::identity::Role {
    team.desired.people[email].access[project].clone()
}
