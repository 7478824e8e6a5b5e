//! Whole rows of page and spreadsheet, and that data stays data in both.

use super::*;
use crate::samples::{known, plan, team};

const TEAM: &str = "\
groups:
  sales: {storefront: USER}
people:
  - {email: ann@example.com, first_name: Ann, last_name: Lee, groups: [sales], projects: {loyalty: ADMIN}}
  - {email: bo@example.com, first_name: Bo, last_name: Ek, groups: [sales]}
  - {email: cy@example.com, first_name: =cmd, last_name: Oz, groups: [sales], until: 2027-03-31, reason: <trial>, review_by: 2027-01-31}
  - {email: di@example.com, first_name: Di, last_name: Xu, groups: [sales], until: 2026-11-21}
";

/// The page and the spreadsheet, with the id of the plan replaced.
fn formats(members: &[(&str, &str)], invited: &[(&str, &str, i64)]) -> (String, String) {
    let team = team(TEAM);
    let known = known(members, invited);
    let plan = plan(&team, &known);
    let review = Review::new(&team, &known, &plan);
    let replaced = |text: String| text.replace(plan.id.as_str(), "$ID");
    (replaced(review_html(&review)), replaced(review_csv(&review)))
}

#[test]
fn a_spreadsheet_has_a_row_for_each_membership() {
    let (_, csv) = formats(
        &[("ANN@example.com", "proj_s=VIEWER"), ("+ext@example.com", "proj_l=role_c")],
        &[("bo@example.com", "proj_s=USER", 15)],
    );
    let read = "\"2026-11-22T12:34:56Z\",\"$ID\"";
    let at = "\"https://api.voucherify.io\"";
    assert_eq!(
        csv.replace(read, "READ").replace(at, "AT").replace("\r\n", "\n"),
        "\
email,name,status,in_team_file,from,until,project,project_id,role,desired_role,source,location,read_at,plan_id,user_id,endpoint,reason,review_by,role_until,role_reason
\"'+ext@example.com\",\"Mem Ber\",\"member\",\"no\",\"\",\"\",\"loyalty\",\"proj_l\",\"campaign-manager\",\"none\",\"not in the team file\",\"\",READ,\"user_16\",AT,\"\",\"\",\"\",\"\"
\"ann@example.com\",\"Ann Lee\",\"member\",\"yes\",\"\",\"\",\"loyalty\",\"proj_l\",\"\",\"ADMIN\",\"own entry\",\"team.yaml:7\",READ,\"user_15\",AT,\"\",\"\",\"\",\"\"
\"ann@example.com\",\"Ann Lee\",\"member\",\"yes\",\"\",\"\",\"storefront\",\"proj_s\",\"VIEWER\",\"USER\",\"group sales\",\"team.yaml:5\",READ,\"user_15\",AT,\"\",\"\",\"\",\"\"
\"bo@example.com\",\"Bo Ek\",\"stale\",\"yes\",\"\",\"\",\"storefront\",\"proj_s\",\"USER\",\"USER\",\"group sales\",\"team.yaml:5\",READ,\"\",AT,\"\",\"\",\"\",\"\"
\"cy@example.com\",\"'=cmd Oz\",\"not_invited\",\"yes\",\"\",\"2027-03-31\",\"storefront\",\"proj_s\",\"\",\"USER\",\"group sales\",\"team.yaml:5\",READ,\"\",AT,\"<trial>\",\"2027-01-31\",\"\",\"\"
\"di@example.com\",\"Di Xu\",\"ended\",\"yes\",\"\",\"2026-11-21\",\"\",\"\",\"\",\"\",\"\",\"\",READ,\"\",AT,\"\",\"\",\"\",\"\"
"
    );
}

#[test]
fn the_page_has_totals_and_a_row_for_each_person() {
    let (html, _) = formats(
        &[("ann@example.com", "proj_s=VIEWER"), ("ex@example.com", "proj_s=ADMIN")],
        &[("bo@example.com", "proj_s=USER", 15)],
    );
    let facts = html.lines().find(|line| line.starts_with("<p><b>"));
    assert_eq!(
        facts,
        Some(
            "<p><b>5 people in 2 projects</b>: 2 members (0 owners), 1 invited (1 stale), 1 not invited yet, \
             1 whose access has ended. 1 is not in the team file.</p>"
        )
    );
    let totals: Vec<_> = html.lines().skip_while(|line| !line.contains("id=\"totals\"")).collect();
    assert_eq!(
        totals[2..7],
        [
            "<tbody>",
            "<tr><th scope=\"row\">loyalty<small>proj_l</small></th>\
             <td>0</td><td>0</td><td>0</td><td>0</td><td>0</td><td>0</td><td>0</td><td>0</td><td>1</td></tr>",
            "<tr><th scope=\"row\">storefront<small>proj_s</small></th>\
             <td>2</td><td>1</td><td>0</td><td>0</td><td>0</td><td>0</td><td>1</td><td>1</td><td>1</td></tr>",
            "</tbody>",
            "<tfoot><tr><th scope=\"row\">Memberships</th>\
             <td>2</td><td>1</td><td>0</td><td>0</td><td>0</td><td>0</td><td>1</td><td>1</td><td>2</td></tr>",
        ]
    );
    let rows: Vec<_> = html.lines().filter(|line| line.starts_with("<tr data-status=")).collect();
    assert_eq!(
        rows,
        [
            "<tr data-status=\"member\"><th scope=\"row\"><b><span>ann@example.com</span></b><small>Ann Lee</small></th>\
             <td><i class=\"member\">member</i></td>\
             <td class=\"planned\" data-project=\"loyalty\"><b class=\"admin\">ADMIN</b> <i>only in the team file</i>\
             <small>own entry (team.yaml:7)</small></td>\
             <td class=\"current\" data-project=\"storefront\"><b class=\"viewer\">VIEWER</b>\
             <small class=\"differs\">team file: USER</small><small>group sales (team.yaml:5)</small></td></tr>",
            "<tr data-status=\"stale\"><th scope=\"row\"><b><span>bo@example.com</span></b><small>Bo Ek</small></th>\
             <td><i class=\"stale\">stale: invited 15 days ago</i></td><td></td>\
             <td class=\"pending\" data-project=\"storefront\"><b class=\"user\">USER</b> <i>pending</i>\
             <small>group sales (team.yaml:5)</small></td></tr>",
            "<tr data-status=\"not_invited\"><th scope=\"row\"><b><span>cy@example.com</span></b><small>=cmd Oz</small></th>\
             <td><i class=\"not_invited\">not invited yet</i><small>until 2027-03-31</small><small>review by 2027-01-31</small><small>&lt;trial&gt;</small></td><td></td>\
             <td class=\"planned\" data-project=\"storefront\"><b class=\"user\">USER</b> <i>only in the team file</i>\
             <small>group sales (team.yaml:5)</small></td></tr>",
            "<tr data-status=\"ended\"><th scope=\"row\"><b><span>di@example.com</span></b><small>Di Xu</small></th>\
             <td><i class=\"ended\">access ended</i><small>until 2026-11-21</small></td><td></td><td></td></tr>",
            "<tr data-status=\"member\" data-unlisted><th scope=\"row\"><b><span>ex@example.com</span></b><small>Mem Ber</small></th>\
             <td><i class=\"member\">member</i> <i class=\"unlisted\">not in the team file</i></td><td></td>\
             <td class=\"current\" data-project=\"storefront\"><b class=\"admin\">ADMIN</b>\
             <small>not in the team file</small></td></tr>",
        ]
    );
}

#[test]
fn a_blocked_plan_is_named_with_its_reason() {
    let team = team(&format!("{TEAM}policy: {{max_new_admins: 0}}\n"));
    let known = known(&[], &[]);
    let plan = plan(&team, &known);
    let html = review_html(&Review::new(&team, &known, &plan));
    let note = html
        .split_once("<div class=\"refused\" role=\"note\">")
        .and_then(|(_, rest)| rest.split_once("</div>"));
    let (note, _) = note.expect("a note");
    assert!(
        note.starts_with("<strong>The plan is blocked.</strong>\n<p>1 person becomes ADMIN, and `max_new_admins: 0` allows 0: ann@example.com"),
        "{note}"
    );
}

#[test]
fn an_address_is_broken_before_its_domain_and_only_if_it_is_long() {
    let long = format!("{}@example.com", "x".repeat(40));
    let domain = format!("a.long.name@{}.example", "y".repeat(40));
    let (html, _) = formats(
        &[
            ("somebody.else@a-rather-long-company.example", "proj_s=USER"),
            (&long, "proj_s=USER"),
            (&domain, "proj_s=USER"),
        ],
        &[],
    );
    assert!(
        html.contains("<b><span>somebody.else</span><wbr><span>@a-rather-long-company.example</span></b>")
    );
    assert!(html.contains(&format!("<b>{}<wbr><span>@example.com</span></b>", "x".repeat(40))));
    assert!(html.contains(&format!("<b><span>a.long.name</span><wbr>@{}.example</b>", "y".repeat(40))));
}

#[test]
fn no_data_becomes_a_tag_and_the_script_is_the_same_whatever_the_data() {
    let attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}</table>\u{202e}&amp;";
    let (calm, _) = formats(&[("a", "proj_s=USER")], &[]);
    let (hostile, _) = formats(&[(attack, &format!("proj_s={}", attack.replace(' ', "/")))], &[]);
    // The only tags more are an option of the role filter, the break in the long address and the mark of it.
    assert_eq!(hostile.matches("<option").count(), calm.matches("<option").count() + 1);
    assert_eq!(hostile.matches("<script").count(), 1);
    assert_eq!(hostile.matches("<img").count(), 0);
    assert_eq!(hostile.matches("onerror=alert(2)&gt;").count(), hostile.matches("onerror=").count());
    assert!(!hostile.contains('\u{202e}'));
    assert_eq!(calm.split_once("<script>").unwrap().1, hostile.split_once("<script>").unwrap().1);
    assert_eq!(calm.split_once("<body>").unwrap().0, hostile.split_once("<body>").unwrap().0);
}
