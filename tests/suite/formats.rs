//! The formats of a plan.

use crate::scenario::{HEAD, Scenario};

#[test]
fn a_diff_shows_people_with_all_their_access() {
    let scenario = Scenario::new().team(&format!(
        "{HEAD}
people:
  - {{email: ada@example.com, first_name: Ada, last_name: Roe, projects: {{storefront: USER, loyalty: VIEWER}}}}
  - {{email: new@example.com, first_name: New, last_name: One, projects: {{loyalty: ADMIN}}}}
"
    ));
    scenario.organization(|organization| {
        let access = [("proj_9KeAhZB1", "ADMIN"), ("proj_npnFzPr9", "VIEWER")];
        let access = access.map(|(project, role)| (project.to_owned(), role.to_owned()));
        assert!(organization.add_member("ada@example.com", "Ada", "Roe", access));
    });
    scenario.run("plan --format diff").assert(
        0,
        "\
# 1 becomes ADMIN · 1 loses ADMIN · 2 calls, no wait for the rate limit
# Loses ADMIN (1)
#   ada@example.com: storefront ADMIN → USER
# Becomes ADMIN (1)
#   new@example.com: loyalty ADMIN  (New One, by invitation)
--- known
+++ desired
@@ -1,3 +1,5 @@
 ada@example.com:
   loyalty: VIEWER
-  storefront: ADMIN
+  storefront: USER
+new@example.com:
+  loyalty: ADMIN
",
        "",
    );
}
