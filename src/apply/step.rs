//! One change: its calls, and the interpretation of their responses.

use std::collections::BTreeMap;
use std::time::Duration;

use super::lookup::Found;
use super::scheduler::Scheduler;
use super::step_error::{Step, StepError, half_done, step_error, was_sent};
use super::stop::Stopped;
use super::{Apply, Ending};
use crate::api::{self, Call, Invite, Rejection};
use crate::known::User;
use crate::ledger::{Action, Intent, Meaning, Outcome, Seq};
use crate::model::{Access, Email, ProjectId, Role, UserId};
use crate::plan::Change;

/// The facts about a response that the ledger records.
struct CallRecord {
    seq: Seq,
    status: Option<u16>,
    request_id: Option<String>,
    took: Duration,
    /// The user in the response, if any.
    user_id: Option<UserId>,
}

impl CallRecord {
    /// Of a response, or of a call without one.
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

    /// Sets the user in the response.
    fn about(self, user: &User) -> Self {
        Self { user_id: Some(user.id.clone()), ..self }
    }
}

/// The result of an assign.
enum Assigned {
    /// The person has the role.
    Done(Meaning),
    /// The person is not in the project, and an invitation is pending.
    Absent {
        /// Whether the service said that there is no such user, which applies to every project.
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

    /// Stops the run. Calls waiting to retry would fail, too.
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
        let (record, result) = self.make(call, intent).await?;
        match result {
            Ok(()) => self.settle(record, Meaning::Invited, None),
            Err(error) if error.rejection().is_some_and(|rejection| rejection.status == 409) => {
                self.settle(record, Meaning::AddressTaken, Some(error.to_string()))?;
                self.assign_everywhere(invite).await.map_err(half_done)
            }
            Err(error) => self.fail(record, error),
        }
    }

    /// Assigns every role of an invitation that was answered with 409. The responses show whether the address
    /// belongs to a user, here or elsewhere, or to someone with a pending invitation.
    async fn assign_everywhere(&self, invite: &Invite<'_>) -> Step<Meaning> {
        let mut is_assigned = false;
        let mut absent = Vec::new();
        for (project, role) in invite.projects {
            match self.assign(invite.email, project, role, !is_assigned).await? {
                // The ledger has the projects from the intent of the invitation.
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

    /// Assigns a role. If `maybe_invited`, a person who is absent from the project has a pending invitation.
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
        let (record, result) = self.make(call, intent).await?;
        let error = match result {
            Ok(user) => {
                return self
                    .assigned(record.about(&user), user, email, project, role)
                    .await
                    .map(Assigned::Done);
            }
            Err(error) => error,
        };
        let Some(rejection) = error.rejection().filter(|rejection| may_be_about_the_person(rejection)) else {
            return self.fail(record, error).map(Assigned::Done);
        };
        let found = match self.look(project, email).await {
            Ok(found) => found,
            Err(lookup_error) => {
                self.settle(record, Meaning::Refused, Some(error.to_string()))?;
                return Err(half_done(lookup_error));
            }
        };
        match found {
            Found::Has { ref user, role: ref has } if has == role => {
                self.settle(record.about(user), Meaning::AlreadySo, Some(error.to_string()))?;
                self.count_admin(project, email, role);
                Ok(Assigned::Done(Meaning::AlreadySo))
            }
            Found::Has { user, role: has } => {
                self.settle(record, Meaning::Refused, Some(error.to_string()))?;
                self.replace_role(email, &user, project, &has, role).await.map(Assigned::Done)
            }
            Found::Absent if maybe_invited => {
                let global = rejection.resource_type.as_deref() == Some("user");
                self.settle(record, Meaning::AlreadyInvited, Some(error.to_string()))?;
                Ok(Assigned::Absent { global })
            }
            Found::Absent => self.fail(record, error).map(Assigned::Done),
        }
    }

    /// Checks the user in the response: someone who already had another role may have kept it.
    async fn assigned(
        &self,
        record: CallRecord,
        user: User,
        email: &Email,
        project: &ProjectId,
        role: &Role,
    ) -> Step<Meaning> {
        match user.projects.get(project) {
            Some(has) if has != role => {
                let detail = format!("the user has {has} there already");
                self.settle(record, Meaning::Refused, Some(detail))?;
                if *has == Role::Admin {
                    // Only a new reading shows how many ADMINs there are by now.
                    self.look(project, email).await.map_err(half_done)?;
                }
                self.replace_role(email, &user, project, has, role).await
            }
            _ => {
                self.count_admin(project, email, role);
                self.settle(record, Meaning::Assigned, None)
            }
        }
    }

    /// Replaces a role that was assigned after the plan was made. No guard has seen it, so the rules of the
    /// guards are applied here.
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
            let reason = format!("is an owner, and owners are never changed; keeps {has} in {name}");
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

    /// Counts the person if the role is ADMIN.
    fn count_admin(&self, project: &ProjectId, email: &Email, role: &Role) {
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
        let (record, result) = self.make(call, intent).await?;
        match result {
            Ok(_) => {
                self.count_admin(project, email, to);
                self.settle(record, Meaning::RoleChanged, None)
            }
            Err(error) => self.fail(record, error),
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
        let (record, result) = self.make(call, intent).await?;
        match result {
            Ok(()) => self.settle(record, Meaning::Unassigned, None),
            Err(error)
                if error.rejection().is_some_and(|rejection| {
                    let key = rejection.key.as_deref();
                    rejection.status == 404 || (rejection.status == 400 && key == Some("user_not_assigned"))
                }) =>
            {
                self.settle(record, Meaning::AlreadySo, Some(error.to_string()))
            }
            Err(error) => self.fail(record, error),
        }
    }

    /// Waits for the rate limit, records the intent, and makes the call. A call that cannot be recorded is
    /// not made.
    async fn make<T: api::Content>(
        &self,
        call: Call<T>,
        mut intent: Intent,
    ) -> Step<(CallRecord, Result<T, api::Error>)> {
        let Apply { writer, run, stop, desired, .. } = self.apply;
        if let (Some(person), false) = (desired.people.get(&intent.email), intent.action == Action::Unassign)
        {
            let reason = |project: &ProjectId| Some((project.clone(), person.reason_in(project)?.to_owned()));
            intent.reasons = intent.projects.keys().filter_map(reason).collect();
        }
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
        Ok((CallRecord::of(seq, &answer), answer.map(|answer| answer.value)))
    }

    /// Records the outcome with its meaning.
    fn settle(&self, record: CallRecord, meaning: Meaning, detail: Option<String>) -> Step<Meaning> {
        match self.apply.run.outcome(outcome(record, meaning, detail)) {
            Ok(()) => Ok(meaning),
            Err(error) => Err(StepError::Run { why: Stopped::Ledger(error), sent: true }),
        }
    }

    /// Records the outcome of a call that failed for this person.
    fn fail(&self, record: CallRecord, error: api::Error) -> Step<Meaning> {
        let meaning = match error.status() {
            _ if error.may_have_been_processed() => Meaning::Unknown,
            Some(_) => Meaning::Refused,
            None => Meaning::NotMade,
        };
        let sent = was_sent(&error);
        match self.settle(record, meaning, Some(error.to_string())) {
            Err(StepError::Run { why, .. }) => Err(StepError::Run { why, sent }),
            _ => Err(step_error(error)),
        }
    }
}

/// Whether an assign may have been rejected because of the person, not because of the role or the project.
fn may_be_about_the_person(rejection: &Rejection) -> bool {
    matches!(rejection.status, 400 | 404)
        && rejection.key.as_deref() != Some("used_incorrect_role")
        && rejection.resource_type.as_deref() != Some("project")
}

/// The record before a call.
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
        reasons: BTreeMap::new(),
    }
}

/// The record after a call.
fn outcome(record: CallRecord, meaning: Meaning, detail: Option<String>) -> Outcome {
    Outcome {
        of: record.seq,
        status: record.status,
        request_id: record.request_id,
        millis: u64::try_from(record.took.as_millis()).unwrap_or(u64::MAX),
        meaning,
        user_id: record.user_id,
        detail,
    }
}
