//! The settings: endpoint, ledger and policy.

use std::path::{Component, Path};

use super::names::check_name;
use super::{EmailPattern, Limit, Policy, Prune, SANDBOX_LEDGER};
use crate::model::{BucketLocation, Endpoint};
use crate::team_file::{Problem, ProblemId, Problems, Text, WrittenPolicy, did_you_mean, shown};

const CLUSTERS: [&str; 3] = ["api", "us1", "as1"];

/// The most patterns in a list: every person is compared with each.
pub(super) const MAX_PATTERNS: usize = 1_000;

/// The most digits of a number, so it fits into 32 bits and the schema can express the limit.
const MAX_DIGITS: usize = 9;

/// The endpoint: the name of a cluster, or a base URL.
pub(super) fn endpoint(cluster: Option<&Text>, problems: &mut Problems) -> Option<Endpoint> {
    let Some(cluster) = cluster else { return Endpoint::of_cluster("api") };
    if let Some(endpoint) = Endpoint::of_cluster(&cluster.value) {
        return Some(endpoint);
    }
    let problem = if cluster.value.contains("://") {
        match cluster.value.parse() {
            Ok(endpoint) => return Some(endpoint),
            Err(reason) => Problem::new(
                cluster.at,
                ProblemId::InvalidCluster,
                format!("{} is not a valid base URL: {reason}", shown(&cluster.value)),
            ),
        }
    } else {
        Problem::new(
            cluster.at,
            ProblemId::InvalidCluster,
            format!("unknown cluster {}", shown(&cluster.value)),
        )
        .help("use `api`, `us1`, `as1`, or a base URL such as `https://dedicated.voucherify.io`")
        .maybe_help(did_you_mean(&cluster.value, CLUSTERS))
    };
    problems.push(problem);
    None
}

/// The location of the ledger as written: a folder inside the team file's folder, or an object store.
pub(super) fn ledger(ledger: Option<&Text>, problems: &mut Problems) -> Option<String> {
    let ledger = ledger?;
    let is_url = BucketLocation::is_url(&ledger.value);
    let refused = if is_url { store_problem(ledger) } else { folder_problem(ledger) };
    if let Some(problem) = refused {
        problems.push(problem);
        return None;
    }
    check_name(ledger, "`ledger`", problems).then(|| ledger.value.clone())
}

fn store_problem(ledger: &Text) -> Option<Problem> {
    let problem = |message: String| Problem::new(ledger.at, ProblemId::InvalidLedger, message);
    let (scheme, rest) = ledger.value.split_once("://").unwrap_or_default();
    if !["s3", "az"].contains(&scheme) {
        let message = format!("{} is not a supported ledger", shown(&ledger.value));
        return Some(problem(message).help(
            "use a folder inside the team file's folder, `s3://bucket/prefix` or `az://container/prefix`",
        ));
    }
    if rest.split('/').next().is_some_and(|host| host.contains('@')) {
        let message = "credentials do not belong in a URL".to_owned();
        return Some(problem(message).help("pass them in the environment"));
    }
    let why = ledger.value.parse::<BucketLocation>().err()?;
    Some(problem(format!("{} is not a valid ledger: {why}", shown(&ledger.value))))
}

fn folder_problem(ledger: &Text) -> Option<Problem> {
    let folder = Path::new(&ledger.value);
    if folder.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        let message = format!("ledger {} is outside the team file's folder", shown(&ledger.value));
        return Some(
            Problem::new(ledger.at, ProblemId::LedgerOutsideFolder, message)
                .help("use a relative path without `..`; pass `--ledger` for a folder elsewhere"),
        );
    }
    folder.ends_with(SANDBOX_LEDGER).then(|| {
        Problem::new(
            ledger.at,
            ProblemId::InvalidLedger,
            format!("ledger {} is reserved for `--sandbox`", shown(&ledger.value)),
        )
        .help("choose another folder")
    })
}

/// The policy, with defaults for missing keys.
pub(super) fn resolve(written: &WrittenPolicy, problems: &mut Problems) -> Policy {
    let WrittenPolicy { prune, max_removals, max_new_admins, keep_admins, protect, .. } = written;
    let mut policy = Policy::default();
    if let Some(text) = prune {
        match text.value.as_str() {
            "none" => policy.prune = Prune::None,
            "dropped" => policy.prune = Prune::Dropped,
            "roles" => policy.prune = Prune::Roles,
            "people" => policy.prune = Prune::People,
            other => {
                let problem = Problem::new(
                    text.at,
                    ProblemId::UnknownPrune,
                    format!("unknown `prune` value {}", shown(other)),
                );
                let help = did_you_mean(other, ["none", "dropped", "roles", "people"]);
                problems.push(problem.help("use `none`, `dropped`, `roles` or `people`").maybe_help(help));
            }
        }
    }
    if let Some(text) = max_removals {
        if let Some(limit) = limit(&text.value) {
            policy.max_removals = limit;
        } else {
            let problem = Problem::new(
                text.at,
                ProblemId::InvalidLimit,
                format!("invalid limit {}", shown(&text.value)),
            );
            problems.push(problem.help("use a percentage from `0%` to `100%`, or a whole number"));
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
            problems.push(
                Problem::new(text.at, ProblemId::InvalidLimit, message)
                    .help("use a whole number such as `1`"),
            );
        }
    }
    if let Some(text) = protect.get(MAX_PATTERNS) {
        problems.push(Problem::new(
            text.at,
            ProblemId::TooManyPatterns,
            format!("`protect` has more than {MAX_PATTERNS} patterns"),
        ));
    }
    policy.protect = protect
        .iter()
        .take(MAX_PATTERNS)
        .filter(|text| is_pattern(text, problems))
        .map(|text| EmailPattern::new(&text.value))
        .collect();
    policy
}

pub(super) fn is_pattern(text: &Text, problems: &mut Problems) -> bool {
    let fits = !text.value.chars().any(char::is_whitespace) && text.value.contains(['@', '*']);
    if !fits {
        let problem = Problem::new(
            text.at,
            ProblemId::InvalidPattern,
            format!("{} is not a valid address pattern", shown(&text.value)),
        );
        problems.push(problem.help("use an address, or a pattern such as `*@agency.example`"));
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

/// Digits only, without a leading zero: `010` is 8 for some readers of YAML.
fn whole_number(text: &str) -> Option<u32> {
    let is_canonical = text == "0" || !text.starts_with('0');
    let is_number =
        is_canonical && text.len() <= MAX_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}
