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

/// Optional keys must have a value if present.
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

/// The people of a Voucherify organization and their role in each project.
#[derive(JsonSchema)]
#[schemars(title = "guestlist team file", deny_unknown_fields)]
struct TeamFile {
    /// The format version; always 1.
    #[schemars(extend("const" = 1))]
    version: u8,
    /// The organization's cluster: `api` (Europe, the default), `us1`, `as1`, or the base URL of a dedicated
    /// installation under `voucherify.io`. For any other host, pass `--endpoint`.
    cluster: Option<Cluster>,
    /// Where guestlist records its calls: a folder inside this file's folder (default: `.guestlist`).
    /// `s3://…` and `az://…` are valid but not supported by this version.
    ledger: Option<LedgerPlace>,
    /// The managed projects, alias: project id. No other project is ever read, shown or changed.
    projects: Projects,
    /// The custom roles, alias: role id.
    roles: Option<Roles>,
    /// Shared access.
    groups: Option<Groups>,
    /// Everyone who should have access.
    people: Option<Vec<Person>>,
    /// Limits on what guestlist may change.
    policy: Option<Policy>,
    /// More files with people, groups, or both: patterns relative to this file's folder.
    include: Option<Vec<IncludePattern>>,
}

/// People and groups of a team, in a separate file.
#[derive(JsonSchema)]
#[schemars(title = "guestlist included file", deny_unknown_fields)]
struct IncludedFile {
    /// Everyone who should have access.
    people: Option<Vec<Person>>,
    /// Shared access, usable in every file.
    groups: Option<Groups>,
}

/// A project with an id and a name.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Project {
    /// The project id.
    id: ProjectId,
    /// The display name.
    name: Option<Name>,
}

/// A person and their access, from groups, from `projects`, or from both.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    {"required": ["groups"], "properties": {"groups": {"minItems": 1}}},
    {"required": ["projects"], "properties": {"projects": {"minProperties": 1}}},
]))]
struct Person {
    /// The address to invite, and the login. Compared case-insensitively, sent as written.
    email: Email,
    /// Given name; required by the service.
    first_name: Name,
    /// Family name; required by the service.
    last_name: Name,
    /// The person's groups.
    groups: Option<Vec<GroupName>>,
    /// The person's own access; it wins over groups.
    projects: Option<Grants>,
    /// Not invited before this day (UTC).
    from: Option<Date>,
    /// The last day of access (UTC), not before `from`.
    until: Option<Date>,
}

/// Limits on what guestlist may change.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Policy {
    /// The access to remove besides what the file itself says.
    #[schemars(extend("default" = "none"))]
    prune: Option<Prune>,
    /// The most removals, per project and for the whole plan: a percentage of the members, or a number.
    #[schemars(extend("default" = "10%"))]
    max_removals: Option<MaxRemovals>,
    /// The most people who become ADMIN in one plan, including invitations.
    #[schemars(extend("default" = 5))]
    max_new_admins: Option<u32>,
    /// The fewest ADMIN members of every managed project.
    #[schemars(extend("default" = 1))]
    keep_admins: Option<u32>,
    /// Addresses that are never changed or removed, and cannot be listed under `people`; `*` matches any
    /// characters.
    #[schemars(length(max = 1000))]
    protect: Option<Vec<ProtectPattern>>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
enum Prune {
    /// Nothing.
    None,
    /// Roles of listed people in managed projects that are not in the file.
    Roles,
    /// These, and all roles in managed projects of people who are not in the file.
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
