//! `guestlist report`: what it writes, and how a browser shows it.

use std::path::{Path, PathBuf};
use std::process::Command;

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
fn everyone_is_in_the_spreadsheet_and_nothing_is_written_to_the_service() {
    let scenario = scenario();
    let ended = scenario.run("report --format csv --out review.csv");
    ended.assert(0, "", "");
    let lines: Vec<_> = scenario
        .read("review.csv")
        .lines()
        .map(|line| line.split("\",\"2").next().unwrap_or_default().replace(HOSTILE, "…"))
        .map(|line| line.replace(&HOSTILE.replace('"', "\"\""), "…"))
        .collect();
    assert_eq!(
        lines,
        [
            "email,name,standing,in_team_file,from,until,project,project_id,role,desired_role,given_by,where,read_at,plan_id",
            r#""alex@example.com","Alex Doe","member","yes","","","loyalty","proj_npnFzPr9","ADMIN","ADMIN","own entry","team.yaml:7"#,
            r#""alex@example.com","Alex Doe","member","yes","","","storefront","proj_9KeAhZB1","USER","USER","group sales","team.yaml:5"#,
            r#""guest@agency.example","… =1+1","member","no","","","storefront","proj_9KeAhZB1","VIEWER","none","not in the team file",""#,
            r#""kim@example.com","Kim Ray","invited","yes","","","storefront","proj_9KeAhZB1","USER","USER","group sales","team.yaml:5"#,
            r#""owner@example.com","Olivia Owner","owner","no","","","loyalty","proj_npnFzPr9","ADMIN","none","not in the team file",""#,
            r#""owner@example.com","Olivia Owner","owner","no","","","storefront","proj_9KeAhZB1","ADMIN","none","not in the team file",""#,
        ]
    );
    let offline = scenario.run("report --offline");
    assert!(offline.ok().stdout.contains("offline: snapshot from"), "{}", offline.stdout);
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
#[expect(clippy::print_stderr, reason = "whoever runs the tests should know what was not tested")]
fn a_browser_shows_the_page_filters_it_and_runs_nothing_of_the_data() {
    let Some(browser) = browser() else {
        eprintln!("skipped: there is no Chromium in PATH to show the page in");
        return;
    };
    let scenario = scenario();
    scenario.run("report --out review.html").ok();
    let show = |file: &str, address: &str| {
        let page = dom(&browser, &scenario.path(file), address);
        assert!(page.contains("<title>Access review</title>"), "something ran: {page}");
        let scripts = usize::from(file == "review.html");
        assert_eq!((page.matches("<script").count(), page.matches("<img").count()), (scripts, 0), "{page}");
        let rows = page.lines().filter(|line| line.starts_with("<tr") && line.contains("scope=\"row\""));
        let shown = rows.filter(|row| !row.starts_with("<tr hidden"));
        let emails = shown.filter_map(|row| row.split("scope=\"row\">").nth(1)?.split('<').next());
        (
            emails.map(ToOwned::to_owned).collect::<Vec<_>>(),
            page.contains("<form class=\"filter\" role=\"search\">"),
        )
    };
    let everyone = ["alex@example.com", "guest@agency.example", "kim@example.com", "owner@example.com"];
    assert_eq!(show("review.html", ""), (everyone.map(ToOwned::to_owned).to_vec(), true));
    assert_eq!(show("review.html", "#sales%20INVITED").0, ["kim@example.com"]);
    assert_eq!(show("review.html", "#loyalty").0, ["alex@example.com", "owner@example.com"]);
    assert_eq!(show("review.html", "#%E0%A4%A").0, everyone);
    // Without JavaScript all can be read, and no box is shown that would do nothing.
    let page = scenario.read("review.html");
    let (before, script) = page.split_once("<script>").expect("a script");
    scenario.write("plain.html", &format!("{before}{}", script.split_once("</script>").expect("its end").1));
    assert_eq!(show("plain.html", "#kim"), (everyone.map(ToOwned::to_owned).to_vec(), false));
}

/// The first Chromium in `PATH`.
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

/// The page after its script ran.
fn dom(browser: &Path, file: &Path, address: &str) -> String {
    let profile = tempfile::tempdir().expect("a folder");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--dump-dom")
        .arg(format!("file://{}{address}", file.display()))
        .output()
        .expect("the browser runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}
