//! No format names a person.

use proptest::prelude::*;

use super::*;
use crate::render::{Paint, View, diff, json, markdown, text};
use crate::samples::{known, person, plan, team};

/// The plan in every format, redacted.
fn everything(text_of_team: &str, members: &[(&str, &str)], invited: &[(&str, &str, i64)]) -> Vec<String> {
    let team = team(text_of_team);
    let known = known(members, invited);
    let plan = plan(&team, &known);
    let redacted = Redacted::new(&plan, &known, &[]);
    let view = View::new(&redacted.plan, &team.desired, &redacted.known, None);
    vec![text(&view, Paint::PLAIN), diff(&view, Paint::PLAIN), markdown(&view), json(&view)]
}

#[test]
fn nobody_is_named_in_any_format() {
    let file = format!(
        "policy: {{prune: people, max_removals: 0, keep_admins: 2, protect: ['*@agency.example']}}\npeople:\n{}{}{}",
        person("Zara.Quill@example.com", "storefront: ADMIN"),
        person("milo@example.com", "storefront: USER"),
        person("late@example.com", "loyalty: USER"),
    );
    let members = [
        ("MILO@example.com", "proj_s=ADMIN proj_l=USER"),
        ("ruth@example.com", "proj_s=ADMIN proj_l=USER"),
        ("joruth@example.com", "proj_s=ADMIN"),
        ("temp@agency.example", "proj_l=USER"),
    ];
    let invited = [("late@example.com", "proj_l=USER", 30), ("lost@example.com", "proj_l=USER", 3)];
    for shown in everything(&file, &members, &invited) {
        let shown = shown.to_lowercase().replace("@@", "");
        for name in
            ["zara", "quill", "milo", "ruth", "late@", "lost@", "temp", "agency", "@", "mem ber", "doe)"]
        {
            assert!(!shown.contains(name), "{name}: {shown}");
        }
    }
}

fn pseudonym(endpoint: &Endpoint, email: &str) -> Email {
    Pseudonyms { endpoint }.person(&Email::as_received(email))
}

#[test]
fn patterns_in_a_policy_change_are_hidden_too() {
    let of = |file: &str| team(&format!("policy: {{protect: [{file}]}}\npeople: []\n")).desired;
    let changes = of("'*@agency.example'").policy_changes(&of("'*@agency.example', 'ana@example.com'"));
    let team = team("people: []\n");
    let known = known(&[], &[]);
    let redacted = Redacted::new(&plan(&team, &known), &known, &changes);
    let [change] = redacted.policy_changes.as_slice() else { panic!("{:?}", redacted.policy_changes) };
    assert!(!format!("{change:?}").contains('@'), "{change:?}");
    assert_eq!(change.from.to_string().matches("pattern-").count(), 2);
    assert_eq!(change.to.to_string().matches("pattern-").count(), 1);
}

#[test]
fn a_doubt_names_nobody_in_any_case() {
    let team = team("people: []\n");
    let mut known = known(&[("milo@example.com", "proj_s=USER")], &[]);
    let login = Email::as_received("MILO@example.com");
    known.doubts = vec![crate::known::Doubt::TwoUsers { address: login }];
    let redacted = Redacted::new(&plan(&team, &known), &known, &[]);
    let login = pseudonym(&redacted.plan.endpoint, "milo@example.com");
    let doubts = vec![crate::known::Doubt::TwoUsers { address: login }];
    assert_eq!(redacted.plan.refused, [crate::plan::Refusal::DoubtfulReading(doubts)]);
}

#[test]
fn a_pseudonym_is_the_same_in_every_plan_of_an_organization_and_whatever_the_case() {
    let of = |endpoint: &str, email: &str| pseudonym(&endpoint.parse().unwrap(), email).to_string();
    let here = of("https://api.voucherify.io", "alex@example.com");
    assert_eq!(here, of("https://api.voucherify.io", "Alex@Example.com"));
    assert_ne!(here, of("https://us1.api.voucherify.io", "alex@example.com"));
    assert_ne!(here, of("https://api.voucherify.io", "alix@example.com"));
    assert!(here.len() == PREFIX.len() + DIGITS && here.starts_with(PREFIX), "{here}");
}

#[test]
fn the_plan_keeps_its_id_and_its_calls() {
    let team = team(&format!("people:\n{}", person("a@example.com", "storefront: USER")));
    let known = known(&[], &[]);
    let plan = plan(&team, &known);
    let redacted = Redacted::new(&plan, &known, &[]).plan;
    assert_eq!((&redacted.id, redacted.summary()), (&plan.id, plan.summary()));
}

proptest! {
    #[test]
    fn logins_of_any_form_are_hidden(
        logins in prop::collection::btree_set("[a-z@.<>|` ]{6,14}", 1..6)
    ) {
        let members: Vec<_> = logins.iter().map(|login| (login.as_str(), "proj_s=ADMIN proj_l=USER")).collect();
        let file = "policy: {prune: people, max_removals: 0}\npeople: []\n";
        let plan_text = everything(file, &members, &[]).concat();
        // Text that is also on a page without people is fine.
        let bare = everything(file, &[], &[]).concat() + "unassign user_id not in the file proj_s proj_l";
        for login in logins.iter().filter(|login| !bare.contains(login.as_str())) {
            prop_assert!(!plan_text.contains(login.as_str()), "{}", login);
        }
    }
}
