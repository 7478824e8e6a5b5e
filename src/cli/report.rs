//! `guestlist report`: the access review, made with a client that cannot write.

use super::args::{GlobalArgs, Report as Args, ReportFormat};
use super::failure::Failure;
use super::filter;
use super::history;
use super::load;
use super::output::{keep_apart, save};
use super::situation::Situation;
use super::target::Target;
use super::terminal::Terminal;
use crate::escape;
use crate::ledger::ReadingFacts;
use crate::render::{self, Paint, Review};
use crate::words::{count, people};

pub(crate) async fn run(args: &Args, global: &GlobalArgs, terminal: Terminal) -> Result<(), Failure> {
    if args.at.is_some() || args.since.is_some() {
        return history::run(args, global, terminal);
    }
    let path = &args.file.team_file;
    keep_apart(args.out.as_deref(), path)?;
    let team = load::team_with_provenance(path, None, terminal)?;
    let target = Target::of_team(global, path, &team)?;
    let mut situation = Situation::observe(team, target, args.offline, global, terminal).await?;
    situation.keep(&ReadingFacts::default(), terminal)?;
    let plan = situation.plan();
    let Situation { team, known, .. } = situation;
    for refusal in &plan.refused {
        terminal.warn(&render::refusal(&team.desired, refusal));
    }
    let project = args.access.project.as_deref();
    let project = project.map(|name| filter::managed_project(&team.desired, name)).transpose()?;
    let role = args.access.role.as_deref().map(|name| filter::role(&team.desired, name)).transpose()?;
    let review = Review::new(&team, &known, &plan).only(project.as_ref(), role.as_ref(), &team.desired);
    let text = match args.format {
        ReportFormat::Text => {
            let paint = if args.out.is_some() { Paint::PLAIN } else { terminal.out };
            render::review_text(&review, paint)
        }
        ReportFormat::Json => render::review_json(&review),
        ReportFormat::Html => render::review_html(&review),
        ReportFormat::Csv => render::review_csv(&review),
    };
    let Some(out) = &args.out else { return Terminal::print(&text) };
    save(out, &text)?;
    terminal.say(&format!(
        "Wrote {}: {}, {}.",
        escape::path(out),
        people(review.people()),
        count(review.projects(), "project")
    ));
    Ok(())
}
