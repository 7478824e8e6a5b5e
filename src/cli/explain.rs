//! `guestlist explain`: where a person's access comes from, and its current state.

use super::args::{Explain as Args, GlobalArgs};
use super::failure::Failure;
use super::history;
use super::load;
use super::mixup::{must_not_be_swapped, person_meant};
use super::situation::Situation;
use super::target::Target;
use super::terminal::Terminal;
use crate::desired::Desired;
use crate::known::{Known, Member};
use crate::ledger::ReadingFacts;
use crate::model::Email;
use crate::render::{self, View};

pub(crate) async fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<(), Failure> {
    let path = &args.file.team_file;
    must_not_be_swapped("explain", &args.email, path)?;
    let asked = Email::as_received(&args.email);
    let team = load::team_with_provenance(path, Some(&asked), terminal)?;
    let target = Target::of_team(global, path, &team)?;
    let mut situation = Situation::observe(team, target, args.offline, global, terminal).await?;
    situation.keep(&ReadingFacts::default(), terminal)?;
    let plan = situation.plan();
    let Situation { mut team, known, target, .. } = situation;
    let email = listed_as(&team.desired, &known, &asked);
    if email != asked {
        team = load::team_with_provenance(path, Some(&email), terminal)?;
    }
    let addresses = known.member(&email).into_iter().flat_map(Member::addresses).cloned();
    let emails = addresses.chain([asked, email.clone()]).collect();
    let past = history::of_person(&target, emails, &team.desired, terminal.out)?;
    if !team.desired.people.contains_key(&email) && !known.has(&email) && past.is_empty() {
        let people = team.desired.people.keys().chain(known.members.keys()).map(Email::as_str);
        return Err(Failure::new(format!(
            "{email} is not in the team file, not a member of a managed project, and has no pending invitation{}",
            person_meant(email.as_str(), people)
        )));
    }
    let view = View::new(&plan, &team.desired, &known, None);
    let mut page = render::explain(&view, &team.provenance, &email, terminal.out);
    page.push_str(&past);
    Terminal::print(&page)
}

/// The address under which the file lists the person: the given one, or the other address of that member.
fn listed_as(desired: &Desired, known: &Known, asked: &Email) -> Email {
    let other = |member: &Member| member.addresses().find(|it| desired.people.contains_key(*it)).cloned();
    match known.member(asked) {
        Some(member) if !desired.people.contains_key(asked) => other(member),
        _ => None,
    }
    .unwrap_or_else(|| asked.clone())
}
