//! Roles with dates through the binary: invitations, what a date takes back, and `resend`.

use serde_json::Value;

use crate::scenario::{HEAD, Scenario};

fn scenario() -> Scenario {
    Scenario::new()
        .team(&format!(
            "{HEAD}people:
  - email: kim@example.com
    first_name: Kim
    last_name: Ray
    projects:
      storefront: {{role: ADMIN, from: 2999-01-01}}
      loyalty: {{role: ADMIN, until: 2020-12-31, then: USER}}
  - email: lee@example.com
    first_name: Lee
    last_name: Oak
    projects:
      storefront: {{role: USER, from: 2999-01-01}}
  - email: max@example.com
    first_name: Max
    last_name: Elm
    projects:
      loyalty: VIEWER
      storefront: {{role: USER, until: 2020-12-31}}
policy: {{max_removals: 0%}}
"
        ))
        .member("max@example.com", &[("storefront", "USER"), ("loyalty", "VIEWER")])
}

/// The bodies of the invitations that were sent.
fn invitations(scenario: &Scenario) -> Vec<Value> {
    let calls = scenario.calls().into_iter().filter(|call| call.path.ends_with("/invite"));
    calls.map(|call| call.body).collect()
}

#[test]
fn an_apply_sends_what_is_due_and_takes_back_what_has_ended() {
    let scenario = scenario();
    scenario.run("apply --yes --concurrency 1").assert(
        0,
        "\
1 invited · 1 loses access · 2 calls, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Loses access (1)
  - max@example.com    storefront USER → none

Invited (1)
  + kim@example.com    loyalty USER  (Kim Ray)

Dates (3)
  · kim@example.com    ADMIN in storefront starts on 2999-01-01
  · lee@example.com    starts on 2999-01-01
  · max@example.com    USER in storefront ended on 2020-12-31

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
Applied 2 of 2 changes (1 invited, 1 lost access).
",
        "\
invited kim@example.com: loyalty USER
unassigned max@example.com: storefront USER → none
",
    );
    scenario.calls();
    scenario.run("apply --yes").ok();
    assert_eq!(scenario.writes(), [""; 0]);
}

#[test]
fn resend_sends_what_is_due_and_nothing_before_the_first_day() {
    let scenario = scenario();
    scenario.run("apply --yes --concurrency 1").ok();
    let first = invitations(&scenario);
    scenario.faults(&["second-invite-ok"]);
    scenario.run("resend kim@example.com --yes").ok();
    let again = invitations(&scenario);
    assert_eq!((first.len(), &again), (1, &first));
    assert_eq!(again[0].to_string().matches("proj_").count(), 1, "{}", again[0]);
    scenario.run("resend lee@example.com --yes").assert(1, "", "\
error: lee@example.com starts on 2999-01-01; invitations are not sent before that date. Fix `from` if that is wrong
");
}
