//! The schemas of single values: addresses, days, ids, names. The patterns are written so that the
//! regular expressions of JavaScript, Python and Rust all read them alike: no look-around, no classes.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::model::Role;

/// What no name may hold: control characters, and those that hide or reorder text.
const ACTIVE: &str =
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb";
/// A letter or digit of a domain: ASCII ones, and everything that is not ASCII.
const LETTER: &str = r"[^\x00-/:-@\[-`{-\x7f]";
/// The same, or a hyphen.
const LETTER_OR_HYPHEN: &str = r"[^\x00-,./:-@\[-`{-\x7f]";

fn email() -> String {
    let atom = format!(r#"[^\s@.()<>,;:"\[\]\\{ACTIVE}]+"#);
    let label = format!("{LETTER}(?:{LETTER_OR_HYPHEN}*{LETTER})?");
    format!(r"^{atom}(?:\.{atom})*@{label}(?:\.{label})+$")
}

/// Something in it, and nothing that a terminal would obey.
fn name() -> String {
    format!(r"^[^{ACTIVE}]*[^\s{ACTIVE}][^{ACTIVE}]*$")
}

/// What can stand in a URL; not `.` and not `..`.
fn id() -> String {
    let c = format!(r"[^\s/?#%\\{ACTIVE}]");
    let no_dot = format!(r"[^\s/?#%\\.{ACTIVE}]");
    format!(r"^(?:{c}*{no_dot}{c}*|\.\.\.+)$")
}

macro_rules! leaves {
    ($($(#[doc = $doc:literal])* $name:ident = $schema:tt)+) => {$(
        $(#[doc = $doc])*
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}

leaves! {
    /// An email address.
    Email = {
        "description": "An email address.",
        "type": "string",
        "maxLength": 254,
        "pattern": email(),
        "examples": ["alex.doe@example.com"],
    }
    /// A name for people.
    Name = {
        "type": "string",
        "maxLength": 200,
        "pattern": name(),
        "examples": ["Alex"],
    }
    /// A day.
    Date = {
        "description": "A date (UTC) as YYYY-MM-DD.",
        "type": "string",
        "format": "date",
        "pattern": "^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$",
        "examples": ["2026-12-01"],
    }
    /// What the file calls a project.
    ProjectAlias = {
        "description": "The alias of the project in this file.",
        "type": "string",
        "maxLength": 200,
        "pattern": name(),
        "examples": ["storefront"],
    }
    /// A project's id.
    ProjectId = {
        "description": "A project id.",
        "type": "string",
        "maxLength": 128,
        "pattern": id(),
        "examples": ["proj_9KeAhZB1"],
    }
    /// An alias or an id of a project.
    ProjectReference = {
        "description": "The alias of a project under `projects`, or its id.",
        "type": "string",
        "maxLength": 200,
        "pattern": name(),
        "examples": ["storefront", "proj_9KeAhZB1"],
    }
    /// What the file calls a custom role.
    RoleAlias = {
        "description": "The alias of the role in this file; not the name of a predefined role.",
        "type": "string",
        "maxLength": 200,
        "pattern": name(),
        "not": { "enum": Role::PREDEFINED },
        "examples": ["campaign-manager"],
    }
    /// A custom role's id.
    RoleId = {
        "description": "The id of a custom role.",
        "type": "string",
        "maxLength": 128,
        "pattern": id(),
        "not": { "enum": Role::PREDEFINED },
        "examples": ["role_XyZ7aB9cD2eF4gH1iJ0kL5mN6oP8qR3s"],
    }
    /// A role that is given.
    RoleReference = {
        "description": "A predefined role, the alias of a custom one under `roles`, or its id.",
        "anyOf": [
            { "enum": Role::PREDEFINED },
            { "type": "string", "maxLength": 200, "pattern": name() },
        ],
        "examples": ["USER", "campaign-manager"],
    }
    /// A group's name.
    GroupName = {
        "description": "A group name.",
        "type": "string",
        "maxLength": 200,
        "pattern": name(),
        "examples": ["marketing"],
    }
    /// Where the organization is.
    Cluster = {
        "anyOf": [
            { "enum": ["api", "us1", "as1"] },
            { "type": "string", "pattern": r"^[Hh][Tt][Tt][Pp][Ss]://[^\s@?#/]+[^\s@?#]*$" },
            {
                "type": "string",
                "pattern": r"^[Hh][Tt][Tt][Pp]://(?:[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]|127\.[0-9.]+|\[::1\])(?::[0-9]*)?(?:/[^\s@?#]*)?$",
            },
        ],
        "default": "api",
        "examples": ["us1", "https://voucherify.example.com"],
    }
    /// Where the ledger is.
    LedgerPlace = {
        "type": "string",
        "maxLength": 200,
        "pattern": name(),
        "anyOf": [
            { "pattern": "^(?:s3|az)://[^/@]*(?:/|$)" },
            { "not": { "pattern": "://|^/|(?:^|/)\\.\\.(?:/|$)|(?:^|/)\\.guestlist/sandbox/*$" } },
        ],
        "default": ".guestlist",
        "examples": [".guestlist"],
    }
    /// How much may be taken away.
    MaxRemovals = {
        "anyOf": [
            { "type": "integer", "minimum": 0, "maximum": u32::MAX },
            { "type": "string", "pattern": "^(?:0*(?:[0-9]|[1-9][0-9]|100)%|[0-9]{1,9})$" },
        ],
        "examples": ["10%", 5],
    }
    /// Who is protected.
    ProtectPattern = {
        "type": "string",
        "maxLength": 200,
        "pattern": format!(r"^[^\s{ACTIVE}]*[@*][^\s{ACTIVE}]*$"),
        "examples": ["*@agency.example"],
    }
    /// Further files.
    IncludePattern = {
        "type": "string",
        "pattern": name(),
        "not": {
            "anyOf": [
                { "description": "backslashes", "pattern": r"\\" },
                { "description": "absolute paths", "pattern": "^(?:[/~]|.:|.*://)" },
                { "description": "paths outside the folder", "pattern": r"(?:^|/)\.\.(?:/|$)" },
            ],
        },
        "examples": ["people/*.yaml"],
    }
}
