//! The team file as written: the YAML with the location of each value, the problems in it, and their display.
//! This module knows the shape of the file; `desired` knows what the names in it mean.

mod draw;
mod include;
mod location;
mod node;
mod problem;
mod problem_id;
mod read;
mod reports;
pub mod schema;
mod shape;
mod source;
mod suggest;
mod syntax;
mod tree;
mod written;

pub use include::refused_path;
pub use location::{FileId, Located, Location, Text};
pub use problem::{Problem, Problems, listed, shown};
pub use problem_id::ProblemId;
pub use read::{parse_included, parse_root};
pub use source::{MAX_BYTES, Source, Sources};
pub use suggest::{closest, did_you_mean};
pub use written::{
    IncludedFile, TeamFile, WrittenGrant, WrittenGroup, WrittenPerson, WrittenPolicy, WrittenProject,
    WrittenRole, WrittenRule, WrittenTerms, keys,
};

#[cfg(test)]
mod tests;
