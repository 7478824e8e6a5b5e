//! A call as data: method, path, body, and the type of its response.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde_json::{Value, json};

use crate::known::User;
use crate::model::{Access, Email, ProjectId, Role, UserId};

/// The HTTP method of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// Reads.
    Get,
    /// Adds.
    Post,
    /// Changes.
    Put,
    /// Takes away.
    Delete,
}

impl Method {
    /// The name in HTTP.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An invitation to all projects of a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invite<'a> {
    /// The person.
    pub email: &'a Email,
    /// Given name.
    pub first_name: &'a str,
    /// Family name.
    pub last_name: &'a str,
    /// The role in each project.
    pub projects: &'a Access,
}

/// A call. It can be recorded before it is sent.
pub struct Call<T> {
    method: Method,
    path: String,
    body: Option<Value>,
    check: Box<Check<T>>,
}

/// Whether the content of a response confirms the call; otherwise, what is wrong with it.
type Check<T> = dyn Fn(&T) -> Result<(), String> + Send + Sync;

impl<T> Call<T> {
    fn new(method: Method, path: String, body: Option<Value>) -> Self {
        Self { method, path, body, check: Box::new(|_| Ok(())) }
    }

    fn checked(self, check: impl Fn(&T) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self { check: Box::new(check), ..self }
    }

    pub(super) fn get(path: String) -> Self {
        Self::new(Method::Get, path, None)
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// The path from `/management/v1/` on, with ids percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The JSON body, if there is one.
    #[must_use]
    pub fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// Whether the response is about the person, project and role of this call.
    pub(super) fn check(&self, answer: &T) -> Result<(), String> {
        (self.check)(answer)
    }

    /// Whether the service receives every id in the path unchanged. An empty id or a dot segment would turn
    /// the path into that of another call.
    pub(super) fn is_sendable(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        !path.split('/').skip(1).any(|segment| matches!(segment, "" | "." | ".."))
    }
}

impl Call<()> {
    /// Invites a person.
    #[must_use]
    pub fn invite(invite: &Invite) -> Self {
        let Invite { email, first_name, last_name, projects } = invite;
        let body = json!({
            "email": email, "first_name": first_name, "last_name": last_name, "projects": projects,
        });
        Self::new(Method::Post, "/management/v1/projects/users/invite".to_owned(), Some(body))
    }

    /// Removes a user's role in a project.
    #[must_use]
    pub fn unassign(project: &ProjectId, user: &UserId) -> Self {
        Self::new(Method::Delete, user_path(project, user), None)
    }
}

impl Call<User> {
    /// Assigns a role in a project to a member. The response must be this person with any role there, because
    /// someone who already had another role may have kept it.
    #[must_use]
    pub fn assign(project: &ProjectId, login: &Email, role: &Role) -> Self {
        let body = json!({ "login": login, "role": role });
        let (login, project_id) = (login.clone(), project.clone());
        Self::new(Method::Post, users_path(project), Some(body)).checked(move |user| {
            if !user.answers_to(&login) {
                return Err("the user in it is someone else".to_owned());
            }
            match user.projects.get(&project_id) {
                Some(_) => Ok(()),
                None => Err("the user in it has no role in this project".to_owned()),
            }
        })
    }

    /// Replaces a user's role in a project. The response must be this user with the new role.
    #[must_use]
    pub fn update_role(project: &ProjectId, user: &UserId, role: &Role) -> Self {
        let (id, project_id, given) = (user.clone(), project.clone(), role.clone());
        let body = json!({ "role": role });
        Self::new(Method::Put, user_path(project, user), Some(body)).checked(move |user| {
            if user.id != id {
                return Err("the user in it is someone else".to_owned());
            }
            match user.projects.get(&project_id) {
                Some(role) if *role == given => Ok(()),
                _ => Err("the user in it does not have the new role".to_owned()),
            }
        })
    }
}

pub(super) const PROJECTS: &str = "/management/v1/projects";

pub(super) fn users_path(project: &ProjectId) -> String {
    format!("{PROJECTS}/{}/users", segment(project.as_str()))
}

fn user_path(project: &ProjectId, user: &UserId) -> String {
    format!("{}/{}", users_path(project), segment(user.as_str()))
}

/// `id` as one segment of a path.
fn segment(id: &str) -> PercentEncode<'_> {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(id, ESCAPED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unassign(project: &str, user: &str) -> Call<()> {
        Call::unassign(&ProjectId::new(project), &UserId::new(user))
    }

    #[test]
    fn ids_stay_in_their_segment() {
        assert_eq!(unassign("proj_1", "user_2").path(), "/management/v1/projects/proj_1/users/user_2");
        assert_eq!(
            unassign("../a?b=c#d", "ü%2e e\r\n").path(),
            "/management/v1/projects/..%2Fa%3Fb%3Dc%23d/users/%C3%BC%252e%20e%0D%0A"
        );
        assert!(unassign("../a?b=c#d", "x").is_sendable());
        for (project, user) in [("", "u"), ("p", ""), ("..", "u"), ("p", "."), ("p", "..")] {
            assert!(!unassign(project, user).is_sendable(), "{project}/{user}");
        }
    }

    #[test]
    fn bodies_have_the_documented_fields() {
        let email = Email::as_received("Alex@example.com");
        let projects =
            [(ProjectId::new("p"), Role::Admin), (ProjectId::new("q"), Role::from("role_1".to_owned()))];
        let invite = Call::invite(&Invite {
            email: &email,
            first_name: "A",
            last_name: "B",
            projects: &projects.into(),
        });
        assert_eq!(
            invite.body().expect("a body").to_string(),
            r#"{"email":"Alex@example.com","first_name":"A","last_name":"B","projects":{"p":"ADMIN","q":"role_1"}}"#
        );
        let assign = Call::assign(&ProjectId::new("p"), &email, &Role::User);
        assert_eq!(
            assign.body().expect("a body").to_string(),
            r#"{"login":"Alex@example.com","role":"USER"}"#
        );
        assert_eq!((assign.method(), assign.path()), (Method::Post, "/management/v1/projects/p/users"));
        let update = Call::update_role(&ProjectId::new("p"), &UserId::new("u"), &Role::User);
        assert_eq!(update.body().expect("a body").to_string(), r#"{"role":"USER"}"#);
        assert_eq!((update.method(), update.path()), (Method::Put, "/management/v1/projects/p/users/u"));
    }
}
