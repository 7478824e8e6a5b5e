//! One change: the calls it takes, and what their answers are taken to mean.

use std::time::Duration;

use super::lookup::Found;
use super::scheduler::{Scheduler, Step, StepError, step_error, was_sent};
use super::{Apply, Ending, Stopped};
use crate::api::{self, Call, Invite, Rejection};
use crate::known::User;
use crate::ledger::{Action, Intent, Meaning, Outcome, Seq};
use crate::model::{Access, Email, ProjectId, Role, UserId};
use crate::plan::Change;

/// How an answer came, as the ledger keeps it.
struct Trace {
    seq: Seq,
    status: Option<u16>,
    request_id: Option<String>,
    took: Duration,
    /// The user whom the answer is about, where it says so.
    user_id: Option<UserId>,
}

impl Trace {
    /// What an answer or its lack tells.
    fn of<T>(seq: Seq, answer: &Result<api::Answer<T>, api::Error>) -> Self {
        match answer {
            Ok(answer) => Self {
                seq,
                status: Some(answer.status),
                request_id: answer.request_id.clone(),
                took: answer.took,
                user_id: None,
            },
            Err(error) => Self {
                seq,
                status: error.status(),
                request_id: error.request_id().map(ToOwned::to_owned),
                took: error.took,
                user_id: None,
            },
        }
    }

    /// With the user whom the answer is about.
    fn about(self, user: &User) -> Self {
        Self { user_id: Some(user.id.clone()), ..self }
    }
}

/// What assigning came to.
enum Assigned {
    /// The person has the role.
    Done(Meaning),
    /// The person is not there, and an invitation is out.
    Absent {
        /// Whether the service said that there is no such user, which is so in every project.
        global: bool,
    },
}

impl Scheduler<'_> {
    /// Makes one change.
    pub(super) async fn one_change(&self, change: &Change) -> Ending {
        let result = match change {
            Change::Invite { email, first_name, last_name, projects } => {
                self.invite(&Invite { email, first_name, last_name, projects }).await
            }
            Change::Assign { email, project, role } => {
                self.assign(email, project, role, false).await.and_then(|assigned| match assigned {
                    Assigned::Done(meaning) => Ok(meaning),
                    Assigned::Absent { .. } => Err(StepError::person("is not a user of the organization")),
                })
            }
            Change::ChangeRole { email, user_id, project, from, to } => {
                self.change_role(email, user_id, project, from, to).await
            }
            Change::Unassign { email, user_id, project, role } => {
                self.unassign(email, user_id, project, role).await
            }
        };
        match result {
            Ok(meaning) => Ending::Done(meaning),
            Err(StepError::Person { reason, request_id }) => Ending::Failed { reason, request_id },
            Err(StepError::Stopped) => Ending::NotStarted,
            Err(StepError::Run { why, sent }) => {
                let (reason, request_id) = (why.to_string(), why.request_id().map(str::to_owned));
                self.stop(why);
                if sent { Ending::Failed { reason, request_id } } else { Ending::NotStarted }
            }
        }
    }

    /// Nothing new starts. Calls waiting to retry would fail too.
    fn stop(&self, why: Stopped) {
        self.apply.stop.ask(why);
        self.apply.writer.stop();
    }

    async fn invite(&self, invite: &Invite<'_>) -> Step<Meaning> {
        let call = Call::invite(invite);
        let intent = Intent {
            again: self.apply.again,
            ..intent(&call, Action::Invite, invite.email, invite.projects.clone())
        };
        let (trace, result) = self.make(call, intent).await?;
        match result {
            Ok(()) => self.settle(trace, Meaning::Invited, None).await,
            Err(error) if error.refused().is_some_and(|refusal| refusal.status == 409) => {
                self.settle(trace, Meaning::AddressTaken, Some(error.to_string())).await?;
                self.assign_everywhere(invite).await.map_err(half_done)
            }
            Err(error) => self.fail(trace, error).await,
        }
    }

    /// The address belongs to a user, here or elsewhere, or to someone who has an invitation: the answers
    /// to assigning tell which.
    async fn assign_everywhere(&self, invite: &Invite<'_>) -> Step<Meaning> {
        let mut is_assigned = false;
        let mut absent = Vec::new();
        for (project, role) in invite.projects {
            match self.assign(invite.email, project, role, !is_assigned).await? {
                // The ledger knows from the invitation which projects it was for.
                Assigned::Absent { global: true } if !is_assigned => return Ok(Meaning::AlreadyInvited),
                Assigned::Absent { .. } => absent.push(project),
                Assigned::Done(_) => is_assigned = true,
            }
        }
        match absent.first() {
            Some(project) if is_assigned => {
                let project = self.apply.desired.project_name(project);
                Err(StepError::person(format!("could not be given a role in {project}")))
            }
            Some(_) => Ok(Meaning::AlreadyInvited),
            None => Ok(Meaning::Assigned),
        }
    }

    /// Gives a role to a person. `maybe_invited` says that being absent means that an invitation is out.
    async fn assign(
        &self,
        email: &Email,
        project: &ProjectId,
        role: &Role,
        maybe_invited: bool,
    ) -> Step<Assigned> {
        let call = Call::assign(project, email, role);
        let access = Access::from([(project.clone(), role.clone())]);
        let intent = intent(&call, Action::Assign, email, access);
        let (trace, result) = self.make(call, intent).await?;
        let error = match result {
            Ok(user) => {
                return self
                    .assigned(trace.about(&user), user, email, project, role)
                    .await
                    .map(Assigned::Done);
            }
            Err(error) => error,
        };
        let Some(refusal) = error.refused().filter(|refusal| may_be_about_the_person(refusal)) else {
            return self.fail(trace, error).await.map(Assigned::Done);
        };
        let found = match self.look(project, email).await {
            Ok(found) => found,
            Err(unread) => {
                self.settle(trace, Meaning::Refused, Some(error.to_string())).await?;
                return Err(half_done(unread));
            }
        };
        match found {
            Found::Has { ref user, role: ref has } if has == role => {
                self.settle(trace.about(user), Meaning::AlreadySo, Some(error.to_string())).await?;
                self.given(project, email, role);
                Ok(Assigned::Done(Meaning::AlreadySo))
            }
            Found::Has { user, role: has } => {
                self.settle(trace, Meaning::Refused, Some(error.to_string())).await?;
                self.replace_role(email, &user, project, &has, role).await.map(Assigned::Done)
            }
            Found::Absent if maybe_invited => {
                let global = refusal.resource_type.as_deref() == Some("user");
                self.settle(trace, Meaning::AlreadyInvited, Some(error.to_string())).await?;
                Ok(Assigned::Absent { global })
            }
            Found::Absent => self.fail(trace, error).await.map(Assigned::Done),
        }
    }

    /// Reads what came back: a person who had a role there before may have kept it.
    async fn assigned(
        &self,
        trace: Trace,
        user: User,
        email: &Email,
        project: &ProjectId,
        role: &Role,
    ) -> Step<Meaning> {
        match user.projects.get(project) {
            Some(has) if has != role => {
                let detail = format!("the user has {has} there already");
                self.settle(trace, Meaning::Refused, Some(detail)).await?;
                if *has == Role::Admin {
                    // How many ADMINs there are by now, only a fresh reading shows.
                    self.look(project, email).await.map_err(half_done)?;
                }
                self.replace_role(email, &user, project, has, role).await
            }
            _ => {
                self.given(project, email, role);
                self.settle(trace, Meaning::Assigned, None).await
            }
        }
    }

    /// Replaces a role that turned up since the plan was made. No guard has seen it, so what the guards
    /// protect is protected here.
    async fn replace_role(
        &self,
        email: &Email,
        user: &User,
        project: &ProjectId,
        has: &Role,
        role: &Role,
    ) -> Step<Meaning> {
        let name = self.apply.desired.project_name(project);
        if user.is_owner {
            let has = self.apply.desired.role_name(has);
            let reason = format!("is an owner, and owners are never changed: stays {has} in {name}");
            return Err(StepError::person(reason));
        }
        if *has == Role::Admin && !self.quorum.release(project, email) {
            let reason = format!(
                "became ADMIN in {name} after the plan was made, and {name} would be left with too few ADMINs"
            );
            return Err(StepError::person(reason));
        }
        self.change_role(email, &user.id, project, has, role).await.map_err(half_done)
    }

    /// Counts a new ADMIN.
    fn given(&self, project: &ProjectId, email: &Email, role: &Role) {
        if *role == Role::Admin {
            self.quorum.admit(project, email);
        }
    }

    async fn change_role(
        &self,
        email: &Email,
        user: &UserId,
        project: &ProjectId,
        from: &Role,
        to: &Role,
    ) -> Step<Meaning> {
        let call = Call::update_role(project, user, to);
        let access = Access::from([(project.clone(), to.clone())]);
        let intent = Intent {
            user_id: Some(user.clone()),
            from: Some(from.clone()),
            ..intent(&call, Action::ChangeRole, email, access)
        };
        let (trace, result) = self.make(call, intent).await?;
        match result {
            Ok(_) => {
                self.given(project, email, to);
                self.settle(trace, Meaning::RoleChanged, None).await
            }
            Err(error) => self.fail(trace, error).await,
        }
    }

    async fn unassign(
        &self,
        email: &Email,
        user: &UserId,
        project: &ProjectId,
        role: &Role,
    ) -> Step<Meaning> {
        let call = Call::unassign(project, user);
        let access = Access::from([(project.clone(), role.clone())]);
        let intent = Intent { user_id: Some(user.clone()), ..intent(&call, Action::Unassign, email, access) };
        let (trace, result) = self.make(call, intent).await?;
        match result {
            Ok(()) => self.settle(trace, Meaning::Unassigned, None).await,
            Err(error)
                if error.refused().is_some_and(|refusal| {
                    let key = refusal.key.as_deref();
                    refusal.status == 404 || (refusal.status == 400 && key == Some("user_not_assigned"))
                }) =>
            {
                self.settle(trace, Meaning::AlreadySo, Some(error.to_string())).await
            }
            Err(error) => self.fail(trace, error).await,
        }
    }

    /// Waits for the rate limit, records the intent, then makes the call. What cannot be recorded is not
    /// done.
    async fn make<T: api::Content>(
        &self,
        call: Call<T>,
        intent: Intent,
    ) -> Step<(Trace, Result<T, api::Error>)> {
        let Apply { writer, run, stop, .. } = self.apply;
        let admission = writer.admit(&call).await.map_err(step_error)?;
        if stop.is_asked() {
            return Err(StepError::Stopped);
        }
        let unrecorded = |error| StepError::Run { why: Stopped::Ledger(error), sent: false };
        let seq = run.intent(intent).await.map_err(unrecorded)?;
        let permit = || match run.may_write() {
            Ok(()) => true,
            Err(error) => {
                stop.ask(Stopped::Ledger(error));
                writer.stop();
                false
            }
        };
        let answer = writer.send(&call, admission, &permit).await;
        self.outage.note(answer.as_ref().err());
        Ok((Trace::of(seq, &answer), answer.map(|answer| answer.value)))
    }

    /// Records what the answer was taken to mean.
    async fn settle(&self, trace: Trace, meaning: Meaning, detail: Option<String>) -> Step<Meaning> {
        match self.apply.run.outcome(outcome(trace, meaning, detail)).await {
            Ok(_) => Ok(meaning),
            Err(error) => Err(StepError::Run { why: Stopped::Ledger(error), sent: true }),
        }
    }

    async fn fail(&self, trace: Trace, error: api::Error) -> Step<Meaning> {
        let meaning = match error.status() {
            _ if error.may_have_been_processed() => Meaning::Unknown,
            Some(_) => Meaning::Refused,
            None => Meaning::NotMade,
        };
        let sent = was_sent(&error);
        match self.settle(trace, meaning, Some(error.to_string())).await {
            Err(StepError::Run { why, .. }) => Err(StepError::Run { why, sent }),
            _ => Err(step_error(error)),
        }
    }
}

/// The same for a change of which an earlier call was answered: its person is not one for whom nothing was
/// sent.
fn half_done(setback: StepError) -> StepError {
    match setback {
        StepError::Stopped => StepError::person("the run stopped before this change was complete"),
        StepError::Run { why, .. } => StepError::Run { why, sent: true },
        person @ StepError::Person { .. } => person,
    }
}

/// Whether an assign may have been refused for how the person stands, and not for its role or project.
fn may_be_about_the_person(refusal: &Rejection) -> bool {
    matches!(refusal.status, 400 | 404)
        && refusal.key.as_deref() != Some("used_incorrect_role")
        && refusal.resource_type.as_deref() != Some("project")
}

/// What is recorded before a call.
fn intent<T>(call: &Call<T>, action: Action, email: &Email, projects: Access) -> Intent {
    Intent {
        action,
        method: call.method().as_str().to_owned(),
        path: call.path().to_owned(),
        email: email.clone(),
        user_id: None,
        projects,
        from: None,
        again: false,
    }
}

/// What is recorded after a call.
fn outcome(trace: Trace, meaning: Meaning, detail: Option<String>) -> Outcome {
    Outcome {
        of: trace.seq,
        status: trace.status,
        request_id: trace.request_id,
        millis: u64::try_from(trace.took.as_millis()).unwrap_or(u64::MAX),
        meaning,
        user_id: trace.user_id,
        detail,
    }
}
