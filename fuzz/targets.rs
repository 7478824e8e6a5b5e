//! The code that reads untrusted bytes. The fuzzer calls these functions with whatever it generates, and `cargo test`
//! with the seeds beside this file and damaged copies of them.

use guestlist::api::{Content as _, Page, ProjectList, Rejection, Rows};
use guestlist::desired;
use guestlist::known::User;
use guestlist::ledger::{InvalidRecord, Record, verify};
use guestlist::plan::SavedPlan;
use guestlist::render::saved_plan_error;
use guestlist::sandbox::Fault;
use guestlist::team_file::{Problems, Sources, parse_included, parse_root};

/// A target: its name, which is also the folder of its seeds, and its function.
pub(crate) type FuzzTarget = (&'static str, fn(&[u8]));

/// All targets.
pub(crate) const TARGETS: [FuzzTarget; 6] = [
    ("team_file", team_file),
    ("saved_plan", saved_plan),
    ("ledger_record", ledger_record),
    ("run_file", run_file),
    ("response", response),
    ("fault", fault),
];

/// A file is a team or a list of problems, and the output has nothing that a terminal would act on.
pub(crate) fn team_file(data: &[u8]) {
    let (mut sources, mut problems) = (Sources::default(), Problems::default());
    let root = sources.add("team.yaml", data.to_vec(), &mut problems);
    let included = sources.add("people.yaml", data.to_vec(), &mut Problems::default());
    let written = parse_root(&sources, root, &mut problems);
    let more = parse_included(&sources, included, &mut Problems::default());
    match desired::resolve(&written, &[more], desired::Terms::on(jiff::civil::date(2026, 11, 23)), problems) {
        Ok(team) => {
            let json = serde_json::to_string(&team.desired).expect("JSON");
            assert_eq!(serde_json::from_str::<desired::Desired>(&json).expect("the same"), team.desired);
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            let drawn = problems.text(&sources, false);
            assert!(!drawn.contains(|c: char| c.is_control() && c != '\n'), "{drawn:?}");
            for report in [problems.json(&sources), problems.gitlab(&sources), problems.sarif(&sources)] {
                let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
                assert!(report.is_object() || report.is_array());
            }
            let annotations = problems.github(&sources);
            assert!(annotations.lines().all(|line| line.starts_with("::error file=")), "{annotations:?}");
        }
    }
}

/// A saved plan is read back byte for byte, or refused.
pub(crate) fn saved_plan(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match SavedPlan::from_json(text) {
        Ok(plan) => assert_eq!(plan.to_json(), text),
        Err(error) => assert!(!saved_plan_error(&error).contains(char::is_control), "{error:?}"),
    }
}

/// A record that was read can be written and read again.
pub(crate) fn ledger_record(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Record::from_line(text) {
        Ok(record) => {
            let again = Record::from_line(&record.to_line()).expect("the same record");
            assert_eq!(again.to_line(), record.to_line());
        }
        Err(InvalidRecord::Newer(_) | InvalidRecord::Unreadable(_)) => {}
    }
}

/// A run file is intact, torn at its end, or broken at one of its lines.
pub(crate) fn run_file(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n').count() as u64;
    match verify(data) {
        Ok(summary) => assert!(summary.records <= lines && summary.unanswered <= summary.calls),
        Err(broken) => assert!(broken.line <= lines, "{broken:?}"),
    }
}

/// Every body is the expected content or an error.
pub(crate) fn response(data: &[u8]) {
    let rows = Rows::default();
    let _ = ProjectList::read(data, &rows);
    let _ = User::read(data, &rows);
    let _ = <()>::read(data, &rows);
    let _ = Rejection::read(400, data, str::to_owned);
    if let Ok(page) = Page::read(data, &rows) {
        for user in page.users {
            assert!(!user.login.to_string().contains(char::is_control));
        }
    }
}

/// A fault that was parsed is written as it is parsed.
pub(crate) fn fault(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(fault) = text.parse::<Fault>() {
        let again: Fault = fault.to_string().parse().expect("the same fault");
        assert_eq!(again.to_string(), fault.to_string());
    }
}
