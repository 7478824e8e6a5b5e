//! Counts instructions, which do not depend on how busy a machine is: `cargo bench --bench instructions`.
//!
//! Fails if a part of a plan takes 10 % more of them than `benches/instructions.txt` says, or if the cost of any
//! dimension of the input grows faster than n log n. `UPDATE_INSTRUCTIONS=1` writes the file again.
#![expect(clippy::print_stdout, reason = "it reports what it measures")]

#[allow(dead_code, reason = "other targets use the rest")]
mod sample;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::process::{Command, ExitCode};

use guestlist::api::{Content as _, Page, Rows};
use guestlist::plan::Plan;
use sample::dimensions::{DIMENSIONS, allowed_growth, package};

/// The people in what the parts are measured with.
const PEOPLE: usize = 1000;
const PROJECTS: usize = 20;

/// Makes an input, and returns its use.
type Prepare = fn() -> Box<dyn FnMut()>;

/// The parts of a plan, and how each is prepared.
const PARTS: [(&str, Prepare); 3] = [
    ("parse", || {
        let text = sample::team_file(PEOPLE, PROJECTS);
        Box::new(move || drop(black_box(sample::resolve(&sample::parse(&text)))))
    }),
    ("decode", || {
        let pages = sample::pages(PEOPLE, PROJECTS);
        Box::new(move || {
            let rows = Rows::default();
            for page in &pages {
                black_box(Page::read(page.as_bytes(), &rows).expect("a page"));
            }
        })
    }),
    ("compare", || {
        let team = sample::resolve(&sample::parse(&sample::team_file(PEOPLE, PROJECTS)));
        let known = sample::known(&sample::pages(PEOPLE, PROJECTS));
        Box::new(move || drop(black_box(Plan::between(&team.desired, &known, &sample::options()))))
    }),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    match args.as_slice() {
        [name, size, times] => {
            use_input(name, size.parse().expect("a size"), times.parse().expect("a number"));
            ExitCode::SUCCESS
        }
        _ if Command::new("valgrind").arg("--version").output().is_err() => {
            println!("skipped: instructions need `valgrind`, which is not in PATH");
            ExitCode::SUCCESS
        }
        _ => check(),
    }
}

/// Prepares an input and uses it.
fn use_input(name: &str, size: usize, times: usize) {
    let part = PARTS.iter().find(|(it, _)| *it == name).map(|(_, prepare)| prepare());
    let dimension = || DIMENSIONS.iter().find(|it| it.name == name).map(|it| (it.prepare)(size));
    let mut measured = part.or_else(dimension).expect("something to measure");
    for _ in 0..times {
        measured();
    }
}

/// The instructions of one use, without those of preparing it.
fn count(name: &str, size: usize) -> u64 {
    let collected = |times: &str| {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        let program = std::env::current_exe().expect("this program");
        let output =
            command.arg(program).args([name, &size.to_string(), times]).output().expect("valgrind runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = text.lines().find_map(|line| line.split_once("Collected : "));
        let found = line.and_then(|(_, count)| count.trim().parse::<u64>().ok());
        found.unwrap_or_else(|| panic!("valgrind failed: {text}"))
    };
    // The first use also fills caches, which the second one does not.
    collected("2").saturating_sub(collected("1"))
}

fn check() -> ExitCode {
    let path = package().join("benches/instructions.txt");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let committed: BTreeMap<&str, u64> = committed
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter_map(|(name, count)| Some((name, count.trim().parse().ok()?)))
        .collect();
    let (mut written, mut is_good) = (String::new(), true);
    for (name, _) in PARTS {
        let now = count(name, PEOPLE);
        let before = committed.get(name).copied();
        let _ = writeln!(written, "{name}: {now}");
        let has_grown = before.is_none_or(|before| now > before + before / 10);
        is_good &= !has_grown;
        let note = if has_grown { "  <-- more than 10 % above the committed figure" } else { "" };
        println!("{name}: {now} instructions, {} committed{note}", before.unwrap_or_default());
    }
    if std::env::var_os("UPDATE_INSTRUCTIONS").is_some() {
        std::fs::write(path, written).expect("the figures");
        is_good = true;
    }
    for dimension in &DIMENSIONS {
        let sizes = [dimension.size, 2 * dimension.size, 4 * dimension.size];
        let [small, medium, large] = sizes.map(|size| count(dimension.name, size));
        // A tenth more for what is not exactly proportional, such as memory that is moved when it grows.
        let is_above = |cost: u64, size: usize| {
            #[expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]
            let growth = cost as f64 / small as f64;
            growth > allowed_growth(sizes[0], size) * 1.1
        };
        let grows = is_above(medium, sizes[1]) || is_above(large, sizes[2]);
        is_good &= !grows;
        let note = if grows { "  <-- grows faster than n log n" } else { "" };
        println!("{} {sizes:?}: {small}, {medium}, {large} instructions{note}", dimension.name);
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
