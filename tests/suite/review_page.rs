//! The page of `guestlist report` in a browser: each question is answered as the spreadsheet answers it, and
//! nothing is missing in print.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use fastrand::Rng;
use guestlist::desired::{self, Team};
use guestlist::known::{Evidence, EvidenceSource, Invitation, Known, Member, RecentWrites};
use guestlist::model::{Access, Email, Endpoint, ProjectId, Role, UserId};
use guestlist::plan::{Plan, PlanOptions};
use guestlist::render::{Review, review_csv, review_html};
use guestlist::team_file::{self, Problems, Sources};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

use crate::browser::Browser;
use crate::programs::{are_installed, scrubbed};

const ROLES: [&str; 7] =
    ["ADMIN", "USER", "VIEWER", "MERCHANT", "USER_RESTRICTED", "campaign-manager", "role_unnamed"];
const STATUSES: [&str; 8] = ["", "member", "owner", "invited", "stale", "not_invited", "ended", "unlisted"];
const NAMES: [&str; 4] = ["Zoë & Co", "\"Bo\", <b>the</b> Builder", "אבי כהן", "Doe"];

/// The page and the spreadsheet of an organization drawn at random.
fn review(random: &mut Rng, projects: &[&str], people: usize, memberships: usize) -> (String, String) {
    let mut file = String::from(
        "version: 1
roles: {campaign-manager: role_campaigns, never-granted: role_x}
\
         policy: {max_new_admins: 1000}
projects:
",
    );
    for (n, project) in projects.iter().enumerate() {
        let _ = writeln!(file, "  {project:?}: proj_{n}");
    }
    file += "people:\n";
    let mut known = Known {
        evidence: Evidence { source: EvidenceSource::Live, read_at: read_at() },
        members: BTreeMap::new(),
        invitations: BTreeMap::new(),
        in_flight: BTreeMap::new(),
        recent: RecentWrites::new(),
        doubts: Vec::new(),
    };
    for n in 0..people {
        let email = format!("person{n:03}@example.com");
        let access: BTreeMap<_, _> = (0..=random.usize(..memberships))
            .map(|_| (random.usize(..projects.len()), *random.choice(&ROLES).expect("a role")))
            .collect();
        // Some have what the file gives, some something else, some nothing.
        let lives: Access = access
            .iter()
            .filter_map(|(project, role)| {
                let role = match random.u8(..8) {
                    0 => return None,
                    1 | 2 => "VIEWER",
                    _ => *role,
                };
                Some((ProjectId::new(format!("proj_{project}")), role_of(role)))
            })
            .collect();
        let name = random.choice(&NAMES).expect("a name");
        if random.u8(..6) > 0 || lives.is_empty() {
            let roles: Vec<_> =
                access.iter().map(|(n, role)| format!("{:?}: {role}", projects[*n])).collect();
            let until = if random.u8(..8) > 0 { "" } else { ", until: 2026-12-09" };
            let _ = writeln!(
                file,
                "  - {{email: {email}, first_name: P, last_name: {}, projects: {{{}}}{until}}}",
                serde_json::to_string(name).expect("JSON"),
                roles.join(", ")
            );
        }
        let email = Email::parse(&email).expect("an address");
        match random.u8(..8) {
            _ if lives.is_empty() => {}
            0 => {}
            1 | 2 => {
                let sent_at = read_at() - SignedDuration::from_hours(24 * random.i64(0..40));
                known.invitations.insert(email.clone(), Invitation { email, sent_at, access: lives });
            }
            kind => {
                let member = Member {
                    id: UserId::new(format!("user_{n}")),
                    login: email.clone(),
                    email: None,
                    first_name: "P".to_owned(),
                    last_name: (*name).to_owned(),
                    access: lives,
                    elsewhere: false,
                    is_owner: kind == 7 && random.bool(),
                };
                known.members.insert(email, member);
            }
        }
    }
    let team = team(file);
    let options = PlanOptions::new(Endpoint::default(), date(2026, 12, 10));
    let plan = Plan::between(&team.desired, &known, &options);
    let review = Review::new(&team, &known, &plan);
    (review_html(&review), review_csv(&review))
}

fn read_at() -> Timestamp {
    "2026-12-10T09:30:00Z".parse().expect("a time")
}

fn role_of(name: &str) -> Role {
    Role::from(if name == "campaign-manager" { "role_campaigns" } else { name }.to_owned())
}

fn team(file: String) -> Team {
    let (mut sources, mut problems) = (Sources::default(), Problems::default());
    let id = sources.add("team.yaml", file.into_bytes(), &mut problems);
    let root = team_file::parse_root(&sources, id, &mut problems);
    match desired::resolve(&root, &[], desired::Terms::on(jiff::civil::date(2026, 12, 10)), problems) {
        Ok(team) => Team { provenance: desired::provenance(&sources, &root, &[], None), ..team },
        Err(problems) => panic!("{}", problems.text(&sources, false)),
    }
}

/// A row of the spreadsheet, by column.
type CsvRow = BTreeMap<String, String>;

/// Reads what the spreadsheet says: cells in quotes, quotes doubled.
fn rows(csv: &str) -> Vec<CsvRow> {
    let mut lines = csv.split_terminator("\r\n");
    let header: Vec<_> = lines.next().expect("a header").split(',').collect();
    let row = |line: &str| -> CsvRow {
        let mut cells = vec![String::new()];
        let mut rest = line.chars().peekable();
        let mut is_quoted = false;
        while let Some(c) = rest.next() {
            match c {
                '"' if is_quoted && rest.next_if_eq(&'"').is_some() => {
                    cells.last_mut().expect("a cell").push('"');
                }
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => cells.push(String::new()),
                c => cells.last_mut().expect("a cell").push(c),
            }
        }
        assert_eq!(cells.len(), header.len(), "{line}");
        header.iter().map(ToString::to_string).zip(cells).collect()
    };
    lines.map(row).collect()
}

/// A question, as in the address of a page.
#[derive(Clone, Copy, Debug)]
struct Question<'a> {
    project: &'a str,
    role: &'a str,
    status: &'a str,
    text: &'a str,
}

impl Question<'_> {
    fn address(self) -> String {
        let encoded = |text: &str| {
            text.bytes().fold(String::new(), |mut encoded, byte| {
                let _ = write!(encoded, "%{byte:02X}");
                encoded
            })
        };
        let Self { project, role, status, text } = self;
        format!("project={}&role={}&status={status}&text={}", encoded(project), encoded(role), encoded(text))
    }

    /// The answer of the spreadsheet: whom the page should show, and the numbers in its sentence.
    fn answer(self, rows: &[CsvRow]) -> (BTreeSet<String>, Vec<usize>) {
        let mut all: [BTreeSet<&str>; 3] = [const { BTreeSet::new() }; 3];
        let mut found = all.clone();
        for row in rows {
            let is_member = ["member", "owner"].contains(&row["status"].as_str());
            let has_status = match self.status {
                "" => true,
                "member" => is_member,
                "invited" => ["invited", "stale"].contains(&row["status"].as_str()),
                "unlisted" => row["in_team_file"] == "no",
                status => row["status"] == status,
            };
            let role = if row["role"].is_empty() { &row["desired_role"] } else { &row["role"] };
            let has_role = self.role.is_empty() || self.role == role;
            let has_project = self.project.is_empty() || self.project == row["project"];
            if !has_status || !has_role || !has_project {
                continue;
            }
            // Members have the role, invitations carry it, or only the team file has it.
            let state = match (row["role"].is_empty(), is_member) {
                _ if self.role.is_empty() && self.project.is_empty() => 0,
                (false, true) => 0,
                (false, false) => 1,
                (true, _) => 2,
            };
            all[state].insert(&row["email"]);
            if row["email"].contains(self.text) || row["name"].to_lowercase().contains(self.text) {
                found[state].insert(&row["email"]);
            }
        }
        // Who has the role in one project and is to get it in another has it.
        for state in [2, 1] {
            for before in 0..state {
                let (first, last) = all.split_at_mut(state);
                last[0].retain(|email| !first[before].contains(email));
                let (first, last) = found.split_at_mut(state);
                last[0].retain(|email| !first[before].contains(email));
            }
        }
        let mut numbers = Vec::new();
        for (found, all) in found.iter().zip(&all) {
            if !all.is_empty() && !self.text.is_empty() {
                numbers.push(found.len());
            }
            if !all.is_empty() {
                numbers.push(all.len());
            }
        }
        if numbers.is_empty() {
            numbers = if self.text.is_empty() { vec![0] } else { vec![0, 0] };
        }
        (found.into_iter().flatten().map(str::to_owned).collect(), numbers)
    }
}

fn numbers(sentence: &str) -> Vec<usize> {
    sentence.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[test]
fn every_question_is_answered_as_the_spreadsheet_answers_it() {
    let Some(browser) = Browser::find() else { return };
    let projects = ["storefront", "status", "a & <b>", "\"loyalty\""];
    let organizations: Vec<_> = [4, 3, 4, 3, 4]
        .into_iter()
        .zip(0..)
        .map(|(n, seed)| review(&mut Rng::with_seed(seed), &projects[..n], 30, 3))
        .collect();
    let any = |all: &[&'static str]| -> Vec<&'static str> { [""].iter().chain(all).copied().collect() };
    let mut questions = Vec::new();
    for project in any(&projects) {
        for role in any(&ROLES) {
            for status in STATUSES {
                let text = ["", "person01", "zo\u{eb}", "doe"][questions.len() % 4];
                questions.push(Question { project, role, status, text });
            }
        }
    }
    // A page without a project would answer otherwise: it says that the project is not in the review.
    let asked_of = |page: &str| -> Vec<Question> {
        let has = |project: &str| page.contains(&format!(">{}</option>", escaped(project)));
        questions.iter().copied().filter(|it| it.project.is_empty() || has(it.project)).collect()
    };
    let pages: Vec<_> = organizations
        .iter()
        .map(|(page, _)| (page.clone(), asked_of(page).into_iter().map(Question::address).collect()))
        .collect();
    let mut states = BTreeSet::new();
    for ((page, csv), answers) in organizations.iter().zip(browser.ask(&pages)) {
        let rows = rows(csv);
        for (question, answer) in asked_of(page).into_iter().zip(answers) {
            let (people, counts) = question.answer(&rows);
            let what = format!("{question:?}: {answer:#?}\n{csv}");
            assert_eq!(answer.people.iter().cloned().collect::<BTreeSet<_>>(), people, "{what}");
            let sentence = answer.sentence.split(" match").next().unwrap_or_default().to_owned()
                + answer.sentence.split("\";").nth(1).unwrap_or_default();
            let sentence = if question.text.is_empty() { &answer.sentence } else { &sentence };
            assert_eq!(numbers(sentence), counts, "{what}");
            states.extend(answer.sentence.contains("after accepting").then_some("pending"));
            states.extend(answer.sentence.contains("only in the team file").then_some("planned"));
            if !question.project.is_empty() {
                assert_eq!(answer.projects, [question.project], "{what}");
            }
            // Every cell that is the answer is highlighted, and no other.
            let has_role = |row: &&CsvRow| {
                let role = if row["role"].is_empty() { &row["desired_role"] } else { &row["role"] };
                !question.role.is_empty()
                    && *role == question.role
                    && people.contains(&row["email"])
                    && (question.project.is_empty() || row["project"] == question.project)
            };
            let cells = rows.iter().filter(has_role);
            let cells: BTreeSet<_> =
                cells.map(|row| format!("{} {}", row["email"], row["project"])).collect();
            assert_eq!(answer.highlighted.iter().cloned().collect::<BTreeSet<_>>(), cells, "{what}");
        }
    }
    assert_eq!(states.into_iter().collect::<Vec<_>>(), ["pending", "planned"], "too few kinds of answers");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[test]
fn nothing_is_cut_in_print() {
    let Some(browser) = Browser::find() else { return };
    if !are_installed(&["pdftotext"]) {
        return;
    }
    let projects = [
        "storefront",
        "loyalty-eu",
        "loyalty-us",
        "checkout",
        "crm-sync",
        "giftcards",
        "referrals",
        "promotions",
        "wholesale",
        "sandbox-qa",
        "mobile-app",
        "partners",
    ];
    let (page, csv) = review(&mut Rng::with_seed(7), &projects, 500, 12);
    let mut memberships = BTreeSet::new();
    let mut people = BTreeSet::new();
    for row in rows(&csv) {
        people.insert(row["email"].clone());
        let role = if row["role"].is_empty() { &row["desired_role"] } else { &row["role"] };
        if !row["project"].is_empty() {
            memberships.insert(format!("{} {} {role}", row["email"], row["project"]));
        }
    }
    assert!(people.len() > 490 && memberships.len() > 2_000, "{} {}", people.len(), memberships.len());
    let folder = tempfile::tempdir().expect("a folder");
    // The page fits any paper. To choose one from here, the style sheet has to differ from the hash in the policy.
    for paper in ["A4 portrait", "letter landscape"] {
        let (before, after) =
            page.split_once("<meta http-equiv=\"Content-Security-Policy\"").expect("a policy");
        let (_, after) = after.split_once('>').expect("its end");
        let chosen = after.replacen("@page {", &format!("@page {{ size: {paper};"), 1);
        let (file, pdf) = (folder.path().join("review.html"), folder.path().join("review.pdf"));
        fs::write(&file, format!("{before}{chosen}")).expect("a file");
        browser.print(&file, &pdf);
        let text = text_of(&pdf, "-layout");
        let first = text.split('\u{c}').next().unwrap_or_default();
        for project in projects {
            assert!(first.contains(project), "{project} is not on the first page of {paper}:\n{first}");
        }
        let (shown, listed) = printed(&text, &projects);
        assert_eq!(shown.symmetric_difference(&people).collect::<Vec<_>>(), [""; 0], "{paper}");
        assert_eq!(listed.symmetric_difference(&memberships).collect::<Vec<_>>(), [""; 0], "{paper}");
        assert_eq!(outside(&text_of(&pdf, "-bbox")), Vec::<String>::new(), "{paper}");
        let pages = text.split_terminator('\u{c}').skip(1);
        for (n, page) in pages.enumerate() {
            let head = page.lines().find(|line| line.starts_with("Person"));
            let titles: Vec<_> = head.unwrap_or_default().split_whitespace().collect();
            assert_eq!(
                titles,
                ["Person", "Status", "Project", "Role", "Source", "Decision", "Reviewer"],
                "page {} of {paper}",
                n + 2
            );
        }
    }
}

fn text_of(pdf: &Path, form: &str) -> String {
    let output = scrubbed("pdftotext").arg(form).arg(pdf).arg("-").output().expect("pdftotext runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The people and the memberships in a printed review: a person is followed by the lines of the memberships.
fn printed(text: &str, projects: &[&str]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut people, mut memberships) = (BTreeSet::new(), BTreeSet::new());
    let mut person = String::new();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if let Some(email) = words.first().filter(|word| word.ends_with("@example.com")) {
            (*email).clone_into(&mut person);
            people.insert(person.clone());
        }
        let project = words.iter().position(|word| projects.contains(word)).filter(|_| !person.is_empty());
        let role = project.and_then(|at| words.get(at + 1));
        if let (Some(at), Some(role)) = (project, role) {
            // Where fonts are wide, a long role is continued on the next line.
            let whole = ROLES.into_iter().find(|whole| role.ends_with(['-', '_']) && whole.starts_with(role));
            let role = whole.unwrap_or(role);
            memberships.insert(format!("{person} {} {role}", words[at]));
        }
    }
    (people, memberships)
}

/// The words that are not within their page.
fn outside(boxes: &str) -> Vec<String> {
    let number = |line: &str, name: &str| -> f64 {
        let value = line.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split('"').next());
        value.and_then(|value| value.parse().ok()).expect("a number")
    };
    let mut page = (0.0, 0.0);
    let mut outside = Vec::new();
    for line in boxes.lines().map(str::trim) {
        if line.starts_with("<page ") {
            page = (number(line, "width"), number(line, "height"));
        } else if line.starts_with("<word ")
            && (number(line, "xMin") < 0.0
                || number(line, "yMin") < 0.0
                || number(line, "xMax") > page.0
                || number(line, "yMax") > page.1)
        {
            outside.push(line.to_owned());
        }
    }
    outside
}
