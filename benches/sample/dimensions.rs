//! What a part of a command costs, by the size of one dimension of its input.

use std::hint::black_box;
use std::path::PathBuf;

use guestlist::plan::{Plan, SavedPlan};
use guestlist::team_file::{self, IncludedFile, Problems, Sources};
use jiff::Timestamp;

/// A dimension. Its input is made once and then used, so that only the use is measured.
pub(crate) struct Dimension {
    pub(crate) name: &'static str,
    /// The smallest size that is measured.
    pub(crate) size: usize,
    /// Makes an input of some size, and returns its use.
    pub(crate) prepare: fn(usize) -> Box<dyn FnMut()>,
}

/// All that a team can grow in.
pub(crate) const DIMENSIONS: [Dimension; 8] = [
    Dimension {
        name: "people",
        size: 250,
        prepare: |size| plan(super::team_file(size, 20), super::pages(size, 20)),
    },
    Dimension {
        name: "people without access yet",
        size: 250,
        prepare: |size| plan(super::team_file(size, 20), super::pages(0, 20)),
    },
    Dimension {
        name: "people not in the file",
        size: 250,
        prepare: |size| plan(super::team_file(1, 20), super::pages(size, 20)),
    },
    Dimension {
        name: "projects",
        size: 50,
        prepare: |size| plan(super::team_file(500, size), super::pages(500, size)),
    },
    Dimension {
        name: "groups",
        size: 50,
        prepare: |size| plan(super::team_file_with_groups(1000, 20, size), super::pages(1000, 20)),
    },
    Dimension { name: "ledger runs", size: 10, prepare: ledger },
    Dimension { name: "changes of a saved plan", size: 250, prepare: saved_plan },
    Dimension { name: "includes", size: 25, prepare: includes },
];

/// Everything between the bytes of a team file and of the member lists, and a plan.
fn plan(text: String, pages: Vec<String>) -> Box<dyn FnMut()> {
    Box::new(move || {
        let team = super::resolve(&super::parse(&text));
        let known = super::known(&pages);
        black_box(Plan::between(&team.desired, &known, &super::options()));
    })
}

fn ledger(runs: usize) -> Box<dyn FnMut()> {
    let folder = tempfile::tempdir().expect("a folder");
    super::write_ledger(folder.path(), runs, 10, 20);
    Box::new(move || drop(black_box(super::view(folder.path()))))
}

fn saved_plan(changes: usize) -> Box<dyn FnMut()> {
    let team = super::resolve(&super::parse(&super::team_file(changes, 20)));
    let known = super::known(&super::pages(0, 20));
    let options = super::options();
    let plan = Plan::between(&team.desired, &known, &options);
    assert_eq!(plan.changes.len(), changes);
    let saved = SavedPlan::new(&plan, Timestamp::UNIX_EPOCH, &team.desired, ".guestlist", &options);
    // Half of them are in place by now.
    let now = super::known(&super::pages(changes / 2, 20));
    Box::new(move || {
        let read = SavedPlan::from_json(&saved.to_json()).expect("a saved plan");
        let again = read.again(&now, &options).expect("the same plan");
        assert_eq!(again.changes.len(), changes - changes / 2);
    })
}

fn includes(files: usize) -> Box<dyn FnMut()> {
    let texts: Vec<_> = (0..files).map(|file| super::people(file * 10..file * 10 + 10, 20)).collect();
    let root = super::head(20) + "people: []\n";
    Box::new(move || {
        let (mut sources, mut problems) = (Sources::default(), Problems::default());
        let mut add = |name: String, text: &str| sources.add(&name, text.as_bytes().to_vec(), &mut problems);
        let root = add("team.yaml".to_owned(), &root);
        let ids: Vec<_> =
            texts.iter().enumerate().map(|(file, text)| add(format!("people/{file}.yaml"), text)).collect();
        let root = team_file::parse_root(&sources, root, &mut problems);
        let included: Vec<IncludedFile> =
            ids.into_iter().map(|id| team_file::parse_included(&sources, id, &mut problems)).collect();
        black_box(guestlist::desired::resolve(&root, &included, super::terms(), problems).expect("a team"));
    })
}

/// How much more a cost may be for `more` times the size, if it grows as n log n: between `small` and `large`.
pub(crate) fn allowed_growth(small: usize, large: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
    let cost = |size: usize| size as f64 * (size as f64).log2();
    cost(large) / cost(small)
}

/// The folder of this package.
pub(crate) fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
