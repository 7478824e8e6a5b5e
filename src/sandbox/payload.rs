//! Parses request bodies and queries strictly: a property that is missing, empty, unknown or of another type
//! is rejected.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::response::ErrorResponse;
use crate::model::Email;

/// The default and the maximum number of users on a page.
const LARGEST_PAGE: usize = 100;

/// The body of Invite a New User.
#[derive(Debug)]
pub(super) struct Invitation<'a> {
    pub(super) email: &'a str,
    pub(super) first_name: &'a str,
    pub(super) last_name: &'a str,
    pub(super) projects: BTreeMap<&'a str, &'a str>,
}

impl<'a> Invitation<'a> {
    pub(super) fn read(body: &'a Value) -> Result<Self, ErrorResponse> {
        let payload = Payload::read(body, &["email", "first_name", "last_name", "projects"])?;
        let email = payload.text("email")?;
        let (first_name, last_name) = (payload.text("first_name")?, payload.text("last_name")?);
        let projects = match payload.required("projects")? {
            Value::Object(projects) if !projects.is_empty() => projects,
            Value::Object(_) => {
                return Err(ErrorResponse::invalid_payload("Property 'projects' must not be empty"));
            }
            _ => return Err(ErrorResponse::invalid_payload("Property 'projects' must be object")),
        };
        if Email::parse(email).is_err() {
            return Err(ErrorResponse::invalid_payload("Property 'email' must be a valid email address"));
        }
        let projects = projects
            .iter()
            .map(|(project, role)| match role {
                Value::String(role) => Ok((project.as_str(), role.as_str())),
                _ => Err(ErrorResponse::invalid_payload(format!(
                    "Property 'projects.{project}' must be string"
                ))),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { email, first_name, last_name, projects })
    }
}

/// The user in Assign User: by id or by login, never both.
#[derive(Debug)]
pub(super) enum Assignee<'a> {
    Id(&'a str),
    Login(&'a str),
}

/// The user and the role in the body of Assign User.
pub(super) fn assignment(body: &Value) -> Result<(Assignee<'_>, &str), ErrorResponse> {
    let payload = Payload::read(body, &["id", "login", "role"])?;
    let role = payload.text("role")?;
    let assignee = match (payload.has("id"), payload.has("login")) {
        (true, false) => Assignee::Id(payload.text("id")?),
        (false, true) => Assignee::Login(payload.text("login")?),
        (true, true) => {
            return Err(ErrorResponse::invalid_payload(
                "Payload must not have both properties 'id' and 'login'",
            ));
        }
        (false, false) => {
            return Err(ErrorResponse::invalid_payload(
                "Payload must have one of the properties 'id' and 'login'",
            ));
        }
    };
    Ok((assignee, role))
}

/// The role in the body of Update User.
pub(super) fn new_role(body: &Value) -> Result<&str, ErrorResponse> {
    Payload::read(body, &["role"])?.text("role")
}

/// An object without unknown properties.
struct Payload<'a>(&'a Map<String, Value>);

impl<'a> Payload<'a> {
    fn read(body: &'a Value, known: &[&str]) -> Result<Self, ErrorResponse> {
        let Value::Object(properties) = body else {
            return Err(ErrorResponse::invalid_payload("Payload must be object"));
        };
        match properties.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => {
                Err(ErrorResponse::invalid_payload(format!("Payload must not have property '{name}'")))
            }
            None => Ok(Self(properties)),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn required(&self, name: &str) -> Result<&'a Value, ErrorResponse> {
        self.0.get(name).ok_or_else(|| ErrorResponse::missing_property(name))
    }

    fn text(&self, name: &str) -> Result<&'a str, ErrorResponse> {
        match self.required(name)? {
            Value::String(text) if !text.trim().is_empty() => Ok(text),
            Value::String(_) => {
                Err(ErrorResponse::invalid_payload(format!("Property '{name}' must not be empty")))
            }
            _ => Err(ErrorResponse::invalid_payload(format!("Property '{name}' must be string"))),
        }
    }
}

/// The requested part of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageOfUsers {
    /// The number of users on a page, 1 to 100.
    pub limit: usize,
    /// The page, counted from 1.
    pub page: usize,
}

impl Default for PageOfUsers {
    fn default() -> Self {
        Self { limit: LARGEST_PAGE, page: 1 }
    }
}

impl PageOfUsers {
    pub(super) fn read(query: &[(String, String)]) -> Result<Self, ErrorResponse> {
        let number = |name: &str, otherwise: usize, largest: usize| {
            let Some((_, written)) = query.iter().find(|(key, _)| key == name) else {
                return Ok(otherwise);
            };
            match written.parse() {
                Ok(number) if (1..=largest).contains(&number) => Ok(number),
                Ok(number) if number > largest => Err(ErrorResponse::invalid_payload(format!(
                    "Query parameter '{name}' must be <= {largest}"
                ))),
                Ok(_) => {
                    Err(ErrorResponse::invalid_payload(format!("Query parameter '{name}' must be >= 1")))
                }
                Err(_) => {
                    Err(ErrorResponse::invalid_payload(format!("Query parameter '{name}' must be integer")))
                }
            }
        };
        let all = Self::default();
        Ok(Self {
            limit: number("limit", all.limit, LARGEST_PAGE)?,
            page: number("page", all.page, usize::MAX)?,
        })
    }
}
