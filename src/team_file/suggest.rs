//! "Did you mean": the known name that is closest to what was written. The work is bounded, since
//! both names may come from a hostile file.

use super::problem::shown;

/// Longer names are no typing errors of anything.
const LONGEST: usize = 64;

/// With how many names one is compared.
const CANDIDATES: usize = 300;

/// The one of `known` that somebody who wrote `name` most likely meant.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let lower = name.to_lowercase();
    let mut best = None;
    for candidate in known.into_iter().filter(|candidate| candidate.len() <= LONGEST).take(CANDIDATES) {
        let longer = name.chars().count().max(candidate.chars().count());
        let allowed = 1 + longer / 4;
        if longer < 3 {
            continue;
        }
        let distance = strsim::osa_distance(&lower, &candidate.to_lowercase());
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The question that goes under a message, where there is a name to ask for.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(name, known).map(|candidate| format!("did you mean {}?", shown(candidate)))
}
