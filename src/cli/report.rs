//! `guestlist report`: the access review, made with a client that cannot write.

use super::args::{Everywhere, Report as Args, ReportFormat};
use super::connection::{Place, today};
use super::failure::Ended;
use super::load;
use super::plan::{keep_apart, save};
use super::survey;
use super::terminal::Terminal;
use crate::plan::{Plan, Terms};
use crate::render::{self, Review};

pub(crate) async fn run(args: &Args, everywhere: &Everywhere, terminal: Terminal) -> Ended {
    let path = &args.file.team_file;
    keep_apart(args.out.as_deref(), path)?;
    let team = load::team_with_provenance(path, None, terminal)?;
    let place = Place::of_team(everywhere, path, &team)?;
    let (known, _) =
        survey::live_or_offline(args.offline, everywhere, &place, &team.desired, terminal).await?;
    let plan = Plan::between(&team.desired, &known, &Terms::new(place.endpoint.clone(), today()));
    for refusal in &plan.refused {
        terminal.warn(&render::refusal(&team.desired, refusal));
    }
    let review = Review::new(&team, &known, &plan);
    let text = match args.format {
        ReportFormat::Html => render::report_html(&review),
        ReportFormat::Csv => render::report_csv(&review),
    };
    match &args.out {
        Some(out) => save(out, &text),
        None => Terminal::print(&text),
    }
}
