//! The log: the records as stored, each call with its outcome, and which of them are asked for.

use jiff::Timestamp;

use super::observed::Observed;
use super::record::{Body, End, Intent, Outcome, Record, Run, Seq};
use super::run_file::RunName;
use crate::model::{Email, ProjectId, Role};

/// The records to show. Each condition that is set must match.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// Only records about this person.
    pub person: Option<Email>,
    /// Only records about access to this project.
    pub project: Option<ProjectId>,
    /// Only records in which this role is assigned, replaced or removed, in that project if one is given.
    pub role: Option<Role>,
    /// Only records from this time on.
    pub since: Option<Timestamp>,
    /// Only records up to this time.
    pub until: Option<Timestamp>,
}

impl Selection {
    /// Whether only some records of a run are asked for, whatever their time.
    #[must_use]
    pub fn is_about_access(&self) -> bool {
        self.person.is_some() || self.project.is_some() || self.role.is_some()
    }

    /// Whether a record of that time is asked for.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until)
    }

    fn selects(&self, at: Timestamp, intent: &Intent) -> bool {
        let roles =
            intent.projects.iter().map(|(project, role)| (project, [Some(role), intent.from.as_ref()]));
        self.covers(at) && self.is_person(&intent.email) && self.is_access(roles)
    }

    fn selects_observed(&self, at: Timestamp, observed: &Observed) -> bool {
        let Observed { email, project, from, to, .. } = observed;
        let roles = std::iter::once((project, [from.as_ref(), to.as_ref()]));
        self.covers(at) && self.is_person(email) && self.is_access(roles)
    }

    fn is_person(&self, email: &Email) -> bool {
        self.person.as_ref().is_none_or(|person| person == email)
    }

    /// Whether one of the projects is asked for, with the role that is asked for among its roles.
    fn is_access<'a>(&self, mut roles: impl Iterator<Item = (&'a ProjectId, [Option<&'a Role>; 2])>) -> bool {
        let Self { project: asked, role, .. } = self;
        (asked.is_none() && role.is_none())
            || roles.any(|(project, roles)| {
                asked.as_ref().is_none_or(|asked| asked == project)
                    && role.as_ref().is_none_or(|role| roles.contains(&Some(role)))
            })
    }
}

/// A run with all its records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoggedRun {
    /// Its name.
    pub name: RunName,
    /// Its complete records, oldest first. Empty if the process was interrupted while writing the first one.
    pub records: Vec<Stored>,
}

/// A record and its line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The line as stored, without its newline.
    pub line: String,
    /// The parsed line.
    pub record: Record,
}

/// A call and its outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// The number of the intent.
    pub seq: Seq,
    /// When the intent was recorded, before the call was made.
    pub at: Timestamp,
    /// The call.
    pub intent: &'a Intent,
    /// The outcome and when it was recorded. None if the call is in flight, or the process was interrupted.
    pub outcome: Option<(Timestamp, &'a Outcome)>,
}

impl LoggedRun {
    /// When the run started, and its `run` record.
    #[must_use]
    pub fn run(&self) -> Option<(Timestamp, &Run)> {
        match &self.records.first()?.record {
            Record { at, body: Body::Run(run), .. } => Some((*at, run)),
            _ => None,
        }
    }

    /// The calls, oldest first: all of them, or those selected.
    #[must_use]
    pub fn entries(&self, selection: Option<&Selection>) -> Vec<Entry<'_>> {
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for Record { seq, at, body, .. } in self.records.iter().map(|stored| &stored.record) {
            match body {
                Body::Intent(intent) if selection.is_none_or(|it| it.selects(*at, intent)) => {
                    entries.push(Entry { seq: *seq, at: *at, intent, outcome: None });
                }
                Body::Outcome(outcome) => {
                    // Entries are sorted by `seq`.
                    if let Ok(index) = entries.binary_search_by_key(&outcome.of, |entry| entry.seq) {
                        entries[index].outcome = Some((*at, outcome));
                    }
                }
                Body::Run(_) | Body::Intent(_) | Body::Observed(_) | Body::End(_) => {}
            }
        }
        entries
    }

    /// The access that was observed to have changed, oldest first: all of it, or what is selected.
    pub fn observed<'a>(&'a self, selection: Option<&'a Selection>) -> impl Iterator<Item = &'a Observed> {
        self.records.iter().filter_map(move |Stored { record, .. }| match &record.body {
            Body::Observed(observed)
                if selection.is_none_or(|it| it.selects_observed(record.at, observed)) =>
            {
                Some(observed)
            }
            _ => None,
        })
    }

    /// The selected records, oldest first: with a condition on access, calls with their outcomes and what was
    /// observed; otherwise every record of that time.
    #[must_use]
    pub fn records(&self, selection: &Selection) -> Vec<&Stored> {
        if !selection.is_about_access() {
            return self.records.iter().filter(|stored| selection.covers(stored.record.at)).collect();
        }
        let mut about = Vec::new();
        self.records
            .iter()
            .filter(|Stored { record, .. }| match &record.body {
                Body::Intent(intent) => {
                    let is_selected = selection.selects(record.at, intent);
                    if is_selected {
                        about.push(record.seq);
                    }
                    is_selected
                }
                Body::Outcome(outcome) => about.binary_search(&outcome.of).is_ok(),
                Body::Observed(observed) => selection.selects_observed(record.at, observed),
                Body::Run(_) | Body::End(_) => false,
            })
            .collect()
    }

    /// The end of the run. None if it is in progress or was interrupted.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        match &self.records.last()?.record.body {
            Body::End(end) => Some(end),
            Body::Run(_) | Body::Intent(_) | Body::Outcome(_) | Body::Observed(_) => None,
        }
    }
}
