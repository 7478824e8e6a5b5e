//! The history as a page in the style of the access review: no network and no script.

use std::fmt::Write as _;

use super::sentences::role;
use super::{AccessAt, ChangeKind, Changes};
use crate::desired::Desired;
use crate::escape::html;
use crate::render::review::head;

/// Who had which role at that time.
#[must_use]
pub fn access_at_html(access: &AccessAt, desired: &Desired) -> String {
    let mut page = beginning(&access.title(desired), &access.facts());
    let rows = access.lines.iter().map(|line| {
        let evidence = access.question.history.line_evidence(line, desired);
        [line.email.to_string(), desired.project_name(line.project), line.roles(desired), evidence]
    });
    table(&mut page, ["Person", "Project", "Role", "How it is known"], rows);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// What changed since then.
#[must_use]
pub fn changes_html(changes: &Changes, desired: &Desired) -> String {
    let mut page = beginning(&changes.title(desired), &changes.facts());
    for kind in ChangeKind::ALL.into_iter().filter(|kind| changes.count(*kind) > 0) {
        let _ = writeln!(page, "<h2>{} ({})</h2>", kind.heading(), changes.count(kind));
        let of_kind = changes.changes.iter().filter(|(of, _)| *of == kind);
        let rows = of_kind.map(|(_, change)| {
            let access =
                format!("{} → {}", role(desired, change.from.as_ref()), role(desired, change.to.as_ref()));
            let evidence = changes.question.history.evidence(change);
            [change.email.to_string(), desired.project_name(&change.project), access, evidence]
        });
        table(&mut page, ["Person", "Project", "Change", "How it is known"], rows);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn beginning(title: &str, facts: &[String]) -> String {
    let mut page = head(&html(title));
    for fact in facts {
        let _ = writeln!(page, "<p>{}</p>", html(fact));
    }
    page.push_str("</header>\n");
    page
}

fn table(page: &mut String, columns: [&str; 4], rows: impl Iterator<Item = [String; 4]>) {
    page.push_str("<table>\n<thead><tr>");
    for column in columns {
        let _ = write!(page, "<th scope=\"col\">{column}</th>");
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for [person, project, access, evidence] in rows {
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            html(&person),
            html(&project),
            html(&access),
            html(&evidence)
        );
    }
    page.push_str("</tbody>\n</table>\n");
}
