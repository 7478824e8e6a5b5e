//! `guestlist import`: writes a team file for an organization as it is, with a client that cannot write.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use super::args::{Everywhere, Import as Args};
use super::connection::{Place, clock};
use super::failure::{Ended, Failure};
use super::load::folder_of;
use super::terminal::Terminal;
use crate::api::Reader;
use crate::desired;
use crate::identity::ProjectId;
use crate::inert;
use crate::known::{self, Invitations, Known, Project, Reading, RecentWrites};
use crate::survey;
use crate::wording::{count, list, people};

/// How many doubts a refusal names.
const DOUBTS_SHOWN: usize = 3;

pub(crate) async fn run(args: &Args, everywhere: &Everywhere, terminal: Terminal) -> Ended {
    if let Some(out) = args.out.as_deref().filter(|out| fs::symlink_metadata(out).is_ok()) {
        return Err(is_there(out));
    }
    let folder = folder_of(args.out.as_deref().unwrap_or(Path::new("team.yaml")));
    let place = Place::new(everywhere, &folder, None)?;
    let connection = place.connect(everywhere, None, terminal).await?;
    let reader = connection.client.reader();
    let projects = chosen(reader.projects().await.map_err(Failure::new)?, &args.projects)?;
    let known = members(&reader, &projects).await?;
    connection.close().await?;

    let adopted = known::adopt(&projects, &known.members);
    if adopted.desired.projects.is_empty() {
        return Err(Failure::new("no project of the organization can be named in a team file"));
    }
    for remark in &adopted.remarks {
        terminal.warn(remark);
    }
    let mut remarks = vec![format!("The members of {}, as `guestlist import` found them.", place.endpoint)];
    if !adopted.desired.roles.is_empty() {
        remarks
            .push("The API does not tell what custom roles are called: rename them to your liking.".into());
    }
    remarks.extend(adopted.remarks);
    let text = desired::write(&adopted.desired, &place.endpoint, &remarks);
    let Some(out) = &args.out else { return Terminal::print(&text) };
    create(out, &text)?;
    terminal.say(&format!(
        "Wrote {} in {} to {}.",
        people(adopted.desired.people.len()),
        count(adopted.desired.projects.len(), "project"),
        inert::line(&out.display().to_string())
    ));
    Ok(())
}

/// The projects that were asked for, or all.
fn chosen(projects: Vec<Project>, asked: &[String]) -> Result<Vec<Project>, Failure> {
    if projects.is_empty() {
        return Err(Failure::new("the organization has no projects, so there is nothing to import"));
    }
    if asked.is_empty() {
        return Ok(projects);
    }
    let asked: BTreeSet<_> = asked.iter().map(ProjectId::new).collect();
    let unknown: Vec<_> =
        asked.iter().filter(|id| !projects.iter().any(|project| project.id == **id)).collect();
    if unknown.is_empty() {
        return Ok(projects.into_iter().filter(|project| asked.contains(&project.id)).collect());
    }
    let ids: Vec<_> = projects.iter().map(|project| &project.id).collect();
    let verb = if unknown.len() == 1 { "is" } else { "are" };
    Err(Failure::new(format!("{} {verb} not in the organization: it has {}", list(&unknown), list(&ids))))
}

/// The members of `projects`. A reading that raises doubts twice is not written down.
async fn members(reader: &Reader, projects: &[Project]) -> Result<Known, Failure> {
    let ids: Vec<_> = projects.iter().map(|project| project.id.clone()).collect();
    let judge =
        |reading: &Reading| reading.live(Invitations::default(), RecentWrites::new(), &BTreeMap::new());
    let (_, known) = survey::read(reader, &ids, &clock(), judge).await.map_err(Failure::new)?;
    if known.doubts.is_empty() {
        return Ok(known);
    }
    let mut doubts: Vec<_> = known.doubts.iter().take(DOUBTS_SHOWN).map(ToString::to_string).collect();
    match known.doubts.len() - doubts.len() {
        0 => {}
        more => doubts.push(format!("{more} more")),
    }
    Err(Failure::new(format!(
        "the member list looks incomplete, so nothing was written: {}; run again later",
        doubts.join("; ")
    )))
}

/// Writes a new file, whole or not at all.
fn create(path: &Path, text: &str) -> Ended {
    let mut file = File::create_new(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => is_there(path),
        _ => cannot_be_written(path, &error),
    })?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        // It is ours, and half a team file is worse than none.
        let _ = fs::remove_file(path);
        cannot_be_written(path, &error)
    })
}

fn is_there(path: &Path) -> Failure {
    let shown = path.display().to_string();
    Failure::new(format!(
        "`{}` is there already and is not overwritten: name another file, or leave --out out",
        inert::line(&shown)
    ))
}

fn cannot_be_written(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display().to_string();
    Failure::new(format!("`{}` cannot be written: {error}", inert::line(&shown)))
}
