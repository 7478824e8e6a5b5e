//! Fuzzes `targets::response`.
#![no_main]

#[expect(dead_code, reason = "each target is a binary of its own")]
#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::response(data));
