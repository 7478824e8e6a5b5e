//! Runs the targets of the fuzzer on its seeds and on damaged copies of them.

use std::fs;
use std::path::Path;

#[path = "../../fuzz/targets.rs"]
mod targets;

/// The number of damaged copies of each seed.
const DAMAGES: usize = 200;

#[test]
fn every_seed_whole_or_damaged_is_read_or_refused() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (name, target) in targets::TARGETS {
        let seeds = seeds(&root.join("seeds").join(name));
        assert!(seeds.len() >= 3, "{name} has too few seeds");
        assert!(root.join(format!("fuzz_targets/{name}.rs")).exists(), "{name} is not fuzzed");
        let mut random = fastrand::Rng::with_seed(0);
        for seed in &seeds {
            target(seed);
            for _ in 0..DAMAGES {
                target(&damaged(seed, &seeds, &mut random));
            }
        }
    }
}

fn seeds(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("seeds").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a seed")).collect()
}

/// A copy that is cut off, has a byte changed, has a part repeated, or ends like another seed.
fn damaged(seed: &[u8], seeds: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
    let place = random.usize(..=seed.len());
    let mut bytes = seed.to_vec();
    match random.u8(..4) {
        0 => bytes.truncate(place),
        1 => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte = *random.choice(b"\0\n\r\t \"'\\{}[]:,-#&*!|>%@`?\x1b\x7f\x80\xff09aA").unwrap_or(&0);
            }
        }
        2 => {
            let part = bytes[place..].to_vec();
            bytes.extend(part);
        }
        _ => {
            let other = &seeds[random.usize(..seeds.len())];
            bytes.truncate(place);
            bytes.extend(&other[random.usize(..=other.len())..]);
        }
    }
    bytes
}
