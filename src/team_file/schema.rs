//! The JSON Schema of the files, for editors. It says every rule that a schema can say; what it cannot
//! say (names that must exist, who is protected, the calendar) is for `guestlist validate`.
//!
//! The types here have the shape of the YAML and are never built: schemars reads them. A test holds
//! their keys against those that the parser takes.
#![expect(dead_code, reason = "schemars reads the shape of these types; nobody builds them")]

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::schema_leaves::{
    Cluster, Date, Email, GroupName, IncludePattern, LedgerPlace, MaxRemovals, Name, ProjectAlias, ProjectId,
    ProjectReference, ProtectPattern, RoleAlias, RoleId, RoleReference,
};

/// The schema of a team file, as pretty JSON.
#[must_use]
pub fn of_team_file() -> String {
    generate::<TeamFile>()
}

/// The schema of a file that a team file includes, as pretty JSON.
#[must_use]
pub fn of_included_file() -> String {
    generate::<IncludedFile>()
}

fn generate<T: JsonSchema>() -> String {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(without_null));
    let schema = settings.into_generator().into_root_schema_for::<T>();
    // A tree of strings and numbers cannot fail to serialize.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// A key that may be left out may not be written without a value.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(choices)) = schema.get_mut("anyOf") else { return };
    choices.retain(|choice| choice["type"] != "null");
    if let [Value::Object(only)] = choices.as_slice() {
        let only = only.clone();
        schema.remove("anyOf");
        for (key, value) in only {
            schema.ensure_object().entry(key).or_insert(value);
        }
    }
}

/// Who works in which Voucherify project, and as what.
#[derive(JsonSchema)]
#[schemars(title = "guestlist team file", deny_unknown_fields)]
struct TeamFile {
    /// The version of the format. There is one.
    #[schemars(extend("const" = 1))]
    version: u8,
    /// The cluster on which the organization is: `api` (Europe, the default), `us1`, `as1`, or the base
    /// URL of a dedicated installation under `voucherify.io`. Any other host has to be named with `--endpoint`.
    cluster: Option<Cluster>,
    /// Where guestlist records its calls: a folder inside the one of this file (`.guestlist` where left
    /// out). The format knows `s3://…` and `az://…`, which this version cannot write to yet.
    ledger: Option<LedgerPlace>,
    /// The managed projects: what this file calls them, and their ids. No other project is ever read,
    /// shown or changed.
    projects: Projects,
    /// The custom roles: what this file calls them, and their ids.
    roles: Option<Roles>,
    /// Access that several people share.
    groups: Option<Groups>,
    /// Everyone who is to have access.
    people: Option<Vec<Person>>,
    /// How far guestlist may go in taking access away.
    policy: Option<Policy>,
    /// Further files, each with people, groups, or both; patterns from the folder of this file.
    include: Option<Vec<IncludePattern>>,
}

/// People and groups of a team, in a file of their own.
#[derive(JsonSchema)]
#[schemars(title = "guestlist included file", deny_unknown_fields)]
struct IncludedFile {
    /// Everyone who is to have access.
    people: Option<Vec<Person>>,
    /// Access that several people share; usable in every file.
    groups: Option<Groups>,
}

/// A project that is more than an id.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Project {
    /// The id of the project.
    id: ProjectId,
    /// Its name for people.
    name: Option<Name>,
}

/// A person and the access they are to have, from groups, from `projects`, or from both.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    {"required": ["groups"], "properties": {"groups": {"minItems": 1}}},
    {"required": ["projects"], "properties": {"projects": {"minProperties": 1}}},
]))]
struct Person {
    /// The address that is invited, and the login. Compared without case, sent as written.
    email: Email,
    /// Given name; the service asks for it.
    first_name: Name,
    /// Family name; the service asks for it.
    last_name: Name,
    /// The groups the person is in.
    groups: Option<Vec<GroupName>>,
    /// The person's own access. It wins over what groups give.
    projects: Option<Grants>,
    /// Not invited before this day (UTC).
    from: Option<Date>,
    /// The last day of access (UTC), not before `from`.
    until: Option<Date>,
}

/// How far guestlist may go in taking access away.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Policy {
    /// What is taken away besides what the file itself says.
    #[schemars(extend("default" = "none"))]
    prune: Option<Prune>,
    /// How much may be taken away at once, per project and for the whole plan: a percentage of the
    /// members, or a number.
    #[schemars(extend("default" = "10%"))]
    max_removals: Option<MaxRemovals>,
    /// How many people may become ADMIN in one plan, invitations included.
    #[schemars(extend("default" = 5))]
    max_new_admins: Option<u32>,
    /// How many members with ADMIN every managed project keeps at least.
    #[schemars(extend("default" = 1))]
    keep_admins: Option<u32>,
    /// Addresses, with `*` for any characters, that are never changed, never removed, and may not be
    /// listed under `people`.
    #[schemars(length(max = 1000))]
    protect: Option<Vec<ProtectPattern>>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
enum Prune {
    /// Nothing.
    None,
    /// Roles in managed projects that a listed person has and the file does not give.
    Roles,
    /// These, and every role in managed projects of people whom the file does not list.
    People,
}

/// A mapping whose keys are names: `$key` → `$value`.
macro_rules! mapping {
    ($name:ident, $key:ty, $value:ty, $least:literal) => {
        struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "object",
                    "minProperties": $least,
                    "propertyNames": generator.subschema_for::<$key>(),
                    "additionalProperties": generator.subschema_for::<$value>(),
                })
            }
        }
    };
}

mapping!(Projects, ProjectAlias, ProjectEntry, 1);
mapping!(Roles, RoleAlias, RoleId, 0);
mapping!(Groups, GroupName, Grants, 0);
mapping!(Grants, ProjectReference, RoleReference, 0);

struct ProjectEntry;

impl JsonSchema for ProjectEntry {
    fn schema_name() -> Cow<'static, str> {
        "ProjectEntry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [generator.subschema_for::<ProjectId>(), generator.subschema_for::<Project>()] })
    }
}
