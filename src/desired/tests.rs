//! What team files resolve to, and that every problem is found at its location.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::model::Role;
use crate::team_file::{Problems, Sources, parse_included, parse_root};

mod limits;
mod rules;
mod write;

const EXAMPLE: &str = r#"# yaml-language-server: $schema=./guestlist.schema.json
version: 1
cluster: us1                       # api (default), us1, as1, or a base URL
ledger: .guestlist

projects:                          # alias: project id
  storefront: proj_9KeAhZB1
  loyalty: {id: proj_npnFzPr9, name: Loyalty EU}

roles:                             # alias: custom role id
  campaign-manager: role_XyZ7

groups:                            # reusable access
  marketing:
    storefront: USER
    loyalty: campaign-manager

people:
  - email: Alex.Doe@example.com
    first_name: Alex
    last_name: Doe
    groups: [marketing]
    projects:
      storefront: ADMIN            # what is written on the person wins over a group
    from: 2026-12-01
    until: 2027-03-31

policy:
  prune: roles
  max_removals: 5
  max_new_admins: 7
  keep_admins: 2
  protect: ["*@agency.example"]
include: [people/*.yaml]
"#;

/// The day on which files are judged.
const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 23);

/// The sources, and the team or the problems.
type Outcome = (Sources, Result<Team, Problems>);

/// Reads a team file and the files that it includes.
fn read(files: &[(&str, &[u8])]) -> Outcome {
    let (mut sources, mut problems) = (Sources::default(), Problems::default());
    let mut included = Vec::new();
    let mut root = None;
    for (name, bytes) in files {
        let file = sources.add(name, bytes.to_vec(), &mut problems);
        if root.is_none() {
            root = Some(parse_root(&sources, file, &mut problems));
        } else {
            let parsed = parse_included(&sources, file, &mut problems);
            included.push(crate::team_file::IncludedFile { path: (*name).to_owned(), ..parsed });
        }
    }
    let root = root.expect("a team file");
    let team = resolve(&root, &included, Terms::on(TODAY), problems)
        .map(|team| Team { provenance: provenance(&sources, &root, &included, None), ..team });
    (sources, team)
}

fn resolved(files: &[(&str, &str)]) -> Team {
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let (sources, team) = read(&files);
    team.unwrap_or_else(|problems| panic!("{}", problems.text(&sources, false)))
}

/// Checks the whole output for some files. The first one is the team file.
fn check_files(files: &[(&str, &str)], expected: &str) {
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let (sources, team) = read(&files);
    let said = team.map_or_else(|problems| problems.text(&sources, false), |team| format!("{team:#?}"));
    assert_eq!(said, expected.strip_prefix('\n').unwrap_or(expected));
}

/// Checks the whole output for a team file.
fn check(text: &str, expected: &str) {
    check_files(&[("team.yaml", text)], expected);
}

#[test]
fn the_example_resolves() {
    let team = resolved(&[("team.yaml", EXAMPLE)]);
    let project = ProjectId::new;
    let email = Email::as_received("alex.doe@example.com");
    let expected = Desired {
        projects: BTreeMap::from([
            (project("proj_9KeAhZB1"), ManagedProject { alias: "storefront".to_owned(), name: None }),
            (
                project("proj_npnFzPr9"),
                ManagedProject { alias: "loyalty".to_owned(), name: Some("Loyalty EU".to_owned()) },
            ),
        ]),
        roles: BTreeMap::from([(RoleId::new("role_XyZ7"), "campaign-manager".to_owned())]),
        people: BTreeMap::from([(
            email.clone(),
            Person {
                email: email.clone(),
                first_name: "Alex".to_owned(),
                last_name: "Doe".to_owned(),
                access: Arc::new(BTreeMap::from([
                    (project("proj_9KeAhZB1"), Schedule::Always(Role::Admin)),
                    (project("proj_npnFzPr9"), Schedule::Always(Role::Custom(RoleId::new("role_XyZ7")))),
                ])),
                from: Some(jiff::civil::date(2026, 12, 1)),
                until: Some(jiff::civil::date(2027, 3, 31)),
                reason: None,
                review_by: None,
                reasons: BTreeMap::new(),
            },
        )]),
        policy: Policy {
            prune: Prune::Roles,
            max_removals: Limit::Count(5),
            max_new_admins: 7,
            keep_admins: 2,
            base: None,
            protect: vec![EmailPattern::new("*@agency.example")],
            addresses: None,
            files: None,
        },
    };
    assert_eq!(team.desired, expected);
    assert_eq!(team.desired.people[&email].email.as_str(), "Alex.Doe@example.com");
    assert_eq!(team.endpoint.as_str(), "https://us1.api.voucherify.io");
    assert_eq!(team.ledger.as_deref(), Some(".guestlist"));
    let given = |role, group: Option<&str>, line| RoleSource {
        role,
        from: None,
        until: None,
        reason: None,
        group: group.map(Into::into),
        file: "team.yaml".into(),
        line,
    };
    let marketing = Some("marketing");
    assert_eq!(
        team.provenance,
        BTreeMap::from([
            (
                (email.clone(), project("proj_9KeAhZB1")),
                vec![given(Role::Admin, None, 24), given(Role::User, marketing, 15)],
            ),
            (
                (email, project("proj_npnFzPr9")),
                vec![given(Role::Custom(RoleId::new("role_XyZ7")), marketing, 16)],
            ),
        ])
    );
}

#[test]
fn missing_keys_have_defaults() {
    let team = resolved(&[("team.yaml", "version: 1\nprojects: {a: proj_1}\n")]);
    assert_eq!(team.desired.policy, Policy::default());
    assert_eq!(team.endpoint.as_str(), "https://api.voucherify.io");
    assert_eq!(team.ledger, None);
    assert!(team.desired.people.is_empty());
}

#[test]
fn names_are_text_whatever_yaml_calls_them() {
    let text = "version: 1\nprojects: {no: \"123\"}\npeople:\n  - {email: a@x.org, first_name: No, last_name: 1:30, projects: {no: USER}}\n  - {email: b@x.org, first_name: 'null', last_name: 1_000, projects: {123: USER}}\n";
    let team = resolved(&[("team.yaml", text)]);
    let names: Vec<_> = team.desired.people.values().map(|p| (&*p.first_name, &*p.last_name)).collect();
    assert_eq!(names, [("No", "1:30"), ("null", "1_000")]);
}

#[test]
fn byte_order_marks_and_line_ends_of_all_kinds_are_read() {
    let plain = resolved(&[("team.yaml", EXAMPLE)]);
    for other in [EXAMPLE.replace('\n', "\r\n"), EXAMPLE.replace('\n', "\r"), format!("\u{feff}{EXAMPLE}")] {
        assert_eq!(resolved(&[("team.yaml", &other)]), plain);
    }
}

#[test]
fn own_roles_win_over_groups_that_disagree() {
    let text = "version: 1\nprojects: {a: proj_1}\ngroups: {x: {a: USER}, y: {a: ADMIN}}\npeople:\n  - {email: a@x.org, first_name: A, last_name: B, groups: [x, y], projects: {proj_1: VIEWER}}\n";
    let team = resolved(&[("team.yaml", text)]);
    let access: Vec<_> = team.desired.people.values().flat_map(|person| person.access.values()).collect();
    assert_eq!(access, [&Schedule::Always(Role::Viewer)]);
}

#[test]
fn groups_of_every_file_serve_people_of_every_file() {
    let team = resolved(&[
        (
            "team.yaml",
            "version: 1\nprojects: {a: proj_1}\ngroups: {here: {a: USER}}\ninclude: ['*']\npeople:\n  - {email: a@x.org, first_name: A, last_name: B, groups: [there]}\n",
        ),
        ("b.yaml", "groups: {there: {a: ADMIN}}\n"),
        ("c.yaml", "people:\n  - {email: c@x.org, first_name: A, last_name: B, groups: [here]}\n"),
    ]);
    let given: Vec<_> = team
        .provenance
        .iter()
        .flat_map(|((email, _), given)| {
            given.iter().map(move |given| (email.as_str(), &*given.file, given.line))
        })
        .collect();
    assert_eq!(given, [("a@x.org", "b.yaml", 1), ("c@x.org", "team.yaml", 3)]);
}

#[test]
fn problems_of_all_files_come_together() {
    check_files(
        &[
            (
                "team.yaml",
                "version: 1\nprojects: {a: proj_1}\ngroups: {g: {a: USER}}\npeople:\n  - {email: a@x.org, first_name: A, last_name: B, groups: [g]}\n",
            ),
            (
                "people/b.yaml",
                "version: 1\ngroups: {g: {a: USER}}\npeople:\n  - {email: A@x.org, first_name: A, last_name: B, groups: [h]}\n",
            ),
            ("people/c.yaml", "peeple: []\n"),
        ],
        r"
error[misplaced-key]: `version` is only allowed in the team file
 --> people/b.yaml:1:1
  |
1 | version: 1
  | ^^^^^^^
  |
help: move it there; the keys of an included file are `people` and `groups`

error[duplicate-group]: group `g` is defined twice
 --> people/b.yaml:2:10
  |
2 | groups: {g: {a: USER}}
  |          ^
  |
 ::: team.yaml:3:10
  |
3 | groups: {g: {a: USER}}
  |          - first defined here

error[duplicate-person]: `A@x.org` is listed twice
 --> people/b.yaml:4:13
  |
4 |   - {email: A@x.org, first_name: A, last_name: B, groups: [h]}
  |             ^^^^^^^
  |
 ::: team.yaml:5:13
  |
5 |   - {email: a@x.org, first_name: A, last_name: B, groups: [g]}
  |             ------- first listed here

error[unknown-group]: unknown group `h`
 --> people/b.yaml:4:60
  |
4 |   - {email: A@x.org, first_name: A, last_name: B, groups: [h]}
  |                                                            ^
  |
help: the groups are `g`

error[unknown-key]: unknown key `peeple`
 --> people/c.yaml:1:1
  |
1 | peeple: []
  | ^^^^^^
  |
help: did you mean `people`?

5 problems in 2 files
",
    );
}

#[test]
fn a_file_that_cannot_be_read_makes_no_group_unknown() {
    check_files(
        &[
            (
                "team.yaml",
                "version: 1\nprojects: {a: proj_1}\npeople:\n  - {email: a@x.org, first_name: A, last_name: B, groups: [g]}\n",
            ),
            ("b.yaml", "groups: {g: {a: USER}\n"),
        ],
        r"
error[invalid-yaml]: unclosed `{`
 --> b.yaml:1:9
  |
1 | groups: {g: {a: USER}
  |         ^

1 problem in b.yaml
",
    );
}

#[test]
fn groups_cannot_multiply_without_end() {
    let many =
        |count: usize, item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<Vec<_>>().join(", ");
    let projects = many(600, &|n| format!("p{n}: proj_{n}"));
    let grants = many(600, &|n| format!("p{n}: USER"));
    let groups = many(100, &|n| format!("g{n}: {{{grants}}}"));
    let names = many(100, &|n| format!("g{n}"));
    let people =
        many(30, &|n| format!("{{email: a{n}@x.org, first_name: A, last_name: B, groups: [{names}]}}"));
    let text = format!("version: 1\nprojects: {{{projects}}}\ngroups: {{{groups}}}\npeople: [{people}]\n");
    let (_, team) = read(&[("team.yaml", text.as_bytes())]);
    let Err(problems) = team else { panic!("too much was accepted") };
    let messages: Vec<_> = problems.sorted().iter().map(|problem| problem.message.clone()).collect();
    assert_eq!(messages, ["groups and people grant more than 1000000 roles in total"], "once");
}

/// The line (from 0), the column (from 1) and the message of a problem in a person's entry.
type Found = (u32, u32, &'static str);

/// The lines of a person's entry with errors, and the problems to find there.
const ERRORS: [(&[&str], &[Found]); 10] = [
    (
        &["email: nobody", "first_name: A", "last_name: B", "projects: {a: USER}"],
        &[(0, 12, "`nobody` is not a valid email address: it has no `@`")],
    ),
    (
        &["email: @", "first_name:", "last_name: ''", "projects: {a: USER}"],
        &[(1, 5, "`first_name` has no value"), (2, 16, "`last_name` is empty")],
    ),
    (
        &["email: @", "first_name: A", "last_nmae: B", "projects: {a: USER}"],
        &[(2, 5, "unknown key `last_nmae`")],
    ),
    (&["email: @", "first_name: A", "projects: {a: USER}"], &[(0, 5, "a person must have `last_name`")]),
    (&["email: @", "first_name: A", "last_name: B"], &[(0, 12, "this person has no access to any project")]),
    (
        &["email: @", "first_name: A", "last_name: B", "projects: {b: user, c: USER}"],
        &[(3, 16, "unknown project `b`"), (3, 19, "unknown role `user`"), (3, 25, "unknown project `c`")],
    ),
    (
        &["email: @", "first_name: é", "last_name: B", "groups: [é, g, h]"],
        &[(3, 14, "unknown group `é`"), (3, 20, "unknown group `h`")],
    ),
    (
        &["email: @", "first_name: A", "first_name: A", "last_name: B", "groups: [g]"],
        &[(2, 5, "`first_name` is defined twice")],
    ),
    (
        &[
            "email: @",
            "first_name: A",
            "last_name: B",
            "groups: [g]",
            "until: 2026-13-01",
            "from: &x 2026-01-01",
        ],
        &[
            (4, 12, "`2026-13-01` is not a valid date"),
            (5, 11, "anchors (`&name`) are not supported in team files"),
        ],
    ),
    (
        &["email: @", "first_name: A", "last_name: B", "groups: g", "projects: [a]"],
        &[
            (3, 13, "`groups` must be a list (`- item` lines), not text"),
            (4, 15, "`projects` must be a mapping (`key: value` lines), not a list"),
        ],
    ),
];

/// What damaged files have in them.
const DAMAGE: [&[u8]; 29] = [
    b"[",
    b"{",
    b"]",
    b"}",
    b"- ",
    b": ",
    b"? ",
    b"&a ",
    b"*a ",
    b"!t ",
    b"<<: ",
    b"\n",
    b"\r",
    b"\t",
    b"\0",
    b"\xff",
    b"\"",
    b"'",
    b"|\n",
    b">",
    b"\n---\n",
    b"%",
    b"#",
    b"null",
    b"\xe2\x80\xae",
    b"\xc2\x85",
    b"\x1b[31m",
    b"\xef\xbb\xbf",
    "東".as_bytes(),
];

const RIGHT: [&str; 4] = ["email: @", "first_name: A", "last_name: B", "groups: [g]"];

proptest! {
    #[test]
    fn exactly_what_is_wrong_is_reported(
        entries in proptest::collection::vec(proptest::option::weighted(0.4, 0..ERRORS.len()), 1..40),
        split in any::<Index>(),
    ) {
        let head = "version: 1\nprojects: {a: proj_1}\ngroups: {g: {a: USER}}\npeople:\n";
        let mut files = [("team.yaml", head.to_owned()), ("b.yaml", "people:\n".to_owned())];
        let mut expected = Vec::new();
        let split = split.index(entries.len() + 1);
        for (number, error) in entries.iter().enumerate() {
            let (name, text) = &mut files[usize::from(number >= split)];
            let line = u32::try_from(text.lines().count()).expect("few lines") + 1;
            let (lines, problems) = error.map_or((RIGHT.as_slice(), [].as_slice()), |error| ERRORS[error]);
            for (index, written) in lines.iter().enumerate() {
                let dash = if index == 0 { "  - " } else { "    " };
                let written = written.replace("email: @", &format!("email: p{number}@x.org"));
                text.extend([dash, &written, "\n"]);
            }
            for (offset, column, message) in problems {
                expected.push(((*name).to_owned(), line + offset, *column, (*message).to_owned()));
            }
        }
        for (_, text) in files.iter_mut().filter(|(_, text)| text.ends_with("people:\n")) {
            text.push_str("  []\n");
        }
        let (sources, team) = read(&files.each_ref().map(|(name, text)| (*name, text.as_bytes())));
        let found: Vec<_> = team.err().unwrap_or_default().sorted().into_iter().map(|problem| {
            let at = problem.at;
            (sources.get(at.file).name.clone(), at.line, at.column, problem.message.clone())
        }).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn damaged_files_are_read_without_a_panic(
        end in any::<Index>(),
        damage in proptest::collection::vec((any::<Index>(), proptest::sample::select(&DAMAGE[..]), any::<bool>()), 0..6),
    ) {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        for (place, inserted, replace) in damage {
            let at = place.index(bytes.len());
            let until = if replace { (at + inserted.len()).min(bytes.len()) } else { at };
            bytes.splice(at..until, inserted.iter().copied());
        }
        bytes.truncate(end.index(bytes.len() * 2));
        let (sources, team) = read(&[("team.yaml", &bytes)]);
        if let Err(problems) = team {
            prop_assert!(!problems.is_empty());
            let text = problems.text(&sources, false);
            for said in [&text, &problems.json(&sources), &problems.github(&sources), &problems.gitlab(&sources), &problems.sarif(&sources)] {
                prop_assert!(!said.contains(|c| c != '\n' && crate::escape::must_escape(c)), "{said:?}");
            }
            prop_assert!(problems.text(&sources, true).len() > text.len());
        }
    }
}
