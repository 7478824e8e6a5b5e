//! A plan for a terminal: what must not be missed first, then the rest, then the numbers.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::highlights::{Lines, described};
use super::{Paint, View, about};
use crate::inert;
use crate::known::Source;
use crate::plan::{Change, NoteKind};
use crate::wording::count;

/// The widest column of emails; longer ones push their line to the right.
const WIDEST_EMAIL: usize = 44;

/// The plan as text.
#[must_use]
pub fn text(view: &View, paint: Paint) -> String {
    let mut page = Page { paint, width: email_width(view), text: String::new() };
    let plan = view.plan;
    let read_at = plan.evidence.read_at.to_zoned(TimeZone::UTC);
    let learned = match plan.evidence.source {
        Source::Live => format!("members read live at {}", read_at.strftime("%H:%M:%S UTC")),
        Source::Ledger => {
            format!(
                "offline: members as the ledger has them of {}",
                read_at.strftime("%Y-%m-%d %H:%M:%S UTC")
            )
        }
    };
    let _ = writeln!(page.text, "{}", paint.bold(&format!("Plan for {} on {}", plan.endpoint, plan.date)));
    let _ = writeln!(page.text, "{}", paint.dim(&learned));

    page.section("Taken away", &paint.red("-"), &view.taken_away());
    page.section("Becomes ADMIN", &paint.yellow("!"), &view.new_admins());
    page.section(
        "Invited",
        &paint.green("+"),
        &view.lines(|change| match change {
            Change::Invite { first_name, last_name, .. } => {
                let name = format!("({first_name} {last_name})");
                Some(format!("{}  {}", described(view.desired, change), paint.dim(&inert::line(&name))))
            }
            _ => None,
        }),
    );
    page.section(
        "Gains access",
        &paint.green("+"),
        &view
            .lines(|change| matches!(change, Change::Assign { .. }).then(|| described(view.desired, change))),
    );
    page.section(
        "Changes role",
        &paint.yellow("~"),
        &view.lines(|change| {
            (matches!(change, Change::ChangeRole { .. }) && !change.is_reduction())
                .then(|| described(view.desired, change))
        }),
    );
    for (title, kinds) in NOTES {
        page.notes(title, view, kinds);
    }
    page.refusals(view);
    page.closing(view);
    page.text
}

/// Under which heading each kind of note stands.
const NOTES: [(&str, &[NoteKind]); 4] = [
    ("To do by hand", &[NoteKind::LastProject, NoteKind::CannotCancel]),
    ("Waiting", &[NoteKind::Stale, NoteKind::Invited, NoteKind::InFlight, NoteKind::Wave]),
    ("Dates", &[NoteKind::Starts, NoteKind::Ends, NoteKind::Ended]),
    ("Left alone", &[NoteKind::ExtraRole, NoteKind::Unlisted, NoteKind::Protected, NoteKind::Owner]),
];

struct Page {
    paint: Paint,
    width: usize,
    text: String,
}

impl Page {
    fn section(&mut self, title: &str, sign: &str, lines: &Lines) {
        if lines.is_empty() {
            return;
        }
        self.heading(title, lines.len());
        for (email, parts) in lines {
            let _ = writeln!(
                self.text,
                "  {sign} {:width$}  {}",
                email.to_string(),
                parts.join(", "),
                width = self.width
            );
        }
    }

    fn notes(&mut self, title: &str, view: &View, kinds: &[NoteKind]) {
        let notes: Vec<_> = view.plan.notes.iter().filter(|note| kinds.contains(&note.kind)).collect();
        if notes.is_empty() {
            return;
        }
        self.heading(title, notes.len());
        for note in notes {
            let line = match &note.email {
                Some(email) => format!("  · {:width$}  {}", email.to_string(), note.text, width = self.width),
                None => format!("  · {}", note.text),
            };
            let _ = writeln!(self.text, "{}", self.paint.dim(&line));
        }
    }

    fn refusals(&mut self, view: &View) {
        if view.plan.refused.is_empty() {
            return;
        }
        let _ = writeln!(self.text);
        for refusal in &view.plan.refused {
            let _ = writeln!(self.text, "{} {}", self.paint.red("Refused:"), refusal.text);
        }
    }

    fn closing(&mut self, view: &View) {
        let summary = view.plan.summary();
        let _ = writeln!(self.text);
        if summary.calls == 0 {
            let _ = writeln!(self.text, "{}", self.paint.green("No changes: nothing to do."));
        } else {
            let time = view.expected.map(|time| format!(", {}", about(time))).unwrap_or_default();
            let _ = writeln!(
                self.text,
                "{} {} to invite, {} to assign, {} to change, {} to unassign: {}{time}.",
                self.paint.bold("Plan:"),
                summary.invite,
                summary.assign,
                summary.change_role,
                summary.unassign,
                count(summary.calls, "call"),
            );
        }
        let _ = writeln!(self.text, "{}", self.paint.dim(&format!("Plan id: {}", view.plan.id)));
    }

    fn heading(&mut self, title: &str, number: usize) {
        let _ = writeln!(self.text, "\n{}", self.paint.bold(&format!("{title} ({number})")));
    }
}

fn email_width(view: &View) -> usize {
    let changed = view.plan.changes.iter().map(Change::email);
    let noted = view.plan.notes.iter().filter_map(|note| note.email.as_ref());
    let widest = changed.chain(noted).map(|email| email.to_string().chars().count()).max();
    widest.unwrap_or(0).min(WIDEST_EMAIL)
}
