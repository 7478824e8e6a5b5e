//! Ids shaped like the service's, the same for the same seed.

/// An id like the service's: `prefix` and 32 letters and digits, unique for each `number`.
pub(super) fn id(prefix: &str, seed: u64, number: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    std::iter::once(prefix.to_owned()).chain((0..32).map(|_| random.alphanumeric().to_string())).collect()
}
