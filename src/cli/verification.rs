//! The check of the ledger: what was modified, missing or incomplete, as text and JSON.

use std::fmt::{self, Write as _};

use super::failure::Failure;
use super::terminal::Terminal;
use crate::escape;
use crate::ledger::{ChainState, EndReason, RunSummary, Verification};
use crate::words::count;

/// `12 records, 5 calls, completed`.
fn said(summary: &RunSummary) -> String {
    let RunSummary { records, calls, unanswered, ended, torn } = summary;
    let number = |n: u64, noun: &str| count(usize::try_from(n).unwrap_or(usize::MAX), noun);
    let mut said = format!("{}, {}", number(*records, "record"), number(*calls, "call"));
    if *unanswered > 0 {
        let _ = write!(said, ", {} without an outcome", number(*unanswered, "call"));
    }
    said.push_str(match ended {
        Some(EndReason::Completed) => ", completed",
        Some(EndReason::Interrupted) => ", interrupted",
        Some(EndReason::Stopped) => ", stopped",
        None => ", no end recorded",
    });
    if let Some(line) = torn {
        let _ = write!(said, ", line {line} is incomplete");
    }
    said
}

/// A problem of the ledger: a sentence.
struct VerificationFinding {
    file: Option<String>,
    line: Option<u64>,
    is_damage: bool,
    what: String,
}

impl fmt::Display for VerificationFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "`{file}`, line {line} {}", self.what),
            (Some(file), None) => write!(f, "`{file}` {}", self.what),
            (None, _) => f.write_str(&self.what),
        }
    }
}

/// Warns of every problem before anything from the ledger is shown.
pub(super) fn warn(verification: &Verification, terminal: Terminal) {
    for finding in findings(verification) {
        terminal.warn(&finding.to_string());
    }
}

fn findings(verification: &Verification) -> Vec<VerificationFinding> {
    let mut findings = Vec::new();
    for file in &verification.files {
        let name = Some(file.name.to_string());
        match &file.result {
            Err(broken) => findings.push(VerificationFinding {
                file: name,
                line: Some(broken.line),
                is_damage: true,
                what: broken.what.clone(),
            }),
            Ok(summary) => {
                let finding = |line, what: &str| VerificationFinding {
                    file: name.clone(),
                    line,
                    is_damage: false,
                    what: what.to_owned(),
                };
                if summary.torn.is_some() {
                    let what = "is incomplete (the process was interrupted while writing it)";
                    findings.push(finding(summary.torn, what));
                } else if file.may_be_cut() {
                    let what = "has no end: the run is in progress, was interrupted, or its last records were removed";
                    findings.push(finding(None, what));
                }
            }
        }
    }
    let whole = |is_damage, what| VerificationFinding { file: None, line: None, is_damage, what };
    findings.extend(verification.breaks.iter().map(|one| whole(true, one.to_string())));
    findings.extend(verification.forks.iter().map(|one| whole(false, one.to_string())));
    findings
}

/// Fails if the ledger is damaged.
fn verdict(verification: &Verification) -> Result<(), Failure> {
    if verification.chain() != ChainState::Damaged {
        return Ok(());
    }
    let damages = findings(verification).iter().filter(|finding| finding.is_damage).count();
    Err(Failure::new(format!("the ledger was modified: {}", count(damages, "problem"))))
}

pub(super) fn verified_json(verification: &Verification) -> Result<(), Failure> {
    let problem = |finding: &VerificationFinding| {
        let mut problem = serde_json::json!({
            "level": if finding.is_damage { "error" } else { "warning" },
            "text": finding.to_string(),
        });
        if let Some(file) = &finding.file {
            problem["file"] = file.as_str().into();
        }
        if let Some(line) = finding.line {
            problem["line"] = line.into();
        }
        problem
    };
    let problems: Vec<_> = findings(verification).iter().map(problem).collect();
    let object = serde_json::json!({ "chain": verification.chain().as_str(), "problems": problems });
    Terminal::print(&format!("{}\n", escape::json(object.to_string())))?;
    verdict(verification)
}

pub(super) fn verified_text(verification: &Verification, terminal: Terminal) -> Result<(), Failure> {
    if verification.files.is_empty() {
        return Terminal::print("The ledger has no runs: nothing to check.\n");
    }
    let paint = terminal.out;
    let mut page = String::new();
    for file in &verification.files {
        let _ = match &file.result {
            Err(error) => writeln!(page, "{} {}: {error}", paint.red("broken"), file.name),
            Ok(summary) if file.may_be_cut() || summary.torn.is_some() => {
                writeln!(page, "{} {}: {}", paint.yellow("incomplete"), file.name, said(summary))
            }
            Ok(summary) => writeln!(page, "{} {}: {}", paint.green("ok"), file.name, said(summary)),
        };
    }
    for one in &verification.breaks {
        let _ = writeln!(page, "{} {one}", paint.red("broken"));
    }
    Terminal::print(&page)?;
    for finding in findings(verification).iter().filter(|finding| !finding.is_damage) {
        terminal.warn(&finding.to_string());
    }
    verdict(verification)?;
    let checked = count(verification.files.len(), "file");
    Terminal::print(&format!("{checked} checked: all records intact.\n"))
}
