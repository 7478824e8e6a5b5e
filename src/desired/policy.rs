//! The settings: where the organization and the ledger are, and how far guestlist may go.

use super::names::check_name;
use super::{EmailPattern, Limit, Policy, Prune};
use crate::identity::Endpoint;
use crate::team_file::{self, Problem, Problems, Text, did_you_mean, shown};

const CLUSTERS: [&str; 3] = ["api", "us1", "as1"];

/// How many patterns `protect` may have, since every person is compared with each.
const MAX_PATTERNS: usize = 1_000;

/// Where the organization is: a cluster's name or a base URL.
pub(super) fn endpoint(cluster: Option<&Text>, problems: &mut Problems) -> Option<Endpoint> {
    let Some(cluster) = cluster else { return Endpoint::of_cluster("api") };
    if let Some(endpoint) = Endpoint::of_cluster(&cluster.value) {
        return Some(endpoint);
    }
    let problem = if cluster.value.contains("://") {
        match cluster.value.parse() {
            Ok(endpoint) => return Some(endpoint),
            Err(reason) => {
                Problem::new(cluster.at, format!("{} is no base URL: {reason}", shown(&cluster.value)))
            }
        }
    } else {
        Problem::new(cluster.at, format!("unknown cluster {}", shown(&cluster.value)))
            .help("write `api`, `us1`, `as1`, or a base URL such as `https://voucherify.example.com`")
            .maybe_help(did_you_mean(&cluster.value, CLUSTERS))
    };
    problems.push(problem);
    None
}

/// Where the ledger is, as written.
pub(super) fn ledger(ledger: Option<&Text>, problems: &mut Problems) -> Option<String> {
    let ledger = ledger?;
    if let Some((scheme, rest)) = ledger.value.split_once("://") {
        if !["s3", "gs", "az", "file"].contains(&scheme) {
            let message = format!("no ledger can be kept at {}", shown(&ledger.value));
            let problem = Problem::new(ledger.at, message);
            problems.push(problem.help("write a folder beside this file, or `s3://…`, `gs://…`, `az://…`"));
            return None;
        }
        if rest.split('/').next().is_some_and(|host| host.contains('@')) {
            let problem = Problem::new(ledger.at, "credentials do not belong into a URL");
            problems.push(problem.help("give them to guestlist through the environment"));
            return None;
        }
    }
    check_name(ledger, "`ledger`", problems).then(|| ledger.value.clone())
}

/// The policy, with the defaults for what it does not say.
pub(super) fn resolve(written: &team_file::Policy, problems: &mut Problems) -> Policy {
    let team_file::Policy { prune, max_removals, max_new_admins, keep_admins, protect } = written;
    let mut policy = Policy::default();
    if let Some(text) = prune {
        match text.value.as_str() {
            "none" => policy.prune = Prune::None,
            "roles" => policy.prune = Prune::Roles,
            "people" => policy.prune = Prune::People,
            other => {
                let problem = Problem::new(text.at, format!("{} is no way to prune", shown(other)));
                let help = did_you_mean(other, ["none", "roles", "people"]);
                problems.push(problem.help("write `none`, `roles` or `people`").maybe_help(help));
            }
        }
    }
    if let Some(text) = max_removals {
        if let Some(limit) = limit(&text.value) {
            policy.max_removals = limit;
        } else {
            let problem = Problem::new(text.at, format!("{} is no limit", shown(&text.value)));
            problems.push(problem.help("write a percentage from `0%` to `100%`, or a whole number"));
        }
    }
    for (text, number) in
        [(max_new_admins, &mut policy.max_new_admins), (keep_admins, &mut policy.keep_admins)]
    {
        let Some(text) = text else { continue };
        if let Some(written) = whole_number(&text.value) {
            *number = written;
        } else {
            let message = format!("expected a number of ADMINs, found {}", shown(&text.value));
            problems.push(Problem::new(text.at, message).help("write a whole number such as `1`"));
        }
    }
    if let Some(text) = protect.get(MAX_PATTERNS) {
        problems.push(Problem::new(text.at, format!("`protect` has more than {MAX_PATTERNS} patterns")));
    }
    policy.protect = protect
        .iter()
        .take(MAX_PATTERNS)
        .filter(|text| is_pattern(text, problems))
        .map(|text| EmailPattern::new(&text.value))
        .collect();
    policy
}

fn is_pattern(text: &Text, problems: &mut Problems) -> bool {
    let fits = !text.value.chars().any(char::is_whitespace) && text.value.contains(['@', '*']);
    if !fits {
        let problem = Problem::new(text.at, format!("{} is no pattern of addresses", shown(&text.value)));
        problems.push(problem.help("write an address, or a pattern such as `*@agency.example`"));
    }
    fits && check_name(text, "a pattern", problems)
}

fn limit(text: &str) -> Option<Limit> {
    match text.strip_suffix('%') {
        Some(percent) => {
            let percent = whole_number(percent).filter(|percent| *percent <= 100)?;
            u8::try_from(percent).ok().map(Limit::Percent)
        }
        None => whole_number(text).map(Limit::Count),
    }
}

/// Digits and nothing else, unlike what `parse` takes.
fn whole_number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
