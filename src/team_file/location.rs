//! Locations in the files that were read, and values with their location.

/// Identifies a file that was read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct FileId(pub(super) u32);

/// A location in a file. Ordered by file (in reading order), then by position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
    /// The line of the first byte, from 1.
    pub line: u32,
    /// The column of the first byte in characters, from 1.
    pub column: u32,
}

/// A value and its location.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Located<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub at: Location,
}

/// Text and its location: every leaf of a team file.
pub type Text = Located<String>;
