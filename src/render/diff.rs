//! A plan as a unified diff of known access against access after it, in canonical YAML by person.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use similar::TextDiff;

use super::change_line::change_line;
use super::sections::{Row, sections};
use super::verdict::{origins_text, policy_change, verdict};
use super::{Paint, View, sentences};
use crate::escape;
use crate::model::{Access, Email};
use crate::plan::{Change, Effect, Origin};

/// The plan as a unified diff. Only people with a change are in it, each with all their access; those
/// who lose something come first, then those who become ADMIN, then the rest.
#[must_use]
pub fn diff(view: &View, paint: Paint) -> String {
    let mut page = String::new();
    let sections = sections(view);
    let _ = writeln!(page, "{}", paint.bold(&format!("# {}", verdict(view, &sections))));
    for refusal in &view.plan.refused {
        let _ = writeln!(page, "{}", paint.red(&format!("# blocked: {}", view.refusal(refusal))));
    }
    if !view.policy_changes().is_empty() {
        let heading = format!("# Policy changes ({})", view.policy_changes().len());
        let _ = writeln!(page, "{}", paint.bold(&heading));
        for change in view.policy_changes() {
            let _ = writeln!(page, "{}", paint.yellow(&format!("#   {}", policy_change(change))));
        }
    }
    for section in sections.iter().filter(|section| section.topic.matters()) {
        let heading = format!("# {} ({})", section.topic.title(), section.total());
        let _ = writeln!(page, "{}", paint.bold(&heading));
        for Row { email, text } in &section.rows {
            let who = email.map(|email| format!("{email}: ")).unwrap_or_default();
            let _ = writeln!(page, "{}", paint.bold(&format!("#   {who}{text}")));
        }
    }
    for (change, origin) in view.plan.changes.iter().zip(view.origins()) {
        if *origin != Origin::PullRequest {
            let line = format!("# {}: {}", sentences::origin(*origin), change_line(view.desired, change));
            let _ = writeln!(page, "{}", paint.yellow(&line));
        }
    }
    if let Some(line) = origins_text(view) {
        let _ = writeln!(page, "{}", paint.bold(&format!("# against the base: {line}")));
    }
    let (before, after) = documents(view);
    let compared = TextDiff::from_lines(&before, &after);
    // Everybody in the documents has a change, so that all of their lines are context.
    let context = before.lines().count() + after.lines().count();
    let hunks = compared.unified_diff().context_radius(context).header("known", "desired").to_string();
    if hunks.is_empty() {
        return page;
    }
    for line in hunks.lines() {
        let painted = match line.as_bytes().first() {
            Some(b'-') => paint.red(line),
            Some(b'+') => paint.green(line),
            Some(b'@') => paint.dim(line),
            _ => line.to_owned(),
        };
        let _ = writeln!(page, "{painted}");
    }
    page
}

/// The access of everyone with a change, before and after.
fn documents(view: &View) -> (String, String) {
    let mut by_rank: BTreeMap<(u8, &Email), (Access, Access)> = BTreeMap::new();
    let effects = view.plan.effects();
    let with = |wanted: fn(Effect) -> bool| -> BTreeSet<&Email> {
        let both = view.plan.changes.iter().zip(&effects);
        both.filter(|(_, effect)| wanted(**effect)).map(|(change, _)| change.email()).collect()
    };
    let (losing, rising) = (with(Effect::is_removal), with(|effect| effect == Effect::BecomesAdmin));
    for change in &view.plan.changes {
        let email = change.email();
        let rank = if losing.contains(email) {
            0
        } else if rising.contains(email) {
            1
        } else {
            2
        };
        let (_, after) = by_rank.entry((rank, email)).or_insert_with(|| {
            let access =
                view.known.members.get(email).map(|member| member.access.clone()).unwrap_or_default();
            (access.clone(), access)
        });
        match change {
            Change::Invite { projects, .. } => after.clone_from(projects),
            Change::Assign { project, role, .. } | Change::ChangeRole { project, to: role, .. } => {
                after.insert(project.clone(), role.clone());
            }
            Change::Unassign { project, .. } => {
                after.remove(project);
            }
        }
    }
    let write = |side: fn(&(Access, Access)) -> &Access| {
        let mut document = String::new();
        for ((_, email), both) in &by_rank {
            write_access(&mut document, view, email, side(both));
        }
        document
    };
    (write(|both| &both.0), write(|both| &both.1))
}

/// A person and their access, by the names in the team file; nothing for someone without access.
fn write_access(document: &mut String, view: &View, email: &Email, access: &Access) {
    if access.is_empty() {
        return;
    }
    let sorted: BTreeMap<_, _> = access
        .iter()
        .map(|(project, role)| (view.desired.project_name(project), view.desired.role_name(role)))
        .collect();
    let _ = writeln!(document, "{}:", escape::yaml(&email.to_string()));
    for (project, role) in sorted {
        let _ = writeln!(document, "  {}: {}", escape::yaml(&project), escape::yaml(&role));
    }
}
