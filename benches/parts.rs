//! The parts of a command one by one, for 10,000 people in 10 of 20 projects: `cargo bench --bench parts`.

#[allow(dead_code, reason = "other targets use the rest")]
mod sample;

use divan::{Bencher, black_box};
use guestlist::api::{Content as _, Page, Rows};
use guestlist::plan::Plan;
use guestlist::render::{self, Paint, View};

const PEOPLE: usize = 10_000;
const PROJECTS: usize = 20;

fn main() {
    divan::main();
}

/// The events of the YAML parser alone: what reading a team file costs at least.
#[divan::bench]
fn yaml_events(bencher: Bencher) {
    let text = sample::team_file(PEOPLE, PROJECTS);
    bencher.bench_local(|| granit_parser::Parser::new_from_str(black_box(&text)).flatten().count());
}

#[divan::bench]
fn parse(bencher: Bencher) {
    let text = sample::team_file(PEOPLE, PROJECTS);
    bencher.bench_local(|| sample::parse(black_box(&text)));
}

#[divan::bench]
fn resolve(bencher: Bencher) {
    let file = sample::parse(&sample::team_file(PEOPLE, PROJECTS));
    bencher.bench_local(|| sample::resolve(black_box(&file)));
}

#[divan::bench]
fn decode(bencher: Bencher) {
    let pages = sample::pages(PEOPLE, PROJECTS);
    bencher.bench_local(|| {
        let rows = Rows::default();
        let users =
            |page: &String| Page::read(black_box(page.as_bytes()), &rows).expect("a page").users.len();
        pages.iter().map(users).sum::<usize>()
    });
}

#[divan::bench]
fn decode_and_judge(bencher: Bencher) {
    let pages = sample::pages(PEOPLE, PROJECTS);
    bencher.bench_local(|| sample::known(black_box(&pages)));
}

#[divan::bench]
fn compare(bencher: Bencher) {
    let team = sample::resolve(&sample::parse(&sample::team_file(PEOPLE, PROJECTS)));
    let known = sample::known(&sample::pages(PEOPLE, PROJECTS));
    bencher.bench_local(|| Plan::between(black_box(&team.desired), &known, &sample::options()));
}

#[divan::bench]
fn render_invitations(bencher: Bencher) {
    let team = sample::resolve(&sample::parse(&sample::team_file(PEOPLE, PROJECTS)));
    let known = sample::known(&sample::pages(0, PROJECTS));
    let plan = Plan::between(&team.desired, &known, &sample::options());
    bencher.bench_local(|| {
        render::text(&View::new(black_box(&plan), &team.desired, &known, None), Paint::PLAIN)
    });
}

/// 500 runs of 200 calls: 200,000 records.
#[divan::bench(sample_count = 10)]
fn fold(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    sample::write_ledger(folder.path(), 500, 200, PROJECTS);
    bencher.bench_local(|| sample::view(black_box(folder.path())));
}
