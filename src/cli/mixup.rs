//! Arguments that were probably mixed up: what was meant instead, as a sentence.

use std::collections::BTreeMap;
use std::path::Path;

use super::failure::Failure;
use crate::escape;
use crate::team_file::{did_you_mean, shown};

/// The most people in a "did you mean".
const MEANT: usize = 3;

/// What to do about a team file that does not exist.
pub(crate) fn no_team_file(path: &Path) -> Failure {
    let name = escape::path(path);
    if looks_like_email(path) {
        return Failure::new(format!(
            "team file `{name}` not found; it looks like an email address, which is not a team file"
        ));
    }
    let other = match path.extension().and_then(|extension| extension.to_str()) {
        Some("yaml") => path.with_extension("yml"),
        _ => path.with_extension("yaml"),
    };
    if other != path && other.is_file() {
        let other = escape::path(&other);
        return Failure::new(format!(
            "team file `{name}` not found, but there is `{other}`; pass its path, or rename it"
        ));
    }
    Failure::new(format!(
        "team file `{name}` not found; pass its path, or create one with `guestlist import --out {name}`"
    ))
}

/// Refuses a saved plan in place of a team file.
pub(crate) fn must_not_be_a_saved_plan(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    #[derive(serde::Deserialize)]
    struct Head {
        #[serde(rename = "plan_id")]
        _plan_id: String,
        #[serde(rename = "changes")]
        _changes: serde::de::IgnoredAny,
    }
    if !bytes.starts_with(b"{") || serde_json::from_slice::<Head>(bytes).is_err() {
        return Ok(());
    }
    let name = escape::path(path);
    Err(Failure::new(format!(
        "`{name}` is a saved plan, not a team file; to apply it, use `guestlist apply --plan {name}`"
    )))
}

/// Refuses an email and a team file in the wrong order.
pub(crate) fn must_not_be_swapped(command: &str, email: &str, team_file: &Path) -> Result<(), Failure> {
    if looks_like_email(team_file) && !email.contains('@') {
        let (email, file) = (escape::path(team_file), escape::line(email));
        return Err(Failure::new(format!(
            "the email comes before the team file: `guestlist {command} {email} {file}`"
        )));
    }
    Ok(())
}

/// `; did you mean …?` if some of `people` are close to `asked`: misspelled, or only its beginning.
pub(crate) fn person_meant<'a>(asked: &str, people: impl Iterator<Item = &'a str> + Clone) -> String {
    let lower = asked.to_lowercase();
    // A domain in common makes no two people similar.
    let local = |email: &'a str| email.split('@').next().unwrap_or_default();
    let asked_local = lower.split('@').next().unwrap_or_default();
    let is_similar = |email: &&'a str| {
        let local = local(email);
        local.to_lowercase() == asked_local || did_you_mean(asked_local, [local]).is_some()
    };
    let question = did_you_mean(asked, people.clone().filter(is_similar)).or_else(|| {
        let longer = people.filter(|email| !lower.is_empty() && email.to_lowercase().starts_with(&lower));
        // A person may be in the file and in the organization, spelled differently.
        let longer: BTreeMap<_, _> = longer.map(|email| (email.to_lowercase(), email)).collect();
        let names: Vec<_> = longer.into_values().take(MEANT + 1).map(shown).collect();
        let few = (1..=MEANT).contains(&names.len());
        few.then(|| format!("did you mean {}?", names.join(" or ")))
    });
    question.map_or_else(String::new, |question| format!("; {question}"))
}

fn looks_like_email(path: &Path) -> bool {
    path.to_str().is_some_and(|name| name.contains('@') && !name.contains(['/', '\\']))
}
