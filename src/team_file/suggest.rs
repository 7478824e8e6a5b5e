//! "Did you mean": the known name that is closest to a misspelled one. The work is bounded, because both may come
//! from a hostile file.

use super::problem::shown;

/// The longest name, in bytes, that is compared.
const LONGEST: usize = 64;

/// The most names that are compared letter by letter.
const COMPARED: usize = 10_000;

/// The name in `known` that `name` most likely is a misspelling of.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let lower = name.to_lowercase();
    let length = lower.chars().count();
    let mut best = None;
    let mut compared = 0;
    for candidate in known.into_iter().filter(|candidate| candidate.len() <= LONGEST) {
        let other = candidate.chars().count();
        let longer = length.max(other);
        let allowed = 1 + longer / 4;
        // A name of another length or with other letters is not a misspelling.
        if longer < 3 || length.abs_diff(other) > allowed || !shares_letters(&lower, candidate, allowed) {
            continue;
        }
        compared += 1;
        if compared > COMPARED {
            break;
        }
        let distance = strsim::osa_distance(&lower, &candidate.to_lowercase());
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Whether the two have enough letters in common to differ in at most `allowed` places.
fn shares_letters(lower: &str, candidate: &str, allowed: usize) -> bool {
    let count = |text: &str| {
        let mut counts = [0i32; 64];
        for byte in text.bytes() {
            counts[usize::from(byte.to_ascii_lowercase() & 63)] += 1;
        }
        counts
    };
    if !candidate.is_ascii() || !lower.is_ascii() {
        return true;
    }
    let (ours, theirs) = (count(lower), count(candidate));
    let different: u32 = ours.iter().zip(theirs).map(|(our, their)| our.abs_diff(their)).sum();
    // One letter in place of another changes two counts.
    different as usize <= 2 * allowed
}

/// The help text with the closest name, if there is one.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(name, known).map(|candidate| format!("did you mean {}?", shown(candidate)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_of_many_names_is_found() {
        let people: Vec<_> = (0..30_000).map(|n| format!("person.number{n}@example.com")).collect();
        let known = || people.iter().map(String::as_str).chain(["zoe@example.com"]);
        assert_eq!(closest("zoe@exmaple.com", known()), Some("zoe@example.com"));
        assert_eq!(closest("Zoé@example.com", known()), Some("zoe@example.com"));
        assert_eq!(closest("nobody.at.all@elsewhere.example", known()), None);
    }

    #[test]
    fn a_transposition_and_missing_letters_are_typing_errors() {
        for (name, meant) in [
            ("proejcts", "projects"),
            ("peeople", "people"),
            ("GROUPS", "groups"),
            ("polic", "policy"),
            ("poli", "policy"),
        ] {
            assert_eq!(closest(name, ["projects", "people", "groups", "policy"]), Some(meant), "{name}");
        }
    }
}
