//! Folds the records of all runs into the history of access.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::access::KnownAccess;
use super::observed::Observed;
use super::record::{Action, Body, Intent, Meaning, Outcome, Record, Run, Seq};
use super::run_file::RunName;
use crate::history::{AccessChange, ChangeSource, ExplainingCall, History, RunFacts};
use crate::model::{Email, ProjectId, Role, UserId};

/// A call that may explain what is observed next.
#[derive(Debug)]
struct Expected {
    /// The role that it leads to.
    role: Option<Role>,
    call: ExplainingCall,
    reason: Option<String>,
}

/// Folds the records of all runs, in the order of the runs.
///
/// Of merged ledgers, in which two runs observed the same change, the first one counts.
#[derive(Debug)]
pub(super) struct AccessFold {
    realm: String,
    counts: bool,
    runs: Vec<RunFacts>,
    open: BTreeMap<Seq, (Timestamp, Intent)>,
    /// The calls that may explain what is observed next.
    expected: BTreeMap<(Email, ProjectId), Expected>,
    known: KnownAccess,
    /// The projects of which this run has recorded observations so far, and the time of the reading. They are
    /// complete once another record follows.
    reading: BTreeMap<ProjectId, Timestamp>,
    /// None if only what is known at the end is asked for.
    changes: Option<Vec<AccessChange>>,
}

impl AccessFold {
    /// An empty fold for one realm, with or without its history.
    pub(super) fn of(realm: &str, with_history: bool) -> Self {
        Self {
            realm: realm.to_owned(),
            counts: false,
            runs: Vec::new(),
            open: BTreeMap::new(),
            expected: BTreeMap::new(),
            known: KnownAccess::default(),
            reading: BTreeMap::new(),
            changes: with_history.then(Vec::new),
        }
    }

    /// Adds the next record of the run `name`.
    pub(super) fn take(&mut self, name: &RunName, record: &Record) {
        if matches!(record.body, Body::Run(_)) {
            // The run before was interrupted while it recorded a reading.
            self.reading.clear();
        } else if !matches!(record.body, Body::Observed(_)) {
            for (project, at) in std::mem::take(&mut self.reading) {
                self.known.note_reading(&project, at);
            }
        }
        match &record.body {
            Body::Run(run) => {
                self.close();
                self.counts = run.realm == self.realm;
                if self.counts {
                    self.runs.push(facts(name, record.at, run));
                }
            }
            _ if !self.counts => {}
            Body::Intent(intent) => {
                self.open.insert(record.seq, (record.at, intent.clone()));
            }
            Body::Outcome(outcome) => {
                if let Some((sent_at, intent)) = self.open.remove(&outcome.of) {
                    self.answered(record.at, sent_at, &intent, outcome);
                }
            }
            Body::Observed(observed) => self.observed(observed),
            Body::End(_) => {}
        }
    }

    /// What is known at the end.
    pub(super) fn finish(self) -> KnownAccess {
        self.known
    }

    /// Everything that happened.
    pub(super) fn history(self) -> History {
        History { runs: self.runs, changes: self.changes.unwrap_or_default() }
    }

    /// Ends the run: calls that were in flight may have been made.
    fn close(&mut self) {
        for (sent_at, intent) in std::mem::take(&mut self.open).into_values() {
            self.expect(sent_at, &intent);
        }
    }

    fn answered(&mut self, at: Timestamp, sent_at: Timestamp, intent: &Intent, outcome: &Outcome) {
        let user_id = outcome.user_id.as_ref().or(intent.user_id.as_ref());
        let is_removal = intent.action == Action::Unassign;
        match (outcome.meaning, intent.action) {
            (Meaning::Assigned | Meaning::RoleChanged | Meaning::Unassigned, _)
            | (Meaning::AlreadySo, Action::Assign | Action::ChangeRole | Action::Unassign) => {
                let email = self.known.login(user_id, &intent.email).clone();
                self.known.note_login(user_id, &email);
                // The reading with which the run started did not show it yet: an earlier attempt was processed, or
                // someone else did the same.
                let started = self.runs.last().map(|run| run.at);
                let call = Some(self.explaining(sent_at, intent.action));
                for (project, role) in &intent.projects {
                    let after = self.known.known_at(&email, project).max(started);
                    let source = match outcome.meaning {
                        Meaning::AlreadySo => ChangeSource::Observed { after, by: at, call },
                        _ => ChangeSource::Call { at },
                    };
                    let role = (!is_removal).then(|| role.clone());
                    let reason = intent.reasons.get(project).cloned();
                    self.set(&email, user_id, project, role, source, reason);
                }
            }
            (Meaning::Invited, _) => {
                self.expect(sent_at, intent);
                for (project, role) in &intent.projects {
                    self.known.offer(&intent.email, project, role, at);
                }
            }
            (Meaning::AlreadyInvited | Meaning::Unknown, _) => self.expect(sent_at, intent),
            _ => {}
        }
    }

    fn explaining(&self, at: Timestamp, action: Action) -> ExplainingCall {
        ExplainingCall { run: self.runs.len().saturating_sub(1), at, is_invitation: action == Action::Invite }
    }

    /// Remembers a call that may lead to access later.
    fn expect(&mut self, at: Timestamp, intent: &Intent) {
        let call = self.explaining(at, intent.action);
        for (project, role) in &intent.projects {
            let role = (intent.action != Action::Unassign).then(|| role.clone());
            let reason = intent.reasons.get(project).cloned();
            self.expected.insert((intent.email.clone(), project.clone()), Expected { role, call, reason });
        }
    }

    fn observed(&mut self, observed: &Observed) {
        let Observed { email, user_id, project, to, after, by, .. } = observed;
        let user_id = user_id.as_ref();
        let mut source = ChangeSource::Observed { after: *after, by: *by, call: None };
        let former = if to.is_some() { self.known.note_login(user_id, email) } else { Vec::new() };
        for former in former {
            if user_id.is_some_and(|user| self.known.is_of(&former, project, user)) {
                self.set(&former, user_id, project, None, source, None);
            }
        }
        let expected = self.expected.get(&(email.clone(), project.clone()));
        let mut reason = None;
        if let (ChangeSource::Observed { call, .. }, Some(expected)) = (&mut source, expected)
            && expected.role == *to
        {
            *call = Some(expected.call);
            reason.clone_from(&expected.reason);
        }
        self.set(email, user_id, project, to.clone(), source, reason);
        self.reading.insert(project.clone(), *by);
    }

    fn set(
        &mut self,
        email: &Email,
        user_id: Option<&UserId>,
        project: &ProjectId,
        to: Option<Role>,
        source: ChangeSource,
        reason: Option<String>,
    ) {
        self.expected.remove(&(email.clone(), project.clone()));
        let (at, before) = match source {
            ChangeSource::Call { at } => (at, Vec::new()),
            ChangeSource::Observed { by, call: Some(_), .. } => (by, Vec::new()),
            ChangeSource::Observed { by, after, call: None } => {
                (by, self.known.before(email, project, after.is_some()))
            }
        };
        let from = self.known.set(email, user_id, project, to.clone(), at, before);
        if let Some(changes) = &mut self.changes
            && from != to
        {
            let (email, user_id, project) = (email.clone(), user_id.cloned(), project.clone());
            let run = self.runs.len().saturating_sub(1);
            changes.push(AccessChange { email, user_id, project, from, to, run, reason, source });
        }
    }
}

fn facts(name: &RunName, at: Timestamp, run: &Run) -> RunFacts {
    RunFacts {
        name: name.as_str().to_owned(),
        at,
        by: run.who.to_string(),
        actor: run.who.actor.clone().or_else(|| run.who.user.clone()),
        commit: run.who.commit.clone(),
        plan_id: run.plan_id.clone(),
    }
}

#[cfg(test)]
mod tests;
