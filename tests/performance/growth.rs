//! Allocations grow no faster than n log n in any dimension of the input.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use crate::sample::dimensions::{DIMENSIONS, allowed_growth};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The allocations and the allocated bytes of one use of an input.
fn cost(prepare: fn(usize) -> Box<dyn FnMut()>, size: usize) -> [usize; 2] {
    let mut measured = prepare(size);
    let region = Region::new(ALLOCATOR);
    measured();
    let change = region.change();
    [change.allocations + change.reallocations, change.bytes_allocated]
}

#[test]
fn allocations_grow_no_faster_than_n_log_n() {
    let _alone = crate::alone();
    let mut too_fast = Vec::new();
    for dimension in &DIMENSIONS {
        let sizes = [dimension.size, 2 * dimension.size, 4 * dimension.size];
        let costs = sizes.map(|size| cost(dimension.prepare, size));
        for (size, cost) in sizes.into_iter().zip(costs) {
            for (what, cost, smallest) in
                [("allocations", cost[0], costs[0][0]), ("bytes", cost[1], costs[0][1])]
            {
                #[expect(clippy::cast_precision_loss, reason = "costs are below 2^52")]
                let growth = cost as f64 / smallest as f64;
                // A quarter more for collections that double their size.
                if growth > allowed_growth(sizes[0], size) * 1.25 {
                    too_fast.push(format!("{} {size}: {growth:.2} times the {what}", dimension.name));
                }
            }
        }
    }
    assert_eq!(too_fast, Vec::<String>::new());
}
