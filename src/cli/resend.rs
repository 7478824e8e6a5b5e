//! `guestlist resend`: sends an invitation again, on purpose.

use super::args::{Everywhere, Resend as Args};
use super::connection::{Place, clock, today};
use super::environment;
use super::failure::{Ended, Failure};
use super::load::{self, folder_of};
use super::survey;
use super::terminal::Terminal;
use crate::apply::{Resent, resend};
use crate::identity::Email;
use crate::ledger::{EndReason, Run};

pub(crate) async fn run(args: &Args, everywhere: &Everywhere, terminal: Terminal) -> Ended {
    let path = &args.file.team_file;
    let team = load::team(path, terminal)?;
    let email = Email::as_received(&args.email);
    let Some(person) = team.desired.people.get(&email) else {
        return Err(Failure::new(format!(
            "{email} is not in the team file, so there is nothing to invite to"
        )));
    };
    let day = today();
    if let Some(until) = person.until.filter(|until| *until < day) {
        return Err(Failure::new(format!(
            "the access of {email} ended on {until}: no invitation is sent again; correct `until` if that is wrong"
        )));
    }
    if let Some(from) = person.from.filter(|from| *from > day) {
        return Err(Failure::new(format!(
            "{email} starts on {from}: no invitation is sent before; correct `from` if that is wrong"
        )));
    }
    let place = Place::new(everywhere, &folder_of(path), Some((&team.endpoint, team.ledger.as_deref())))?;
    let ledger = place.ledger()?;
    let connection = place.connect(everywhere, Some(&team.desired), terminal).await?;
    let lease = ledger.acquire(&environment::who(), clock()).map_err(Failure::new)?;
    let known = survey::live(&place, &ledger, &connection.client.reader(), &team.desired, terminal).await?;
    if known.members.contains_key(&email) {
        return Err(Failure::new(format!(
            "{email} is a member already: there is no invitation to send again"
        )));
    }
    let Some(invitation) = known.invitations.get(&email) else {
        return Err(Failure::new(format!(
            "the ledger knows of no invitation to {email}; `guestlist apply` sends the first"
        )));
    };
    terminal.say(&format!("{email} was invited on {}.", invitation.sent_at.strftime("%Y-%m-%d")));
    terminal.confirm(args.yes, &format!("Send the invitation to {email} again?"))?;
    let run = Run::new("resend", environment::who(), place.endpoint.clone(), None);
    let run = ledger.begin(run, &lease, clock()).map_err(Failure::new)?;
    let resent = resend(person, &connection.client.writer(), &run).await;
    let (reason, text) = match &resent {
        Ok(_) => (EndReason::Completed, None),
        Err(stopped) => (EndReason::Stopped, Some(stopped.to_string())),
    };
    run.end(reason, text.as_deref()).await.map_err(Failure::new)?;
    connection.close().await?;
    drop(lease);
    match resent {
        Ok(Resent::Sent) => Terminal::print(&format!("Sent the invitation to {email} again.\n")),
        Ok(Resent::Refused) => Err(Failure::new(format!(
            "the service does not send an invitation to {email} again (409): resend it by hand in Team settings"
        ))),
        Err(stopped) => Err(Failure::new(stopped)),
    }
}
