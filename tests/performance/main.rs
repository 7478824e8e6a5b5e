//! What a command may cost: memory, measured from outside, and how allocations grow with the input.
//!
//! Nothing here is timed. `benches/instructions.rs` counts instructions, where valgrind is installed.

#[path = "../../benches/sample/mod.rs"]
#[allow(dead_code, reason = "benchmarks use the rest")]
mod sample;

#[path = "../suite/programs.rs"]
#[allow(dead_code, reason = "the tests of commands use the rest")]
mod programs;

mod growth;
mod memory;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held by each test: whatever one allocates would count for another.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
