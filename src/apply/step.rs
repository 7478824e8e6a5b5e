//! One change: the calls it takes, and what their answers are taken to mean.

use std::time::Duration;

use super::lookup::Standing;
use super::{Apply, Ending, Stopped};
use crate::api::{self, Call, Invite, Problem, Refusal};
use crate::identity::{Access, Email, ProjectId, Role, UserId};
use crate::known::User;
use crate::ledger::{Action, Intent, Meaning, Outcome, Seq};
use crate::plan::Change;

/// Why a change did not come about.
enum Setback {
    /// The person's alone.
    Person(String),
    /// The run stopped before it was done.
    Stopped,
    /// The run must stop.
    Run(Stopped),
}

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

type Step<T> = Result<T, Setback>;

impl Apply<'_> {
    /// Makes one change.
    pub(super) async fn one_change(&self, change: &Change) -> Ending {
        let result = match change {
            Change::Invite { email, first_name, last_name, projects } => {
                self.invite(&Invite { email, first_name, last_name, projects }).await
            }
            Change::Assign { email, project, role } => {
                self.assign(email, project, role, false).await.and_then(|meaning| match meaning {
                    Meaning::AlreadyInvited => {
                        Err(Setback::Person("is no user of the organization".to_owned()))
                    }
                    meaning => Ok(meaning),
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
            Err(Setback::Person(reason)) => Ending::Failed { reason },
            Err(Setback::Stopped) => Ending::NotStarted,
            Err(Setback::Run(stopped)) => {
                let reason = stopped.to_string();
                self.stop.ask(stopped);
                // Nor would those succeed that wait for their next attempt.
                self.writer.stop();
                Ending::Failed { reason }
            }
        }
    }

    async fn invite(&self, invite: &Invite<'_>) -> Step<Meaning> {
        let call = Call::invite(invite);
        let intent = Intent {
            again: self.again,
            ..intent(&call, Action::Invite, invite.email, invite.projects.clone())
        };
        let (trace, result) = self.make(call, intent).await?;
        match result {
            Ok(()) => self.settle(trace, Meaning::Invited, None).await,
            Err(error) if error.refused().is_some_and(|refusal| refusal.status == 409) => {
                self.settle(trace, Meaning::AddressTaken, Some(error.to_string())).await?;
                self.assign_everywhere(invite).await
            }
            Err(error) => self.fail(trace, error).await,
        }
    }

    /// The address belongs to a user, here or elsewhere, or to somebody who has an invitation: which of
    /// these, assigning tells.
    async fn assign_everywhere(&self, invite: &Invite<'_>) -> Step<Meaning> {
        let mut assigned = false;
        let mut absent = Vec::new();
        for (project, role) in invite.projects {
            match self.assign(invite.email, project, role, !assigned).await? {
                Meaning::AlreadyInvited => absent.push(project),
                _ => assigned = true,
            }
        }
        match absent.first() {
            Some(project) if assigned => {
                let project = self.desired.project_name(project);
                Err(Setback::Person(format!("could not be given a role in {project}")))
            }
            Some(_) => Ok(Meaning::AlreadyInvited),
            None => Ok(Meaning::Assigned),
        }
    }

    /// Gives a role to somebody. `maybe_invited` says that being absent means that an invitation is out.
    async fn assign(
        &self,
        email: &Email,
        project: &ProjectId,
        role: &Role,
        maybe_invited: bool,
    ) -> Step<Meaning> {
        let call = Call::assign(project, email, role);
        let access = Access::from([(project.clone(), role.clone())]);
        let intent = intent(&call, Action::Assign, email, access);
        let (trace, result) = self.make(call, intent).await?;
        let error = match result {
            Ok(user) => return self.assigned(trace.about(&user), user, email, project, role).await,
            Err(error) => error,
        };
        if !error.refused().is_some_and(may_be_about_the_person) {
            return self.fail(trace, error).await;
        }
        let standing = match self.look(project, email).await {
            Ok(standing) => standing,
            Err(unread) => {
                self.settle(trace, Meaning::Refused, Some(error.to_string())).await?;
                return Err(setback(unread));
            }
        };
        match standing {
            Standing::Has { ref user, role: ref has, .. } if has == role => {
                self.settle(trace.about(user), Meaning::AlreadySo, Some(error.to_string())).await
            }
            Standing::Has { user, role: has, admins } => {
                self.settle(trace, Meaning::Refused, Some(error.to_string())).await?;
                self.may_replace(&user, project, &has, admins)?;
                self.change_role(email, &user.id, project, &has, role).await
            }
            Standing::Absent if maybe_invited => {
                self.settle(trace, Meaning::AlreadyInvited, Some(error.to_string())).await
            }
            Standing::Absent => self.fail(trace, error).await,
        }
    }

    /// Reads what came back: somebody who had a role there already may have kept it.
    async fn assigned(
        &self,
        trace: Trace,
        user: User,
        email: &Email,
        project: &ProjectId,
        role: &Role,
    ) -> Step<Meaning> {
        match user.projects.get(project) {
            Some(given) if given != role => {
                let detail = format!("the user has {given} there already");
                self.settle(trace, Meaning::Refused, Some(detail)).await?;
                let admins = match given {
                    Role::Admin => match self.look(project, email).await.map_err(setback)? {
                        Standing::Has { admins, .. } => admins,
                        Standing::Absent => 0,
                    },
                    _ => 0,
                };
                self.may_replace(&user, project, given, admins)?;
                self.change_role(email, &user.id, project, given, role).await
            }
            _ => self.settle(trace, Meaning::Assigned, None).await,
        }
    }

    /// Whether a role that turned up since the plan was made may be replaced. No guard has seen it, so
    /// what the guards keep is kept here; `admins` counts the project's, where the role is ADMIN.
    fn may_replace(&self, user: &User, project: &ProjectId, role: &Role, admins: usize) -> Step<()> {
        let keep = self.desired.policy.keep_admins as usize;
        let project = self.desired.project_name(project);
        if user.is_owner {
            let role = self.desired.role_name(role);
            let reason = format!("is an owner, and owners are never changed: stays {role} in {project}");
            return Err(Setback::Person(reason));
        }
        if *role == Role::Admin && admins <= keep {
            let reason = format!(
                "has become ADMIN in {project} since the plan was made, and the project has no more than {keep}"
            );
            return Err(Setback::Person(reason));
        }
        Ok(())
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
            Ok(_) => self.settle(trace, Meaning::RoleChanged, None).await,
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
                    refusal.status == 404 || refusal.key.as_deref() == Some("user_not_assigned")
                }) =>
            {
                self.settle(trace, Meaning::AlreadySo, Some(error.to_string())).await
            }
            Err(error) => self.fail(trace, error).await,
        }
    }

    /// Records the intent, then makes the call. What cannot be recorded is not done.
    async fn make<T: api::Content>(
        &self,
        call: Call<T>,
        intent: Intent,
    ) -> Step<(Trace, Result<T, api::Error>)> {
        if self.stop.is_asked() {
            return Err(Setback::Stopped);
        }
        let seq = self.run.intent(intent).await.map_err(|error| Setback::Run(Stopped::Ledger(error)))?;
        let answer = self.writer.send(&call).await;
        Ok((Trace::of(seq, &answer), answer.map(|answer| answer.value)))
    }

    /// Records what the answer was taken to mean.
    async fn settle(&self, trace: Trace, meaning: Meaning, detail: Option<String>) -> Step<Meaning> {
        match self.run.outcome(outcome(trace, meaning, detail)).await {
            Ok(_) => Ok(meaning),
            Err(error) => Err(Setback::Run(Stopped::Ledger(error))),
        }
    }

    async fn fail(&self, trace: Trace, error: api::Error) -> Step<Meaning> {
        let meaning = match error.status() {
            _ if error.may_have_been_processed() => Meaning::Unknown,
            Some(_) => Meaning::Refused,
            None => Meaning::NotMade,
        };
        self.settle(trace, meaning, Some(error.to_string())).await?;
        Err(setback(error))
    }
}

fn setback(error: api::Error) -> Setback {
    match error.problem {
        // It waited, and nothing was sent.
        Problem::Stopped if !error.may_have_been_processed() => Setback::Stopped,
        _ if error.is_fatal() => Setback::Run(Stopped::Service(Box::new(error))),
        _ => Setback::Person(error.to_string()),
    }
}

/// Whether an assign may have been refused for how the person stands, and not for its role or project.
fn may_be_about_the_person(refusal: &Refusal) -> bool {
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
