//! The schema and the parser agree: the same keys, and the same values as far as a schema can express that.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use proptest::prelude::*;
use serde_json::Value;

use crate::desired;
use crate::model::{Email, Role};
use crate::team_file::{self, Problems, Sources, keys, schema};

struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn new(schema: &str) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        let schema = serde_json::from_str(schema).expect("JSON");
        compiler.add_resource("guestlist.json", schema).expect("a resource");
        let index = compiler.compile("guestlist.json", &mut schemas).expect("a schema");
        Self { schemas, index }
    }

    fn check(&self, yaml: &str) -> Result<(), String> {
        let value: Value = serde_yaml::from_str(yaml).map_err(|error| error.to_string())?;
        self.schemas.validate(&value, self.index).map_err(|error| format!("{error:#}"))
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn is_valid_team_file(yaml: &str) -> bool {
    let (mut sources, mut problems) = (Sources::default(), Problems::default());
    let file = sources.add("team.yaml", yaml.as_bytes().to_vec(), &mut problems);
    let written = team_file::parse_root(&sources, file, &mut problems);
    desired::resolve(&written, &[], desired::Terms::on(jiff::civil::date(2026, 11, 23)), problems).is_ok()
}

#[test]
fn keys_are_those_that_the_parser_takes() {
    fn check(schema: &Value, known: &[&str]) {
        let properties = schema["properties"].as_object().expect("properties");
        let properties: BTreeSet<_> = properties.keys().map(String::as_str).collect();
        assert_eq!(properties, known.iter().copied().collect());
        assert_eq!(schema["additionalProperties"], false);
    }
    let team: Value = serde_json::from_str(schema::TEAM_FILE).expect("JSON");
    let included: Value = serde_json::from_str(schema::INCLUDED_FILE).expect("JSON");
    check(&team, &keys::TEAM_FILE);
    check(&included, &keys::INCLUDED_FILE);
    check(&team["$defs"]["Project"], &keys::PROJECT);
    check(&team["$defs"]["Person"], &keys::PERSON);
    check(&team["$defs"]["Role"], &keys::ROLE);
    check(&team["$defs"]["Policy"], &keys::POLICY);
    check(&team["$defs"]["AddressRule"], &keys::ADDRESS_RULE);
    check(&team["$defs"]["FileRule"], &keys::FILE_RULE);
}

#[test]
fn every_key_is_described_and_every_value_has_an_example() {
    fn walk(at: &str, value: &Value, missing: &mut Vec<String>) {
        if let Some(properties) = value["properties"].as_object().filter(|_| value["type"] == "object") {
            for (key, property) in properties {
                if property["description"].as_str().is_none_or(str::is_empty) {
                    missing.push(format!("{at}.{key} has no description"));
                }
            }
        }
        if value["type"] == "string" && value["pattern"].is_string() && value["examples"].is_null() {
            missing.push(format!("{at} has a pattern and no example"));
        }
    }
    let mut missing = Vec::new();
    for text in [schema::TEAM_FILE, schema::INCLUDED_FILE] {
        let schema: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        walk("the file", &schema, &mut missing);
        for (name, definition) in schema["$defs"].as_object().expect("definitions") {
            walk(name, definition, &mut missing);
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn both_schemas_define_the_same_things() {
    let team: Value = serde_json::from_str(schema::TEAM_FILE).expect("JSON");
    let included: Value = serde_json::from_str(schema::INCLUDED_FILE).expect("JSON");
    for (name, definition) in included["$defs"].as_object().expect("definitions") {
        assert_eq!(*definition, team["$defs"][name], "{name}");
    }
    for (key, property) in included["properties"].as_object().expect("properties") {
        assert_eq!(property["$ref"], team["properties"][key]["$ref"], "{key}");
    }
}

#[test]
fn predefined_roles_are_those_of_the_model() {
    let team: Value = serde_json::from_str(schema::TEAM_FILE).expect("JSON");
    let predefined = serde_json::to_value(Role::PREDEFINED).expect("JSON");
    for (definition, place) in
        [("RoleReference", "/anyOf/0/enum"), ("RoleAlias", "/not/enum"), ("RoleId", "/not/enum")]
    {
        assert_eq!(team["$defs"][definition].pointer(place), Some(&predefined), "{definition}");
    }
}

#[test]
fn every_example_is_valid() {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
                found.push(path);
            }
        }
    }
    let mut files = vec![root().join("team.example.yaml")];
    walk(&root().join("examples"), &mut files);
    let (team, included) = (Validator::new(schema::TEAM_FILE), Validator::new(schema::INCLUDED_FILE));
    let mut validated = 0;
    for file in files {
        let text = fs::read_to_string(&file).expect("a file");
        // The first line may name the schema; otherwise the keys show which kind of file it is.
        let named = text.lines().next().and_then(|line| line.split_once("$schema="));
        if let Some((_, schema)) = named {
            let named = file.parent().expect("a folder").join(schema.trim());
            assert!(named.exists(), "{} names a schema that is not there", file.display());
        }
        let value: Value = serde_yaml::from_str(&text).expect("YAML");
        let Some(keys) = value.as_object() else { continue };
        let is_included = keys.keys().all(|key| keys::INCLUDED_FILE.contains(&key.as_str()));
        if !is_included && !keys.contains_key("version") {
            continue;
        }
        if let Some((_, schema)) = named {
            assert_eq!(schema.contains("included"), is_included, "{}", file.display());
        }
        let validator = if is_included { &included } else { &team };
        let result = validator.check(&text);
        assert!(result.is_ok(), "{}: {result:?}", file.display());
        validated += 1;
    }
    assert!(validated >= 5, "only {validated} examples");
}

/// A team file with some lines.
fn team(lines: &str) -> String {
    let rest = ["version", "projects"]
        .into_iter()
        .zip(["version: 1\n", "projects: {shop: proj_1}\n"])
        .filter(|(key, _)| !lines.lines().any(|line| line.starts_with(&format!("{key}:"))))
        .map(|(_, line)| line);
    rest.chain([lines]).collect()
}

fn person(fields: &str) -> String {
    team(&format!("people: [{{{fields}}}]"))
}

#[test]
fn the_schema_and_guestlist_accept_the_same() {
    let validator = Validator::new(schema::TEAM_FILE);
    for text in [
        team(""),
        team("cluster: us1"),
        team("cluster: https://voucherify.example.com/base"),
        team("cluster: http://127.0.0.1:8080"),
        team("cluster: http://[::1]:8080"),
        team("ledger: records/state"),
        team("ledger: s3://bucket/prefix"),
        team("projects: {shop: {id: proj_1, name: The shop}}"),
        team("policy: {prune: people, max_removals: 100%, keep_admins: 0, protect: ['*@agency.example']}"),
        team("policy: {max_removals: 7}"),
        team("policy: {addresses: [], files: []}"),
        team(
            "policy: {addresses: [{match: '*@x.org', projects: [shop], roles: [ADMIN], until: 99999d}, {match: a@b}]}",
        ),
        team("policy: {files: [{match: people/*.yaml, projects: [], roles: []}]}"),
        team("groups: {readers: {shop: {role: USER, until: 2026-12-24, then: VIEWER, reason: holidays}}}"),
        team("policy: {max_removals: '7'}"),
        team("policy: {max_removals: 0%}"),
        team("policy: {max_removals: 999999999, max_new_admins: 999999999, keep_admins: 999999999}"),
        team("groups: {readers: {}}"),
        team("roles: {manager: role_1}"),
        person("email: o'neil+x@sub.example.co, first_name: Zoë, last_name: 東, projects: {proj_1: ADMIN}"),
        person(
            "email: a@x.org, first_name: A, last_name: B, projects: {shop: {role: USER, from: 2026-12-01}}, reason: x, review_by: 2027-01-31",
        ),
        person(
            "email: 用户@例子.公司, first_name: A, last_name: B, projects: {shop: role_2}, until: 2028-02-29",
        ),
    ] {
        assert_eq!(validator.check(&text), Ok(()), "{text}");
        assert!(is_valid_team_file(&text), "{text}");
    }
}

#[test]
fn the_schema_and_guestlist_reject_the_same() {
    let validator = Validator::new(schema::TEAM_FILE);
    let rest = "first_name: A, last_name: B, projects: {shop: USER}";
    let mut wrong: Vec<String> = [
        "version: 2",
        "version: '1'",
        "projects: {}",
        "projects: [shop]",
        "projects: {shop: ''}",
        "projects: {shop: null}",
        "projects: {shop: a/b}",
        "projects: {shop: ..}",
        "projects: {shop: {name: The shop}}",
        "projects: {shop: 123}",
        "projects: {shop: {id: proj_1, name: true}}",
        "projects: {shop: {id: proj_1, title: The shop}}",
        "roles: {ADMIN: role_1}",
        "roles: {manager: ADMIN}",
        "roles: {manager: role 1}",
        "groups: [readers]",
        "groups: {readers: [shop]}",
        "groups: {readers: {shop: null}}",
        "people: {alex: {}}",
        "people: [alex]",
        "roles: {manager: 7}",
        "cluster: us2",
        "cluster: ''",
        "cluster: http://voucherify.example.com",
        "cluster: https://id:token@voucherify.example.com",
        "cluster: https://voucherify.example.com?x",
        "ledger: https://example.com/ledger",
        "ledger: gs://bucket/prefix",
        "ledger: ../state",
        "ledger: /state",
        "ledger: a/../../b",
        "ledger: .guestlist/sandbox",
        "ledger: s3://id:token@bucket/x",
        "ledger: ''",
        "policy: {prune: all}",
        "policy: {max_removals: 101%}",
        "policy: {max_removals: -1}",
        "policy: {max_removals: 1.5}",
        "policy: {max_removals: 10 %}",
        "policy: {keep_admins: -1}",
        "policy: {keep_admins: '1'}",
        "policy: {keep_admins: 5000000000}",
        "policy: {max_new_admins: 1000000000}",
        "policy: {max_removals: 1000000000}",
        "policy: {max_removals: '4000000000'}",
        "policy: {max_removals: '010'}",
        "policy: {max_removals: 010%}",
        "policy: {max_removals: ''}",
        "policy: {max_removals: '%'}",
        "policy: {protect: [7]}",
        "include: [7]",
        "policy: {protect: agency.example}",
        "policy: {protect: ['agency.example']}",
        "policy: {protect: ['* @agency.example']}",
        "policy: {keep: 1}",
        "policy: {addresses: {match: '*@x.org'}}",
        "policy: {addresses: ['*@x.org']}",
        "policy: {addresses: [{projects: [shop]}]}",
        "policy: {addresses: [{match: x.org}]}",
        "policy: {addresses: [{match: '*'}]}",
        "policy: {addresses: [{match: '*@a@b'}]}",
        "policy: {addresses: [{match: '*@x.org', roles: USER}]}",
        "policy: {addresses: [{match: '*@x.org', until: 180}]}",
        "policy: {addresses: [{match: '*@x.org', until: 0d}]}",
        "policy: {addresses: [{match: '*@x.org', until: 100000d}]}",
        "policy: {addresses: [{match: '*@x.org', until: 2027-01-01}]}",
        "policy: {addresses: [{match: '*@x.org', files: []}]}",
        "policy: {files: [{match: ../x.yaml}]}",
        "policy: {files: [{match: /x.yaml}]}",
        "policy: {files: [{match: x.yaml, until: 180d}]}",
        "groups: {readers: {shop: {until: 2026-12-24}}}",
        "groups: {readers: {shop: {role: USER, then: VIEWER}}}",
        "groups: {readers: {shop: {role: USER, until: 24.12.2026}}}",
        "groups: {readers: {shop: {role: USER, reason: ''}}}",
        "groups: {readers: {shop: {role: USER, why: holidays}}}",
        "groups: {readers: {shop: [USER]}}",
        "include: people/*.yaml",
        "include: [/etc/people.yaml]",
        "include: [~/people.yaml]",
        "include: ['c:/people.yaml']",
        "include: [../people.yaml]",
        "include: [people/../../x.yaml]",
        "include: ['people\\x.yaml']",
        "include: ['https://example.com/x.yaml']",
        "members: []",
    ]
    .into_iter()
    .map(team)
    .collect();
    wrong.extend(
        [
            "first_name: A, last_name: B, projects: {shop: USER}",
            "email: a@example.com, last_name: B, projects: {shop: USER}",
            "email: a@example.com, first_name: A, projects: {shop: USER}",
            "email: a@example.com, first_name: A, last_name: B",
            "email: a@example.com, first_name: A, last_name: B, projects: {}, groups: []",
            "email: a@example.com, first_name: '', last_name: B, projects: {shop: USER}",
            "email: a@example.com, first_name: ' ', last_name: B, projects: {shop: USER}",
            "email: a@example.com, first_name: 7, last_name: B, projects: {shop: USER}",
            "email: a@example.com, first_name: A, last_name: true, projects: {shop: USER}",
            "email: a@example.com, first_name: A, last_name: B, projects: {shop: 7}",
            "email: a@example.com, first_name: A, last_name: B, projects: {shop: USER}, groups: [1]",
            "email: a@example.com, first_name: A, last_name: \"B\\e[1m\", projects: {shop: USER}",
            "email: a@example.com, first_name: A, last_name: B, projects: [shop]",
            "email: a@example.com, first_name: A, last_name: B, projects: {shop: USER}, reason: 7",
            "email: a@example.com, first_name: A, last_name: B, projects: {shop: USER}, review_by: soon",
            "email: a@example.com, first_name: A, last_name: B, role: USER, projects: {shop: USER}",
        ]
        .map(person),
    );
    for email in ["alex", "@example.com", "alex@example", "a b@example.com", "a@b@example.com", "a.@x.co"] {
        wrong.push(person(&format!("email: '{email}', {rest}")));
    }
    for day in ["2026-13-01", "2026-02-30", "2026-1-1", "01.12.2026", "tomorrow", "2026-12-01T00:00:00Z"] {
        wrong.push(person(&format!("email: a@example.com, {rest}, until: '{day}'")));
    }
    wrong.push("projects: {shop: proj_1}".to_owned());
    wrong.push("version: 1".to_owned());
    wrong.push("[]".to_owned());
    for text in wrong {
        assert!(validator.check(&text).is_err(), "the schema takes\n{text}");
        assert!(!is_valid_team_file(&text), "guestlist takes\n{text}");
    }
}

static TEAM: LazyLock<Validator> = LazyLock::new(|| Validator::new(schema::TEAM_FILE));

proptest! {
    /// Other readers of YAML take some unquoted words for numbers or booleans, which the schema rejects. One that
    /// has leading zeros is text or a number, depending on the reader.
    #[test]
    fn the_schema_and_guestlist_agree_on_unquoted_words(
        word in "[-+.]?[0-9]{1,3}([.][0-9]{0,2})?([eE][-+]?[0-9]{1,2})?|[-+.]?[0-9a-fxo.eEinfN]{1,6}|[Tt]rue|FALSE|[Yy]es|N",
    ) {
        let leading_zeros = word.trim_start_matches(['+', '-']).strip_prefix('0');
        prop_assume!(!leading_zeros.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())));
        let file = person(&format!("email: a@example.com, first_name: {word}, last_name: B, projects: {{shop: USER}}"));
        prop_assert_eq!(TEAM.check(&file).is_ok(), is_valid_team_file(&file), "{}", file);
    }

    /// What the pattern says of an address is what guestlist says, but for the length in bytes and for
    /// characters that hide text.
    #[test]
    fn the_schema_and_guestlist_agree_on_addresses(text in "[a-c.@ é\\-_+,A1]{0,12}|[a-c.é-]{1,6}@[a-c.é-]{1,9}") {
        let text_in_quotes = text.replace('\'', "''");
        let file = person(&format!(
            "email: '{text_in_quotes}', first_name: A, last_name: B, projects: {{shop: USER}}"
        ));
        prop_assert_eq!(TEAM.check(&file).is_ok(), Email::parse(&text).is_ok(), "{}", file);
    }
}
