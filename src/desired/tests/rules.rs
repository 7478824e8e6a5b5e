//! The whole output for each rule about a team file.

use super::check;

#[test]
fn unknown_keys() {
    check(
        r"version: 1
projects: {a: {id: proj_1, nmae: x}}
polcy: {}
zebra: 1
people:
  - emial: a@x.org
    first_name: A
    last_name: B
    groups: []
    projects: {a: USER}
policy: {prunes: none}
",
        r"
error[unknown-key]: unknown key `nmae`
 --> team.yaml:2:28
  |
2 | projects: {a: {id: proj_1, nmae: x}}
  |                            ^^^^
  |
help: did you mean `name`?

error[unknown-key]: unknown key `polcy`
 --> team.yaml:3:1
  |
3 | polcy: {}
  | ^^^^^
  |
help: did you mean `policy`?

error[unknown-key]: unknown key `zebra`
 --> team.yaml:4:1
  |
4 | zebra: 1
  | ^^^^^
  |
help: the keys of a team file are `version`, `cluster`, `ledger`, `projects`, `roles`, `groups`, `people`, `policy` and `include`

error[unknown-key]: unknown key `emial`
 --> team.yaml:6:5
  |
6 |   - emial: a@x.org
  |     ^^^^^
  |
help: did you mean `email`?

error[unknown-key]: unknown key `prunes`
  --> team.yaml:11:10
   |
11 | policy: {prunes: none}
   |          ^^^^^^
   |
help: did you mean `prune`?

5 problems in team.yaml
",
    );
}

#[test]
fn duplicate_keys_show_both_places() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - email: a@x.org
    first_name: A
    last_name: B
    projects:
      storefront: USER
      storefront: ADMIN
    email: b@x.org
version: 1
",
        r"
error[duplicate-key]: `storefront` is defined twice
 --> team.yaml:9:7
  |
9 |       storefront: ADMIN
  |       ^^^^^^^^^^
  |
 ::: team.yaml:8:7
  |
8 |       storefront: USER
  |       ---------- first defined here

error[duplicate-key]: `email` is defined twice
  --> team.yaml:10:5
   |
10 |     email: b@x.org
   |     ^^^^^
   |
  ::: team.yaml:4:5
   |
 4 |   - email: a@x.org
   |     ----- first defined here

error[duplicate-key]: `version` is defined twice
  --> team.yaml:11:1
   |
11 | version: 1
   | ^^^^^^^
   |
  ::: team.yaml:1:1
   |
 1 | version: 1
   | ------- first defined here

3 problems in team.yaml
",
    );
}

#[test]
fn a_project_listed_by_alias_and_id() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
groups: {g: {proj_1: USER, storefront: USER}}
people:
  - {email: a@x.org, first_name: A, last_name: B, projects: {loyalty: USER, proj_2: ADMIN}}
",
        r"
error[duplicate-project]: project `storefront` is listed twice
 --> team.yaml:3:28
  |
3 | groups: {g: {proj_1: USER, storefront: USER}}
  |                            ^^^^^^^^^^
  |
 ::: team.yaml:3:14
  |
3 | groups: {g: {proj_1: USER, storefront: USER}}
  |              ------ first listed here

error[duplicate-project]: project `loyalty` is listed twice
 --> team.yaml:5:77
  |
5 |   - {email: a@x.org, first_name: A, last_name: B, projects: {loyalty: USER, proj_2: ADMIN}}
  |                                                                             ^^^^^^
  |
 ::: team.yaml:5:62
  |
5 |   - {email: a@x.org, first_name: A, last_name: B, projects: {loyalty: USER, proj_2: ADMIN}}
  |                                                              ------- first listed here

2 problems in team.yaml
",
    );
}

#[test]
fn duplicate_people_show_both_places() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - {email: a@x.org, first_name: A, last_name: B, projects: {storefront: USER}}
  - {email: A@X.Org, first_name: A, last_name: B, projects: {storefront: USER}}
",
        r"
error[duplicate-person]: `A@X.Org` is listed twice
 --> team.yaml:5:13
  |
5 |   - {email: A@X.Org, first_name: A, last_name: B, projects: {storefront: USER}}
  |             ^^^^^^^
  |
 ::: team.yaml:4:13
  |
4 |   - {email: a@x.org, first_name: A, last_name: B, projects: {storefront: USER}}
  |             ------- first listed here

1 problem in team.yaml
",
    );
}

#[test]
fn unknown_projects_and_roles() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - {email: a@x.org, first_name: A, last_name: B, projects: {storefornt: USER, warehouse: USER, proj_3: USER, sand_4: USER}}
  - {email: b@x.org, first_name: A, last_name: B, projects: {storefront: admin, loyalty: EDITOR}}
roles: {editor: role_1}
",
        r"
error[unknown-project]: unknown project `storefornt`
 --> team.yaml:4:62
  |
4 |   - {email: a@x.org, first_name: A, last_name: B, projects: {storefornt: USER, warehouse: USER, proj_3: USER, sand_4: USER}}
  |                                                              ^^^^^^^^^^
  |
help: did you mean `storefront`?

error[unknown-project]: unknown project `warehouse`
 --> team.yaml:4:80
  |
4 |   - {email: a@x.org, first_name: A, last_name: B, projects: {storefornt: USER, warehouse: USER, proj_3: USER, sand_4: USER}}
  |                                                                                ^^^^^^^^^
  |
help: the projects are `loyalty` and `storefront`

error[unknown-project]: `proj_3` is not a managed project
 --> team.yaml:4:97
  |
4 |   - {email: a@x.org, first_name: A, last_name: B, projects: {storefornt: USER, warehouse: USER, proj_3: USER, sand_4: USER}}
  |                                                                                                 ^^^^^^
  |
help: add it under `projects`

error[unknown-project]: `sand_4` is not a managed project
 --> team.yaml:4:111
  |
4 |   - {email: a@x.org, first_name: A, last_name: B, projects: {storefornt: USER, warehouse: USER, proj_3: USER, sand_4: USER}}
  |                                                                                                               ^^^^^^
  |
help: add it under `projects`

error[unknown-role]: unknown role `admin`
 --> team.yaml:5:74
  |
5 |   - {email: b@x.org, first_name: A, last_name: B, projects: {storefront: admin, loyalty: EDITOR}}
  |                                                                          ^^^^^
  |
help: did you mean `ADMIN`?

error[unknown-role]: unknown role `EDITOR`
 --> team.yaml:5:90
  |
5 |   - {email: b@x.org, first_name: A, last_name: B, projects: {storefront: admin, loyalty: EDITOR}}
  |                                                                                          ^^^^^^
  |
help: did you mean `editor`?

6 problems in team.yaml
",
    );
}

#[test]
fn unknown_groups() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - {email: a@x.org, first_name: A, last_name: B, groups: [marketing, markting, ops]}
groups: {marketing: {storefront: USER}}
",
        r"
error[unknown-group]: unknown group `markting`
 --> team.yaml:4:71
  |
4 |   - {email: a@x.org, first_name: A, last_name: B, groups: [marketing, markting, ops]}
  |                                                                       ^^^^^^^^
  |
help: did you mean `marketing`?

error[unknown-group]: unknown group `ops`
 --> team.yaml:4:81
  |
4 |   - {email: a@x.org, first_name: A, last_name: B, groups: [marketing, markting, ops]}
  |                                                                                 ^^^
  |
help: the groups are `marketing`

2 problems in team.yaml
",
    );
}

#[test]
fn no_groups_at_all() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - {email: a@x.org, first_name: A, last_name: B, groups: [marketing]}
",
        r"
error[unknown-group]: unknown group `marketing`
 --> team.yaml:4:60
  |
4 |   - {email: a@x.org, first_name: A, last_name: B, groups: [marketing]}
  |                                                            ^^^^^^^^^
  |
help: no groups are defined; add it under `groups`

1 problem in team.yaml
",
    );
}

#[test]
fn bad_emails() {
    check(
        r#"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - {email: alex, first_name: A, last_name: B, projects: {storefront: USER}}
  - {email: alex@example, first_name: A, last_name: B, projects: {storefront: USER}}
  - {email: "a b@x.org", first_name: A, last_name: B, projects: {storefront: USER}}
"#,
        r#"
error[invalid-email]: `alex` is not a valid email address: it has no `@`
 --> team.yaml:4:13
  |
4 |   - {email: alex, first_name: A, last_name: B, projects: {storefront: USER}}
  |             ^^^^

error[invalid-email]: `alex@example` is not a valid email address: the part after `@` is not a domain such as `example.com`
 --> team.yaml:5:13
  |
5 |   - {email: alex@example, first_name: A, last_name: B, projects: {storefront: USER}}
  |             ^^^^^^^^^^^^

error[invalid-email]: `a b@x.org` is not a valid email address: it contains a space or a control character
 --> team.yaml:6:13
  |
6 |   - {email: "a b@x.org", first_name: A, last_name: B, projects: {storefront: USER}}
  |             ^^^^^^^^^^^

3 problems in team.yaml
"#,
    );
}

#[test]
fn bad_dates() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - {email: a@x.org, first_name: A, last_name: B, projects: {storefront: USER}, from: 2026-12-1}
  - {email: b@x.org, first_name: A, last_name: B, projects: {storefront: USER}, from: 2026-02-30, until: tomorrow}
  - {email: c@x.org, first_name: A, last_name: B, projects: {storefront: USER}, until: 2026-12-01T00:00:00Z}
",
        r"
error[invalid-date]: `2026-12-1` is not a valid date
 --> team.yaml:4:87
  |
4 |   - {email: a@x.org, first_name: A, last_name: B, projects: {storefront: USER}, from: 2026-12-1}
  |                                                                                       ^^^^^^^^^
  |
help: use the form `YYYY-MM-DD`, such as `2026-12-01`

error[invalid-date]: `2026-02-30` is not a valid date
 --> team.yaml:5:87
  |
5 |   - {email: b@x.org, first_name: A, last_name: B, projects: {storefront: USER}, from: 2026-02-30, until: tomorrow}
  |                                                                                       ^^^^^^^^^^
  |
help: February 2026 has 28 days

error[invalid-date]: `tomorrow` is not a valid date
 --> team.yaml:5:106
  |
5 |   - {email: b@x.org, first_name: A, last_name: B, projects: {storefront: USER}, from: 2026-02-30, until: tomorrow}
  |                                                                                                          ^^^^^^^^
  |
help: use the form `YYYY-MM-DD`, such as `2026-12-01`

error[invalid-date]: `2026-12-01T00:00:00Z` is not a valid date
 --> team.yaml:6:88
  |
6 |   - {email: c@x.org, first_name: A, last_name: B, projects: {storefront: USER}, until: 2026-12-01T00:00:00Z}
  |                                                                                        ^^^^^^^^^^^^^^^^^^^^
  |
help: use the form `YYYY-MM-DD`, such as `2026-12-01`

4 problems in team.yaml
",
    );
}

#[test]
fn until_before_from() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - {email: a@x.org, first_name: A, last_name: B, projects: {storefront: USER}, from: 2026-12-02, until: 2026-12-01}
",
        r"
error[until-before-from]: `until` 2026-12-01 is before `from` 2026-12-02
 --> team.yaml:4:106
  |
4 |   - {email: a@x.org, first_name: A, last_name: B, projects: {storefront: USER}, from: 2026-12-02, until: 2026-12-01}
  |                                                                                                          ^^^^^^^^^^
  |
 ::: team.yaml:4:87
  |
4 |   - {email: a@x.org, first_name: A, last_name: B, projects: {storefront: USER}, from: 2026-12-02, until: 2026-12-01}
  |                                                                                       ---------- `from` is set here

1 problem in team.yaml
",
    );
}

#[test]
fn groups_that_disagree() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
roles: {editor: role_1}
groups:
  shop:
    storefront: USER
  boss:
    storefront: editor
people:
  - email: a@x.org
    first_name: A
    last_name: B
    groups: [shop, boss]
",
        r"
error[conflicting-groups]: groups `shop` and `boss` grant different roles in `storefront`
  --> team.yaml:13:20
   |
13 |     groups: [shop, boss]
   |                    ^^^^
   |
  ::: team.yaml:6:5
   |
 6 |     storefront: USER
   |     ---------- `shop` grants `USER`
   |
  ::: team.yaml:8:5
   |
 8 |     storefront: editor
   |     ---------- `boss` grants `editor`
   |
help: set the role under this person's `projects`

1 problem in team.yaml
",
    );
}

#[test]
fn a_person_without_any_project() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - {email: a@x.org, first_name: A, last_name: B}
  - {email: b@x.org, first_name: A, last_name: B, groups: [none]}
groups: {none: {}}
",
        r"
error[no-project]: this person has no access to any project
 --> team.yaml:4:13
  |
4 |   - {email: a@x.org, first_name: A, last_name: B}
  |             ^^^^^^^
  |
help: add `projects` or `groups`, or remove this person

error[no-project]: this person has no access to any project
 --> team.yaml:5:13
  |
5 |   - {email: b@x.org, first_name: A, last_name: B, groups: [none]}
  |             ^^^^^^^
  |
help: add `projects` or `groups`, or remove this person

2 problems in team.yaml
",
    );
}

#[test]
fn a_protected_person() {
    check(
        r#"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - {email: Eve@Agency.example, first_name: A, last_name: B, projects: {storefront: USER}}
policy:
  protect: ["*@agency.example"]
"#,
        r#"
error[protected-person]: `Eve@Agency.example` is protected and cannot be listed
 --> team.yaml:4:13
  |
4 |   - {email: Eve@Agency.example, first_name: A, last_name: B, projects: {storefront: USER}}
  |             ^^^^^^^^^^^^^^^^^^
  |
 ::: team.yaml:6:13
  |
6 |   protect: ["*@agency.example"]
  |             ------------------ protected by `*@agency.example`
  |
help: remove this person, or change the pattern under `protect`

1 problem in team.yaml
"#,
    );
}

#[test]
fn an_alias_that_shadows_a_predefined_role() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
roles: {ADMIN: role_1, boss: ADMIN, role_2: role_3, role_4: role_4}
",
        r"
error[reserved-alias]: `ADMIN` is a predefined role
 --> team.yaml:3:9
  |
3 | roles: {ADMIN: role_1, boss: ADMIN, role_2: role_3, role_4: role_4}
  |         ^^^^^
  |
help: choose another alias

error[invalid-id]: `ADMIN` is a predefined role, not an id
 --> team.yaml:3:30
  |
3 | roles: {ADMIN: role_1, boss: ADMIN, role_2: role_3, role_4: role_4}
  |                              ^^^^^
  |
help: use predefined roles directly, without an alias

error[reserved-alias]: alias `role_2` looks like an id
 --> team.yaml:3:37
  |
3 | roles: {ADMIN: role_1, boss: ADMIN, role_2: role_3, role_4: role_4}
  |                                     ^^^^^^
  |
help: choose an alias that does not start with `role_`

3 problems in team.yaml
",
    );
}

#[test]
fn two_aliases_for_one_id() {
    check(
        r"version: 1
projects:
  a: proj_1
  b: {id: proj_1}
roles:
  x: role_1
  y: role_1
",
        r"
error[two-aliases]: project `proj_1` has two aliases
 --> team.yaml:4:11
  |
4 |   b: {id: proj_1}
  |           ^^^^^^
  |
 ::: team.yaml:3:6
  |
3 |   a: proj_1
  |      ------ first alias defined here

error[two-aliases]: role `role_1` has two aliases
 --> team.yaml:7:6
  |
7 |   y: role_1
  |      ^^^^^^
  |
 ::: team.yaml:6:6
  |
6 |   x: role_1
  |      ------ first alias defined here

2 problems in team.yaml
",
    );
}

#[test]
fn an_alias_that_is_another_projects_id() {
    check(
        r"version: 1
projects:
  proj_2: proj_1
  b: proj_2
",
        r"
error[ambiguous-alias]: alias `proj_2` is the id of project `b`
 --> team.yaml:3:3
  |
3 |   proj_2: proj_1
  |   ^^^^^^
  |
help: choose another alias

1 problem in team.yaml
",
    );
}

#[test]
fn invalid_ids() {
    check(
        r#"version: 1
projects: {a: proj 1, b: a/b, c: "", d: null}
roles: {e: 'role_?'}
"#,
        r#"
error[invalid-id]: `proj 1` is not a valid project id: it contains a space or a control character
 --> team.yaml:2:15
  |
2 | projects: {a: proj 1, b: a/b, c: "", d: null}
  |               ^^^^^^

error[invalid-id]: `a/b` is not a valid project id: it contains a character that is not allowed in ids
 --> team.yaml:2:26
  |
2 | projects: {a: proj 1, b: a/b, c: "", d: null}
  |                          ^^^

error[missing-value]: the project id is empty
 --> team.yaml:2:34
  |
2 | projects: {a: proj 1, b: a/b, c: "", d: null}
  |                                  ^^

error[missing-value]: the project id has no value
 --> team.yaml:2:41
  |
2 | projects: {a: proj 1, b: a/b, c: "", d: null}
  |                                         ^^^^
  |
help: put it in quotes ("null") if you mean the text

error[invalid-id]: `role_?` is not a valid role id: it contains a character that is not allowed in ids
 --> team.yaml:3:12
  |
3 | roles: {e: 'role_?'}
  |            ^^^^^^^^

5 problems in team.yaml
"#,
    );
}

#[test]
fn null_and_empty_names() {
    check(
        r#"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - email:
    first_name: ~
    last_name: null
    projects: {storefront: null, loyalty: ""}
    groups: ["  ", null]
groups:
  null: {}
  '': {}
"#,
        r#"
error[missing-value]: `email` has no value
 --> team.yaml:4:5
  |
4 |   - email:
  |     ^^^^^

error[missing-value]: `first_name` has no value
 --> team.yaml:5:17
  |
5 |     first_name: ~
  |                 ^

error[missing-value]: `last_name` has no value
 --> team.yaml:6:16
  |
6 |     last_name: null
  |                ^^^^
  |
help: put it in quotes ("null") if you mean the text

error[missing-value]: a role has no value
 --> team.yaml:7:28
  |
7 |     projects: {storefront: null, loyalty: ""}
  |                            ^^^^
  |
help: put it in quotes ("null") if you mean the text

error[missing-value]: a role is empty
 --> team.yaml:7:43
  |
7 |     projects: {storefront: null, loyalty: ""}
  |                                           ^^

error[missing-value]: a group name is empty
 --> team.yaml:8:14
  |
8 |     groups: ["  ", null]
  |              ^^^^

error[missing-value]: a group name has no value
 --> team.yaml:8:20
  |
8 |     groups: ["  ", null]
  |                    ^^^^
  |
help: put it in quotes ("null") if you mean the text

error[empty-key]: this key is empty
  --> team.yaml:10:3
   |
10 |   null: {}
   |   ^^^^
   |
help: put it in quotes if you mean the text

error[empty-key]: this key is empty
  --> team.yaml:11:3
   |
11 |   '': {}
   |   ^^

9 problems in team.yaml
"#,
    );
}

#[test]
fn what_a_person_must_have() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - {}
  - {email: a@x.org, projects: {storefront: USER}}
",
        r"
error[missing-key]: a person must have `email`
 --> team.yaml:4:5
  |
4 |   - {}
  |     ^

error[missing-key]: a person must have `first_name`
 --> team.yaml:4:5
  |
4 |   - {}
  |     ^

error[missing-key]: a person must have `last_name`
 --> team.yaml:4:5
  |
4 |   - {}
  |     ^

error[no-project]: this person has no access to any project
 --> team.yaml:4:5
  |
4 |   - {}
  |     ^
  |
help: add `projects` or `groups`, or remove this person

error[missing-key]: a person must have `first_name`
 --> team.yaml:5:5
  |
5 |   - {email: a@x.org, projects: {storefront: USER}}
  |     ^

error[missing-key]: a person must have `last_name`
 --> team.yaml:5:5
  |
5 |   - {email: a@x.org, projects: {storefront: USER}}
  |     ^

6 problems in team.yaml
",
    );
}

#[test]
fn names_with_control_characters_and_without_end() {
    check(
        r#"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - {email: a@x.org, first_name: "A\e[31m", last_name: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, projects: {storefront: USER}}
"#,
        r#"
error[control-character]: `first_name` contains a control character: `A\u{1b}[31m`
 --> team.yaml:4:34
  |
4 |   - {email: a@x.org, first_name: "A\e[31m", last_name: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
  |                                  ^^^^^^^^^
  |
help: remove it

error[too-long]: `last_name` is longer than 200 characters: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…`
 --> team.yaml:4:56
  |
4 |   - {email: a@x.org, first_name: "A\e[31m", last_name: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
  |                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
help: shorten it

2 problems in team.yaml
"#,
    );
}

#[test]
fn the_version() {
    check(
        r"projects: {a: proj_1}
",
        r"
error[missing-key]: a team file must have `version`
 --> team.yaml:1:1
  |
1 | projects: {a: proj_1}
  | ^^^^^^^^

1 problem in team.yaml
",
    );
}

#[test]
fn another_version() {
    check(
        r"version: 2
projects: {a: proj_1}
",
        r"
error[unsupported-version]: unknown version `2`
 --> team.yaml:1:10
  |
1 | version: 2
  |          ^
  |
help: use `version: 1`, or upgrade guestlist if the file needs a newer version

1 problem in team.yaml
",
    );
}

#[test]
fn a_version_in_quotes() {
    check(
        r"version: '1'
projects: {a: proj_1}
",
        r"
error[wrong-type]: `version` must be a number, not quoted text
 --> team.yaml:1:10
  |
1 | version: '1'
  |          ^^^
  |
help: remove the quotes: `1`

1 problem in team.yaml
",
    );
}

#[test]
fn no_projects() {
    check(
        r"version: 1
projects: {}
",
        r"
error[no-projects]: `projects` is empty
 --> team.yaml:2:11
  |
2 | projects: {}
  |           ^
  |
help: add `alias: project id` for each project to manage

1 problem in team.yaml
",
    );
}

#[test]
fn wrong_types() {
    check(
        r"version: [1]
projects: [a]
roles: x
groups: [a]
people: {}
policy: 1
include: x
cluster: {}
ledger: []
",
        r"
error[wrong-type]: `version` must be a number, not a list
 --> team.yaml:1:10
  |
1 | version: [1]
  |          ^

error[wrong-type]: `projects` must be a mapping (`key: value` lines), not a list
 --> team.yaml:2:11
  |
2 | projects: [a]
  |           ^

error[wrong-type]: `roles` must be a mapping (`key: value` lines), not text
 --> team.yaml:3:8
  |
3 | roles: x
  |        ^

error[wrong-type]: `groups` must be a mapping (`key: value` lines), not a list
 --> team.yaml:4:9
  |
4 | groups: [a]
  |         ^

error[wrong-type]: `people` must be a list (`- item` lines), not a mapping
 --> team.yaml:5:9
  |
5 | people: {}
  |         ^

error[wrong-type]: `policy` must be a mapping (`key: value` lines), not text
 --> team.yaml:6:9
  |
6 | policy: 1
  |         ^

error[wrong-type]: `include` must be a list (`- item` lines), not text
 --> team.yaml:7:10
  |
7 | include: x
  |          ^

error[wrong-type]: `cluster` must be text, not a mapping
 --> team.yaml:8:10
  |
8 | cluster: {}
  |          ^

error[wrong-type]: `ledger` must be text, not a list
 --> team.yaml:9:9
  |
9 | ledger: []
  |         ^

9 problems in team.yaml
",
    );
}

#[test]
fn wrong_types_inside() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - a
  - {email: [a], first_name: A, last_name: B, groups: x, projects: [a]}
groups: {a: USER, b: {storefront: [USER]}}
",
        r"
error[wrong-type]: a person must be a mapping (`key: value` lines), not text
 --> team.yaml:4:5
  |
4 |   - a
  |     ^

error[wrong-type]: `email` must be text, not a list
 --> team.yaml:5:13
  |
5 |   - {email: [a], first_name: A, last_name: B, groups: x, projects: [a]}
  |             ^

error[wrong-type]: `groups` must be a list (`- item` lines), not text
 --> team.yaml:5:55
  |
5 |   - {email: [a], first_name: A, last_name: B, groups: x, projects: [a]}
  |                                                       ^

error[wrong-type]: `projects` must be a mapping (`key: value` lines), not a list
 --> team.yaml:5:68
  |
5 |   - {email: [a], first_name: A, last_name: B, groups: x, projects: [a]}
  |                                                                    ^

error[wrong-type]: a group must be a mapping (`key: value` lines), not text
 --> team.yaml:6:13
  |
6 | groups: {a: USER, b: {storefront: [USER]}}
  |             ^^^^

error[wrong-type]: a role must be text, not a list
 --> team.yaml:6:35
  |
6 | groups: {a: USER, b: {storefront: [USER]}}
  |                                   ^

6 problems in team.yaml
",
    );
}

#[test]
fn numbers_and_booleans_in_place_of_text() {
    check(
        r"version: 1
projects: {a: 123}
people: [{email: a@x.org, first_name: 7, last_name: true, groups: [0x1F], projects: {a: .5}}]
",
        r#"
error[wrong-type]: the project id must be text, not a number
 --> team.yaml:2:15
  |
2 | projects: {a: 123}
  |               ^^^
  |
help: put it in quotes: `"123"`

error[wrong-type]: `first_name` must be text, not a number
 --> team.yaml:3:39
  |
3 | people: [{email: a@x.org, first_name: 7, last_name: true, groups: [0x1F], projects: {a: .5}}]
  |                                       ^
  |
help: put it in quotes: `"7"`

error[wrong-type]: `last_name` must be text, not a boolean
 --> team.yaml:3:53
  |
3 | people: [{email: a@x.org, first_name: 7, last_name: true, groups: [0x1F], projects: {a: .5}}]
  |                                                     ^^^^
  |
help: put it in quotes: `"true"`

error[wrong-type]: a group name must be text, not a number
 --> team.yaml:3:68
  |
3 | people: [{email: a@x.org, first_name: 7, last_name: true, groups: [0x1F], projects: {a: .5}}]
  |                                                                    ^^^^
  |
help: put it in quotes: `"0x1F"`

error[wrong-type]: a role must be text, not a number
 --> team.yaml:3:89
  |
3 | people: [{email: a@x.org, first_name: 7, last_name: true, groups: [0x1F], projects: {a: .5}}]
  |                                                                                         ^^
  |
help: put it in quotes: `".5"`

5 problems in team.yaml
"#,
    );
}

#[test]
fn the_policy() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
policy:
  prune: role
  max_removals: 101%
  keep_admins: -1
  protect: [everybody, 'a b@*']
",
        r"
error[unknown-prune]: unknown `prune` value `role`
 --> team.yaml:4:10
  |
4 |   prune: role
  |          ^^^^
  |
help: did you mean `roles`?

error[invalid-limit]: invalid limit `101%`
 --> team.yaml:5:17
  |
5 |   max_removals: 101%
  |                 ^^^^
  |
help: use a percentage from `0%` to `100%`, or a whole number

error[invalid-limit]: expected a number of ADMINs, found `-1`
 --> team.yaml:6:16
  |
6 |   keep_admins: -1
  |                ^^
  |
help: use a whole number such as `1`

error[invalid-pattern]: `everybody` is not a valid address pattern
 --> team.yaml:7:13
  |
7 |   protect: [everybody, 'a b@*']
  |             ^^^^^^^^^
  |
help: use an address, or a pattern such as `*@agency.example`

error[invalid-pattern]: `a b@*` is not a valid address pattern
 --> team.yaml:7:24
  |
7 |   protect: [everybody, 'a b@*']
  |                        ^^^^^^^
  |
help: use an address, or a pattern such as `*@agency.example`

5 problems in team.yaml
",
    );
}

#[test]
fn the_policy_again() {
    check(
        r#"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
policy: {prune: all, max_removals: few, keep_admins: "1"}
"#,
        r#"
error[unknown-prune]: unknown `prune` value `all`
 --> team.yaml:3:17
  |
3 | policy: {prune: all, max_removals: few, keep_admins: "1"}
  |                 ^^^
  |
help: use `none`, `dropped`, `roles` or `people`

error[invalid-limit]: invalid limit `few`
 --> team.yaml:3:36
  |
3 | policy: {prune: all, max_removals: few, keep_admins: "1"}
  |                                    ^^^
  |
help: use a percentage from `0%` to `100%`, or a whole number

error[wrong-type]: `keep_admins` must be a number, not quoted text
 --> team.yaml:3:54
  |
3 | policy: {prune: all, max_removals: few, keep_admins: "1"}
  |                                                      ^^^
  |
help: remove the quotes: `1`

3 problems in team.yaml
"#,
    );
}

#[test]
fn the_cluster_and_the_ledger() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
cluster: us2
ledger: ftp://x/y
",
        r"
error[invalid-cluster]: unknown cluster `us2`
 --> team.yaml:3:10
  |
3 | cluster: us2
  |          ^^^
  |
help: did you mean `us1`?

error[invalid-ledger]: `ftp://x/y` is not a supported ledger
 --> team.yaml:4:9
  |
4 | ledger: ftp://x/y
  |         ^^^^^^^^^
  |
help: use a folder inside the team file's folder, `s3://bucket/prefix` or `az://container/prefix`

2 problems in team.yaml
",
    );
}

#[test]
fn another_cluster() {
    check(
        r#"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
cluster: http://voucherify.example.com
ledger: "a\u202eb"
"#,
        r#"
error[invalid-cluster]: `http://voucherify.example.com` is not a valid base URL: plain `http://` would expose the credentials to the network; use `https://`
 --> team.yaml:3:10
  |
3 | cluster: http://voucherify.example.com
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

error[control-character]: `ledger` contains a control character: `a\u{202e}b`
 --> team.yaml:4:9
  |
4 | ledger: "a\u202eb"
  |         ^^^^^^^^^^
  |
help: remove it

2 problems in team.yaml
"#,
    );
}

#[test]
fn credentials_are_not_repeated() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
cluster: https://id:token@host.example
ledger: s3://key:secret@bucket/x
",
        r"
error[invalid-cluster]: `https://********@host.example` is not a valid base URL: credentials do not belong in a URL: set VOUCHERIFY_MANAGEMENT_ID and VOUCHERIFY_MANAGEMENT_TOKEN
 --> team.yaml:3:10
  |
3 | cluster: https://********@host.example
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

error[invalid-ledger]: credentials do not belong in a URL
 --> team.yaml:4:9
  |
4 | ledger: s3://**********@bucket/x
  |         ^^^^^^^^^^^^^^^^^^^^^^^^
  |
help: pass them in the environment

2 problems in team.yaml
",
    );
}

#[test]
fn an_unknown_cluster() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
cluster: frankfurt
",
        r"
error[invalid-cluster]: unknown cluster `frankfurt`
 --> team.yaml:3:10
  |
3 | cluster: frankfurt
  |          ^^^^^^^^^
  |
help: use `api`, `us1`, `as1`, or a base URL such as `https://dedicated.voucherify.io`

1 problem in team.yaml
",
    );
}

#[test]
fn includes_that_lead_out() {
    check(
        r#"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
include: [/etc/x.yaml, ../x.yaml, a/../../x.yaml, 'a\b.yaml', 'C:x.yaml', '~/x.yaml', '[', "", "a\0b"]
"#,
        r#"
error[invalid-include]: `include` must be a relative path
 --> team.yaml:3:11
  |
3 | include: [/etc/x.yaml, ../x.yaml, a/../../x.yaml, 'a\b.yaml', 'C:x.yaml', '~/x.yaml', '[', "", "a\0b"]
  |           ^^^^^^^^^^^
  |
help: included files must be inside the team file's folder

error[invalid-include]: `include` must not contain `..`
 --> team.yaml:3:24
  |
3 | include: [/etc/x.yaml, ../x.yaml, a/../../x.yaml, 'a\b.yaml', 'C:x.yaml', '~/x.yaml', '[', "", "a\0b"]
  |                        ^^^^^^^^^
  |
help: included files must be inside the team file's folder

error[invalid-include]: `include` must not contain `..`
 --> team.yaml:3:35
  |
3 | include: [/etc/x.yaml, ../x.yaml, a/../../x.yaml, 'a\b.yaml', 'C:x.yaml', '~/x.yaml', '[', "", "a\0b"]
  |                                   ^^^^^^^^^^^^^^
  |
help: included files must be inside the team file's folder

error[invalid-include]: `include` must not contain backslashes
 --> team.yaml:3:51
  |
3 | include: [/etc/x.yaml, ../x.yaml, a/../../x.yaml, 'a\b.yaml', 'C:x.yaml', '~/x.yaml', '[', "", "a\0b"]
  |                                                   ^^^^^^^^^^
  |
help: use `/` between folders

error[invalid-include]: `include` must be a relative path
 --> team.yaml:3:63
  |
3 | include: [/etc/x.yaml, ../x.yaml, a/../../x.yaml, 'a\b.yaml', 'C:x.yaml', '~/x.yaml', '[', "", "a\0b"]
  |                                                               ^^^^^^^^^^
  |
help: included files must be inside the team file's folder

error[invalid-include]: `include` must be a relative path
 --> team.yaml:3:75
  |
3 | include: [/etc/x.yaml, ../x.yaml, a/../../x.yaml, 'a\b.yaml', 'C:x.yaml', '~/x.yaml', '[', "", "a\0b"]
  |                                                                           ^^^^^^^^^^
  |
help: included files must be inside the team file's folder

error[invalid-include]: invalid pattern
 --> team.yaml:3:87
  |
3 | include: [/etc/x.yaml, ../x.yaml, a/../../x.yaml, 'a\b.yaml', 'C:x.yaml', '~/x.yaml', '[', "", "a\0b"]
  |                                                                                       ^^^
  |
help: `*` matches any part of a name, `?` one character, `[ab]` one of these, `**` any folders

error[missing-value]: a pattern is empty
 --> team.yaml:3:92
  |
3 | include: [/etc/x.yaml, ../x.yaml, a/../../x.yaml, 'a\b.yaml', 'C:x.yaml', '~/x.yaml', '[', "", "a\0b"]
  |                                                                                            ^^

error[invalid-include]: `include` must not contain control characters
 --> team.yaml:3:96
  |
3 | include: [/etc/x.yaml, ../x.yaml, a/../../x.yaml, 'a\b.yaml', 'C:x.yaml', '~/x.yaml', '[', "", "a\0b"]
  |                                                                                                ^^^^^^
  |
help: rename the file

9 problems in team.yaml
"#,
    );
}

#[test]
fn anchors_aliases_and_merge_keys() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people:
  - &alex
    email: a@x.org
    first_name: A
    last_name: B
    projects: &all {storefront: USER}
  - <<: *alex
    email: b@x.org
    projects: *all
",
        r"
error[anchors-not-supported]: anchors (`&name`) are not supported in team files
 --> team.yaml:4:5
  |
4 |   - &alex
  |     ^^^^^
  |
help: define shared access once, under `groups`

error[anchors-not-supported]: anchors (`&name`) are not supported in team files
 --> team.yaml:8:15
  |
8 |     projects: &all {storefront: USER}
  |               ^^^^
  |
help: define shared access once, under `groups`

error[merge-keys-not-supported]: merge keys (`<<`) are not supported in team files
 --> team.yaml:9:5
  |
9 |   - <<: *alex
  |     ^^
  |
help: define shared access once, under `groups`

error[anchors-not-supported]: aliases (`*name`) are not supported in team files
 --> team.yaml:9:9
  |
9 |   - <<: *alex
  |         ^^^^^
  |
help: define shared access once, under `groups`

error[anchors-not-supported]: aliases (`*name`) are not supported in team files
  --> team.yaml:11:15
   |
11 |     projects: *all
   |               ^^^^
   |
help: define shared access once, under `groups`

5 problems in team.yaml
",
    );
}

#[test]
fn tags() {
    check(
        r"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
people: !!seq
  - {email: !!str a@x.org, first_name: ! A, last_name: B, projects: {storefront: !role USER}}
",
        r"
error[tags-not-supported]: tags (`!…`) are not supported in team files
 --> team.yaml:3:9
  |
3 | people: !!seq
  |         ^^^^^
  |
help: remove the tag

error[tags-not-supported]: tags (`!…`) are not supported in team files
 --> team.yaml:4:13
  |
4 |   - {email: !!str a@x.org, first_name: ! A, last_name: B, projects: {storefront: !role USER}}
  |             ^^^^^
  |
help: remove the tag

error[tags-not-supported]: tags (`!…`) are not supported in team files
 --> team.yaml:4:40
  |
4 |   - {email: !!str a@x.org, first_name: ! A, last_name: B, projects: {storefront: !role USER}}
  |                                        ^
  |
help: remove the tag

error[tags-not-supported]: tags (`!…`) are not supported in team files
 --> team.yaml:4:82
  |
4 |   - {email: !!str a@x.org, first_name: ! A, last_name: B, projects: {storefront: !role USER}}
  |                                                                                  ^^^^^
  |
help: remove the tag

4 problems in team.yaml
",
    );
}

#[test]
fn directives() {
    check(
        r"%YAML 1.2
---
version: 1
projects: {storefront: proj_1, loyalty: proj_2}
",
        r"
error[directives-not-supported]: directives (`%…`) are not supported in team files
 --> team.yaml:1:1
  |
1 | %YAML 1.2
  | ^
  |
help: remove this line

1 problem in team.yaml
",
    );
}

#[test]
fn several_documents() {
    check(
        r"---
version: 1
projects: {storefront: proj_1, loyalty: proj_2}
---
version: 1
",
        r"
error[multiple-documents]: a second YAML document starts here; a team file has one
 --> team.yaml:4:1
  |
4 | ---
  | ^^^
  |
help: move it to its own file and list that file under `include`

1 problem in team.yaml
",
    );
}

#[test]
fn explicit_and_complex_keys() {
    check(
        r"? version
: 1
projects: {? a : proj_1, [b]: proj_2, ?c: proj_3}
",
        r"
error[complex-key]: keys that start with `?` are not supported in team files
 --> team.yaml:1:3
  |
1 | ? version
  |   ^^^^^^^
  |
help: write `key: value`

error[complex-key]: keys that start with `?` are not supported in team files
 --> team.yaml:3:14
  |
3 | projects: {? a : proj_1, [b]: proj_2, ?c: proj_3}
  |              ^
  |
help: write `key: value`

error[complex-key]: a key must be text, not a list or mapping
 --> team.yaml:3:26
  |
3 | projects: {? a : proj_1, [b]: proj_2, ?c: proj_3}
  |                          ^

error[complex-key]: keys that start with `?` are not supported in team files
 --> team.yaml:3:39
  |
3 | projects: {? a : proj_1, [b]: proj_2, ?c: proj_3}
  |                                       ^^
  |
help: write `key: value`

4 problems in team.yaml
",
    );
}

#[test]
fn nesting() {
    check(
        r"a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
",
        r"
error[nested-too-deep]: lists and mappings are nested more than 32 levels deep
 --> team.yaml:1:36
  |
1 | a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
  |                                    ^

1 problem in team.yaml
",
    );
}

#[test]
fn nesting_in_blocks() {
    check(
        r"- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - 
",
        r"
error[nested-too-deep]: lists and mappings are nested more than 32 levels deep
 --> team.yaml:1:65
  |
1 | - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - 
  |                                                                 ^

1 problem in team.yaml
",
    );
}

#[test]
fn indentation() {
    check(
        r"version: 1
projects:
  a: proj_1
 b: proj_2
",
        r"
error[invalid-yaml]: inconsistent indentation
 --> team.yaml:4:2
  |
4 |  b: proj_2
  |  ^
  |
help: align the keys of a mapping, or the dashes of a list, in one column

1 problem in team.yaml
",
    );
}

#[test]
fn a_tab() {
    check(
        r"version: 1
projects:
	a: proj_1
",
        r"
error[invalid-yaml]: tabs are not allowed here
 --> team.yaml:3:2
  |
3 |  a: proj_1
  |  ^
  |
help: indent with spaces

1 problem in team.yaml
",
    );
}

#[test]
fn a_quote_without_end() {
    check(
        r#"version: 1
projects: {storefront: proj_1, loyalty: proj_2}
cluster: "us1
ledger: x
"#,
        r#"
error[invalid-yaml]: unclosed quote
 --> team.yaml:3:10
  |
3 | cluster: "us1
  |          ^

1 problem in team.yaml
"#,
    );
}

#[test]
fn brackets_without_end() {
    check(
        r"version: 1
projects: {a: proj_1
people: []
",
        r"
error[invalid-yaml]: expected `,` or `}` before this
 --> team.yaml:3:7
  |
3 | people: []
  |       ^

1 problem in team.yaml
",
    );
}

#[test]
fn the_wrong_bracket() {
    check(
        r"version: 1
projects: {a: proj_1]
",
        r"
error[invalid-yaml]: `{` is closed by `]`
 --> team.yaml:2:11
  |
2 | projects: {a: proj_1]
  |           ^

1 problem in team.yaml
",
    );
}

#[test]
fn a_colon_too_many() {
    check(
        r"version: 1
ledger: a: b
",
        r"
error[invalid-yaml]: unexpected `:`
 --> team.yaml:2:10
  |
2 | ledger: a: b
  |          ^
  |
help: put text that contains `: ` in quotes, or check the indentation of this line

1 problem in team.yaml
",
    );
}

#[test]
fn unknown_escape_sequences() {
    check(
        r#"version: 1
ledger: "a\d"
"#,
        r#"
error[invalid-yaml]: unknown escape sequence
 --> team.yaml:2:9
  |
2 | ledger: "a\d"
  |         ^
  |
help: use `\\` for a backslash in double quotes, or use single quotes

1 problem in team.yaml
"#,
    );
}

#[test]
fn a_reserved_character() {
    check(
        r"version: 1
ledger: @a
",
        r"
error[invalid-yaml]: a value cannot start with `@`
 --> team.yaml:2:9
  |
2 | ledger: @a
  |         ^
  |
help: put the text in quotes

1 problem in team.yaml
",
    );
}

#[test]
fn an_empty_file() {
    check(
        "",
        r"
error[empty-file]: the file is empty
 --> team.yaml:1:1
  |
1 |
  | ^

1 problem in team.yaml
",
    );
}

#[test]
fn comments_alone() {
    check(
        r"# nothing yet
",
        r"
error[empty-file]: the file is empty
 --> team.yaml:1:1
  |
1 | # nothing yet
  | ^

1 problem in team.yaml
",
    );
}

#[test]
fn a_list() {
    check(
        r"- a
",
        r"
error[wrong-type]: a team file must be a mapping (`key: value` lines), not a list
 --> team.yaml:1:3
  |
1 | - a
  |   ^

1 problem in team.yaml
",
    );
}

#[test]
fn a_text() {
    check(
        r"just text
",
        r"
error[wrong-type]: a team file must be a mapping (`key: value` lines), not text
 --> team.yaml:1:1
  |
1 | just text
  | ^^^^^^^^^

1 problem in team.yaml
",
    );
}

#[test]
fn text_without_end() {
    check(
        &format!(
            "version: 1\nprojects: {{storefront: proj_1, loyalty: proj_2}}\nledger: {}\n",
            "x".repeat(5_000)
        ),
        r"
error[too-long]: text is longer than 4096 bytes
 --> team.yaml:3:9
  |
3 | ledger: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
  |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

1 problem in team.yaml
",
    );
}
