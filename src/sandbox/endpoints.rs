//! One method for each endpoint: the answer of the organization, and the change it makes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::behaviour::{AssignAgain, AssignPending, Behaviour, Paging, SecondInvitation};
use super::bodies::{project_body, user_body};
use super::organization::{Account, Organization, UserStatus};
use super::payload::{self, Assignee, Invitation, PageOfUsers};
use super::response::{ErrorResponse, SuccessResponse};
use crate::model::Email;

type Answered = Result<SuccessResponse, ErrorResponse>;

impl Organization {
    /// List Projects.
    #[must_use]
    pub fn list_projects(&self) -> SuccessResponse {
        let data: Vec<_> = self.projects().iter().map(project_body).collect();
        let total = data.len();
        SuccessResponse::list(&data, total)
    }

    /// Get Project.
    ///
    /// # Errors
    /// 404 for an unknown project.
    pub fn get_project(&self, project: &str) -> Answered {
        let found = self.project(project).ok_or_else(|| ErrorResponse::no_project_to_get(project))?;
        Ok(SuccessResponse::ok(project_body(found)))
    }

    /// List Users, by user id.
    ///
    /// # Errors
    /// 404 for an unknown project.
    pub fn list_users(&self, project: &str, page: PageOfUsers, behaviour: Behaviour) -> Answered {
        let in_project = self.in_project(project).ok_or_else(|| ErrorResponse::no_project(project))?;
        let shown: Vec<_> = in_project.filter(|person| is_listed(person, behaviour)).collect();
        let (skipped, taken) = match behaviour.paging {
            Paging::Honoured => (page.page.saturating_sub(1).saturating_mul(page.limit), page.limit),
            Paging::Ignored => (0, usize::MAX),
        };
        let data: Vec<_> = shown.iter().skip(skipped).take(taken).map(|person| user_body(person)).collect();
        Ok(SuccessResponse::list(&data, shown.len()))
    }

    /// Get User.
    ///
    /// # Errors
    /// 404 for an unknown project or a user who is not in it.
    pub fn get_user(&self, project: &str, user: &str, behaviour: Behaviour) -> Answered {
        self.check_project(project)?;
        let person = self.listed(user, behaviour).filter(|person| person.projects.contains_key(project));
        person.map(user_answer).ok_or_else(|| ErrorResponse::no_user_in_project(user, project))
    }

    /// Invite a New User. Checks the payload, then the roles, the projects, and the address.
    ///
    /// # Errors
    /// 400; 404 for an unknown project; 409 if a Voucherify user has the address.
    pub fn invite(&mut self, body: &Value, behaviour: Behaviour) -> Answered {
        let invitation = Invitation::read(body)?;
        for role in invitation.projects.values() {
            if !self.is_role(role) {
                return Err(ErrorResponse::incorrect_role(role));
            }
        }
        for project in invitation.projects.keys() {
            self.check_project(project)?;
        }
        let projects: BTreeMap<String, String> = invitation
            .projects
            .iter()
            .map(|(&project, &role)| (project.to_owned(), role.to_owned()))
            .collect();
        match self.person(invitation.email) {
            None => {
                let id = self.new_id();
                self.put(Account {
                    id,
                    login: Email::as_received(invitation.email),
                    email: invitation.email.to_owned(),
                    first_name: invitation.first_name.to_owned(),
                    last_name: invitation.last_name.to_owned(),
                    projects,
                    is_owner: false,
                    status: UserStatus::Invited(1),
                });
                Ok(SuccessResponse::no_content())
            }
            Some(Account { id, status: UserStatus::Invited(times), .. })
                if behaviour.second_invitation == SecondInvitation::SentAgain =>
            {
                let (id, status) = (id.clone(), UserStatus::Invited(times.saturating_add(1)));
                self.change(&id, |person| {
                    person.projects = projects;
                    person.status = status;
                });
                Ok(SuccessResponse::no_content())
            }
            Some(_) => Err(ErrorResponse::duplicate_user(invitation.email)),
        }
    }

    /// Assign User.
    ///
    /// # Errors
    /// 400; 404 for an unknown project or user.
    pub fn assign(&mut self, project: &str, body: &Value, behaviour: Behaviour) -> Answered {
        let (assignee, role) = payload::assignment(body)?;
        self.check_role(role)?;
        self.check_project(project)?;
        let person = self.assignee(&assignee, behaviour)?;
        let id = person.id.clone();
        if person.projects.contains_key(project) {
            match behaviour.assign_again {
                AssignAgain::Refused => return Err(ErrorResponse::already_assigned()),
                AssignAgain::KeepsRole => return Ok(user_answer(person)),
                AssignAgain::TakesRole if person.is_owner => return Err(ErrorResponse::owner()),
                AssignAgain::TakesRole => {}
            }
        }
        let changed = self.change(&id, |person| {
            person.projects.insert(project.to_owned(), role.to_owned());
            if person.status == UserStatus::Elsewhere {
                person.status = UserStatus::Member;
            }
        });
        changed.map(user_answer).ok_or_else(|| ErrorResponse::no_user(&id))
    }

    /// Update User: changes the role in a project.
    ///
    /// # Errors
    /// 400 (also for an owner); 404 for an unknown project or a user who is not in it.
    pub fn change_role(&mut self, project: &str, user: &str, body: &Value, behaviour: Behaviour) -> Answered {
        let role = payload::new_role(body)?;
        self.check_role(role)?;
        self.check_project(project)?;
        let person = self
            .listed(user, behaviour)
            .filter(|person| person.projects.contains_key(project))
            .ok_or_else(|| ErrorResponse::no_user(user))?;
        if person.is_owner {
            return Err(ErrorResponse::owner());
        }
        let id = person.id.clone();
        let changed = self.change(&id, |person| {
            person.projects.insert(project.to_owned(), role.to_owned());
        });
        changed.map(user_answer).ok_or_else(|| ErrorResponse::no_user(user))
    }

    /// Unassign User.
    ///
    /// # Errors
    /// 400 for a user who is not in the project, has no other project, or is an owner; 404 for an unknown
    /// project or user.
    pub fn unassign(&mut self, project: &str, user: &str, behaviour: Behaviour) -> Answered {
        self.check_project(project)?;
        let person = self.listed(user, behaviour).ok_or_else(|| ErrorResponse::no_user(user))?;
        if !person.projects.contains_key(project) {
            return Err(ErrorResponse::not_assigned());
        }
        if person.is_owner {
            return Err(ErrorResponse::owner());
        }
        if person.projects.len() == 1 {
            return Err(ErrorResponse::only_project());
        }
        let id = person.id.clone();
        self.change(&id, |person| {
            person.projects.remove(project);
        });
        Ok(SuccessResponse::no_content())
    }

    /// The listed person with that id or, as the description allows, that login.
    fn listed(&self, user: &str, behaviour: Behaviour) -> Option<&Account> {
        self.person_by_id(user).or_else(|| self.person(user)).filter(|person| is_listed(person, behaviour))
    }

    /// The user that Assign User refers to: a user here or elsewhere, or an invited person if they are listed.
    fn assignee(&self, assignee: &Assignee<'_>, behaviour: Behaviour) -> Result<&Account, ErrorResponse> {
        let (person, unknown) = match assignee {
            Assignee::Id(id) => (self.person_by_id(id), ErrorResponse::no_user(id)),
            Assignee::Login(login) => (self.person(login), ErrorResponse::no_login(login)),
        };
        match person {
            Some(person) if person.status == UserStatus::Elsewhere || is_listed(person, behaviour) => {
                Ok(person)
            }
            Some(_) if behaviour.assign_pending == AssignPending::NotActive => {
                Err(ErrorResponse::not_active())
            }
            _ => Err(unknown),
        }
    }

    fn check_role(&self, role: &str) -> Result<(), ErrorResponse> {
        let incorrect = || ErrorResponse::invalid_payload(format!("The role '{role}' is incorrect"));
        self.is_role(role).then_some(()).ok_or_else(incorrect)
    }

    fn check_project(&self, project: &str) -> Result<(), ErrorResponse> {
        self.project(project).map(|_| ()).ok_or_else(|| ErrorResponse::no_project(project))
    }
}

fn is_listed(person: &Account, behaviour: Behaviour) -> bool {
    match person.status {
        UserStatus::Member => true,
        UserStatus::Invited(_) => behaviour.pending_shows,
        UserStatus::Elsewhere => false,
    }
}

fn user_answer(person: &Account) -> SuccessResponse {
    SuccessResponse::ok(user_body(person))
}
