//! A plan as a unified diff of access before and after it, in canonical YAML. It compares person by person: a
//! general diff would match a role of one person with the same role of another. With a base, there is a diff
//! from the base to the pull request, and one from what is known to the base.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::sections::{Block, Part, SectionRow, blocks};
use super::verdict::{block_heading, policy_change, verdict};
use super::{Paint, View, sentences};
use crate::escape::yaml;
use crate::model::{Access, Email, Role};
use crate::plan::{Change, Effect, Origin};

/// The plan as a unified diff. Only people with a change are in it, each with all their access; those
/// who lose something come first, then those who become ADMIN, then the rest.
#[must_use]
pub fn diff(view: &View, paint: Paint) -> String {
    let mut page = DiffWriter { paint, text: String::new() };
    let blocks = blocks(view);
    page.comment(&verdict(view, &blocks), Paint::bold);
    if let Some(only) = sentences::only(view, ToString::to_string) {
        page.comment(&only, Paint::bold);
    }
    for refusal in &view.plan.refused {
        page.comment(&format!("blocked: {}", view.refusal(refusal)), Paint::red);
    }
    if !view.policy_changes().is_empty() {
        page.comment(&format!("Policy changes ({})", view.policy_changes().len()), Paint::bold);
        for change in view.policy_changes() {
            page.comment(&format!("  {}", policy_change(change)), Paint::yellow);
        }
    }
    for block in &blocks {
        page.block(view, block);
    }
    page.text
}

struct DiffWriter {
    paint: Paint,
    text: String,
}

impl DiffWriter {
    fn comment(&mut self, text: &str, paint: fn(Paint, &str) -> String) {
        let _ = writeln!(self.text, "{}", paint(self.paint, &format!("# {text}")));
    }

    fn block(&mut self, view: &View, block: &Block) {
        if block.part == Some(Part::Notes) {
            return;
        }
        if let Some(heading) = block_heading(block) {
            self.comment(&heading, Paint::bold);
        }
        if block.part == Some(Part::Before) {
            for sentence in sentences::already_different(view, ToString::to_string) {
                self.comment(&sentence, Paint::yellow);
            }
        }
        for section in block.sections.iter().filter(|section| section.topic.is_crucial()) {
            self.comment(&format!("{} ({})", section.topic.title(), section.total()), Paint::bold);
            for row in &section.rows {
                let SectionRow { email, .. } = row;
                let who = email.map(|email| format!("{email}: ")).unwrap_or_default();
                self.comment(&format!("  {who}{}", row.line()), Paint::bold);
            }
        }
        let (from, to) = match block.part {
            None => ("known", "desired"),
            Some(Part::PullRequest) => ("base", "desired"),
            Some(Part::Before | Part::Notes) => ("known", "base"),
        };
        self.compare(view, &people(view, block.part), from, to);
    }

    fn compare(&mut self, view: &View, people: &[(&Email, Access, Access)], from: &str, to: &str) {
        if people.is_empty() {
            return;
        }
        let lines: Vec<_> = people.iter().flat_map(|person| compared(view, person)).collect();
        let count = |side: char| lines.iter().filter(|(sign, _)| *sign == ' ' || *sign == side).count();
        let range = |n: usize| if n == 0 { "0,0".to_owned() } else { format!("1,{n}") };
        let hunk = format!("@@ -{} +{} @@", range(count('-')), range(count('+')));
        let _ = writeln!(self.text, "--- {from}\n+++ {to}\n{}", self.paint.dim(&hunk));
        for (sign, line) in lines {
            let line = format!("{sign}{line}");
            let painted = match sign {
                '-' => self.paint.red(&line),
                '+' => self.paint.green(&line),
                _ => line,
            };
            let _ = writeln!(self.text, "{painted}");
        }
    }
}

/// Everyone with a change in this part, with their access before and after it.
fn people<'a>(view: &View<'a>, part: Option<Part>) -> Vec<(&'a Email, Access, Access)> {
    let origins = view.base.map(|base| base.origins.changes.as_slice()).unwrap_or_default();
    let is_here = |n: usize| match part {
        None => true,
        Some(part) => (origins.get(n) == Some(&Origin::PullRequest)) == (part == Part::PullRequest),
    };
    let mut people: BTreeMap<&Email, (u8, Access, Access)> = BTreeMap::new();
    for (n, (change, effect)) in view.plan.changes.iter().zip(view.plan.effects()).enumerate() {
        // The base has what was different already, so the pull request starts from it.
        if !is_here(n) && part != Some(Part::PullRequest) {
            continue;
        }
        let email = change.email();
        let (rank, before, after) = people.entry(email).or_insert_with(|| {
            let member = view.known.members.get(email);
            let access = member.map(|member| member.access.clone()).unwrap_or_default();
            (u8::MAX, access.clone(), access)
        });
        make(after, change);
        if is_here(n) {
            let own = match effect {
                effect if effect.is_removal() => 0,
                Effect::BecomesAdmin => 1,
                _ => 2,
            };
            *rank = own.min(*rank);
        } else {
            make(before, change);
        }
    }
    let mut people: Vec<_> = people.into_iter().filter(|(_, (rank, ..))| *rank < u8::MAX).collect();
    people.sort_by_key(|(_, (rank, ..))| *rank);
    people.into_iter().map(|(email, (_, before, after))| (email, before, after)).collect()
}

/// The lines of one person, each with its sign.
fn compared(view: &View, (email, before, after): &(&Email, Access, Access)) -> Vec<(char, String)> {
    let sides = |one: bool, other: bool| match (one, other) {
        (true, false) => '-',
        (false, true) => '+',
        _ => ' ',
    };
    let person = format!("{}:", yaml(&email.to_string()));
    // A member without access here is not new, unlike someone who is invited.
    let was_there = !before.is_empty() || view.known.members.contains_key(*email);
    let mut lines = vec![(sides(was_there, !after.is_empty()), person)];
    let projects: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let named: BTreeSet<_> =
        projects.into_iter().map(|project| (view.desired.project_name(project), project)).collect();
    for (name, project) in named {
        let line = |role: &Role| format!("  {}: {}", yaml(&name), yaml(&view.desired.role_name(role)));
        match (before.get(project), after.get(project)) {
            (Some(before), Some(after)) if before == after => lines.push((' ', line(after))),
            (before, after) => {
                lines.extend(before.map(|role| ('-', line(role))));
                lines.extend(after.map(|role| ('+', line(role))));
            }
        }
    }
    lines
}

fn make(access: &mut Access, change: &Change) {
    match change {
        Change::Invite { projects, .. } => access.clone_from(projects),
        Change::Assign { project, role, .. } | Change::ChangeRole { project, to: role, .. } => {
            access.insert(project.clone(), role.clone());
        }
        Change::Unassign { project, .. } => {
            access.remove(project);
        }
    }
}
