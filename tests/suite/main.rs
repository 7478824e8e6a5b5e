//! Commands through the real binary against the sandbox over real HTTP, and rules about the source.

mod apply;
mod architecture;
mod corpus;
#[cfg(unix)]
mod docs;
mod explain;
mod formats;
mod github;
#[cfg(unix)]
mod gitops;
#[cfg(target_os = "linux")]
mod hostile;
mod import;
mod planning;
mod scenario;
mod shells;
