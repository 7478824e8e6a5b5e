//! Every number on the page of a plan is true: it can be counted again on the page, and is that of the JSON.

use std::collections::{BTreeMap, BTreeSet};

use guestlist::desired::{Desired, ManagedProject, Person, Policy, Prune};
use guestlist::known::{Evidence, EvidenceSource, Known, Member, RecentWrites};
use guestlist::model::{Access, Email, ProjectId, Role, UserId};
use guestlist::plan::{Past, Plan, origins};
use guestlist::render::{self, Base, Paint, View};
use proptest::prelude::*;
use serde_json::Value;

use super::options;
use super::page::{PrintedPlan, PrintedRow, Section};
use super::properties::{desired, known};

/// The headings, and the words for them in a verdict.
const WORDS: [(&str, [&str; 2]); 7] = [
    ("Invited", ["invited", "invited"]),
    ("Gains access", ["gains access", "gain access"]),
    ("Changes role", ["changes role", "change role"]),
    ("Becomes ADMIN", ["becomes ADMIN", "become ADMIN"]),
    ("Loses access", ["loses access", "lose access"]),
    ("Loses ADMIN", ["loses ADMIN", "lose ADMIN"]),
    ("Needs attention", ["needs attention", "need attention"]),
];

/// Fails unless the page counts what is on it, and what the JSON counts.
#[track_caller]
fn assert_true(page: &PrintedPlan, json: &Value) {
    for Section { title, number, rows, more, .. } in page.sections() {
        assert_eq!(*number, rows.len() + more, "{title} in {}", page.text);
        let people: BTreeSet<_> = rows.iter().map(|row| &row.email).collect();
        let is_of_notes =
            !WORDS.iter().any(|(of_changes, _)| of_changes == title) || title == "Needs attention";
        assert!(is_of_notes || people.len() == rows.len(), "someone is twice under {title}: {}", page.text);
    }
    for (heading, numbers) in std::iter::once((None, &page.verdict)).chain(page.block_verdicts()) {
        for (title, words) in WORDS {
            let words = BTreeSet::from(words);
            let said = words.iter().filter_map(|words| numbers.get(*words)).sum::<usize>();
            let sections = page.sections().filter(|it| it.title == title);
            let sections = sections.filter(|it| heading.is_none() || it.block.as_deref() == heading);
            // In both blocks someone is counted once; notes are counted each.
            let sections: Vec<_> = sections.collect();
            let people: BTreeSet<_> = sections.iter().flat_map(|it| &it.rows).map(|row| &row.email).collect();
            let shown = match title {
                "Needs attention" => sections.iter().map(|it| it.number).sum(),
                _ => people.len() + sections.iter().map(|it| it.more).sum::<usize>(),
            };
            assert_eq!(said, shown, "{title} under {heading:?} in {}", page.text);
        }
    }
    let summary =
        |name: &str| usize::try_from(json["summary"][name].as_u64().expect("a number")).expect("small");
    let rows = |titles: &[&str]| -> Vec<&PrintedRow> {
        page.sections().filter(|it| titles.contains(&it.title.as_str())).flat_map(|it| &it.rows).collect()
    };
    let changes = rows(&WORDS.map(|(title, _)| title)[..6]);
    let invited = changes.iter().filter(|row| row.is_invitation).count();
    let items: Vec<_> = changes.iter().filter(|row| !row.is_invitation).flat_map(|row| &row.items).collect();
    let number_of = |is_so: fn(&str) -> bool| items.iter().filter(|item| is_so(item)).count();
    assert_eq!(summary("invite"), invited, "{}", page.text);
    assert_eq!(summary("assign"), number_of(|item| !item.contains('→')), "{}", page.text);
    assert_eq!(summary("unassign"), number_of(|item| item.ends_with("→ none")), "{}", page.text);
    let is_new_role = |item: &str| item.contains('→') && !item.ends_with("→ none");
    assert_eq!(summary("change_role"), number_of(is_new_role), "{}", page.text);
    assert_eq!(summary("calls"), invited + items.len(), "{}", page.text);
    let said = ["call", "calls"].iter().filter_map(|word| page.verdict.get(*word)).sum::<usize>();
    assert_eq!(summary("calls"), said, "{}", page.text);
    let removals: usize = rows(&["Loses access", "Loses ADMIN"]).iter().map(|row| row.items.len()).sum();
    assert_eq!(summary("removals"), removals, "{}", page.text);
    let new_admins: BTreeSet<_> = rows(&["Becomes ADMIN"]).iter().map(|row| &row.email).collect();
    assert_eq!(summary("new_admins"), new_admins.len(), "{}", page.text);
    assert_eq!(summary("attention"), rows(&["Needs attention"]).len(), "{}", page.text);
    let refused = ["guard", "guards"].iter().filter_map(|word| page.verdict.get(*word)).sum::<usize>();
    assert_eq!(refused, json["refused"].as_array().expect("a list").len(), "{}", page.text);
}

/// Fails unless every format is true. Returns the pages as text, diff and Markdown.
#[track_caller]
fn check(view: &View) -> [PrintedPlan; 3] {
    let json: Value = serde_json::from_str(&render::json(view)).expect("JSON");
    let paint = Paint::PLAIN;
    let pages = [
        PrintedPlan::of_text(&render::text(view, paint)),
        PrintedPlan::of_diff(&render::diff(view, paint)),
        PrintedPlan::of_markdown(&render::markdown(view)),
    ];
    for page in &pages {
        assert_true(page, &json);
    }
    pages
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn headings_verdict_and_json_agree_for_any_plan(desired in desired(), known in known()) {
        let plan = Plan::between(&desired, &known, &options());
        check(&View::new(&plan, &desired, &known, None));
    }

    #[test]
    fn headings_verdict_and_json_agree_against_any_base(
        desired in desired(), base in desired(), known in known(), before in known(),
    ) {
        let plan = Plan::between(&desired, &known, &options());
        let past = Past::of(&before.members, base.projects.keys().cloned().collect());
        let origins = origins(&plan, &base, &known, &past);
        let against = Base { origins: &origins, policy_changes: &[] };
        let view = View { base: Some(against), ..View::new(&plan, &desired, &known, None) };
        let pages = check(&view);
        let is_divided = pages.iter().map(|page| !page.block_verdicts().collect::<Vec<_>>().is_empty());
        let is_divided: BTreeSet<_> = is_divided.collect();
        prop_assert_eq!(is_divided.len(), 1);
    }
}

/// An organization of 40 members in two projects, and a team file with `invited` people besides them.
fn large(invited: usize, removed: usize, unlisted_admins: usize) -> (Desired, Known) {
    let projects = ["storefront", "loyalty"];
    let id = ProjectId::new;
    let mut desired = Desired {
        projects: projects
            .map(|alias| (id(alias), ManagedProject { alias: alias.to_owned(), name: None }))
            .into(),
        policy: Policy { prune: Prune::People, keep_admins: 0, ..Policy::default() },
        ..Desired::default()
    };
    let access = |n: usize, role: Role| Access::from([(id(projects[n % 2]), role)]);
    for n in 0..invited {
        let email = Email::as_received(&format!("invited.person.{n:04}@example.com"));
        let role = if n % 100 == 7 { Role::Admin } else { Role::User };
        let last_name = format!("Doe{n}");
        let person = Person::new(email.clone(), "Jo".to_owned(), last_name, access(n, role));
        desired.people.insert(email, person);
    }
    let mut members = BTreeMap::new();
    for n in 0..removed + unlisted_admins {
        let login = Email::as_received(&format!("leaving.person.{n:04}@example.com"));
        let is_last_project = n >= removed;
        let member = Member {
            id: UserId::new(format!("user_{n}")),
            login: login.clone(),
            email: None,
            first_name: "Al".to_owned(),
            last_name: "Poe".to_owned(),
            access: access(n, Role::Viewer),
            elsewhere: !is_last_project,
            is_owner: false,
        };
        members.insert(login, member);
    }
    let read_at = "2026-12-10T09:30:00Z".parse().expect("a time");
    let known = Known {
        evidence: Evidence { source: EvidenceSource::Live, read_at },
        members,
        invitations: BTreeMap::new(),
        in_flight: BTreeMap::new(),
        recent: RecentWrites::new(),
        applied: None,
        doubts: Vec::new(),
    };
    (desired, known)
}

/// The Markdown of that plan, against a base if `base` is given.
fn markdown((desired, known): &(Desired, Known), base: Option<&Desired>) -> String {
    let plan = Plan::between(desired, known, &options());
    let origins = base.map(|base| origins(&plan, base, known, &Past::default())).unwrap_or_default();
    let base = base.map(|_| Base { origins: &origins, policy_changes: &[] });
    render::markdown(&View { base, ..View::new(&plan, desired, known, None) })
}

#[test]
fn of_3000_changes_everything_that_must_not_be_missed_is_in_the_first_200_lines() {
    let organization = large(2_800, 200, 150);
    // Against a base that removes nobody and invites half of them, and against one that removes them too.
    let (mut before, mut removing) = (organization.0.clone(), organization.0.clone());
    before.policy.prune = Prune::None;
    before.people = organization.0.people.clone().into_iter().take(1_400).collect();
    removing.people.clear();
    for base in [None, Some(&before), Some(&removing)] {
        let text = markdown(&organization, base);
        assert!(text.starts_with("<!-- guestlist -->\n"));
        assert!(text.chars().count() <= 60_000, "{}", text.chars().count());
        let first = text.lines().take(200).collect::<Vec<_>>().join("\n");
        assert!(
            first.contains(
                "2772 invited · 28 become ADMIN · 200 lose access · 150 need attention · 3000 calls"
            ),
            "{first}"
        );
        for n in 0..350 {
            let email = format!("leaving.person.{n:04}@example.com");
            assert!(first.contains(&email), "{email} in {first}");
        }
        for n in (7..2_800).step_by(100) {
            let email = format!("invited.person.{n:04}@example.com");
            assert!(first.contains(&email), "{email} in {first}");
        }
        let page = PrintedPlan::of_markdown(&text);
        for Section { title, number, rows, more, is_folded, lines, .. } in page.sections() {
            assert_eq!(*number, rows.len() + more, "{title}");
            assert!(!rows.is_empty(), "{title} is over nothing");
            assert!(*is_folded || *lines <= 20, "{title} has {lines} lines in the open");
            let matters = ["Becomes ADMIN", "Loses access", "Needs attention"].contains(&title.as_str());
            assert!(!matters || (!is_folded && *more == 0), "{title}");
        }
    }
}

#[test]
fn sixty_changes_are_folded_under_their_number_with_a_line_each() {
    let text = markdown(&large(60, 0, 0), None);
    let page = PrintedPlan::of_markdown(&text);
    let sections: Vec<_> =
        page.sections().map(|it| (it.title.as_str(), it.number, it.is_folded, it.rows.len())).collect();
    assert_eq!(sections, [("Becomes ADMIN", 1, false, 1), ("Invited", 59, true, 59)]);
    assert!(text.contains("+ invited.person.0059@example.com  loyalty USER  (Jo Doe59)\n"), "{text}");
}

#[test]
fn a_plan_without_changes_counts_the_notes_of_a_large_organization() {
    let (mut desired, known) = large(0, 600, 0);
    desired.policy.prune = Prune::None;
    let plan = Plan::between(&desired, &known, &options());
    let pages = check(&View { base: None, ..View::new(&plan, &desired, &known, None) });
    let numbers: Vec<_> = pages[0].sections().map(|it| (it.title.as_str(), it.number, it.more)).collect();
    assert_eq!(numbers, [("Not changed", 600, 591)]);
}
