//! The order of the runs, and the chain across them: each run names the run before it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::record::PrevRun;
use super::run_file::RunName;

/// The start of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct RunStart {
    pub(super) name: RunName,
    /// When it started. None if the process was interrupted while writing the first record.
    pub(super) at: Option<Timestamp>,
    pub(super) prev_run: Option<PrevRun>,
}

impl RunStart {
    fn predecessor(&self) -> Option<&str> {
        self.prev_run.as_ref()?.run.as_deref()
    }
}

/// Sorts the runs: each after the run that it names, then by time.
pub(super) fn in_order(runs: Vec<RunStart>) -> Vec<RunStart> {
    let index: BTreeMap<&str, usize> =
        runs.iter().enumerate().map(|(index, run)| (run.name.as_str(), index)).collect();
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); runs.len()];
    let mut ready = BTreeSet::new();
    let key = |index: usize| (runs[index].at, &runs[index].name, index);
    for (at, run) in runs.iter().enumerate() {
        match run.predecessor().and_then(|name| index.get(name)) {
            Some(&before) if before != at => next[before].push(at),
            _ => {
                ready.insert(key(at));
            }
        }
    }
    let mut order = Vec::with_capacity(runs.len());
    while let Some((_, _, first)) = ready.pop_first() {
        order.push(first);
        ready.extend(next[first].iter().map(|&after| key(after)));
    }
    // Runs that name each other in a circle were not written by guestlist, but they are not skipped.
    let placed: BTreeSet<_> = order.iter().copied().collect();
    let mut rest: Vec<_> = (0..runs.len()).filter(|index| !placed.contains(index)).collect();
    rest.sort_by_key(|&index| key(index));
    order.extend(rest);
    let mut runs: Vec<_> = runs.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| runs[index].take()).collect()
}

/// A break in the chain across runs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RunBreak {
    /// A run that another run continues from is missing.
    Missing {
        /// Its name.
        run: String,
        /// The run that names it.
        named_by: RunName,
    },
    /// A run does not have the record that another run continues from.
    Replaced {
        /// Its name.
        run: RunName,
        /// The run that names it.
        named_by: RunName,
    },
}

impl fmt::Display for RunBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { run, named_by } => {
                write!(f, "`{}` is missing: `{named_by}` continues from it", crate::escape::line(run))
            }
            Self::Replaced { run, named_by } => {
                write!(
                    f,
                    "`{run}` was replaced or truncated: it does not have the record that `{named_by}` continues from"
                )
            }
        }
    }
}

/// Several runs that continue from the same run: two branches of a ledger were merged.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fork {
    /// The run that they continue from. None if each is the first of its branch.
    pub after: Option<String>,
    /// The runs.
    pub runs: Vec<RunName>,
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs: Vec<_> = self.runs.iter().map(|run| format!("`{run}`")).collect();
        let runs = crate::words::list(&runs);
        match &self.after {
            Some(after) => write!(f, "{runs} all continue from `{}`", crate::escape::line(after))?,
            None => write!(f, "{runs} each start a separate ledger")?,
        }
        f.write_str(": two branches of the ledger were merged")
    }
}

/// The digests of the records that other runs continue from, by run.
pub(super) fn wanted(runs: &[RunStart]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for prev in runs.iter().filter_map(|run| run.prev_run.as_ref()) {
        if let Some(run) = &prev.run {
            wanted.entry(run).or_default().insert(&prev.digest);
        }
    }
    wanted
}

/// The breaks in the chain. `found` has those of the `wanted` records that exist.
pub(super) fn breaks(runs: &[RunStart], found: &BTreeSet<(String, String)>) -> Vec<RunBreak> {
    let by_name: BTreeMap<_, _> = runs.iter().map(|run| (run.name.as_str(), &run.name)).collect();
    let each = runs.iter().filter_map(|named_by| {
        let prev = named_by.prev_run.as_ref()?;
        let (run, named_by) = (prev.run.clone()?, named_by.name.clone());
        match by_name.get(run.as_str()) {
            None => Some(RunBreak::Missing { run, named_by }),
            Some(_) if found.contains(&(run, prev.digest.clone())) => None,
            Some(run) => Some(RunBreak::Replaced { run: (*run).clone(), named_by }),
        }
    });
    each.collect()
}

/// The forks. Runs by the first version of guestlist, which name no run before them, do not count.
pub(super) fn forks(runs: &[RunStart]) -> Vec<Fork> {
    let mut after: BTreeMap<Option<&str>, Vec<RunName>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.prev_run.is_some()) {
        after.entry(run.predecessor()).or_default().push(run.name.clone());
    }
    let forks = after.into_iter().filter(|(_, runs)| runs.len() > 1);
    forks.map(|(after, runs)| Fork { after: after.map(str::to_owned), runs }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::time;

    fn run(name: &str, at: u64, after: Option<&str>) -> RunStart {
        let prev_run =
            Some(PrevRun { run: after.map(file), digest: format!("end of {}", after.unwrap_or("")) });
        RunStart { name: RunName::of_file(&file(name)).unwrap(), at: Some(time(at)), prev_run }
    }

    fn file(name: &str) -> String {
        format!("{name}.jsonl")
    }

    fn order(runs: Vec<RunStart>) -> String {
        let names: Vec<_> =
            in_order(runs).iter().map(|run| run.name.as_str().replace(".jsonl", "")).collect();
        names.join(" ")
    }

    #[test]
    fn the_chain_takes_precedence_over_the_clock() {
        // The clock of the machine that made b was ahead.
        assert_eq!(
            order(vec![run("a", 0, None), run("b", 900, Some("a")), run("c", 10, Some("b"))]),
            "a b c"
        );
        assert_eq!(
            order(vec![run("c", 10, Some("b")), run("b", 900, Some("a")), run("a", 0, None)]),
            "a b c"
        );
        let legacy = |name, at| RunStart { prev_run: None, ..run(name, at, None) };
        assert_eq!(order(vec![legacy("b", 2), legacy("a", 1), run("c", 0, Some("b"))]), "a b c");
        assert_eq!(order(vec![run("b", 2, Some("a")), run("c", 1, Some("a")), run("a", 9, None)]), "a c b");
        // Neither a missing run nor a circle loses the other runs.
        assert_eq!(order(vec![run("b", 2, Some("a")), run("c", 1, Some("b"))]), "b c");
        assert_eq!(order(vec![run("a", 1, Some("b")), run("b", 2, Some("a")), run("c", 3, None)]), "c a b");
        assert_eq!(order(vec![run("a", 1, Some("a"))]), "a");
    }

    #[test]
    fn missing_and_replaced_runs_and_forks_are_named() {
        let runs =
            [run("a", 0, None), run("b", 1, Some("a")), run("c", 2, Some("a")), run("d", 3, Some("x"))];
        let found = BTreeSet::from([(file("a"), "end of a".to_owned())]);
        let shown: Vec<_> = breaks(&runs, &found).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["`x.jsonl` is missing: `d.jsonl` continues from it"]);
        let shown: Vec<_> = breaks(&runs[..2], &BTreeSet::new()).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "`a.jsonl` was replaced or truncated: it does not have the record that `b.jsonl` continues from"
            ]
        );
        let shown: Vec<_> = forks(&runs).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["`b.jsonl` and `c.jsonl` all continue from `a.jsonl`: two branches of the ledger were merged"]
        );
        assert_eq!(forks(&runs[..2]), []);
        let roots = [run("a", 0, None), run("b", 1, None)];
        assert_eq!(
            forks(&roots)[0].to_string(),
            "`a.jsonl` and `b.jsonl` each start a separate ledger: two branches of the ledger were merged"
        );
    }
}
