//! The order of the runs, and the chain that crosses them: each run names the one before it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::record::PrevRun;
use super::run_file::RunName;

/// How a run begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct RunStart {
    pub(super) name: RunName,
    /// When; none where the process died over the first record.
    pub(super) at: Option<Timestamp>,
    pub(super) prev_run: Option<PrevRun>,
}

impl RunStart {
    fn predecessor(&self) -> Option<&str> {
        self.prev_run.as_ref()?.run.as_deref()
    }
}

/// The runs in the order in which they were made: each after the one that it names, then by time.
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
    // Runs that name each other in a circle were not written by guestlist, but they are not lost either.
    let placed: BTreeSet<_> = order.iter().copied().collect();
    let mut rest: Vec<_> = (0..runs.len()).filter(|index| !placed.contains(index)).collect();
    rest.sort_by_key(|&index| key(index));
    order.extend(rest);
    let mut runs: Vec<_> = runs.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| runs[index].take()).collect()
}

/// Where the chain of runs does not go on as it was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RunBreak {
    /// A run that another one continues from is not there.
    Missing {
        /// Its file name.
        run: String,
        /// The run that names it.
        named_by: RunName,
    },
    /// A run does not have the record that another one continues from.
    Replaced {
        /// Its file.
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
                    "`{run}` was replaced or cut: it does not have the record from which `{named_by}` continues"
                )
            }
        }
    }
}

/// Several runs with the same predecessor: two branches of a ledger were merged.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fork {
    /// The predecessor; none where each is the first of its branch.
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
            None => write!(f, "{runs} each start a ledger of their own")?,
        }
        f.write_str(": two branches of the ledger were merged")
    }
}

/// The files and records that other runs continue from, by file name.
pub(super) fn wanted(runs: &[RunStart]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for prev in runs.iter().filter_map(|run| run.prev_run.as_ref()) {
        if let Some(run) = &prev.run {
            wanted.entry(run).or_default().insert(&prev.digest);
        }
    }
    wanted
}

/// The breaks of the chain, given which of the wanted records were found.
pub(super) fn breaks(runs: &[RunStart], found: &BTreeSet<(String, String)>) -> Vec<RunBreak> {
    let there: BTreeMap<_, _> = runs.iter().map(|run| (run.name.as_str(), &run.name)).collect();
    let each = runs.iter().filter_map(|named_by| {
        let prev = named_by.prev_run.as_ref()?;
        let (run, named_by) = (prev.run.clone()?, named_by.name.clone());
        match there.get(run.as_str()) {
            None => Some(RunBreak::Missing { run, named_by }),
            Some(_) if found.contains(&(run, prev.digest.clone())) => None,
            Some(run) => Some(RunBreak::Replaced { run: (*run).clone(), named_by }),
        }
    });
    each.collect()
}

/// The forks. Runs of the first version, which name no predecessor, are not counted.
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
    fn the_chain_comes_before_the_clock() {
        // b was made on a machine whose clock is ahead.
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
        // Neither a run that is gone nor a circle loses the others.
        assert_eq!(order(vec![run("b", 2, Some("a")), run("c", 1, Some("b"))]), "b c");
        assert_eq!(order(vec![run("a", 1, Some("b")), run("b", 2, Some("a")), run("c", 3, None)]), "c a b");
        assert_eq!(order(vec![run("a", 1, Some("a"))]), "a");
    }

    #[test]
    fn missing_and_replaced_runs_and_forks_are_named() {
        let runs =
            [run("a", 0, None), run("b", 1, Some("a")), run("c", 2, Some("a")), run("d", 3, Some("x"))];
        let found = BTreeSet::from([(file("a"), "end of a".to_owned())]);
        let told: Vec<_> = breaks(&runs, &found).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["`x.jsonl` is missing: `d.jsonl` continues from it"]);
        let told: Vec<_> = breaks(&runs[..2], &BTreeSet::new()).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["`a.jsonl` was replaced or cut: it does not have the record from which `b.jsonl` continues"]
        );
        let told: Vec<_> = forks(&runs).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["`b.jsonl` and `c.jsonl` all continue from `a.jsonl`: two branches of the ledger were merged"]
        );
        assert_eq!(forks(&runs[..2]), []);
        let roots = [run("a", 0, None), run("b", 1, None)];
        assert_eq!(
            forks(&roots)[0].to_string(),
            "`a.jsonl` and `b.jsonl` each start a ledger of their own: two branches of the ledger were merged"
        );
    }
}
