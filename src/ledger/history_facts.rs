//! The history of access with the facts that its sentences need.

use super::access_history::{AccessEvent, AccessHistory, AccessRun, AccessSource, ExplainingCall};
use super::record::Action;
use crate::render::{AccessChange, Cause, ChangeSource, History, RunFacts};

impl From<AccessHistory> for History {
    fn from(history: AccessHistory) -> Self {
        let run = |AccessRun { name, at, run }: AccessRun| RunFacts {
            name: name.as_str().to_owned(),
            at,
            by: run.who.to_string(),
            actor: run.who.actor.or(run.who.user),
            commit: run.who.commit,
            plan_id: run.plan_id,
        };
        let change = |event: AccessEvent| {
            let AccessEvent { email, user_id, project, from, to, run, source, reason } = event;
            AccessChange { email, user_id, project, from, to, run, reason, source: source.into() }
        };
        Self {
            runs: history.runs.into_iter().map(run).collect(),
            changes: history.events.into_iter().map(change).collect(),
        }
    }
}

impl From<AccessSource> for ChangeSource {
    fn from(source: AccessSource) -> Self {
        let cause = |ExplainingCall { run, at, action }| {
            let is_invitation = action == Action::Invite;
            Cause { run, at, is_invitation }
        };
        match source {
            AccessSource::Call { at } => Self::Call { at },
            AccessSource::Observed { after, by, call } => {
                Self::Observed { after, by, cause: call.map(cause) }
            }
        }
    }
}
