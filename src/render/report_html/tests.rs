//! Whole rows of page and spreadsheet, and that data stays data in both.

use super::*;
use crate::plan::samples::{known, plan, team};
use crate::render::report_csv;

const TEAM: &str = "\
groups:
  sales: {storefront: USER}
people:
  - {email: ann@example.com, first_name: Ann, last_name: Lee, groups: [sales], projects: {loyalty: ADMIN}}
  - {email: bo@example.com, first_name: Bo, last_name: Ek, groups: [sales]}
  - {email: cy@example.com, first_name: =cmd, last_name: Oz, groups: [sales], until: 2027-03-31}
";

fn pages(members: &[(&str, &str)], invited: &[(&str, &str, i64)]) -> (String, String) {
    let team = team(TEAM);
    let known = known(members, invited);
    let plan = plan(&team, &known);
    let review = Review::new(&team, &known, &plan);
    (
        report_html(&review).replace(plan.id.as_str(), "$ID"),
        report_csv(&review)
            .replace(plan.id.as_str(), "$ID")
            .replace("\"2026-11-22T12:34:56Z\",\"$ID\"\r\n", "…\n"),
    )
}

#[test]
fn a_spreadsheet_has_a_line_for_each_person_and_project() {
    let (_, csv) = pages(
        &[("ANN@example.com", "proj_s=VIEWER"), ("+ext@example.com", "proj_l=role_c")],
        &[("bo@example.com", "proj_s=USER", 15)],
    );
    assert_eq!(
        csv,
        "\
email,name,standing,in_team_file,from,until,project,project_id,role,desired_role,given_by,where,read_at,plan_id\r
\"'+ext@example.com\",\"Mem Ber\",\"member\",\"no\",\"\",\"\",\"loyalty\",\"proj_l\",\"campaign-manager\",\"none\",\"not in the team file\",\"\",…
\"ann@example.com\",\"Ann Lee\",\"member\",\"yes\",\"\",\"\",\"loyalty\",\"proj_l\",\"\",\"ADMIN\",\"own entry\",\"team.yaml:7\",…
\"ann@example.com\",\"Ann Lee\",\"member\",\"yes\",\"\",\"\",\"storefront\",\"proj_s\",\"VIEWER\",\"USER\",\"group sales\",\"team.yaml:5\",…
\"bo@example.com\",\"Bo Ek\",\"stale\",\"yes\",\"\",\"\",\"storefront\",\"proj_s\",\"USER\",\"USER\",\"group sales\",\"team.yaml:5\",…
\"cy@example.com\",\"'=cmd Oz\",\"expected\",\"yes\",\"\",\"2027-03-31\",\"storefront\",\"proj_s\",\"\",\"USER\",\"group sales\",\"team.yaml:5\",…
"
    );
}

#[test]
fn the_page_has_a_row_for_each_person() {
    let (html, _) = pages(&[("ann@example.com", "proj_s=VIEWER")], &[("bo@example.com", "proj_s=USER", 15)]);
    let rows: Vec<_> = html.lines().filter(|line| line.starts_with("<tr>")).collect();
    assert_eq!(
        rows,
        [
            "<tr><th scope=\"row\">ann@example.com<small>Ann Lee</small></th>\
             <td><span class=\"mark member\">member</span></td>\
             <td><small class=\"differs\">team file: ADMIN</small><small>own entry (team.yaml:7)</small></td>\
             <td><span class=\"role\"><b class=\"V\">V</b>VIEWER</span>\
             <small class=\"differs\">team file: USER</small><small>group sales (team.yaml:5)</small></td></tr>",
            "<tr><th scope=\"row\">bo@example.com<small>Bo Ek</small></th>\
             <td><span class=\"mark stale\">stale: invited 15 days ago</span></td><td></td>\
             <td><span class=\"role offered\"><b class=\"U\">U</b>USER</span><small>pending</small>\
             <small>group sales (team.yaml:5)</small></td></tr>",
            "<tr><th scope=\"row\">cy@example.com<small>=cmd Oz</small></th>\
             <td><span class=\"mark expected\">not invited yet</span><small>until 2027-03-31</small></td><td></td>\
             <td><small class=\"differs\">team file: USER</small><small>group sales (team.yaml:5)</small></td></tr>",
        ]
    );
}

#[test]
fn no_data_becomes_a_tag_and_the_script_is_the_same_whatever_the_data() {
    let attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}</table>\u{202e}&amp;";
    let (calm, _) = pages(&[("a", "proj_s=USER")], &[]);
    let (hostile, _) = pages(&[(attack, "proj_s=USER")], &[]);
    assert_eq!(calm.matches('<').count(), hostile.matches('<').count());
    assert_eq!(calm.split_once("<script>").unwrap().1, hostile.split_once("<script>").unwrap().1);
    assert_eq!(calm.split_once("<body>").unwrap().0, hostile.split_once("<body>").unwrap().0);
}
