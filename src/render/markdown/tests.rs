//! Text from outside never leaves its code; a comment has a bounded length; and whole comments.

use std::collections::BTreeSet;

use comrak::{Options, markdown_to_html};
use proptest::prelude::*;

use super::*;
use crate::desired::{Desired, ManagedProject, Person};
use crate::known::Known;
use crate::model::{Email, Endpoint};
use crate::plan::{Past, Plan, PlanOptions, origins};
use crate::render::Base;
use crate::samples::{TODAY, access, known, person, plan, team};

/// As GitHub renders it, raw HTML and all, before anything is sanitized.
pub(super) fn rendered(text: &str) -> String {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    options.extension.math_dollars = true;
    options.extension.math_code = true;
    options.render.r#unsafe = true;
    markdown_to_html(text, &options)
}

/// What is left of a page without its code: only there a mention or reference is looked for.
fn outside_code(page: &str) -> String {
    let mut left = String::new();
    let mut rest = page;
    while let Some(at) = rest.find("<code") {
        left.push_str(&rest[..at]);
        let end = rest[at..].find("</code>").expect("code that ends");
        rest = &rest[at + end + "</code>".len()..];
    }
    left + rest
}

/// The tags of a page, without attributes.
fn tags(page: &str) -> BTreeSet<String> {
    page.split('<')
        .skip(1)
        .map(|rest| rest.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect())
        .collect()
}

const OURS: [&str; 12] =
    ["", "h3", "h4", "p", "strong", "pre", "code", "div", "details", "summary", "ul", "li"];

#[track_caller]
fn assert_inert(text: &str) {
    assert!(text.starts_with("<!-- guestlist -->\n"), "{text}");
    assert!(text.chars().count() <= 60_000);
    let page = rendered(text);
    let outside = outside_code(&page);
    let foreign: Vec<_> = tags(&page).into_iter().filter(|tag| !OURS.contains(&tag.as_str())).collect();
    assert_eq!(foreign, [""; 0], "{page}");
    assert_eq!(outside.matches("<!--").count(), 1, "{outside}");
    for sign in ["@", "#1", "http", "www", "evil", "example", "|", "\u{1b}", "&lt;", "$", ":+1:"] {
        assert!(!outside.contains(sign), "{sign} in {outside}");
    }
}

fn view_of(desired: &Desired, known: &Known) -> String {
    let plan = Plan::between(desired, known, &PlanOptions::new(Endpoint::default(), TODAY));
    markdown(&View::new(&plan, desired, known, None))
}

/// The same, against a base that asks for the first of two people only.
fn against_base(desired: &Desired, known: &Known) -> String {
    let mut base = desired.clone();
    base.people = base.people.into_iter().step_by(2).collect();
    let plan = Plan::between(desired, known, &PlanOptions::new(Endpoint::default(), TODAY));
    let past = Past::of(&known.members, desired.projects.keys().cloned().collect());
    let origins = origins(&plan, &base, known, &past);
    let base = Some(Base { origins: &origins, policy_changes: &[] });
    markdown(&View { base, ..View::new(&plan, desired, known, None) })
}

const ATTACKS: [&str; 20] = [
    "@org/team",
    "@everyone",
    "`@org/team`",
    "``` @org/team",
    "\n```\n@org/team\n",
    "a | b | c",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</code></pre></details> @org/team",
    "[evil](https://evil.example)",
    "![evil](https://evil.example/x.png)",
    "https://evil.example www.evil.example mail@evil.example",
    "#1 org/repo#1 GH-1 0123456789abcdef0123456789abcdef01234567",
    "\u{1b}[31m@org/team\u{1b}[0m \u{202e}evil",
    "--> <!-- @org/team",
    "$evil$ $`evil`$",
    "~~~\n@org/team",
    "* evil\n# evil\n> evil\n| evil |\n|---|",
    "&commat;org/team &lt;b&gt; &#64;org/team",
    "\\`@org/team\\` :+1: [^1] [x] ~~evil~~",
];

/// A plan in which every text that comes from outside is an attack.
fn hostile(attacks: &[String]) -> (Desired, Known) {
    let text = |n: usize| attacks[n % attacks.len()].as_str();
    let mut desired = team("people: []\npolicy: {prune: people, max_removals: 0, keep_admins: 3}\n").desired;
    for (n, project) in desired.projects.values_mut().enumerate() {
        *project = ManagedProject { alias: text(n).to_owned(), name: None };
    }
    for role in desired.roles.values_mut() {
        text(3).clone_into(role);
    }
    desired.policy.protect.push(crate::desired::EmailPattern::new("*protect*"));
    for n in 0..6 {
        let email = Email::as_received(&format!("{n}{}", text(n)));
        let [first_name, last_name] = [1, 2].map(|m| text(n + m).to_owned());
        let access = access("proj_s=ADMIN proj_l=role_c");
        let person = Person {
            until: (n == 3).then_some(TODAY),
            ..Person::new(email.clone(), first_name, last_name, access)
        };
        desired.people.insert(email, person);
    }
    let logins: Vec<_> = (0..5).map(|n| format!("{}{n}", text(n + 4))).collect();
    let protected = format!("{} protect", text(5));
    let listed = format!("5{}", text(5));
    let mut members: Vec<_> =
        logins.iter().map(|login| (login.as_str(), "proj_s=ADMIN proj_l=role_c")).collect();
    members.push((&protected, "proj_l=role_x"));
    members.push((&listed, "proj_s=USER proj_l=ADMIN"));
    let invited = format!("0{}", text(0));
    let gone = format!("gone {}", text(6));
    (desired, known(&members, &[(&invited, "proj_s=USER", 30), (&gone, "proj_s=USER", 3)]))
}

#[test]
fn known_attacks_come_to_nothing() {
    for n in 0..ATTACKS.len() {
        let mut attacks: Vec<_> = ATTACKS.iter().map(|attack| (*attack).to_owned()).collect();
        attacks.rotate_left(n);
        let (desired, known) = hostile(&attacks);
        assert_inert(&view_of(&desired, &known));
        assert_inert(&against_base(&desired, &known));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn texts_of_any_form_come_to_nothing(
        attacks in prop::collection::vec("([@`|<>\\[\\]()!#*_~\\\\\n\t:./$&-]|@org|evil|\\PC){0,24}", 1..8)
    ) {
        let (desired, known) = hostile(&attacks);
        for text in [view_of(&desired, &known), against_base(&desired, &known)] {
            prop_assert!(text.len() <= 60_000);
            let page = rendered(&text);
            let foreign: Vec<_> = tags(&page).into_iter().filter(|tag| !OURS.contains(&tag.as_str())).collect();
            prop_assert!(foreign.is_empty(), "{:?} in {}", foreign, page);
            let outside = outside_code(&page);
            prop_assert!(!outside.contains('@') && !outside.contains("evil") && !outside.contains("org"), "{}", outside);
        }
    }

    #[test]
    fn a_comment_is_never_too_long_and_removals_are_cut_last(
        removed in 0_usize..900, invited in 0_usize..900, width in 1_usize..60
    ) {
        let mut desired = team("people: []\npolicy: {prune: people, max_removals: 100000}\n").desired;
        for n in 0..invited {
            let email = Email::as_received(&format!("in{n:04}{}@example.com", "x".repeat(width)));
            let person = Person::new(email.clone(), "A".into(), format!("B{n}"), access("proj_s=USER"));
            desired.people.insert(email, person);
        }
        let logins: Vec<_> = (0..removed).map(|n| format!("out{n:04}{}@example.com", "x".repeat(width))).collect();
        let members: Vec<_> = logins.iter().map(|login| (login.as_str(), "proj_s=USER proj_l=USER")).collect();
        let known = known(&members, &[]);
        let text = view_of(&desired, &known);
        prop_assert!(text.len() <= 60_000, "{}", text.len());
        let invited: Vec<_> = desired.people.keys().map(ToString::to_string).collect();
        let said = text.lines().find(|line| line.starts_with("Left out, for the length of a comment: "));
        let sections = text.replace(said.unwrap_or_default(), "");
        // The number of people that a section leaves out.
        let hidden = |title: &str, people: &[String]| {
            let (_, rest) = sections.split_once(&format!("{title} ({})", people.len())).unwrap_or_default();
            let rows = rest.split("\n**").next().and_then(|rest| rest.split("<details>").next()).unwrap_or_default();
            people.iter().filter(|login| !rows.contains(login.as_str())).count()
        };
        let all = [("Loses access", &logins), ("Needs attention", &logins), ("Invited", &invited)];
        let left_out = all.map(|(title, people)| (title, hidden(title, people)));
        prop_assert!(left_out[0].1 == 0 || left_out[2].1 == invited.len());
        let expected: Vec<_> =
            left_out.iter().filter(|(_, n)| *n > 0).map(|(title, n)| format!("{title} ({n})")).collect();
        let expected = format!(
            "Left out, for the length of a comment: {}. `guestlist plan` shows all.", expected.join(", ")
        );
        prop_assert_eq!(said, left_out.iter().any(|(_, n)| *n > 0).then_some(expected.as_str()));
    }
}

#[test]
fn what_a_reviewer_must_not_miss_stands_first() {
    let team = team(&format!(
        "policy: {{prune: people, max_removals: 5}}\npeople:\n{}{}{}",
        person("ann@example.com", "storefront: ADMIN, loyalty: campaign-manager"),
        person("kim@example.com", "storefront: USER"),
        person("new@example.com", "storefront: ADMIN"),
    ));
    let known = known(
        &[
            ("ann@example.com", "proj_s=ADMIN proj_l=ADMIN"),
            ("kim@example.com", "proj_s=VIEWER"),
            ("old@example.com", "proj_s=USER proj_l=USER"),
            ("bob@example.com", "proj_l=ADMIN"),
        ],
        &[],
    );
    let plan = plan(&team, &known);
    let view = View::new(&plan, &team.desired, &known, None);
    let text = markdown(&view).replace(plan.id.as_str(), "$ID");
    assert_eq!(
        text,
        "\
<!-- guestlist -->
### guestlist: Blocked by 1 guard · 1 changes role · 1 becomes ADMIN · 1 loses access · 2 lose ADMIN · 2 need attention · 6 calls

> [!CAUTION]
> **Plan blocked by 1 guard; nothing will be applied.**
>
> ```text
> × loyalty would be left with 0 ADMINs, and `keep_admins: 1` requires more; ADMIN would be lost
> by ann@example.com and bob@example.com; make someone else ADMIN first
> ```

**Loses access (1)**

```diff
- old@example.com  loyalty USER → VIEWER, storefront USER → none
```

**Loses ADMIN (2)**

```diff
- ann@example.com  loyalty ADMIN → campaign-manager
- bob@example.com  loyalty ADMIN → VIEWER
```

**Becomes ADMIN (1)**

```diff
! new@example.com  storefront ADMIN  (new Doe, by invitation)
```

**Needs attention (2)**

```text
bob@example.com  keeps VIEWER in loyalty: the API cannot remove a user's last project; delete the
                 user in Team settings
old@example.com  keeps VIEWER in loyalty: the API cannot remove a user's last project; delete the
                 user in Team settings
```

**Changes role (1)**

```diff
! kim@example.com  storefront VIEWER → USER
```

For `https://api.voucherify.io` on 2026-11-22; members read live at 12:34:56 UTC. Plan id: `$ID`
"
    );
}

#[test]
fn nothing_to_do_is_said() {
    let team = team("people: []\n");
    let known = known(&[], &[]);
    let plan = plan(&team, &known);
    let text = markdown(&View::new(&plan, &team.desired, &known, None));
    assert_eq!(
        text,
        format!(
            "<!-- guestlist -->\n### guestlist: No changes\n\n\
             For `https://api.voucherify.io` on 2026-11-22; members read live at 12:34:56 UTC. Plan id: `{}`\n",
            plan.id
        )
    );
}

#[test]
fn of_many_who_share_a_text_as_many_are_named_as_fit() {
    let team = team("people: []\npolicy: {prune: people, max_removals: 100000, keep_admins: 0}\n");
    let logins: Vec<_> = (0..3_000).map(|n| format!("somebody.number.{n:04}@example.com")).collect();
    let members: Vec<_> =
        logins.iter().map(|login| (login.as_str(), "proj_s=VIEWER proj_l=VIEWER")).collect();
    let text = view_of(&team.desired, &known(&members, &[]));
    let named = logins.iter().filter(|login| text.contains(login.as_str())).count();
    assert!(text.len() <= 60_000 && text.len() > 58_000, "{}", text.len());
    assert!(named > 1_500, "{named}");
    assert!(text.contains(&format!("… and {} more, left out here", 3_000 - named)), "{named}");
}

#[test]
fn a_reason_shared_by_many_is_said_once_and_each_detail_with_its_person() {
    let team = team("people: []\n");
    let days = [0, 1, 2, 3, 3, 3, 3, 3];
    let emails = days.iter().enumerate().map(|(n, _)| format!("p{n}@example.com")).collect::<Vec<_>>();
    let invited = |(n, email)| (email, if n == 1 { "proj_l=ADMIN" } else { "proj_s=USER" }, days[n]);
    let invited: Vec<_> = emails.iter().map(String::as_str).enumerate().map(invited).collect();
    let text = view_of(&team.desired, &known(&[("z@example.com", "proj_s=ADMIN")], &invited));
    let (_, section) = text.split_once("**Needs attention (9)**\n\n").expect("the section");
    let (section, _) = section.split_once("\n\nFor ").expect("its end");
    assert_eq!(
        section,
        "\
- `invited, not in the file; cancel it in Team settings` (8): `p1@example.com (yesterday: loyalty ADMIN)` \
`p0@example.com (today: storefront USER)` `p2@example.com (2 days ago: storefront USER)`
  - `3 days ago: storefront USER` (5): `p3@example.com` `p4@example.com` `p5@example.com` `p6@example.com` \
`p7@example.com`

```text
z@example.com   not in the file (storefront ADMIN); kept by `prune: none`
```"
    );
}
