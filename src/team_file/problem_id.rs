//! The stable ids of problems in a team file, one for each rule. `docs/errors.md` explains each with an example.

use std::fmt;

/// The rule that a problem breaks.
macro_rules! ids {
    ($(#[doc = $summary:literal] $name:ident = $id:literal,)+) => {
        /// A rule for team files. Its id is stable: scripts and documentation refer to it.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum ProblemId {
            $(#[doc = $summary] $name,)+
        }

        impl ProblemId {
            /// All ids, in the order of `docs/errors.md`.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The id in kebab case.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)+
                }
            }

            /// The problem in one sentence.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self {
                    $(Self::$name => $summary.trim_ascii(),)+
                }
            }
        }
    };
}

ids! {
    /// A file is larger than guestlist reads, or has too many lines, keys or values.
    FileTooLarge = "file-too-large",
    /// A file is not text in UTF-8.
    NotUtf8 = "not-utf8",
    /// A file has a line break that only some programs recognize.
    UnusualLineBreak = "unusual-line-break",
    /// A file has no content.
    EmptyFile = "empty-file",

    /// A file is not valid YAML.
    InvalidYaml = "invalid-yaml",
    /// Lists and mappings are too deeply nested.
    NestedTooDeep = "nested-too-deep",
    /// Anchors (`&name`) and aliases (`*name`) are not supported.
    AnchorsNotSupported = "anchors-not-supported",
    /// Merge keys (`<<`) are not supported.
    MergeKeysNotSupported = "merge-keys-not-supported",
    /// Tags (`!name`) are not supported.
    TagsNotSupported = "tags-not-supported",
    /// Directives (`%NAME`) are not supported.
    DirectivesNotSupported = "directives-not-supported",
    /// A file has more than one YAML document.
    MultipleDocuments = "multiple-documents",
    /// A key is not plain text: a list, a mapping, or written with `?`.
    ComplexKey = "complex-key",

    /// A key is empty or null.
    EmptyKey = "empty-key",
    /// A mapping contains the same key twice.
    DuplicateKey = "duplicate-key",
    /// A mapping has a key that is not defined.
    UnknownKey = "unknown-key",
    /// An included file has a key that is only allowed in the team file.
    MisplacedKey = "misplaced-key",
    /// A required key is missing.
    MissingKey = "missing-key",
    /// A value is missing, null or empty.
    MissingValue = "missing-value",
    /// A value has the wrong type for its key.
    WrongType = "wrong-type",
    /// A text or name is too long.
    TooLong = "too-long",
    /// A file or name has a control character.
    ControlCharacter = "control-character",

    /// `version` is not `1`.
    UnsupportedVersion = "unsupported-version",
    /// `cluster` is not the name of a cluster or a valid base URL.
    InvalidCluster = "invalid-cluster",
    /// `ledger` is not a location that a team file can name.
    InvalidLedger = "invalid-ledger",
    /// `ledger` leads out of the team file's folder.
    LedgerOutsideFolder = "ledger-outside-folder",

    /// `projects` is empty.
    NoProjects = "no-projects",
    /// An id has characters that ids do not have, or is a predefined role.
    InvalidId = "invalid-id",
    /// A project or role has two aliases.
    TwoAliases = "two-aliases",
    /// The alias of a project is the id of another project.
    AmbiguousAlias = "ambiguous-alias",
    /// The alias of a role is a predefined role or looks like an id.
    ReservedAlias = "reserved-alias",

    /// A group is defined twice.
    DuplicateGroup = "duplicate-group",
    /// A project is listed twice in one place, by its alias and by its id.
    DuplicateProject = "duplicate-project",
    /// A project is not defined under `projects`.
    UnknownProject = "unknown-project",
    /// A role is not predefined and not defined under `roles`.
    UnknownRole = "unknown-role",
    /// A group is not defined under `groups` of any file.
    UnknownGroup = "unknown-group",
    /// Groups and people grant too many roles in total.
    TooManyRoles = "too-many-roles",

    /// An email address is not valid.
    InvalidEmail = "invalid-email",
    /// A person is listed twice.
    DuplicatePerson = "duplicate-person",
    /// A protected person is listed under `people`.
    ProtectedPerson = "protected-person",
    /// A person has no access to any project.
    NoProject = "no-project",
    /// Two groups grant a person different roles in one project.
    ConflictingGroups = "conflicting-groups",
    /// A date is not a valid calendar date in the form `YYYY-MM-DD`.
    InvalidDate = "invalid-date",
    /// `until` is before `from`.
    UntilBeforeFrom = "until-before-from",
    /// A role has `then` without `until`.
    ThenWithoutUntil = "then-without-until",

    /// `prune` has a value that is not defined.
    UnknownPrune = "unknown-prune",
    /// A limit under `policy` is not a whole number or percentage in range.
    InvalidLimit = "invalid-limit",
    /// A pattern under `policy` is not a pattern of addresses, or of relative paths.
    InvalidPattern = "invalid-pattern",
    /// A list under `policy` has too many patterns.
    TooManyPatterns = "too-many-patterns",
    /// A duration is not a number of days in the form `180d`.
    InvalidDuration = "invalid-duration",

    /// No entry of `addresses` matches the address of a person.
    AddressNotAllowed = "address-not-allowed",
    /// A person has a role that `addresses` does not allow for the address.
    RoleNotAllowedForAddress = "role-not-allowed-for-address",
    /// Access has no end date, or one that is later than `addresses` allows.
    EndDateRequired = "end-date-required",
    /// No entry of `files` matches an included file, and the file grants access.
    FileNotAllowed = "file-not-allowed",
    /// An included file grants a role that `files` does not allow it to grant.
    RoleNotAllowedInFile = "role-not-allowed-in-file",

    /// A pattern under `include` is not valid, or is not a relative path inside the folder.
    InvalidInclude = "invalid-include",
    /// A pattern under `include` matches no file.
    IncludeNotFound = "include-not-found",
    /// An included file cannot be read.
    IncludeUnreadable = "include-unreadable",
    /// An included file is a link that leads out of the team file's folder.
    IncludeOutsideFolder = "include-outside-folder",
    /// `include` has too many patterns or matches too many files.
    TooManyIncludes = "too-many-includes",
}

impl fmt::Display for ProblemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
