//! Commands through the real binary against the sandbox over real HTTP, and rules about the source.

mod apply;
mod architecture;
mod faults;
mod formats;
mod kills;
mod scenario;
mod signals;
mod two_at_once;
