//! The bodies of responses. Unknown fields are ignored; missing ones are tolerated where possible.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::cause::Rejection;
use super::row::UserRow;
use super::rows::Rows;
use crate::known;
use crate::model::{ProjectId, SharedAccess};

/// List Projects. Its `total` proves nothing.
#[derive(Deserialize)]
struct RawProjectList {
    data: Vec<ProjectRow>,
}

/// A page of users, each as JSON text.
#[derive(Deserialize)]
struct RawPage<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    #[serde(default, deserialize_with = "count")]
    total: Option<u64>,
}

#[derive(Deserialize)]
struct ProjectRow {
    id: ProjectId,
    name: Option<String>,
    #[serde(default)]
    limits: Value,
}

/// A count, or none if it is not one.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Value::deserialize(deserializer).map(|value| value.as_u64())
}

/// The content of a successful response.
pub trait Content: Sized + Send + 'static {
    /// The documented status for success. Nothing else is a success.
    const STATUS: u16 = 200;

    /// Reads the body. `rows` has the rows of user lists read so far.
    ///
    /// # Errors
    /// What is wrong with it.
    fn read(body: &[u8], rows: &Rows) -> Result<Self, String>;
}

impl Content for () {
    const STATUS: u16 = 204;

    fn read(_: &[u8], _: &Rows) -> Result<Self, String> {
        Ok(())
    }
}

fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// The response of List Projects.
#[derive(Debug)]
pub struct ProjectList {
    /// The projects.
    pub projects: Vec<known::ListedProject>,
    /// The limits that all of them have. A project without limits has those of the organization, which the
    /// service does not list.
    pub limits: BTreeSet<ListedLimit>,
}

/// So many calls in a window.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ListedLimit {
    /// Calls in a window.
    pub calls: u64,
    /// The length of a window.
    pub period: Duration,
}

impl Content for ProjectList {
    fn read(body: &[u8], _: &Rows) -> Result<Self, String> {
        let list: RawProjectList = json(body)?;
        let limits = list.data.iter().map(|project| listed_limits(&project.limits));
        let limits = limits.reduce(|all, own| &all & &own).unwrap_or_default();
        let known = |project: ProjectRow| known::ListedProject {
            id: project.id,
            name: project.name.unwrap_or_default(),
        };
        Ok(Self { projects: list.data.into_iter().map(known).collect(), limits })
    }
}

/// `{"api_calls": [{"value": 100, "duration": "PT1H"}]}`. What cannot be read is left out.
fn listed_limits(limits: &Value) -> BTreeSet<ListedLimit> {
    let limits = limits.get("api_calls").and_then(Value::as_array);
    let limit = |limit: &Value| {
        let span: jiff::Span = limit.get("duration")?.as_str()?.parse().ok()?;
        // Months have no fixed length: such a limit is not a rate.
        let period = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
        let period = Duration::try_from(period).ok().filter(|period| !period.is_zero())?;
        Some(ListedLimit { calls: limit.get("value")?.as_u64()?, period })
    };
    limits.into_iter().flatten().filter_map(limit).collect()
}

impl Content for known::User {
    fn read(body: &[u8], _: &Rows) -> Result<Self, String> {
        json::<UserRow<'_>>(body)?.user(&mut SharedAccess::default())
    }
}

/// One page of List Users.
#[derive(Debug)]
pub struct Page {
    /// The users on it.
    pub users: Vec<Arc<known::User>>,
    /// The number of users on all pages, according to the service.
    pub total: Option<u64>,
}

impl Content for Page {
    fn read(body: &[u8], rows: &Rows) -> Result<Self, String> {
        let RawPage { data, total } = json(body)?;
        Ok(Self { users: rows.users(&data)?, total })
    }
}

impl Rejection {
    /// Reads the body of an error response, as far as possible. `shown` makes a text safe and short.
    #[must_use]
    pub fn read(status: u16, body: &[u8], shown: impl Fn(&str) -> String) -> Self {
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
            return Self { status, ..Self::default() };
        };
        let field = |name| match fields.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(shown(text)),
            other => Some(shown(&other.to_string())),
        };
        Self {
            status,
            is_error_object: fields.get("code").is_some_and(Value::is_number)
                && fields.get("message").is_some_and(Value::is_string),
            key: field("key"),
            message: field("message"),
            details: field("details"),
            request_id: field("request_id"),
            resource_id: field("resource_id"),
            resource_type: field("resource_type"),
        }
    }
}
