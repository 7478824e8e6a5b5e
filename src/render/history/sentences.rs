//! The sentences of the history: by which run, when, and how sure it is.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{AccessLine, ChangeKind, Question};
use crate::desired::Desired;
use crate::escape;
use crate::history::{AccessChange, ChangeSource, ExplainingCall, History};
use crate::model::Role;

/// A time as people read it.
pub(super) fn time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A time for programs.
pub(super) fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// A role by its name in the team file, or `none`.
pub(super) fn role(desired: &Desired, role: Option<&Role>) -> String {
    role.map_or_else(|| "none".to_owned(), |role| desired.role_name(role))
}

/// `run 2026-11-22T123456Z-3f9a1c`.
pub(super) fn run_name(name: &str) -> String {
    format!("run {}", escape::line(name.strip_suffix(".jsonl").unwrap_or(name)))
}

impl History {
    /// The run with that index.
    fn named(&self, run: usize) -> String {
        self.runs.get(run).map_or_else(|| "an unknown run".to_owned(), |run| run_name(&run.name))
    }

    fn by(&self, run: usize) -> String {
        self.runs.get(run).map(|run| format!(" by {}", run.by)).unwrap_or_default()
    }

    /// How a change is known: from which run, who started it, when, and how certain it is.
    #[must_use]
    pub fn evidence(&self, change: &AccessChange) -> String {
        let AccessChange { run, to, from, reason, .. } = change;
        let done = match (from, to) {
            (_, None) => "removed",
            (None, Some(_)) => "granted",
            (Some(_), Some(_)) => "changed",
        };
        let mut text = match change.source {
            ChangeSource::Call { at } => {
                format!("{done} by {} on {}{}", self.named(*run), time(at), self.by(*run))
            }
            ChangeSource::Observed { after: None, by, .. } => {
                format!(
                    "found in the first reading, on {} ({}); its origin is not known",
                    time(by),
                    self.named(*run)
                )
            }
            ChangeSource::Observed { after: Some(after), by, call } => {
                let mut text = format!("observed between {} and {}: ", time(after), time(by));
                match call {
                    None => {
                        let _ = write!(text, "{done} outside guestlist (recorded by {})", self.named(*run));
                    }
                    Some(ExplainingCall { run, at, is_invitation }) => {
                        let what = if is_invitation {
                            "accepted the invitation of"
                        } else {
                            "as in an unconfirmed call of"
                        };
                        let _ = write!(text, "{what} {} on {}{}", self.named(run), time(at), self.by(run));
                    }
                }
                text
            }
        };
        if let Some(reason) = reason {
            let _ = write!(text, "; reason: {}", escape::line(reason));
        }
        text
    }

    /// How the role of a line is known, changes included that may have happened already.
    pub(super) fn line_evidence(&self, line: &AccessLine, desired: &Desired) -> String {
        let since = line.since.filter(|change| change.to.is_some()).map(|change| self.evidence(change));
        let open = line.open.iter().map(|change| {
            format!("possibly {} already: {}", role(desired, change.to.as_ref()), self.evidence(change))
        });
        since.into_iter().chain(open).collect::<Vec<_>>().join("; ")
    }
}

impl Question<'_> {
    /// From when on the ledger is complete, as a sentence.
    pub(super) fn knowledge(&self) -> String {
        let Some(since) = self.known_since() else {
            return "The ledger has no recorded reading: it knows only the calls of guestlist.".to_owned();
        };
        let since = format!("The ledger knows who had access since {}, its first reading", time(since));
        match self.known_until {
            Some(until) => format!("{since}; its last reading is of {}.", time(until)),
            None => format!("{since}."),
        }
    }

    /// That the ledger was modified, if it was.
    pub(super) fn damage(&self) -> Option<String> {
        let is_damaged = self.chain == "damaged";
        is_damaged.then(|| "The ledger was modified: run `guestlist log --verify`.".to_owned())
    }

    /// What the answer is limited to: the end of a phrase.
    pub(super) fn limits(&self) -> String {
        let desired = self.desired;
        let role = self.role.as_ref().map(|role| format!(" with {}", desired.role_name(role)));
        let project = match &self.projects {
            Some(projects) if projects.len() == 1 => projects.first(),
            _ => None,
        };
        let project = project.map(|project| format!(" in {}", desired.project_name(project)));
        format!("{}{}", role.unwrap_or_default(), project.unwrap_or_default())
    }
}

impl ChangeKind {
    /// The heading above the changes of this kind.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::BecameAdmin => "Became ADMIN",
            Self::Gained => "Gained access",
            Self::Changed => "Changed role",
            Self::Inventory => "Found in the first reading",
            Self::Lost => "Lost access",
        }
    }

    /// The identifier for programs.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::BecameAdmin => "became_admin",
            Self::Gained => "gained",
            Self::Changed => "changed",
            Self::Inventory => "inventory",
            Self::Lost => "lost",
        }
    }
}
