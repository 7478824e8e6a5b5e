//! The JSON Schema of the files, for editors: the two files at the root of this repository, edited by hand and
//! compared with the parser by tests. A schema cannot express every rule (names that must exist, protected
//! people, the calendar); `guestlist validate` checks all of them.
//!
//! The regular expressions use only what JavaScript, Python and Rust read alike: no look-around, no classes.

/// The schema of a team file.
pub const TEAM_FILE: &str = include_str!("../../guestlist.schema.json");

/// The schema of a file that a team file includes.
pub const INCLUDED_FILE: &str = include_str!("../../guestlist.included.schema.json");
