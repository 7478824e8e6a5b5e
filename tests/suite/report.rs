//! `guestlist report`: what it writes, and how a browser shows it.

use crate::browser::{Answer, Browser};
use crate::scenario::{HEAD, Scenario};

const TEAM: &str = "\
groups:
  sales: {storefront: USER}
people:
  - {email: alex@example.com, first_name: Alex, last_name: Doe, groups: [sales], projects: {loyalty: ADMIN}}
  - {email: kim@example.com, first_name: Kim, last_name: Ray, groups: [sales]}
";

const HOSTILE: &str =
    "</th><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";

fn scenario() -> Scenario {
    let scenario = Scenario::new().team(&format!("{HEAD}{TEAM}"));
    scenario.run("apply --yes").ok();
    scenario.organization(|organization| {
        assert!(organization.accept("alex@example.com"));
        let access = [("proj_9KeAhZB1".to_owned(), "VIEWER".to_owned())];
        assert!(organization.add_member("guest@agency.example", HOSTILE, "=1+1", access));
    });
    scenario.calls();
    scenario
}

#[test]
fn every_membership_is_in_the_spreadsheet_and_nothing_is_written_to_the_service() {
    let scenario = scenario();
    let ended = scenario.run("report --format csv --out review.csv");
    ended.assert(0, "", "Wrote review.csv: 4 people, 2 projects.\n");
    let csv = scenario.placeholders(&scenario.read("review.csv")).replace(&HOSTILE.replace('"', "\"\""), "…");
    let ids = scenario.organization(|organization| {
        let id = |login: &str| organization.person(login).expect("a member").id.clone();
        ["alex@example.com", "guest@agency.example", "owner@example.com"].map(id)
    });
    let [csv, alex, guest, owner] = [csv, ids[0].clone(), ids[1].clone(), ids[2].clone()];
    let csv = csv.replace(&alex, "ALEX").replace(&guest, "GUEST").replace(&owner, "OWNER");
    assert_eq!(
        csv.replace("\"$TODAYT$TIMEZ\",\"$DIGEST\"", "READ").replace("\r\n", "\n"),
        r#"email,name,status,in_team_file,from,until,project,project_id,role,desired_role,source,location,read_at,plan_id,user_id,endpoint,reason,review_by,role_until,role_reason
"alex@example.com","Alex Doe","member","yes","","","loyalty","proj_npnFzPr9","ADMIN","ADMIN","own entry","team.yaml:7",READ,"ALEX","$ENDPOINT","","","",""
"alex@example.com","Alex Doe","member","yes","","","storefront","proj_9KeAhZB1","USER","USER","group sales","team.yaml:5",READ,"ALEX","$ENDPOINT","","","",""
"guest@agency.example","… =1+1","member","no","","","storefront","proj_9KeAhZB1","VIEWER","none","not in the team file","",READ,"GUEST","$ENDPOINT","","","",""
"kim@example.com","Kim Ray","invited","yes","","","storefront","proj_9KeAhZB1","USER","USER","group sales","team.yaml:5",READ,"","$ENDPOINT","","","",""
"owner@example.com","Olivia Owner","owner","no","","","loyalty","proj_npnFzPr9","ADMIN","none","not in the team file","",READ,"OWNER","$ENDPOINT","","","",""
"owner@example.com","Olivia Owner","owner","no","","","storefront","proj_9KeAhZB1","ADMIN","none","not in the team file","",READ,"OWNER","$ENDPOINT","","","",""
"#
    );
    scenario.run("report --quiet --out review.html").assert(0, "", "");
    let offline = scenario.run("report --offline");
    assert!(offline.ok().stdout.contains("offline, snapshot from"), "{}", offline.stdout);
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn the_review_as_text_answers_one_question_a_line() {
    let scenario = scenario();
    let facts = "$ENDPOINT, as of $TODAY; members read live at $TODAYT$TIMEZ\n";
    let name = "guest@agency.example";
    scenario.run("report --format text").assert(
        0,
        &format!(
            "\
{facts}4 people in 2 projects: 3 members (1 owner), 1 invited (0 stale), 0 not invited yet. 2 are not in the team file.

alex@example.com      loyalty     ADMIN   member                        own entry (team.yaml:7)
alex@example.com      storefront  USER    member                        group sales (team.yaml:5)
{name}  storefront  VIEWER  member, not in the team file
kim@example.com       storefront  USER    invited today                 group sales (team.yaml:5)
owner@example.com     loyalty     ADMIN   owner, not in the team file
owner@example.com     storefront  ADMIN   owner, not in the team file
"
        ),
        "",
    );
    // Alex is ADMIN elsewhere and USER here.
    scenario.run("report --format text --project storefront --role ADMIN").assert(
        0,
        &format!(
            "\
{facts}1 person in 1 project: 1 member (1 owner), 0 invited (0 stale), 0 not invited yet. 1 is not in the team file.
Only ADMIN in storefront.

owner@example.com  storefront  ADMIN  owner, not in the team file
"
        ),
        "",
    );
    let html = scenario.run("report --project loyalty");
    assert!(html.ok().stdout.contains("<p><b>Only loyalty.</b></p>"), "{}", html.stdout);
    assert!(!html.stdout.contains("kim@example.com") && !html.stdout.contains("proj_9KeAhZB1"));
    let csv = scenario.run("report --format csv --role USER").ok().stdout.clone();
    assert_eq!(csv.lines().skip(1).filter(|line| line.contains("\"storefront\",")).count(), 2);
    assert_eq!(csv.lines().count(), 3);
    for (args, why) in [
        ("--project storefrnt", "unknown project `storefrnt`; did you mean `storefront`?"),
        ("--project proj_other", "project `proj_other` is not in the team file"),
        ("--role admin", "unknown role `admin`; did you mean `ADMIN`?"),
    ] {
        scenario.run(&format!("report {args}")).assert(1, "", &format!("error: {why}\n"));
    }
}

#[test]
fn the_review_as_json_has_ids() {
    let scenario = scenario();
    let ended = scenario.run("report --format json --project storefront");
    let review: serde_json::Value = serde_json::from_str(&ended.ok().stdout).expect("JSON");
    assert_eq!(review["evidence"]["source"], "live");
    let user_id = scenario
        .organization(|organization| organization.person("alex@example.com").expect("a member").id.clone());
    let people = review["people"].as_array().expect("people");
    assert_eq!(
        people[0],
        serde_json::json!({
            "email": "alex@example.com",
            "name": "Alex Doe",
            "status": "member",
            "in_team_file": true,
            "from": null,
            "until": null,
            "user_id": user_id,
            "access": [{
                "project": "proj_9KeAhZB1",
                "state": "current",
                "role": "USER",
                "desired_role": "USER",
                "source": "group sales",
                "location": "team.yaml:5",
            }],
        })
    );
    let shown: Vec<_> = people
        .iter()
        .map(|person| {
            [&person["email"], &person["status"], &person["access"][0]["state"], &person["access"][0]["role"]]
        })
        .map(|parts| parts.map(|part| part.as_str().unwrap_or("-")).join(" "))
        .collect();
    assert_eq!(
        shown,
        [
            "alex@example.com member current USER",
            "guest@agency.example member current VIEWER",
            "kim@example.com invited pending USER",
            "owner@example.com owner current ADMIN",
        ]
    );
}

#[test]
fn the_columns_of_the_spreadsheet_are_documented_in_their_order() {
    let csv = scenario().run("report --format csv").ok().stdout.clone();
    let page = include_str!("../../docs/access-review.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(csv.lines().next().expect("a header"), rows.collect::<Vec<_>>().join(","));
}

const ALEX: &str = "alex@example.com";
const GUEST: &str = "guest@agency.example";
const KIM: &str = "kim@example.com";
const OWNER: &str = "owner@example.com";
const ALL: [&str; 4] = [ALEX, GUEST, KIM, OWNER];
const BOTH: [&str; 2] = ["loyalty", "storefront"];

fn answer(sentence: &str, people: &[&str], projects: &[&str], highlighted: &[&str]) -> Answer {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    Answer {
        title: "Access review".to_owned(),
        sentence: sentence.to_owned(),
        people: texts(people),
        projects: texts(projects),
        highlighted: texts(highlighted),
        filters: true,
        sorted: texts(&["Person ascending"]),
        address: String::new(),
        scripts_and_images: 1,
    }
}

fn sorted(by: &str, answer: Answer) -> Answer {
    Answer { sorted: vec![by.to_owned()], ..answer }
}

/// Addresses of the page, and what it shows.
fn questions() -> Vec<(&'static str, Answer)> {
    vec![
        ("", answer("4 people.", &ALL, &BOTH, &[])),
        (
            "project=loyalty&role=ADMIN",
            answer(
                "2 people have ADMIN in loyalty.",
                &[ALEX, OWNER],
                &["loyalty"],
                &["alex@example.com loyalty", "owner@example.com loyalty"],
            ),
        ),
        // Alex is ADMIN elsewhere and USER here.
        (
            "project=proj_9KeAhZB1&role=ADMIN",
            answer(
                "1 person has ADMIN in storefront.",
                &[OWNER],
                &["storefront"],
                &["owner@example.com storefront"],
            ),
        ),
        (
            "role=USER&project=storefront",
            answer(
                "1 person has USER in storefront; 1 will have it after accepting the invitation.",
                &[ALEX, KIM],
                &["storefront"],
                &["alex@example.com storefront", "kim@example.com storefront"],
            ),
        ),
        (
            "role=USER&status=invited",
            answer(
                "1 invited person will have USER in at least one project after accepting the invitation.",
                &[KIM],
                &["storefront"],
                &["kim@example.com storefront"],
            ),
        ),
        (
            "project=storefront&text=doe",
            answer(
                "1 of 3 people who have access to storefront matches \"doe\"; 0 of 1 who will have it after accepting \
                 the invitation.",
                &[ALEX],
                &["storefront"],
                &[],
            ),
        ),
        ("text=OWNER+olivia", answer("1 of 4 people matches \"OWNER olivia\".", &[OWNER], &BOTH, &[])),
        ("status=unlisted", answer("2 people not in the team file.", &[GUEST, OWNER], &BOTH, &[])),
        (
            "role=MERCHANT&project=loyalty",
            answer("0 people have MERCHANT in loyalty.", &[], &["loyalty"], &[]),
        ),
        (
            "sort=storefront",
            sorted("storefront ascending", answer("4 people.", &[OWNER, ALEX, KIM, GUEST], &BOTH, &[])),
        ),
        (
            "sort=loyalty&order=descending&status=member",
            sorted("loyalty descending", answer("3 members.", &[ALEX, OWNER, GUEST], &BOTH, &[])),
        ),
        (
            "sort=status",
            sorted("Status ascending", answer("4 people.", &[OWNER, ALEX, GUEST, KIM], &BOTH, &[])),
        ),
        (
            "project=warehouse&role=%E2%80%AEADMIN",
            answer(
                "The link names the project \"warehouse\", which is not in this review. The link names the role \
                 \"\\u{202e}ADMIN\", which is not in this review.",
                &[],
                &BOTH,
                &[],
            ),
        ),
        ("%E0%A4%A", answer("4 people.", &ALL, &BOTH, &[])),
    ]
}

#[test]
fn a_browser_shows_the_page_filters_it_and_runs_nothing_of_the_data() {
    let Some(browser) = Browser::find() else { return };
    let scenario = scenario();
    scenario.run("report --out review.html").ok();
    let page = scenario.read("review.html");
    let (before, script) = page.split_once("<script>").expect("a script");
    let plain = format!("{before}{}", script.split_once("</script>").expect("its end").1);
    let (questions, answers): (Vec<_>, Vec<_>) = questions()
        .into_iter()
        .map(|(question, answer)| {
            let address = if question.is_empty() { String::new() } else { format!("#{question}") };
            (question.to_owned(), Answer { address, ..answer })
        })
        .unzip();
    // Without scripts everything is shown, and no filter that would do nothing.
    let unfiltered = Answer {
        filters: false,
        address: "#project=loyalty".to_owned(),
        scripts_and_images: 0,
        ..answer("", &ALL, &BOTH, &[])
    };
    let asked = browser.ask(&[(page, questions), (plain, vec!["project=loyalty".to_owned()])]);
    assert_eq!(asked, [answers, vec![unfiltered]]);
}

#[test]
fn the_address_of_the_page_follows_its_filters_and_its_order() {
    let Some(browser) = Browser::find() else { return };
    let scenario = scenario();
    let page = scenario.run("report").ok().stdout.clone();
    let uses = [
        "!project=proj_9KeAhZB1",
        "!role=USER",
        "!status=invited",
        "!text= ray ",
        "!click Clear",
        "!click storefront",
        "!click storefront",
        "!click Status",
        "!click Person",
    ];
    let [answers] = &browser.ask(&[(page, uses.map(ToOwned::to_owned).to_vec())])[..] else {
        panic!("a page")
    };
    let seen = answers.iter().map(|answer| {
        (
            answer.address.as_str(),
            answer.sentence.as_str(),
            answer.sorted[0].as_str(),
            answer.people[0].as_str(),
        )
    });
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [
            (
                "#project=storefront",
                "3 people have access to storefront; 1 will have it after accepting the invitation.",
                "Person ascending",
                ALEX
            ),
            (
                "#project=storefront&role=USER",
                "1 person has USER in storefront; 1 will have it after accepting the invitation.",
                "Person ascending",
                ALEX
            ),
            (
                "#project=storefront&role=USER&status=invited",
                "1 invited person will have USER in storefront after accepting the invitation.",
                "Person ascending",
                KIM
            ),
            (
                "#project=storefront&role=USER&status=invited&text=ray",
                "1 of 1 invited person who will have USER in storefront after accepting the invitation matches \"ray\".",
                "Person ascending",
                KIM
            ),
            ("", "4 people.", "Person ascending", ALEX),
            ("#sort=storefront", "4 people.", "storefront ascending", OWNER),
            ("#sort=storefront&order=descending", "4 people.", "storefront descending", GUEST),
            ("#sort=status", "4 people.", "Status ascending", OWNER),
            ("", "4 people.", "Person ascending", ALEX),
        ]
    );
}

#[test]
fn a_link_opens_the_page_with_its_filters() {
    let Some(browser) = Browser::find() else { return };
    let scenario = scenario();
    scenario.run("report --out review.html").ok();
    let page = browser.dom(&scenario.path("review.html"), "#project=loyalty&role=ADMIN&text=doe");
    assert!(page.contains(">1 of 2 people who have ADMIN in loyalty matches \"doe\".</output>"), "{page}");
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("<tr data-status")).collect();
    let hidden: Vec<_> = rows.iter().map(|row| row.contains(" hidden=\"\"")).collect();
    assert_eq!(hidden, [false, true, true, true]);
}
