//! Commands through the real binary against the sandbox over real HTTP, and rules about the source.

mod apply;
mod architecture;
mod github;
#[cfg(unix)]
mod gitops;
mod scenario;
