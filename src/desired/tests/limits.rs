//! `addresses` and `files`: each violation is reported once, at the line that gives the role.

use super::*;

const HEAD: &str = "version: 1\nprojects: {shop: proj_1, club: proj_2}\nroles: {manager: role_1}\n";

fn person(name: &str, rest: &str) -> String {
    format!("  - {{email: {name}, first_name: A, last_name: B, {rest}}}\n")
}

/// The ids of the problems with the lines they are at, of people under these `addresses`.
fn found(addresses: &str, people: &[(&str, &str)]) -> Vec<String> {
    let people: String = people.iter().map(|(name, rest)| person(name, rest)).collect();
    let groups = "groups:\n  leads: {shop: ADMIN}\n  readers: {shop: {role: VIEWER, until: 2026-12-31}}\n";
    let text = format!("{HEAD}policy: {{addresses: [{addresses}]}}\n{groups}people:\n{people}");
    let (_, team) = read(&[("team.yaml", text.as_bytes())]);
    let first =
        u32::try_from(text[..text.find("people:").expect("people")].lines().count()).expect("few") + 1;
    let Err(problems) = team else { return Vec::new() };
    let shown = |problem: &crate::team_file::Problem| {
        format!("{} {}", problem.at.line.saturating_sub(first), problem.id)
    };
    problems.sorted().into_iter().map(shown).collect()
}

#[test]
fn the_first_entry_that_matches_counts() {
    let rules =
        "{match: kim@x.org}, {match: '*@x.org', roles: [USER]}, {match: '*@*.x.org', projects: [club]}";
    let admin = "projects: {shop: ADMIN}";
    assert_eq!(
        found(
            rules,
            &[
                ("Kim@X.org", admin),
                ("lee@x.org", admin),
                ("lee@sub.x.org", admin),
                ("lee@y.org", admin),
                ("lee@x.org.evil.org", admin),
            ]
        ),
        [
            "2 role-not-allowed-for-address",
            "3 role-not-allowed-for-address",
            "4 address-not-allowed",
            "5 address-not-allowed"
        ]
    );
}

#[test]
fn every_role_counts_that_is_given_on_some_day() {
    let rules = "{match: '*@x.org', projects: [shop], roles: [USER, VIEWER]}";
    let of = |rest: &str| found(rules, &[("kim@x.org", rest)]);
    let refused = ["1 role-not-allowed-for-address"];
    assert_eq!(of("projects: {shop: USER}"), [""; 0]);
    assert_eq!(of("projects: {club: USER}"), refused);
    assert_eq!(of("groups: [leads]"), refused);
    assert_eq!(of("groups: [readers]"), [""; 0]);
    assert_eq!(of("projects: {shop: {role: USER, until: 2026-12-01, then: ADMIN}}"), refused);
    assert_eq!(of("projects: {shop: {role: ADMIN, until: 2020-01-01}}"), refused);
    // A group counts on the days on which the person's own entry does not decide.
    assert_eq!(of("groups: [leads], projects: {shop: USER}"), [""; 0]);
    assert_eq!(
        of("groups: [leads], projects: {shop: {role: USER, until: 2026-12-01, then: VIEWER}}"),
        [""; 0]
    );
    assert_eq!(of("groups: [leads], projects: {shop: {role: USER, from: 2026-12-01}}"), refused);
    assert_eq!(of("groups: [leads], projects: {shop: {role: USER, until: 2026-12-01}}"), refused);
    assert_eq!(found("{match: '*@x.org', roles: []}", &[("kim@x.org", "projects: {shop: VIEWER}")]), refused);
}

#[test]
fn an_end_date_is_so_many_days_after_the_first_day_or_today() {
    let rules = "{match: '*@x.org', until: 10d}";
    let of = |rest: &str| found(rules, &[("kim@x.org", rest)]);
    let refused = ["1 end-date-required"];
    // Files are judged on 2026-11-23 here.
    assert_eq!(of("projects: {shop: USER}"), refused);
    assert_eq!(of("until: 2026-12-03, projects: {shop: USER}"), [""; 0]);
    assert_eq!(of("until: 2026-12-04, projects: {shop: USER}"), refused);
    assert_eq!(of("from: 2026-12-01, until: 2026-12-11, projects: {shop: USER}"), [""; 0]);
    assert_eq!(of("from: 2026-12-01, until: 2026-12-12, projects: {shop: USER}"), refused);
    assert_eq!(of("projects: {shop: {role: USER, until: 2026-12-03}}"), [""; 0]);
    assert_eq!(of("projects: {shop: {role: USER, until: 2026-12-04}}"), refused);
    assert_eq!(of("projects: {shop: {role: USER, until: 2026-12-03}, club: USER}"), refused);
    assert_eq!(of("projects: {shop: {role: USER, until: 2026-12-03, then: VIEWER}}"), refused);
    assert_eq!(
        of("until: 2026-12-03, projects: {shop: {role: USER, until: 2026-11-30, then: VIEWER}}"),
        [""; 0]
    );
    assert_eq!(of("until: 2027-12-31, projects: {shop: {role: USER, until: 2026-12-03}}"), [""; 0]);
    assert_eq!(
        of("from: 2026-12-01, projects: {shop: {role: USER, from: 2026-12-05, until: 2026-12-15}}"),
        [""; 0]
    );
    // The group's end is too late, and it is only one cause for several roles.
    assert_eq!(of("groups: [readers], projects: {club: USER}"), refused);
}

/// A team file with a violation in each of its people.
const TEAM: &str = "version: 1
projects: {shop: proj_1, club: proj_2}
groups:
  leads: {shop: ADMIN}
people:
  - email: kim@partner.example
    first_name: Kim
    last_name: Roe
    until: 2027-12-31
    groups: [leads]
    projects:
      club: USER
  - {email: bo@exmaple.com, first_name: Bo, last_name: Roe, projects: {shop: USER}}
policy:
  addresses:
    - {match: '*@example.com'}
    - {match: '*@partner.example', projects: [shop], roles: [USER, VIEWER], until: 180d}
  files:
    - {match: people/a*.yaml, projects: [shop]}
";

/// A file with a rule.
const MATCHED: &str = "groups:
  local: {club: USER}
people:
  - {email: lee@example.com, first_name: Lee, last_name: Roe, groups: [local, leads]}
  - {email: sam@example.com, first_name: Sam, last_name: Roe, projects: {club: {role: USER, until: 2026-12-01}}}
";

/// A file that no rule matches.
const UNMATCHED: &str = "people:
  - {email: ana@example.com, first_name: Ana, last_name: Roe, groups: [leads]}
  - {email: eve@example.com, first_name: Eve, last_name: Roe, projects: {shop: USER}}
";

/// What is wrong, with the lines of the rules.
const PROBLEMS: &str = "
error[role-not-allowed-for-address]: `ADMIN` in `shop` is not allowed for `kim@partner.example`
  --> team.yaml:10:14
   |
10 |     groups: [leads]
   |              ^^^^^
   |
  ::: team.yaml:4:17
   |
 4 |   leads: {shop: ADMIN}
   |                 ----- group `leads` grants it here
   |
  ::: team.yaml:17:15
   |
17 |     - {match: '*@partner.example', projects: [shop], roles: [USER, VIEWER], until: 180d}
   |               ------------------- the entry that matches
   |
help: the entry `*@partner.example` at line 17 of the team file allows only the roles `VIEWER` and `USER`

error[role-not-allowed-for-address]: access to `club` is not allowed for `kim@partner.example`
  --> team.yaml:12:13
   |
12 |       club: USER
   |             ^^^^
   |
  ::: team.yaml:17:15
   |
17 |     - {match: '*@partner.example', projects: [shop], roles: [USER, VIEWER], until: 180d}
   |               ------------------- the entry that matches
   |
help: the entry `*@partner.example` at line 17 of the team file allows only the project `shop`

error[end-date-required]: access of `kim@partner.example` ends on 2027-12-31, and must end on 2027-05-22 or earlier
  --> team.yaml:12:13
   |
12 |       club: USER
   |             ^^^^
   |
  ::: team.yaml:9:12
   |
 9 |     until: 2027-12-31
   |            ---------- the person's last day
   |
  ::: team.yaml:17:15
   |
17 |     - {match: '*@partner.example', projects: [shop], roles: [USER, VIEWER], until: 180d}
   |               ------------------- the entry that matches
   |
help: set `until` on the person or on each role; the entry `*@partner.example` at line 17 of the team file allows 180 days after today

error[address-not-allowed]: `bo@exmaple.com` matches no entry of `addresses`
  --> team.yaml:13:13
   |
13 |   - {email: bo@exmaple.com, first_name: Bo, last_name: Roe, projects: {shop: USER}}
   |             ^^^^^^^^^^^^^^
   |
  ::: team.yaml:16:15
   |
16 |     - {match: '*@example.com'}
   |               --------------- the first entry
   |
help: did you mean `bo@example.com`?

error[role-not-allowed-in-file]: access to `club` cannot be granted in `people/a.yaml`
  --> people/a.yaml:2:17
   |
 2 |   local: {club: USER}
   |                 ^^^^
   |
  ::: team.yaml:19:15
   |
19 |     - {match: people/a*.yaml, projects: [shop]}
   |               -------------- the entry that matches
   |
help: the entry `people/a*.yaml` at line 19 of the team file allows only the project `shop`

error[role-not-allowed-in-file]: access to `club` cannot be granted in `people/a.yaml`
  --> people/a.yaml:5:87
   |
 5 |   - {email: sam@example.com, first_name: Sam, last_name: Roe, projects: {club: {role: USER, until: 2026-12-01}}}
   |                                                                                       ^^^^
   |
  ::: team.yaml:19:15
   |
19 |     - {match: people/a*.yaml, projects: [shop]}
   |               -------------- the entry that matches
   |
help: the entry `people/a*.yaml` at line 19 of the team file allows only the project `shop`

error[file-not-allowed]: `people/b.yaml` cannot grant access: it matches no entry of `files`
  --> people/b.yaml:2:72
   |
 2 |   - {email: ana@example.com, first_name: Ana, last_name: Roe, groups: [leads]}
   |                                                                        ^^^^^
   |
  ::: team.yaml:19:15
   |
19 |     - {match: people/a*.yaml, projects: [shop]}
   |               -------------- the first entry
   |
help: add an entry for it to `files` in the team file

7 problems in 3 files
";

#[test]
fn a_violation_names_the_line_of_the_rule() {
    check_files(&[("team.yaml", TEAM), ("people/a.yaml", MATCHED), ("people/b.yaml", UNMATCHED)], PROBLEMS);
}

#[test]
fn the_last_day_of_the_calendar_has_no_day_after_it() {
    let rest = "projects: {shop: {role: USER, until: 9999-12-31, then: VIEWER}}, review_by: 9999-12-31";
    let text = format!("{HEAD}people:\n{}", person("kim@x.org", rest));
    let team = resolved(&[("team.yaml", &text)]);
    let kim = &team.desired.people[&Email::as_received("kim@x.org")];
    let last = jiff::civil::date(9999, 12, 31);
    assert_eq!(kim.access_on(last).values().cloned().collect::<Vec<_>>(), [Role::User]);
    assert_eq!(found("{match: '*@x.org', until: 99999d}", &[("kim@x.org", rest)]), ["1 end-date-required"]);
}

#[test]
fn a_broken_rule_judges_nobody() {
    assert_eq!(
        found("{match: '*@y.org', roles: [UZER]}", &[("kim@x.org", "projects: {shop: USER}")]).len(),
        1
    );
    assert_eq!(found("{match: y.org}", &[("kim@x.org", "projects: {shop: USER}")]).len(), 1);
    assert_eq!(
        found("{match: '*@y.org', role: [USER]}", &[("kim@x.org", "projects: {shop: USER}")]).len(),
        1
    );
}

/// A role as a test writes it: its days are offsets from [`TODAY`].
#[derive(Clone, Debug)]
struct Granted {
    role: &'static str,
    from: Option<i64>,
    until: Option<i64>,
    then: Option<&'static str>,
}

/// A listed person: what they are granted by two groups and by themselves, in one project.
#[derive(Clone, Debug)]
struct Listed {
    name: String,
    is_included: bool,
    groups: [bool; 2],
    own: Option<Granted>,
    from: Option<i64>,
    until: Option<i64>,
}

fn day(offset: i64) -> jiff::civil::Date {
    TODAY + jiff::Span::new().days(offset)
}

fn in_order(one: Option<i64>, other: Option<i64>) -> (Option<i64>, Option<i64>) {
    if one.is_some() && other.is_some() && one > other { (other, one) } else { (one, other) }
}

fn offset() -> impl Strategy<Value = Option<i64>> {
    prop::option::weighted(0.4, -3..9_i64)
}

fn granted() -> impl Strategy<Value = Granted> {
    let role = || prop::sample::select(vec!["ADMIN", "USER", "USER", "VIEWER"]);
    (role(), offset(), offset(), prop::option::weighted(0.3, role())).prop_map(|(role, one, other, then)| {
        let (from, until) = in_order(one, other);
        Granted { role, from, until, then: then.filter(|_| until.is_some()) }
    })
}

fn listed() -> impl Strategy<Value = Listed> {
    let own = prop::option::of(granted());
    (any::<(bool, bool, bool, bool)>(), own, offset(), offset()).prop_map(|(flags, own, one, other)| {
        let (is_included, is_partner, first, second) = flags;
        let (from, until) = in_order(one, other);
        let groups = [first || own.is_none(), second];
        let name = if is_partner { "@partner.example" } else { "@example.com" }.to_owned();
        Listed { name, is_included, groups, own, from, until }
    })
}

impl Granted {
    fn written(&self) -> String {
        let date = |key: &str, day: Option<i64>| day.map(|day| format!(", {key}: {}", self::day(day)));
        let [from, until] =
            [date("from", self.from), date("until", self.until)].map(Option::unwrap_or_default);
        let then = self.then.map(|then| format!(", then: {then}")).unwrap_or_default();
        format!("{{role: {}{from}{until}{then}}}", self.role)
    }

    /// The role on a day, as the reference says.
    fn on(&self, day: i64) -> Option<&'static str> {
        if self.from.is_some_and(|from| day < from) {
            None
        } else if self.until.is_some_and(|until| day > until) {
            self.then
        } else {
            Some(self.role)
        }
    }
}

impl Listed {
    fn written(&self, number: usize) -> String {
        let date = |key: &str, day: Option<i64>| day.map(|day| format!(", {key}: {}", self::day(day)));
        let [from, until] =
            [date("from", self.from), date("until", self.until)].map(Option::unwrap_or_default);
        let groups: Vec<_> =
            ["one", "two"].into_iter().zip(self.groups).filter(|it| it.1).map(|it| it.0).collect();
        let own = self.own.as_ref().map(|own| format!(", projects: {{shop: {}}}", own.written()));
        let rest = format!("groups: [{}]{from}{until}{}", groups.join(", "), own.unwrap_or_default());
        person(&format!("p{number}{}", self.name), &rest)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The reference, day by day: the own role counts, else that of a group; rules hold for each day on which the
    /// person may be there.
    #[test]
    fn days_are_as_written_and_nobody_gets_more_than_the_rules_allow(
        groups in [granted(), granted()],
        people in prop::collection::vec(listed(), 1..4),
        days in prop::option::of(1..9_i64),
        file_roles in prop::sample::select(vec!["[USER, VIEWER]", "[USER, VIEWER, ADMIN]"]),
        partner_roles in prop::sample::select(vec!["[USER, VIEWER]", "[USER, VIEWER, ADMIN]"]),
    ) {
        let written = |is_included: bool| {
            let listed = people.iter().enumerate().filter(|(_, it)| it.is_included == is_included);
            let listed: String = listed.map(|(n, it)| it.written(n)).collect();
            if listed.is_empty() { "people: []\n".to_owned() } else { format!("people:\n{listed}") }
        };
        let until = days.map(|days| format!(", until: {days}d")).unwrap_or_default();
        let root = format!(
            "{HEAD}policy:\n  addresses: [{{match: '*@partner.example', roles: {partner_roles}{until}}}, {{match: '*@example.com'}}]\n  \
             files: [{{match: people.yaml, roles: {file_roles}}}]\n\
             groups: {{one: {{shop: {}}}, two: {{shop: {}}}}}\n{}",
            groups[0].written(), groups[1].written(), written(false)
        );
        let included = written(true);
        let (_, team) = read(&[("team.yaml", root.as_bytes()), ("people.yaml", included.as_bytes())]);
        let Ok(team) = team else { return Ok(()) };
        let shop = ProjectId::new("proj_1");
        for (number, listed) in people.iter().enumerate() {
            let person = &team.desired.people[&Email::as_received(&format!("p{number}{}", listed.name))];
            for offset in -5..12 {
                let giving = groups.iter().zip(listed.groups).filter(|it| it.1).map(|it| it.0);
                let giving: Vec<_> = giving.filter(|group| group.on(offset).is_some()).collect();
                let of_groups = giving.first().and_then(|group| group.on(offset));
                let expected = listed.own.as_ref().and_then(|own| own.on(offset)).or(of_groups);
                let access = person.access_on(day(offset));
                let role = access.get(&shop).map(Role::as_str);
                prop_assert_eq!(role, expected, "p{} on {} of\n{}{}", number, day(offset), root, included);
                let is_there = listed.from.is_none_or(|from| from <= offset) && listed.until.is_none_or(|until| offset <= until);
                let Some(role) = role.filter(|_| is_there) else { continue };
                if listed.is_included {
                    prop_assert!(file_roles.contains(role), "{role} by the file in\n{root}{included}");
                }
                if listed.name == "@partner.example" {
                    prop_assert!(partner_roles.contains(role), "{role} for a partner in\n{root}{included}");
                    if let Some(days) = days {
                        let own = listed.own.iter().find(|own| own.on(offset).is_some());
                        let giving = own.map_or(giving, |own| vec![own]);
                        let start = giving.iter().map(|it| it.from.max(listed.from).unwrap_or(0)).max();
                        prop_assert!(offset <= start.unwrap_or_default() + days, "{} in\n{root}{included}", day(offset));
                    }
                }
            }
        }
    }
}
