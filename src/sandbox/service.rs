//! Serves one call after another: credentials, rate limit, faults, the organization, and the log.

use std::collections::VecDeque;
use std::time::SystemTime;

use serde_json::Value;

use super::behaviour::{Behaviour, Paging, SecondInvitation};
use super::call::{LoggedCall, Operation, Payload, ReceivedCall};
use super::fault::{Fault, FaultKind};
use super::fault_plan::{FaultPlan, Injected};
use super::hostile;
use super::organization::Organization;
use super::payload::PageOfUsers;
use super::rate_limit::{RateLimit, RateLimiter};
use super::reply::{Delivery, Reply};
use super::response::{ErrorResponse, SuccessResponse};

/// The service without HTTP: no connection, no clock.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) organization: Organization,
    /// The number of changes to the organization, for saving it.
    pub(super) changes: u64,
    pub(super) log: Vec<LoggedCall>,
    arrived: u64,
    pub(super) behaviour: Behaviour,
    credentials: (String, String),
    limiter: Option<RateLimiter>,
    faults: FaultPlan,
    /// The organization before each of the last writes, for lists that lag.
    past: VecDeque<(u64, Organization)>,
}

impl Service {
    pub(super) fn new(
        organization: Organization,
        behaviour: Behaviour,
        credentials: (String, String),
        limit: Option<RateLimit>,
        faults: Vec<Fault>,
    ) -> Self {
        Self {
            organization,
            changes: 0,
            log: Vec::new(),
            arrived: 0,
            behaviour,
            credentials,
            limiter: limit.map(RateLimiter::new),
            faults: FaultPlan::new(faults),
            past: VecDeque::new(),
        }
    }

    /// Replaces the faults; calls are counted from 1 again.
    pub(super) fn set_faults(&mut self, faults: Vec<Fault>) {
        self.faults = FaultPlan::new(faults);
    }

    /// Executes a call and logs it.
    pub(super) fn serve(&mut self, call: &ReceivedCall, now: SystemTime) -> Reply {
        let operation = Operation::of(&call.method, &call.path);
        self.arrived += 1;
        let mut logged = LoggedCall::new(self.arrived, call);
        let injected = self.faults.due(&logged, &operation);
        let changes = self.changes;
        let regular = match &injected.transport {
            Some(fault) if !fault.kind.executes() => {
                let headers = self.limiter.as_mut().map(|limiter| limiter.look(now));
                Reply::bare(204, headers)
            }
            _ => self.answer(call, &operation, &logged, &injected, now),
        };
        let mut reply = match &injected.transport {
            Some(fault) => regular.with_fault(&fault.kind, &logged.request_id),
            None => regular,
        };
        reply.seq = logged.seq;
        let sent = !matches!(reply.delivery, Delivery::Withheld | Delivery::Cut);
        logged.status = sent.then_some(reply.status);
        logged.applied = self.changes > changes;
        logged.fault =
            injected.transport.or(injected.content.into_iter().next()).map(|fault| fault.to_string());
        self.log.push(logged);
        reply
    }

    /// The response if the change could not be saved: it is in memory, and may be lost.
    pub(super) fn not_saved(&mut self, seq: u64) -> Reply {
        let Some(logged) = self.log.iter_mut().find(|logged| logged.seq == seq) else {
            return Reply::bare(500, None);
        };
        logged.status = Some(500);
        Reply::json(500, Some(&ErrorResponse::server_error(500).body(&logged.request_id)), None)
    }

    /// The answer before faults of the transport.
    fn answer(
        &mut self,
        call: &ReceivedCall,
        operation: &Operation,
        logged: &LoggedCall,
        injected: &Injected,
        now: SystemTime,
    ) -> Reply {
        if call.credentials.as_ref() != Some(&self.credentials) {
            let allowance = self.limiter.as_mut().map(|limiter| limiter.look(now));
            return Reply::json(
                401,
                Some(&ErrorResponse::unauthorized().body(&logged.request_id)),
                allowance,
            );
        }
        let allowance = self.limiter.as_mut().map(|limiter| limiter.spend(now));
        if let Some(spent) = allowance.filter(|allowance| !allowance.allowed) {
            let body = ErrorResponse::bare(429, "Too many requests").body(&logged.request_id);
            let mut reply = Reply::json(429, Some(&body), allowance);
            reply.headers.push(("retry-after", spent.wait.to_string()));
            reply.headers.push(("x-rate-limit-type", "api_calls".to_owned()));
            return reply;
        }
        let (status, mut body) = match self.operate(call, operation, logged.seq, &injected.content) {
            Ok(SuccessResponse { status, body }) => (status, body),
            Err(refusal) => (refusal.status, Some(refusal.body(&logged.request_id))),
        };
        let hostile = injected.content.iter().any(|fault| fault.kind == FaultKind::HostileNames);
        if let Some(body) = body.as_mut().filter(|_| hostile) {
            hostile::inject(body, logged.seq);
        }
        let mut reply = Reply::json(status, body.as_ref(), allowance);
        if let Operation::WrongMethod(allowed) = operation {
            reply.headers.push(("allow", (*allowed).to_owned()));
        }
        reply
    }

    fn operate(
        &mut self,
        call: &ReceivedCall,
        operation: &Operation,
        seq: u64,
        content: &[Fault],
    ) -> Result<SuccessResponse, ErrorResponse> {
        let behaviour = self.behaviour;
        match operation {
            Operation::ListProjects => Ok(self.organization.list_projects()),
            Operation::GetProject(project) => self.organization.get_project(project),
            Operation::GetUser(project, user) => self.organization.get_user(project, user, behaviour),
            Operation::ListUsers(project) => self.list_users(call, project, seq, content),
            Operation::Invite => {
                let again = content.iter().any(|fault| fault.kind == FaultKind::SecondInviteOk);
                let second_invitation =
                    if again { SecondInvitation::SentAgain } else { behaviour.second_invitation };
                let behaviour = Behaviour { second_invitation, ..behaviour };
                let body = json_of(call)?;
                self.write(seq, |organization| organization.invite(body, behaviour))
            }
            Operation::Assign(project) => {
                let body = json_of(call)?;
                self.write(seq, |organization| organization.assign(project, body, behaviour))
            }
            Operation::ChangeRole(project, user) => {
                let body = json_of(call)?;
                self.write(seq, |organization| organization.change_role(project, user, body, behaviour))
            }
            Operation::Unassign(project, user) => {
                self.write(seq, |organization| organization.unassign(project, user, behaviour))
            }
            Operation::WrongMethod(_) => Err(ErrorResponse::method_not_allowed(&call.method)),
            Operation::Unknown => Err(ErrorResponse::no_such_path(&call.path)),
        }
    }

    fn write(
        &mut self,
        seq: u64,
        operation: impl FnOnce(&mut Organization) -> Result<SuccessResponse, ErrorResponse>,
    ) -> Result<SuccessResponse, ErrorResponse> {
        let lag = self.faults.longest_lag();
        let before = (lag > 0).then(|| self.organization.clone());
        let answer = operation(&mut self.organization)?;
        self.changes += 1;
        if let Some(before) = before {
            self.past.retain(|(written, _)| seq - written <= lag);
            self.past.push_back((seq, before));
        }
        Ok(answer)
    }

    fn list_users(
        &self,
        call: &ReceivedCall,
        project: &str,
        seq: u64,
        content: &[Fault],
    ) -> Result<SuccessResponse, ErrorResponse> {
        let page = match self.behaviour.paging {
            Paging::Honoured => PageOfUsers::read(&call.query)?,
            Paging::Ignored => PageOfUsers::default(),
        };
        let mut organization = &self.organization;
        for fault in content {
            if let FaultKind::Lag { calls } = fault.kind
                && let Some((_, before)) = self.past.iter().find(|(written, _)| seq - written <= calls)
            {
                organization = before;
            }
        }
        let mut answer = organization.list_users(project, page, self.behaviour)?;
        for fault in content {
            match fault.kind {
                FaultKind::ShortList { drop } => shorten(&mut answer, page, drop),
                FaultKind::EmptyList => answer = SuccessResponse::list(&[], 0),
                _ => {}
            }
        }
        Ok(answer)
    }
}

/// Removes those of the last `drop` users of the whole list that are on this page.
fn shorten(answer: &mut SuccessResponse, page: PageOfUsers, drop: usize) {
    let Some(body) = &mut answer.body else { return };
    let total = body["total"].as_u64().and_then(|total| usize::try_from(total).ok()).unwrap_or_default();
    let before_page = page.page.saturating_sub(1).saturating_mul(page.limit);
    if let Some(data) = body["data"].as_array_mut() {
        data.truncate(total.saturating_sub(drop).saturating_sub(before_page));
    }
}

fn json_of(call: &ReceivedCall) -> Result<&Value, ErrorResponse> {
    match &call.body {
        Some(Payload::Json(body)) => Ok(body),
        Some(Payload::Other(_)) => {
            Err(ErrorResponse::invalid_payload("Payload must be JSON, and said to be"))
        }
        None => Err(ErrorResponse::invalid_payload("Payload must not be empty")),
    }
}
