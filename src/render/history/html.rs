//! The history as a page in the style of the access review: no network and no script.

use std::fmt::Write as _;

use super::{AccessAt, ChangeKind, Changes};
use crate::escape::html;
use crate::render::review::head;

/// Who had which role at that time.
#[must_use]
pub fn access_at_html(access: &AccessAt) -> String {
    let mut page = beginning(&access.title(), &access.facts());
    let rows = access.lines.iter().map(|line| access.cells(line));
    table(&mut page, ["Person", "Project", "Role", "How it is known"], rows);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// What changed since then.
#[must_use]
pub fn changes_html(changes: &Changes) -> String {
    let mut page = beginning(&changes.title(), &changes.facts());
    for kind in ChangeKind::ALL.into_iter().filter(|kind| changes.count(*kind) > 0) {
        let _ = writeln!(page, "<h2>{} ({})</h2>", kind.heading(), changes.count(kind));
        let of_kind = changes.changes.iter().filter(|(of, _)| *of == kind);
        let rows = of_kind.map(|(_, change)| changes.cells(change));
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
