//! The team file as written.
