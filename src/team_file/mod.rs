//! The team file as written: the YAML with where each thing stands, what is wrong with it, and how
//! that is drawn. It knows the shape of the file; what the names in it mean is for `desired`.

mod draw;
mod include;
mod problem;
mod read;
pub mod schema;
mod shape;
mod source;
mod suggest;
mod syntax;
mod tree;
mod written;

pub use problem::{MAX_PROBLEMS, Problem, Problems, shown};
pub use read::{parse_included, parse_root};
pub use source::{FileId, Located, Location, MAX_BYTES, Source, Sources, Text};
pub use suggest::{closest, did_you_mean};
pub use written::{Grant, Group, IncludedFile, Person, Policy, Project, Role, TeamFile, keys};

#[cfg(test)]
mod tests;
